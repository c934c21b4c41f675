"""B13: what a provider lacks to be listed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import orm

from services.providers import completeness, details, models, services_offered
from tests.providers import given


def missing(provider: models.Provider) -> dict[str, str]:
    return {item["code"]: item["message"] for item in completeness.checklist(provider) if not item["done"]}


class TestChecklist:
    def test_b13_says_what_is_missing_and_where(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor(), funding_sources=[], care_types=[])
        assert missing(home) == {
            "services": "Choose at least one bed type that you offer, under Services.",
            "capacity": "Say how many beds you have and how many are vacant, under Capacity.",
            "price": "Give a weekly price for at least one bed type, under Capacity.",
            "funding_source": "Choose at least one funding source that you accept, under Details.",
            "care_type": "Choose at least one care type, under Details.",
        }

    def test_b13_is_done_step_by_step(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_nursing", "general_residential", by=by)
        assert set(missing(home)) == {"capacity", "price"}
        unpriced = [
            given.figures(code, weekly_price_from=None) for code in ("general_nursing", "general_residential")
        ]
        given.declare(session, home, *unpriced, by=by)
        assert (set(missing(home)), home.listed) == ({"price"}, False)
        given.declare(session, home, unpriced[0], given.figures(), by=by)
        assert (missing(home), home.listed) == ({}, True)

    @pytest.mark.parametrize(
        ("lacking", "code"), [({"funding_sources": []}, "funding_source"), ({"care_types": []}, "care_type")]
    )
    def test_b13_needs_a_funding_source_and_a_care_type(
        self, session: orm.Session, lacking: dict[str, Any], code: str
    ) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by, **lacking)
        assert (list(missing(home)), home.listed) == ([code], False)
        fields = {"funding_sources": ["icb"], "care_types": ["nursing"]}
        details.change(
            session, provider_id=home.id, version=None, fields=fields, place=None, by=by, now=given.NOW
        )
        assert home.listed is True
        assert given.recorded(session)[-1]["provider"]["listed"] is True

    @pytest.mark.parametrize("type_", ["acute", "community", "hospice"])
    def test_b13_asks_units_for_services_and_capacity_alone(self, session: orm.Session, type_: str) -> None:
        by = given.administrator()
        unit = given.offering(session, "end_of_life", by=by, type=type_, funding_sources=[], care_types=[])
        assert list(missing(unit)) == ["capacity"]
        given.declare(session, unit, {"bed_type": "end_of_life", "maximum": 6, "accepting": 1}, by=by)
        assert unit.listed is True

    @pytest.mark.parametrize(
        ("type_", "code"), [("home_care", "home_care_personal"), ("substance_misuse", "detoxification")]
    )
    def test_b13_asks_other_types_no_price(self, session: orm.Session, type_: str, code: str) -> None:
        by = given.actor()
        site = given.offering(session, code, by=by, type=type_, funding_sources=[], care_types=[])
        given.declare(session, site, {"bed_type": code, "maximum": 6, "accepting": 1}, by=by)
        assert (missing(site), site.listed) == ({}, True)

    def test_b13_is_open_again_when_all_that_was_declared_goes(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        services_offered.replace(
            session,
            provider_id=home.id,
            version=None,
            form=given.services("general_nursing"),
            by=by,
            now=given.NOW,
        )
        assert (set(missing(home)), home.listed) == ({"capacity", "price"}, False)

    def test_b13_says_which_bed_types_still_lack_figures(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        home.bed_types.append(
            models.OfferedBedType(
                bed_type="general_nursing", reference=session.get_one(models.BedType, "general_nursing")
            )
        )
        capacity = next(item for item in completeness.checklist(home) if item["code"] == "capacity")
        assert capacity == {
            "code": "capacity",
            "done": True,
            "message": "Beds and vacancies are declared, but not yet for General Nursing.",
        }
