"""Alerts: what an authority warns of at a provider, from one day to another (B15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from contracts import errors, permissions
from kit import ids
from services.providers import bed_types, changes, choices, models, opening, publishing, snapshots

KIND = "alerts"
MOST = snapshots.MOST_ALERTS
"""Alerts of one provider that are on or to come."""
LONGEST = 500
"""Characters of what an alert says."""


def put(
    session: Session,
    *,
    provider_id: str,
    kind: str,
    text: str,
    starts_on: date,
    ends_on: date | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Set an alert on a provider.

    :raises errors.Forbidden: ``by`` may not set alerts there.
    :raises errors.Invalid: naming what is wrong with it.
    """
    provider = opening.to_change(session, provider_id=provider_id, by=by, action=permissions.SET_ALERTS)
    today = bed_types.london_date(now)
    faults = _faults(text, starts_on=starts_on, ends_on=ends_on, today=today)
    if choices.refused(session, choices.ALERT_KIND, [kind], on=today):
        faults["kind"] = "Choose what kind of alert it is."
    if sum(not _is_over(one, today=today) for one in provider.alerts) >= MOST:
        faults["kind"] = f"There are {MOST} alerts already; let one of them end instead."
    if faults:
        raise errors.Invalid("The alert needs correcting; nothing was saved.", faults)
    before = changes.state(provider)
    alert = models.Alert(
        id=ids.new(),
        kind=kind,
        text=" ".join(text.split()),
        starts_on=starts_on,
        ends_on=ends_on,
        set_at=now,
        set_by_id=by.user_id,
        set_by=by.full_name,
    )
    provider.alerts = sorted([alert, *provider.alerts], key=lambda one: (one.starts_on, one.id), reverse=True)
    publishing.publish(session, provider, kind=KIND, before=before, by=by, now=now)
    return provider


def end(
    session: Session,
    *,
    provider_id: str,
    alert_id: str,
    ends_on: date | None,
    was: Mapping[str, date | None] | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Let an alert end on a day, without one today; one that began no sooner than today is taken back.

    ``was`` is the last day (``ends_on``) that its editor saw, where that is known.

    :raises errors.NotFound: there is no such alert.
    :raises errors.Stale: somebody gave it another last day meanwhile.
    :raises errors.Invalid: it would end before it starts, or is over.
    """
    provider = opening.to_change(session, provider_id=provider_id, by=by, action=permissions.SET_ALERTS)
    alert = next((one for one in provider.alerts if one.id == alert_id), None)
    if alert is None:
        raise errors.NotFound("There is no such alert.")
    today = bed_types.london_date(now)
    if was is not None and was["ends_on"] != alert.ends_on:
        raise errors.Stale(
            "Somebody changed this alert meanwhile; nothing of yours was saved. Look at it, then decide.",
            {"ends_on": f"its last day is now {alert.ends_on or 'not known'}"},
        )
    if _is_over(alert, today=today):
        raise errors.Invalid("The alert is over already.", {"ends_on": "It ended before today."})
    last = ends_on or today
    before = changes.state(provider)
    if last == alert.ends_on:
        return provider
    if ends_on is None and alert.starts_on >= today:
        provider.alerts.remove(alert)
    elif last < max(alert.starts_on, today):
        raise errors.Invalid("The day is past.", {"ends_on": "Choose today or a day to come."})
    else:
        alert.ends_on = last
    publishing.publish(session, provider, kind=KIND, before=before, by=by, now=now)
    return provider


def _is_over(alert: models.Alert, *, today: date) -> bool:
    return alert.ends_on is not None and alert.ends_on < today


def answer(alert: models.Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "kind": alert.kind,
        "text": alert.text,
        "starts_on": alert.starts_on.isoformat(),
        "ends_on": alert.ends_on.isoformat() if alert.ends_on else None,
        "set_at": alert.set_at.isoformat(),
        "set_by": alert.set_by,
    }


def _faults(text: str, *, starts_on: date, ends_on: date | None, today: date) -> dict[str, str]:
    faults = {}
    if not text.strip():
        faults["text"] = "Say what those who look for a place should know."
    elif len(text) > LONGEST:
        faults["text"] = f"Write at most {LONGEST} characters."
    elif not " ".join(text.split()).isprintable():
        faults["text"] = "This holds characters that cannot be stored."
    if ends_on is not None and ends_on < starts_on:
        faults["ends_on"] = "It cannot end before it starts."
    elif ends_on is not None and ends_on < today:
        faults["ends_on"] = "It would be over already."
    if abs((starts_on - today).days) > 366:
        faults["starts_on"] = "Choose a day within a year of today."
    return faults
