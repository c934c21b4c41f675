"""A11: what was done to providers: by whom, from where, before and after; who may read it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm

from contracts import errors, permissions
from services.providers import audit, details, models, services_offered
from tests.providers import given

LATER = given.NOW + timedelta(hours=2)
EVERYTHING: dict[str, Any] = dict.fromkeys(
    ("provider_id", "by_id", "action", "since", "until", "before_id"), None
) | {"limit": 50}


def read(session: orm.Session, by: permissions.Actor | None = None, **asked: Any) -> list[dict[str, Any]]:
    answer = audit.read(session, by=by or given.administrator(), **(EVERYTHING | asked))
    return list(answer["results"])


def change(session: orm.Session, home: models.Provider, by: permissions.Actor, **fields: Any) -> None:
    details.change(
        session, provider_id=home.id, version=None, fields=fields, place=None, by=by, now=given.NOW
    )


class TestRecord:
    def test_a11_says_who_did_what_from_where_and_what_it_was_before(self, session: orm.Session) -> None:
        by = given.actor(full_name="Anneka Fictional")
        home = given.provider(session, of=by)
        change(session, home, by, name="Trifle House", phone="0191 496 0001")
        [entry] = read(session, provider_id=home.id)
        assert entry == {
            "id": entry["id"],
            "at": given.NOW.isoformat(),
            "action": "provider details changed",
            "by_id": by.user_id,
            "by_name": "Anneka Fictional",
            "by_generic": False,
            "channel": "web",
            "address": given.ADDRESS,
            "subject_type": "provider",
            "subject_id": home.id,
            "subject_name": "Trifle House",
            "organisation_id": by.organisation_id,
            "organisation_name": None,
            "before": {"name": "Thimble House", "phone": ""},
            "after": {"name": "Trifle House", "phone": "0191 496 0001"},
        }

    def test_a11_keeps_what_a_new_provider_was_registered_with(self, session: orm.Session) -> None:
        by = given.actor()
        home = details.create(session, form=given.DETAILS, place=given.PLACE, by=by, now=given.NOW)
        [entry] = read(session, provider_id=home.id)
        assert (entry["action"], entry["before"]) == ("provider registered", {})
        assert (entry["after"]["name"], entry["after"]["council_code"]) == ("Thimble House", given.DURHAM)

    @pytest.mark.parametrize(
        ("switch", "words"),
        [
            ("weekly_reminder", ("weekly reminder switched off", "weekly reminder switched on")),
            ("active", ("provider deactivated", "provider reactivated")),
        ],
    )
    def test_a11_names_switches_by_what_they_do(
        self, session: orm.Session, switch: str, words: tuple[str, str]
    ) -> None:
        home = given.provider(session, of=given.actor())
        change(session, home, given.administrator(), **{switch: False, "town": "Fableton"})
        change(session, home, given.administrator(), **{switch: True})
        back, details_changed, off = read(session, provider_id=home.id)
        assert (off["action"], back["action"]) == words
        assert (off["before"], off["after"][switch]) == ({switch: True}, False)
        assert details_changed["after"]["town"] == "Fableton"
        assert switch not in details_changed["after"]

    def test_a11_keeps_services_before_and_after(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_residential", by=by)
        form = given.services("general_residential", languages=["Polish"])
        services_offered.replace(session, provider_id=home.id, version=None, form=form, by=by, now=given.NOW)
        newest = read(session, provider_id=home.id)[0]
        assert newest["action"] == "services changed"
        assert (newest["before"], newest["after"]) == ({"languages": ["English"]}, {"languages": ["Polish"]})

    def test_a11_leaves_figures_to_the_declarations(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        given.confirm(session, home, by=dataclasses.replace(by, channel=permissions.EMAIL))
        confirmed, declared = read(session, provider_id=home.id)[:2]
        assert (declared["action"], confirmed["action"]) == ("figures declared", "figures confirmed")
        assert (declared["before"], declared["after"]) == ({}, {"version": home.version - 1, "kind": "saved"})
        assert confirmed["after"] == {"version": home.version, "kind": "confirmed"}
        assert (declared["channel"], confirmed["channel"]) == ("web", "email")

    def test_a11_marks_what_another_organisation_did_on_its_behalf(self, session: orm.Session) -> None:
        home = given.declared(session, "general_residential", by=given.actor())
        given.declare(session, home, given.figures(occupied=7, accepting=3), by=given.broker())
        assert read(session, provider_id=home.id)[0]["after"]["on_behalf"] is True

    def test_a8_a11_marks_a_shared_account(self, session: orm.Session) -> None:
        by = given.actor(generic=True, channel=permissions.API)
        home = given.declared(session, "general_residential", by=by)
        newest = read(session, provider_id=home.id)[0]
        assert (newest["by_generic"], newest["channel"]) == (True, "api")

    def test_a11_says_nothing_where_nothing_changed(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        change(session, home, by, name="Thimble House")
        assert read(session, provider_id=home.id) == []

    @pytest.mark.parametrize(
        "statement", ["update audit set by_name = ''", "delete from audit", "truncate audit"]
    )
    def test_a11_cannot_be_rewritten(self, session: orm.Session, statement: str) -> None:
        given.declared(session, "general_residential", by=given.actor())
        with pytest.raises(exc.DBAPIError, match="append-only"):
            session.execute(sa.text(statement))

    def test_every_action_is_one_of_those_that_can_be_chosen(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        given.confirm(session, home, by=by)
        change(session, home, given.administrator(), active=False, town="Fableton")
        used = {entry["action"] for entry in read(session, provider_id=home.id)}
        assert len(used) == 5
        assert used <= set(audit.ACTIONS)


class TestRead:
    @pytest.fixture
    def homes(self, session: orm.Session) -> dict[str, models.Provider]:
        """Two homes of one organisation in Durham, one of another's in Durham and one in Newcastle."""
        owner, other = given.actor(), given.actor()
        found = {
            "own": given.declared(session, "general_residential", by=owner),
            "sister": given.declared(session, "general_residential", by=owner),
            "nearby": given.declared(session, "general_residential", by=other),
            "far": given.declared(session, "general_residential", by=other, council_code=given.NEWCASTLE),
        }
        return found

    def test_a11_follows_the_table_one_by_one(
        self, session: orm.Session, homes: dict[str, models.Provider]
    ) -> None:
        own = homes["own"]
        approver = given.actor(permissions.APPROVER, organisation_id=own.organisation_id)
        council = {"organisation_type": "local_authority", "council_code": given.DURHAM}
        readers = {
            "approver": approver,
            "approver of one home": dataclasses.replace(approver, provider_ids=(own.id,)),
            "approver elsewhere": given.actor(permissions.APPROVER),
            "champion": given.actor(permissions.SYSTEM_CHAMPION, **council),
            "administrator": given.administrator(),
        }
        for name, reader in readers.items():
            seen = {entry["subject_id"] for entry in read(session, reader, limit=100)}
            allowed = {
                home.id
                for home in homes.values()
                if permissions.may(reader, permissions.READ_AUDIT, home.target)
            }
            assert seen & {home.id for home in homes.values()} == allowed, name
        assert len(allowed) == 4

    @pytest.mark.parametrize("role", [None, permissions.BROKER, permissions.EXTENDED_REPORTING])
    def test_a11_is_for_nobody_else(self, session: orm.Session, role: str | None) -> None:
        reader = given.actor(*([role] if role else []), organisation_type="local_authority")
        with pytest.raises(errors.Forbidden):
            read(session, reader)

    def test_filters_by_provider_person_action_and_time(
        self, session: orm.Session, homes: dict[str, models.Provider]
    ) -> None:
        by = given.administrator()
        given.confirm(session, homes["own"], by=by, now=LATER)
        [entry] = read(session, provider_id=homes["own"].id, by_id=by.user_id)
        assert read(session, action="figures confirmed", by_id=by.user_id) == [entry]
        assert read(session, since=LATER.isoformat(), by_id=by.user_id) == [entry]
        assert read(session, until=LATER.isoformat(), by_id=by.user_id) == []

    @pytest.mark.parametrize(
        "asked", [{"provider_id": "x"}, {"by_id": "' or 1=1"}, {"action": "\0"}, {"before_id": -(2**70)}]
    )
    def test_finds_nothing_for_what_cannot_be(self, session: orm.Session, asked: dict[str, Any]) -> None:
        given.declared(session, "general_residential", by=given.actor())
        assert read(session, **asked) == []

    @pytest.mark.parametrize("time", ["yesterday", "2026-11-22T09:30:00", "\0"])
    def test_names_a_time_it_cannot_read(self, session: orm.Session, time: str) -> None:
        for name in ("since", "until"):
            with pytest.raises(errors.Invalid) as refused:
                read(session, **{name: time})
            assert set(refused.value.fields) == {name}

    def test_goes_on_from_the_last_one_shown(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        for _ in range(3):
            given.confirm(session, home, by=by)
        all_of_them = [entry["id"] for entry in read(session, provider_id=home.id)]
        paged, before_id = [], None
        while True:
            asked = EVERYTHING | {"provider_id": home.id, "before_id": before_id, "limit": 2}
            page = audit.read(session, by=given.administrator(), **asked)
            paged += [entry["id"] for entry in page["results"]]
            before_id = page["next"]
            if before_id is None:
                break
        assert paged == all_of_them == sorted(all_of_them, reverse=True)


class TestCalls:
    def test_give_the_trail_and_what_can_be_asked_for(self, service: Callable[..., Any]) -> None:
        owner = given.actor(permissions.APPROVER)
        home = service(by=owner).create_provider(form=dict(given.DETAILS))
        [entry] = service(by=owner).audit()["results"]
        assert (entry["subject_id"], entry["action"]) == (home["id"], "provider registered")
        assert entry["action"] in service(by=owner).audit_actions()["results"]
        with pytest.raises(errors.Forbidden):
            service(by=given.actor()).audit()
