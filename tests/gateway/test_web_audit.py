"""The audit trail on pages and as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from contracts import errors
from gateway.web import audit_export, audit_words
from kit import ids
from tests.gateway import people
from tests.gateway.browsing import APPROVER, MANAGER, Reader, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front

TRAIL: dict[str, Any] = {"results": [people.ENTRY], "next": None}
PROVIDER_ENTRY = people.ENTRY | {
    "action": "figures declared",
    "by_generic": False,
    "subject_type": "provider",
    "subject_id": PROVIDER_ID,
    "subject_name": "Willow House",
    "organisation_name": None,
    "before": {},
    "after": {"version": 8, "kind": "saved"},
}


@pytest.fixture
def approver(front: Front) -> Visitor:
    front.identity.audit.return_value = TRAIL
    front.identity.audit_actions.return_value = {"results": ["user changed", "account unlocked"]}
    front.identity.names.return_value = {people.USER_ID: "Lee Park"}
    front.providers.audit.return_value = {"results": [PROVIDER_ENTRY], "next": None}
    front.providers.audit_actions.return_value = {"results": ["figures declared"]}
    return Visitor(front).signed_in(APPROVER)


class TestTrail:
    def test_a11_says_who_did_what_to_whom_when_and_from_where(self, approver: Visitor) -> None:
        text = approver.get("/audit").text
        for words in (
            "User changed",
            "Lee Park",
            "Ann Approver",
            "1 March 2026",
            "192.0.2.7",
            "on the pages",
        ):
            assert words in text
        assert "<del>Carer</del>" in text

    def test_a8_marks_what_a_shared_account_did(self, front: Front, approver: Visitor) -> None:
        entry = people.ENTRY | {"before": {}, "after": {}}
        front.identity.audit.return_value = {"results": [entry], "next": None}
        assert "Shared account" in approver.get("/audit").text
        front.identity.audit.return_value = {"results": [entry | {"by_generic": False}], "next": None}
        assert "Shared account" not in approver.get("/audit").text

    def test_tells_of_attempts_on_accounts_there_are_not(self, front: Front, approver: Visitor) -> None:
        nobody = {
            "subject_id": None,
            "subject_name": None,
            "by_id": None,
            "by_name": "",
            "organisation_id": None,
        }
        front.identity.audit.return_value = {"results": [people.ENTRY | nobody], "next": None}
        text = approver.get("/audit").text
        assert "An account that does not exist" in text
        assert "Somebody not signed in" in text

    def test_goes_on_to_older_entries_with_the_same_filters(self, front: Front, approver: Visitor) -> None:
        front.identity.audit.return_value = {"results": [people.ENTRY], "next": 77}
        links = Reader(approver.get("/audit", action="user changed").text).links
        older = "/audit?what=people&action=user+changed&before=77"
        assert older in links
        assert "/audit?what=people&action=user+changed" in Reader(approver.get(older).text).links
        assert front.identity.audit.call_args.kwargs["before_id"] == 77

    def test_of_providers_is_on_a_tab_of_its_own(self, front: Front, approver: Visitor) -> None:
        page = approver.get("/audit", what="providers", subject=PROVIDER_ID)
        front.providers.audit.assert_called_once_with(provider_id=PROVIDER_ID, before_id=None, limit=50)
        front.identity.audit.assert_not_called()
        assert "Willow House" in page.text

    def test_a11_of_files_and_mailed_reports_is_on_a_tab_of_its_own(
        self, front: Front, approver: Visitor
    ) -> None:
        taken = PROVIDER_ENTRY | {
            "action": "file of vacancies made",
            "subject_type": "file",
            "subject_id": ids.new(),
            "subject_name": None,
            "after": {"format": "xlsx", "homes": 19876},
        }
        front.reports.audit.return_value = {"results": [taken], "next": None}
        front.reports.audit_actions.return_value = {"results": ["file of vacancies made"]}
        page = approver.get("/audit", what="reports", by=people.USER_ID, subject="anything")
        front.reports.audit.assert_called_once_with(by_id=people.USER_ID, before_id=None, limit=50)
        assert "/audit?what=reports" in Reader(page.text).links
        for words in ("Files and reports", "File of vacancies made", "xlsx", "19876"):
            assert words in page.text
        assert "19876" in approver.get("/audit.csv", what="reports").text

    def test_is_closed_to_others(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        assert visitor.get("/audit").status_code == 403
        assert visitor.get("/audit.csv").status_code == 403


class TestFilters:
    def test_reach_the_service(self, front: Front, approver: Visitor) -> None:
        page = approver.get(
            "/audit",
            subject=people.USER_ID,
            by=people.USER_ID,
            organisation=people.ORGANISATION_ID,
            action="account unlocked",
            since="2026-10-25",
            until="26/10/2026",
        )
        front.identity.audit.assert_called_once_with(
            subject_id=people.USER_ID,
            by_id=people.USER_ID,
            organisation_id=people.ORGANISATION_ID,
            action="account unlocked",
            since="2026-10-25T00:00:00+01:00",
            until="2026-10-27T00:00:00+00:00",
            before_id=None,
            limit=50,
        )
        for words in (
            "Done to Lee Park",
            "Done by Lee Park",
            "From 25 October 2026",
            "Until 26 October 2026",
        ):
            assert words in page.text

    def test_stay_in_the_form(self, approver: Visitor) -> None:
        page = approver.get("/audit", subject=people.USER_ID, since="25/10/2026", action="user changed")
        sent = dict(approver.form(page, "/audit").fields)
        assert sent == {
            "what": "people",
            "subject": people.USER_ID,
            "by": "",
            "action": "user changed",
            "since": "2026-10-25",
            "until": "",
        }

    def test_take_a_name_that_one_person_has(self, front: Front, approver: Visitor) -> None:
        front.identity.users.return_value = people.listed(people.ROW)
        page = approver.get("/audit", by="lee")
        front.identity.users.assert_called_once_with(q="lee", page=1)
        assert front.identity.audit.call_args.kwargs["by_id"] == people.USER_ID
        assert "Done by Lee Park, lee@cranberry.example" in page.text

    def test_ask_which_one_of_several_is_meant(self, front: Front, approver: Visitor) -> None:
        other = people.ROW | {"id": ids.new(), "full_name": "Lee Marsh"}
        front.identity.users.return_value = people.listed(people.ROW, other)
        page = approver.get("/audit", subject="lee")
        front.identity.audit.assert_not_called()
        assert f"/audit?what=people&subject={other['id']}" in Reader(page.text).links

    def test_say_when_nobody_is_called_so(self, front: Front, approver: Visitor) -> None:
        front.identity.users.return_value = people.listed()
        page = approver.get("/audit", by="nobody")
        assert page.status_code == 400
        assert 'id="by-error"' in page.text

    @pytest.mark.parametrize(
        "query",
        [
            {"since": "yesterday"},
            {"until": "31/02/2026"},
            {"since": "1026-01-01"},
            {"since": "2026-02-02", "until": "2026-02-01"},
        ],
    )
    def test_say_what_is_wrong_with_a_date(
        self, front: Front, approver: Visitor, query: dict[str, str]
    ) -> None:
        page = approver.get("/audit", **query)
        assert page.status_code == 400
        assert f'id="{list(query)[-1]}-error"' in page.text
        front.identity.audit.assert_not_called()

    def test_by_name_of_an_organisation_are_for_administrators(self, front: Front, approver: Visitor) -> None:
        assert approver.get("/audit", organisation="Cranberry").status_code == 400
        front.identity.organisations.return_value = people.listed(people.ORGANISATION)
        approver.signed_in(people.ADMINISTRATOR).get("/audit", organisation="Cranberry")
        assert front.identity.audit.call_args.kwargs["organisation_id"] == people.ORGANISATION_ID

    def test_take_the_name_of_a_home(self, front: Front, approver: Visitor) -> None:
        front.providers.list_providers.return_value = people.listed(people.SITE)
        approver.get("/audit", what="providers", subject="Willow")
        assert front.providers.audit.call_args.kwargs["provider_id"] == PROVIDER_ID


class TestFile:
    def read(self, visitor: Visitor, **query: Any) -> list[list[str]]:
        answer = visitor.get("/audit.csv", **query)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    def test_holds_the_same_and_says_what_was_asked_for(self, front: Front, approver: Visitor) -> None:
        criteria, heads, row = self.read(approver, subject=people.USER_ID)
        assert "Done to Lee Park" in criteria[0]
        assert dict(zip(heads, row, strict=True)) | {"Changes": ""} == {
            "Time (UTC)": "2026-03-01T07:05:00+00:00",
            "Action": "User changed",
            "Done to": "Lee Park",
            "Organisation": "Cranberry Care",
            "Done by": "Ann Approver",
            "Shared account": "yes",
            "How": "on the pages",
            "Address": "192.0.2.7",
            "Changes": "",
            "Id of what it was done to": people.USER_ID,
            "Id of who did it": people.ENTRY["by_id"],
        }
        assert "Job title: Carer → Nurse" in dict(zip(heads, row, strict=True))["Changes"]

    def test_is_downloaded_and_not_kept(self, approver: Visitor) -> None:
        answer = approver.get("/audit.csv", what="providers")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-providers-')
        assert answer.headers["Cache-Control"] == "no-store"

    def test_is_read_page_by_page(self, front: Front, approver: Visitor) -> None:
        front.identity.audit.side_effect = [
            {"results": [people.ENTRY] * 100, "next": 5},
            {"results": [people.ENTRY], "next": None},
        ]
        assert len(self.read(approver)) == 2 + 101
        assert [call.kwargs["before_id"] for call in front.identity.audit.call_args_list] == [None, 5]

    def test_ends_somewhere_and_says_so(
        self, front: Front, approver: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(audit_export, "MOST_ROWS", 150)
        front.identity.audit.return_value = {"results": [people.ENTRY] * 100, "next": 5}
        rows = self.read(approver)
        assert len(rows) == 2 + 150
        assert "There are more" in rows[0][0]

    def test_ends_even_if_the_service_never_says_so(
        self, front: Front, approver: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(audit_export, "MOST_ROWS", 300)
        front.identity.audit.return_value = {"results": [], "next": 5}
        assert len(self.read(approver)) == 2
        assert front.identity.audit.call_count == 3

    @pytest.mark.parametrize("name", ["=1+1", "+44", "-2", "@sum", "\tx", "\rx"])
    def test_holds_nothing_that_a_spreadsheet_would_run(
        self, front: Front, approver: Visitor, name: str
    ) -> None:
        front.identity.audit.return_value = {"results": [people.ENTRY | {"by_name": name}], "next": None}
        assert "'" + name in self.read(approver)[2]

    def test_asks_again_on_the_page_when_the_question_is_not_clear(
        self, front: Front, approver: Visitor
    ) -> None:
        front.identity.users.return_value = people.listed()
        answer = approver.get("/audit.csv", by="nobody")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/audit?what=people&by=nobody")


class TestWords:
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (None, "nothing"),
            ([], "nothing"),
            (False, "no"),
            (["approver", "broker"], "Approver, Broker"),
            ({"kind": "saved"}, "Kind saved"),
            ("2026-03-01T07:05:00+00:00", "1 March 2026 at 7:05am"),
            ("2026-03-01 is a day", "2026-03-01 is a day"),
            (0, "0"),
            ("general_residential", "General Residential"),
        ],
    )
    def test_say_any_value(self, value: Any, words: str) -> None:
        assert audit_words.said(value) == words

    def test_say_what_only_came_to_be_and_what_went(self) -> None:
        assert audit_words.changes({}, {"full_name": "Lee"}) == [
            {"what": "Name", "before": "", "after": "Lee"}
        ]
        assert audit_words.changes({"phone": "0191"}, {}) == [
            {"what": "Phone", "before": "0191", "after": "nothing"}
        ]


class TestApi:
    def test_reads_the_trails(self, front: Front) -> None:
        front.sign_in(APPROVER)
        front.identity.audit.return_value = front.providers.audit.return_value = TRAIL
        assert (
            front.api("GET", f"/audit?subject_id={people.USER_ID}&since=2026-11-22T09:30:00Z").json() == TRAIL
        )
        front.identity.audit.assert_called_once_with(
            subject_id=people.USER_ID, since="2026-11-22T09:30:00+00:00", limit=50
        )
        front.api("GET", f"/audit/providers?provider_id={PROVIDER_ID}&before_id=12345678901&limit=10")
        front.providers.audit.assert_called_once_with(
            provider_id=PROVIDER_ID, before_id=12345678901, limit=10
        )

    @pytest.mark.parametrize(
        "query", ["since=2026-11-22", "until=x", "limit=101", "limit=0", "by_id=1", "before_id=-1", "x=1"]
    )
    def test_refuses_what_is_no_filter(self, front: Front, query: str) -> None:
        front.sign_in(APPROVER)
        assert front.api("GET", f"/audit?{query}").status_code == 400

    def test_lists_what_entries_are_about(self, front: Front) -> None:
        front.sign_in(APPROVER)
        front.identity.audit_actions.return_value = {"results": ["user changed"]}
        front.providers.audit_actions.return_value = {"results": ["figures declared"]}
        assert front.api("GET", "/audit/actions").json() == {"results": ["user changed"]}
        assert front.api("GET", "/audit/providers/actions").json() == {"results": ["figures declared"]}

    def test_is_closed_to_others(self, front: Front) -> None:
        front.sign_in(MANAGER)
        assert front.api("GET", "/audit").status_code == 403
        front.identity.check_session.side_effect = errors.Unauthenticated("Sign in again.")
        front.caller.headers["Authorization"] = f"Bearer {ids.new()}"
        assert front.api("GET", "/audit").status_code == 401
