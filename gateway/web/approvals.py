"""The people who wait for an account or for it to be unlocked, and the decisions about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts import errors, permissions
from gateway import http
from gateway.web import paging, rendering

if TYPE_CHECKING:
    from kit import rpc

NOTICES = {
    "approved": "Approved. An email with the login details is on its way.",
    "rejected": "Rejected. The applicant gets your reason by email.",
    "unlocked": "Unlocked. The password is the same as before.",
    "reset": "New login details are on their way by email. The earlier password no longer works.",
}


class Approvals:
    """Pages of those who approve."""

    identity: rpc.Client

    @http.page("GET", "/registrations", may=permissions.APPROVE_USERS)
    def registrations_page(self, request: http.Request) -> http.Page:
        """List who is waiting, the longest wait first."""
        page = paging.asked(request.args.get("page"))
        email = request.args.get("email", "").strip()
        found = self.identity.registrations(status="awaiting", page=page)
        return rendering.respond(
            request,
            "registrations/list.html",
            results=found["results"],
            total=found["total"],
            locked=self.identity.locked(),
            without_password=self.identity.login_details(),
            email=email,
            sought=self.identity.login_details(email=email) if email else [],
            pages=paging.of(found, "/registrations", {}, page=page),
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page("GET", "/registrations/<id:registration_id>", may=permissions.APPROVE_USERS)
    def registration_page(self, request: http.Request, *, registration_id: str) -> http.Page:
        """Show one applicant."""
        return self._show(request, registration_id)

    @http.page("POST", "/registrations/<id:registration_id>/approve", may=permissions.APPROVE_USERS)
    def approve_page(self, request: http.Request, *, registration_id: str) -> http.Page:
        """Approve an applicant."""
        self.identity.approve_registration(registration_id=registration_id)
        return http.see_other("/registrations?done=approved")

    @http.page("POST", "/registrations/<id:registration_id>/reject", may=permissions.APPROVE_USERS)
    def reject_page(self, request: http.Request, *, registration_id: str) -> http.Page:
        """Reject an applicant, with the reason that the applicant reads."""
        try:
            self.identity.reject_registration(
                registration_id=registration_id, reason=request.form.get("reason", "")
            )
        except errors.Invalid as refusal:
            return self._show(request, registration_id, status=400, refused=refusal.fields)
        return http.see_other("/registrations?done=rejected")

    @http.page("POST", "/users/<id:user_id>/unlock", may=permissions.MANAGE_USERS)
    def unlock_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Open an account that five wrong passwords have locked (A6)."""
        self.identity.unlock(user_id=user_id)
        return http.see_other("/registrations?done=unlocked")

    @http.page("POST", "/users/<id:user_id>/reset", may=permissions.MANAGE_USERS)
    def reset_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Send somebody new login details (A4)."""
        self.identity.reset_password(user_id=user_id)
        return http.see_other("/registrations?done=reset")

    def _show(
        self,
        request: http.Request,
        registration_id: str,
        *,
        status: int = 200,
        refused: dict[str, str] | None = None,
    ) -> http.Page:
        """Show one applicant out of the queue.

        :raises errors.NotFound: somebody has decided already, or it is not this person's to decide
        """
        person = self.identity.registration(registration_id=registration_id)
        return rendering.respond(
            request,
            "registrations/detail.html",
            status=status,
            errors=refused,
            person=person,
            runs_providers=person["organisation_type"] in permissions.PROVIDER_SIDE,
            values=request.form,
        )
