"""CQC's files are read as they are published, whatever they are called and packed in."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import pathlib
import zipfile
from collections.abc import Iterable
from typing import Any

import pytest

from contracts import areas, errors
from services.providers.imports import cqc_files, register_rows
from tests.factories import registers as published

HEADER = pathlib.Path(__file__).parents[3] / "shared" / "data" / "cqc" / "hsca_columns_122.txt"


class Reading:
    """Reads files and keeps what was rejected."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.rejected: list[tuple[int, str]] = []
        self.bytes = 0

    def reject(self, file: str, line: int, row: list[str], why: str) -> None:
        self.rejected.append((line, why))

    def told(self, count: int) -> None:
        self.bytes += count

    def file(self, path: pathlib.Path) -> cqc_files.Register:
        return cqc_files.read(path, reject=self.reject, told=self.told)

    def facts(self, path: pathlib.Path) -> dict[str, dict[str, Any]]:
        return {row.code: row.facts | row.fills for row in self.file(path).rows}

    def lines(self, rows: Iterable[Iterable[str]], **options: Any) -> dict[str, dict[str, Any]]:
        rows = [list(row) for row in rows]
        return self.facts(published.write_csv(self.folder / "file.csv", rows, **options))

    def one(self, **changed: str) -> dict[str, Any]:
        """Return what one row of the care directory says."""
        (found,) = self.lines(published.hsca([published.site(1, **changed)])).values()
        return found


@pytest.fixture
def reading(tmp_path: pathlib.Path) -> Reading:
    return Reading(tmp_path)


