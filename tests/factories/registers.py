"""Registers as they are published, filled with invented sites: for tests, and to measure with."""

from __future__ import annotations

import csv
import pathlib
import random
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from xml.sax import saxutils

import xlsxwriter

_LOCATION = [
    "Location ID",
    "Location HSCA start date",
    "Dormant (Y/N)",
    "Care home?",
    "Location Name",
    "Location ODS Code",
    "Location Telephone Number",
    "Registered manager",
    "Location Web Address",
    "Care homes beds",
    "Location Type/Sector",
    "Location Inspection Directorate",
    "Location Primary Inspection Category",
    "Location Latest Overall Rating",
    "Publication Date",
    "Inherited Rating (Y/N)",
    "Location Region",
    "Location NHS Region",
    "Location Local Authority",
    "Location ONSPD CCG Code",
    "Location ONSPD CCG",
    "Location Commissioning CCG Code",
    "Location Commissioning CCG",
    "Location Street Address",
    "Location Address Line 2",
    "Location City",
    "Location County",
    "Location Postal Code",
    "Location PAF ID",
    "Location UPRN ID",
    "Location Latitude",
    "Location Longitude",
    "Location Parliamentary Constituency",
    "Brand ID",
    "Brand Name",
    "Provider Companies House Number",
    "Provider Charity Number",
    "Provider ID",
    "Provider Name",
    "Provider HSCA start date",
    "Provider Type/Sector",
    "Provider Inspection Directorate",
    "Provider Primary Inspection Category",
    "Provider Ownership Type",
    "Provider Telephone Number",
    "Provider Web Address",
    "Provider Street Address",
    "Provider Address Line 2",
    "Provider City",
    "Provider County",
    "Provider Postal Code",
    "Provider PAF ID",
    "Provider UPRN ID",
    "Provider Local Authority",
    "Provider Region",
    "Provider NHS Region",
    "Provider Latitude",
    "Provider Longitude",
    "Provider Parliamentary Constituency",
    "Provider Nominated Individual Name",
    "Provider Main Partner Name",
]
_ACTIVITIES = [
    "Accommodation for persons who require nursing or personal care",
    "Accommodation for persons who require treatment for substance misuse",
    "Assessment or medical treatment for persons detained under the Mental Health Act 1983",
    "Diagnostic and screening procedures",
    "Family planning",
    "Management of supply of blood and blood derived products",
    "Maternity and midwifery services",
    "Nursing care",
    "Personal care",
    "Services in slimming clinics",
    "Surgical procedures",
    "Termination of pregnancies",
    "Transport services, triage and medical advice provided remotely",
    "Treatment of disease, disorder or injury",
]
_SERVICES = [
    "Acute services with overnight beds",
    "Acute services without overnight beds / listed acute services with or without overnight beds",
    "Ambulance service",
    "Blood and Transplant service",
    "Care home service with nursing",
    "Care home service without nursing",
    "Community based services for people who misuse substances",
    "Community based services for people with a learning disability",
    "Community based services for people with mental health needs",
    "Community health care services - Independent Midwives",
    "Community health care services - Nurses Agency only",
    "Community healthcare service",
    "Dental service",
    "Diagnostic and/or screening service",
    "Diagnostic and/or screening service - single handed sessional providers",
    "Doctors consultation service",
    "Doctors treatment service",
    "Domiciliary care service",
    "Extra Care housing services",
    "Hospice services",
    "Hospice services at home",
    "Hospital services for people with mental health needs, learning disabilities "
    "and problems with substance misuse",
    "Hyperbaric Chamber",
    "Long term conditions services",
    "Mobile doctors service",
    "Prison Healthcare Services",
    "Rehabilitation services",
    "Remote clinical advice service",
    "Residential substance misuse treatment and/or rehabilitation service",
    "Shared Lives",
    "Specialist college service",
    "Supported living service",
    "Urgent care services",
]
_BANDS = [
    "Children 0-18 years",
    "Dementia",
    "Learning disabilities or autistic spectrum disorder",
    "Mental Health",
    "Older People",
    "People detained under the Mental Health Act",
    "People who misuse drugs and alcohol",
    "People with an eating disorder",
    "Physical Disability",
    "Sensory Impairment",
    "Whole Population",
    "Younger Adults",
]
HSCA_COLUMNS = [
    *_LOCATION,
    *(f"Regulated activity - {name}" for name in _ACTIVITIES),
    *(f"Service type - {name}" for name in _SERVICES),
    *(f"Service user band - {name}" for name in _BANDS),
    "Location Dual Registered",
    "Primary ID (Dual registration locations)",
]
"""The header of CQC's care directory with filters."""
DIRECTORY_COLUMNS = [
    "Name",
    "Also known as",
    "Address",
    "Postcode",
    "Phone number",
    "Service's website (if available)",
    "Service types",
    "Date of latest check",
    "Specialisms/services",
    "Provider name",
    "Local authority",
    "Region",
    "Location URL",
    "CQC Location ID (for office use only)",
    "CQC Provider ID (for office use only)",
]
RATINGS_COLUMNS = [
    "Location ID",
    "Location ODS Code",
    "Location Name",
    "Care Home?",
    "Location Type",
    "Location Primary Inspection Category",
    "Location Street Address",
    "Location Address Line 2",
    "Location City",
    "Location Post Code",
    "Location Local Authority",
    "Location Region",
    "Location NHS Region",
    "Location ONSPD CCG Code",
    "Location ONSPD CCG",
    "Location Commissioning CCG Code",
    "Location Commissioning CCG Name",
    "Service / Population Group",
    "Domain",
    "Latest Rating",
    "Publication Date",
    "Report Type",
    "Inherited Rating (Y/N)",
    "URL",
    "Provider ID",
    "Provider Name",
    "Brand ID",
    "Brand Name",
]

