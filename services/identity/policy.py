"""Which passwords are accepted (A5), said in words, also while one is typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from contracts import errors, permissions
from kit import addresses, hashing
from services.identity import models, settings, throttling

SHORTEST = 10
LONGEST = 128
STRONG_ENOUGH = 3
"""On the estimator's scale of 0 to 4: safe from somebody who tries a hundred million likely passwords."""
SERVICE_NAME = "capacitytracker"
JUDGED_WINDOW_SECONDS = 60


def refuse(password: str, *, full_name: str, email: str) -> str | None:
    """Say everything that a password lacks to be good enough for a person (A5), or nothing when it is."""
    hints = []
    if len(password) < SHORTEST:
        hints.append(f"Use at least {SHORTEST} characters. Three or four unrelated words work well.")
    if len(password) > LONGEST:
        hints.append(f"Use at most {LONGEST} characters.")
    if _holds(password, _parts(full_name)):
        hints.append("Leave out your name.")
    if _holds(password, _parts(email.rpartition(".")[0])):
        hints.append("Leave out your email address and its parts.")
    if SERVICE_NAME in _squashed(password):
        hints.append("Leave out the name of this service.")
    # What is to be lengthened or shortened anyway becomes another password, to be judged then.
    is_of_a_length = SHORTEST <= len(password) <= LONGEST
    if is_of_a_length and hashing.strength(password, _parts(full_name) + _parts(email)) < STRONG_ENOUGH:
        hints.append("This is too common or too easy to guess. Three or four unrelated words work well.")
    return " ".join(hints) or None


def count_judged(
    session: orm.Session, *, limits: settings.Settings, by: permissions.Actor, now: datetime
) -> None:
    """Count that somebody who types a password asks for hints.

    :raises errors.TooMany: when there were too many questions from this person or network address.
    """
    throttling.take(
        session,
        f"passwords judged for {by.user_id or addresses.network(by.address)}",
        limit=limits.passwords_judged_per_address,
        seconds=JUDGED_WINDOW_SECONDS,
        now=now,
    )


def judged(password: str, about: models.User | None) -> dict[str, Any]:
    """Return whether a password will do for a person, and what it lacks; without a person, by itself."""
    words = refuse(password, full_name=about.full_name if about else "", email=about.email if about else "")
    return {"acceptable": words is None, "words": words}


def choose_another(refusal: str) -> errors.Invalid:
    """Return the error that says what a new password lacks."""
    return errors.Invalid("Choose another password.", {"new_password": refusal})


def _parts(text: str) -> list[str]:
    """Return the words of a name or an address, and it in one piece, where they are long enough."""
    words = [*re.split(r"[\W_\d]+", text.casefold()), _squashed(text)]
    return [word for word in dict.fromkeys(words) if len(word) >= 3]


def _holds(password: str, parts: Sequence[str]) -> bool:
    squashed = _squashed(password)
    words = set(re.split(r"[\W_\d]+", password.casefold()))
    # Three letters turn up inside ordinary words, so they count only on their own.
    return any(part in squashed if len(part) > 3 else part in words for part in parts)


def _squashed(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
