"""Keys that make a request safe to send again, as HTTP says them: `Idempotency-Key`."""

from __future__ import annotations

from typing import Any

from contracts import errors
from gateway.incoming import Request

LONGEST = 100
REQUIRED: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A new text of yours for each new request, such as a UUID. The same request sent again "
    "with the same key is carried out once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
    "example": "0b8e6f0c-52f2-4d11-9a52-0d7a6b1c9d55",
}


def key(request: Request) -> str:
    """Return the key of a request.

    :raises errors.Invalid: when there is none, or it cannot be one
    """
    given = request.headers.get("Idempotency-Key", "").strip()
    if not given or len(given) > LONGEST or not all("!" <= letter <= "~" for letter in given):
        raise errors.Invalid(
            "Send the header Idempotency-Key, so that the request can be sent again safely.",
            {"Idempotency-Key": f"A new text for each new request: 1 to {LONGEST} letters, digits or signs."},
        )
    return f"api:{given}"
