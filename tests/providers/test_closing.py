"""B15: deactivating a provider keeps its history."""

from __future__ import annotations

import pytest
from sqlalchemy import orm, select

from contracts import errors
from services.providers import capacity, closing, models
from tests.providers import given


def deactivate(session: orm.Session, home: models.Provider, **changed: object) -> models.Provider:
    arguments = {"version": None, "reason": "Closed for good.", "by": given.broker(), "now": given.NOW}
    return closing.deactivate(session, provider_id=home.id, **(arguments | changed))  # type: ignore[arg-type]


class TestDeactivate:
    def test_b15_takes_it_out_of_searches_and_keeps_its_history(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        deactivate(session, home)
        told = given.recorded(session)[-1]["provider"]
        assert (told["active"], told["listed"]) == (False, False)
        assert home.deactivated_reason == "Closed for good."
        assert capacity.history(session, provider_id=home.id, page=1, by=by)["total"] == 1

    def test_b15_says_who_did_it_and_why_in_the_audit(self, session: orm.Session) -> None:
        by = given.broker()
        deactivate(session, given.provider(session, of=given.actor()), by=by)
        entries = session.scalars(select(models.AuditEntry)).all()
        assert {entry.action for entry in entries} >= {"provider deactivated"}
        assert {entry.by_name for entry in entries} == {by.full_name}
        assert any(entry.after.get("deactivated_reason") == "Closed for good." for entry in entries)

    def test_b15_is_done_by_ones_own_authority_and_not_on_behalf(self, session: orm.Session) -> None:
        deactivate(session, given.provider(session, of=given.actor()))
        entry = session.scalars(
            select(models.AuditEntry).where(models.AuditEntry.action == "provider deactivated")
        ).one()
        assert "on_behalf" not in entry.after

    def test_b15_needs_a_reason(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as refused:
            deactivate(session, given.provider(session, of=given.actor()), reason=" ")
        assert list(refused.value.fields) == ["reason"]

    def test_b15_is_for_brokers_of_the_area_and_administrators(self, session: orm.Session) -> None:
        owner = given.actor()
        home = given.provider(session, of=owner)
        for by in (owner, given.broker(given.NEWCASTLE)):
            with pytest.raises(errors.Forbidden):
                deactivate(session, home, by=by)
        deactivate(session, home, by=given.administrator())

    def test_b10_refuses_when_it_was_changed_meanwhile(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        with pytest.raises(errors.Stale):
            deactivate(session, home, version=1)
        assert home.active

    def test_b15_does_it_once(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor())
        deactivate(session, home)
        with pytest.raises(errors.Conflict, match="deactivated already"):
            deactivate(session, home)


class TestReactivate:
    def test_b15_lists_it_again_when_it_is_complete(self, session: orm.Session) -> None:
        home = given.declared(session, "general_residential", by=given.actor())
        deactivate(session, home)
        closing.reactivate(session, provider_id=home.id, version=None, by=given.broker(), now=given.NOW)
        assert (home.active, home.listed, home.deactivated_reason) == (True, True, None)

    def test_b15_says_so_when_it_is_active(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor())
        with pytest.raises(errors.Conflict, match="active already"):
            closing.reactivate(session, provider_id=home.id, version=None, by=given.broker(), now=given.NOW)
