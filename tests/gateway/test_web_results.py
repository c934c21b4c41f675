"""What a page tells of each place that was found (C3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from contracts import criteria as shared
from contracts import errors
from gateway.web import chips, criteria, results
from tests.gateway.test_web_finding import RESULT

NOW = datetime(2026, 3, 1, 10, 5, tzinfo=UTC)


def marked(text: str, sought: str) -> str:
    return str(results.marker(sought)(text))


class TestMarker:
    @pytest.mark.parametrize(
        ("text", "sought", "said"),
        [
            ("Pets welcome.", "pet", "<mark>Pets</mark> welcome."),
            ("No carpets.", "pet", "No carpets."),
            (
                "Residents' and resident’s",
                "residents",
                "<mark>Residents</mark>&#39; and <mark>resident’s</mark>",
            ),
            ("A hoist and a lift", "LIFT hoist", "A <mark>hoist</mark> and a <mark>lift</mark>"),
            ("5 rooms (en-suite)", "en suite 5", "<mark>5</mark> rooms (<mark>en</mark>-<mark>suite</mark>)"),
            ("<i>&amp;</i>", "i", "&lt;<mark>i</mark>&gt;&amp;amp;&lt;/<mark>i</mark>&gt;"),
            ("Plain (text) [here]", "?! _", "Plain (text) [here]"),
        ],
    )
    def test_b3_marks_the_words_that_begin_so(self, text: str, sought: str, said: str) -> None:
        assert marked(text, sought) == said

    def test_shortens_a_long_note(self) -> None:
        said = marked("word " * 100, "")
        assert said.endswith("word …")
        assert len(said) <= results.LONGEST_NOTE + 2

    def test_shows_a_long_note_from_where_the_word_stands(self) -> None:
        said = marked("word " * 100 + "a hoist on each floor " + "word " * 100, "hoist")
        assert said.startswith("… word word")
        assert "a <mark>hoist</mark> on each floor" in said
        assert said.endswith("word …")


class TestShown:
    def shown(self, **changes: Any) -> dict[str, Any]:
        origin = {"postcode": "DH1 3YG", "precision": "postcode"}
        found = {"origin": origin, "results": [{**RESULT, **changes}]}
        back = "/find?postcode=DH1+3YG#results"
        (row,) = results.shown(
            found, bed_type="dementia_nursing", sought="", back=back, travel_url="none", now=NOW
        )
        return row

    def test_c3_says_how_old_figures_are(self) -> None:
        age = self.shown(fresh=True)["age"]
        assert (age["words"], age["grade"], age["is_stale"]) == ("Updated 3 hours ago", "fresh", False)
        age = self.shown(fresh=False)["age"]
        assert (age["grade"], age["is_stale"]) == ("old", True)
        assert self.shown(last_updated=None, fresh=False)["age"]["words"] == "Never updated"

    def test_leads_to_the_provider_and_back(self) -> None:
        href = f"/providers/{RESULT['provider_id']}?from=%2Ffind%3Fpostcode%3DDH1%2B3YG%23results"
        assert self.shown()["href"] == href

    def test_has_no_way_where_none_is_set(self) -> None:
        assert self.shown()["distances"] == [{"words": "1.0 mile", "start": "", "travel": ""}]

    def test_has_no_way_from_what_is_too_long_for_a_postcode(self) -> None:
        page = "https://way.example/?{from}-{to}"
        assert (
            results.travel(page, start="DH1 3YG", to="SR7 7AA") == "https://way.example/?DH1%203YG-SR7%207AA"
        )
        assert results.travel(page, start="DH1 3YG 123", to="SR7 7AA") == ""

    def test_c3_counts_the_vacancies_of_the_bed_type_that_was_asked_for(self) -> None:
        row = self.shown()
        assert (row["vacancies"], row["in_all"]) == (1, 3)
        row = self.shown(bed_types=[{**RESULT["bed_types"][1], "accepting": 3}])
        assert (row["vacancies"], row["in_all"]) == (3, None)
        assert results.vacancies(RESULT, "") == {"vacancies": 3, "in_all": None}

    def test_marks_the_bed_type_that_was_asked_for(self) -> None:
        assert [bed["is_chosen"] for bed in self.shown()["beds"]] == [False, True]

    def test_names_few_contracts_outright(self) -> None:
        assert self.shown(contracts=["E06000047"])["contracts"] == {
            "number": 1,
            "names": "County Durham",
            "is_few": True,
            "on_paper": "County Durham",
        }
        assert self.shown(contracts=[])["contracts"] is None

    def test_leaves_out_what_is_not_told(self) -> None:
        nothing: dict[str, Any] = dict.fromkeys(
            ("short_stay_services", "languages", "funding_sources", "capabilities", "alerts", "notes")
        )
        row = self.shown(**nothing, accepting_out_of_hours=False, weekend_admissions=None)
        assert row["facts"] == []
        assert row["alerts"] == row["notes"] == []

    @pytest.mark.parametrize("location", [None, "", "1-1/../../evil", "javascript:x y"])
    def test_leads_to_no_page_of_cqc_but_that_of_a_location(self, location: str | None) -> None:
        assert self.shown(cqc_location_id=location)["cqc"]["href"] == ""

    def test_says_that_there_is_no_rating(self) -> None:
        told = self.shown(cqc_rating=None)["cqc"]
        assert (told["rating"], told["since"]) == ("No rating known", "")


class TestAsked:
    def asked(self, query: str) -> criteria.Asked:
        return criteria.of_address(f"/find?{query}")

    def test_says_every_criterion_in_words(self) -> None:
        every = dict.fromkeys(criteria.NAMES, "good") | {
            "updated_within_hours": "168",
            "max_price": "900",
        }
        said = dict(criteria.of(MultiDict(every)).said())
        assert set(said) == set(criteria.TITLES.values()) - {"Stay"}, "the stay is that of its service"
        assert said["Price a week"] == "£900 at most"
        assert said["Figures"] == "updated within 7 days"
        assert said["CQC rating"] == "Good or better"

    def test_names_everything_there_is_to_ask(self) -> None:
        everything = {*shared.POSTCODES, *shared.FILTERS, "sort"}
        assert set(criteria.NAMES) == set(criteria.TITLES) == everything
        assert set(criteria.RELAXED) == set(shared.FILTERS)

    def test_keeps_needs_apart_in_addresses(self) -> None:
        asked = self.asked("postcode=DH1+3YG&capabilities=a&capabilities=b&capabilities=a&page=3")
        assert asked.capabilities == ("a", "b")
        assert asked.here() == "/find?postcode=DH1+3YG&capabilities=a&capabilities=b&page=3#results"
        assert asked.address(without="capabilities") == "/find?postcode=DH1+3YG"
        assert asked.pairs() == [("postcode", "DH1 3YG"), ("capabilities", "a"), ("capabilities", "b")]

    def test_takes_needs_that_are_wrong_together(self) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            self.asked("postcode=DH1&capabilities=a&capabilities=B!").criteria()
        assert list(refusal.value.fields) == ["capabilities"]

    def test_is_of_no_other_view_than_there_is(self) -> None:
        assert self.asked("postcode=DH1&view=moon").view == ""
        assert self.asked("postcode=DH1&view=map").view == "map"


class TestChips:
    def test_take_one_value_of_several_away(self) -> None:
        found = chips.of(
            "/x", {"q": "a", "needs": ["b", "c"]}, {"needs": {"b": "B", "c": "C"}}, fragment="#r"
        )
        assert found == [
            {"words": "B", "href": "/x?q=a&needs=c#r"},
            {"words": "C", "href": "/x?q=a&needs=b#r"},
        ]
