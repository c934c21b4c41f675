"""A11: who may read what was done to people and organisations, and how it is looked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import orm

from contracts import errors, permissions
from kit import ids
from services.identity import audit, audit_reading, models
from tests.identity import given

LATER = given.NOW + timedelta(hours=2)
DURHAM, NEWCASTLE = "E06000047", "E08000021"
EVERYTHING: dict[str, Any] = dict.fromkeys(
    ("subject_id", "by_id", "action", "organisation_id", "since", "until", "before_id")
) | {"limit": 50}
ADMINISTRATOR = permissions.Actor(
    kind="user",
    user_id=ids.new(),
    full_name="Ada Fictional",
    roles=frozenset({permissions.ADMINISTRATOR}),
    channel=permissions.WEB,
    address="192.0.2.8",
)


def answer(session: orm.Session, by: permissions.Actor = ADMINISTRATOR, **asked: Any) -> dict[str, Any]:
    return audit_reading.read(session, by=by, **(EVERYTHING | asked))


def read(session: orm.Session, by: permissions.Actor = ADMINISTRATOR, **asked: Any) -> list[dict[str, Any]]:
    return list(answer(session, by, **asked)["results"])


def unlock(session: orm.Session, person: models.User, **more: Any) -> None:
    told: dict[str, Any] = {"by": ADMINISTRATOR, "now": given.NOW, "action": "account unlocked"} | more
    audit.record(session, told.pop("action"), user_id=person.id, **told)


class TestEntry:
    def test_a11_says_who_did_what_from_where_and_what_it_was_before(self, session: orm.Session) -> None:
        home = given.organisation(session, name="Thimble Homes")
        person = given.person(session, of=home, full_name="Perpetua Past")
        unlock(
            session, person, action="details changed", before={"phone": ""}, after={"phone": "0191 496 0001"}
        )
        person.full_name = "Perpetua Present"
        session.flush()
        [entry] = read(session, subject_id=person.id)
        assert entry == {
            "id": entry["id"],
            "at": given.NOW.isoformat(),
            "action": "details changed",
            "by_id": ADMINISTRATOR.user_id,
            "by_name": "Ada Fictional",
            "by_generic": False,
            "channel": "web",
            "address": "192.0.2.8",
            "subject_type": "user",
            "subject_id": person.id,
            "subject_name": "Perpetua Present",
            "organisation_id": home.id,
            "organisation_name": "Thimble Homes",
            "before": {"phone": ""},
            "after": {"phone": "0191 496 0001"},
        }

    def test_a11_names_an_organisation_that_something_was_done_to(self, session: orm.Session) -> None:
        home = given.organisation(session, name="Thimble Homes")
        audit.record_organisation(
            session, "organisation added", organisation_id=home.id, by=ADMINISTRATOR, now=given.NOW
        )
        [entry] = read(session, subject_id=home.id)
        assert (entry["subject_type"], entry["subject_name"]) == ("organisation", "Thimble Homes")
        assert entry["organisation_name"] == "Thimble Homes"

    def test_a11_names_nobody_for_an_account_that_does_not_exist(self, session: orm.Session) -> None:
        by = given.nobody()
        audit.record(session, "sign-in failed", user_id=None, by=by, now=given.NOW)
        entry = read(session)[0]
        assert (entry["subject_id"], entry["subject_name"], entry["by_id"]) == (None, None, None)
        assert (entry["organisation_id"], entry["organisation_name"]) == (None, None)

    def test_a8_a11_marks_a_shared_account(self, session: orm.Session) -> None:
        shared = given.person(session, of=given.organisation(session), generic=True)
        unlock(session, shared, by=given.actor(session, shared))
        unlock(session, shared)
        assert [entry["by_generic"] for entry in read(session, subject_id=shared.id)] == [False, True]


class TestReach:
    @pytest.fixture
    def people(self, session: orm.Session) -> dict[str, models.User]:
        """Somebody of an own organisation, an administrator of it, a neighbour, one far off, one of none."""
        council = given.organisation(session, type="local_authority", council_code=DURHAM)
        home = given.organisation(session, council_code=DURHAM)
        far = given.organisation(session, council_code=NEWCASTLE)
        found = {
            "council's": given.person(session, of=council),
            "home's": given.person(session, of=home),
            "home's administrator": given.person(session, of=home, roles=[permissions.ADMINISTRATOR]),
            "far": given.person(session, of=far),
            "of none": given.person(session),
        }
        for person in found.values():
            unlock(session, person)
        return found

    def seen(self, session: orm.Session, people: dict[str, models.User], by: permissions.Actor) -> set[str]:
        names = {person.id: name for name, person in people.items()}
        subjects = [entry["subject_id"] for entry in read(session, by, limit=100)]
        return {names[subject] for subject in subjects if subject in names}

    @pytest.mark.parametrize(
        ("role", "at", "expected"),
        [
            (permissions.APPROVER, "home's", {"home's", "home's administrator"}),
            (permissions.APPROVER, "council's", {"council's"}),
            (permissions.APPROVER, "far", {"far"}),
            (permissions.SYSTEM_CHAMPION, "council's", {"council's", "home's", "home's administrator"}),
            (
                permissions.ADMINISTRATOR,
                "of none",
                {"council's", "home's", "home's administrator", "far", "of none"},
            ),
        ],
    )
    def test_a11_is_exactly_ones_own_ones_area_or_all(
        self, session: orm.Session, people: dict[str, models.User], role: str, at: str, expected: set[str]
    ) -> None:
        organisation = session.get(models.Organisation, people[at].organisation_id or ids.new())
        reader = given.person(session, of=organisation, roles=[role])
        assert self.seen(session, people, given.actor(session, reader)) == expected

    def test_a11_filters_do_not_reach_further(
        self, session: orm.Session, people: dict[str, models.User]
    ) -> None:
        home = session.get(models.Organisation, people["home's"].organisation_id)
        reader = given.actor(session, given.person(session, of=home, roles=[permissions.APPROVER]))
        far = people["far"]
        for asked in ({"subject_id": far.id}, {"organisation_id": far.organisation_id}):
            assert read(session, **asked)
            assert read(session, reader, **asked) == []

    def test_a11_stays_with_the_organisation_somebody_has_left(
        self, session: orm.Session, people: dict[str, models.User]
    ) -> None:
        home = session.get(models.Organisation, people["home's"].organisation_id)
        reader = given.actor(session, given.person(session, of=home, roles=[permissions.APPROVER]))
        people["home's"].organisation_id = people["far"].organisation_id
        unlock(session, people["home's"], action="password reset")
        [entry] = read(session, reader, subject_id=people["home's"].id)
        assert entry["action"] == "account unlocked"

    @pytest.mark.parametrize("role", [None, permissions.BROKER, permissions.EXTENDED_REPORTING])
    def test_a11_is_for_nobody_else(
        self, session: orm.Session, identity: Callable[..., Any], role: str | None
    ) -> None:
        council = given.organisation(session, type="local_authority", council_code=DURHAM)
        reader = given.actor(session, given.person(session, of=council, roles=[role] if role else []))
        with pytest.raises(errors.Forbidden):
            read(session, reader)
        for name in ("audit", "audit_actions"):
            with pytest.raises(errors.Forbidden):
                getattr(identity(by=reader), name)()

    @pytest.mark.parametrize("name", ["audit", "audit_actions"])
    def test_a11_is_not_for_who_is_not_signed_in(self, identity: Callable[..., Any], name: str) -> None:
        with pytest.raises(errors.Unauthenticated):
            getattr(identity(by=given.nobody()), name)()


class TestFilters:
    def test_a11_find_by_whom_to_whom_what_whose_and_when(self, session: orm.Session) -> None:
        home = given.organisation(session)
        person, by = given.person(session, of=home), given.actor(session, given.administrator(session))
        unlock(session, given.person(session, of=given.organisation(session)), by=by)
        unlock(session, person)
        unlock(session, person, by=by, now=LATER, action="password reset")
        newest, other = read(session, subject_id=person.id)
        assert (newest["action"], other["action"]) == ("password reset", "account unlocked")
        assert read(session, organisation_id=home.id) == [newest, other]
        assert read(session, subject_id=person.id, by_id=by.user_id) == [newest]
        assert read(session, organisation_id=home.id, action="account unlocked") == [other]
        assert read(session, subject_id=person.id, since=LATER.isoformat()) == [newest]
        assert read(session, subject_id=person.id, until=LATER.isoformat()) == [other]
        assert read(session, subject_id=person.id, since="2026-03-02T12:30:00+01:00") == [newest]
        assert read(session, subject_id=person.id, since="2026-03-02T11:30:01Z") == []

    @pytest.mark.parametrize(
        "asked",
        [
            {"subject_id": "x"},
            {"by_id": "' or 1=1"},
            {"organisation_id": "\0"},
            {"action": "\0"},
            {"before_id": -(2**70)},
        ],
    )
    def test_a11_find_nothing_for_what_cannot_be(self, session: orm.Session, asked: dict[str, Any]) -> None:
        unlock(session, given.person(session))
        assert answer(session, **asked) == {"results": [], "next": None}

    @pytest.mark.parametrize("time", ["yesterday", "2026-11-22T09:30:00", "2026-11-22", "\0", ""])
    @pytest.mark.parametrize("name", ["since", "until"])
    def test_a11_name_a_time_that_cannot_be_read(self, session: orm.Session, name: str, time: str) -> None:
        with pytest.raises(errors.Invalid) as refused:
            answer(session, ADMINISTRATOR, **{name: time})
        assert list(refused.value.fields) == [name]

    @pytest.mark.parametrize("limit", [-1, 0, 101])
    def test_a11_name_a_limit_that_is_too_small_or_large(self, session: orm.Session, limit: int) -> None:
        with pytest.raises(errors.Invalid) as refused:
            read(session, limit=limit)
        assert list(refused.value.fields) == ["limit"]


class TestPaging:
    def test_a11_never_skips_or_repeats_whatever_is_added_meanwhile(self, session: orm.Session) -> None:
        person = given.person(session, of=given.organisation(session))
        for _ in range(7):
            unlock(session, person)
        expected = [entry["id"] for entry in read(session, subject_id=person.id)]
        found: list[int] = []
        sizes, before_id = [], None
        while before_id is not None or not found:
            page = answer(session, subject_id=person.id, limit=3, before_id=before_id)
            found += [entry["id"] for entry in page["results"]]
            sizes.append(len(page["results"]))
            before_id = page["next"]
            unlock(session, person)
        assert found == expected == sorted(set(found), reverse=True)
        assert sizes == [3, 3, 1]

    def test_a11_ends_with_a_full_page(self, session: orm.Session) -> None:
        person = given.person(session)
        unlock(session, person)
        unlock(session, person)
        assert answer(session, subject_id=person.id, limit=2)["next"] is None

    def test_a11_goes_on_from_an_id_larger_than_any(self, session: orm.Session) -> None:
        person = given.person(session)
        unlock(session, person)
        assert len(read(session, subject_id=person.id, before_id=2**70, limit=100)) == 1


class TestActions:
    def test_a11_are_each_there_once_in_order(self, session: orm.Session) -> None:
        assert audit_reading.actions(session) == []
        person = given.person(session)
        for action in ("password reset", "account unlocked", "password reset", "signed in"):
            unlock(session, person, action=action)
        assert audit_reading.actions(session) == ["account unlocked", "password reset", "signed in"]


class TestCalls:
    def test_a11_answer_what_the_pages_ask(self, identity: Callable[..., Any], sessions: Any) -> None:
        with sessions.transaction() as session:
            person = given.person(session, of=given.organisation(session))
            unlock(session, person)
            subject_id = person.id
        worker = identity(by=ADMINISTRATOR)
        [entry] = worker.audit(subject_id=subject_id)["results"]
        assert entry["action"] == "account unlocked"
        assert entry["action"] in worker.audit_actions()["results"]
