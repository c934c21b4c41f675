"""The public report as pages: for everybody, kept for a crowd; and the form that mails it (C8)."""

from __future__ import annotations

import base64
from typing import Any

import eventlet
import pytest

from contracts import errors, permissions, published
from gateway import http
from tests.factories import routes
from tests.gateway import browsing
from tests.gateway.browsing import Visitor
from tests.gateway.conftest import PROVIDER_ID, Front, actor

COUNCIL = "E06000047"
PATH = f"/public/vacancies/{COUNCIL}"
HOME: dict[str, Any] = {
    "provider_id": PROVIDER_ID,
    "organisation_id": browsing.OTHER_ID,
    "name": "Harbour View",
    "type": "care_home",
    "address": "1 Quay Street",
    "town": "Seaham",
    "postcode": "SR7 7AA",
    "phone": "0191 496 0123",
    "website": "www.harbour.example",
    "council_code": COUNCIL,
    "sub_icb_code": "84H",
    "icb_code": "QHM",
    "region_code": "E12000001",
    "cqc_rating": "good",
    "cqc_location_id": "1-1000000001",
    "latitude": 54.8,
    "longitude": -1.3,
    "accepting_out_of_hours": True,
    "last_updated": "2026-11-20T07:05:00+00:00",
    "stale": True,
    "vacancies": [
        {
            "bed_type": "general_nursing",
            "label": "General Nursing",
            "unit": "bed",
            "number": 3,
            "or_more": True,
        }
    ],
}
REPORT: dict[str, Any] = {
    "area": {"kind": "council_code", "code": COUNCIL, "name": "County Durham"},
    "homes": 12,
    "totals": [{**HOME["vacancies"][0], "homes": 4, "number": 17, "or_more": True}],
    "stale": 1,
    "results": [HOME],
    "as_of": "2026-11-22T10:05:00+00:00",
    "digest": "a-digest",
}
AREAS = {
    "council_code": [{"code": COUNCIL, "name": "County Durham", "homes": 12, "with_vacancies": 1}],
    "sub_icb_code": [],
    "icb_code": [{"code": "QHM", "name": "North East and North Cumbria", "homes": 1, "with_vacancies": 0}],
}
COUNCIL_OFFICER = actor(
    full_name="Cal Coordinator", organisation_type="local_authority", council_code=COUNCIL
)
ICB_OFFICER = actor(organisation_type="icb", icb_code="QHM")


@pytest.fixture
def public(front: Front) -> Front:
    """A gateway whose reports tell of one home, and whose caller is nobody."""
    front.reports.public_areas.return_value = AREAS
    front.reports.public_report.return_value = REPORT
    front.reports.public_report_file.return_value = {
        "digest": "a-digest",
        "as_of": REPORT["as_of"],
        "content": base64.b64encode(b"%PDF-1.7 or not").decode(),
    }
    return front


def _public_pages() -> list[str]:
    """Return the addresses of the pages and files of what is published."""
    found = [path for path in routes.every("GET", http.PageEndpoint) if path.startswith("/public/")]
    return [path.replace("<code>", COUNCIL) for path in found]


class TestAreas:
    def test_c8_offers_councils_and_boards_that_have_homes(self, public: Front) -> None:
        page = public.call("GET", "/public/vacancies")
        assert page.status_code == 200
        words = browsing.words_of(page.text)
        assert "County Durham 1 of 12 homes have vacancies" in words
        assert f'href="{PATH}"' in page.text
        assert "Sub-ICBs" not in words, "no sub-ICB has homes"


