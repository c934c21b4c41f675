"""What the files of a bulk update look like: sheets and their columns, for Excel and for CSV alike (B12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.bulk import CARE_HOME, CONTACTS, HOME_CARE
from contracts.bulk import TEMPLATES as NAMES

NUMBER, PRICE, YES_NO, REASON, TEXT, ID = "number", "price", "yes or no", "reason", "text", "id"

XLSX, CSV = "xlsx", "csv"
FORMATS = (XLSX, CSV)


@dataclass(frozen=True)
class Column:
    """A column by its heading.

    People fill in those of an ``entered`` kind; the others tell them which row it is, and are not read. An
    ``ID`` is read, and hidden in a workbook.
    """

    key: str
    heading: str
    kind: str = ""
    width: int = 12

    @property
    def is_entered(self) -> bool:
        return self.kind not in ("", ID)


@dataclass(frozen=True)
class Sheet:
    """A sheet with a row for each provider, or for each bed type of each."""

    name: str
    by_bed_type: bool
    columns: Sequence[Column]

    @property
    def read(self) -> list[Column]:
        """Return the columns that have to be there."""
        return [column for column in self.columns if column.kind]


@dataclass(frozen=True)
class Template:
    """A kind of bulk update, and which types of provider it is for (none: for all)."""

    code: str
    name: str
    provider_types: tuple[str, ...]
    sheets: tuple[Sheet, ...]

    @property
    def of_figures(self) -> bool:
        return self.code != CONTACTS

    @property
    def csv_columns(self) -> list[Column]:
        """Return the columns of all sheets, each once."""
        found: dict[str, Column] = {}
        for sheet in self.sheets:
            for column in sheet.columns:
                found.setdefault(column.key, column)
        # Ids come last in a CSV file too, where nothing can be hidden.
        return sorted(found.values(), key=lambda column: column.kind == ID)


_WHICH = (
    Column("name", "Name", width=34),
    Column("cqc_location_id", "CQC id", width=16),
    Column("postcode", "Postcode", width=10),
)
_IDS = (Column("provider_id", "Id", ID, 40), Column("version", "Version", ID, 10))
_BED_TYPE = Column("bed_type", "Type code", ID, 30)
_FLEXIBLE = Column("flexible", "Flexible?", YES_NO, 10)
_UPDATED = Column("last_updated", "Last updated", width=22)
_NOTHING = Column("nothing_changed", "Nothing has changed", YES_NO, 14)
_OUT_OF_HOURS = Column("accepting_out_of_hours", "Accepting Out of Hours Admissions", YES_NO, 18)

TEMPLATES = {
    template.code: template
    for template in (
        Template(
            CARE_HOME,
            NAMES[CARE_HOME],
            ("care_home",),
            (
                Sheet(
                    "Capacities",
                    True,
                    (
                        *_WHICH,
                        Column("label", "Vacancy Type", width=30),
                        Column("weekly_price_from", "Weekly Price from", PRICE),
                        Column("maximum", "Maximum Capacity", NUMBER),
                        Column("occupied", "Occupied", NUMBER),
                        Column("reserved", "Vacant: Reserved", NUMBER),
                        Column("accepting", "Vacant: Accepting Admissions", NUMBER, 14),
                        Column("closed", "Vacant: Closed", NUMBER),
                        Column("closure_reason", "Why closed", REASON, 28),
                        _FLEXIBLE,
                        _BED_TYPE,
                        *_IDS,
                    ),
                ),
                Sheet("Care Homes", False, (*_WHICH, _OUT_OF_HOURS, _NOTHING, _UPDATED, *_IDS)),
            ),
        ),
        Template(
            HOME_CARE,
            NAMES[HOME_CARE],
            ("home_care",),
            (
                Sheet(
                    "Capacities",
                    True,
                    (
                        *_WHICH,
                        Column("label", "Type of care", width=30),
                        Column("weekly_price_from", "Weekly Price from", PRICE),
                        Column("maximum", "People you can care for at most", NUMBER, 16),
                        Column("accepting", "New people you can take on now", NUMBER, 16),
                        _FLEXIBLE,
                        _BED_TYPE,
                        *_IDS,
                    ),
                ),
                Sheet("Home Care", False, (*_WHICH, _OUT_OF_HOURS, _NOTHING, _UPDATED, *_IDS)),
            ),
        ),
        Template(
            CONTACTS,
            NAMES[CONTACTS],
            (),
            (
                Sheet(
                    "Contacts",
                    False,
                    (
                        *_WHICH,
                        Column("phone", "Telephone", TEXT, 18),
                        Column("email", "Email address", TEXT, 34),
                        Column("website", "Website", TEXT, 34),
                        Column("manager_name", "Manager's name", TEXT, 26),
                        Column("manager_phone", "Manager's telephone", TEXT, 18),
                        Column("manager_email", "Manager's email address", TEXT, 34),
                        *_IDS,
                    ),
                ),
            ),
        ),
    )
}

INSTRUCTIONS = "Instructions"

_HOW = (
    "Fill in the light yellow cells only. Everything else is locked: it says which row is which.",
    "Do not rename sheets or columns. You may sort, filter and leave out rows; rows that you leave as they "
    "are change nothing.",
    "Save the file, then send it on the page Bulk update. You first see what would change and what is wrong, "
    "by sheet, row and column. Nothing is saved before you say so.",
    "If somebody changes a home after you downloaded this file, your row for it is compared with what is "
    "new, and you are told where the two clash.",
    "For 24 hours you can undo the whole update, for every home that nobody has changed since.",
)
_OF_FIGURES = (
    "Maximum Capacity is the sum of Occupied, the kinds of Vacant and Closed. Check says where it is not.",
    "Count residents in hospital whose bed is held as occupied. Count block-booked beds that could be filled "
    "today as accepting, not as reserved.",
    "Whoever closes beds says why; choose the reason from the list.",
    "Weekly Price from is in whole pounds, £100 or more.",
    "On the second sheet, look over column D, Accepting Out of Hours Admissions. Choose Yes under Nothing "
    "has changed to confirm all figures of a home as they are.",
)
_OF_PEOPLE = (
    "People you can care for at most is how many people your staff can look after at one time; New people "
    "you can take on now is how many of those places are free today.",
    "Weekly Price from is in whole pounds, £100 or more.",
    "On the second sheet, look over column D, Accepting Out of Hours Admissions. Choose Yes under Nothing "
    "has changed to confirm all figures as they are.",
)
_OF_CONTACTS = ("An empty cell means that there is none: what was there before is taken away.",)


def instructions(template: Template) -> list[str]:
    """Return what a person has to know, one paragraph each."""
    special = {CARE_HOME: _OF_FIGURES, HOME_CARE: _OF_PEOPLE, CONTACTS: _OF_CONTACTS}
    return [*_HOW[:2], *special[template.code], *_HOW[2:]]


def letter(position: int) -> str:
    """Return how a spreadsheet calls the column at a position from nought: A, B, … Z, AA."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
