"""The second factor (A10): setting it up, signing in with it, recovery codes, doing without."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib import parse

import pyotp
import pytest
from sqlalchemy import select

from contracts import duties, errors, events, permissions
from kit import database, ids
from services.identity import models, second_factor, sign_in
from services.identity import sessions as signed_in
from tests.identity import given, protected, racing

STEP = timedelta(seconds=second_factor.STEP_SECONDS)


@pytest.fixture
def make(identity: Callable[..., Any], sessions: database.Sessions) -> Callable[..., protected.Person]:
    """Give ``make(**columns)``; everybody of one test comes from an address of its own."""
    address = ids.new()
    return lambda **columns: protected.Person(identity, sessions, address=address, **columns)


@pytest.fixture
def person(make: Callable[..., protected.Person]) -> protected.Person:
    return make()


class TestSignIn:
    def test_a10_asks_for_a_code_before_there_is_a_session(
        self, person: protected.Person, sessions: database.Sessions
    ) -> None:
        answer = person.begin()
        assert set(answer) == {"second_factor", "challenge", "expires_at"}
        assert answer["second_factor"] is True
        assert answer["expires_at"] == (given.NOW + timedelta(minutes=5)).isoformat()
        with sessions.reading() as session:
            assert not session.scalars(
                select(models.Session).where(models.Session.user_id == person.user.id)
            ).all()

    def test_a10_opens_the_session_with_the_code_of_the_app(self, person: protected.Person) -> None:
        opened = person.finish(person.begin(remember_me=True)["challenge"], person.app())
        assert opened["second_factor"] is False
        assert opened["duty"] is None
        assert opened["expires_at"] == (given.NOW + timedelta(days=30)).isoformat()
        checked = person.identity().check_session(token_hash=signed_in.token_hash_of(opened["token"]))
        assert checked["actor"]["user_id"] == person.user.id

    def test_takes_a_code_written_in_groups(self, person: protected.Person) -> None:
        code = person.app()
        assert person.finish(person.begin()["challenge"], f" {code[:3]} {code[3:]} ")["token"]

    @pytest.mark.parametrize("steps", [-1, 1])
    def test_a10_takes_a_clock_that_is_half_a_minute_off(self, person: protected.Person, steps: int) -> None:
        assert person.finish(person.begin()["challenge"], person.app(given.NOW + steps * STEP))["token"]

    @pytest.mark.parametrize("steps", [-2, 2])
    def test_a10_takes_no_clock_further_off(self, person: protected.Person, steps: int) -> None:
        with pytest.raises(errors.Unauthenticated):
            person.finish(person.begin()["challenge"], person.app(given.NOW + steps * STEP))

    def test_a10_takes_a_code_once(self, person: protected.Person) -> None:
        person.finish(person.begin()["challenge"], person.app())
        with pytest.raises(errors.Unauthenticated):
            person.finish(person.begin()["challenge"], person.app())
        later = given.NOW + STEP
        assert person.finish(person.begin(now=later)["challenge"], person.app(later), now=later)["token"]

    def test_a10_takes_no_earlier_code_after_a_later_one(self, person: protected.Person) -> None:
        person.finish(person.begin()["challenge"], person.app(given.NOW + STEP))
        with pytest.raises(errors.Unauthenticated):
            person.finish(person.begin()["challenge"], person.app())

    def test_a10_takes_a_code_once_even_side_by_side(self, person: protected.Person) -> None:
        challenges = [person.begin()["challenge"] for _ in range(4)]
        code = person.app()
        outcomes = racing.side_by_side(
            [lambda challenge=challenge: person.finish(challenge, code) for challenge in challenges]
        )
        assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1

    def test_goes_on_while_the_same_person_begins_and_finishes_side_by_side(
        self, person: protected.Person
    ) -> None:
        challenges = [person.begin()["challenge"] for _ in range(4)]
        codes = person.new_codes()
        finish = [
            lambda challenge=challenge, code=code: person.finish(challenge, code)
            for challenge, code in zip(challenges, codes, strict=False)
        ]
        outcomes = racing.side_by_side([*finish, *[person.begin] * 4])
        assert all(isinstance(outcome, dict) for outcome in outcomes), outcomes

    def test_uses_a_challenge_up_even_side_by_side(self, person: protected.Person) -> None:
        codes = person.new_codes()
        challenge = person.begin()["challenge"]
        outcomes = racing.side_by_side(
            [lambda code=code: person.finish(challenge, code) for code in codes[:4]]
        )
        assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
        assert person.identity(by=person.actor).second_factor()["codes_left"] == 9

    def test_ends_a_challenge_after_five_minutes(self, person: protected.Person) -> None:
        challenge = person.begin()["challenge"]
        just_before = given.NOW + timedelta(minutes=4, seconds=59)
        too_late = given.NOW + timedelta(minutes=5)
        with pytest.raises(errors.Unauthenticated):
            person.finish(challenge, person.app(too_late), now=too_late)
        assert person.finish(challenge, person.app(just_before), now=just_before)["token"]

    @pytest.mark.parametrize(
        "change",
        [
            {"status": "deactivated"},
            {"locked_at": given.NOW},
            {"password_hash": "another"},
            {"second_factor_since": None},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_ends_a_challenge_when_the_account_changes(
        self, person: protected.Person, change: dict[str, Any]
    ) -> None:
        challenge = person.begin()["challenge"]
        person.change(**change)
        with pytest.raises(errors.Unauthenticated):
            person.finish(challenge, person.app())

    def test_ends_a_challenge_with_the_sessions(
        self, person: protected.Person, sessions: database.Sessions
    ) -> None:
        challenge = person.begin()["challenge"]
        with sessions.transaction() as session:
            signed_in.end_all(session, user_id=person.user.id)
        with pytest.raises(errors.Unauthenticated):
            person.finish(challenge, person.app())

    def test_a4_uses_up_a_temporary_password_only_with_the_code(self, person: protected.Person) -> None:
        issued = person.identity(by=permissions.service("notifications")).issue_temporary_password(
            user_id=person.user.id
        )
        first, second = (person.begin(issued["temporary_password"])["challenge"] for _ in range(2))
        assert person.finish(first, person.app())["duty"] == duties.PASSWORD
        with pytest.raises(errors.Unauthenticated):
            person.finish(second, person.app(given.NOW + STEP))

    def test_forgets_challenges_whose_time_is_over(
        self, person: protected.Person, sessions: database.Sessions
    ) -> None:
        def kept() -> int:
            with sessions.reading() as session:
                return len(
                    session.scalars(
                        select(models.PendingSignIn).where(models.PendingSignIn.user_id == person.user.id)
                    ).all()
                )

        person.begin()
        for minutes, left in ((4, 1), (5, 0)):
            with sessions.transaction() as session:
                sign_in.forget_ended(session, now=given.NOW + timedelta(minutes=minutes))
            assert kept() == left


class TestOneAnswer:
    def test_a10_shows_nobody_without_the_password_who_has_one(
        self, person: protected.Person, make: Callable[..., protected.Person]
    ) -> None:
        without = make()
        without.change(second_factor_since=None, second_factor_secret=None)
        answers = []
        for somebody in (person, without):
            with pytest.raises(errors.Unauthenticated) as refusal:
                somebody.begin("not-the-password")
            answers.append((refusal.value.message, refusal.value.fields))
        assert answers == [(sign_in.REFUSED, {})] * 2

    def test_is_the_same_for_every_failure(self, person: protected.Person) -> None:
        challenge = person.begin()["challenge"]
        person.finish(challenge, person.app())
        answers = []
        for given_, code in (
            (challenge, person.app()),
            (person.begin()["challenge"], person.app()),
            (person.begin()["challenge"], person.wrong_code()),
            ("unknown", person.app()),
            ("\ud800", "\ud800"),
            ("", ""),
            (person.begin()["challenge"], "x" * 100_000),
        ):
            with pytest.raises(errors.Unauthenticated) as refusal:
                person.finish(given_, code)
            answers.append((refusal.value.message, refusal.value.fields))
        assert answers == [(sign_in.CODE_REFUSED, {})] * 7


class TestLock:
    def test_a10_follows_the_fifth_wrong_code_and_is_told(
        self, person: protected.Person, sessions: database.Sessions
    ) -> None:
        challenge = person.begin()["challenge"]
        for _ in range(5):
            assert person.stored().locked_at is None
            with pytest.raises(errors.Unauthenticated):
                person.finish(challenge, person.wrong_code())
        assert person.stored().locked_at == given.NOW
        with sessions.reading() as session:
            assert {"user_id": person.user.id} in given.recorded(session, events.AccountLocked)
        with pytest.raises(errors.Unauthenticated):
            person.finish(challenge, person.app())

    def test_a10_does_not_start_counting_again_with_the_right_password(
        self, person: protected.Person
    ) -> None:
        for _ in range(5):
            with pytest.raises(errors.Unauthenticated):
                person.finish(person.begin()["challenge"], person.wrong_code())
        assert person.stored().locked_at == given.NOW

    def test_counts_wrong_passwords_and_wrong_codes_together(self, person: protected.Person) -> None:
        challenge = person.begin()["challenge"]
        for _ in range(3):
            with pytest.raises(errors.Unauthenticated):
                person.begin("not-the-password")
        for _ in range(2):
            with pytest.raises(errors.Unauthenticated):
                person.finish(challenge, person.wrong_code())
        assert person.stored().locked_at == given.NOW

    def test_starts_counting_again_once_the_person_is_in(self, person: protected.Person) -> None:
        challenge = person.begin()["challenge"]
        for _ in range(4):
            with pytest.raises(errors.Unauthenticated):
                person.finish(challenge, person.wrong_code())
        person.finish(challenge, person.app())
        assert person.stored().failed_attempts == 0

    def test_counts_codes_tried_side_by_side(self, person: protected.Person) -> None:
        challenge, wrong = person.begin()["challenge"], person.wrong_code()
        outcomes = racing.side_by_side([lambda: person.finish(challenge, wrong)] * 9)
        assert all(isinstance(outcome, errors.Unauthenticated) for outcome in outcomes)
        assert person.stored().failed_attempts == 5

    def test_a_network_address_must_wait_after_many_codes(self, person: protected.Person) -> None:
        for _ in range(given.LIMITS.sign_in_failures_per_address):
            with pytest.raises(errors.Unauthenticated):
                person.finish("unknown", "000000")
        with pytest.raises(errors.TooMany):
            person.finish("unknown", "000000")


class TestRecoveryCodes:
    def test_a10_are_ten_of_80_random_bits(self, person: protected.Person) -> None:
        codes = person.new_codes()
        assert len(set(codes)) == 10
        assert all(len(code.replace("-", "")) == 16 for code in codes)
        assert len(set(second_factor._RECOVERY_LETTERS)) == 32

    def test_a10_let_in_once_each(self, person: protected.Person) -> None:
        code, other = person.new_codes()[:2]
        assert person.finish(person.begin()["challenge"], code)["token"]
        with pytest.raises(errors.Unauthenticated):
            person.finish(person.begin()["challenge"], code)
        assert person.finish(person.begin()["challenge"], other)["token"]
        assert person.identity(by=person.actor).second_factor()["codes_left"] == 8

    def test_a10_let_in_once_even_side_by_side(self, person: protected.Person) -> None:
        code = person.new_codes()[0]
        challenges = [person.begin()["challenge"] for _ in range(4)]
        outcomes = racing.side_by_side(
            [lambda challenge=challenge: person.finish(challenge, code) for challenge in challenges]
        )
        assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1

    def test_are_read_as_people_write_them(self, person: protected.Person) -> None:
        code = person.new_codes()[0]
        written = f" {code.upper().replace('-', ' ').replace('0', 'O').replace('1', 'I')} "
        assert person.finish(person.begin()["challenge"], written)["token"]

    def test_are_told_and_kept_in_the_trail_when_used(self, person: protected.Person) -> None:
        person.finish(person.begin()["challenge"], person.new_codes()[0])
        assert person.told() == ["recovery_codes_renewed", "recovery_code_used"]
        assert person.trail() == ["recovery codes renewed", "recovery code used", "signed in"]

    def test_are_kept_as_hashes_only(self, person: protected.Person, sessions: database.Sessions) -> None:
        codes = person.new_codes()
        person.finish(person.begin()["challenge"], codes[0])
        with sessions.reading() as session:
            kept = [
                vars(row)
                for table in (models.RecoveryCode, models.AuditEntry, models.OutboxMessage)
                for row in session.scalars(select(table))
            ]
        assert not any(code in repr(kept) or code.replace("-", "") in repr(kept) for code in codes)

    def test_are_somebodys_own(self, person: protected.Person, make: Callable[..., protected.Person]) -> None:
        codes = make().new_codes()
        with pytest.raises(errors.Unauthenticated):
            person.finish(person.begin()["challenge"], codes[0])

    def test_renewed_take_the_place_of_all_before(self, person: protected.Person) -> None:
        old = person.new_codes()[0]
        person.new_codes()
        with pytest.raises(errors.Unauthenticated):
            person.finish(person.begin()["challenge"], old)

    def test_are_for_who_knows_the_password_and_has_a_second_factor(self, person: protected.Person) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            person.identity(by=person.actor).new_recovery_codes(password="not-the-password")
        assert set(refusal.value.fields) == {"password"}
        person.change(second_factor_since=None)
        with pytest.raises(errors.Conflict):
            person.new_codes()


class TestSetUp:
    @pytest.fixture
    def person(self, make: Callable[..., protected.Person]) -> protected.Person:
        made = make()
        made.change(second_factor_secret=None, second_factor_since=None)
        return made

    def confirm(self, person: protected.Person, code: str, password: str = given.PASSWORD) -> Any:
        return person.identity(by=person.actor).confirm_second_factor(code=code, password=password)

    def offered(self, person: protected.Person) -> str:
        secret: str = person.identity(by=person.actor).begin_second_factor()["secret"]
        person.secret = secret
        return secret

    def test_offers_what_an_app_can_scan(self, person: protected.Person) -> None:
        offer = person.identity(by=person.actor).begin_second_factor()
        uri = parse.urlsplit(offer["uri"])
        assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
        assert parse.unquote(uri.path) == f"/Capacity Tracker:{person.user.email}"
        assert dict(parse.parse_qsl(uri.query)) == {"secret": offer["secret"], "issuer": "Capacity Tracker"}
        assert len(offer["secret"]) == 32

    def test_a10_asks_for_codes_once_one_was_given(self, person: protected.Person) -> None:
        self.offered(person)
        assert person.begin()["second_factor"] is False
        assert len(self.confirm(person, person.app())["recovery_codes"]) == 10
        assert person.begin()["second_factor"] is True
        assert person.identity(by=person.actor).second_factor() == {
            "since": given.NOW.isoformat(),
            "codes_left": 10,
        }
        assert person.told() == ["second_factor_added"]
        assert "second factor added" in person.trail()

    def test_a10_takes_the_code_of_the_set_up_no_second_time(self, person: protected.Person) -> None:
        self.offered(person)
        self.confirm(person, person.app())
        with pytest.raises(errors.Unauthenticated):
            person.finish(person.begin()["challenge"], person.app())

    def test_a10_keeps_the_secret_encrypted(
        self, person: protected.Person, sessions: database.Sessions
    ) -> None:
        secret = self.offered(person)
        self.confirm(person, person.app())
        with sessions.reading() as session:
            kept = [
                vars(row)
                for table in (models.User, models.AuditEntry, models.OutboxMessage)
                for row in session.scalars(select(table))
            ]
        assert secret not in repr(kept)

    def test_needs_a_right_code(self, person: protected.Person) -> None:
        self.offered(person)
        for code in (person.wrong_code(), "", "\ud800", "x" * 10_000):
            with pytest.raises(errors.Invalid) as refusal:
                self.confirm(person, code)
            assert set(refusal.value.fields) == {"code"}
        assert person.begin()["second_factor"] is False

    def test_needs_the_password(self, person: protected.Person) -> None:
        self.offered(person)
        with pytest.raises(errors.Invalid) as refusal:
            self.confirm(person, person.app(), password="not-the-password")
        assert set(refusal.value.fields) == {"password"}

    def test_lets_nobody_guess_the_password(self, person: protected.Person) -> None:
        self.offered(person)
        for _ in range(5):
            with pytest.raises(errors.Invalid):
                self.confirm(person, person.app(), password="not-the-password")
        with pytest.raises(errors.TooMany):
            self.confirm(person, person.app())

    def test_needs_an_offer(self, person: protected.Person) -> None:
        with pytest.raises(errors.Conflict):
            self.confirm(person, "000000")

    def test_changes_to_another_app_with_codes_of_the_old_one_until_then(
        self, make: Callable[..., protected.Person]
    ) -> None:
        person = make()
        old = person.secret
        codes = person.new_codes()
        new = self.offered(person)
        person.secret = old
        assert person.finish(person.begin()["challenge"], person.app())["token"]
        person.secret = new
        self.confirm(person, person.app())
        for code in (pyotp.TOTP(old).at(int((given.NOW + STEP).timestamp())), codes[0]):
            with pytest.raises(errors.Unauthenticated):
                person.finish(person.begin()["challenge"], code)
        later = given.NOW + STEP
        assert person.finish(person.begin(now=later)["challenge"], person.app(later), now=later)["token"]


class TestDrop:
    def test_a10_leaves_the_password_alone(self, person: protected.Person) -> None:
        person.new_codes()
        person.identity(by=person.actor).drop_second_factor(password=given.PASSWORD)
        assert person.begin()["second_factor"] is False
        assert person.identity(by=person.actor).second_factor() == {"since": None, "codes_left": 0}
        assert person.stored().second_factor_secret is None
        assert person.told()[-1] == "second_factor_removed"
        assert "second factor removed" in person.trail()

    def test_needs_the_password(self, person: protected.Person) -> None:
        with pytest.raises(errors.Invalid):
            person.identity(by=person.actor).drop_second_factor(password="not-the-password")

    def test_needs_something_to_drop(self, person: protected.Person) -> None:
        person.identity(by=person.actor).drop_second_factor(password=given.PASSWORD)
        with pytest.raises(errors.Conflict):
            person.identity(by=person.actor).drop_second_factor(password=given.PASSWORD)

    def test_a10_is_not_for_administrators(self, make: Callable[..., protected.Person]) -> None:
        administrator = make(roles=[permissions.ADMINISTRATOR])
        with pytest.raises(errors.Forbidden):
            administrator.identity(by=administrator.actor).drop_second_factor(password=given.PASSWORD)
        assert administrator.begin()["second_factor"] is True


def test_a_secret_cannot_be_read_with_another_key() -> None:
    kept = second_factor.sealed("SECRET", key="one")
    assert second_factor._opened(kept, key="one") == "SECRET"
    with pytest.raises(second_factor.fernet.InvalidToken):
        second_factor._opened(kept, key="other")
