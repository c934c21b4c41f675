"""Versions as HTTP says them: `ETag` on what is read, `If-Match` on what is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contracts import errors
from gateway.incoming import Request

OPTIONAL: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of what yours is based on; refused with 412 when somebody changed it meanwhile.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
    "example": '"12"',
}
REQUIRED: dict[str, Any] = {**OPTIONAL, "required": True}
_ETAG = re.compile(r'"([0-9]{1,9})"', re.ASCII)


def etag(versioned: Mapping[str, Any]) -> dict[str, str]:
    """Return the header that names a version."""
    return {"ETag": f'"{versioned["version"]}"'}


def given(request: Request) -> int | None:
    """Return the version that a change is based on, if it says so.

    :raises errors.Stale: when what it says cannot be a version
    """
    header = request.headers.get("If-Match")
    if header is None:
        return None
    found = _ETAG.fullmatch(header.strip())
    if found is None:
        raise errors.Stale('Send If-Match with the ETag exactly as it was given, such as "12".')
    return int(found[1])


def required(request: Request) -> int:
    """Return the version that a change is based on.

    :raises errors.Stale: when it does not say so
    """
    version = given(request)
    if version is None:
        raise errors.Stale(
            "Read the figures first and send their ETag as If-Match, so that nothing is overwritten unseen."
        )
    return version
