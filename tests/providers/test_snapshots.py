"""A provider as other services keep it."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import orm

from contracts import errors
from services.providers import models, snapshots
from tests.providers import given

GOLDEN = Path(__file__).parents[1] / "contracts" / "golden"


def _bed_type(row: dict[str, Any]) -> models.OfferedBedType:
    figures = {name: value for name, value in row.items() if name not in ("label", "unit")}
    return models.OfferedBedType(
        **figures, reference=models.BedType(code=row["bed_type"], label=row["label"], unit=row["unit"])
    )


def _alert(row: dict[str, Any]) -> models.Alert:
    days = {name: date.fromisoformat(row[name]) for name in ("starts_on", "ends_on")}
    return models.Alert(**(row | days))


class TestOf:
    @pytest.mark.parametrize("name", ["provider_changed", "capacity_declared"])
    def test_is_what_consumers_are_tested_with(self, name: str) -> None:
        golden = json.loads((GOLDEN / f"{name}.json").read_text())["provider"]
        rows = ("bed_types", "notes", "alerts")
        columns = {key: value for key, value in golden.items() if key not in ("provider_id", *rows)}
        columns["last_updated"] = datetime.fromisoformat(golden["last_updated"])
        columns["cqc_rating_date"] = date.fromisoformat(golden["cqc_rating_date"])
        provider = models.Provider(id=golden["provider_id"], **columns)
        provider.bed_types = [_bed_type(row) for row in golden["bed_types"]]
        provider.notes = [
            models.Note(text=row["text"], written_at=datetime.fromisoformat(row["at"]))
            for row in golden["notes"]
        ]
        provider.alerts = [_alert(row) for row in golden["alerts"]]
        assert snapshots.of(provider) == golden

    def test_leaves_out_bed_types_without_figures(self, session: orm.Session) -> None:
        home = given.offering(session, "general_residential", by=given.actor())
        assert snapshots.of(home)["bed_types"] == []


class TestPage:
    def test_walks_through_every_provider_once(self, session: orm.Session) -> None:
        by = given.actor()
        made = [given.declared(session, "general_nursing", "general_residential", by=by) for _ in range(5)]
        session.expunge_all()
        found, after = [], None
        for _ in range(3):
            page = snapshots.page(session, after=after, limit=2)
            found += page["results"]
            after = page["next"]
        assert after is None
        assert [row["provider_id"] for row in found] == sorted(home.id for home in made)
        assert all(len(row["bed_types"]) == 2 for row in found)

    def test_says_the_same_as_the_last_event(self, session: orm.Session) -> None:
        given.declared(session, "general_residential", by=given.actor(), cqc_rating="good")
        session.expunge_all()
        assert snapshots.page(session, after=None, limit=10)["results"] == [
            given.recorded(session)[-1]["provider"]
        ]

    def test_ends_when_a_full_page_was_the_last(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor())
        assert snapshots.page(session, after=None, limit=1)["next"] == home.id
        assert snapshots.page(session, after=home.id, limit=1) == {"results": [], "next": None}


class TestEntrypoint:
    def test_is_for_services_only(self, service: object) -> None:
        for by in (given.administrator(), given.actor()):
            with pytest.raises(errors.Forbidden):
                service(by=by).snapshots()  # type: ignore[operator]
