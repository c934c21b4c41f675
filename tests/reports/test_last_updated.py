"""The last updated report (D3): who sees which providers, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import orm

from contracts import errors, permissions
from kit import ids
from services.reports import last_updated, providers_known
from tests.factories.snapshots import snapshot

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ORGANISATION = ids.new()


def actor(organisation_type: str, *roles: str, **more: Any) -> permissions.Actor:
    return permissions.Actor(
        kind="user",
        organisation_type=organisation_type,
        roles=frozenset(roles),
        **({"organisation_id": ids.new()} | more),
    )


def given(session: orm.Session, name: str, *, hours_ago: int | None = 1, **changes: Any) -> str:
    when = None if hours_ago is None else (NOW - timedelta(hours=hours_ago)).isoformat()
    made = snapshot(name=name, last_updated=when, **changes)
    providers_known.keep(session, made)
    return made["provider_id"]


def names(session: orm.Session, by: permissions.Actor, page: int = 1) -> list[str]:
    return [row["name"] for row in last_updated.report(session, by=by, page=page)["results"]]


class TestReport:
    def test_d3_puts_the_never_updated_first_and_then_the_oldest(self, session: orm.Session) -> None:
        given(session, "fresh", hours_ago=1)
        given(session, "never", hours_ago=None)
        given(session, "old", hours_ago=90)
        assert names(session, actor("local_authority", council_code="E06000047")) == ["never", "old", "fresh"]

    def test_d3_shows_a_council_its_area_only(self, session: orm.Session) -> None:
        given(session, "near")
        given(session, "far", council_code="E08000035", sub_icb_code="15F", icb_code="QWO")
        assert names(session, actor("local_authority", council_code="E06000047")) == ["near"]

    def test_d3_shows_an_icb_all_its_councils(self, session: orm.Session) -> None:
        given(session, "one")
        given(session, "other", council_code="E08000021")
        assert set(names(session, actor("icb", icb_code="QHM"))) == {"one", "other"}

    def test_d3_shows_a_care_home_user_its_own_only(self, session: orm.Session) -> None:
        own = given(session, "own", organisation_id=ORGANISATION)
        given(session, "sister", organisation_id=ORGANISATION)
        given(session, "rival")
        everyone = actor("care_home", organisation_id=ORGANISATION)
        assert set(names(session, everyone)) == {"own", "sister"}
        one_home = actor("care_home", organisation_id=ORGANISATION, provider_ids=(own,))
        assert names(session, one_home) == ["own"]

    def test_d3_shows_an_administrator_everything(self, session: orm.Session) -> None:
        given(session, "one")
        given(session, "other", council_code="E08000035")
        assert len(names(session, actor("other", permissions.ADMINISTRATOR))) == 2

    def test_shows_nobody_without_an_area_anything(self, session: orm.Session) -> None:
        given(session, "one", council_code=None, sub_icb_code=None, icb_code=None)
        assert names(session, actor("csu")) == []

    def test_d3_says_how_to_reach_each(self, session: orm.Session) -> None:
        given(session, "near", email="office@near.example", phone="01632 960001")
        rows = last_updated.report(session, by=actor("icb", icb_code="QHM"), page=1)["results"]
        assert [(row["email"], row["phone"]) for row in rows] == [("office@near.example", "01632 960001")]

    def test_leaves_out_the_deactivated(self, session: orm.Session) -> None:
        given(session, "gone", active=False)
        assert names(session, actor("local_authority", council_code="E06000047")) == []

    def test_pages_without_skipping_or_repeating(self, session: orm.Session) -> None:
        made = {f"home {number}" for number in range(45)}
        for name in made:
            given(session, name, hours_ago=5)
        by = actor("local_authority", council_code="E06000047")
        seen = [name for page in (1, 2, 3) for name in names(session, by, page)]
        assert len(seen) == 45
        assert set(seen) == made

    def test_refuses_whoever_is_not_signed_in(self, session: orm.Session) -> None:
        with pytest.raises(errors.Unauthenticated):
            names(session, permissions.ANONYMOUS)

    @pytest.mark.parametrize("page", [0, -1, 10**9, "x", None])
    def test_refuses_a_page_that_cannot_be(self, session: orm.Session, page: Any) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            names(session, actor("icb", icb_code="QHM"), page)
        assert "page" in refusal.value.fields

    def test_names_those_who_updated_and_nobody_who_is_unknown(self, session: orm.Session) -> None:
        known, unknown = ids.new(), ids.new()
        given(session, "a", hours_ago=3, last_updated_by_id=known)
        given(session, "b", hours_ago=2, last_updated_by_id=unknown)
        answer = last_updated.report(session, by=actor("icb", icb_code="QHM"), page=1)
        assert set(last_updated.updaters(answer)) == {known, unknown}
        rows = last_updated.with_names(answer, {known: "Stanley Staff"})["results"]
        assert [row["last_updated_by"] for row in rows] == ["Stanley Staff", None]
        assert "last_updated_by_id" not in rows[0]


class TestKeep:
    def test_ignores_late_and_repeated_news(self, session: orm.Session) -> None:
        newest = snapshot(version=3, name="newest")
        assert providers_known.keep(session, newest)
        assert not providers_known.keep(session, newest)
        assert not providers_known.keep(session, newest | {"version": 2, "name": "older"})
        assert names(session, actor("icb", icb_code="QHM")) == ["newest"]