class TestCareDirectory:
    def test_says_the_same_as_ods_as_xlsx_and_as_csv(self, reading: Reading, tmp_path: pathlib.Path) -> None:
        rows = list(published.hsca(map(published.site, range(200))))
        sheets = {
            "README": published.README,
            "HSCA_Active_Locations": rows,
            "Dual_Registration_Locations": [["Location ID", "Linked Organisation ID"], ["1-1", "1-2"]],
        }
        plain = reading.facts(published.write_csv(tmp_path / "hsca.csv", rows))
        assert len(plain) == 200
        assert reading.facts(published.write_ods(tmp_path / "hsca.ods", **sheets)) == plain
        assert reading.facts(published.write_xlsx(tmp_path / "hsca.xlsx", **sheets)) == plain
        assert reading.rejected == []

    def test_tells_how_much_is_read(self, reading: Reading, tmp_path: pathlib.Path) -> None:
        path = published.write_csv(tmp_path / "hsca.csv", published.hsca(map(published.site, range(20))))
        reading.facts(path)
        assert reading.bytes == pytest.approx(path.stat().st_size, rel=0.01)

    def test_has_the_columns_that_are_published(self) -> None:
        if not HEADER.exists():
            pytest.skip("the published list of columns is not here")
        assert HEADER.read_text().splitlines()[:122] == published.HSCA_COLUMNS

    def test_may_be_gzipped_or_zipped(self, reading: Reading, tmp_path: pathlib.Path) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(published.hsca([published.site(1)]))
        (tmp_path / "hsca.csv.gz").write_bytes(gzip.compress(text.getvalue().encode()))
        with zipfile.ZipFile(tmp_path / "hsca.zip", "w") as archive:
            archive.writestr("hsca.csv", text.getvalue())
        assert list(reading.facts(tmp_path / "hsca.csv.gz")) == ["1-100000001"]
        assert list(reading.facts(tmp_path / "hsca.zip")) == ["1-100000001"]

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
    def test_may_be_in_either_encoding(self, reading: Reading, encoding: str) -> None:
        row = published.site(1, **{"Location Name": "Café Thimble – House"})
        (found,) = reading.lines(published.hsca([row]), encoding=encoding).values()
        assert found["name"] == "Café Thimble – House"

    @pytest.mark.parametrize(
        ("written", "code"),
        [
            ("Outstanding", "outstanding"),
            ("Requires improvement", "requires_improvement"),
            ("Requires Improvement", "requires_improvement"),
            ("Not Rated", None),
            ("Insufficient evidence to rate", None),
            ("Inspected but not rated", None),
            ("", None),
        ],
    )
    def test_rates_in_either_spelling_or_not_at_all(
        self, reading: Reading, written: str, code: str | None
    ) -> None:
        found = reading.one(**{"Location Latest Overall Rating": written, "Publication Date": "04/03/2024"})
        rated = {"rating": code, "date": "2024-03-04"} if code else None
        assert found["ratings"] == {"overall": rated}

    @pytest.mark.parametrize(
        ("written", "name"),
        [
            ("Herefordshire, County of", "Herefordshire"),
            ("Bedford Borough", "Bedford"),
            ("Bedford", "Bedford"),
            ("Durham", "County Durham"),
            ("County Durham", "County Durham"),
            ("Brighton and Hove", "Brighton and Hove"),
            ("Brighton & Hove", "Brighton and Hove"),
            ("Bristol, City of", "Bristol"),
            ("Kingston upon Hull, City of", "Kingston upon Hull"),
            ("St. Helens", "St Helens"),
            ("City of London", "City of London"),
            ("Poole", "Bournemouth, Christchurch and Poole"),
        ],
    )
    def test_b2_knows_councils_by_the_names_they_go_by(
        self, reading: Reading, written: str, name: str
    ) -> None:
        found = reading.one(**{"Location Local Authority": written})
        council = areas.council(found["council_code"])
        assert (found["council_name"], council and council.name) == (name, name)

    def test_a_name_of_two_councils_or_none_is_kept_without_a_code(self, reading: Reading) -> None:
        found = reading.one(**{"Location Local Authority": "Cumbria"})
        assert (found["council_code"], found["council_name"]) == (None, "Cumbria")

    def test_knows_the_area_by_its_old_code(self, reading: Reading) -> None:
        found = reading.one(**{"Location ONSPD CCG Code": "E38000247"})
        assert (found["sub_icb_code"], found["icb_code"]) == ("16C", "QHM")

    def test_writes_what_a_spreadsheet_spoilt_as_it_was(self, reading: Reading) -> None:
        found = reading.one(
            **{
                "Location Telephone Number": "1632960001",
                "Location Postal Code": "dh13yg",
                "Location Web Address": "not a page",
                "Brand Name": "-",
                "Location Latitude": "99.999999",
                "Location Longitude": "0.000000",
            }
        )
        assert (found["phone"], found["postcode"], found["website"]) == ("01632960001", "DH1 3YG", "")
        assert (found["brand"], found["latitude"], found["longitude"]) == (None, None, None)

    @pytest.mark.parametrize(
        "written",
        [
            *("2010-10-05", "05/10/2010", "05/Oct/2010 - 00:00", "5 October 2010", "20101005"),
            *("05/10/2010 00:00", "05/10/2010 00:00:00"),
        ],
    )
    def test_days_are_read_in_every_form(self, reading: Reading, written: str) -> None:
        found = reading.one(**{"Location HSCA start date": written})
        assert found["registered_on"] == datetime.date(2010, 10, 5)

    def test_an_older_edition_has_other_columns(self, reading: Reading) -> None:
        old = [name for name in published.HSCA_COLUMNS if name not in ("Location UPRN ID", "Brand Name")]
        old[old.index("Location PAF ID")] = "Location PAF / UPRN ID"
        row = published.site(1)
        (found,) = reading.lines([old, [row.get(name, "") for name in old]]).values()
        assert (found["name"], found["brand"]) == (row["Location Name"], None)

    def test_what_a_bad_row_mentions_may_be_told_below_it(self, reading: Reading) -> None:
        primary = {"Primary ID (Dual registration locations)": "1-100000002"}
        bad = published.site(1, **{"Location Postal Code": "nowhere"}, **primary)
        assert list(reading.lines(published.hsca([bad, published.site(2)]))) == ["1-100000002"]

    def test_its_services_may_be_headed_with_another_dash(self, reading: Reading) -> None:
        header = [name.replace("Service type - ", "Service type – ") for name in published.HSCA_COLUMNS]
        _, row = published.hsca([published.site(1, **{f"Service type - {published.NURSING}": "Y"})])
        (found,) = reading.lines([header, row]).values()
        assert register_rows.NURSING in found["services"]

    def test_without_services_is_refused_in_words(self, reading: Reading) -> None:
        header = [name for name in published.HSCA_COLUMNS if not name.startswith("Service type")]
        row = published.site(1)
        with pytest.raises(errors.Invalid, match="no columns of types of service"):
            reading.lines([header, [row.get(name, "") for name in header]])

    def test_a_dash_is_no_code(self, reading: Reading) -> None:
        found = reading.one(**{"Location ODS Code": "-", "Care homes beds": "-"})
        assert (found["ods_code"], found["registered_beds"]) == (None, None)

    def test_lists_bad_rows_and_goes_on(self, reading: Reading) -> None:
        rows = [
            published.site(1),
            published.site(2, **{"Location Postal Code": "nowhere"}),
            published.site(3, **{"Care homes beds": "many"}),
            published.site(4, **{"Location ID": "?"}),
            published.site(5, **{"Publication Date": "soon", "Location Latest Overall Rating": "Good"}),
            published.site(1),
            published.site(6),
        ]
        path = published.write_csv(reading.folder / "hsca.csv", published.hsca(rows))
        register = reading.file(path)
        assert [row.code for row in register.rows] == ["1-100000001", "1-100000006"]
        assert reading.rejected == [
            (3, "nowhere is not a postcode"),
            (4, "beds: many is not a whole number"),
            (5, "? is not the id of a location"),
            (6, "soon is not a date"),
            (7, "repeated; the first one counts"),
        ]
        # A bad row does not make its location one that is gone.
        assert {"1-100000002", "1-100000003"} <= register.named
        assert register.is_complete


