"""B15: alerts that an authority sets on a home, with dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import errors, permissions
from services.providers import alerts, models
from tests.providers import given

TODAY = date(2026, 3, 2)


def watcher(council_code: str = given.DURHAM) -> permissions.Actor:
    return given.actor(
        permissions.MANAGE_ALERTS, organisation_type="local_authority", council_code=council_code
    )


def put(session: orm.Session, home: models.Provider, **changed: Any) -> models.Alert:
    plain = {"kind": "outbreak", "text": "Norovirus on the first floor.", "starts_on": TODAY, "ends_on": None}
    defaults = {"by": watcher(), "now": given.NOW}
    return alerts.put(session, provider_id=home.id, **(plain | defaults | changed)).alerts[0]


def end(session: orm.Session, home: models.Provider, alert: models.Alert, **changed: Any) -> None:
    defaults = {"ends_on": None, "was": None, "by": watcher(), "now": given.NOW}
    alerts.end(session, provider_id=home.id, alert_id=alert.id, **(defaults | changed))


@pytest.fixture
def home(session: orm.Session) -> models.Provider:
    return given.provider(session, of=given.actor())


class TestPut:
    def test_b15_is_told_to_those_who_search(self, session: orm.Session, home: models.Provider) -> None:
        put(session, home, ends_on=TODAY + timedelta(days=6))
        assert given.recorded(session)[-1]["provider"]["alerts"] == [
            {
                "kind": "outbreak",
                "text": "Norovirus on the first floor.",
                "starts_on": "2026-03-02",
                "ends_on": "2026-03-08",
            }
        ]

    def test_b15_says_who_set_it(self, session: orm.Session, home: models.Provider) -> None:
        by = watcher()
        alert = put(session, home, by=by)
        assert (alert.set_by, alert.set_by_id, alert.set_at) == (by.full_name, by.user_id, given.NOW)
        entry = session.scalars(select(models.AuditEntry)).one()
        assert entry.action == "alerts changed"

    def test_b15_is_for_those_who_manage_alerts_in_the_area(
        self, session: orm.Session, home: models.Provider
    ) -> None:
        for by in (watcher(given.NEWCASTLE), given.broker(), given.actor()):
            with pytest.raises(errors.Forbidden):
                put(session, home, by=by)
        put(session, home, by=given.administrator())

    @pytest.mark.parametrize(
        ("given_wrong", "field"),
        [
            ({"kind": "rumour"}, "kind"),
            ({"text": "  "}, "text"),
            ({"text": "a" * 501}, "text"),
            ({"text": "a\x07"}, "text"),
            ({"ends_on": TODAY - timedelta(days=1)}, "ends_on"),
            ({"starts_on": TODAY - timedelta(days=9), "ends_on": TODAY - timedelta(days=1)}, "ends_on"),
            ({"starts_on": TODAY + timedelta(days=400)}, "starts_on"),
        ],
    )
    def test_b15_refuses_what_cannot_be_meant(
        self, session: orm.Session, home: models.Provider, given_wrong: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(errors.Invalid) as refused:
            put(session, home, **given_wrong)
        assert list(refused.value.fields) == [field]
        assert home.version == 1

    def test_b15_counts_only_alerts_that_are_not_over(
        self, session: orm.Session, home: models.Provider
    ) -> None:
        for _ in range(alerts.MOST):
            put(session, home, ends_on=TODAY)
        with pytest.raises(errors.Invalid):
            put(session, home)
        put(session, home, starts_on=TODAY + timedelta(days=1), now=given.NOW + timedelta(days=1))

    def test_b15_tells_searchers_of_one_that_is_on_before_any_that_are_over(
        self, session: orm.Session, home: models.Provider
    ) -> None:
        put(session, home, kind="embargo", text="Ask the council first.")
        for day in range(1, 30):
            later = TODAY + timedelta(days=day)
            put(session, home, starts_on=later, ends_on=later, now=given.NOW + timedelta(days=day))
        told = given.recorded(session)[-1]["provider"]["alerts"]
        assert told[0]["text"] == "Ask the council first."


class TestEnd:
    def test_b15_ends_it_today(self, session: orm.Session, home: models.Provider) -> None:
        alert = put(session, home, starts_on=TODAY - timedelta(days=3))
        end(session, home, alert)
        assert alert.ends_on == TODAY

    def test_b15_takes_back_what_was_set_today_by_mistake_and_keeps_it_in_the_audit(
        self, session: orm.Session, home: models.Provider
    ) -> None:
        end(session, home, put(session, home))
        assert home.alerts == []
        entry = session.scalars(select(models.AuditEntry).order_by(models.AuditEntry.id)).all()[-1]
        assert "Norovirus" in str(entry.before)

    def test_b10_refuses_when_somebody_gave_it_another_last_day_meanwhile(
        self, session: orm.Session, home: models.Provider
    ) -> None:
        alert = put(session, home, starts_on=TODAY - timedelta(days=3))
        end(session, home, alert, ends_on=TODAY + timedelta(days=300))
        with pytest.raises(errors.Stale) as refused:
            end(session, home, alert, was={"ends_on": None})
        assert refused.value.fields == {"ends_on": "its last day is now 2026-12-27"}
        end(session, home, alert, was={"ends_on": TODAY + timedelta(days=300)})
        assert alert.ends_on == TODAY

    def test_b15_ends_it_once(self, session: orm.Session, home: models.Provider) -> None:
        alert = put(session, home, starts_on=TODAY - timedelta(days=3))
        end(session, home, alert)
        version = home.version
        end(session, home, alert)
        assert home.version == version

    def test_b15_ends_it_on_a_day_to_come(self, session: orm.Session, home: models.Provider) -> None:
        alert = put(session, home)
        end(session, home, alert, ends_on=TODAY + timedelta(days=3))
        assert alert.ends_on == TODAY + timedelta(days=3)

    def test_b15_takes_back_what_has_not_begun(self, session: orm.Session, home: models.Provider) -> None:
        alert = put(session, home, starts_on=TODAY + timedelta(days=2))
        end(session, home, alert)
        assert home.alerts == []

    def test_b15_refuses_a_day_that_is_past(self, session: orm.Session, home: models.Provider) -> None:
        alert = put(session, home)
        with pytest.raises(errors.Invalid, match="past"):
            end(session, home, alert, ends_on=TODAY - timedelta(days=1))

    def test_b15_refuses_what_is_over(self, session: orm.Session, home: models.Provider) -> None:
        alert = put(session, home, ends_on=TODAY)
        with pytest.raises(errors.Invalid, match="over already"):
            end(session, home, alert, now=given.NOW + timedelta(days=1))

    def test_b15_knows_only_alerts_of_the_provider(self, session: orm.Session, home: models.Provider) -> None:
        alert = put(session, given.provider(session, of=given.actor()))
        with pytest.raises(errors.NotFound):
            end(session, home, alert)
