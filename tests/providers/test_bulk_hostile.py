"""Files that nobody should send: each is refused in words, and harms nobody (B12)."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from contracts import bulk, errors
from services.providers.bulk import bulk_reading, bulk_templates
from tests.providers import workbooks

REASONS = {"refurbishment": "Refurbishment", "covid_outbreak": "COVID outbreak"}
HOME = "0192f0c1-0000-7000-8000-0000000000cc"
TEMPLATE = bulk_templates.TEMPLATES[bulk.CARE_HOME]


def filled(**cells: Any) -> workbooks.Filled:
    """Return a template with one home and one bed type; ``cells`` are typed over."""
    plain: dict[str, Any] = {
        "name": "Aspen House",
        "cqc_location_id": "1-101",
        "postcode": "DH1 3YG",
        "label": "General Residential",
        "weekly_price_from": 850,
        "maximum": 10,
        "occupied": 8,
        "reserved": 0,
        "accepting": 2,
        "closed": 0,
        "flexible": "No",
        "accepting_out_of_hours": "No",
        "bed_type": "general_residential",
        "provider_id": HOME,
        "version": "3",
    }
    sheets: dict[str, list[list[Any]]] = {"Instructions": [["Read this"]]}
    for sheet in TEMPLATE.sheets:
        row = [(plain | cells).get(column.key, "") for column in sheet.columns]
        sheets[sheet.name] = [[column.heading for column in sheet.columns], row]
    return workbooks.Filled(sheets)


def read(content: bytes) -> bulk_reading.Book:
    return bulk_reading.read(content, TEMPLATE, reasons=REASONS)


def refusal(content: bytes) -> str:
    """Return the words with which a file is refused."""
    with pytest.raises(errors.Invalid) as raised:
        read(content)
    return raised.value.message


def fault(**cells: Any) -> str:
    """Return what is said about the one cell that is wrong."""
    lines = read(filled(**cells).as_xlsx()).lines
    (said,) = (said for line in lines for said in line.faults.values())
    return said


def rezipped(content: bytes, **parts: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook with some of its parts rewritten: ``sheet2``, or a part that is new."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in source.namelist():
            stem = name.rpartition("/")[2].removesuffix(".xml")
            change = parts.pop(stem, None)
            made.writestr(name, change(source.read(name)) if change else source.read(name))
        for stem, change in parts.items():
            made.writestr(f"xl/{stem}.bin", change(b""))
    return target.getvalue()


def capacities(change: Callable[[bytes], bytes]) -> bytes:
    """Return a template whose sheet of capacities is rewritten."""
    return rezipped(filled().as_xlsx(), sheet2=change)


class TestFiles:
    def test_b12_an_empty_file_is_refused(self) -> None:
        assert "The file is empty" in refusal(b"")

    def test_b12_what_is_no_workbook_is_refused(self) -> None:
        assert "neither an Excel workbook" in refusal(b"\x89PNG\r\n\x1a\n\x00\x00\x00")

    def test_b12_a_damaged_workbook_is_refused(self) -> None:
        assert "damaged" in refusal(filled().as_xlsx()[:2000])

    def test_b12_another_zip_is_refused(self) -> None:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("letter.txt", "Dear Sir")
        assert "not an Excel workbook (.xlsx)" in refusal(target.getvalue())

    def test_b12_a_workbook_with_a_password_is_refused(self) -> None:
        assert "password" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))

    def test_b12_a_zip_bomb_is_refused_before_it_is_read(self) -> None:
        bomb = capacities(lambda sheet: sheet + b" " * (bulk_reading.LARGEST_UNPACKED + 1))
        assert len(bomb) < 1_000_000
        assert "unpacks to more than a template ever holds" in refusal(bomb)

    def test_b12_a_zip_bomb_that_lies_about_its_size_is_refused(self) -> None:
        bomb = bytearray(capacities(lambda sheet: sheet + b" " * (bulk_reading.LARGEST_UNPACKED + 1)))
        at = bomb.rfind(b"xl/worksheets/sheet2.xml") - 46
        assert bomb[at : at + 4] == b"PK\x01\x02"
        bomb[at + 24 : at + 28] = (1000).to_bytes(4, "little")
        assert "damaged" in refusal(bytes(bomb))

    @pytest.mark.parametrize("slow", [b"<c " * 90_000, b"<row " + b'r="1" ' * 45_000])
    def test_b12_tags_without_an_end_take_no_time(self, slow: bytes) -> None:
        began = time.process_time()
        assert "not an Excel workbook" in refusal(capacities(lambda sheet: slow))
        assert time.process_time() - began < 5

    def test_b12_macros_are_refused(self) -> None:
        assert "holds macros" in refusal(rezipped(filled().as_xlsx(), vbaProject=lambda _: b"Sub Main"))

    def test_b12_entities_in_its_xml_are_refused(self) -> None:
        lol = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
        made = rezipped(
            filled().as_xlsx(), workbook=lambda xml: xml.replace(b"<workbook", lol + b"<workbook", 1)
        )
        assert "not an Excel workbook that we can read" in refusal(made)

    def test_b12_a_million_rows_are_refused(self) -> None:
        row = b'<row r="%d"><c r="A%d"><v>1</v></c></row>'
        many = b"".join(row % (number, number) for number in (3, 4, 1_000_000))
        made = capacities(lambda sheet: sheet.replace(b"</sheetData>", many + b"</sheetData>"))
        assert "has rows beyond 60,000" in refusal(made)

    def test_b12_a_cell_in_the_farthest_corner_is_refused(self) -> None:
        far = b'<row r="5"><c r="XFD5" t="n"><v>1</v></c></row>'
        made = capacities(lambda sheet: sheet.replace(b"</sheetData>", far + b"</sheetData>"))
        assert "has columns beyond the 200th" in refusal(made)

    def test_b12_renamed_sheets_are_refused_by_name(self) -> None:
        book = filled()
        book.sheets["My homes"] = book.sheets.pop("Capacities")
        assert "There is no sheet “Capacities”; the file has" in refusal(book.as_xlsx())

    def test_b12_the_wrong_template_is_refused(self) -> None:
        with pytest.raises(errors.Invalid, match="There is no sheet “Contacts”"):
            bulk_reading.read(filled().as_xlsx(), bulk_templates.TEMPLATES[bulk.CONTACTS], reasons=REASONS)

    def test_b12_a_missing_column_is_refused_by_name(self) -> None:
        book = filled()
        at = book.at("Capacities", "occupied")
        for row in book.sheets["Capacities"]:
            del row[at]
        assert "lacks this column: “Occupied”" in refusal(book.as_xlsx())

    def test_b12_a_column_that_is_there_twice_is_refused(self) -> None:
        book = filled()
        book.sheets["Capacities"][0].append("Occupied")
        assert "more than one column “Occupied”" in refusal(book.as_xlsx())


class TestCells:
    @pytest.mark.parametrize(
        ("given_value", "said"),
        [
            (3.5, "not 3.5"),
            (-1, "not -1"),
            (2001, "not 2001"),
            ("eight", "not “eight”"),
            (True, "not “True”"),
            ("1e3", "not “1e3”"),
            ("٣", "not “٣”"),
        ],
    )
    def test_b12_what_is_no_number_of_beds_is_refused(self, given_value: Any, said: str) -> None:
        found = fault(occupied=given_value)
        assert found.startswith("Enter a whole number from 0 to 2,000")
        assert said in found

    def test_b12_a_date_is_no_number(self) -> None:
        book = filled().sheets
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True}) as made:
            day = made.add_format({"num_format": "dd/mm/yyyy"})
            for name, rows in book.items():
                page = made.add_worksheet(name)
                for number, row in enumerate(rows):
                    for at, value in enumerate(row):
                        page.write(number, at, value)
                if name == "Capacities":
                    page.write_datetime(1, 6, date(2026, 3, 2), day)
        (line, _) = read(target.getvalue()).lines
        assert line.faults["occupied"].startswith("Enter a whole number from 0 to 2,000, not “2026-03-02")

    def test_b12_formulas_are_refused(self) -> None:
        assert fault(occupied="=5+3") == "This is a formula. Type what it should say."

    def test_b12_commas_divide_thousands_and_nothing_else(self) -> None:
        assert fault(occupied="3,5") == "Enter a whole number from 0 to 2,000, not “3,5”."

    @pytest.mark.parametrize("endless", [b"1e999", b"NaN"])
    def test_b12_numbers_without_end_are_refused(self, endless: bytes) -> None:
        made = capacities(
            lambda sheet: re.sub(rb'(<c r="G2"[^>]*><v>)8(?=</v>)', lambda found: found[1] + endless, sheet)
        )
        (line, _) = read(made).lines
        assert line.faults["occupied"].startswith("Enter a whole number from 0 to 2,000")

    def test_b12_huge_cells_are_refused(self) -> None:
        assert fault(occupied="x" * 5_000) == "There are 5,000 characters here; write at most 500."

    def test_b12_a_price_has_to_be_believable(self) -> None:
        assert "pounds from 100 to 20,000, not 99" in fault(weekly_price_from=99)

    def test_b12_an_unknown_reason_is_refused_with_those_there_are(self) -> None:
        assert fault(closure_reason="Holidays").endswith("Choose one of: Refurbishment, COVID outbreak.")

    def test_b12_only_yes_and_no_answer_yes_or_no(self) -> None:
        assert fault(flexible="perhaps") == "Say Yes or No, not “perhaps”."

    def test_b12_an_id_that_was_changed_is_refused(self) -> None:
        lines = read(filled(provider_id="' OR 1=1").as_xlsx()).lines
        assert all("ours and was changed" in line.faults["provider_id"] for line in lines)

    def test_b12_merged_cells_are_refused(self) -> None:
        merge = b'<mergeCells count="1"><mergeCell ref="G2:H2"/></mergeCells>'
        made = capacities(lambda sheet: re.sub(rb"</sheetData>", b"</sheetData>" + merge, sheet))
        (line, _) = read(made).lines
        assert set(line.faults) == {"occupied", "reserved"}
        assert "merged" in line.faults["occupied"]


class TestTolerance:
    def test_b12_columns_may_be_moved_and_rows_left_blank(self) -> None:
        book = filled()
        for name in ("Capacities", "Care Homes"):
            book.sheets[name] = [row[::-1] for row in book.sheets[name]]
            book.sheets[name].insert(1, [])
            book.sheets[name].insert(1, ["", " ", ""])
        lines = read(book.as_xlsx()).lines
        assert [(line.sheet, line.row, line.faults) for line in lines] == [
            ("Capacities", 4, {}),
            ("Care Homes", 4, {}),
        ]
        assert lines[0].values["occupied"] == 8

    def test_b12_reads_prices_as_people_write_them(self) -> None:
        (line, _) = read(filled(weekly_price_from="£1,175.00").as_xlsx()).lines
        assert line.values["weekly_price_from"] == 1175


def table(*, delimiter: str = ",") -> str:
    """Return the same template as a CSV file."""
    columns = TEMPLATE.csv_columns
    values = filled(nothing_changed="Yes", closed=1, accepting=1, closure_reason="Refurbishment")
    by_heading = {
        heading: str(value)
        for sheet in TEMPLATE.sheets
        for heading, value in zip(*values.sheets[sheet.name], strict=True)
    }
    rows = [[column.heading for column in columns], [by_heading[column.heading] for column in columns]]
    return "\r\n".join(delimiter.join(row) for row in rows)


class TestCsv:
    @pytest.mark.parametrize(
        "content",
        [
            table().encode(),
            table().encode("utf-8-sig"),
            table().encode("utf-16"),
            table(delimiter=";").encode(),
            table(delimiter="\t").encode("cp1252"),
        ],
    )
    def test_b12_is_read_however_a_spreadsheet_saves_it(self, content: bytes) -> None:
        capacity, home = read(content).lines
        assert (capacity.values["occupied"], capacity.values["closure_reason"]) == (8, "refurbishment")
        assert (home.values["nothing_changed"], home.values["provider_id"]) == (True, HOME)
        assert not capacity.faults | home.faults

    def test_b12_says_where_rows_of_one_home_disagree(self) -> None:
        header, row = table().split("\r\n")
        again = row.replace("general_residential", "general_nursing").replace(",Yes,", ",No,")
        lines = read("\r\n".join([header, row, again]).encode()).lines
        (home,) = (line for line in lines if line.sheet == "Care Homes")
        assert "Row 2 and row 3 of this home differ here" in home.faults["nothing_changed"]

    def test_b12_characters_that_cannot_be_stored_are_refused(self) -> None:
        content = table().replace(",8,", ",8\0,").encode()
        # The first of the file tells a table from other files.
        padded = content.replace(b"Aspen House", b"A" * 490) + b"\r\n" + b"," * 20
        header, row = padded.split(b"\r\n")[:2]
        many = b"\r\n".join([header, *[row.replace(b"\0", b"")] * 20, row])
        line = read(many).lines[-1]
        assert line.faults == {"occupied": "This holds characters that cannot be stored. Type it again."}

    def test_b12_rows_count_as_a_spreadsheet_shows_them(self) -> None:
        header, row = table().split("\r\n")
        tall = row.replace("Aspen House", '"Aspen\nHouse"')
        lines = read("\r\n".join([header, tall, row]).encode()).lines
        assert [line.row for line in lines if line.sheet == "Capacities"] == [2, 3]

    def test_b12_with_an_endless_cell_is_refused(self) -> None:
        assert "cannot be read as CSV" in refusal((table() + '\r\n"' + "x" * 200_000).encode())

    def test_b12_with_a_million_rows_is_refused(self) -> None:
        header, row = table().split("\r\n")
        short = row.replace("Aspen House", "A").replace("General Residential", "")
        content = (header + "\r\n" + f"{short}\r\n" * 61_000).encode()
        assert "more than 60,000 rows" in refusal(content[: bulk.LARGEST_FILE])


class TestWhose:
    def test_b12_a_file_larger_than_10_mb_is_refused(self) -> None:
        assert "larger than 10 MB" in refusal(b"PK" + bytes(bulk.LARGEST_FILE))
