"""What pages, programs and services say to each other about files of what a search found (DOMAIN C4)."""

from __future__ import annotations

XLSX, CSV = "xlsx", "csv"
FORMATS: dict[str, str] = {XLSX: "Excel workbook", CSV: "CSV file"}

WAITING, WORKING, READY = "waiting", "working", "ready"
REFUSED, CANCELLED, FAILED = "refused", "cancelled", "failed"
STATES: dict[str, str] = {
    WAITING: "Waiting",
    WORKING: "Being made",
    READY: "Ready",
    REFUSED: "Not made",
    CANCELLED: "Cancelled",
    FAILED: "Failed",
}
AT_WORK = (WAITING, WORKING)
"""States that end by themselves."""

MOST_HOMES = 20_000
"""Homes that one file holds; a search that finds more has to be narrowed down, as nothing is cut off."""
KEPT_HOURS = 6
"""How long a file can be fetched."""
