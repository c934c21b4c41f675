"""B14: how old figures may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contracts import freshness

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class TestOverdue:
    @pytest.mark.parametrize(
        ("provider_type", "hours"), [("acute", 24), ("community", 24), ("care_home", 48), ("hospice", 168)]
    )
    def test_b14_begins_after_the_age_expected(self, provider_type: str, hours: int) -> None:
        for late in (timedelta(0), timedelta(seconds=1)):
            last_updated = NOW - timedelta(hours=hours) - late
            overdue = freshness.overdue(provider_type=provider_type, last_updated=last_updated, now=NOW)
            assert overdue is bool(late)

    def test_b14_is_whoever_never_declared(self) -> None:
        assert freshness.overdue(provider_type="care_home", last_updated=None, now=NOW) is True
