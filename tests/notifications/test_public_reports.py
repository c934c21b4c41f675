"""The mail with the public report of an area (C8): one to each address, from whom and why, never twice."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from contracts import errors, events
from kit import database, ids
from services.notifications import delivery, models
from tests.notifications import given

SENDER = given.person("Cal Coordinator")
ORGANISATION = ids.new()
SENDING = ids.new()
PDF = b"%PDF-1.7 of the report"
EVENT = events.PublicReportSent(
    user_id=SENDER.user_id, sending_id=SENDING, area_code="E06000047", sent_at=given.NOW.isoformat()
)


REPORT: dict[str, Any] = {
    "addresses": ["families@hospital.example", "social.work@hospital.example"],
    "sender": "Cal Coordinator",
    "words": "As every <b>week</b>.",
    "organisation_id": ORGANISATION,
    "area": {"kind": "council_code", "code": "E06000047", "name": "County Durham"},
    "as_of": "2026-11-18T09:30:00+00:00",
    "homes": 52,
    "with_vacancies": 12,
    "content": base64.b64encode(PDF).decode(),
}


@pytest.fixture
def report(reports: Any, identity: Any) -> dict[str, Any]:
    """What reports tells of the sending, to two addresses."""
    told = {**REPORT, "addresses": list(REPORT["addresses"])}
    reports.public_report_sending.return_value = told
    identity.organisation_names.return_value = {ORGANISATION: "Fictional County Council"}
    return told


def mails(sessions: database.Sessions) -> list[models.Mail]:
    with sessions.reading() as session:
        return list(session.scalars(select(models.Mail).order_by(models.Mail.address)))


class TestOnPublicReportSent:
    def test_c8_mails_each_address_the_report_and_the_way_to_it(
        self, notifications: Callable[..., Any], report: dict[str, Any], sessions: database.Sessions
    ) -> None:
        notifications(given.SERVICE).on_public_report_sent(EVENT)
        made = mails(sessions)
        assert [mail.address for mail in made] == report["addresses"]
        for mail in made:
            assert mail.subject == "Vacancies in County Durham, as of Wednesday 18 November 2026 at 9:30"
            assert (mail.attachment, mail.attachment_type) == (PDF, "application/pdf")
            assert mail.attachment_name == "vacancies-E06000047.pdf"
            for body in (mail.text, mail.html):
                words = " ".join(body.split())
                assert "Hello," in words
                assert "Cal Coordinator (Fictional County Council) sends you the list" in words
                assert f"{given.SITE}/public/vacancies/E06000047" in words
                assert "Cal Coordinator asked us to send it to this address" in words
            assert "12 of 52 say" in " ".join(mail.text.split())
            assert "Cal Coordinator writes: As every <b>week</b>." in mail.text
            assert "As every &lt;b&gt;week&lt;/b&gt;." in mail.html

    def test_c8_mails_nobody_twice_for_one_sending(
        self, notifications: Callable[..., Any], report: dict[str, Any], sessions: database.Sessions
    ) -> None:
        report["addresses"].append("FAMILIES@hospital.example")
        for _ in range(3):
            notifications(given.SERVICE).on_public_report_sent(EVENT)
        assert len(mails(sessions)) == 2
        another = events.PublicReportSent(**EVENT.to_dict() | {"sending_id": ids.new()})
        notifications(given.SERVICE).on_public_report_sent(another)
        assert len(mails(sessions)) == 4

    @pytest.mark.parametrize(
        ("organisation_id", "who"), [(ORGANISATION, "Fictional County Council"), (None, "Somebody")]
    )
    def test_c8_calls_who_sends_it_by_no_name_that_reports_leaves_out(
        self,
        notifications: Callable[..., Any],
        report: dict[str, Any],
        sessions: database.Sessions,
        organisation_id: str | None,
        who: str,
    ) -> None:
        report.update(sender="", organisation_id=organisation_id)
        notifications(given.SERVICE).on_public_report_sent(EVENT)
        words = " ".join(mails(sessions)[0].text.split())
        assert f"{who} sends you the list" in words
        assert f"{who} asked us to send it" in words

    def test_c8_is_forgotten_after_90_days(
        self, notifications: Callable[..., Any], report: dict[str, Any], sessions: database.Sessions
    ) -> None:
        service = notifications(given.SERVICE)
        service.on_public_report_sent(EVENT)
        with sessions.transaction() as session:
            given.queued(session, given.person())
        for days, left in ((89, 3), (91, 1)):
            service.clock = lambda days=days: given.NOW + timedelta(days=days)
            service.keep_house()
            assert len(mails(sessions)) == left

    def test_c8_waits_while_reports_cannot_make_it(
        self,
        notifications: Callable[..., Any],
        report: dict[str, Any],
        reports: Any,
        sessions: database.Sessions,
    ) -> None:
        reports.public_report_sending.side_effect = errors.Unavailable("Not now.")
        with pytest.raises(errors.Unavailable):
            notifications(given.SERVICE).on_public_report_sent(EVENT)
        assert mails(sessions) == []

    def test_c8_becomes_a_mail_with_a_file(
        self, notifications: Callable[..., Any], report: dict[str, Any], sessions: database.Sessions
    ) -> None:
        notifications(given.SERVICE).on_public_report_sent(EVENT)
        message = delivery.as_message(mails(sessions)[0], sender=given.SETTINGS.sender, now=given.NOW)
        (file,) = message.iter_attachments()
        assert file.get_content_type() == "application/pdf"
        assert file.get_content() == PDF
