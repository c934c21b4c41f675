"""Every page, by subject."""

from __future__ import annotations

from gateway.web import (
    approvals,
    capacity,
    confirming,
    finding,
    providers,
    refusals,
    registering,
    reporting,
    signing_in,
    start,
)


class Pages(
    start.Start,
    signing_in.SigningIn,
    registering.Registering,
    approvals.Approvals,
    providers.Providers,
    capacity.Capacity,
    finding.Finding,
    reporting.Reporting,
    confirming.Confirming,
    refusals.Refusals,
):
    """What people see in a browser."""
