"""Find vacancies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc


class Vacancies:
    """The call that everything else is for."""

    search: rpc.Client

    @http.api(
        "GET",
        "/api/v1/vacancies",
        query=schemas.VacancyQuery,
        answer=shapes.Vacancies,
        refusals=(404,),
        tag="Vacancies",
        may=permissions.FIND_VACANCIES,
    )
    def find_vacancies(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """Find providers with vacancies near a place, nearest first, in pages of 20.

        Give a postcode, an area or both. What else is given narrows the search down; where at most five are
        found, `near_misses` says which one criterion to leave out and how many more that brings.
        """
        # Search gives just what is answered here, so nobody needs to read it on the way.
        page = query.pop("page")
        return self.search.unread().find_vacancies(criteria=query, page=page)
