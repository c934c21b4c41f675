"""The resource centre and the help pages: what they say, what is found in them, and where they lead."""

from __future__ import annotations

import functools
import importlib
import itertools
import re

import pytest
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter, RequestRedirect

from contracts import vocabulary
from gateway import server
from gateway.web import rendering, resources, start
from tests.gateway import browsing
from tests.gateway.browsing import COORDINATOR, MANAGER, Visitor
from tests.gateway.conftest import Front

GUIDES = [resource.address for resource in resources.ALL]
TELLING = [
    "/help",
    *(f"/help/{topic}" for topic in start.HELP_TOPICS),
    "/resources",
    *GUIDES,
    "/accessibility",
    "/cookies",
    "/privacy",
    "/terms",
    "/register/done",
]


class TestGuides:
    @pytest.mark.parametrize("resource", resources.ALL, ids=lambda resource: str(resource.slug))
    def test_are_open_to_everybody(self, front: Front, resource: resources.Resource) -> None:
        page = Visitor(front).get(resource.address)
        assert page.status_code == 200
        assert page.text.count("<h1") == 1
        assert resource.title in page.text
        assert "Set-Cookie" not in page.headers

    def test_are_the_same_for_people_who_are_signed_in(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        assert "My providers" in visitor.get("/resources/care-homes").text

    def test_ask_no_service(self, front: Front) -> None:
        for path in TELLING:
            Visitor(front).get(path)
        assert [client.mock_calls for client in front.services.values()] == [[]] * len(front.services)

    def test_are_not_found_by_other_names(self, front: Front) -> None:
        for path in ("/resources/nothing", "/resources/_guide", "/resources/list", "/help/nothing"):
            assert Visitor(front).get(path).status_code == 404, path

    @pytest.mark.parametrize("path", TELLING)
    def test_lead_only_where_there_is_something(self, front: Front, path: str) -> None:
        read = browsing.Reader(Visitor(front).get(path).text)
        for link in read.links:
            if link.startswith("/"):
                assert leads_somewhere(front, link), f"{path} leads to {link}"

    @pytest.mark.parametrize("path", GUIDES)
    def test_say_what_to_do_next(self, front: Front, path: str) -> None:
        page = Visitor(front).get(path).text
        assert "Next steps" in page or path == "/resources/printing"

    @pytest.mark.parametrize("path", TELLING)
    def test_have_headings_in_order_and_each_id_once(self, front: Front, path: str) -> None:
        page = Visitor(front).get(path).text
        levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
        assert levels[0] == 1
        assert all(later <= before + 1 for before, later in itertools.pairwise(levels)), levels
        ids = browsing.Reader(page).ids
        assert len(ids) == len(set(ids))


class TestSearch:
    def test_finds_what_a_title_says_before_what_stands_within(self) -> None:
        found = [match.resource.slug for match in resources.search("printing")]
        assert found[0] == "printing"

    def test_finds_words_within_and_shows_what_is_around(self) -> None:
        (match,) = [match for match in resources.search("block-booked") if match.resource.slug == "figures"]
        assert "Block-booked beds" in match.excerpt
        assert len(match.excerpt) < 300

    def test_wants_every_word(self) -> None:
        assert not resources.search("recovery tracheostomy")
        assert "passwords" in [match.resource.slug for match in resources.search("codes recovery")]

    @pytest.mark.parametrize("asked", ["RECOVERY", "recovery ", "Recovery Codes"])
    def test_takes_words_however_they_are_typed(self, front: Front, asked: str) -> None:
        page = Visitor(front).get("/resources", q=asked)
        assert 'href="/resources/passwords"' in page.text

    def test_finds_no_markup(self) -> None:
        assert not resources.search("nhsuk-heading-m")
        assert all("<" not in match.excerpt for match in resources.search("the"))

    def test_says_when_nothing_is_found(self, front: Front) -> None:
        page = Visitor(front).get("/resources", q="<i>nothing</i>")
        assert "No guide holds “&lt;i&gt;nothing&lt;/i&gt;”." in page.text

    def test_shows_all_where_nothing_is_asked(self, front: Front) -> None:
        for query in ({}, {"q": " "}):
            page = Visitor(front).get("/resources", **query).text
            assert all(f'href="{address}"' in page for address in GUIDES)


class TestWords:
    def test_define_every_bed_type_and_short_stay_service(self, front: Front) -> None:
        page = Visitor(front).get("/resources/bed-types").text
        offered = (
            vocabulary.CARE_HOME_BED_TYPES,
            vocabulary.UNIT_BED_TYPES,
            vocabulary.SHORT_STAY_SERVICES,
        )
        assert vocabulary.DEFINITIONS.keys() == {code for codes in offered for code in codes}
        assert all(definition in page for definition in vocabulary.DEFINITIONS.values())

    def test_are_those_that_providers_shows(self) -> None:
        """Bed types are data of providers; here they are told without asking it."""
        first = importlib.import_module("services.providers.migrations.0001_initial")
        told = {code: definition for code, _, _, definition in first.BED_TYPES}
        assert {code: vocabulary.DEFINITIONS[code] for code in told} == told

    def test_name_every_reason_for_closed_beds(self, front: Front) -> None:
        page = Visitor(front).get("/resources/figures").text
        assert all(reason in page for reason in vocabulary.CLOSURE_REASONS.values())

    def test_b7_count_held_and_block_booked_beds_as_the_rules_do(self, front: Front) -> None:
        said = browsing.words_of(Visitor(front).get("/resources/figures").text)
        assert "If the bed is held for their return, it is occupied" in said
        assert "If it could be filled today, it is accepting , not reserved" in said

    @pytest.mark.parametrize("path", TELLING)
    def test_hold_no_jargon(self, front: Front, path: str) -> None:
        said = browsing.words_of(Visitor(front).signed_in(COORDINATOR).get(path).text)
        for word in ("e-mail", "log in", "login to", "authenticate", "MFA", "TOTP", "UUID"):
            assert word not in said, word


@functools.cache
def addresses(listening: server.Server) -> MapAdapter:
    """Return the addresses of a gateway, to be matched."""
    return listening.make_url_map().bind("gateway")


def leads_somewhere(front: Front, link: str) -> bool:
    """Tell whether a page of the gateway is at an address, with the place within it where one is named."""
    address, _, place = link.partition("#")
    listening = next(found for found in front.container.subextensions if isinstance(found, server.Server))
    try:
        addresses(listening).match(address.partition("?")[0], "GET")
    except (MethodNotAllowed, RequestRedirect, HTTPException):
        return address.startswith("/assets/")
    return not place or f'id="{place}"' in Visitor(front).get(address).text


class TestTemplates:
    def test_are_all_shown(self) -> None:
        folder = rendering.TEMPLATES / "resources"
        shown = {resource.template for resource in resources.ALL}
        there = {f"resources/{path.name}" for path in folder.iterdir()}
        assert there == shown | {"resources/list.html", "resources/_guide.html"}
