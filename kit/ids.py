"""Identifiers: UUID version 7 as text, so that they sort by when they were made."""

from __future__ import annotations

import uuid

import uuid_utils


def new() -> str:
    """Return a new identifier."""
    return str(uuid_utils.uuid7())


def is_valid(text: object) -> bool:
    """Tell whether ``text`` is an identifier in its usual form, the hyphens where they belong."""
    if not isinstance(text, str):
        return False
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
