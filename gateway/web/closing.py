"""Deactivating a provider and putting it back (B15); switching its weekly reminder (B1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import answers, http
from gateway.web import editing, meanwhile, rendering

if TYPE_CHECKING:
    from kit import rpc


class Closing:
    """Pages that switch something about a provider."""

    providers: rpc.Client

    @http.page("GET,POST", "/providers/<id:provider_id>/deactivation", may=permissions.DEACTIVATE_PROVIDER)
    def deactivation_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Ask why a provider is deactivated, then do it; or put one back that is."""
        provider = self.providers.get_provider(provider_id=provider_id)
        _require(provider, permissions.DEACTIVATE_PROVIDER)
        refusal: errors.Error | None = None
        if request.method == "POST":
            its = {"provider_id": provider_id, "version": editing.version(request.form)}
            try:
                if request.form.get("to") == "active":
                    self.providers.reactivate_provider(**its)
                else:
                    self.providers.deactivate_provider(**its, reason=request.form.get("reason", ""))
            except (errors.Invalid, errors.Conflict) as fault:
                refusal = fault
            else:
                return http.see_other(f"/providers/{provider_id}?done=switched")
        return rendering.respond(
            request,
            "notes_and_alerts/deactivation.html",
            provider=provider,
            values={"reason": request.form.get("reason", "")},
            **_said(refusal, fresh=f"/providers/{provider_id}/deactivation"),
        )

    @http.page("POST", "/providers/<id:provider_id>/reminder", may=permissions.EDIT_PROVIDER)
    def reminder_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Switch a provider's weekly reminder on or off."""
        self.providers.change_provider(
            provider_id=provider_id, changes={"weekly_reminder": request.form.get("to") == "on"}
        )
        return http.see_other(f"/providers/{provider_id}?done=reminder")


def _require(provider: Mapping[str, Any], action: str) -> None:
    if action not in provider["may"]:
        raise errors.Forbidden("Your account is not allowed to do this to this provider.")


def _said(refusal: errors.Error | None, *, fresh: str) -> dict[str, Any]:
    """Return what the form shows of a refusal; one that is stale is shown the provider as it is now."""
    if refusal is None:
        return {}
    if isinstance(refusal, errors.Stale):
        return {
            "status": answers.STATUS[errors.Stale],
            "meanwhile": meanwhile.of(refusal, fresh=fresh),
            "carried_over": False,
        }
    return editing.said(refusal)
