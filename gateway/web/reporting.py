"""Reports as pages: who has not updated for longest (D3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts import areas, permissions
from gateway import http
from gateway.web import paging, rendering

if TYPE_CHECKING:
    from kit import rpc


class Reporting:
    """Pages that report."""

    reports: rpc.Client

    @http.page("GET", "/reports/last-updated", may=permissions.LAST_UPDATED_REPORT)
    def last_updated_page(self, request: http.Request) -> http.Page:
        """List the providers somebody may see, the oldest figures first."""
        page = paging.asked(request.args.get("page"))
        report = self.reports.last_updated(page=page)
        return rendering.respond(
            request,
            "reports/last_updated.html",
            total=report["total"],
            extent=_extent(request.actor),
            results=[row | {"council": _council(row["council_code"])} for row in report["results"]],
            pages=paging.of(report, "/reports/last-updated", {}, page=page),
        )


def _extent(actor: permissions.Actor) -> str:
    """Say whose providers somebody's report is about."""
    reach = permissions.reach(actor, permissions.LAST_UPDATED_REPORT)
    if reach.everything:
        return "England"
    parts = ["your organisation"] if reach.own else []
    if reach.area:
        parts += [_area(kind, code) for kind, code in permissions.area_codes(actor).items()]
    return " and ".join(part for part in parts if part)


def _area(kind: str, code: str) -> str:
    find = {"council_code": areas.council, "sub_icb_code": areas.sub_icb, "icb_code": areas.icb}[kind]
    found = find(code)
    return found.name if found else ""


def _council(code: str | None) -> str:
    council = areas.council(code) if code else None
    return council.name if council else ""
