"""Mailing the public report (C8): who may, to whom, how often, and never twice for one form."""

from __future__ import annotations

import dataclasses
from concurrent import futures
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import errors, permissions, published
from kit import database, ids
from services.reports import models, public_sending
from tests.factories.snapshots import DURHAM, NOW

COUNCIL, SUB_ICB, ICB = "E06000047", DURHAM["sub_icb_code"], "QHM"
LEEDS = "E08000035"


def actor(organisation_type: str, *roles: str, **more: Any) -> permissions.Actor:
    return permissions.Actor(
        kind="user",
        user_id=ids.new(),
        full_name="Cal Coordinator",
        organisation_id=ids.new(),
        organisation_type=organisation_type,
        roles=frozenset(roles),
        channel=permissions.WEB,
        address="192.0.2.7",
        **more,
    )


OFFICER = actor("local_authority", council_code=COUNCIL)
BOARD = actor("icb", icb_code=ICB)
ADMINISTRATOR = actor("other", permissions.ADMINISTRATOR)


def send(session: orm.Session, by: permissions.Actor = OFFICER, **changes: Any) -> dict[str, Any]:
    plain = {
        "sending_id": ids.new(),
        "area": COUNCIL,
        "addresses": ["families@hospital.example"],
        "words": "",
        "now": NOW,
    }
    return public_sending.send(session, by=by, **{**plain, **changes})


def events(session: orm.Session) -> list[models.OutboxMessage]:
    return list(session.scalars(select(models.OutboxMessage).order_by(models.OutboxMessage.id)))


