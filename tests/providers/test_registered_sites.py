"""What registers say of a site is looked up, so that nobody has to type it (B2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import orm

from contracts import areas, errors
from kit import database
from services.providers.imports import registered_sites
from tests.providers import given


def found(session: orm.Session, **asked: str | None) -> list[tuple[str, bool]]:
    asked = {"postcode": None, "q": None} | asked
    return [(row["name"], row["taken"]) for row in registered_sites.search(session, **asked)["results"]]


class TestFind:
    def test_b2_gives_name_address_beds_and_rating_by_the_cqc_id(self, session: orm.Session) -> None:
        given.registered_site(session, sub_icb_code="84H", icb_code="QHM", brand="Fictional Homes")
        answer = registered_sites.find(session, register="cqc", code=" 1-100000000 ")
        expected = given.DETAILS | {"name": "Fictional Lodge", "phone": "01632 960001", "type": "care_home"}
        expected |= {"registered_beds": 12, "rating": "good", "council_code": given.DURHAM, "icb_code": "QHM"}
        expected |= {"brand": "Fictional Homes", "taken": False, "registered": True}
        assert {name: answer[name] for name in expected} == expected

    def test_b2_gives_name_and_address_by_the_ods_code(self, session: orm.Session) -> None:
        given.registered_site(session, register="ods", code="RXX01", type=None)
        answer = registered_sites.find(session, register="ods", code="RXX01")
        assert (answer["name"], answer["type"], answer["taken"]) == ("Fictional Lodge", None, False)

    def test_says_whether_a_provider_has_it_already(self, session: orm.Session) -> None:
        given.registered_site(session)
        given.provider(session, of=given.actor(), cqc_location_id="1-100000000")
        assert registered_sites.find(session, register="cqc", code="1-100000000")["taken"]

    def test_says_whether_a_unit_has_it_already(self, session: orm.Session) -> None:
        given.registered_site(session, register="ods", code="RXX01", type=None)
        given.provider(session, of=given.actor(), ods_code="RXX01")
        assert registered_sites.find(session, register="ods", code="RXX01")["taken"]

    @pytest.mark.parametrize(
        ("register", "code"),
        [("cqc", "1-404"), ("ods", "1-100000000"), ("other", "x"), ("cqc", "\x00"), ("cqc", "x" * 999)],
    )
    def test_says_in_words_what_the_register_does_not_know(
        self, session: orm.Session, register: str, code: str
    ) -> None:
        given.registered_site(session)
        with pytest.raises(errors.NotFound, match="Check it, or leave it out"):
            registered_sites.find(session, register=register, code=code)


class TestSearch:
    def test_finds_by_postcode_however_it_is_typed(self, session: orm.Session) -> None:
        given.registered_site(session)
        given.registered_site(session, code="1-2", postcode="NE1 7RU")
        assert found(session, postcode="dh13yg") == [("Fictional Lodge", False)]

    def test_finds_by_part_of_a_name_those_first_that_nobody_has(self, session: orm.Session) -> None:
        for name in ("A lodge", "B lodge", "C lodge", "Else"):
            given.registered_site(session, code=f"1-{name[0]}", name=name)
        given.provider(session, of=given.actor(), cqc_location_id="1-A")
        assert found(session, q="LODGE") == [("B lodge", False), ("C lodge", False), ("A lodge", True)]

    def test_leaves_out_what_is_registered_no_more(self, session: orm.Session) -> None:
        given.registered_site(session, deregistered_on=given.NOW.date())
        assert found(session, q="lodge") == []

    def test_gives_twenty_at_the_most(self, session: orm.Session) -> None:
        for number in range(25):
            given.registered_site(session, code=f"1-{number}")
        assert len(found(session, q="lodge")) == registered_sites.MOST_FOUND

    @pytest.mark.parametrize("asked", [{}, {"q": "lo"}, {"postcode": "DH1"}, {"postcode": "DH1 3YG X"}])
    def test_asks_for_enough_to_search_for(self, session: orm.Session, asked: dict[str, str]) -> None:
        with pytest.raises(errors.Invalid):
            found(session, **asked)

    @pytest.mark.parametrize("q", ["%%%", "___", "\x00\x00\x00", "x" * 999])
    def test_takes_letters_as_letters(self, session: orm.Session, q: str) -> None:
        given.registered_site(session)
        assert found(session, q=q) == []


class TestAlignmentOf:
    def test_is_nearer_where_the_sub_icb_is_known(self) -> None:
        site = {"council_code": given.DURHAM, "sub_icb_code": "16C", "icb_code": "QHM"}
        main = areas.alignment_of(given.DURHAM)
        assert main is not None
        assert registered_sites.alignment_of(site) == areas.Alignment(
            council_code=given.DURHAM, sub_icb_code="16C", icb_code="QHM", region_code=main.region_code
        )

    def test_is_unknown_without_a_council(self) -> None:
        assert registered_sites.alignment_of({"council_code": None}) is None


class TestCalls:
    def test_b2_look_a_site_up_for_those_who_register_or_edit_providers(
        self, service: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            given.registered_site(session)
        caller = given.actor()
        assert service(by=caller).registered_site(register="cqc", code="1-100000000")["registered_beds"] == 12
        assert len(service(by=caller).registered_sites(postcode="DH1 3YG")["results"]) == 1
        with pytest.raises(errors.Forbidden):
            service(by=given.actor(organisation_type="local_authority")).registered_sites(q="lodge")
