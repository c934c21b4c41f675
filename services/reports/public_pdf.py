"""The public report as a tagged PDF (PDF/UA-1), set in a child process (`kit.child`) (C8)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy
import typst

from contracts import published, vocabulary
from services.reports import public_files

LAYOUT = Path(__file__).with_name("public_report.typ")

LACKING = "\ufffd"
"""Stands for what the font lacks; it looks like a question mark."""
_NOT_IN_FONT = re.compile(
    # Latin, Greek and Cyrillic with their accents, and how they are punctuated.
    "[^ -~\u00a0-\u024f\u0300-\u036f\u0391-\u03a1\u03a3-\u03ce\u0400-\u045f\u1e00-\u1e9b\u1ea0-\u1ef9"
    "\u2010-\u2015\u2018-\u2022\u2026\u2030\u2032\u2033\u2039\u203a\u20ac\u2116\u2122\u2190-\u2199\ufffd]+"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

Row = Mapping[str, Any]


def document(engine: sqlalchemy.Engine | None, *, report: Row, site: str, contact: str) -> bytes:
    """Return the report as a PDF; what people have typed reaches the layout as data, never as markup."""
    said = {
        "area": report["area"]["name"],
        "as_of": _words(report["as_of"]),
        "homes": report["homes"],
        "with_vacancies": len(report["results"]),
        "stale": report["stale"],
        "totals": [
            [
                public_files.type_of_bed(total),
                published.words(total["number"], total["or_more"]),
                str(total["homes"]),
            ]
            for total in report["totals"]
        ],
        "results": [_entry(home) for home in report["results"]],
        "about": published.ABOUT,
        "ratings_from": published.RATINGS_FROM,
        "out_of_date": published.OUT_OF_DATE,
        "address": public_files.address(report, site=site),
        "contact": contact,
    }
    made: bytes = typst.compile(
        LAYOUT.read_bytes(),
        sys_inputs={"report": json.dumps(settable(said))},
        # The fonts that come along, so that it looks alike wherever it is set.
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
    )
    return made


def settable(said: Any) -> Any:
    """Return what is said with a mark for all that the font lacks, which PDF/UA would refuse."""
    if isinstance(said, str):
        return _NOT_IN_FONT.sub(LACKING, _CONTROL.sub(" ", unicodedata.normalize("NFC", said)))
    if isinstance(said, dict):
        return {name: settable(value) for name, value in said.items()}
    return [settable(one) for one in said] if isinstance(said, list) else said


def _entry(home: Row) -> dict[str, Any]:
    return {
        "name": home["name"],
        "type": public_files.type_name(home["type"]),
        "address": ", ".join(part for part in (home["address"], home["town"], home["postcode"]) if part),
        "phone": home["phone"],
        "website": home["website"],
        "rating": public_files.rating(home),
        "rating_link": vocabulary.CQC_PAGE + home["cqc_location_id"] if home["cqc_location_id"] else "",
        "out_of_hours": home["accepting_out_of_hours"],
        "vacancies": [
            [published.words(bed["number"], bed["or_more"]), public_files.type_of_bed(bed)]
            for bed in home["vacancies"]
        ],
        "updated": _words(home["last_updated"]),
        "stale": home["stale"],
    }


def _words(at: str | None) -> str:
    if not at:
        return "never"
    local = datetime.fromisoformat(at).astimezone(public_files.LONDON)
    return f"{local.day} {local:%B %Y} at {local.hour}:{local:%M}"