class TestOds:
    """An OpenDocument spreadsheet says one thing in many ways."""

    def sheet(self, reading: Reading, *rows: str) -> dict[str, dict[str, Any]]:
        path = reading.folder / "file.ods"
        published.write_ods(path, Data=[["Location ID", "Location HSCA End Date", "Location Status"]])
        with zipfile.ZipFile(path) as archive:
            content = archive.read("content.xml").decode()
        first, rest = content.split("</table:table-row>", 1)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("content.xml", f"{first}</table:table-row>{''.join(rows)}{rest}")
        return reading.facts(path)

    @pytest.mark.parametrize(
        "cell",
        [
            '<table:table-cell office:value-type="date" office:date-value="2026-02-28T00:00:00">'
            "<text:p>28 Feb</text:p></table:table-cell>",
            '<table:table-cell office:value-type="string"><text:p>28/<text:span>02</text:span>/2026</text:p>'
            "</table:table-cell>",
            "<table:table-cell><office:annotation><text:p>a remark</text:p></office:annotation>"
            "<text:p>28/02/2026</text:p></table:table-cell>",
            '<table:table-cell office:value-type="float" office:value="20260228.0"><text:p>2.0E7</text:p>'
            "</table:table-cell>",
        ],
    )
    def test_cells_are_read_by_what_they_hold(self, reading: Reading, cell: str) -> None:
        code = '<table:table-cell office:value-type="string"><text:p>1-1</text:p></table:table-cell>'
        found = self.sheet(reading, f"<table:table-row>{code}{cell}</table:table-row>")
        assert found["1-1"]["deregistered_on"] == datetime.date(2026, 2, 28)

    def test_repeated_cells_and_rows_are_counted(self, reading: Reading) -> None:
        found = self.sheet(
            reading,
            '<table:table-row table:number-rows-repeated="7"><table:table-cell/></table:table-row>',
            '<table:table-row table:number-rows-repeated="2"><table:table-cell '
            'table:number-columns-repeated="2"><text:p>1-1</text:p></table:table-cell>'
            "<table:covered-table-cell/></table:table-row>",
        )
        assert found == {}
        assert [line for line, _ in reading.rejected] == [9, 10]

    def test_a_broken_file_is_refused_in_words(self, reading: Reading, tmp_path: pathlib.Path) -> None:
        path = published.write_ods(tmp_path / "x.ods", Data=published.hsca(map(published.site, range(400))))
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(errors.Invalid):
            reading.facts(path)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("content.xml", "<office:document-content")
        with pytest.raises(errors.Invalid, match="cannot be read to its end"):
            reading.facts(path)


