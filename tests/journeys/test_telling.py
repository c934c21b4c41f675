"""What a site tells about itself, from its first day until somebody finds it (B2 to B9, B13, B15)."""

from __future__ import annotations

import uuid

import pytest

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes, people

SEARCHER = "ward@acute.example"
DURHAM = "E06000047"


@pytest.fixture(scope="module")
def ward(product: stack.Stack) -> pages.Visitor:
    return pages.signed_in(product.url, SEARCHER)


@pytest.fixture(scope="module")
def newcomer(product: stack.Stack) -> pages.Visitor:
    """Somebody whose application for an account was approved this minute, with a password chosen."""
    email = "nell.newhome@cranberry.example"
    temporary = people.approved(product, email, full_name="Nell Newhome")
    visitor = pages.Visitor(product.url)
    page = visitor.sign_in(email, temporary)
    assert visitor.send(page, "Save password", {"new_password": people.CHOSEN_PASSWORD}).path == "/home"
    return visitor


def is_found(ward: pages.Visitor, name: str, **more: str) -> bool:
    return name in ward.get("/find", postcode="DH1 3YG", **more).text


class TestNewHome:
    def test_b13_goes_from_registration_to_being_found_on_pages_alone(
        self, newcomer: pages.Visitor, ward: pages.Visitor
    ) -> None:
        """B2, B4, B6, B7, B13: each step tells which is next, and the home is found after the last."""
        name = "Newly Opened Nook"
        page = self._add(newcomer, name)
        assert "Not found in searches yet" in page.text
        page = newcomer.send(
            newcomer.get(f"{page.path}/services"), "Save services", {"bed_types": ["general_residential"]}
        )
        assert "Not found in searches yet" in page.text
        assert not is_found(ward, name)
        page = self._declare(newcomer, page.path)
        assert "Not found in searches yet" in page.text
        assert not is_found(ward, name)
        page = newcomer.send(
            newcomer.get(f"{page.path}/details"),
            "Save details",
            {"funding_sources": ["local_authority", "private"], "care_types": ["residential"]},
        )
        assert "Not found in searches yet" not in page.text
        waiting.until(lambda: is_found(ward, name), what=f"{name} being found")
        found = ward.get(ward.get("/find", postcode="DH1 3YG").link(name))
        assert "by Nell Newhome" in found.text
        assert "3" in found.row("General Residential").text

    def _add(self, newcomer: pages.Visitor, name: str) -> pages.Page:
        details = {
            "type": "care_home",
            "name": name,
            "address": "7 Fable Close",
            "town": "Durham",
            "postcode": "DH1 3YG",
            "phone": "01632 960123",
        }
        page = newcomer.send(newcomer.get("/providers/new"), "Save details", details)
        if page.status == 400:
            # The demo's postcodes are outward codes only, which do not tell the council.
            assert "Choose the council" in page.text
            page = newcomer.send(page, "Save details", {"council_code": DURHAM})
        assert page.heading.endswith(name), page.text
        return page

    def _declare(self, newcomer: pages.Visitor, path: str) -> pages.Page:
        figures = {"maximum": "20", "occupied": "16", "reserved": "1", "accepting": "3", "closed": "0"}
        form = {f"bed_types.0.{name}": value for name, value in figures.items()}
        low = newcomer.send(
            newcomer.get(f"{path}/capacity"), "Save capacity", form | {"bed_types.0.weekly_price_from": "90"}
        )
        assert low.status == 400
        assert "under £100" in low.error("bed_types.0.weekly_price_from")
        return newcomer.send(low, "Save capacity", {"bed_types.0.weekly_price_from": "950"})


class TestAcuteUnit:
    def test_b7_declares_in_the_short_form_from_which_the_rest_follows(self, product: stack.Stack) -> None:
        unit = pages.signed_in(product.url, SEARCHER)
        page = unit.get("/providers")
        path = page.link("Northern Lights Fictional Hospital, step-down ward")
        form = unit.get(f"{path}/capacity").form("Save capacity")
        assert {name for name in form.names() if "occupied" in name} == set(), "the short form asks for two"
        provider_id = path.rsplit("/")[-1]
        # The first has beds reserved and closed, which the short form does not ask about.
        closed = {"closed": 1, "closure_reason": "refurbishment"}
        ward = {**homes.FIGURES, "maximum": 12, "occupied": 8, "reserved": 1, "accepting": 2, **closed}
        end_of_life = {**homes.FIGURES, "maximum": 12, "occupied": 9, "reserved": 0, "accepting": 3}
        declared = {"community_rehabilitation": ward, "end_of_life": end_of_life}
        homes.declare(api.sign_in(product.url, SEARCHER), provider_id, declared)
        values = {f"bed_types.{at}.{name}": number for at in (0, 1) for name, number in SHORT.items()}
        page = unit.send(unit.get(f"{path}/capacity"), "Save capacity", values)
        assert "Saved. The figures are dated now." in page.text
        capacity = api.sign_in(product.url, SEARCHER).get(f"/providers/{provider_id}/capacity")
        names = ("maximum", "occupied", "accepting", "reserved", "closed", "closure_reason")
        assert [tuple(row[name] for name in names) for row in capacity["bed_types"]] == [
            (12, 7, 3, 1, 1, "refurbishment"),
            (12, 9, 3, 0, 0, None),
        ]


SHORT = {"maximum": "12", "accepting": "3"}


class TestWords:
    def test_b3_b15_notes_and_alerts_reach_those_who_search(
        self, product: stack.Stack, ward: pages.Visitor
    ) -> None:
        keeper = api.sign_in(product.url, homes.KEEPER)
        name = f"Hoist House {uuid.uuid4().hex[:6]}"
        home = homes.completed(keeper, name, postcode="DH1 3YG", council_code=DURHAM)
        home_page = f"/providers/{home['id']}"
        manager = pages.signed_in(product.url, homes.KEEPER)
        page = manager.send(
            manager.get(f"{home_page}/notes/new"), "Save note", {"text": "A bariatric hoist in Zephyr wing."}
        )
        assert "The note is saved." in page.text
        watcher = pages.signed_in(product.url, "alerts@durham.example")
        warned = watcher.send(
            watcher.get(f"{home_page}/alerts/new"),
            "Set alert",
            {"kind": "outbreak", "text": "Colds in Zephyr wing: ask first."},
        )
        assert "The alert is set." in warned.text
        waiting.until(
            lambda: is_found(ward, name, words="bariatric zephyr"), what="the home being found by its note"
        )
        waiting.until(
            lambda: "Colds in Zephyr wing" in ward.get("/find", postcode="DH1 3YG", words="zephyr").text,
            what="the alert at the home that is found",
        )
        assert not is_found(ward, name, words="zephyr swimming")
        self._deactivate(product, ward, home_page, name)

    def _deactivate(self, product: stack.Stack, ward: pages.Visitor, home_page: str, name: str) -> None:
        """A broker of the area takes it out of searches; what it declared stays."""
        broker = pages.signed_in(product.url, "broker@durham.example")
        page = broker.send(
            broker.get(f"{home_page}/deactivation"), "Deactivate", {"reason": "Closed for good."}
        )
        assert "Deactivated." in page.text
        waiting.until(lambda: not is_found(ward, name), what="the home being out of searches")
        assert "Zephyr wing" in broker.get(home_page).text
        history = api.sign_in(product.url, "broker@durham.example").get(f"{home_page}/history")
        assert history["total"] == 1
