"""The public report as a table for spreadsheets, and the words that it shares with the PDF (C8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts import published, vocabulary
from kit import spreadsheets

LONDON = ZoneInfo("Europe/London")
COLUMNS = (
    "Name",
    "Type",
    "Address",
    "Town",
    "Postcode",
    "Telephone",
    "Website",
    "CQC rating",
    "CQC location id",
    "Admits out of hours",
    "Bed type",
    "Vacancies",
    "Last updated",
    "Note",
)

Row = Mapping[str, Any]


def table(report: Row, *, site: str) -> bytes:
    """Return the report as CSV, a line for each home and bed type; its first line says what it is."""
    told = (
        f"Vacancies in {report['area']['name']} as of {_moment(report['as_of'])}. {' '.join(published.ABOUT)}"
    )
    first = [f"{told} {published.RATINGS_FROM} As it is now: {address(report, site=site)}"]
    rows = (cells for home in report["results"] for cells in _cells(home))
    return (spreadsheets.BYTE_ORDER_MARK + spreadsheets.lines([first, COLUMNS, *rows])).encode()


def _cells(home: Row) -> Iterator[list[Any]]:
    for bed in home["vacancies"]:
        yield [
            home["name"],
            type_name(home["type"]),
            home["address"],
            home["town"],
            home["postcode"],
            home["phone"],
            home["website"],
            rating(home),
            home["cqc_location_id"],
            "yes" if home["accepting_out_of_hours"] else "",
            type_of_bed(bed),
            published.words(bed["number"], bed["or_more"]),
            _moment(home["last_updated"]),
            published.OUT_OF_DATE if home["stale"] else "",
        ]


def address(report: Row, *, site: str) -> str:
    """Return where the report is found as it is now."""
    return f"{site}/public/vacancies/{report['area']['code']}"


def type_name(code: str) -> str:
    """Say what a type of provider is called."""
    return vocabulary.PROVIDER_TYPES.get(code, code.replace("_", " ").capitalize())


def type_of_bed(told: Row) -> str:
    """Say what is counted: beds of a type, or people where a provider looks after people at home."""
    return f"{told['label']} (people)" if told["unit"] == "person" else str(told["label"])


def rating(home: Row) -> str:
    """Say the rating of the CQC, if there is one."""
    code = home["cqc_rating"]
    return vocabulary.RATINGS.get(code, str(code)) if code else ""


def _moment(at: str | None) -> str:
    return datetime.fromisoformat(at).astimezone(LONDON).strftime("%Y-%m-%d %H:%M") if at else "never"
