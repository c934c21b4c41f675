"""The outlines that the map shows where there are no tiles."""

from __future__ import annotations

import gzip
import json
import math
from typing import Any

import pytest

from contracts import areas
from deploy import outlines


@pytest.fixture(scope="module")
def drawn() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(outlines.OUTLINES.read_text())
    return made


class TestFile:
    def test_is_what_the_lists_give(self) -> None:
        assert outlines.OUTLINES.read_text() == outlines.as_text(), "run `python -m deploy.outlines`"

    def test_is_small_enough_for_a_slow_line(self) -> None:
        assert len(gzip.compress(outlines.OUTLINES.read_bytes())) < 30_000

    def test_names_every_town_that_search_knows(self, drawn: dict[str, Any]) -> None:
        named = {town[0] for town in drawn["towns"]}
        assert named == {district.town for district in outlines.districts()}

    def test_tells_towns_of_one_name_apart(self, drawn: dict[str, Any]) -> None:
        richmonds = [town[1:3] for town in drawn["towns"] if town[0] == "Richmond"]
        assert len(richmonds) == 2

    def test_puts_large_towns_first(self, drawn: dict[str, Any]) -> None:
        assert drawn["towns"][0][0] == "London"
        weights = [town[3] for town in drawn["towns"]]
        assert weights == sorted(weights, reverse=True)


class TestLand:
    def test_holds_the_middle_of_every_postcode_district(self) -> None:
        land = outlines.coast()
        at_sea = [
            district.code
            for district in outlines.districts()
            if not any(outlines.is_inside(district.middle, ring) for ring in land)
        ]
        assert at_sea == []

    def test_ends_where_england_does(self) -> None:
        land = outlines.coast()
        elsewhere = {
            "Edinburgh": (325_000.0, 673_000.0),
            "Cardiff": (318_000.0, 176_000.0),
            "Wrexham": (333_500.0, 350_500.0),
            "the North Sea": (600_000.0, 500_000.0),
        }
        assert [
            place for place, at in elsewhere.items() if any(outlines.is_inside(at, ring) for ring in land)
        ] == []


class TestBorders:
    def test_lie_between_the_middles_of_two_councils(self) -> None:
        """Whoever stands on a border has a district of each council nearest, at one distance."""
        found = outlines.districts()
        _, councils = outlines.borders(found)
        for (x1, y1), (x2, y2) in councils[::25]:
            one, other = nearest(found, ((x1 + x2) / 2, (y1 + y2) / 2))
            assert one.council != other.council

    def test_know_the_region_of_every_council(self) -> None:
        assert {district.region for district in outlines.districts()} == {
            region.code for region in areas.regions()
        }


def nearest(found: list[outlines.District], point: outlines.Point) -> list[outlines.District]:
    """Return the two districts whose middles are nearest to a point."""
    return sorted(found, key=lambda district: math.dist(district.middle, point))[:2]
