"""Every page, by subject."""

from __future__ import annotations

from gateway.web import (
    account,
    agreeing,
    api_keys,
    approvals,
    audit,
    capacity,
    changing_users,
    closing,
    confirming,
    directory,
    finding,
    kept_forms,
    notes_and_alerts,
    organisations,
    passwords,
    providers,
    refusals,
    registering,
    reporting,
    resources,
    second_factor,
    signing_in,
    start,
    users,
)


class Pages(
    start.Start,
    resources.Resources,
    signing_in.SigningIn,
    passwords.Passwords,
    agreeing.Agreeing,
    account.Account,
    second_factor.SecondFactor,
    registering.Registering,
    approvals.Approvals,
    users.Users,
    changing_users.ChangingUsers,
    audit.Audit,
    organisations.Organisations,
    api_keys.ApiKeys,
    directory.Directory,
    providers.Providers,
    capacity.Capacity,
    notes_and_alerts.NotesAndAlerts,
    closing.Closing,
    finding.Finding,
    reporting.Reporting,
    confirming.Confirming,
    kept_forms.KeptForms,
    refusals.Refusals,
):
    """What people see in a browser."""
