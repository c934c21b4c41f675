"""B14: how old figures may be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.providers import freshness
from tests.providers import given


class TestOverdue:
    @pytest.mark.parametrize(
        ("provider_type", "hours"), [("acute", 24), ("community", 24), ("care_home", 48), ("hospice", 168)]
    )
    def test_b14_begins_after_the_age_expected(self, provider_type: str, hours: int) -> None:
        for late in (timedelta(0), timedelta(seconds=1)):
            last_updated = given.NOW - timedelta(hours=hours) - late
            overdue = freshness.overdue(provider_type=provider_type, last_updated=last_updated, now=given.NOW)
            assert overdue is bool(late)

    def test_b14_is_whoever_never_declared(self) -> None:
        assert freshness.overdue(provider_type="care_home", last_updated=None, now=given.NOW) is True