class TestSend:
    @pytest.mark.parametrize(
        ("by", "area"),
        [
            (OFFICER, COUNCIL),
            (BOARD, ICB),
            (BOARD, COUNCIL),
            (BOARD, SUB_ICB),
            (ADMINISTRATOR, LEEDS),
            (actor("care_home", permissions.EXTENDED_REPORTING), LEEDS),
        ],
    )
    def test_c8_is_for_those_who_report_on_the_area(
        self, session: orm.Session, by: permissions.Actor, area: str
    ) -> None:
        assert send(session, by, area=area)["addresses"] == ["families@hospital.example"]

    @pytest.mark.parametrize(
        ("by", "area"),
        [
            (OFFICER, LEEDS),
            (OFFICER, ICB),
            (BOARD, LEEDS),
            (actor("csu"), COUNCIL),
            (actor("care_home"), COUNCIL),
            (actor("local_authority", permissions.BROKER, council_code=LEEDS), COUNCIL),
        ],
    )
    def test_c8_is_refused_to_others(self, session: orm.Session, by: permissions.Actor, area: str) -> None:
        with pytest.raises(errors.Forbidden):
            send(session, by, area=area)
        assert events(session) == []

    def test_c8_is_recorded_with_who_when_and_from_where(self, session: orm.Session) -> None:
        made = send(session, words="As every week.")
        row = session.get(models.PublicSending, made["sending_id"])
        assert row is not None
        assert (row.by_id, row.by_name, row.organisation_id) == (
            OFFICER.user_id,
            "Cal Coordinator",
            OFFICER.organisation_id,
        )
        assert (row.channel, row.address, row.sent_at) == ("web", "192.0.2.7", NOW)
        assert (row.area_code, row.words) == (COUNCIL, "As every week.")

    def test_c8_is_told_by_an_event_with_ids_alone(self, session: orm.Session) -> None:
        made = send(session, words="As every week.")
        (event,) = events(session)
        assert event.name == "public_report_sent"
        assert event.body == {
            "user_id": OFFICER.user_id,
            "sending_id": made["sending_id"],
            "area_code": COUNCIL,
            "sent_at": NOW.isoformat(),
        }

    def test_c8_of_one_form_is_one_however_often_it_is_sent(self, session: orm.Session) -> None:
        same = ids.new()
        first = send(session, sending_id=same)
        assert send(session, sending_id=same, now=NOW + timedelta(minutes=1)) == first
        assert len(events(session)) == 1
        with pytest.raises(errors.Conflict):
            send(session, sending_id=same, addresses=["others@hospital.example"])
        with pytest.raises(errors.Conflict):
            send(session, ADMINISTRATOR, sending_id=same)
        assert len(events(session)) == 1

    @pytest.mark.parametrize(
        "address",
        [
            "nobody",
            "nobody@",
            "@hospital.example",
            "a b@hospital.example",
            "a@hospital",
            "a@hospital.example\nBcc: b@hospital.example",
            "a@b@hospital.example",
            "<a@hospital.example>",
            "a..b@hospital.example",
            "ä@hospital.example",
            f"{'x' * 65}@hospital.example",
            f"a@{'x' * 250}.example",
        ],
    )
    def test_c8_refuses_what_is_no_address_in_words(self, session: orm.Session, address: str) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            send(session, addresses=["good@hospital.example", address])
        assert "not an email address" in refusal.value.fields["addresses"]
        assert events(session) == []

    def test_c8_takes_one_to_five_addresses_each_once(self, session: orm.Session) -> None:
        some = [f"person{number}@hospital.example" for number in range(published.MOST_ADDRESSES)]
        assert send(session, addresses=[*some, some[0], " "])["addresses"] == some
        for wrong in ([], ["  "], [*some, "one.more@hospital.example"]):
            with pytest.raises(errors.Invalid) as refusal:
                send(session, addresses=wrong)
            assert set(refusal.value.fields) == {"addresses"}

    @pytest.mark.parametrize(
        "words",
        [
            "see https://evil.example",
            "www.evil.example",
            "go to evil.com now",
            "bit.ly/x",
            "evil.dev",
            "evil\uff0ecom",
            "evil\u3002com",
            "evil\u2024com",
            "пример.рф",
            "//evil",
            "see /public/x",
            "evil/login/now",
            "192.0.2.7",
            "x" * 201,
        ],
    )
    def test_c8_refuses_links_and_long_lines(self, session: orm.Session, words: str) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            send(session, words=words)
        assert set(refusal.value.fields) == {"words"}

    @pytest.mark.parametrize(
        "words",
        ["As every week.", "Ring at 9.30, day and/or night, 24/7", "As of 20/11/2026 ...", "J. K. (R.N.)"],
    )
    def test_c8_takes_what_is_no_link(self, session: orm.Session, words: str) -> None:
        assert send(session, words=words)

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("Cal Coordinator", "Cal Coordinator"),
            ("Dr. J. O’Neill", "Dr. J. O’Neill"),
            ("Cal\u202e\nBcc: x", "Cal Bcc: x"),
            ("x" * 300, "x" * 100),
            ("Win at evil.dev", ""),
            ("evil\uff0ecom", ""),
        ],
    )
    def test_c8_calls_who_sends_it_by_no_link(self, session: orm.Session, name: str, said: str) -> None:
        made = send(session, dataclasses.replace(OFFICER, full_name=name))
        assert public_sending.sender(public_sending.find(session, made["sending_id"])) == said

    def test_c8_keeps_a_line_on_one_line(self, session: orm.Session) -> None:
        made = send(session, words="Hello\r\nBcc: x\u202e there ")
        row = session.get(models.PublicSending, made["sending_id"])
        assert row is not None
        assert row.words == "Hello Bcc: x there"

    def test_c8_stops_who_sends_too_much_for_an_hour(self, session: orm.Session) -> None:
        five = [f"person{number}@hospital.example" for number in range(5)]
        for _ in range(public_sending.PER_HOUR // 5):
            send(session, addresses=five)
        with pytest.raises(errors.TooMany) as refusal:
            send(session)
        assert refusal.value.fields["retry_after"] == "3600"
        send(session, BOARD)
        assert send(session, now=NOW + timedelta(hours=1, seconds=1))

    def test_c8_sends_nobody_more_than_a_few_a_day(self, session: orm.Session) -> None:
        for number in range(public_sending.PER_ADDRESS_AND_DAY):
            by = dataclasses.replace(OFFICER, user_id=ids.new())
            send(session, by, addresses=["Families@Hospital.example"], now=NOW + timedelta(hours=number))
        later = NOW + timedelta(hours=public_sending.PER_ADDRESS_AND_DAY)
        with pytest.raises(errors.TooMany) as refusal:
            send(session, addresses=["others@hospital.example", "families@hospital.example"], now=later)
        assert "families@hospital.example has been sent 5" in refusal.value.message
        assert refusal.value.fields["retry_after"] == str(19 * 3600)
        assert send(session, addresses=["others@hospital.example"], now=later)
        assert send(session, now=NOW + timedelta(days=1, seconds=1))

    def test_c8_stops_everybody_together_for_an_hour(self, session: orm.Session) -> None:
        for number in range(public_sending.EVERYBODY_PER_HOUR // 5):
            by = dataclasses.replace(OFFICER, user_id=ids.new())
            send(session, by, addresses=[f"{number}.{one}@hospital.example" for one in range(5)])
        with pytest.raises(errors.TooMany) as refusal:
            send(session)
        assert "200" in refusal.value.message
        assert send(session, now=NOW + timedelta(hours=1, seconds=1))

    def test_c8_counts_what_is_sent_at_once(self, sessions: database.Sessions) -> None:
        def one(number: int) -> bool:
            by = dataclasses.replace(OFFICER, user_id=ids.new())
            try:
                with sessions.transaction() as session:
                    return bool(send(session, by))
            except errors.TooMany:
                return False

        with futures.ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(one, range(8))) == public_sending.PER_ADDRESS_AND_DAY

    def test_c8_forgets_after_90_days_to_whom(self, session: orm.Session) -> None:
        made = send(session)
        public_sending.forget_old(session, now=NOW + timedelta(days=89))
        assert public_sending.find(session, made["sending_id"])
        public_sending.forget_old(session, now=NOW + timedelta(days=91))
        with pytest.raises(errors.NotFound):
            public_sending.find(session, made["sending_id"])

    def test_c8_refuses_an_area_that_is_none_and_an_id_that_is_none(self, session: orm.Session) -> None:
        with pytest.raises(errors.NotFound):
            send(session, ADMINISTRATOR, area="E99999999")
        with pytest.raises(errors.Invalid):
            send(session, sending_id="1")