class TestDirectory:
    PREAMBLE = (["CQC Locations data"], [], ["This data was produced on 1 March 2026"], [])
    ROW = (
        *(
            "Thimble House",
            "",
            "The Annexe,1 Fable Close,Durham",
            "DH1 3YG",
            "01632960001",
            "thimble.example",
        ),
        *(
            "Nursing homes|Residential homes",
            "09/Jan/2018 - 00:00",
            "Dementia",
            "Fictional Limited",
            "Durham",
        ),
        *("North East", "http://www.cqc.org.uk/location/1-1", "1-10001", "1-20001"),
    )

    def test_is_found_below_its_preamble(self, reading: Reading) -> None:
        found = reading.lines([*self.PREAMBLE, published.DIRECTORY_COLUMNS, self.ROW])["1-10001"]
        assert (found["address"], found["town"]) == ("The Annexe, 1 Fable Close", "Durham")
        assert (found["type"], found["services"]) == (
            "care_home",
            [register_rows.NURSING, register_rows.RESIDENTIAL],
        )
        assert (found["parent_code"], found["council_code"]) == ("1-20001", "E06000047")

    def test_a_row_too_long_to_be_read_ends_it_in_words(self, reading: Reading) -> None:
        row = list(self.ROW)
        row[1] = "x" * 200_000
        with pytest.raises(errors.Invalid, match=r"Row 2 of file\.csv cannot be read"):
            reading.lines([published.DIRECTORY_COLUMNS, row, self.ROW])

    def test_of_2020_has_other_headings(self, reading: Reading) -> None:
        headings = [
            {
                "Local authority": "Local Authority",
                "CQC Location ID (for office use only)": "CQC Location (for office use only",
            }.get(name, name)
            for name in published.DIRECTORY_COLUMNS
        ]
        assert list(reading.lines([*self.PREAMBLE, headings, self.ROW])) == ["1-10001"]


class TestRatings:
    def test_of_one_location_come_together(self, reading: Reading) -> None:
        def row(code: str, domain: str, rating: str, group: str = "Overall") -> list[str]:
            told = {
                "Location ID": code,
                "Service / Population Group": group,
                "Domain": domain,
                "Latest Rating": rating,
                "Publication Date": "04/03/2024",
            }
            return [told.get(name, "") for name in published.RATINGS_COLUMNS]

        found = reading.lines(
            [
                published.RATINGS_COLUMNS,
                row("1-10001", "Overall", "Good"),
                row("1-10001", "Well-led", "Requires Improvement"),
                row("1-10001", "Safe", "Inadequate", group="Older people"),
                row("1-10001", "Caring", "Not Rated"),
                row("1-10002", "Overall", "Outstanding"),
                row("1-10002", "Loudness", "Good"),
            ]
        )
        day = "2024-03-04"
        assert found == {
            "1-10001": {
                "ratings": {
                    "overall": {"rating": "good", "date": day},
                    "well_led": {"rating": "requires_improvement", "date": day},
                    "caring": None,
                }
            },
            "1-10002": {"ratings": {"overall": {"rating": "outstanding", "date": day}}},
        }
        assert reading.rejected == [(7, "Loudness is not a domain that is rated")]


class TestOtherFiles:
    def test_are_refused_in_words(self, reading: Reading, tmp_path: pathlib.Path) -> None:
        with pytest.raises(errors.Invalid, match="There is no file"):
            reading.facts(tmp_path / "nothing.csv")
        with pytest.raises(errors.Invalid, match="in no format that can be read"):
            reading.lines([["postcode", "easting", "northing"], ["DH1 3YG", "1", "2"]])
        (tmp_path / "picture.png").write_bytes(bytes(range(256)) * 40)
        with pytest.raises(errors.Invalid, match="in no format that can be read"):
            reading.facts(tmp_path / "picture.png")
