"""What search answers: homes as an export is told of them, and somebody who asks for a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self

import pytest
import python_calamine

from contracts import criteria, errors, permissions
from kit import database, ids, jobs
from services.reports import exports_asked, exports_work, models

NOW = datetime(2026, 7, 20, 9, 0, tzinfo=UTC)
"""In summer, when clocks in London are an hour ahead."""
COORDINATOR = permissions.Actor(
    kind="user",
    user_id=ids.new(),
    full_name="Cal Coordinator",
    organisation_id=ids.new(),
    organisation_type="local_authority",
)
DURHAM = {
    "postcode": "DH1 3YG",
    "name": "DH1 3YG",
    "easting": 427_000,
    "northing": 542_000,
    "precision": "postcode",
}
LEEDS = {**DURHAM, "postcode": "LS1 4DY", "name": "LS1 4DY", "easting": 430_000, "northing": 433_000}
CHOICES = [
    {"kind": "bed_type", "code": "general_residential", "label": "General Residential"},
    {"kind": "bed_type", "code": "dementia_nursing", "label": "Dementia Nursing"},
    {"kind": "provider_type", "code": "care_home", "label": "Care home"},
    {"kind": "short_stay_service", "code": "respite", "label": "Respite Care"},
    {"kind": "capability", "code": "tracheostomy", "label": "Tracheostomy"},
    {"kind": "language", "code": "English", "label": "English"},
    {"kind": "alert_kind", "code": "outbreak", "label": "Outbreak"},
]


def bed(bed_type: str = "general_residential", accepting: int = 2, price: int | None = 900) -> dict[str, Any]:
    return {
        "bed_type": bed_type,
        "label": None,
        "unit": "bed",
        "accepting": accepting,
        "weekly_price_from": price,
    }


def home(name: str = "Cranberry House", *, miles: float = 1.2, **facts: Any) -> dict[str, Any]:
    """Return a home so many miles east of Durham."""
    plain: dict[str, Any] = {
        "provider_id": ids.new(),
        "name": name,
        "type": "care_home",
        "address": "1 Example Lane",
        "town": "Durham",
        "postcode": "DH1 3YG",
        "easting": DURHAM["easting"] + round(miles * 1609.344),
        "northing": DURHAM["northing"],
        "distance_miles": miles,
        "distances_miles": [miles, 60 + miles],
        "distance_precision": "postcode",
        "bed_types": [bed()],
        "short_stay_services": ["respite"],
        "languages": ["English"],
        "funding_sources": ["local_authority"],
        "care_types": ["residential"],
        "cqc_services": ["Care home service without nursing"],
        "capabilities": {"tracheostomy": {"nursing": 2, "non_nursing": 1}},
        "contracts": ["E06000047"],
        "weekend_admissions": True,
        "accepting_out_of_hours": False,
        "last_updated": "2026-07-20T06:05:00+00:00",
        "fresh": True,
        "cqc_rating": "good",
        "cqc_rating_date": "2025-03-04",
        "cqc_location_id": "1-1000000001",
        "phone": "0191 496 0100",
        "email": "home@cranberry.example",
        "website": "https://cranberry.example",
        "brand": "Cranberry Care",
        "ownership": "private",
        "council_code": "E06000047",
        "sub_icb_code": "84H",
        "icb_code": "QHM",
        "alerts": [],
        "notes": [{"text": "We have a hoist.", "at": "2026-07-01T09:00:00+00:00"}],
        **facts,
    }
    return {**plain, "vacancies": sum(row["accepting"] for row in plain["bed_types"])}


class Search:
    """Stands in for the client of other services: search finds these homes, so many at a time."""

    def __init__(self, *homes: dict[str, Any], origins: Sequence[dict[str, Any]] = (DURHAM,)) -> None:
        self.homes = sorted(homes, key=lambda found: found["provider_id"])
        self.origins = list(origins)
        self.sort = criteria.DISTANCE
        self.total = len(homes)
        self.at_once = 1000
        self.away = 0
        """Calls that nobody answers, before somebody does."""
        self.refusal: errors.Error | None = None
        self.asked_by: permissions.Actor | None = None
        self.asked: list[dict[str, Any]] = []

    def instead(self, patch: pytest.MonkeyPatch) -> Self:
        """Let exports ask this one."""
        patch.setattr(exports_work.client, "Client", self)
        patch.setattr(exports_work, "WAITS", (0.0, 0.0, 0.0))
        return self

    def __call__(self, actor: permissions.Actor) -> Self:
        self.asked_by = actor
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def call(self, target: str, method: str, *, time_limit: float, **arguments: Any) -> Any:
        if (target, method) == ("providers", "choices"):
            return {"results": CHOICES}
        assert (target, method) == ("search", "every_vacancy")
        self.asked.append(arguments)
        if self.away:
            self.away -= 1
            raise errors.Unavailable("Nobody answers.")
        if self.refusal:
            raise self.refusal
        after = arguments["after"] or ""
        rest = [found for found in self.homes if found["provider_id"] > after]
        page = rest[: self.at_once]
        return {
            "total": self.total,
            "origins": self.origins,
            "sort": self.sort,
            "results": page,
            "next": page[-1]["provider_id"] if len(rest) > self.at_once else None,
        }


class Desk:
    """Asks for files, and has them made here and now, as a child process would do it."""

    def __init__(self, sessions: database.Sessions, by: permissions.Actor = COORDINATOR) -> None:
        self.sessions = sessions
        self.by = by
        self.words = [["Postcode", "DH1 3YG"]]

    def ask(self, file_format: str = "xlsx", *, now: datetime = NOW, **asked: Any) -> str:
        with self.sessions.transaction() as session:
            export = exports_asked.begin(
                session,
                criteria=asked or {"postcode": "DH1 3YG"},
                words=self.words,
                file_format=file_format,
                by=self.by,
                now=now,
            )
        return export.id

    def made(self, file_format: str = "xlsx", **asked: Any) -> dict[str, Any]:
        """Ask for a file, have it made, and return how it stands."""
        export_id = self.ask(file_format, **asked)
        exports_work.run(self.claimed(export_id))
        return self.shown(export_id)

    def claimed(self, export_id: str) -> jobs.Job:
        claim, table = ids.new(), models.Job
        with self.sessions.transaction() as session:
            job = session.query(table).filter(table.subject_id == export_id).one()
            job.claim = claim
        return jobs.claimed(self.sessions.engine, job_id=job.id, claim=claim, attempt=1)

    def shown(self, export_id: str, *, now: datetime = NOW) -> dict[str, Any]:
        with self.sessions.reading() as session:
            return exports_asked.one(session, export_id=export_id, by=self.by, now=now)

    def fetched(self, export_id: str, *, now: datetime = NOW) -> bytes:
        """Return a file, put together from its parts."""
        parts = self.shown(export_id, now=now)["parts"]
        with self.sessions.reading() as session:
            return b"".join(
                exports_asked.part(session, export_id=export_id, number=number, by=self.by, now=now)
                for number in range(parts)
            )


class Book:
    """A workbook as it is read back."""

    def __init__(self, content: bytes) -> None:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        self.names = book.sheet_names
        self.sheets = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in self.names
        }

    def rows(self, sheet: str) -> list[dict[str, Any]]:
        """Return the rows of a table, each by its headings."""
        head, *rows = self.sheets[sheet]
        return [dict(zip(head, row, strict=True)) for row in rows]

    @property
    def about(self) -> dict[str, Any]:
        """Return what the first sheet says, by what it is called."""
        return {row[0]: row[1] for row in self.sheets[self.names[0]] if row[0]}
