"""The ids of organisations that are known by public codes: councils, ICBs, and those that are imported."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("6f0a3c52-5d0e-4f43-9b1e-0d6d1f7c2a10")


def authority_id(code: str) -> str:
    """Return the id of the council or ICB with this code, the same in every installation."""
    return str(uuid.uuid5(_NAMESPACE, code))


def registered_id(register: str, code: str) -> str:
    """Return the id of the organisation with this code in a register (``cqc``, ``ods``)."""
    return str(uuid.uuid5(_NAMESPACE, f"{register}:{code}"))