class TestReport:
    def test_c8_is_read_without_signing_in_and_says_all_that_is_needed(self, public: Front) -> None:
        page = public.call("GET", PATH)
        assert page.status_code == 200
        words = browsing.words_of(page.text)
        for told in (
            "Vacancies in County Durham",
            "As of 22 November 2026 at 10:05am",
            "1 of 12 homes and units say they have a vacancy",
            "General Nursing 17 or more 4",
            "3 or more General Nursing",
            "1 Quay Street, Seaham, SR7 7AA",
            "CQC: Good",
            "Admits out of hours",
            "May be out of date",
            "20 November 2026 at 7:05am",
            *published.ABOUT,
            published.RATINGS_FROM,
        ):
            assert told in words.replace(" .", ".").replace("&#39;", "'"), told
        assert 'href="https://www.cqc.org.uk/location/1-1000000001"' in page.text
        assert 'href="tel:01914960123"' in page.text
        assert "Set-Cookie" not in page.headers

    def test_c8_of_an_area_that_is_none_is_refused_in_words_and_asks_nobody(self, public: Front) -> None:
        for path in ("E99999999", "E99999999.pdf", "E99999999.csv", "%2e%2e"):
            page = public.call("GET", f"/public/vacancies/{path}")
            assert page.status_code == 404
            assert "There is no council, sub-ICB or ICB" in page.text
        public.reports.public_report.assert_not_called()
        public.reports.public_report_file.assert_not_called()

    @pytest.mark.parametrize("end", ["e06000047", "E06000047/", "e06000047/", "E06000047//"])
    def test_c8_is_found_however_its_address_is_typed(self, public: Front, end: str) -> None:
        page = public.call("GET", f"/public/vacancies/{end}")
        assert page.status_code == 303
        assert page.headers["Location"] in (PATH, f"/public/vacancies/{end.strip('/')}")
        assert public.call("GET", "/public/vacancies/e06000047").headers["Location"] == PATH

    def test_c8_is_found_as_a_file_in_small_letters_too(self, public: Front) -> None:
        page = public.call("GET", "/public/vacancies/e06000047.csv")
        assert page.status_code == 200
        assert 'filename="vacancies-E06000047.csv"' in page.headers["Content-Disposition"]

    def test_c8_of_a_board_leads_to_its_councils(self, public: Front) -> None:
        area = {"kind": "icb_code", "code": "QHM", "name": "NHS North East and North Cumbria ICB"}
        public.reports.public_report.return_value = {**REPORT, "area": area}
        links = browsing.Reader(public.call("GET", "/public/vacancies/QHM").text).links
        assert {PATH, "/public/vacancies/E08000021"} <= set(links)

    def test_c8_of_a_crowd_reaches_reports_once(self, public: Front) -> None:
        def slowly(*, area: str) -> dict[str, Any]:
            eventlet.sleep(0.05)
            return REPORT

        public.reports.public_report.side_effect = slowly
        crowd = [eventlet.spawn(public.call, "GET", PATH) for _ in range(20)]
        assert {visit.wait().status_code for visit in crowd} == {200}
        assert public.reports.public_report.call_count == 1

    def test_c8_may_be_kept_and_is_not_sent_again_while_it_is_the_same(self, public: Front) -> None:
        first = public.call("GET", PATH)
        assert first.headers["Cache-Control"] == "public, max-age=60"
        assert first.headers["Vary"] == "Cookie, Accept-Encoding"
        assert first.headers["Content-Encoding"] == "gzip"
        for refused in ("identity", "gzip;q=0", "gzip; q=0.0, br", "*;q=0"):
            plain = public.call("GET", PATH, headers={"Accept-Encoding": refused})
            assert "Content-Encoding" not in plain.headers, refused
            assert plain.text == first.text
        again = public.call("GET", PATH, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]

    def test_c8_of_a_crowd_with_addresses_of_their_own_reaches_reports_once(self, public: Front) -> None:
        tags = {public.call("GET", f"{PATH}?x={number}").headers["ETag"] for number in range(5)}
        assert len(tags) == 1
        assert public.reports.public_report.call_count == 1
        assert public.call("GET", f"{PATH}?done=nothing").headers["ETag"] in tags
        assert "ETag" not in public.call("GET", f"{PATH}?done=sent").headers

    def test_c8_has_another_tag_when_figures_change(self, public: Front) -> None:
        first = public.call("GET", PATH).headers["ETag"]
        assert _made_anew(public, {"as_of": "2026-11-22T10:06:00+00:00"}) == first
        assert _made_anew(public, {"digest": "another"}) != first

    def test_c8_is_told_as_it_was_while_reports_does_not_answer(self, public: Front) -> None:
        assert public.call("GET", PATH).status_code == 200
        public.reports.public_report.side_effect = errors.Unavailable("Not now.")
        _age(public)
        assert public.call("GET", PATH).status_code == 200

    def test_is_refused_in_words_when_nothing_was_ever_read(self, public: Front) -> None:
        public.reports.public_report.side_effect = errors.Unavailable("Not now.")
        assert public.call("GET", PATH).status_code == 503

    def test_c8_is_not_kept_by_browsers_for_who_is_signed_in(self, public: Front) -> None:
        page = Visitor(public).signed_in(COUNCIL_OFFICER).get(PATH)
        assert page.headers["Cache-Control"] == "no-store"
        assert "ETag" not in page.headers
        assert "Cal Coordinator" in page.text
        public.caller.cookies.clear()
        assert "Cal Coordinator" not in public.call("GET", PATH).text

    @pytest.mark.parametrize("path", _public_pages())
    def test_c8_gives_no_cookie_along_with_what_others_may_be_shown(self, public: Front, path: str) -> None:
        visitor = Visitor(public).signed_in(COUNCIL_OFFICER, rotate=True)
        public.identity.rotate_session.return_value = {
            "token": "new-token",
            "expires_at": "2099-01-01T00:00:00+00:00",
        }
        page = visitor.get(path)
        assert page.status_code < 400
        for_others = "public" in page.headers["Cache-Control"]
        assert ("Set-Cookie" in page.headers) != for_others
        assert for_others == path.endswith((".pdf", ".csv"))

    @pytest.mark.parametrize(
        ("file_type", "content_type"), [("pdf", "application/pdf"), ("csv", "text/csv; charset=utf-8")]
    )
    def test_c8_comes_as_a_file_made_once(self, public: Front, file_type: str, content_type: str) -> None:
        files = [public.call("GET", f"{PATH}.{file_type}") for _ in range(3)]
        assert {file.content for file in files} == {b"%PDF-1.7 or not"}
        assert files[0].headers["Content-Type"] == content_type
        assert f"vacancies-{COUNCIL}.{file_type}" in files[0].headers["Content-Disposition"]
        public.reports.public_report_file.assert_called_once_with(area=COUNCIL, file_type=file_type)
        tag = {"If-None-Match": files[0].headers["ETag"]}
        assert public.call("GET", f"{PATH}.{file_type}", headers=tag).status_code == 304

    def test_c8_says_so_when_there_is_nothing(self, public: Front) -> None:
        nothing = {**REPORT, "homes": 0, "results": [], "totals": [], "stale": 0}
        public.reports.public_report.return_value = nothing
        assert "No home or unit is published in this area yet." in public.call("GET", PATH).text

    @pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{{ 7 * 7 }}"])
    def test_shows_what_people_typed_as_they_typed_it(self, public: Front, name: str) -> None:
        public.reports.public_report.return_value = {**REPORT, "results": [{**HOME, "name": name}]}
        text = public.call("GET", PATH).text
        assert "<script>alert" not in text
        assert "49</h3>" not in text

    def test_links_no_website_that_runs_anything(self, public: Front) -> None:
        home = {**HOME, "website": "javascript:alert(1)"}
        public.reports.public_report.return_value = {**REPORT, "results": [home]}
        assert "javascript:" not in public.call("GET", PATH).text

    def test_c8_is_led_to_from_the_first_page_and_from_every_footer(self, public: Front) -> None:
        page = public.call("GET", "/").text
        main, footer = page.split("<footer")
        assert 'href="/public/vacancies"' in main
        assert 'href="/public/vacancies"' in footer


