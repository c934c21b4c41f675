"""The public report: which homes of an area have vacancies, for everybody; and a form that mails it (C8)."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from contracts import areas, errors, permissions, published, vocabulary
from gateway import http
from gateway import published as kept_answers
from gateway.web import editing, rendering
from kit import ids, spreadsheets

if TYPE_CHECKING:
    from kit import rpc

PATH = "/public/vacancies"
KINDS = {
    "council_code": "Councils",
    "icb_code": "Integrated care boards (ICBs)",
    "sub_icb_code": "Sub-ICBs",
}
"""The kinds of areas in the order they are offered in."""
TYPES = {"pdf": "application/pdf", "csv": spreadsheets.CSV}
MAKE_SECONDS = 40
"""How long a report may take to be set, when many are being set."""
NOTICES = {"sent": "The report is on its way."}
REFUSED_FORMS = (errors.Invalid, errors.Conflict, errors.TooMany)


class PublicReport:
    """Pages that anybody may read, and the one that has them mailed."""

    reports: rpc.Client
    published: kept_answers.Kept

    @http.page("GET", PATH, may=permissions.PUBLIC, always=True, counted=True)
    def public_areas_page(self, request: http.Request) -> http.Page:
        """Offer the areas that have homes."""
        seconds = request.settings.published_seconds
        made = self.published.get((kept_answers.AREAS,), self.reports.public_areas, seconds=seconds)
        return self._for_everybody(request, made, "public/areas.html", kinds=KINDS, areas=made.value)

    @http.page("GET", f"{PATH}/<code>", may=permissions.PUBLIC, always=True, counted=True)
    def public_report_page(self, request: http.Request, *, code: str) -> http.Page:
        """Show the report of an area."""
        area = _area(code)
        if code != area.code:
            return http.see_other(f"{PATH}/{area.code}")
        made = self.published.get(
            (kept_answers.AREAS, "report", area.code),
            lambda: self.reports.public_report(area=area.code),
            seconds=request.settings.published_seconds,
        )
        return self._for_everybody(
            request,
            made,
            "public/report.html",
            report=made.value,
            address=f"{PATH}/{area.code}",
            councils=_councils_of(area),
            about=published.ABOUT,
            ratings_from=published.RATINGS_FROM,
            cqc_page=vocabulary.CQC_PAGE,
            words=published.words,
            out_of_date=published.OUT_OF_DATE,
            support=request.settings.support_email,
            may_send=may_send(request.actor, area),
            tag=_tag(made.value, rendering.asset("tracker.css")),
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page("GET", f"{PATH}/<code>.pdf", may=permissions.PUBLIC, always=True, counted=True)
    def public_report_pdf(self, request: http.Request, *, code: str) -> http.Page:
        """Give the report of an area as a tagged PDF."""
        return self._public_file(request, code, "pdf")

    @http.page("GET", f"{PATH}/<code>.csv", may=permissions.PUBLIC, always=True, counted=True)
    def public_report_csv(self, request: http.Request, *, code: str) -> http.Page:
        """Give the report of an area as a table for spreadsheets."""
        return self._public_file(request, code, "csv")

    @http.page(
        "GET,POST",
        f"{PATH}/<code>/send",
        may=permissions.UTILISATION_REPORTS,
        kept=http.SHOWN_AGAIN,
    )
    def send_public_report_page(self, request: http.Request, *, code: str) -> http.Page:
        """Have the report of an area mailed to some addresses."""
        area = _area(code)
        if not may_send(request.actor, area):
            raise errors.Forbidden("You can email reports of your own area.")
        values = {
            "addresses": request.form.get("addresses", ""),
            "words": request.form.get("words", ""),
            "sending_id": request.form.get("sending_id") or ids.new(),
        }
        if request.method == "GET" or editing.goes_back(request.form):
            return _send_form(request, area, values)
        try:
            self.reports.send_public_report(
                sending_id=values["sending_id"],
                area=area.code,
                addresses=_addresses(values["addresses"]),
                words=values["words"],
            )
        except REFUSED_FORMS as refusal:
            return _send_form(request, area, values, refusal=refusal)
        return http.see_other(f"{PATH}/{area.code}?done=sent")

    def _for_everybody(
        self,
        request: http.Request,
        made: kept_answers.Made,
        template: str,
        *,
        tag: str | None = None,
        notice: str | None = None,
        **context: Any,
    ) -> http.Page:
        """Show a page that is kept for whoever is not signed in; for others it has their name on it."""
        if request.session is not None or notice is not None:
            return rendering.respond(request, template, notice=notice, **context)
        found = made.as_form(
            "page",
            lambda: kept_answers.content(
                rendering.respond(request, template, **context).get_data(), kept_answers.HTML, tag=tag
            ),
        )
        page = kept_answers.answer(request, found, seconds=made.seconds_left)
        # Who has a session sees another page at this address.
        page.headers["Vary"] = "Cookie, Accept-Encoding"
        return page

    def _public_file(self, request: http.Request, code: str, file_type: str) -> http.Page:
        area = _area(code)
        made = self.published.get(
            (kept_answers.FILES, file_type, area.code),
            lambda: self._public_file_made(area.code, file_type),
            seconds=request.settings.published_seconds,
        )
        page = kept_answers.answer(request, made.value, seconds=made.seconds_left)
        how = "inline" if file_type == "pdf" else "attachment"
        page.headers["Content-Disposition"] = f'{how}; filename="vacancies-{area.code}.{file_type}"'
        return page

    def _public_file_made(self, code: str, file_type: str) -> kept_answers.Content:
        made = self.reports.within(MAKE_SECONDS).public_report_file(area=code, file_type=file_type)
        body = base64.b64decode(made["content"])
        return kept_answers.content(body, TYPES[file_type], tag=_tag(made, file_type))


def _councils_of(area: areas.Area) -> list[areas.Council]:
    """Return the councils of a larger area, whose own lists are shorter."""
    found = [council for council in areas.councils() if area.code in (council.sub_icb_code, council.icb_code)]
    return sorted(found, key=lambda council: council.name)


def may_send(actor: permissions.Actor, area: areas.Found) -> bool:
    """Tell whether somebody may have the report of an area mailed; the service asks again."""
    return permissions.may(actor, permissions.UTILISATION_REPORTS, areas.around(area))


def _tag(report: Any, form: str) -> str:
    """Return the tag of a report in some form.

    "As of" and ages are renewed with every look and are no news by themselves; they are an hour old at most.
    """
    return hashlib.sha256(f"{report['digest']} {report['as_of'][:13]} {form}".encode()).hexdigest()[:24]


def _area(code: str) -> areas.Found:
    """Return the area with this code, however it is typed; a crowd with wrong ones asks no service.

    :raises errors.NotFound: when there is none
    """
    found = areas.find(code.strip().upper())
    if found is None:
        raise errors.NotFound(
            "There is no council, sub-ICB or ICB in England with this code. "
            f"Choose an area from the list at {PATH}."
        )
    return found


def _addresses(text: str) -> list[str]:
    """Return what stands on the lines of a field, or between commas."""
    parts = text.replace(",", "\n").replace(";", "\n").splitlines()
    return [part.strip()[:300] for part in parts if part.strip()][:100]


def _send_form(
    request: http.Request,
    area: areas.Area,
    values: dict[str, str],
    *,
    refusal: errors.Error | None = None,
) -> http.Page:
    said = editing.said(refusal)
    said.setdefault("errors", {}).pop("retry_after", None)
    if "sending_id" in said["errors"] or isinstance(refusal, errors.Conflict):
        # The form that comes back is a new one.
        said["errors"].pop("sending_id", None)
        values = {**values, "sending_id": ids.new()}
    return rendering.respond(
        request,
        "public/send.html",
        area=area,
        address=f"{PATH}/{area.code}",
        values=values,
        most=published.MOST_ADDRESSES,
        longest=published.LONGEST_WORDS,
        **said,
    )
