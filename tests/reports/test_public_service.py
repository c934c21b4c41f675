"""The public report by the service's calls: with files from a child process, and names from identity (C8)."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any
from unittest import mock

import pypdf
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import select

from contracts import errors, events, permissions
from kit import children, client, database, ids
from services.identity.service import Identity
from services.reports import commands, models
from services.reports.service import Reports
from services.reports.settings import Settings
from tests.factories import snapshots

NOW = snapshots.NOW
COUNCIL = "E06000047"
OFFICER = permissions.Actor(
    kind="user", user_id=ids.new(), organisation_type="local_authority", council_code=COUNCIL
)
SERVICE = permissions.service("notifications")
Reporter = Callable[..., Any]


@pytest.fixture
def reports(sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch) -> Reporter:
    """Give the service as it works for somebody, with real child processes."""
    monkeypatch.setenv(
        database.variable("reports"), sessions.engine.url.render_as_string(hide_password=False)
    )
    identity = mock.create_autospec(Identity, instance=True)
    identity.acting_as = lambda actor: identity
    of_reports = mock.Mock(service="reports")
    answers = children.Answers(of_reports)

    def worker(by: permissions.Actor = permissions.ANONYMOUS) -> Any:
        return worker_factory(
            Reports,
            database=sessions,
            caller=by,
            identity=identity,
            clock=lambda: NOW,
            in_child=answers.run,
            settings=Settings(public_url="https://tracker.example", support_email="help@tracker.example"),
        )

    return worker


def given(reports: Reporter, **changes: Any) -> events.ProviderSnapshot:
    home = snapshots.snapshot(**changes)
    reports(permissions.service("providers")).on_capacity_declared(snapshots.declared(home))
    return home


class TestPublicReport:
    def test_c8_follows_what_providers_tell(self, reports: Reporter) -> None:
        home = given(reports, name="Cranberry House")
        assert [row["name"] for row in reports().public_report(area=COUNCIL)["results"]] == [
            "Cranberry House"
        ]
        closed = events.ProviderSnapshot(**{**home, "version": 2, "active": False})
        reports().on_provider_changed(events.ProviderChanged(provider=closed, changed_at=NOW.isoformat()))
        assert reports().public_report(area=COUNCIL)["results"] == []

    def test_c8_is_set_as_a_pdf_by_a_child(self, reports: Reporter) -> None:
        given(reports, name="Cranberry House")
        made = reports().public_report_file(area=COUNCIL, file_type="pdf")
        read = pypdf.PdfReader(io.BytesIO(base64.b64decode(made["content"])))
        text = read.pages[0].extract_text()
        assert "Cranberry House" in text
        assert "help@tracker.example" in text
        assert made["digest"] == reports().public_report(area=COUNCIL)["digest"]

    def test_c8_is_written_as_csv(self, reports: Reporter) -> None:
        given(reports, name="Cranberry House")
        made = reports().public_report_file(area=COUNCIL, file_type="csv")
        assert "Cranberry House" in base64.b64decode(made["content"]).decode()

    def test_c8_comes_in_no_other_form(self, reports: Reporter) -> None:
        with pytest.raises(errors.Invalid):
            reports().public_report_file(area=COUNCIL, file_type="docx")


class TestPublicHomes:
    def test_c8_name_who_runs_them_by_one_call(self, reports: Reporter) -> None:
        organisation = ids.new()
        for _ in range(3):
            given(reports, organisation_id=organisation)
        service = reports()
        service.identity.organisation_names.return_value = {organisation: "Cranberry Care"}
        found = service.public_homes()["results"]
        assert {home["organisation_name"] for home in found} == {"Cranberry Care"}
        service.identity.organisation_names.assert_called_once_with(organisation_ids=[organisation])
        one = service.public_home(provider_id=found[0]["provider_id"])
        assert one["organisation_name"] == "Cranberry Care"

    def test_c8_of_an_empty_page_ask_for_no_names(self, reports: Reporter) -> None:
        service = reports()
        assert service.public_homes(area=COUNCIL)["results"] == []
        service.identity.organisation_names.assert_not_called()

    def test_c8_one_that_is_none_is_refused(self, reports: Reporter) -> None:
        for wrong in ("x", ids.new()):
            with pytest.raises(errors.NotFound):
                reports().public_home(provider_id=wrong)


class TestSending:
    def test_c8_is_told_to_notifications_with_the_report_as_it_is(
        self, reports: Reporter, sessions: database.Sessions
    ) -> None:
        given(reports, name="Cranberry House")
        sending_id = ids.new()
        reports(OFFICER).send_public_report(
            sending_id=sending_id, area=COUNCIL, addresses=["a@one.example"], words="As every week."
        )
        with sessions.reading() as session:
            (event,) = session.scalars(select(models.OutboxMessage))
        told = reports(SERVICE).public_report_sending(sending_id=event.body["sending_id"])
        assert (told["addresses"], told["words"]) == (["a@one.example"], "As every week.")
        assert told["sender"] == OFFICER.full_name
        assert (told["area"]["name"], told["homes"], told["with_vacancies"]) == ("County Durham", 1, 1)
        assert base64.b64decode(told["content"]).startswith(b"%PDF")

    def test_c8_of_an_id_that_is_none_is_refused(self, reports: Reporter) -> None:
        for wrong in ("x", ids.new()):
            with pytest.raises(errors.NotFound):
                reports(SERVICE).public_report_sending(sending_id=wrong)


class TestRebuild:
    def test_c8_fills_what_was_told_before_and_can_be_run_again(
        self, reports: Reporter, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        homes = sorted((snapshots.snapshot() for _ in range(5)), key=lambda home: home["provider_id"])

        def call(*_: Any, after: str | None, limit: int, **__: Any) -> dict[str, Any]:
            left = [home for home in homes if after is None or home["provider_id"] > after][:2]
            return {"results": left, "next": left[-1]["provider_id"] if len(left) == 2 else None}

        monkeypatch.setattr(client, "call", call)
        for _ in range(2):
            assert commands.rebuild(progress=False) == 5
            assert reports().public_report(area=COUNCIL)["homes"] == 5
