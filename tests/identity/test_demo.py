"""The demo's people: as the issue names them, with one password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, orm, select

from contracts import demo, duties, errors, permissions
from kit import database, hashing
from services.identity import demo as creating
from services.identity import models, second_factor
from tests.identity import given

KEY = "a key for these tests"


@pytest.fixture(autouse=True)
def created(sessions: database.Sessions) -> None:
    for _ in range(2):
        with sessions.transaction() as session:
            creating.create(
                session,
                password_hash=hashing.hash_password(demo.PASSWORD),
                second_factor_secret=second_factor.sealed(demo.SECOND_FACTOR_SECRET, key=KEY),
                now=given.NOW,
            )


@pytest.mark.parametrize(
    ("email", "organisation_type", "roles"),
    [
        ("approver@cranberry.example", "care_home", ["approver"]),
        ("staff@cranberry.example", "care_home", []),
        ("group@bramble.example", "care_home", []),
        ("ward@acute.example", "nhs_acute", []),
        ("rehab@community.example", "community", []),
        ("council@durham.example", "local_authority", []),
        ("broker@durham.example", "local_authority", ["broker"]),
        ("champion@durham.example", "local_authority", ["system_champion"]),
        ("analyst@north.example", "icb", ["extended_reporting"]),
        ("alerts@durham.example", "local_authority", ["manage_alerts"]),
    ],
)
def test_people_sign_in_with_the_demos_password(
    identity: Callable[..., Any], email: str, organisation_type: str, roles: list[str]
) -> None:
    opened = identity().sign_in(
        email=email, password="quiet-harbour-lantern", remember_me=False, user_agent=""
    )
    assert opened["duty"] is None
    person = next(person for person in demo.PEOPLE if person.email == email)
    actor = identity(by=permissions.service("notifications")).actor_for(user_id=person.id)
    assert (actor["organisation_type"], actor["roles"]) == (organisation_type, roles)


def test_a10_the_administrator_has_a_second_factor_from_the_start(
    identity: Callable[..., Any], sessions: database.Sessions
) -> None:
    answer = identity().sign_in(
        email="admin@tracker.example", password=demo.PASSWORD, remember_me=False, user_agent=""
    )
    assert answer["second_factor"] is True
    with sessions.transaction() as session:
        user = person(session, "admin@tracker.example")
        assert demo.SECOND_FACTOR_SECRET not in str(user.second_factor_secret)
        code = pyotp.TOTP(demo.SECOND_FACTOR_SECRET).at(given.NOW)
        by = given.nobody()
        assert second_factor.takes(session, user, code, key=KEY, by=by, now=given.NOW)


def test_a8_the_ward_desk_is_a_shared_account(
    identity: Callable[..., Any], sessions: database.Sessions
) -> None:
    opened = identity().sign_in(
        email="ward-desk@acute.example", password=demo.PASSWORD, remember_me=False, user_agent=""
    )
    assert opened["duty"] == duties.DISCLAIMER
    with sessions.reading() as session:
        generic = session.scalars(select(models.User.email).where(models.User.generic)).all()
    assert list(generic) == ["ward-desk@acute.example"]


def test_a9_one_has_left_one_is_locked_and_one_was_not_seen_for_a_year(
    identity: Callable[..., Any], sessions: database.Sessions
) -> None:
    for email in ("leaver@cranberry.example", "locked@bramble.example"):
        with pytest.raises(errors.Unauthenticated):
            identity().sign_in(email=email, password=demo.PASSWORD, remember_me=False, user_agent="")
    with sessions.reading() as session:
        left, locked, idle = (
            person(session, email)
            for email in ("leaver@cranberry.example", "locked@bramble.example", "idle@durham.example")
        )
    assert (left.status, bool(left.deactivation_reason)) == ("deactivated", True)
    assert (locked.failed_attempts, locked.locked_at is not None) == (5, True)
    assert idle.last_signed_in_at is not None
    assert idle.last_signed_in_at < given.NOW - timedelta(days=365)


def person(session: orm.Session, email: str) -> models.User:
    return session.scalars(select(models.User).where(models.User.email == email)).one()


def test_durham_is_the_area_of_its_people(identity: Callable[..., Any]) -> None:
    broker = next(person for person in demo.PEOPLE if person.email == "broker@durham.example")
    actor = identity(by=permissions.service("notifications")).actor_for(user_id=broker.id)
    assert permissions.area_codes(permissions.Actor.from_dict(actor)) == {"council_code": "E06000047"}


def test_the_community_unit_may_search(identity: Callable[..., Any]) -> None:
    rehab = next(person for person in demo.PEOPLE if person.email == "rehab@community.example")
    actor = permissions.Actor.from_dict(
        identity(by=permissions.service("notifications")).actor_for(user_id=rehab.id)
    )
    assert permissions.may(actor, permissions.FIND_VACANCIES)


def test_an_approver_finds_somebody_waiting(sessions: database.Sessions) -> None:
    with sessions.reading() as session:
        waiting = session.scalars(select(models.User.email).where(models.User.status == "awaiting")).all()
    assert "nadia.newcomer@cranberry.example" in waiting


def test_creating_it_twice_changes_nothing(sessions: database.Sessions) -> None:
    with sessions.reading() as session:
        assert session.scalars(select(func.count()).select_from(models.User)).one() == len(demo.PEOPLE)


def test_homes_can_be_spread_over_ten_other_organisations() -> None:
    assert len(demo.care_homes()) >= 12
