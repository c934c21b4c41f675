"""The one rule by which nothing that people typed is run by a spreadsheet."""

from __future__ import annotations

import csv

import pytest

from kit import spreadsheets


class TestText:
    @pytest.mark.parametrize("dangerous", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_is_never_a_formula(self, dangerous: str) -> None:
        assert spreadsheets.text(dangerous) == f"'{dangerous}"

    @pytest.mark.parametrize(("value", "said"), [(None, ""), (7, "7"), ("Oak = House", "Oak = House")])
    def test_is_as_it_was_otherwise(self, value: object, said: str) -> None:
        assert spreadsheets.text(value) == said


class TestLines:
    def test_are_read_back_as_they_were(self) -> None:
        written = spreadsheets.lines([["a, b", 'say "c"'], ["two\nlines", None]])
        assert list(csv.reader(written.splitlines(keepends=True))) == [
            ["a, b", 'say "c"'],
            ["two\nlines", ""],
        ]
