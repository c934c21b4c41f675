"""The demo's people: as the issue names them, with one password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from contracts import demo, permissions
from kit import database, hashing
from services.identity import demo as creating
from services.identity import models
from tests.identity import given


@pytest.fixture(autouse=True)
def created(sessions: database.Sessions) -> None:
    for _ in range(2):
        with sessions.transaction() as session:
            creating.create(session, password_hash=hashing.hash_password(demo.PASSWORD), now=given.NOW)


@pytest.mark.parametrize(
    ("email", "organisation_type", "roles"),
    [
        ("admin@tracker.example", "other", ["administrator"]),
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