NURSING = "Care home service with nursing"
RESIDENTIAL = "Care home service without nursing"
HOME_CARE = "Domiciliary care service"
_KINDS = [
    ([NURSING], 7),
    ([RESIDENTIAL], 19),
    ([HOME_CARE], 24),
    ([HOME_CARE, "Supported living service"], 3),
    (["Hospice services"], 0.5),
    (["Residential substance misuse treatment and/or rehabilitation service"], 0.4),
    (["Dental service"], 20),
    (["Doctors consultation service", "Doctors treatment service"], 14),
    (["Acute services with overnight beds", "Diagnostic and/or screening service"], 4),
    (["Diagnostic and/or screening service"], 8),
]
_FIRST = ["Marmalade", "Moonbeam", "Teacup", "Gingerbread", "Dandelion", "Paperboat", "Thimble", "Buttercup"]
_SECOND = ["House", "Lodge", "Court", "Grange", "Manor", "View", "Cottage", "Rest", "Gardens", "Hall"]
_STREETS = ["Made-up Lane", "Pretend Street", "Storybook Road", "Fable Close", "Invented Avenue"]
_PLACES = [
    ("Durham", "DH1", "County Durham", "North East", "E38000234", "54.77", "-1.57"),
    ("Newcastle upon Tyne", "NE1", "Newcastle upon Tyne", "North East", "E38000212", "54.97", "-1.61"),
    ("Hereford", "HR1", "Herefordshire, County of", "West Midlands", "E38000236", "52.05", "-2.71"),
    ("Bedford", "MK40", "Bedford", "East of England", "E38000249", "52.13", "-0.46"),
    ("Brighton", "BN1", "Brighton and Hove", "South East", "E38000021", "50.82", "-0.13"),
    ("Bristol", "BS1", "Bristol, City of", "South West", "E38000222", "51.45", "-2.58"),
]
_RATINGS = ["Outstanding", *["Good"] * 6, "Requires improvement", "Requires Improvement", "Inadequate", ""]
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


