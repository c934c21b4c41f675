"""B3: notes, dated, with their author; added, edited, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import errors, permissions
from services.providers import models, notes
from tests.providers import given

LATER = given.NOW + timedelta(hours=5)


def add(session: orm.Session, home: models.Provider, text: str, *, by: permissions.Actor) -> models.Note:
    return notes.add(session, provider_id=home.id, text=text, by=by, now=given.NOW).notes[0]


def edit(session: orm.Session, home: models.Provider, note: models.Note, text: str, **changed: Any) -> Any:
    defaults: dict[str, Any] = {"was": None, "now": LATER}
    return notes.edit(session, provider_id=home.id, note_id=note.id, text=text, **(defaults | changed))


class TestAdd:
    def test_b3_dates_the_note_and_names_its_author(self, session: orm.Session) -> None:
        by = given.actor(full_name="Ottoline Fictional")
        home = given.provider(session, of=by)
        note = add(session, home, "  A hoist  in every\r\n\r\nbathroom. ", by=by)
        assert notes.answer(note) == {
            "id": note.id,
            "text": "A hoist in every\nbathroom.",
            "written_at": given.NOW.isoformat(),
            "by": "Ottoline Fictional",
            "edited_at": None,
            "edited_by": None,
        }

    def test_b3_tells_the_other_services_without_the_authors_name(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        add(session, home, "Pets are welcome.", by=by)
        told = given.recorded(session)[-1]["provider"]
        assert told["notes"] == [{"text": "Pets are welcome.", "at": given.NOW.isoformat()}]
        assert (told["version"], home.version) == (2, 2)

    def test_b3_puts_the_newest_first(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        for text in ("One.", "Two."):
            add(session, home, text, by=by)
        assert [note.text for note in home.notes] == ["Two.", "One."]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (" \n ", "Write what people should know."),
            ("a" * 1001, "Write at most 1000 characters."),
            ("a\x00b", "This holds characters that cannot be stored."),
        ],
    )
    def test_b3_refuses_what_cannot_be_kept(self, session: orm.Session, text: str, words: str) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        with pytest.raises(errors.Invalid) as refused:
            add(session, home, text, by=by)
        assert refused.value.fields == {"text": words}
        assert home.version == 1

    def test_b3_tells_searchers_every_note(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        for number in range(notes.MOST):
            add(session, home, f"Note {number}.", by=by)
        assert len(given.recorded(session)[-1]["provider"]["notes"]) == notes.MOST

    def test_b3_keeps_the_number_of_notes_within_bounds(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        for number in range(notes.MOST):
            add(session, home, f"Note {number}.", by=by)
        with pytest.raises(errors.Invalid, match="50 notes already"):
            add(session, home, "One more.", by=by)

    def test_b3_is_for_those_who_edit_the_provider(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor())
        with pytest.raises(errors.Forbidden):
            add(session, home, "Not mine.", by=given.actor())

    def test_b15_a_broker_writes_on_the_homes_behalf_and_the_audit_says_so(
        self, session: orm.Session
    ) -> None:
        home = given.provider(session, of=given.actor())
        add(session, home, "Rang: the lift is out of order.", by=given.broker())
        entry = session.scalars(select(models.AuditEntry)).one()
        assert (entry.action, entry.after["on_behalf"]) == ("notes changed", True)


class TestEdit:
    def test_b3_says_who_edited_it_and_when(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        note = add(session, home, "No pets.", by=by)
        colleague = given.actor(organisation_id=by.organisation_id, full_name="Fenella Fictional")
        edit(session, home, note, "Small pets.", by=colleague)
        assert (note.text, note.edited_by, note.edited_at) == ("Small pets.", "Fenella Fictional", LATER)
        assert note.by_name == by.full_name

    def test_b10_refuses_when_somebody_else_edited_it_meanwhile(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        note = add(session, home, "No pets.", by=by)
        edit(session, home, note, "Small pets.", by=by)
        with pytest.raises(errors.Stale) as refused:
            edit(session, home, note, "Pets at weekends.", was="No pets.", by=by)
        assert refused.value.fields == {"text": "is now “Small pets.”"}
        assert note.text == "Small pets."

    def test_b10_lets_pass_a_note_that_still_says_what_was_seen(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        note = add(session, home, "Two\nlines.", by=by)
        edit(session, home, note, "One line.", was="Two\r\nlines.", by=by)
        assert note.text == "One line."

    def test_b3_does_nothing_when_nothing_differs(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        note = add(session, home, "No pets.", by=by)
        edit(session, home, note, " No  pets. ", by=by)
        assert (home.version, note.edited_at) == (2, None)


class TestDelete:
    def test_b3_removes_it_and_the_audit_keeps_what_it_said(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        note = add(session, home, "No pets.", by=by)
        notes.delete(session, provider_id=home.id, note_id=note.id, was=None, by=by, now=LATER)
        session.expire_all()
        assert session.scalars(select(models.Note)).all() == []
        entry = session.scalars(select(models.AuditEntry).order_by(models.AuditEntry.id)).all()[-1]
        assert entry.before == {f"notes.{note.id}": "No pets."}

    def test_b10_refuses_to_delete_what_somebody_rewrote_meanwhile(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        note = add(session, home, "No pets.", by=by)
        edit(session, home, note, "Small pets.", by=by)
        with pytest.raises(errors.Stale):
            notes.delete(session, provider_id=home.id, note_id=note.id, was="No pets.", by=by, now=LATER)
        assert home.notes == [note]

    def test_b3_says_so_when_it_is_gone(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        note = add(session, home, "No pets.", by=by)
        notes.delete(session, provider_id=home.id, note_id=note.id, was=None, by=by, now=LATER)
        with pytest.raises(errors.NotFound, match="somebody may have deleted it"):
            edit(session, home, note, "Pets.", by=by)


class TestCapacityForms:
    def test_b10_are_not_made_stale_by_a_note(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        seen = home.version
        add(session, home, "The lift works again.", by=by)
        given.declare(session, home, given.figures(occupied=9, accepting=1), by=by, version=seen)
        assert home.bed_types[0].accepting == 1
