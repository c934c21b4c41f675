"""Passwords: A5, and changing one."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from contracts import demo, errors, events, permissions
from kit import database, hashing, ids
from services.identity import models, passwords, policy
from services.identity import sessions as signed_in
from tests.identity import given, racing

NEW = "copper-meadow-whistle"


def refuse(password: str, **about: Any) -> str | None:
    about = {"full_name": "Winifred Lee-Harper", "email": "w.harper@elmtree.example"} | about
    return policy.refuse(password, **about)


class TestPolicy:
    @pytest.mark.parametrize(
        "password", [NEW, "four words are fine", "дом-река-фонарь-снег", "Tr0ub4dor&3-lamp"]
    )
    def test_a5_asks_for_no_composition(self, password: str) -> None:
        assert refuse(password) is None

    def test_a5_needs_ten_characters(self) -> None:
        assert "at least 10" in str(refuse("k7#pW9x!q"))
        assert refuse("k7#pW9x!qz") is None

    def test_takes_no_more_than_128(self) -> None:
        assert "at most 128" in str(refuse("wx9 " * 33))

    @pytest.mark.parametrize(
        "password",
        [
            "winifred-owns-a-kite",
            "my WINIFRED kite 77",
            "w.i.n.i.f.r.e.d kite",
            "kite lee lagoon 7",
            "harperkite77zz",
        ],
    )
    def test_a5_refuses_the_name(self, password: str) -> None:
        assert "Leave out your name." in str(refuse(password))

    def test_lets_three_letters_stand_inside_another_word(self) -> None:
        assert refuse("sleeping-kite-lagoon") is None

    @pytest.mark.parametrize(
        "password", ["elmtree kite lagoon", "w.rivera@elm.example7", "kite-rivera-lagoon"]
    )
    def test_a5_refuses_the_address_and_its_parts(self, password: str) -> None:
        refusal = refuse(password, full_name="Xi Po", email="w.rivera@elmtree.example")
        assert refusal == "Leave out your email address and its parts."

    @pytest.mark.parametrize(
        "password", ["capacitytracker-99z", "my Capacity Tracker!", "capacity-tracker-kite"]
    )
    def test_a5_refuses_the_name_of_the_service(self, password: str) -> None:
        assert refuse(password) == "Leave out the name of this service."

    @pytest.mark.parametrize("password", ["password1234", "qwertyuiop12", "aaaaaaaaaaaa", "manchester1"])
    def test_a5_refuses_what_is_common_or_guessable(self, password: str) -> None:
        assert "too easy to guess" in str(refuse(password))

    @pytest.mark.parametrize("person", demo.PEOPLE, ids=lambda person: person.email)
    def test_accepts_the_demos_password(self, person: demo.Person) -> None:
        assert refuse(demo.PASSWORD, full_name=person.full_name, email=person.email) is None

    def test_says_all_that_is_wrong_at_once(self) -> None:
        assert (
            refuse("winifred elmtree") == "Leave out your name. Leave out your email address and its parts."
        )
        hints = str(refuse("harper"))
        assert "at least 10" in hints
        assert "your name" in hints
        assert "easy to guess" not in hints

    def test_is_not_upset_by_half_a_character(self) -> None:
        assert refuse("\ud800 kite lagoon 77") is None


class Device:
    """A signed-in device of one person."""

    def __init__(self, identity: Callable[..., Any], sessions: database.Sessions, user: models.User) -> None:
        self.identity, self.user = identity, user
        self.actor = permissions.Actor(kind="user", user_id=user.id, full_name=user.full_name)
        with sessions.transaction() as session:
            held = session.get_one(models.User, user.id)
            opened = signed_in.start(
                session,
                held,
                remember_me=False,
                address="192.0.2.1",
                user_agent="",
                limits=given.LIMITS,
                now=given.NOW,
            )
        self.token_hash = signed_in.token_hash_of(opened.token)

    def change(self, new: str, current: str | None = given.PASSWORD) -> None:
        renewed = self.identity(by=self.actor).change_password(
            current_password=current, new_password=new, token_hash=self.token_hash
        )
        self.token_hash = signed_in.token_hash_of(renewed["token"])

    def check(self) -> Any:
        return self.identity().check_session(token_hash=self.token_hash)


@pytest.fixture
def user(sessions: database.Sessions) -> models.User:
    with sessions.transaction() as session:
        return given.person(session)


@pytest.fixture
def device(identity: Callable[..., Any], sessions: database.Sessions, user: models.User) -> Device:
    return Device(identity, sessions, user)


class TestJudge:
    """Hints while somebody types; the truth is told when the password is saved."""

    def judge(self, identity: Callable[..., Any], by: permissions.Actor, new: str, **more: Any) -> Any:
        return identity(by=by).judge_password(new_password=new, **more)

    def test_a5_says_what_a_password_lacks(self, identity: Callable[..., Any]) -> None:
        by = given.nobody(ids.new())
        assert self.judge(identity, by, NEW) == {"acceptable": True, "words": None}
        short = self.judge(identity, by, "short")
        assert (short["acceptable"], "at least 10" in short["words"]) == (False, True)

    def test_a5_knows_the_words_of_who_is_signed_in(
        self, identity: Callable[..., Any], device: Device
    ) -> None:
        assert self.judge(identity, given.nobody(ids.new()), "perpetua-kite-lagoon")["acceptable"]
        assert self.judge(identity, device.actor, "perpetua-kite-lagoon") == {
            "acceptable": False,
            "words": "Leave out your name.",
        }

    def test_a5_knows_the_words_of_whose_link_it_is(
        self, identity: Callable[..., Any], user: models.User
    ) -> None:
        issued = identity(by=permissions.service("notifications")).issue_password_link(user_id=user.id)
        by = given.nobody(ids.new())
        for token, acceptable in ((issued["token"], False), ("unknown", True), ("\ud800", True)):
            answer = self.judge(identity, by, "perpetua-kite-lagoon", link_token=token)
            assert answer["acceptable"] is acceptable

    def test_makes_a_network_address_wait(self, identity: Callable[..., Any]) -> None:
        by, limits = (
            given.nobody(ids.new()),
            dataclasses.replace(given.LIMITS, passwords_judged_per_address=2),
        )
        for _ in range(2):
            identity(by=by, limits=limits).judge_password(new_password=NEW)
        with pytest.raises(errors.TooMany):
            identity(by=by, limits=limits).judge_password(new_password=NEW)


class TestChange:
    def test_takes_the_new_password_and_no_longer_the_old(
        self, device: Device, identity: Callable[..., Any], user: models.User
    ) -> None:
        device.change(NEW)
        arguments = {"email": user.email, "remember_me": False, "user_agent": ""}
        assert identity().sign_in(password=NEW, **arguments)["duty"] is None
        with pytest.raises(errors.Unauthenticated):
            identity().sign_in(password=given.PASSWORD, **arguments)

    def test_ends_every_other_session_and_says_so(
        self, device: Device, identity: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        other = Device(identity, sessions, user)
        device.change(NEW)
        assert device.check()["actor"]["user_id"] == user.id
        with pytest.raises(errors.Unauthenticated):
            other.check()
        with sessions.reading() as session:
            ended = given.recorded(session, events.SessionsEnded)
        assert {"user_id": user.id, "token_hashes": [other.token_hash]} in ended

    @pytest.mark.parametrize("current", ["wrong-password", "", None])
    def test_needs_the_current_password(self, device: Device, current: str | None) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            device.change(NEW, current=current)
        assert set(refusal.value.fields) == {"current_password"}

    def test_lets_nobody_guess_the_current_password(self, device: Device) -> None:
        for _ in range(passwords.GUESSES):
            with pytest.raises(errors.Invalid):
                device.change(NEW, current="wrong-password")
        with pytest.raises(errors.TooMany):
            device.change(NEW)

    def test_does_not_count_a_new_password_that_is_refused_as_a_guess(self, device: Device) -> None:
        for _ in range(passwords.GUESSES + 2):
            with pytest.raises(errors.Invalid) as refusal:
                device.change("short")
            assert set(refusal.value.fields) == {"new_password"}
        device.change(NEW)

    def test_says_in_words_why_the_new_password_is_refused(self, device: Device) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            device.change("perpetua-was-here")
        assert refusal.value.fields == {"new_password": "Leave out your name."}

    def test_a5_refuses_the_last_four_but_not_the_fifth_last(self, device: Device) -> None:
        used = [given.PASSWORD, *(f"{NEW}-{number}" for number in range(5))]
        for current, new in itertools.pairwise(used):
            device.change(new, current=current)
        for recent in used[-4:]:
            with pytest.raises(errors.Invalid):
                device.change(recent, current=used[-1])
        device.change(used[1], current=used[-1])

    def test_a4_frees_a_session_opened_with_a_temporary_password(
        self, identity: Callable[..., Any], sessions: database.Sessions, user: models.User
    ) -> None:
        issued = identity(by=permissions.service("notifications")).issue_temporary_password(user_id=user.id)
        device = Device(identity, sessions, user)
        assert device.check()["duty"] == "password"
        with pytest.raises(errors.Invalid):
            device.change(issued["temporary_password"], current=None)
        with pytest.raises(errors.Invalid):
            device.change(NEW, current="wrong-password")
        device.change(NEW, current=None)
        assert device.check()["duty"] is None

    def test_is_for_the_owner_of_the_session(
        self, device: Device, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            stranger = given.actor(session, given.person(session))
        for by in (stranger, permissions.ANONYMOUS):
            with pytest.raises(errors.Unauthenticated):
                identity(by=by).change_password(
                    current_password=given.PASSWORD, new_password=NEW, token_hash=device.token_hash
                )

    def test_refuses_a_second_change_that_started_from_the_same_password(
        self, device: Device, sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            change = passwords.begin_change(
                session, new=NEW, token_hash=device.token_hash, by=device.actor, now=given.NOW
            )
        device.change(NEW)
        with pytest.raises(errors.Conflict), sessions.transaction() as session:
            passwords.replace(
                session,
                change,
                password_hash=hashing.hash_password("another-password"),
                token_hash=device.token_hash,
                by=device.actor,
                now=given.NOW,
            )

    def test_gives_the_session_a_new_token_and_ends_the_old_one_at_once(
        self, device: Device, identity: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        old = device.token_hash
        device.change(NEW)
        assert device.check()["actor"]["user_id"] == user.id
        with pytest.raises(errors.Unauthenticated):
            identity().check_session(token_hash=old)
        with sessions.reading() as session:
            ended = given.recorded(session, events.SessionsEnded)
        assert {"user_id": user.id, "token_hashes": [old]} in ended

    def test_is_told_to_the_owner(
        self, device: Device, user: models.User, sessions: database.Sessions
    ) -> None:
        device.change(NEW)
        with sessions.reading() as session:
            told = [
                body
                for body in given.recorded(session, events.CredentialsChanged)
                if body["user_id"] == user.id
            ]
        assert [body["change"] for body in told] == ["password_changed"]
        assert told[0]["changed_at"] == given.NOW.isoformat()

    def test_a5_frees_who_had_a_password_that_expired_and_needs_it(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            user = given.person(session, password_changed_at=given.NOW - timedelta(days=90))
        device = Device(identity, sessions, user)
        assert device.check()["duty"] == "password"
        with pytest.raises(errors.Invalid) as refusal:
            device.change(NEW, current=None)
        assert set(refusal.value.fields) == {"current_password"}
        device.change(NEW)
        assert device.check()["duty"] is None

    def test_happens_once_of_several_side_by_side(
        self, device: Device, identity: Callable[..., Any], user: models.User
    ) -> None:
        calls = [lambda new=new: device.change(new) for new in (NEW, f"{NEW}-2", f"{NEW}-3")]
        outcomes = racing.side_by_side(calls)
        assert outcomes.count(None) == 1
        assert device.check()["actor"]["user_id"] == user.id

    def test_happens_once_on_several_devices_side_by_side(
        self, identity: Callable[..., Any], sessions: database.Sessions, user: models.User
    ) -> None:
        devices = [Device(identity, sessions, user) for _ in range(4)]
        outcomes = racing.side_by_side([lambda device=device: device.change(NEW) for device in devices])
        assert outcomes.count(None) == 1
        assert not any(isinstance(outcome, errors.Unavailable) for outcome in outcomes)

    def test_leaves_no_password_in_the_trail(
        self, device: Device, sessions: database.Sessions, user: models.User
    ) -> None:
        device.change(NEW)
        with sessions.reading() as session:
            entries = session.scalars(
                select(models.AuditEntry).where(models.AuditEntry.subject_id == user.id)
            ).all()
        assert [entry.action for entry in entries] == ["password changed"]
        assert (entries[0].before, entries[0].after) == ({}, {})
