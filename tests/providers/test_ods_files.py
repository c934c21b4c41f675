"""Files of the NHS Organisation Data Service have 27 columns and no header."""

from __future__ import annotations

import datetime
import pathlib
import zipfile
from typing import Any

import pytest

from contracts import areas, errors
from services.providers.imports import ods_files, register_rows
from tests.factories import registers as published

PUBLISHED = pathlib.Path(__file__).parents[3] / "shared" / "data" / "ods" / "etr.csv"


def row(code: str, name: str = "NORTHERN LIGHTS NHS FOUNDATION TRUST", **changed: str) -> list[str]:
    columns = {0: code, 1: name, 2: "Y63", 3: "QHM", 4: "LANTERN HOUSE", 5: "STORY ROAD", 7: "DURHAM"}
    columns |= {9: "DH1 5TW", 10: "20190401", 22: "B"} | {int(key[1:]): text for key, text in changed.items()}
    return [columns.get(number, "") for number in range(27)]


class Reading:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.rejected: list[str] = []

    def file(self, path: pathlib.Path) -> dict[str, dict[str, Any]]:
        def reject(file: str, line: int, row: list[str], why: str) -> None:
            self.rejected.append(why)

        return {told.code: told.facts for told in ods_files.read(path, reject=reject, told=lambda _: None)}

    def rows(self, *rows: list[str]) -> dict[str, dict[str, Any]]:
        return self.file(published.write_csv(self.folder / "etr.csv", rows))


@pytest.fixture
def reading(tmp_path: pathlib.Path) -> Reading:
    return Reading(tmp_path)


class TestRead:
    def test_b2_tells_where_a_trust_is(self, reading: Reading) -> None:
        facts = reading.rows(row("RXX"))["RXX"]
        assert (facts["name"], facts["address"], facts["town"], facts["postcode"]) == (
            "Northern Lights NHS Foundation Trust",
            "Lantern House, Story Road",
            "Durham",
            "DH1 5TW",
        )
        assert (facts["icb_code"], facts["region"]) == ("QHM", "North East and Yorkshire")
        assert facts["registered_on"] == datetime.date(2019, 4, 1)
        assert facts["deregistered_on"] is None

    def test_knows_the_trust_of_a_site(self, reading: Reading) -> None:
        found = reading.rows(row("RXX01", "THE STORY HOSPITAL"), row("NVC07", "A CLINIC", c14="NVC"))
        assert [facts["parent_code"] for facts in found.values()] == ["RXX", "NVC"]

    def test_tells_when_one_closed(self, reading: Reading) -> None:
        assert reading.rows(row("RXX", c11="20260228"))["RXX"]["deregistered_on"] == datetime.date(
            2026, 2, 28
        )

    def test_lists_bad_rows_and_goes_on(self, reading: Reading) -> None:
        found = reading.rows(
            row("RXX"), ["RXY", "TOO SHORT"], row("??"), row("RXZ", ""), row("RXW", c9="nowhere"), row("RXX")
        )
        assert list(found) == ["RXX"]
        assert reading.rejected == [
            "the row has 2 columns, not 27",
            "?? is not the code of an organisation",
            "it has no name",
            "nowhere is not a postcode",
            "repeated; the first one counts",
        ]

    def test_reads_a_zip_as_it_is_published(self, reading: Reading) -> None:
        path = reading.folder / "etr.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("etr.csv", ",".join(f'"{text}"' for text in row("RXX")) + "\n")
            archive.writestr("etr.pdf", "not this one")
        assert list(reading.file(path)) == ["RXX"]

    def test_refuses_another_file(self, reading: Reading) -> None:
        with pytest.raises(errors.Invalid, match="There is no usable row"):
            reading.rows(["postcode", "easting"], ["DH1 3YG", "1"])

    def test_reads_the_published_trusts(self, reading: Reading) -> None:
        if not PUBLISHED.exists():
            pytest.skip("the published list of trusts is not here")
        found = reading.file(PUBLISHED)
        assert (len(found), reading.rejected) == (218, [])
        assert all(ods_files.is_trust(code) for code in found)
        # Three are Welsh.
        assert sum(areas.icb(facts["icb_code"] or "") is None for facts in found.values()) == 3
        assert all(facts["town"] and facts["postcode"] for facts in found.values())


class TestTitled:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("ST MARY'S HOSPITAL", "St Mary's Hospital"),
            ("KINGSTON UPON THAMES", "Kingston upon Thames"),
            ("THE ROYAL AND THE NHS TRUST", "The Royal and the NHS Trust"),
            ("Already written", "Already written"),
        ],
    )
    def test_writes_capitals_as_on_letters(self, written: str, read: str) -> None:
        assert register_rows.titled(written) == read
