"""Finding vacancies on a page (C1 to C5)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from nameko import exceptions

from contracts import errors, vocabulary
from gateway import choices, offered
from tests.factories import waiting
from tests.gateway.browsing import CAPACITY, COORDINATOR, MANAGER, PROVIDER, Reader, Visitor, words_of
from tests.gateway.conftest import PROVIDER_ID, Front
from tests.gateway.test_choices import row

DURHAM, SUNDERLAND = "E06000047", "E08000024"
RESULT: dict[str, Any] = {
    "provider_id": PROVIDER_ID,
    "name": "Harbour View",
    "type": "care_home",
    "address": "1 Quay Street",
    "town": "Seaham",
    "postcode": "SR7 7AA",
    "easting": 442000,
    "northing": 549000,
    "distance_miles": 1.04,
    "distance_precision": "postcode",
    "vacancies": 3,
    "bed_types": [
        {"bed_type": "general_residential", "label": "", "accepting": 2, "weekly_price_from": 1050},
        {"bed_type": "dementia_nursing", "label": "", "accepting": 1, "weekly_price_from": None},
    ],
    "short_stay_services": ["respite"],
    "languages": ["English", "Cornish"],
    "funding_sources": ["local_authority", "private"],
    "care_types": ["residential"],
    "cqc_services": [],
    "capabilities": {"tracheostomy": {"nursing": 2, "non_nursing": None}},
    "contracts": [DURHAM, "84H", SUNDERLAND],
    "weekend_admissions": True,
    "accepting_out_of_hours": True,
    "last_updated": "2026-03-01T07:05:00+00:00",
    "fresh": False,
    "cqc_rating": "requires_improvement",
    "cqc_rating_date": "2025-11-02",
    "cqc_location_id": "1-100000001",
    "phone": "0191 496 0123",
    "email": "manager@harbour.example",
    "website": "www.harbour.example",
    "brand": "Teacup Care",
    "alerts": [{"kind": "outbreak", "text": "Ring first.", "starts_on": "2026-02-01", "ends_on": None}],
    "notes": [{"text": "A <b>hoist</b> on each floor, and hoists for baths.", "at": "2026-01-01"}],
}
DH1 = {"postcode": "DH1 3YG", "precision": "postcode", "easting": 427300, "northing": 542100}
FOUND: dict[str, Any] = {
    "total": 41,
    "stale": 12,
    "page": 1,
    "page_size": 20,
    "sort": "distance",
    "origin": DH1,
    "origins": [DH1],
    "results": [RESULT],
    "near_misses": [],
}
OFFERED: dict[str, Any] = {
    "area": [DURHAM, "84H", "QHM"],
    "brand": ["Teacup Care", "biscuit <Homes>"],
    "language": ["English", "Cornish"],
    "cqc_service": ["Care home service with nursing"],
    "contract": [SUNDERLAND],
    "capabilities": ["tracheostomy"],
    "provider_type": ["care_home", "hospice"],
    "bed_type": ["general_residential", "end_of_life"],
    "short_stay_service": ["respite"],
    "funding_source": ["private"],
}
ALL = {
    "postcode": "DH1 3YG",
    "area": DURHAM,
    "radius_miles": "10",
    "provider_type": "care_home",
    "stay": "short_stay",
    "short_stay_service": "respite",
    "bed_type": "general_residential",
    "cqc_service": "Care home service with nursing",
    "min_rating": "good",
    "max_price": "£1,200",
    "language": "Cornish",
    "words": "hoist",
    "funding_source": "private",
    "contract": SUNDERLAND,
    "brand": "Teacup Care",
    "out_of_hours": "yes",
    "accepting_today": "yes",
    "updated_within_hours": "24",
}


@pytest.fixture
def coordinator(front: Front) -> Visitor:
    front.search.find_vacancies.return_value = FOUND
    front.search.offered.return_value = OFFERED
    return Visitor(front).signed_in(COORDINATOR)


def find(coordinator: Visitor, **query: Any) -> str:
    """Return the page about what is found near a postcode."""
    return coordinator.get("/find", **{"postcode": "DH1 3YG", **query}).text


class TestForm:
    def test_asks_first(self, coordinator: Visitor) -> None:
        assert "Near postcode" in coordinator.get("/find").text
        coordinator.front.search.find_vacancies.assert_not_called()

    def test_is_filled_in_by_an_address_without_a_place(self, coordinator: Visitor) -> None:
        page = coordinator.get("/find", bed_type="general_residential")
        assert page.status_code == 200
        assert ("bed_type", "general_residential") in coordinator.form(page, "/find#results").fields
        coordinator.front.search.find_vacancies.assert_not_called()

    def test_c2_passes_on_every_filter(self, coordinator: Visitor) -> None:
        query: dict[str, Any] = {**ALL, "capabilities": ["tracheostomy", "palliative_care"], "page": "2"}
        assert coordinator.get("/find", **query).status_code == 200
        coordinator.front.search.find_vacancies.assert_called_once_with(
            criteria={
                **ALL,
                "radius_miles": 10.0,
                "max_price": 1200,
                "updated_within_hours": 24,
                "out_of_hours": True,
                "accepting_today": True,
                "capabilities": ["tracheostomy", "palliative_care"],
            },
            page=2,
        )

    def test_c2_sends_what_it_was_sent(self, coordinator: Visitor) -> None:
        query: dict[str, Any] = {**ALL, "capabilities": ["tracheostomy", "palliative_care"]}
        query |= {"postcode_2": "SR7 7AA", "sort": "price"}
        page = coordinator.get("/find", **query)
        again = coordinator.form(page, "/find#results").filled()
        sent = parse_qs(urlsplit(coordinator.front.url + "?" + page.url.partition("?")[2]).query)
        # The stay and its service are one list of the form.
        del sent["stay"]
        sent["stay"] = sent.pop("short_stay_service")
        fields: dict[str, list[str]] = {}
        for name, value in again:
            fields.setdefault(name, []).extend([value] if value else [])
        assert {name: values for name, values in fields.items() if values} == sent

    def test_c2_offers_short_stays_among_the_stays(self, coordinator: Visitor) -> None:
        answer = coordinator.get("/find", postcode="DH1 3YG", stay="respite")
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/find?postcode=DH1+3YG&short_stay_service=respite#results"

    def test_drops_empty_fields_from_the_address(self, coordinator: Visitor) -> None:
        query = {"postcode": " dh13yg ", "area": "", "words": "", "capabilities": ["", "tracheostomy"]}
        answer = coordinator.get("/find", **query)
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/find?postcode=dh13yg&capabilities=tracheostomy#results"
        coordinator.front.search.find_vacancies.assert_not_called()

    def test_c1_finds_in_an_area_without_a_postcode(self, coordinator: Visitor) -> None:
        origin = {"area": DURHAM, "name": "County Durham", "precision": "headquarters"}
        found = FOUND | {"origin": origin, "origins": [origin]}
        coordinator.front.search.find_vacancies.return_value = found
        said = words_of(coordinator.get("/find", area=DURHAM).text)
        assert "41 homes have vacancies in County Durham" in said
        assert "Distances count from the headquarters of County Durham" in said
        wanted = {"area": DURHAM}
        coordinator.front.search.find_vacancies.assert_called_once_with(criteria=wanted, page=1)

    def test_c1_counts_from_the_first_postcode_that_is_given(self, coordinator: Visitor) -> None:
        page = coordinator.get("/find", area=DURHAM, postcode_2="DH1 3YG", postcode_3="SR7 7AA")
        wanted = {"postcode": "DH1 3YG", "postcode_2": "SR7 7AA", "area": DURHAM}
        coordinator.front.search.find_vacancies.assert_called_once_with(criteria=wanted, page=1)
        assert "headquarters" not in page.text
        assert "/find?postcode=DH1+3YG&postcode_2=SR7+7AA#results" in Reader(page.text).links
        tidied = coordinator.get("/find", postcode="", postcode_2="DH1 3YG").headers["Location"]
        assert tidied == "/find?postcode=DH1+3YG#results"

    @pytest.mark.parametrize("name", ["out_of_hours", "accepting_today"])
    def test_c2_takes_a_box_as_programs_tick_it(self, coordinator: Visitor, name: str) -> None:
        for said in ("no", "false"):
            text = find(coordinator, **{name: said})
            assert "app-chips" not in text
            assert f'name="{name}" type="checkbox" value="yes" checked' not in text
            wanted = {"postcode": "DH1 3YG"}
            coordinator.front.search.find_vacancies.assert_called_with(criteria=wanted, page=1)
        text = find(coordinator, **{name: "true"})
        assert "app-chips" in text
        assert f'name="{name}" type="checkbox" value="yes" checked' in text
        wanted = {"postcode": "DH1 3YG", name: True}
        coordinator.front.search.find_vacancies.assert_called_with(criteria=wanted, page=1)

    def test_opens_what_is_wrong_and_places_in_use(self, coordinator: Visitor) -> None:
        closed = find(coordinator, bed_type="general_residential", max_price="1200", sort="price")
        assert '<details class="app-rarely app-question__more">' in closed
        assert '<details class="app-rarely app-question__places">' in closed
        used = find(coordinator, words="hoist", capabilities="tracheostomy", postcode_2="SR7 7AA")
        assert '<details class="app-rarely app-question__more">' in used, "the results are not pushed down"
        assert "More filters (2 in use)" in used
        assert '<details class="app-rarely app-question__places" open>' in used
        wrong = find(coordinator, updated_within_hours="Lots!")
        assert '<details class="app-rarely app-question__more" open>' in wrong

    @pytest.mark.parametrize(
        "name", ["bed_type", "updated_within_hours", "radius_miles", "min_rating", "stay"]
    )
    def test_says_at_the_field_what_is_wrong(self, coordinator: Visitor, name: str) -> None:
        page = coordinator.get("/find", postcode="DH1 3YG", **{name: "Lots!"})
        if page.status_code == 303:
            page = coordinator.get(page.headers["Location"])
        assert page.status_code == 400
        assert f'id="{name}-error"' in page.text
        assert f'aria-describedby="{name}-error"' in page.text

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"postcode": ""}, "Enter a postcode, or choose an area."),
            ({"postcode": "DH1 3YG", "max_price": "cheap"}, "Enter the price in whole pounds"),
            ({"postcode": "DH1 3YG", "max_price": "0"}, "Enter the price in whole pounds"),
            ({"postcode": "DH1 3YG", "max_price": "200000"}, "Enter the price in whole pounds"),
            ({"postcode": "DH1 3YG", "capabilities": "A need!"}, "Choose from the list, 10 at most."),
            ({"postcode": "DH1 3YG", "words": "w" * 101}, "Enter at most 100 characters."),
            ({"postcode": "Durham City"}, "“Durham City” is not a full postcode, for example DH1 3YG."),
            ({"postcode": "DH1 3YG", "brand": "a\0b"}, "cannot be stored"),
        ],
    )
    def test_says_what_to_correct(self, coordinator: Visitor, query: Any, words: str) -> None:
        answer = coordinator.get("/find", **query)
        assert answer.status_code == 400
        assert words in answer.text

    @pytest.mark.parametrize(
        ("name", "link"),
        [
            ("area", '<a href="#area">Area: '),
            ("bed_type", '<a href="#bed_type">Bed type: '),
            ("stay", '<a href="#stay">Stay: '),
            ("min_rating", '<a href="#min_rating">CQC rating: '),
            ("contract", '<a href="#contract">Contract with: '),
            ("funding_source", '<a href="#funding_source">Funding: '),
            ("radius_miles", '<a href="#radius_miles">Distance: '),
            ("sort", '<a href="#question">Order: '),
        ],
    )
    def test_asks_to_choose_from_a_list_that_is_there(
        self, coordinator: Visitor, name: str, link: str
    ) -> None:
        page = coordinator.get("/find", postcode="DH1 3YG", **{name: "Lots!"})
        if page.status_code == 303:
            page = coordinator.get(page.headers["Location"])
        assert page.status_code == 400
        assert f"{link}Choose one from the list.</a>" in page.text
        assert f'id="{link.partition("#")[2].partition(chr(34))[0]}"' in page.text
        assert "Must be one of" not in page.text

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (errors.Invalid("No.", {"postcode": "That is no postcode."}), 400),
            (errors.NotFound("That is no postcode."), 404),
        ],
    )
    def test_says_that_the_postcode_is_not_one(
        self, coordinator: Visitor, error: errors.Error, status: int
    ) -> None:
        coordinator.front.search.find_vacancies.side_effect = error
        answer = coordinator.get("/find", postcode="DH1 3Y")
        assert answer.status_code == status
        assert '<a href="#postcode">That is no postcode.</a>' in answer.text
        assert 'value="DH1 3Y"' in answer.text

    def test_says_which_postcode_is_not_one(self, coordinator: Visitor) -> None:
        wrong = {"postcode_2": "That is no postcode."}
        coordinator.front.search.find_vacancies.side_effect = errors.NotFound("No.", wrong)
        text = find(coordinator, postcode_2="SR1")
        assert '<a href="#postcode_2">That is no postcode.</a>' in text
        assert '<details class="app-rarely app-question__places" open>' in text

    def test_is_not_for_care_homes(self, front: Front) -> None:
        page = Visitor(front).signed_in(MANAGER).get("/find", postcode="DH1 3YG")
        assert page.status_code == 403
        front.search.find_vacancies.assert_not_called()


class TestChoosers:
    def test_c2_list_only_what_exists_by_region_and_icb(self, coordinator: Visitor) -> None:
        text = coordinator.get("/find").text
        area = text[text.index('<select class="nhsuk-select" id="area"') :].partition("</select>")[0]
        assert (
            '<optgroup label="North East"><option value="E06000047">County Durham</option></optgroup>' in area
        )
        assert '<option value="QHM">All of NHS North East and North Cumbria ICB</option>' in area
        assert '<option value="84H">NHS North East and North Cumbria ICB – 84H</option></optgroup>' in area
        assert "Cornwall" not in area
        assert "biscuit &lt;Homes&gt;" in text
        assert "Learning Disability" not in text

    def test_c2_list_the_needs_that_exist_and_are_valid(self, coordinator: Visitor) -> None:
        codes = ("bariatric", "tracheostomy", "old")
        offered_needs = {"capabilities": ["tracheostomy", "old"]}
        coordinator.front.search.offered.return_value = OFFERED | offered_needs
        choices.hold(
            row(
                "capability", code, code.capitalize(), **({"valid_to": "2020-01-01"} if code == "old" else {})
            )
            for code in codes
        )
        text = coordinator.get("/find").text
        assert 'id="need-tracheostomy"' in text
        assert 'id="need-bariatric"' not in text
        assert 'id="need-old"' not in text
        assert '<label class="nhsuk-label nhsuk-checkboxes__label" for="need-old">Old' in find(
            coordinator, capabilities="old"
        ), "what a link asks for is not dropped"

    def test_keep_what_only_a_link_asks_for(self, coordinator: Visitor) -> None:
        text = find(coordinator, updated_within_hours="72", radius_miles="20", brand='"><b>', area="QF7")
        assert '<option value="72" selected>72 hours</option>' in text
        assert '<option value="20" selected>20 miles</option>' in text
        assert "&#34;&gt;&lt;b&gt;" in text
        assert '<option value="QF7" selected>NHS South Yorkshire ICB</option>' in text

    def test_mark_what_was_chosen(self, coordinator: Visitor) -> None:
        text = find(coordinator, area=DURHAM, language="Cornish")
        assert f'<option value="{DURHAM}" selected>County Durham</option>' in text
        assert '<option value="Cornish" selected>' in text
        assert " selected" not in coordinator.get("/find").text

    def test_offer_the_48_hours_that_care_homes_have(self, coordinator: Visitor) -> None:
        assert '<option value="48">48 hours</option>' in coordinator.get("/find").text

    def test_say_whose_bed_types_any_means(self, coordinator: Visitor) -> None:
        assert "Any care home bed type" in coordinator.get("/find").text
        assert "Any care home bed type" not in find(coordinator, provider_type="hospice")
        assert '<option value="">Any bed type</option>' in find(coordinator, provider_type="hospice")

    @pytest.mark.parametrize(
        ("query", "first"),
        [
            ({}, '<option value="">Care homes</option>'),
            ({"provider_type": "hospice"}, '<option value="">Care homes</option>'),
            ({"provider_type": "care_home"}, '<option value="care_home" selected>Care homes</option>'),
            ({"bed_type": "end_of_life"}, '<option value="">Any type with such a bed</option>'),
        ],
    )
    def test_c2_offer_care_homes_once(self, coordinator: Visitor, query: Any, first: str) -> None:
        text = find(coordinator, **query)
        types = text[text.index('id="provider_type"') :].partition("</select>")[0]
        assert types.partition(">")[2].startswith(first)
        assert types.count("Care home") == first.count("Care home")
        assert '<option value="hospice"' in types

    def test_c2_group_bed_types_by_who_offers_them(self, coordinator: Visitor) -> None:
        offered_beds = {"bed_type": ["live_in", "general", "ward", "shared"]}
        coordinator.front.search.offered.return_value = OFFERED | offered_beds
        offering = {
            "live_in": ["home_care"],
            "general": ["care_home"],
            "ward": ["acute", "community", "hospice"],
            "shared": ["substance_misuse", "care_home"],
        }
        beds = [
            row("bed_type", code, code.capitalize(), provider_types=types) for code, types in offering.items()
        ]
        types = [row("provider_type", code, label) for code, label in vocabulary.PROVIDER_TYPES.items()]
        choices.hold(beds + types)
        text = coordinator.get("/find").text
        listed = text[text.index('id="bed_type"') :].partition("</select>")[0]
        assert re.findall('label="([^"]+)"|<option value="([a-z_]+)"', listed) == [
            ("Care homes", ""),
            ("", "general"),
            ("", "shared"),
            ("Home care", ""),
            ("", "live_in"),
            ("Acute unit, Community unit, Hospice", ""),
            ("", "ward"),
        ]

    def test_are_asked_for_once(self, coordinator: Visitor) -> None:
        coordinator.get("/find")
        find(coordinator)
        coordinator.front.search.offered.assert_called_once_with()

    def test_do_without_while_search_is_away(self, coordinator: Visitor) -> None:
        coordinator.front.search.offered.side_effect = errors.Unavailable("Away.")
        page = coordinator.get("/find")
        assert page.status_code == 200
        assert "Learning Disability" in page.text, "all bed types, as nobody knows which there are"
        assert 'id="brand"' not in page.text

    def test_do_without_for_a_while_when_search_breaks(self, coordinator: Visitor) -> None:
        fault = exceptions.RemoteError("ValueError", "a fault of search's")
        coordinator.front.search.offered.side_effect = fault
        for _ in range(2):
            assert coordinator.get("/find").status_code == 200
        coordinator.front.search.offered.assert_called_once_with()

    def test_are_asked_for_again_while_the_old_ones_serve(
        self, coordinator: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(offered, "KEPT_SECONDS", 0.0)
        assert "Teacup Care" in coordinator.get("/find").text
        coordinator.front.search.offered.return_value = OFFERED | {"brand": ["Saucer Care"]}

        def is_new() -> bool:
            return "Saucer Care" in coordinator.get("/find").text

        waiting.until(is_new, what="the new brand being offered")


class TestResults:
    def test_c3_tell_what_makes_a_call_unnecessary(self, coordinator: Visitor) -> None:
        text = find(coordinator)
        said = words_of(text)
        for words in (
            "41 homes have vacancies near DH1 3YG , 12 of them with figures older than expected",
            "1.0 mile (",
            "1 Quay Street, Seaham, SR7 7AA",
            "Teacup Care",
            "2 General Residential from £1,050 a week",
            "1 Dementia Nursing price not given",
            "Outbreak since 1 February 2026: Ring first.",
            "Needs met tracheostomy (2)",
            "Short stay Respite Care",
            "Funding Local authority, Private (self-funding)",
            "Languages English, Cornish",
            "Admits out of hours and at weekends",
            "3 councils and sub-ICBs County Durham, NHS North East and North Cumbria ICB – 84H, Sunderland",
            "Older than expected",
            "CQC: Requires improvement , Harbour View on the CQC’s site (2 November 2025)",
            "1 to 20 of 41",
        ):
            assert words in said
        for link in (
            'href="tel:01914960123"',
            'href="mailto:manager@harbour.example"',
            'href="https://www.harbour.example" rel="noopener noreferrer nofollow"',
            'href="https://www.cqc.org.uk/location/1-100000001" rel="noopener noreferrer"',
            'href="https://www.google.com/maps/dir/?api=1&amp;origin=DH1%203YG&amp;destination=SR7%207AA"',
        ):
            assert link in text

    def test_c3_mark_the_words_that_were_looked_for(self, coordinator: Visitor) -> None:
        text = find(coordinator, words="hoist")
        assert "A &lt;b&gt;<mark>hoist</mark>&lt;/b&gt; on each floor, and <mark>hoists</mark> for" in text
        assert "<mark>" not in find(coordinator)

    def test_c1_tell_the_distance_from_every_postcode(self, coordinator: Visitor) -> None:
        sr7 = {**DH1, "postcode": "SR7 7AA"}
        found = FOUND | {"origins": [DH1, sr7], "results": [RESULT | {"distances_miles": [1.04, 7.3]}]}
        coordinator.front.search.find_vacancies.return_value = found
        text = find(coordinator, postcode_2="SR7 7AA")
        assert "1.0 mile from DH1 3YG ( directions ), 7.3 miles from SR7 7AA ( directions )" in words_of(text)
        assert "near DH1 3YG and SR7 7AA" in words_of(text)
        assert '<option value="" selected>Nearest to all postcodes</option>' in text
        assert '<option value="distance">Distance from the first postcode</option>' in text

    def test_c1_name_each_place_once(self, coordinator: Visitor) -> None:
        places = [DH1, DH1, {**DH1, "postcode": "SR7 7AA"}, {**DH1, "postcode": "NE1 1AA"}]
        places = [{**place, "precision": "outward"} for place in places]
        coordinator.front.search.find_vacancies.return_value = FOUND | {"origins": places}
        said = words_of(find(coordinator))
        assert "near DH1 3YG, SR7 7AA and NE1 1AA" in said
        assert "roughly where DH1 3YG, SR7 7AA and NE1 1AA are." in said

    def test_c3_say_that_fresh_figures_are_fresh(self, coordinator: Visitor) -> None:
        fresh = FOUND | {"stale": 0, "results": [RESULT | {"fresh": True}]}
        coordinator.front.search.find_vacancies.return_value = fresh
        said = words_of(find(coordinator))
        assert "older than expected" not in said.lower()
        assert "Put up-to-date figures first" not in said

    def test_put_fresh_figures_first_in_one_press(self, coordinator: Visitor) -> None:
        address = "/find?postcode=DH1+3YG&amp;words=hoist&amp;sort=fresh_first#results"
        assert f'href="{address}">Put up-to-date figures first</a>' in find(coordinator, words="hoist")
        assert "Put up-to-date" not in find(coordinator, sort="fresh_first")

    def test_c3_keep_the_question_when_the_page_turns(self, coordinator: Visitor) -> None:
        text = find(coordinator, max_price="1200", capabilities=["a", "b"])
        needs = "capabilities=a&amp;capabilities=b"
        assert f'href="/find?postcode=DH1+3YG&amp;max_price=1200&amp;{needs}&amp;page=2#results"' in text

    def test_lead_back_from_a_provider(self, coordinator: Visitor) -> None:
        coordinator.front.providers.get_provider.return_value = PROVIDER | {"may": []}
        coordinator.front.providers.get_capacity.return_value = CAPACITY
        page = coordinator.get("/find", postcode="DH1 3YG", capabilities=["a", "b"], page="2")
        link = next(link for link in Reader(page.text).links if link.startswith("/providers/"))
        address = "/find?postcode=DH1+3YG&amp;capabilities=a&amp;capabilities=b&amp;page=2#results"
        shown = coordinator.get(link).text
        assert f'href="{address}">Back to results</a>' in shown
        assert '<a href="/find" aria-current="true">Find vacancies</a>' in shown
        assert shown.count("aria-current") == 1

    def test_let_people_write_to_the_manager(self, coordinator: Visitor) -> None:
        provider = PROVIDER | {"may": [], "manager_email": "mel@cranberry.example"}
        coordinator.front.providers.get_provider.return_value = provider
        coordinator.front.providers.get_capacity.return_value = CAPACITY
        text = coordinator.get(f"/providers/{PROVIDER_ID}").text
        assert '<a href="mailto:mel@cranberry.example">mel@cranberry.example</a>' in text

    def test_say_when_the_place_is_known_roughly(self, coordinator: Visitor) -> None:
        rough = {**DH1, "precision": "outward"}
        coordinator.front.search.find_vacancies.return_value = FOUND | {"origin": rough, "origins": [rough]}
        assert "only know roughly where DH1 3YG is" in find(coordinator)

    def test_are_named_by_their_place_for_bookmarks_and_tabs(self, coordinator: Visitor) -> None:
        title = "<title>Vacancies in County Durham near DH1 3YG, page 2 – Capacity Tracker</title>"
        assert title in find(coordinator, area=DURHAM, page="2")
        assert "<title>Find vacancies – Capacity Tracker</title>" in coordinator.get("/find").text

    def test_say_when_there_is_no_such_page(self, coordinator: Visitor) -> None:
        coordinator.front.search.find_vacancies.return_value = FOUND | {"results": [], "page": 9}
        text = find(coordinator, page="9")
        assert 'no more results on this page. <a href="/find?postcode=DH1+3YG#results">' in text

    def test_count_one(self, coordinator: Visitor) -> None:
        coordinator.front.search.find_vacancies.return_value = FOUND | {"total": 1, "stale": 1}
        said = words_of(find(coordinator))
        assert "1 home has vacancies near DH1 3YG , its figures older than expected" in said
        coordinator.front.search.find_vacancies.return_value = FOUND | {"total": 2, "stale": 2}
        said = words_of(find(coordinator))
        assert "2 homes have vacancies near DH1 3YG , all of them with figures older than expected" in said

    def test_of_units_are_not_called_homes(self, coordinator: Visitor) -> None:
        for query in ({"bed_type": "end_of_life"}, {"provider_type": "hospice"}):
            assert "41 providers have vacancies" in find(coordinator, **query)


class TestChips:
    def test_name_each_filter_and_take_it_away(self, coordinator: Visitor) -> None:
        text = find(coordinator, **ALL, capabilities=["tracheostomy", "b"])
        chips = text[text.index('<ul class="app-chips"') :].partition("</ul>")[0]
        for words in (
            "County Durham",
            "Within 10 miles",
            "Care home",
            "Short stay",
            "Respite Care",
            "General Residential",
            "CQC service: Care home service with nursing",
            "CQC: Good or better",
            "£1,200 a week at most",
            "Cornish spoken",
            "“hoist” in notes",
            "Funding: Private (self-funding)",
            "Contract with Sunderland",
            "Brand: Teacup Care",
            "Admits out of hours",
            "Accepting today",
            "Updated within 24 hours",
            "tracheostomy",
        ):
            assert f"</span>{words}<span" in chips
        links = Reader(chips).links
        assert len(links) == len(ALL) - 1 + 2 + 1, "all but the postcode, two needs, and “Show all”"
        for link in links:
            assert "postcode=DH1+3YG" in link
            assert link.endswith("#results")
        without_b = next(link for link in links if "tracheostomy" in link and "capabilities=b" not in link)
        assert "words=hoist" in without_b
        assert links[-1] == "/find?postcode=DH1+3YG#results"

    def test_write_a_postcode_as_it_is_written(self, coordinator: Visitor) -> None:
        text = find(coordinator, postcode_2="sr13aa", postcode_3="nowhere")
        assert "Also from SR1 3AA<" in text
        assert "Also from NOWHERE<" in text

    def test_leave_the_only_place_alone(self, coordinator: Visitor) -> None:
        assert "app-chips" not in coordinator.get("/find", area=DURHAM).text


class TestNearMisses:
    @pytest.fixture
    def nothing(self, coordinator: Visitor) -> Visitor:
        misses = [{"filter": "max_price", "homes": 12}, {"filter": "capabilities", "homes": 1}]
        found = FOUND | {"total": 0, "stale": 0, "results": [], "near_misses": misses}
        coordinator.front.search.find_vacancies.return_value = found
        return coordinator

    def test_c5_say_which_filter_to_leave_out_and_what_that_brings(self, nothing: Visitor) -> None:
        text = find(nothing, max_price="500", capabilities=["a", "b"])
        assert "No vacancies found near DH1 3YG" in words_of(text)
        assert "Any price : 12 more homes" in words_of(text)
        assert "Without these needs : 1 more home<" in text.replace("</a>: ", " : ")
        assert (
            '<a href="/find?postcode=DH1+3YG&amp;capabilities=a&amp;capabilities=b#results">Any price' in text
        )
        assert '<a href="/find?postcode=DH1+3YG&amp;max_price=500#results">Without these needs' in text

    def test_c5_are_counted_as_what_they_bring(self, nothing: Visitor) -> None:
        misses = {"near_misses": [{"filter": "bed_type", "homes": 7}]}
        nothing.front.search.find_vacancies.return_value |= misses
        assert "Any care home bed type : 7 more homes" in words_of(find(nothing, bed_type="end_of_life"))
        units = find(nothing, bed_type="end_of_life", provider_type="hospice")
        assert "Any bed type : 7 more providers" in words_of(units)

    def test_c5_leave_out_a_short_stay_with_its_service(self, nothing: Visitor) -> None:
        misses = {"near_misses": [{"filter": "stay", "homes": 7}]}
        nothing.front.search.find_vacancies.return_value |= misses
        text = find(nothing, stay="short_stay", short_stay_service="respite", max_price="500")
        assert '<a href="/find?postcode=DH1+3YG&amp;max_price=500#results">Any stay' in text

    def test_c5_that_help_alone_are_told_beside_few_results(self, nothing: Visitor) -> None:
        nothing.front.search.find_vacancies.return_value |= {"total": 1, "results": [RESULT]}
        assert "Few match. Leave one thing out" in words_of(find(nothing, max_price="500"))

    def test_c5_that_there_are_none_of_is_said(self, nothing: Visitor) -> None:
        nothing.front.search.find_vacancies.return_value |= {"near_misses": []}
        blame = "No single filter is to blame"
        assert blame in find(nothing, max_price="500")
        assert blame in find(nothing, bed_type="general_residential", area=DURHAM)
        assert "No home that can be found here has a vacancy now" in find(nothing)
        untried = (
            {"provider_type": "hospice", "max_price": "500"},
            {"bed_type": "end_of_life"},
            {"postcode": "", "area": DURHAM, "max_price": "500"},
            {"max_price": "500", "page": "2"},
        )
        for query in untried:
            given = {"postcode": "DH1 3YG", **query}
            text = nothing.get("/find", **{name: value for name, value in given.items() if value}).text
            assert blame not in text, "search has not tried all of them"
            assert "Nothing matches all of it. Take something away, or" in text


class TestViews:
    def test_c4_are_of_the_same_search(self, coordinator: Visitor) -> None:
        page = coordinator.get("/find", postcode="DH1 3YG", capabilities=["a", "b"], page="2")
        query = "postcode=DH1+3YG&capabilities=a&capabilities=b"
        links = Reader(page.text).links
        for address in (f"/find?{query}#results", f"/find?{query}&view=map#results", f"/find/print?{query}"):
            assert address in links
        files = coordinator.form(page, "/exports")
        assert files.method == "POST"
        sent = [(name, value) for name, value in files.fields if name != "csrf_token"]
        assert sent == [("postcode", "DH1 3YG"), ("capabilities", "a"), ("capabilities", "b")]
        assert files.buttons["Excel"] == [("format", "xlsx")]
        assert files.buttons["CSV"] == [("format", "csv")]

    def test_c4_stay_when_the_search_changes(self, coordinator: Visitor) -> None:
        page = coordinator.get("/find", postcode="DH1 3YG", words="hoist", view="map")
        assert ("view", "map") in coordinator.form(page, "/find#results").fields
        assert any(
            link.endswith("view=map#results") and "words" not in link for link in Reader(page.text).links
        )
