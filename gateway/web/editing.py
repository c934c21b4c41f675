"""What every form that edits a provider needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contracts import errors, permissions, sure
from gateway import answers

LETTERS_OF_A_STATE = 16


def version(form: Mapping[str, str]) -> int:
    """Return the version a form was made for; text that is none counts as older than any."""
    text = form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def based_on(form: Mapping[str, str], provider: Mapping[str, Any], refusal: errors.Error | None) -> int:
    """Return the version that a form is based on: the one it was made for, until changes were compared."""
    if refusal is None or isinstance(refusal, errors.Stale):
        return int(provider["version"])
    return version(form)


def answer(form: Mapping[str, str], question: str) -> str | bool:
    """Return what a form answers to a question: the mark of what was asked (`contracts.sure`), or no."""
    return form.get(question, "")[: sure.LENGTH] or False


def goes_back(form: Mapping[str, str]) -> bool:
    """Tell whether a form is to be shown again as it was filled in, and nothing saved.

    It is asked for by who goes back from "Are you sure?", or goes on after signing in again; pages that
    look for it say ``kept=http.SHOWN_AGAIN`` where they are offered.
    """
    return form.get("go") == "edit"


def tried(change: Callable[[], Any]) -> errors.Error | None:
    """Do something; return why it was refused, if the person can do better."""
    try:
        change()
    except (errors.Invalid, errors.Stale) as refusal:
        return refusal
    return None


def said(refusal: errors.Error | None, *, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what a short form shows of a refusal: all its words, each at its field."""
    if refusal is None:
        return {}
    fields: dict[str, str] = {}
    for path, words in refusal.fields.items():
        fields.setdefault(path.partition(".")[0], words)
    return {
        "status": answers.STATUS[type(refusal)],
        "errors": fields,
        "labels": labels or {},
        "message": refusal.message,
    }


def state(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return what stands for a version where nothing else does: a mark of what a form was made for."""
    plain = json.dumps([values.get(name) for name in names])
    return hashlib.sha256(plain.encode()).hexdigest()[:LETTERS_OF_A_STATE]


def require(provider: Mapping[str, Any]) -> None:
    """Show no form to those whose save would be refused.

    :raises errors.Forbidden: when the provider is not the person's to change
    """
    if permissions.EDIT_PROVIDER not in provider["may"]:
        raise errors.Forbidden("Your account is not allowed to change this provider.")
