"""Register in three steps, check the answers, send (A1, A2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts import errors, permissions, terms
from gateway import http
from gateway.web import application, rendering

if TYPE_CHECKING:
    from kit import rpc

TEMPLATES = {step: f"register/{step}.html" for step in application.STEPS}
KEPT_BY_BROWSER = "private, no-cache"
"""Without it, the back button of a browser finds nothing, and what somebody has typed is lost."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the second step asks one kind of organisation: what to find, or to choose, or to name."""

    told: str
    find: str = ""
    several: str = "sites"
    choose: str = ""
    name: str = "Name of your organisation"
    name_hint: str = "As it is known to others, and the postcode of its main site."


ASKED: dict[str, Asked] = {
    "care_home": Asked(
        told="Find the organisation that runs your care home, or the home itself. You can ask for all "
        "homes of the organisation, or for some of them by name.",
        find="Postcode or name of your home or organisation",
        several="homes",
        name="Name of your care home or of the organisation that runs it",
    ),
    "nhs_acute": Asked(
        told="Find your trust by the postcode of a hospital. If it has beds on several sites, add each.",
        find="Postcode or name of your trust or site",
        name="Name of your trust",
    ),
    "community": Asked(
        told="Find the organisation that runs your unit. If you work for several of its units, add each.",
        find="Postcode or name of your unit or organisation",
        several="units",
        name="Name of your unit or of the organisation that runs it",
    ),
    "hospice": Asked(
        told="Find your hospice. If it has beds on several sites, add each.",
        find="Postcode or name of your hospice",
        name="Name of your hospice",
    ),
    "local_authority": Asked(
        told="Choose the council that you work for. It decides which homes count as those of your area.",
        choose="Your council",
        name="Name of your council",
        name_hint="With the county or upper-tier council it stands in, if it is a district.",
    ),
    "icb": Asked(
        told="Choose the integrated care board that you work for. It decides which homes count as those of "
        "your area.",
        choose="Your integrated care board",
        name="Name of your board or partnership",
        name_hint="And the integrated care board it belongs to, if it is part of one.",
    ),
    "csu": Asked(
        told="Say which commissioning support unit you work for.",
        name="Name of your commissioning support unit",
        name_hint="And the team, if your unit has several.",
    ),
    "nhs_england": Asked(
        told="Say which part of NHS England or of the Department of Health and Social Care you work for.",
        name="Name of your directorate, region or team",
        name_hint="For example: NHS England, discharge team, South West.",
    ),
    "other": Asked(
        told="Say whom you work for, and what it has to do with health or social care.",
        name_hint="And in a few words what it does.",
    ),
}
NOT_CHOSEN_YET = Asked(told="")


class Registering:
    """The way in for new people."""

    identity: rpc.Client

    @http.page("GET,POST", "/register", may=permissions.PUBLIC)
    def register_page(self, request: http.Request) -> http.Page:
        """Go from step to step; each form carries all answers, and identity checks them at the end."""
        answers = application.read(request.form)
        if request.method == "GET":
            answers.values["user_type"] = "standard"
            answers.values["generic"] = "no"
            return _show(request, answers, "details")
        step = request.form.get("step", "details")
        action, _, what = request.form.get("go", "next").partition(":")
        if step not in application.STEPS:
            step = "details"
        if action == "change" and what in application.STEPS:
            return _show(request, answers, what)
        if action == "back":
            return _show(request, answers, application.STEPS[max(0, application.STEPS.index(step) - 1)])
        if action in ("find", "add", "remove", "unlisted", "listed"):
            return self._choose(request, answers, action, what)
        if action == "send" and step == "check":
            return self._send(request, answers)
        if step == "organisation" and answers.missing(step).get("find") and _sought(request):
            # What was typed and not looked for is meant to be looked for.
            return self._choose(request, answers, "find", what)
        return _go_on(request, answers, step)

    @http.page("GET", "/register/done", may=permissions.PUBLIC)
    def registered_page(self, request: http.Request) -> http.Page:
        """Say what happens next; the same words for everybody, so that nobody learns who has an account."""
        return rendering.respond(request, "register/done.html")

    def _choose(
        self, request: http.Request, answers: application.Application, action: str, what: str
    ) -> http.Page:
        if action in ("unlisted", "listed"):
            answers.values["unlisted"] = "yes" if action == "unlisted" else ""
            return _show(request, answers, "organisation", find=_sought(request))
        if action == "remove":
            answers.remove(what)
            return _show(request, answers, "organisation")
        sought = _sought(request) if action == "find" else request.form.get("found_for", "").strip()
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
            fields = _by_input(answers, refusal.fields)
            step = _step_of(fields)
            return _show(request, answers, step, errors=fields, message=None if fields else refusal.message)
        except errors.TooMany as refusal:
            return _show(request, answers, "check", message=refusal.message, status=429)
        return http.see_other("/register/done")


def _sought(request: http.Request) -> str:
    return request.form.get("find", "").strip()


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
    organisation_id = answers.organisation["id"] if answers.organisation else ""
    is_authority = answers.organisation_type in application.AUTHORITIES
    page = rendering.respond(
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
        asked=ASKED.get(answers.organisation_type, NOT_CHOSEN_YET),
        terms_version=terms.CURRENT,
    )
    page.headers["Cache-Control"] = KEPT_BY_BROWSER
    return page


def _by_input(answers: application.Application, fields: dict[str, str]) -> dict[str, str]:
    """Return identity's words by the input that they belong to."""
    if answers.is_named:
        place = "organisation_name"
    else:
        place = "organisation_id" if answers.organisation_type in application.AUTHORITIES else "find"
    inputs: dict[str, str] = {}
    for name, words in fields.items():
        about_organisation = name.startswith(("organisation_id", "organisation_name", "provider_ids"))
        inputs.setdefault(place if about_organisation else name, words)
    return inputs


def _step_of(fields: dict[str, str]) -> str:
    if fields.keys() & set(application.ASKED_FIRST):
        return "details"
    return "terms" if fields.keys() & application.TERMS.keys() else "organisation"
