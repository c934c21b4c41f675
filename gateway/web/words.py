"""Times, ages, money and places as the pages say them: UK style, Europe/London."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from contracts import permissions, vocabulary

LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
YEAR = timedelta(days=365)
DIALLED = range(10, 16)
"""How many digits a telephone number has, from the shortest of ours with its area to the longest of any."""
FULL_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}", re.ASCII)

ROLES = {
    permissions.APPROVER: "Approver",
    permissions.BROKER: "Broker",
    permissions.SYSTEM_CHAMPION: "System Champion",
    permissions.EXTENDED_REPORTING: "Extended Reporting",
    permissions.MANAGE_ALERTS: "Manage Alerts",
    permissions.ADMINISTRATOR: "Administrator",
}
CHANNELS = {
    "web": "on this site",
    "api": "by care software",
    "email_link": "from the reminder email",
    "bulk": "by bulk update",
}


def instant(value: str | datetime | None) -> datetime | None:
    """Return a time that crossed the bus as text as an aware datetime."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value)


def age(value: str | datetime | None, now: datetime) -> str:
    """Say how long ago something was ("3 hours ago"), or "never"."""
    then = instant(value)
    if then is None:
        return "never"
    passed = now - then
    if passed < MINUTE:
        return "just now"
    for unit, name, until in (
        (MINUTE, "minute", HOUR),
        (HOUR, "hour", 2 * DAY),
        (DAY, "day", 2 * WEEK),
        (WEEK, "week", 20 * WEEK),
        (30 * DAY, "month", 2 * YEAR),
    ):
        if passed < until:
            return f"{count(passed // unit, name)} ago"
    return f"{count(passed // YEAR, 'year')} ago"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Say a number with its noun: "1 bed", "2 beds", "1,200 beds"."""
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,} {noun}"


def listed(names: Sequence[str]) -> str:
    """Say several things in one go: "A", "A and B", "A, B and C"."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def postcode(typed: str) -> str:
    """Say a postcode as it is written, whatever way it was typed."""
    compact = "".join(typed.upper().split())
    return f"{compact[:-3]} {compact[-3:]}" if FULL_POSTCODE.fullmatch(compact) else typed.upper()


def freshness(value: str | datetime | None, now: datetime) -> str:
    """Grade a figure for its mark: fresh within a day, recent within a week, else old."""
    then = instant(value)
    if then is None or now - then > WEEK:
        return "old"
    return "fresh" if now - then <= DAY else "recent"


def moment(value: str | datetime | None) -> str:
    """Say a time as people write it here: 22 November 2026 at 7:05am."""
    then = instant(value)
    if then is None:
        return "never"
    local = then.astimezone(LONDON)
    return f"{local.day} {local:%B %Y} at {clock_time(local)}"


def day(value: str | datetime | None) -> str:
    """Say a date: 22 November 2026."""
    then = instant(value)
    if then is None:
        return "never"
    local = then.astimezone(LONDON)
    return f"{local.day} {local:%B %Y}"


def date_words(value: str | None) -> str:
    """Say a day that crossed the bus as 2026-11-22: 22 November 2026."""
    if not value:
        return "no day"
    said = date.fromisoformat(value)
    return f"{said.day} {said:%B %Y}"


def london_day() -> date:
    """Return the day it is in London."""
    return datetime.now(LONDON).date()


def clock_time(local: datetime) -> str:
    """Say a time of day: 7:05am, 12 midday or midnight by name."""
    if (local.hour, local.minute) in ((0, 0), (12, 0)):
        return "midnight" if local.hour == 0 else "midday"
    return f"{local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def machine_time(value: str | datetime | None) -> str:
    """Return a time for a datetime attribute."""
    then = instant(value)
    return then.astimezone(UTC).isoformat(timespec="seconds") if then else ""


def figure(value: int | None) -> str:
    """Say a number of beds; a dash where none has been declared."""
    return "–" if value is None else f"{value:,}"


def pounds(value: int | str | None) -> str:
    """Say a price in whole pounds: £1,250; text that is no number is said as somebody typed it."""
    if value is None:
        return ""
    return f"£{value:,}" if isinstance(value, int) else value


def miles(value: float | None) -> str:
    """Say a distance in miles with one decimal."""
    if value is None:
        return ""
    return "1.0 mile" if f"{value:.1f}" == "1.0" else f"{value:,.1f} miles"


def rating(code: str | None) -> str:
    """Say a CQC rating; the code itself when it is new to us."""
    return vocabulary.RATINGS.get(code, code) if code else "No rating known"


def funding(code: str) -> str:
    """Say a funding source."""
    return vocabulary.FUNDING_SOURCES.get(code, code)


def telephone_link(number: str) -> str:
    """Return the address a phone dials for a number written by a person; none when it is not one number."""
    written = number.strip().lower()
    if written.startswith("+"):
        # Who dials the country's code leaves out the trunk's nought.
        written = written.replace("(0)", "")
    first, *rest = re.split(r"(ext|x|[/,])", written, maxsplit=1)
    digits = re.sub(r"[^0-9]", "", first)
    if len(digits) not in DIALLED:
        return ""
    extension = re.sub(r"[^0-9]", "", rest[1]) if rest and rest[0] in ("ext", "x") else ""
    plus = "+" if first.startswith("+") else ""
    return f"tel:{plus}{digits}{f';ext={extension}' if extension else ''}"


def web_link(website: str | None) -> str:
    """Return the address of a website that somebody entered; none when a press would do anything else."""
    written = (website or "").strip()
    address = f"https://{written}" if written.lower().startswith("www.") else written
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme.lower() in ("http", "https") and parts.hostname else ""


def anchor(field: str) -> str:
    """Return the id of the input that holds a field: bed_types.0.accepting → bed_types-0-accepting."""
    return field.replace(".", "-")


def role_name(role: str) -> str:
    """Return what a role is called."""
    return ROLES.get(role, role)
