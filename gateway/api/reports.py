"""Reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc


class Reports:
    """Calls that show how the figures are used."""

    reports: rpc.Client

    @http.api(
        "GET",
        "/api/v1/reports/last-updated",
        query=schemas.ReportQuery,
        answer=shapes.LastUpdated,
        tag="Reports",
        may=permissions.LAST_UPDATED_REPORT,
    )
    def report_last_updated(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List the providers of one's area by when they were last updated, oldest first."""
        return self.reports.last_updated(**query)
