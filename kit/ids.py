"""Identifiers: UUID version 7 as text, so that they sort by when they were made."""

from __future__ import annotations

import uuid

import uuid_utils


def new() -> str:
    """Return a new identifier."""
    return str(uuid_utils.uuid7())


def is_valid(text: object) -> bool:
    """Tell whether ``text`` is an identifier in its usual form (36 characters with hyphens)."""
    if not isinstance(text, str) or len(text) != 36:
        return False
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
