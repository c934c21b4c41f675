"""The versions of the terms of use; people agree to one of them, and again when there is a newer one (A1).

The text of each is a template of the gateway, ``terms/<version>.html``. To change the terms, add a version
with its text here and there; the one before stays readable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version; ``changes`` says in a sentence what is new, for people who agreed to the one before."""

    code: str
    valid_from: date
    changes: str


VERSIONS = (Version(code="2026-11", valid_from=date(2026, 11, 1), changes="The first version."),)
CURRENT = VERSIONS[-1].code
