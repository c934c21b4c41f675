"""Organisations: finding them to register with (A1), the seed, the copy of providers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import areas, errors, events, permissions
from contracts import organisations as known
from kit import database, ids
from services.identity import models, organisations
from tests.identity import given


def found(session: orm.Session, *, postcode: str | None = None, q: str | None = None) -> list[str]:
    return [row["name"] for row in organisations.find(session, postcode=postcode, q=q)["results"]]


class TestSeed:
    def test_adds_every_council_and_icb_once(self, session: orm.Session) -> None:
        for _ in range(2):
            organisations.seed(session)
        rows = session.scalars(select(models.Organisation)).all()
        assert len(rows) == len(areas.councils()) + len(areas.icbs())

    def test_gives_a_council_its_area_only(self, session: orm.Session) -> None:
        organisations.seed(session)
        durham = session.get_one(models.Organisation, known.authority_id("E06000047"))
        assert (durham.type, durham.council_code, durham.icb_code) == ("local_authority", "E06000047", None)
        assert found(session, q="durham") == ["County Durham council"]

    def test_gives_an_icb_its_area(self, session: orm.Session) -> None:
        organisations.seed(session)
        north = session.get_one(models.Organisation, known.authority_id("QHM"))
        assert (north.type, north.council_code, north.icb_code) == ("icb", None, "QHM")

    def test_leaves_what_was_changed(self, session: orm.Session) -> None:
        organisations.seed(session)
        session.get_one(models.Organisation, known.authority_id("QHM")).name = "Renamed"
        session.flush()
        organisations.seed(session)
        session.expire_all()
        assert session.get_one(models.Organisation, known.authority_id("QHM")).name == "Renamed"

    def test_is_safe_side_by_side(self, identity: Callable[..., Any], sessions: database.Sessions) -> None:
        threads = [threading.Thread(target=identity().add_authorities) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with sessions.reading() as session:
            assert len(session.scalars(select(models.Organisation.id)).all()) >= len(areas.councils())


class TestAdd:
    def add(self, session: orm.Session, **form: str | None) -> str:
        form = {"type": "care_home", "name": "Fictional Care"} | form
        operator = permissions.service("command line")
        return organisations.add(session, form=form, by=operator, now=given.NOW)

    def test_makes_one_that_people_can_register_with(self, session: orm.Session) -> None:
        made = self.add(session, council_code="E06000047", postcode="dh15tw")
        assert found(session, postcode="DH1 5TW") == ["Fictional Care"]
        kept = session.get_one(models.Organisation, made)
        area = areas.alignment_of("E06000047")
        assert area
        assert (kept.icb_code, kept.sub_icb_code) == (area.icb_code, area.sub_icb_code)

    def test_makes_no_second_one(self, session: orm.Session) -> None:
        made = self.add(session)
        with pytest.raises(errors.Conflict) as refusal:
            self.add(session)
        assert refusal.value.fields == {"id": made}

    @pytest.mark.parametrize(
        ("field", "value"),
        [("type", "circus"), ("name", " "), ("council_code", "E99999999"), ("postcode", "DH1")],
    )
    def test_names_what_is_wrong(self, session: orm.Session, field: str, value: str) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            self.add(session, **{field: value})
        assert set(refusal.value.fields) == {field}


class TestFind:
    def test_a1_finds_by_the_postcode_of_a_home(self, session: orm.Session) -> None:
        organisation = given.organisation(session, name="Elm")
        home = given.provider(session, of=organisation, name="Elm House", postcode="NE1 7RU")
        given.provider(session, of=given.organisation(session), postcode="NE1 7RT")
        for postcode in ("NE1 7RU", "ne17ru", " Ne1-7rU "):
            answer = organisations.find(session, postcode=postcode, q=None)["results"]
            assert answer == [
                {
                    "id": organisation.id,
                    "name": "Elm",
                    "type": "care_home",
                    "providers": [{"id": home.id, "name": "Elm House", "postcode": "NE1 7RU"}],
                }
            ]

    def test_finds_by_its_own_postcode(self, session: orm.Session) -> None:
        given.organisation(session, name="Elm", postcode="DH1 5TW")
        assert found(session, postcode="dh15tw") == ["Elm"]

    def test_finds_by_part_of_its_name_or_a_homes(self, session: orm.Session) -> None:
        given.organisation(session, name="Elmtree Group")
        given.provider(session, of=given.organisation(session, name="Birch"), name="Under the Elms")
        given.organisation(session, name="Oak")
        assert found(session, q="ELM") == ["Birch", "Elmtree Group"]

    @pytest.mark.parametrize("wild", ["%%%", "___", "E%m"])
    def test_takes_wild_cards_as_letters(self, session: orm.Session, wild: str) -> None:
        given.organisation(session, name="Elmtree Group")
        assert found(session, q=wild) == []

    def test_leaves_out_homes_that_are_not_active(self, session: orm.Session) -> None:
        organisation = given.organisation(session, name="Elm")
        given.provider(session, of=organisation, postcode="NE1 7RU", active=False)
        assert found(session, postcode="NE1 7RU") == []
        assert organisations.find(session, postcode=None, q="Elm")["results"][0]["providers"] == []

    @pytest.mark.parametrize("q", [None, "", "el", "  e ", "\x00\x00\x00", "\ud800\ud800\ud800"])
    def test_needs_three_letters(self, session: orm.Session, q: str | None) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            found(session, q=q)
        assert set(refusal.value.fields) == {"q"}

    @pytest.mark.parametrize("postcode", ["DH1", "nonsense text", "\x00", "%%%%%%"])
    def test_needs_a_whole_postcode(self, session: orm.Session, postcode: str) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            found(session, postcode=postcode)
        assert set(refusal.value.fields) == {"postcode"}

    def test_shows_no_more_than_a_screenful(self, session: orm.Session) -> None:
        for number in range(organisations.MOST_FOUND + 5):
            given.organisation(session, name=f"Elm {number}")
        assert len(found(session, q="elm")) == organisations.MOST_FOUND

    def test_shows_matching_homes_first_where_there_are_many(self, session: orm.Session) -> None:
        organisation = given.organisation(session, name="Elm")
        for number in range(organisations.MOST_PROVIDERS_SHOWN + 5):
            given.provider(session, of=organisation, name=f"Home {number:03}")
        given.provider(session, of=organisation, name="Zebra Elms")
        providers = organisations.find(session, postcode=None, q="zebra")["results"][0]["providers"]
        assert len(providers) == organisations.MOST_PROVIDERS_SHOWN
        assert providers[0]["name"] == "Zebra Elms"


class TestCountSearch:
    def test_lets_nobody_copy_the_whole_list(self, identity: Callable[..., Any]) -> None:
        for number in range(given.LIMITS.organisation_searches_per_address):
            identity(by=given.nobody(f"2001:db8:0:9::{number:x}")).find_organisations(q="zebra")
        with pytest.raises(errors.TooMany):
            identity(by=given.nobody("2001:db8:0:9::ffff")).find_organisations(q="zebra")
        assert identity(by=given.nobody("192.0.2.9")).find_organisations(q="zebra") == {"results": []}


class TestKeepProvider:
    def test_ends_the_same_whatever_the_order(self, session: orm.Session) -> None:
        versions = [
            {"version": 1, "name": "Old", "postcode": "dh13yg"},
            {"version": 2, "name": "Newer", "postcode": "DH1 3YG"},
            {"version": 3, "name": "Newest", "postcode": "ne1 7ru", "active": False},
        ]
        for order in itertools.permutations(versions):
            provider_id = ids.new()
            for facts in [*order, *order]:
                organisations.keep_provider(session, given.snapshot(provider_id=provider_id, **facts))
            session.expire_all()
            kept = session.get_one(models.KnownProvider, provider_id)
            assert (kept.name, kept.postcode, kept.active, kept.version) == ("Newest", "NE1 7RU", False, 3)

    def test_follows_a_home_to_another_organisation(self, session: orm.Session) -> None:
        first, second = given.organisation(session), given.organisation(session)
        snapshot = given.snapshot(organisation_id=first.id)
        organisations.keep_provider(session, snapshot)
        moved = given.snapshot(provider_id=snapshot["provider_id"], organisation_id=second.id, version=2)
        organisations.keep_provider(session, moved)
        assert organisations.strangers(
            session, organisation_id=first.id, provider_ids=[snapshot["provider_id"]]
        ) == [0]


class TestImported:
    """Organisations that a public register names (B2)."""

    def told(self, *, day: int = 1, **fields: Any) -> events.OrganisationImported:
        plain = {
            "organisation_id": known.registered_id("cqc", "1-200000001"),
            "organisation_name": "Fictional Provider Limited",
            "type": "care_home",
            "ods_code": None,
            "council_code": "E06000047",
            "postcode": None,
            "imported_at": f"2026-03-{day:02}T09:30:00+00:00",
        }
        return events.OrganisationImported(**{**plain, **fields})

    def test_b2_are_there_to_register_with(self, session: orm.Session) -> None:
        organisations.keep_imported(session, self.told(postcode="dh13yg"))
        kept = session.get_one(models.Organisation, known.registered_id("cqc", "1-200000001"))
        assert (kept.council_code, kept.icb_code, kept.postcode) == ("E06000047", "QHM", "DH1 3YG")
        assert found(session, q="fictional provider") == ["Fictional Provider Limited"]

    def test_are_kept_as_last_told_in_whatever_order_it_arrives(self, session: orm.Session) -> None:
        told = [self.told(day=day, organisation_name=f"As of day {day}") for day in (1, 2, 3)]
        for number, order in enumerate(itertools.permutations(told)):
            organisation_id = known.registered_id("cqc", f"1-{number}")
            for event in [*order, *order]:
                fields = event.to_dict() | {"organisation_id": organisation_id}
                organisations.keep_imported(session, events.OrganisationImported(**fields))
            session.expire_all()
            assert session.get_one(models.Organisation, organisation_id).name == "As of day 3"

    def test_of_a_trust_stand_in_its_icb(self, session: orm.Session) -> None:
        trust = self.told(type="nhs_acute", ods_code="RXX", council_code=None, icb_code="QHM")
        organisations.keep_imported(session, trust)
        kept = session.get_one(models.Organisation, trust.organisation_id)
        assert (kept.type, kept.council_code, kept.icb_code) == ("nhs_acute", None, "QHM")

    def test_may_come_after_their_homes(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        event = self.told(organisation_id=ids.new(), organisation_name="Latecomer Fictional Care")
        snapshot = given.snapshot(organisation_id=event.organisation_id)
        identity().on_provider_changed(events.ProviderChanged(provider=snapshot))
        for _ in range(2):
            identity().on_organisation_imported(event)
        with sessions.reading() as session:
            (result,) = organisations.find(session, postcode=None, q="Latecomer")["results"]
        assert [row["id"] for row in result["providers"]] == [snapshot["provider_id"]]