def _age(public: Front) -> None:
    """Let a minute pass for what is kept."""
    (kept,) = [
        part
        for part in public.container.dependencies
        if type(part).__name__ == "Kept" and hasattr(part, "made")
    ]
    for made in kept.made.values():
        made.at -= 61
        made.until -= 61


def _made_anew(public: Front, changes: dict[str, Any]) -> str:
    public.reports.public_report.return_value = {**REPORT, **changes}
    _age(public)
    return public.call("GET", PATH).headers["ETag"]


class TestSending:
    def test_c8_is_offered_to_who_may(self, public: Front) -> None:
        link = f'href="{PATH}/send"'
        for person in (COUNCIL_OFFICER, ICB_OFFICER, actor(roles=frozenset({permissions.ADMINISTRATOR}))):
            assert link in Visitor(public).signed_in(person).get(PATH).text
        for person in (
            browsing.MANAGER,
            actor(organisation_type="local_authority", council_code="E08000035"),
        ):
            assert link not in Visitor(public).signed_in(person).get(PATH).text
        assert link not in public.call("GET", PATH).text

    def test_c8_sends_to_each_address_what_the_form_says(self, public: Front) -> None:
        visitor = Visitor(public).signed_in(COUNCIL_OFFICER)
        page = visitor.get(f"{PATH}/send")
        public.reports.send_public_report.assert_not_called()
        typed = {"addresses": "a@one.example\nb@two.example, c@three.example", "words": "As every week."}
        answer = visitor.press(page, f"{PATH}/send", "Send", **typed)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PATH}?done=sent")
        told = public.reports.send_public_report.call_args.kwargs
        assert told["addresses"] == ["a@one.example", "b@two.example", "c@three.example"]
        assert (told["area"], told["words"]) == (COUNCIL, "As every week.")
        assert told["sending_id"] == dict(visitor.form(page, f"{PATH}/send").fields)["sending_id"]
        assert "The report is on its way." in visitor.get(f"{PATH}?done=sent").text

    @pytest.mark.parametrize(
        "refusal",
        [
            errors.Invalid("Nothing was sent.", {"addresses": "This is not an email address: x."}),
            errors.TooMany("A report may be mailed to 20 addresses in an hour.", {"retry_after": "60"}),
            errors.Conflict("This form has been sent before."),
        ],
    )
    def test_c8_shows_a_refusal_in_words_and_keeps_what_was_typed(
        self, public: Front, refusal: errors.Error
    ) -> None:
        visitor = Visitor(public).signed_in(COUNCIL_OFFICER)
        form = visitor.get(f"{PATH}/send")
        public.reports.send_public_report.side_effect = refusal
        page = visitor.press(form, f"{PATH}/send", "Send", addresses="x", words="hello")
        assert page.status_code in (400, 409, 429)
        assert refusal.message in page.text
        for words in refusal.fields.values():
            assert words in page.text or words == "60"
        before, again = (dict(visitor.form(one, f"{PATH}/send").fields) for one in (form, page))
        assert again["addresses"].strip() == "x"
        assert (again["sending_id"] == before["sending_id"]) != isinstance(refusal, errors.Conflict)

    def test_c8_form_is_refused_beyond_ones_area(self, public: Front) -> None:
        page = Visitor(public).signed_in(COUNCIL_OFFICER).get("/public/vacancies/QHM/send")
        assert page.status_code == 403
        public.reports.send_public_report.assert_not_called()
