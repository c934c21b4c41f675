"""Register in three steps, check the answers, send (A1, A2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import http
from gateway.web import application, rendering

if TYPE_CHECKING:
    from kit import rpc

TEMPLATES = {step: f"register/{step}.html" for step in application.STEPS}
FIND_WORDS = {
    "care_home": ("Postcode or name of your home or organisation", "homes"),
    "nhs_acute": ("Postcode or name of your trust or site", "sites"),
    "community": ("Postcode or name of your unit or organisation", "units"),
    "hospice": ("Postcode or name of your hospice", "sites"),
}
"""What to look for in the second step, and what there may be several of."""


class Registering:
    """The way in for new people."""

    identity: rpc.Client

    @http.page("GET,POST", "/register", may=permissions.PUBLIC)
    def register_page(self, request: http.Request) -> http.Page:
        """Go from step to step; each form carries all answers, and identity checks them at the end."""
        answers = application.read(request.form)
        if request.method == "GET":
            answers.values["user_type"] = "standard"
            return _show(request, answers, "details")
        step = request.form.get("step", "details")
        action, _, what = request.form.get("go", "next").partition(":")
        if step not in application.STEPS:
            step = "details"
        if action == "change" and what in application.STEPS:
            return _show(request, answers, what)
        if action == "back":
            return _show(request, answers, application.STEPS[max(0, application.STEPS.index(step) - 1)])
        if action in ("find", "add", "remove"):
            return self._choose(request, answers, action, what)
        if action == "send" and step == "check":
            return self._send(request, answers)
        return _go_on(request, answers, step)

    @http.page("GET", "/register/done", may=permissions.PUBLIC)
    def registered_page(self, request: http.Request) -> http.Page:
        """Say what happens next; the same words for everybody, so that nobody learns who has an account."""
        return rendering.respond(request, "register/done.html")

    def _choose(
        self, request: http.Request, answers: application.Application, action: str, what: str
    ) -> http.Page:
        if action == "remove":
            answers.remove(what)
            return _show(request, answers, "organisation")
        sought = request.form.get("find" if action == "find" else "found_for", "").strip()
        try:
            found = self._find(answers, sought)
        except errors.TooMany as refusal:
            return _show(request, answers, "organisation", errors={"find": refusal.message}, find=sought)
        except errors.Invalid as refusal:
            words = next(iter(refusal.fields.values()), refusal.message)
            return _show(request, answers, "organisation", errors={"find": words}, find=sought)
        if action == "find":
            return _show(request, answers, "organisation", found=found, find=sought)
        return _add(request, answers, found, sought)

    def _find(self, answers: application.Application, sought: str) -> list[dict[str, Any]]:
        by = {"postcode": sought} if application.is_postcode(sought) else {"q": sought}
        results = self.identity.find_organisations(**by)["results"]
        return [found for found in results if found["type"] == answers.organisation_type]

    def _send(self, request: http.Request, answers: application.Application) -> http.Page:
        for step in application.STEPS:
            if missing := answers.missing(step):
                return _show(request, answers, step, errors=missing)
        try:
            self.identity.register(form=answers.form())
        except errors.Invalid as refusal:
            fields = _by_input(refusal.fields)
            step = _step_of(fields)
            return _show(request, answers, step, errors=fields, message=None if fields else refusal.message)
        except errors.TooMany as refusal:
            return _show(request, answers, "check", message=refusal.message, status=429)
        return http.see_other("/register/done")


def _go_on(request: http.Request, answers: application.Application, step: str) -> http.Page:
    missing = answers.missing(step)
    if missing:
        return _show(request, answers, step, errors=missing)
    ahead = application.STEPS[application.STEPS.index(step) + 1 :] or ("check",)
    if not answers.has_been_checked:
        return _show(request, answers, ahead[0])
    # Who came back to change one answer goes straight to the check, past steps that lack nothing.
    lacking = [later for later in ahead if answers.missing(later)]
    return _show(request, answers, lacking[0] if lacking else "check")


def _add(
    request: http.Request, answers: application.Application, found: list[dict[str, Any]], sought: str
) -> http.Page:
    ticked = set(request.form.getlist("choice"))
    chosen = {
        organisation["id"]: [site for site in organisation["providers"] if f"provider:{site['id']}" in ticked]
        for organisation in found
    }
    owners = [
        organisation
        for organisation in found
        if chosen[organisation["id"]] or f"organisation:{organisation['id']}" in ticked
    ]
    if len(owners) != 1:
        words = "Tick sites of one organisation only." if owners else "Tick what you want to add."
        return _show(request, answers, "organisation", errors={"choice": words}, found=found, find=sought)
    whole = f"organisation:{owners[0]['id']}" in ticked
    if whole:
        answers.remove("organisation")
    answers.add(owners[0], [] if whole else chosen[owners[0]["id"]])
    return _show(request, answers, "organisation")


def _show(
    request: http.Request,
    answers: application.Application,
    step: str,
    *,
    errors: dict[str, str] | None = None,
    message: str | None = None,
    status: int | None = None,
    found: list[dict[str, Any]] | None = None,
    find: str = "",
) -> http.Page:
    if step == "check":
        answers.has_been_checked = True
    label, several = FIND_WORDS.get(answers.organisation_type, ("", ""))
    organisation_id = answers.organisation["id"] if answers.organisation else ""
    is_authority = answers.organisation_type in application.AUTHORITIES
    return rendering.respond(
        request,
        TEMPLATES[step],
        status=status or (400 if errors or message else 200),
        errors=errors,
        message=message,
        values={**answers.values, "find": find, "organisation_id": organisation_id},
        chosen=answers,
        carried=answers.carried(shown=step),
        runs_providers=answers.runs_providers,
        authorities=application.authorities(answers.organisation_type) if is_authority else None,
        found=found,
        find_label=label,
        find_hint=f"You can add several {several}, one search after the other.",
    )


def _by_input(fields: dict[str, str]) -> dict[str, str]:
    """Return identity's words by the input that they belong to."""
    inputs: dict[str, str] = {}
    for name, words in fields.items():
        inputs.setdefault("find" if name.startswith("provider_ids") else name, words)
    return inputs


def _step_of(fields: dict[str, str]) -> str:
    if fields.keys() & application.DETAILS.keys():
        return "details"
    return "terms" if fields.keys() & application.TERMS.keys() else "organisation"
