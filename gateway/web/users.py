"""The people with accounts, for those who look after them: the list, one person, and single presses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import answers, http
from gateway.web import chips, paging, rendering, words

if TYPE_CHECKING:
    from kit import rpc

STATUSES = {
    "active": "Active",
    "deactivated": "Deactivated",
    "awaiting": "Awaiting approval",
    "rejected": "Rejected",
}
ONLY = {
    "idle": "No sign-in for 12 months",
    "locked": "Locked",
    "never_signed_in": "Never signed in",
    "no_password": "No password of their own yet",
    "shared": "Shared accounts",
}
FILTERS = {"status": STATUSES, "role": words.ROLES, "only": ONLY}
NOTICES = {
    "changed": "The details are saved.",
    "organisation": "The organisation is changed.",
    "roles": "The roles are saved.",
    "unlocked": "Unlocked. The password is the same as before.",
    "reset": "New login details are on their way by email. The earlier password no longer works.",
    "ended": "Signed out on every device.",
    "deactivated": "Deactivated. The account is closed on every device.",
    "reactivated": "Reactivated. An email with new login details is on its way.",
    "second-factor": "The second factor is removed.",
}
QUESTIONS = {
    "deactivate": {
        "heading": "Deactivate this account?",
        "told": "The person is signed out everywhere at once and cannot sign in again until somebody "
        "reactivates the account. What the person did stays in the records.",
        "button": "Yes, deactivate",
        "hint": "For example “Left in October”. It is kept with the account.",
    },
    "reactivate": {
        "heading": "Reactivate this account?",
        "told": "The person gets an email with new login details, and may do again what the account allows.",
        "button": "Yes, reactivate",
        "hint": "For example “Back from leave”. It is kept with the account.",
    },
    "second-factor": {
        "heading": "Remove the second factor?",
        "told": "From then on the password alone opens the account. Do this only when you are sure that "
        "the person asked for it and has lost the phone and the recovery codes.",
        "button": "Yes, remove it",
        "hint": None,
    },
}
"""What is asked before a press that is not easily undone."""


class Users:
    """Pages about people with accounts."""

    identity: rpc.Client

    @http.page("GET", "/users", may=permissions.MANAGE_USERS)
    def users_page(self, request: http.Request) -> http.Page:
        """List the people one may look after, found by name, email, or how the account stands."""
        page = paging.asked(request.args.get("page"))
        asked = _asked(request.args)
        found = self.identity.users(**{name: value or None for name, value in asked.items()}, page=page)
        said = {name: f"{known[asked[name]]}" for name, known in FILTERS.items() if asked[name]}
        return rendering.respond(
            request,
            "users/list.html",
            results=found["results"],
            total=found["total"],
            asked=asked,
            filters=FILTERS,
            roles=words.ROLES,
            statuses=STATUSES,
            chips=chips.of("/users", asked, {"q": f"“{asked['q']}”", **said}),
            pages=paging.of(found, "/users", asked, page=page),
        )

    @http.page("GET", "/users/<id:user_id>", may=permissions.MANAGE_USERS)
    def user_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Show everything about a person, and what one may do."""
        return rendering.respond(
            request,
            "users/user.html",
            person=self.identity.user(user_id=user_id),
            roles=words.ROLES,
            statuses=STATUSES,
            reads_audit=permissions.may(request.actor, permissions.READ_AUDIT),
            moves_people=permissions.may(request.actor, permissions.MANAGE_ORGANISATIONS),
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page("POST", "/users/<id:user_id>/unlock", may=permissions.MANAGE_USERS)
    def unlock_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Open an account that five wrong passwords have locked (A6)."""
        self.identity.unlock(user_id=user_id)
        return _done(user_id, "unlocked")

    @http.page("POST", "/users/<id:user_id>/reset", may=permissions.MANAGE_USERS)
    def reset_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Send somebody new login details (A4)."""
        self.identity.reset_password(user_id=user_id)
        return _done(user_id, "reset")

    @http.page("POST", "/users/<id:user_id>/end-sessions", may=permissions.MANAGE_USERS)
    def end_sessions_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Sign somebody out everywhere (A7)."""
        self.identity.end_sessions(user_id=user_id)
        return _done(user_id, "ended")

    @http.page("GET,POST", "/users/<id:user_id>/deactivate", may=permissions.MANAGE_USERS)
    def deactivate_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Close a leaver's account, with the reason (A9)."""
        return self._ask_first(request, user_id, "deactivate")

    @http.page("GET,POST", "/users/<id:user_id>/reactivate", may=permissions.MANAGE_USERS)
    def reactivate_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Open an account that was deactivated, with the reason (A9)."""
        return self._ask_first(request, user_id, "reactivate")

    @http.page("GET,POST", "/users/<id:user_id>/second-factor", may=permissions.MANAGE_USERS)
    def remove_second_factor_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Remove the second factor of somebody who has lost it (A10)."""
        return self._ask_first(request, user_id, "second-factor")

    def _ask_first(self, request: http.Request, user_id: str, what: str) -> http.Page:
        """Ask whether somebody is sure; once the answer is yes, do it."""
        refusal: errors.Error | None = None
        if request.method == "POST":
            try:
                self._do_to(what, user_id, request.form.get("reason", ""))
            except (errors.Invalid, errors.Conflict) as fault:
                refusal = fault
            else:
                done = {"deactivate": "deactivated", "reactivate": "reactivated"}
                return _done(user_id, done.get(what, what))
        return rendering.respond(
            request,
            "users/sure.html",
            status=answers.STATUS[type(refusal)] if refusal else 200,
            errors=refusal.fields if refusal else None,
            message=refusal.message if refusal and not refusal.fields else None,
            person=self.identity.user(user_id=user_id),
            action=f"/users/{user_id}/{what}",
            question=QUESTIONS[what],
            values=request.form,
        )

    def _do_to(self, what: str, user_id: str, reason: str) -> None:
        if what == "deactivate":
            self.identity.deactivate_user(user_id=user_id, reason=reason)
        elif what == "reactivate":
            self.identity.reactivate_user(user_id=user_id, reason=reason)
        else:
            self.identity.remove_second_factor(user_id=user_id)


def _done(user_id: str, what: str) -> http.Page:
    return http.see_other(f"/users/{user_id}?done={what}")


def _asked(args: Mapping[str, str]) -> dict[str, Any]:
    """Return the filters of an address; what is no filter we know counts as none."""
    chosen = {name: args.get(name, "") for name in FILTERS}
    known = {name: value if value in FILTERS[name] else "" for name, value in chosen.items()}
    return {"q": args.get("q", "").strip()[:100], **known}
