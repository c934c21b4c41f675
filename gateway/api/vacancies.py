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
        """Find providers with vacancies, nearest first, in pages of 20."""
        return self.search.find_vacancies(**query)
