"""What every form that edits a provider needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts import errors, permissions


def version(form: Mapping[str, str]) -> int:
    """Return the version a form was made for; text that is none counts as older than any."""
    text = form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def require(provider: Mapping[str, Any]) -> None:
    """Show no form to those whose save would be refused.

    :raises errors.Forbidden: when the provider is not the person's to change
    """
    if permissions.EDIT_PROVIDER not in provider["may"]:
        raise errors.Forbidden("Your account is not allowed to change this provider.")
