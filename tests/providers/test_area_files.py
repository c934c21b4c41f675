"""Look-ups of areas are read, checked, and written as the files that every process reads (B11)."""

from __future__ import annotations

import csv
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterable
from datetime import date

import pytest

from contracts import areas, errors
from services.providers import commands
from services.providers.imports import area_files, area_import
from tests.factories import registers as published

TODAY = date(2026, 4, 1)
PUBLISHED = pathlib.Path(__file__).parents[3] / "shared" / "data" / "geo"
ROOT = pathlib.Path(__file__).parents[2]
ONS = {
    area.code: gss
    for gss, area in ((gss, areas.sub_icb(code)) for gss, code in areas._ods_codes().items())
    if area
}


class Importing:
    """Imports look-ups into a folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder / "areas"
        self.path = folder / "look-up.csv"

    def rows(self, rows: Iterable[Iterable[str]], *, today: date = TODAY, dry_run: bool = False) -> list[str]:
        published.write_csv(self.path, [list(row) for row in rows])
        return area_import.run(self.path, folder=self.folder, today=today, dry_run=dry_run)

    def table(self, name: str) -> dict[str, dict[str, str]]:
        with (self.folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            return {next(iter(row.values())): row for row in csv.DictReader(lines)}


@pytest.fixture
def importing(tmp_path: pathlib.Path) -> Importing:
    return Importing(tmp_path)


SUB_ICB_COLUMNS = ["SICBL26CD", "SICBL26CDH", "SICBL26NM", "ICB26CD", "ICB26CDH", "ICB26NM"]
LSOA_COLUMNS = ["LSOA21CD", "LSOA21NM", *SUB_ICB_COLUMNS, "CAL26CD", "LAD26CD", "LAD26NM"]


def sub_icbs() -> list[list[str]]:
    """Return a look-up that says what we know."""
    icbs = {icb.code: icb.name for icb in areas.icbs()}
    return [
        [ONS[row.code], row.code, row.name, f"E54{number:06}", row.icb_code, icbs[row.icb_code]]
        for number, row in enumerate(areas.sub_icbs())
    ]


class TestSubIcbs:
    def test_that_are_as_they_were_differ_in_nothing_but_new_codes(self, importing: Importing) -> None:
        differences = importing.rows([SUB_ICB_COLUMNS, *sub_icbs()])
        assert {words.partition(":")[0] for words in differences} == {"ons codes"}
        assert importing.table("councils").keys() == {council.code for council in areas.councils()}

    def test_that_are_merged_end_and_a_new_icb_begins(self, importing: Importing) -> None:
        new = ["E54000999", "QZZ", "NHS New Fictional ICB"]
        rows = [[*row[:3], *new] if row[1] == "84H" else row for row in sub_icbs() if row[1] != "16C"]
        differences = importing.rows([SUB_ICB_COLUMNS, *rows])
        assert "icbs: QZZ is new (NHS New Fictional ICB)" in differences
        assert importing.table("sub_icbs")["16C"]["valid_to"] == "2026-03-31"
        icb = importing.table("icbs")["QZZ"]
        # Its NHS region is that of the ICB before it.
        assert (icb["valid_from"], icb["valid_to"], icb["nhs_region_code"]) == ("2026-04-01", "", "Y63")
        assert importing.table("ons_codes")["E54000999"]["code"] == "QZZ"
        assert importing.table("councils")["E06000047"]["icb_code"] == "QZZ"

    def test_in_an_nhs_region_nobody_tells_are_refused(self, importing: Importing) -> None:
        new = [
            "E38000999",
            "Z9Z9Z",
            "NHS New Fictional ICB – Z9Z9Z",
            "E54000999",
            "QZZ",
            "NHS New Fictional ICB",
        ]
        with pytest.raises(errors.Invalid, match="does not say in which NHS region QZZ is"):
            importing.rows([SUB_ICB_COLUMNS, *sub_icbs(), new])

    def test_that_come_back_are_open_again(self, importing: Importing) -> None:
        importing.rows([SUB_ICB_COLUMNS, *(row for row in sub_icbs() if row[1] != "84H")])
        importing.rows([SUB_ICB_COLUMNS, *sub_icbs()])
        assert importing.table("sub_icbs")["84H"]["valid_to"] == ""

    def test_of_a_part_of_england_are_refused(self, importing: Importing) -> None:
        with pytest.raises(errors.Invalid, match="may be only a part"):
            importing.rows([SUB_ICB_COLUMNS, *sub_icbs()[:40]])
        assert not importing.folder.exists()

    def test_with_a_code_that_can_be_none_are_refused(self, importing: Importing) -> None:
        rows = sub_icbs()
        rows[4][4] = "nonsense"
        with pytest.raises(errors.Invalid, match="Row 6 of look-up") as refused:
            importing.rows([SUB_ICB_COLUMNS, *rows])
        assert refused.value.fields == {"icb": "nonsense"}

    def test_by_the_names_of_ccgs_keep_todays_names(self, importing: Importing) -> None:
        path = PUBLISHED / "ccg_stp_nhsregion_2022-01.csv"
        if not path.exists():
            pytest.skip("the published look-up is not here")
        assert area_import.run(path, folder=importing.folder, today=TODAY, dry_run=False) == []


class TestLsoas:
    def rows(self, share: dict[str, int]) -> list[list[str]]:
        """Return LSOAs of County Durham, so many in each sub-ICB, and one for every other sub-ICB."""
        pairs = {row[1]: row for row in sub_icbs()}
        codes = [code for code, count in share.items() for _ in range(count)]
        durham = [["E01000001", "x", *pairs[code], "", "E06000047", "County Durham"] for code in codes]
        main = {council.sub_icb_code: council.code for council in areas.councils()}
        others = [
            ["E01000002", "x", *row, "", main[code], "x"] for code, row in pairs.items() if code in main
        ]
        strays = [
            ["E01000003", "x", *row, "", "E06000060", "x"] for code, row in pairs.items() if code not in main
        ]
        buckinghamshire = [["E01000004", "x", *pairs["14Y"], "", "E06000060", "x"]] * 99
        return [*durham, *others, *strays, *buckinghamshire]

    def test_b2_say_in_which_sub_icb_most_of_a_council_lies(self, importing: Importing) -> None:
        importing.rows([LSOA_COLUMNS, *self.rows({"16C": 5, "84H": 2})])
        durham = importing.table("councils")["E06000047"]
        assert (durham["sub_icb_code"], durham["icb_code"]) == ("16C", "QHM")

    def test_of_a_district_nobody_knows_are_refused(self, importing: Importing) -> None:
        rows = self.rows({"84H": 1})
        rows[0][-2] = "E07999999"
        with pytest.raises(errors.Invalid, match="E07999999 are districts that no council is known of"):
            importing.rows([LSOA_COLUMNS, *rows])


class TestCouncils:
    def rows(self, *names: str) -> list[list[str]]:
        """Return a look-up of these files, as they are published."""
        rows = []
        for name in names:
            path = PUBLISHED / name
            if not path.exists():
                pytest.skip(f"the published look-up {name} is not here")
            with path.open(encoding="utf-8", newline="") as lines:
                rows += list(csv.reader(lines))
        return rows

    def test_as_published_differ_in_nothing(self, importing: Importing) -> None:
        for name in (
            "local_authorities_upper_tier_england.csv",
            "local_authority_districts_england.csv",
            "utla25_to_ccg_via_gp_practices.csv",
        ):
            assert importing.rows(self.rows(name)) == []

    def test_that_are_new_begin_and_those_before_them_lead_there(self, importing: Importing) -> None:
        header, *rows = self.rows("local_authorities_upper_tier_england.csv")
        kept = [row for row in rows if row[0] != "E06000004"]
        new = ["E06000099", "Tees Fictional", "UTA", "", "North East", "16C", "QHM", "Y63", "x", "x"]
        importing.rows([header, *kept, new])
        councils = importing.table("councils")
        assert (councils["E06000099"]["valid_from"], councils["E06000004"]["valid_to"]) == (
            "2026-04-01",
            "2026-03-31",
        )
        header, *rows = self.rows("local_authority_districts_england.csv")
        importing.rows([header, *rows, ["E06000004", "Stockton-on-Tees", "UTA", "E06000099"]])
        said = subprocess.run(
            [
                sys.executable,
                "-c",
                "from contracts import areas; print(areas.upper_tier_code('E06000004'), "
                "areas.council('E06000004').name, areas.council_named('Stockton-on-Tees'))",
            ],
            env=os.environ | {areas.FOLDER: str(importing.folder)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert said.split() == ["E06000099", "Stockton-on-Tees", "E06000099"]

    def test_half_a_list_of_districts_is_refused(self, importing: Importing) -> None:
        header, *rows = self.rows("local_authority_districts_england.csv")
        with pytest.raises(errors.Invalid, match="districts: it may be only a part of one"):
            importing.rows([header, *rows[-60:]])

    def test_in_a_region_nobody_knows_are_refused(self, importing: Importing) -> None:
        header = ["la_code", "la_name", "adass_region", "main_ccg"]
        with pytest.raises(errors.Invalid, match="region Atlantis, which is not known"):
            importing.rows([header, ["E06000099", "Tees Fictional", "Atlantis", "16C"]])


class TestCommand:
    def test_a_dry_run_says_what_differs_and_writes_nothing(
        self, importing: Importing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv(areas.FOLDER, str(importing.folder))
        rows = [[*row[:2], "Another name", *row[3:]] if row[1] == "84H" else row for row in sub_icbs()]
        published.write_csv(importing.path, [SUB_ICB_COLUMNS, *rows])
        commands.import_areas(importing.path, dry_run=True)
        said = capsys.readouterr().out
        assert (
            "sub icbs: 84H Another name: name NHS North East and North Cumbria ICB – 84H → Another name"
            in said
        )
        assert "This was a dry run" in said
        assert not importing.folder.exists()
        commands.import_areas(importing.path)
        assert importing.table("sub_icbs")["84H"]["name"] == "Another name"

    def test_asks_for_a_folder_to_write_to(
        self, importing: Importing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(areas.FOLDER, raising=False)
        with pytest.raises(errors.Invalid, match="Set AREAS_FOLDER"):
            commands.import_areas(importing.path)

    def test_refuses_another_file(self, importing: Importing) -> None:
        with pytest.raises(errors.Invalid, match="in no format that can be read"):
            importing.rows([["postcode", "easting"], ["DH1 3YG", "1"]])
        with pytest.raises(errors.Invalid, match="There are no rows"):
            importing.rows([SUB_ICB_COLUMNS])

    def test_knows_every_kind_by_its_columns(self) -> None:
        assert area_files._KINDS.keys() == area_import._APPLY.keys()
