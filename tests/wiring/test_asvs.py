"""The table of security requirements in docs/ASVS.md is whole, and the tests that it names exist."""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "ASVS.md"
# Every requirement of levels 1 and 2 in chapters V6, V7 and V8 of OWASP ASVS 5.0.0, by number.
LEVEL_1 = (
    "6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2 "
    "7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1"
)
LEVEL_2 = (
    "6.1.2 6.1.3 6.2.9 6.2.10 6.2.11 6.2.12 6.3.3 6.3.4 6.4.3 6.4.4 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 "
    "6.6.1 6.6.2 6.6.3 6.8.1 6.8.2 6.8.3 6.8.4 7.1.1 7.1.2 7.1.3 7.3.1 7.3.2 7.4.3 7.4.4 7.4.5 "
    "7.5.1 7.5.2 7.6.1 7.6.2 8.1.2 8.2.3 8.4.1"
)
STATES = {"met", "partly", "not met", "does not apply"}
ROW = re.compile(r"^\| (?P<number>\d+\.\d+\.\d+) \|(?P<cells>.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)::(\w+)`")


@dataclass(frozen=True)
class Requirement:
    """One row of the table."""

    number: str
    level: str
    asks: str
    state: str
    how: str
    shown_by: str

    @property
    def tests(self) -> list[tuple[str, str, str]]:
        """Return the tests it names: file, class, method."""
        return [(path, cls, method) for path, cls, method in TEST.findall(self.shown_by)]


def requirements() -> list[Requirement]:
    """Return the rows of the document."""
    return [
        Requirement(row["number"], *(cell.strip() for cell in row["cells"].split("|")))
        for row in ROW.finditer(DOCUMENT.read_text())
    ]


@functools.cache
def found_in(path: str) -> frozenset[tuple[str, str]]:
    """Return the tests of a file: class and method."""
    if not (ROOT / path).exists():
        return frozenset()
    return frozenset(
        (cls.name, method.name)
        for cls in ast.parse((ROOT / path).read_text()).body
        if isinstance(cls, ast.ClassDef)
        for method in cls.body
        if isinstance(method, ast.FunctionDef)
    )


class TestDocument:
    @pytest.mark.parametrize(("level", "numbers"), [("1", LEVEL_1), ("2", LEVEL_2)])
    def test_has_every_requirement_once(self, level: str, numbers: str) -> None:
        assert [row.number for row in requirements() if row.level == level] == numbers.split()

    def test_says_of_every_requirement_whether_and_how_it_is_met(self) -> None:
        for row in requirements():
            assert row.state in STATES, row.number
            assert row.asks, row.number
            assert row.how, f"{row.number} gives no reason"

    def test_claims_nothing_without_a_test_or_a_reason_why_there_is_none(self) -> None:
        for row in requirements():
            if row.state in ("met", "partly"):
                assert row.tests or row.shown_by.startswith("no test: "), (
                    f"{row.number} is not shown by anything"
                )

    def test_names_only_tests_that_exist(self) -> None:
        for row in requirements():
            assert row.shown_by.count("`tests/") == len(row.tests), f"{row.number}: {row.shown_by}"
            for path, cls, method in row.tests:
                assert (cls, method) in found_in(path), f"{row.number}: {path}::{cls}::{method}"


class TestPasswordFields:
    FIELD = re.compile(r"""forms\.field\("(?:\w+_)?password".*""")

    def test_are_masked_and_can_be_filled_by_a_password_manager(self) -> None:
        templates = sorted((ROOT / "gateway" / "templates").rglob("*.html"))
        fields = [found[0] for path in templates for found in self.FIELD.finditer(path.read_text())]
        assert len(fields) > 3
        for field in fields:
            assert 'type="password"' in field, field
            assert re.search(r'autocomplete="(current|new)-password"', field), field
        for script in (ROOT / "gateway" / "assets" / "scripts").glob("*.js"):
            assert "paste" not in script.read_text(), f"{script.name} gets in the way of pasting"
