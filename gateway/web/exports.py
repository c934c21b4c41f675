"""Files of what a search found: asked for, watched while they are made, downloaded (C4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from contracts import criteria as searches
from contracts import errors, exports, permissions
from gateway import exporting, http
from gateway.web import criteria, rendering

if TYPE_CHECKING:
    from kit import rpc

PATH = "/exports"
LIST = "list"
"""Where a form wants to lead afterwards."""
TAGS = {
    exports.READY: "green",
    exports.REFUSED: "red",
    exports.FAILED: "red",
    exports.CANCELLED: "grey",
}


class Exports:
    """Pages about files of what a search found."""

    reports: rpc.Client
    search: rpc.Client

    @http.page("POST", PATH, may=permissions.FIND_VACANCIES, kept=http.NOT_KEPT)
    def export_begin_page(self, request: http.Request) -> http.Page:
        """Have a file made of all that a search finds."""
        asked = criteria.of(request.form)
        try:
            file_format = request.form.get("format", "")
            begun = exporting.begin(self.reports, self.search, asked, file_format=file_format)
        except (errors.Invalid, errors.NotFound) as refusal:
            if refusal.fields and set(refusal.fields) <= set(criteria.NAMES):
                # The search says by itself what is wrong with it, and where.
                return http.see_other(asked.address())
            raise
        return http.see_other(f"{PATH}/{begun['id']}")

    @http.page("GET", PATH, may=permissions.FIND_VACANCIES)
    def exports_page(self, request: http.Request) -> http.Page:
        """List the files that one asked for."""
        return rendering.respond(
            request,
            "exports/list.html",
            exports=[_row(export) for export in self.reports.exports()["results"]],
            notice=searches.NOTICE,
            kept_hours=exports.KEPT_HOURS,
        )

    @http.page("GET", "/exports/<id:export_id>", may=permissions.FIND_VACANCIES)
    def export_page(self, request: http.Request, *, export_id: str) -> http.Page:
        """Show how far a file is, and offer it once it is ready."""
        export = self.reports.export(export_id=export_id)
        return rendering.respond(
            request,
            "exports/export.html",
            export=export,
            **_in_words(export),
            notice=searches.NOTICE,
            search=_search(export["criteria"]),
            kept_hours=exports.KEPT_HOURS,
        )

    @http.page("GET", "/exports/<id:export_id>/file", may=permissions.FIND_VACANCIES)
    def export_file_page(self, request: http.Request, *, export_id: str) -> http.Page:
        """Give the file."""
        export = self.reports.export(export_id=export_id)
        if export["state"] != exports.READY:
            return http.see_other(f"{PATH}/{export_id}")
        return exporting.file(self.reports, export)

    @http.page("GET,POST", "/exports/<id:export_id>/drop", may=permissions.FIND_VACANCIES, kept=http.NOT_KEPT)
    def export_drop_page(self, request: http.Request, *, export_id: str) -> http.Page:
        """Stop making a file, or delete one that is made."""
        if request.method == "GET":
            # Who had to sign in again comes back here, and has to see first how things stand.
            return http.see_other(f"{PATH}/{export_id}")
        export = self.reports.export(export_id=export_id)
        self.reports.drop_export(export_id=export_id)
        if request.form.get("then") == LIST:
            return http.see_other(PATH)
        there = f"{PATH}/{export_id}" if export["at_work"] else _search(export["criteria"])
        return http.see_other(there)


def _in_words(export: Mapping[str, Any]) -> dict[str, Any]:
    """Say what kind of file it is and how it stands."""
    return {
        "format_name": exports.FORMATS.get(export["format"], ""),
        "state": exports.STATES.get(export["state"], ""),
        "tag": TAGS.get(export["state"], "yellow"),
    }


def _row(export: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file as its row in the list shows it."""
    of_what = " · ".join(value for _, value in export["words"])
    return {**export, **_in_words(export), "is_ready": export["state"] == exports.READY, "of_what": of_what}


def _search(criteria_of_it: Mapping[str, Any]) -> str:
    """Return the address of the search that a file was made of."""
    query = {name: "yes" if value is True else value for name, value in criteria_of_it.items()}
    return f"{criteria.PATH}?{urlencode(query, doseq=True)}"
