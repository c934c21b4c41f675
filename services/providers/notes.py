"""Notes: what a provider tells in words, dated, with who wrote it (B3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from contracts import errors, permissions
from kit import ids
from services.providers import changes, models, opening, publishing

KIND = "notes"
MOST = 50
"""Notes of one provider; who needs more has to tidy up."""
LONGEST = 1000
"""Characters of one note."""


def add(
    session: Session, *, provider_id: str, text: str, by: permissions.Actor, now: datetime
) -> models.Provider:
    """Write a note.

    :raises errors.Forbidden: ``by`` may not edit the provider.
    :raises errors.Invalid: there is nothing in it, too much, or there are too many notes.
    """
    provider = opening.to_change(session, provider_id=provider_id, by=by)
    written = _checked(text)
    if len(provider.notes) >= MOST:
        raise errors.Invalid(
            f"There are {MOST} notes already.",
            {"text": "Delete a note that is no longer true, then write this."},
        )
    before = changes.state(provider)
    note = models.Note(id=ids.new(), text=written, written_at=now, by_id=by.user_id, by_name=by.full_name)
    provider.notes.insert(0, note)
    publishing.publish(session, provider, kind=KIND, before=before, by=by, now=now)
    return provider


def edit(
    session: Session,
    *,
    provider_id: str,
    note_id: str,
    was: str | None,
    text: str,
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Change a note, which ``was`` so when its editor saw it.

    :raises errors.NotFound: there is no such note any more.
    :raises errors.Stale: somebody else edited it meanwhile.
    :raises errors.Invalid: there is nothing in it, or too much.
    """
    provider = opening.to_change(session, provider_id=provider_id, by=by)
    note = _one(provider, note_id)
    written = _checked(text)
    _refuse_stale(note, was)
    if written == note.text:
        return provider
    before = changes.state(provider)
    note.text, note.edited_at, note.edited_by = written, now, by.full_name
    publishing.publish(session, provider, kind=KIND, before=before, by=by, now=now)
    return provider


def delete(
    session: Session,
    *,
    provider_id: str,
    note_id: str,
    was: str | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Delete a note, which ``was`` so when somebody decided that; the audit trail keeps what it said.

    :raises errors.NotFound: there is no such note any more.
    :raises errors.Stale: somebody else edited it meanwhile.
    """
    provider = opening.to_change(session, provider_id=provider_id, by=by)
    note = _one(provider, note_id)
    _refuse_stale(note, was)
    before = changes.state(provider)
    provider.notes.remove(note)
    publishing.publish(session, provider, kind=KIND, before=before, by=by, now=now)
    return provider


def answer(note: models.Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "text": note.text,
        "written_at": note.written_at.isoformat(),
        "by": note.by_name,
        "edited_at": note.edited_at.isoformat() if note.edited_at else None,
        "edited_by": note.edited_by,
    }


def _one(provider: models.Provider, note_id: str) -> models.Note:
    for note in provider.notes:
        if note.id == note_id:
            return note
    raise errors.NotFound("There is no such note; somebody may have deleted it.")


def _refuse_stale(note: models.Note, was: str | None) -> None:
    if was is not None and _tidied(was) != note.text:
        editor = note.edited_by or note.by_name
        raise errors.Stale(
            f"{editor} changed this note meanwhile; nothing of yours was saved. "
            "Look at what it says now, then decide again.",
            {"text": f"is now “{note.text}”"},
        )


def _checked(text: str) -> str:
    tidied = _tidied(text)
    if not tidied:
        raise errors.Invalid("The note is empty.", {"text": "Write what people should know."})
    if len(tidied) > LONGEST:
        raise errors.Invalid("The note is too long.", {"text": f"Write at most {LONGEST} characters."})
    if not tidied.replace("\n", " ").isprintable():
        raise errors.Invalid(
            "The note cannot be kept.", {"text": "This holds characters that cannot be stored."}
        )
    return tidied


def _tidied(text: str) -> str:
    """Return a text with its lines kept, without the spaces around and between them."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
