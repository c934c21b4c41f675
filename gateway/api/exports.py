"""Files of what a search found, for programs: asked for, looked after, fetched (C4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import fields

from contracts import errors, exports, permissions
from gateway import exporting, http
from gateway.api import schemas
from gateway.api.fields import Id, code
from gateway.api.shapes import Answer, always, maybe, time
from gateway.web import criteria

if TYPE_CHECKING:
    from kit import rpc

TAG = "Vacancies"
PATH = "/api/v1/exports"
FILES = {
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in exporting.CONTENT_TYPES.values()
}


class ExportQuery(schemas.VacancyCriteria):
    """What is looked for, as for GET /api/v1/vacancies, and as which file it is wanted."""

    format = code(exports.FORMATS, load_default=exports.XLSX)


class Export(Answer):
    """How a file stands. While `at_work` is true it goes on by itself: ask again in a second."""

    id = Id(required=True)
    format = code(exports.FORMATS, required=True)
    state = code(exports.STATES, required=True)
    at_work = always(fields.Boolean)
    problem = maybe(fields.String, description="Why there is no file, if there is none.")
    done = always(fields.Integer, description="Homes that are in it so far.")
    of = always(fields.Integer)
    homes = maybe(fields.Integer)
    stale = maybe(fields.Integer, description="Homes with figures older than expected.")
    size = maybe(fields.Integer, description="Bytes of the file.")
    created_at = always(fields.String, format="date-time")
    finished_at = time()
    kept_until = always(fields.String, format="date-time", description="From then on it is gone.")


class Exports:
    """Calls about files of what a search found."""

    reports: rpc.Client
    search: rpc.Client

    @http.api(
        "POST",
        PATH,
        query=ExportQuery,
        answer=Export,
        status=202,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.FIND_VACANCIES,
    )
    def post_export(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """Have a file made of all that a search finds, in the background.

        The criteria stand in the address, as for `GET /api/v1/vacancies`. `Location` says where to look how
        it stands. A search that finds more than 20,000 homes is refused: nothing is left out unseen.
        """
        asked = criteria.of(request.args)
        begun = exporting.begin(self.reports, self.search, asked, file_format=query["format"])
        return 202, begun, {"Location": f"{PATH}/{begun['id']}"}

    @http.api(
        "GET",
        f"{PATH}/<id:export_id>",
        answer=Export,
        refusals=(404,),
        tag=TAG,
        may=permissions.FIND_VACANCIES,
    )
    def get_export(self, request: http.Request, *, export_id: str) -> Any:
        """Show how a file stands that one asked for."""
        return self.reports.export(export_id=export_id)

    @http.api(
        "GET",
        f"{PATH}/<id:export_id>/file",
        answer=FILES,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.FIND_VACANCIES,
    )
    def get_export_file(self, request: http.Request, *, export_id: str) -> Any:
        """Give a file that is ready; anybody else's is not there."""
        export = self.reports.export(export_id=export_id)
        if export["state"] != exports.READY:
            raise errors.Conflict(f"There is no file: {exports.STATES.get(export['state'], '')}.")
        return exporting.file(self.reports, export)

    @http.api(
        "DELETE",
        f"{PATH}/<id:export_id>",
        status=204,
        refusals=(404,),
        tag=TAG,
        may=permissions.FIND_VACANCIES,
    )
    def delete_export(self, request: http.Request, *, export_id: str) -> Any:
        """Stop making a file, or delete one that is made before it is deleted by itself."""
        self.reports.drop_export(export_id=export_id)
        return 204, None, {}
