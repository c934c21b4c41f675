"""The ids of organisations that exist from the start: councils and ICBs, known by their public codes."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("6f0a3c52-5d0e-4f43-9b1e-0d6d1f7c2a10")


def authority_id(code: str) -> str:
    """Return the id of the council or ICB with this code, the same in every installation."""
    return str(uuid.uuid5(_NAMESPACE, code))