def site(number: int, **changed: str) -> dict[str, str]:
    """Return a row of CQC's care directory on an invented location, as text by column without the blanks.

    The same number is the same location; ``changed`` are columns by name.
    """
    chance = random.Random(number)
    town, outward, council, region, ccg, latitude, longitude = chance.choice(_PLACES)
    (services,) = chance.choices([kind for kind, _ in _KINDS], weights=[weight for _, weight in _KINDS])
    name = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {number}"
    owner = number // 2
    street = f"{chance.randint(1, 99)} {chance.choice(_STREETS)}"
    inward = f"{number % 10}{_LETTERS[number // 10 % 20]}{_LETTERS[number // 200 % 20]}"
    is_home = services[0] in (NURSING, RESIDENTIAL)
    rating = chance.choice(_RATINGS)
    row = {
        "Location ID": f"1-{number + 100_000_000}",
        "Location HSCA start date": f"{chance.randint(1, 28):02}/10/2010",
        "Dormant (Y/N)": "N",
        "Care home?": "Y" if is_home else "N",
        "Location Name": name,
        "Location ODS Code": f"V{number:05}"[:6],
        "Location Telephone Number": f"01632960{number % 1000:03}",
        "Registered manager": "Pretend, Pat",
        "Location Web Address": f"www.home-{number}.example",
        "Care homes beds": str(chance.randint(3, 90)) if is_home else "0",
        "Location Type/Sector": "Social Care Org",
        "Location Inspection Directorate": "Adult social care",
        "Location Primary Inspection Category": "Residential social care",
        "Location Latest Overall Rating": rating,
        "Publication Date": f"{chance.randint(1, 28):02}/03/2024" if rating else "",
        "Inherited Rating (Y/N)": "N" if rating else "",
        "Location Region": region,
        "Location NHS Region": "North East and Yorkshire",
        "Location Local Authority": council,
        "Location ONSPD CCG Code": ccg,
        "Location ONSPD CCG": "NHS Somewhere Fictional",
        "Location Street Address": street,
        "Location City": town,
        "Location County": "Fictionshire",
        "Location Postal Code": f"{outward} {inward}",
        "Location PAF ID": str(10_000_000 + number),
        "Location UPRN ID": str(100_000_000_000 + number),
        "Location Latitude": f"{latitude}{number % 10_000:04}",
        "Location Longitude": f"{longitude}{number % 10_000:04}",
        "Location Parliamentary Constituency": "Somewhere and Elsewhere",
        "Brand ID": f"BD{owner % 500:03}" if owner % 3 == 0 else "-",
        "Brand Name": f"BRAND Fictional Care {owner % 500}" if owner % 3 == 0 else "-",
        "Provider Companies House Number": f"{owner:08}",
        "Provider ID": f"1-{owner + 200_000_000}",
        "Provider Name": f"Fictional Provider {owner} Limited",
        "Provider HSCA start date": "01/10/2010",
        "Provider Type/Sector": "Social Care Org",
        "Provider Inspection Directorate": "Adult social care",
        "Provider Primary Inspection Category": "Residential social care",
        "Provider Ownership Type": "Organisation",
        "Provider Telephone Number": f"01632960{owner % 1000:03}",
        "Provider Web Address": f"www.owner-{owner}.example",
        "Provider Street Address": street,
        "Provider City": town,
        "Provider County": "Fictionshire",
        "Provider Postal Code": f"{outward} {inward}",
        "Provider Local Authority": council,
        "Provider Region": region,
        "Provider Latitude": latitude,
        "Provider Longitude": longitude,
        "Provider Nominated Individual Name": "Pretend, Perpetua",
        "Regulated activity - Personal care": "Y",
        "Service user band - Older People": "Y",
        "Service user band - Whole Population": "Y",
        "Location Dual Registered": "N",
        **{f"Service type - {service}": "Y" for service in services},
    }
    return {column: text for column, text in (row | changed).items() if text}


def hsca(rows: Iterable[dict[str, str]]) -> Iterator[list[str]]:
    """Give the care directory with filters: its header and the rows."""
    yield HSCA_COLUMNS
    for row in rows:
        yield [row.get(column, "") for column in HSCA_COLUMNS]


def write_csv(path: pathlib.Path, rows: Iterable[Sequence[str]], *, encoding: str = "utf-8") -> pathlib.Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_xlsx(path: pathlib.Path, **sheets: Iterable[Sequence[str]]) -> pathlib.Path:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, text in enumerate(row):
                    if text:
                        page.write(number, column, text)
    return path


_ODS_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
)
_ODS_TAIL = "</office:spreadsheet></office:body></office:document-content>"
_MIME = "application/vnd.oasis.opendocument.spreadsheet"
README: list[list[str]] = [["Care directory with filters"], [], ["Each row is a location."]]


def write_ods(path: pathlib.Path, **sheets: Iterable[Sequence[str]]) -> pathlib.Path:
    """Write sheets as office programs do: runs of blank cells and of blank rows are one element each."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("mimetype", _MIME, zipfile.ZIP_STORED)
        with archive.open("content.xml", "w", force_zip64=True) as content:
            content.write(_ODS_HEAD.encode())
            for name, rows in sheets.items():
                content.write(f'<table:table table:name="{name}"><table:table-column/>'.encode())
                for row in rows:
                    content.write(ods_row(row).encode())
                content.write(
                    b'<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
                    b'table:number-columns-repeated="16384"/></table:table-row></table:table>'
                )
            content.write(_ODS_TAIL.encode())
    return path


def ods_row(row: Sequence[str]) -> str:
    """Return a row in the XML of an OpenDocument spreadsheet."""
    cells: list[str] = []
    blanks = 0
    for text in [*row, None]:
        if text == "":
            blanks += 1
            continue
        if blanks:
            cells.append(f'<table:table-cell table:number-columns-repeated="{blanks}"/>')
            blanks = 0
        if text is not None:
            said = saxutils.escape(text)
            cells.append(
                f'<table:table-cell office:value-type="string"><text:p>{said}</text:p></table:table-cell>'
            )
    return f"<table:table-row>{''.join(cells)}</table:table-row>"
