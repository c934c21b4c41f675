"""The people who wait for an account, and the decisions about them: one at a time or several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import answers, http
from gateway.web import paging, rendering

if TYPE_CHECKING:
    from kit import rpc

NOTICES = {
    "approved": "Approved. An email with the login details is on its way.",
    "rejected": "Rejected. The applicant gets your reason by email.",
}
OUTCOMES = {"active": "Approved", "rejected": "Rejected"}
NOBODY = "Tick at least one person."
MOST_AT_ONCE = 100


class Approvals:
    """Pages of those who approve."""

    identity: rpc.Client

    @http.page("GET", "/registrations", may=permissions.APPROVE_USERS)
    def registrations_page(self, request: http.Request) -> http.Page:
        """List who is waiting, the longest wait first."""
        return self._queue(request, notice=NOTICES.get(request.args.get("done", "")))

    @http.page("POST", "/registrations/decisions", may=permissions.APPROVE_USERS, kept=http.SENT_AGAIN)
    def decide_page(self, request: http.Request) -> http.Page:
        """Approve or reject several people at once, and show what became of each."""
        ticked = request.form.getlist("registration_ids")[:MOST_AT_ONCE]
        if not ticked:
            return self._queue(request, status=400, refused={"registration_ids": NOBODY})
        rejects = request.form.get("decision") == "reject"
        try:
            decided = self.identity.decide_registrations(
                registration_ids=ticked,
                decision="reject" if rejects else "approve",
                reason=request.form.get("reason", "") if rejects else None,
            )
        except errors.Invalid as refusal:
            return self._queue(request, status=400, refused=refusal.fields, message=refusal.message)
        names = self.identity.names(user_ids=[row["id"] for row in decided["results"]])
        return rendering.respond(
            request,
            "registrations/decided.html",
            results=[
                {
                    "id": row["id"],
                    "name": names.get(row["id"], "Somebody"),
                    "outcome": OUTCOMES.get(row["status"] or "", row["status"]),
                    "problem": row["error"],
                }
                for row in decided["results"]
            ],
        )

    @http.page("GET", "/registrations/<id:registration_id>", may=permissions.APPROVE_USERS)
    def registration_page(self, request: http.Request, *, registration_id: str) -> http.Page:
        """Show one applicant."""
        return self._show_applicant(request, registration_id)

    @http.page("POST", "/registrations/<id:registration_id>/approve", may=permissions.APPROVE_USERS)
    def approve_page(self, request: http.Request, *, registration_id: str) -> http.Page:
        """Approve an applicant; one whose organisation is on no list is given one (administrators)."""
        chosen = request.form.get("organisation_id")
        attached = {"organisation_id": chosen} if chosen else {}
        try:
            self.identity.approve_registration(registration_id=registration_id, **attached)
        except errors.Invalid as refusal:
            return self._show_applicant(request, registration_id, refusal=refusal)
        return http.see_other("/registrations?done=approved")

    @http.page(
        "POST",
        "/registrations/<id:registration_id>/reject",
        may=permissions.APPROVE_USERS,
        kept=http.SENT_AGAIN,
    )
    def reject_page(self, request: http.Request, *, registration_id: str) -> http.Page:
        """Reject an applicant, with the reason that the applicant reads."""
        try:
            self.identity.reject_registration(
                registration_id=registration_id, reason=request.form.get("reason", "")
            )
        except errors.Invalid as refusal:
            return self._show_applicant(request, registration_id, refusal=refusal)
        return http.see_other("/registrations?done=rejected")

    def _queue(
        self,
        request: http.Request,
        *,
        status: int = 200,
        refused: dict[str, str] | None = None,
        message: str | None = None,
        notice: str | None = None,
    ) -> http.Page:
        page = paging.asked(request.values.get("page"))
        found = self.identity.registrations(status="awaiting", page=page)
        return rendering.respond(
            request,
            "registrations/list.html",
            status=status,
            errors=refused,
            message=message,
            results=found["results"],
            total=found["total"],
            page=page,
            ticked=request.form.getlist("registration_ids"),
            values=request.form,
            pages=paging.of(found, "/registrations", {}, page=page),
            notice=notice,
        )

    def _show_applicant(
        self, request: http.Request, registration_id: str, *, refusal: errors.Invalid | None = None
    ) -> http.Page:
        """Show one applicant out of the queue.

        :raises errors.NotFound: somebody has decided already, or it is not this person's to decide
        """
        person = self.identity.registration(registration_id=registration_id)
        return rendering.respond(
            request,
            "registrations/detail.html",
            status=answers.STATUS[type(refusal)] if refusal else 200,
            errors=refusal.fields if refusal else None,
            message=refusal.message if refusal else None,
            person=person,
            runs_providers=person["organisation_type"] in permissions.PROVIDER_SIDE,
            values=request.form,
            **self._organisations_for(request, person),
        )

    def _organisations_for(self, request: http.Request, person: dict[str, Any]) -> dict[str, Any]:
        """Return the organisations to choose from, for somebody who belongs to none so far."""
        may = permissions.may(request.actor, permissions.MANAGE_ORGANISATIONS)
        if person.get("organisation_id") or not may:
            return {"chooses_organisation": False}
        sought = request.values.get("q", person.get("organisation_name") or "").strip()[:100]
        page = paging.asked(request.args.get("page"))
        found = self.identity.organisations(q=sought, page=page) if sought else None
        path = f"/registrations/{person['id']}"
        return {
            "chooses_organisation": True,
            "sought": sought,
            "found": found,
            "pages": paging.of(found, path, {"q": sought}, page=page) if found else None,
        }
