"""Finding the people one may look after, and what is shown of one of them (A6, A8, A9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contracts import errors, permissions
from kit import database, ids
from services.identity import models, users
from tests.identity import given


class Area:
    """Two organisations of one council and one elsewhere, each with a member of staff."""

    def __init__(self, sessions: database.Sessions) -> None:
        with sessions.transaction() as session:
            self.own = given.organisation(session, council_code="E06000047")
            near = given.organisation(session, council_code="E06000047")
            far = given.organisation(session, council_code="E06000001")
            self.staff = given.person(session, of=self.own, full_name="Sable Fictional")
            self.neighbour = given.person(session, of=near)
            self.stranger = given.person(session, of=far)
            approver = given.person(session, of=self.own, roles=["approver"])
            champion = given.person(session, of=self.own, roles=["system_champion"])
            chief = given.person(session, of=self.own, roles=[permissions.ADMINISTRATOR])
            self.approver, self.champion = given.actor(session, approver), given.actor(session, champion)
            self.administrator = given.actor(session, chief)
            self.nobody_special = given.actor(session, self.staff)
        self.identity: Callable[..., Any] = lambda **_: None

    def listed(self, by: permissions.Actor, **wanted: Any) -> set[str]:
        found: set[str] = set()
        page = 1
        while True:
            answer = self.identity(by=by).users(page=page, **wanted)
            found |= {row["id"] for row in answer["results"]}
            if page * answer["page_size"] >= answer["total"]:
                return found
            page += 1


@pytest.fixture
def area(sessions: database.Sessions, identity: Callable[..., Any]) -> Area:
    made = Area(sessions)
    made.identity = identity
    return made


def change(sessions: database.Sessions, user: models.User, **columns: Any) -> None:
    with sessions.transaction() as session:
        for name, value in columns.items():
            setattr(session.get_one(models.User, user.id), name, value)


class TestFind:
    def test_a6_shows_an_approver_the_own_organisation(self, area: Area) -> None:
        found = area.listed(area.approver)
        assert found == {area.staff.id, area.approver.user_id, area.champion.user_id}

    def test_a6_shows_a_champion_the_area_as_well(self, area: Area) -> None:
        found = area.listed(area.champion)
        assert {area.staff.id, area.neighbour.id, area.approver.user_id} <= found
        assert found.isdisjoint({area.stranger.id, area.administrator.user_id})

    def test_a6_shows_an_administrator_everybody(self, area: Area) -> None:
        everybody = {area.staff.id, area.neighbour.id, area.stranger.id, area.administrator.user_id}
        assert everybody <= area.listed(area.administrator)

    @pytest.mark.parametrize("role", [None, "broker", "extended_reporting", "manage_alerts"])
    def test_a6_is_for_nobody_else(self, area: Area, sessions: database.Sessions, role: str | None) -> None:
        with sessions.transaction() as session:
            other = given.actor(session, given.person(session, of=area.own, roles=[role] if role else []))
        with pytest.raises(errors.Forbidden):
            area.identity(by=other).users()
        with pytest.raises(errors.Forbidden):
            area.identity(by=other).user(user_id=area.staff.id)

    def test_finds_by_part_of_a_name_an_address_or_an_organisation(self, area: Area) -> None:
        assert area.listed(area.approver, q="sABLE") == {area.staff.id}
        assert area.listed(area.approver, q=area.staff.email[:12].upper()) >= {area.staff.id}
        assert area.listed(area.approver, q=area.own.name) == area.listed(area.approver)
        assert area.listed(area.approver, q="%") == set()

    def test_finds_by_what_applicants_called_their_organisation(
        self, area: Area, sessions: database.Sessions
    ) -> None:
        name = f"Unlisted {ids.new()}"
        change(sessions, area.stranger, organisation_id=None, organisation_name=name)
        assert area.listed(area.administrator, q=name) == {area.stranger.id}
        [row] = area.identity(by=area.administrator).users(q=name)["results"]
        assert (row["organisation_id"], row["organisation_name"]) == (None, name)

    def test_filters_by_status_and_leaves_out_the_rejected(
        self, area: Area, sessions: database.Sessions
    ) -> None:
        change(sessions, area.staff, status="rejected")
        assert area.staff.id not in area.listed(area.approver)
        assert area.listed(area.approver, status="rejected") == {area.staff.id}
        change(sessions, area.staff, status="deactivated")
        assert area.listed(area.approver, status="deactivated") == {area.staff.id}

    def test_filters_by_role(self, area: Area) -> None:
        assert area.listed(area.approver, role="approver") == {area.approver.user_id}

    def test_a9_finds_who_has_not_signed_in_for_twelve_months(
        self, area: Area, sessions: database.Sessions
    ) -> None:
        exactly = given.NOW - timedelta(days=365)
        change(sessions, area.staff, last_signed_in_at=exactly)
        assert area.listed(area.approver, only="idle") == {area.staff.id}
        assert area.identity(by=area.approver).user(user_id=area.staff.id)["idle"] is True
        change(sessions, area.staff, last_signed_in_at=exactly + timedelta(seconds=1))
        assert area.listed(area.approver, only="idle") == set()
        assert area.identity(by=area.approver).user(user_id=area.staff.id)["idle"] is False

    def test_a9_counts_from_the_approval_of_who_never_signed_in(
        self, area: Area, sessions: database.Sessions
    ) -> None:
        long_ago = given.NOW - timedelta(days=400)
        change(sessions, area.staff, submitted_at=long_ago)
        assert area.listed(area.approver, only="idle") == {area.staff.id}
        change(sessions, area.staff, decided_at=given.NOW)
        assert area.listed(area.approver, only="idle") == set()

    @pytest.mark.parametrize(
        ("only", "columns"),
        [
            ("locked", {"locked_at": given.NOW}),
            ("no_password", {"password_hash": None}),
            ("no_password", {"temporary_until": given.NOW}),
            ("shared", {"generic": True}),
        ],
    )
    def test_a6_a8_finds_the_locked_those_without_password_and_shared_accounts(
        self, area: Area, sessions: database.Sessions, only: str, columns: dict[str, Any]
    ) -> None:
        assert area.listed(area.approver, only=only) == set()
        change(sessions, area.staff, **columns)
        assert area.listed(area.approver, only=only) == {area.staff.id}

    def test_finds_who_never_signed_in(self, area: Area, sessions: database.Sessions) -> None:
        change(sessions, area.staff, last_signed_in_at=given.NOW)
        found = area.listed(area.approver, only="never_signed_in")
        assert found == {area.approver.user_id, area.champion.user_id}

    @pytest.mark.parametrize("wrong", [{"status": "x"}, {"role": "x"}, {"only": "x"}, {"page": 0}])
    def test_refuses_filters_that_there_are_not(self, area: Area, wrong: dict[str, Any]) -> None:
        with pytest.raises(errors.Invalid) as refused:
            area.identity(by=area.approver).users(**wrong)
        assert set(refused.value.fields) == set(wrong)

    def test_comes_in_pages_by_name(self, area: Area, sessions: database.Sessions) -> None:
        with sessions.transaction() as session:
            for number in range(users.PAGE_SIZE):
                given.person(session, of=area.own, full_name=f"Paged {number:02}")
        first, second = (area.identity(by=area.approver).users(page=page) for page in (1, 2))
        assert first["total"] == second["total"] == users.PAGE_SIZE + 3
        assert (len(first["results"]), len(second["results"])) == (users.PAGE_SIZE, 3)
        names = [row["full_name"] for row in first["results"] + second["results"]]
        assert names == sorted(names)


class TestDescribe:
    def test_a6_tells_what_may_be_done(self, area: Area, sessions: database.Sessions) -> None:
        def may(by: permissions.Actor) -> set[str]:
            return set(area.identity(by=by).user(user_id=area.staff.id)["may"])

        always = {"change", "make_approver", "deactivate", "reset", "end_sessions"}
        assert may(area.approver) == may(area.champion) == always
        assert may(area.administrator) == always | {"grant_roles", "change_organisation"}
        change(sessions, area.staff, locked_at=given.NOW, second_factor_since=given.NOW)
        assert may(area.approver) == always | {"unlock", "remove_second_factor"}
        change(sessions, area.staff, status="deactivated")
        assert "reactivate" in may(area.approver)
        assert may(area.approver).isdisjoint({"deactivate", "reset", "unlock", "end_sessions"})
        change(sessions, area.staff, status="awaiting")
        assert may(area.approver) == set()

    def test_a6_nothing_may_be_done_to_oneself(self, area: Area) -> None:
        assert area.identity(by=area.approver).user(user_id=area.approver.user_id)["may"] == []

    def test_tells_about_homes_and_sessions(self, area: Area, sessions: database.Sessions) -> None:
        with sessions.transaction() as session:
            home = given.provider(session, of=area.own)
        change(sessions, area.staff, provider_ids=[home.id])
        area.identity(by=given.nobody(ids.new())).sign_in(
            email=area.staff.email, password=given.PASSWORD, remember_me=False, user_agent=""
        )
        told = area.identity(by=area.approver).user(user_id=area.staff.id)
        own = [{"id": home.id, "name": home.name, "postcode": home.postcode}]
        assert told["providers"] == told["organisation_providers"] == own
        assert (told["provider_ids"], told["sessions"], told["version"]) == ([home.id], 1, 1)

    def test_never_tells_a_secret(self, area: Area) -> None:
        told = area.identity(by=area.administrator).user(user_id=area.staff.id)
        assert not {name for name in told if "hash" in name or "secret" in name}

    def test_a6_out_of_reach_is_like_unknown(self, area: Area) -> None:
        for user_id in (area.stranger.id, area.administrator.user_id, ids.new(), "nonsense"):
            with pytest.raises(errors.NotFound, match=r"There is no such person\."):
                area.identity(by=area.approver).user(user_id=user_id)
