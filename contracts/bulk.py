"""What pages, programs and services say to each other about bulk updates (DOMAIN B12)."""

from __future__ import annotations

CARE_HOME, HOME_CARE, CONTACTS = "care_home", "home_care", "contacts"
TEMPLATES: dict[str, str] = {CARE_HOME: "Care Home", HOME_CARE: "Home Care", CONTACTS: "Contacts"}
"""What there is to update in bulk, and what the template for it is called."""

DECLARATIONS: dict[str, str] = {
    "current": "I have looked over the file: what it says is how things are today, as far as I know.",
    "admissions": "Beds that the file gives as accepting can be filled today, by the rules on admissions "
    "from hospital and on testing that are in force.",
    "responsible": "I may make these declarations for every provider in the file, and answer for them.",
}
"""What somebody declares before a file is taken, each by its code."""

ALL_OR_NOTHING, VALID_ROWS = "all_or_nothing", "valid_rows"
MODES: dict[str, str] = {
    ALL_OR_NOTHING: "All providers in the file, or none",
    VALID_ROWS: "Every provider whose rows have no fault",
}

UPLOADED, CHECKING, CHECKED = "uploaded", "checking", "checked"
APPLYING, APPLIED = "applying", "applied"
UNDOING, UNDONE = "undoing", "undone"
REFUSED, CANCELLED, FAILED = "refused", "cancelled", "failed"
STATES: dict[str, str] = {
    UPLOADED: "Waiting to be checked",
    CHECKING: "Being checked",
    CHECKED: "Checked: nothing is saved yet",
    APPLYING: "Being saved",
    APPLIED: "Saved",
    UNDOING: "Being undone",
    UNDONE: "Undone",
    REFUSED: "Refused: nothing was saved",
    CANCELLED: "Cancelled",
    FAILED: "Failed",
}
AT_WORK = (UPLOADED, CHECKING, APPLYING, UNDOING)
"""States that end by themselves."""

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of a file that is sent."""
