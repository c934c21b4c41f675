"""Files of what a search found: pages, and the calls for programs (C4)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests

from contracts import criteria, errors, exports
from kit import ids
from tests.gateway.browsing import COORDINATOR, MANAGER, Visitor, words_of
from tests.gateway.conftest import Front

EXPORT_ID = ids.new()
PATH = f"/exports/{EXPORT_ID}"
PARTS = [b"PK\x03\x04 the first part", b"\x00\xff the second", b"and the last"]
EXPORT: dict[str, Any] = {
    "id": EXPORT_ID,
    "format": "xlsx",
    "state": exports.WORKING,
    "at_work": True,
    "problem": None,
    "words": [["Postcode", "DH1 3YG"], ["Needs", "Tracheostomy <1>"]],
    "criteria": {"postcode": "DH1 3YG", "out_of_hours": True, "capabilities": ["a", "b"]},
    "done": 3000,
    "of": 15000,
    "cancelling": False,
    "homes": None,
    "stale": None,
    "size": None,
    "parts": 0,
    "created_at": "2026-03-01T23:30:00+00:00",
    "finished_at": None,
    "kept_until": "2026-03-02T05:30:00+00:00",
}
READY = EXPORT | {
    "state": exports.READY,
    "at_work": False,
    "homes": 15000,
    "stale": 412,
    "size": sum(map(len, PARTS)),
    "parts": len(PARTS),
    "finished_at": "2026-03-01T23:30:04+00:00",
}


def part(*, export_id: str, number: int) -> dict[str, str]:
    return {"content": base64.b64encode(PARTS[number]).decode()}


@pytest.fixture
def coordinator(front: Front) -> Visitor:
    front.reports.begin_export.return_value = EXPORT
    front.reports.export.return_value = EXPORT
    front.reports.export_part.side_effect = part
    return Visitor(front).signed_in(COORDINATOR)


class TestAsking:
    def ask(self, coordinator: Visitor, **fields: Any) -> requests.Response:
        token = coordinator.form(coordinator.get(PATH), f"{PATH}/drop").filled()
        return coordinator.front.call("POST", "/exports", data=[*token, *fields.items()])

    def test_c4_has_a_file_made_of_the_search_with_its_criteria_in_words(self, coordinator: Visitor) -> None:
        answer = self.ask(coordinator, postcode="DH1 3YG", max_price="£1,200", format="csv", area="")
        assert (answer.status_code, answer.headers["Location"]) == (303, PATH)
        coordinator.front.reports.begin_export.assert_called_once_with(
            criteria={"postcode": "DH1 3YG", "max_price": 1200},
            words=[["Postcode", "DH1 3YG"], ["Price a week", "£1,200 at most"]],
            format="csv",
        )

    def test_leads_back_to_a_search_that_makes_no_sense(self, coordinator: Visitor) -> None:
        answer = self.ask(coordinator, postcode="DH1 3YG", max_price="cheap", format="csv")
        assert answer.headers["Location"] == "/find?postcode=DH1+3YG&max_price=cheap"
        coordinator.front.reports.begin_export.assert_not_called()

    def test_says_which_figure_is_too_long_to_be_one(self, coordinator: Visitor) -> None:
        for name in ("max_price", "updated_within_hours", "radius_miles"):
            answer = self.ask(coordinator, postcode="DH1 3YG", format="csv", **{name: "7" * 5000})
            assert answer.status_code == 303
            coordinator.front.reports.begin_export.assert_not_called()

    def test_leads_back_to_a_search_near_a_postcode_that_nobody_knows(self, coordinator: Visitor) -> None:
        coordinator.front.search.locate.side_effect = errors.NotFound("Unknown.", {"postcode": "Unknown."})
        answer = self.ask(coordinator, postcode="EH1 1AA", format="csv")
        assert answer.headers["Location"] == "/find?postcode=EH1+1AA"
        coordinator.front.reports.begin_export.assert_not_called()

    def test_says_that_one_has_asked_for_enough(self, coordinator: Visitor) -> None:
        coordinator.front.reports.begin_export.side_effect = errors.Conflict("Wait for one of them to end.")
        answer = self.ask(coordinator, postcode="DH1 3YG", format="csv")
        assert answer.status_code == 409
        assert "Wait for one of them to end." in answer.text

    def test_knows_no_other_format(self, coordinator: Visitor) -> None:
        refusal = errors.Invalid("The file is not made.", {"format": "Choose one of: xlsx, csv."})
        coordinator.front.reports.begin_export.side_effect = refusal
        assert self.ask(coordinator, postcode="DH1 3YG", format="pdf").status_code == 400

    def test_is_not_for_people_of_homes(self, coordinator: Visitor) -> None:
        answer = coordinator.signed_in(MANAGER).get(PATH)
        assert answer.status_code == 403
        coordinator.front.reports.export.assert_not_called()


class TestList:
    @pytest.fixture
    def listed(self, coordinator: Visitor) -> Visitor:
        refused = EXPORT | {"id": ids.new(), "state": exports.REFUSED, "at_work": False}
        coordinator.front.reports.exports.return_value = {"results": [EXPORT, READY, refused]}
        return coordinator

    def test_c4_leads_to_ones_files_and_offers_those_that_are_ready(self, listed: Visitor) -> None:
        assert 'href="/exports"' in listed.get(PATH).text
        page = listed.get("/exports")
        said = words_of(page.text)
        assert all(words in said for words in ("Being made", "Ready", "15,000", "Not made", criteria.NOTICE))
        assert page.text.count("/file") == 1
        assert "Tracheostomy &lt;1&gt;" in page.text

    def test_stops_or_deletes_a_file_and_shows_the_others(self, listed: Visitor) -> None:
        answer = listed.press(listed.get("/exports"), f"{PATH}/drop")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/exports")
        listed.front.reports.drop_export.assert_called_once_with(export_id=EXPORT_ID)

    def test_says_so_when_there_are_none(self, coordinator: Visitor) -> None:
        coordinator.front.reports.exports.return_value = {"results": []}
        assert "There are none" in coordinator.get("/exports").text

    def test_is_not_for_people_of_homes(self, coordinator: Visitor) -> None:
        assert coordinator.signed_in(MANAGER).get("/exports").status_code == 403


class TestWatching:
    def test_c4_shows_how_far_it_is_and_looks_again_without_scripts(self, coordinator: Visitor) -> None:
        page = coordinator.get(PATH)
        assert "3,000 of 15,000 homes" in words_of(page.text)
        assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
        assert "data-poll" in page.text
        assert "Tracheostomy &lt;1&gt;" in page.text

    def test_says_that_it_is_being_written_once_every_home_is_there(self, coordinator: Visitor) -> None:
        coordinator.front.reports.export.return_value = EXPORT | {"done": 15000}
        assert "15,000 homes: the file is being written" in words_of(coordinator.get(PATH).text)

    def test_c4_offers_the_file_with_the_notice(self, coordinator: Visitor) -> None:
        coordinator.front.reports.export.return_value = READY
        page = coordinator.get(PATH)
        assert f'href="{PATH}/file"' in page.text
        assert criteria.NOTICE in page.text
        assert "412 of them with figures older than expected" in words_of(page.text)
        assert "data-poll" not in page.text

    def test_says_why_there_is_no_file(self, coordinator: Visitor) -> None:
        problem = "23,456 homes match, and a file holds 20,000."
        refused = EXPORT | {"state": exports.REFUSED, "at_work": False, "problem": problem}
        coordinator.front.reports.export.return_value = refused
        page = coordinator.get(PATH)
        assert problem in page.text
        assert "/file" not in page.text

    def test_leads_back_to_the_search(self, coordinator: Visitor) -> None:
        page = coordinator.get(PATH).text
        there = "/find?postcode=DH1+3YG&amp;out_of_hours=yes&amp;capabilities=a&amp;capabilities=b"
        assert f'href="{there}"' in page

    @pytest.mark.parametrize(
        ("export", "there"),
        [(EXPORT, PATH), (READY, "/find?postcode=DH1+3YG&out_of_hours=yes&capabilities=a&capabilities=b")],
    )
    def test_stops_it_or_deletes_it(self, coordinator: Visitor, export: dict[str, Any], there: str) -> None:
        coordinator.front.reports.export.return_value = export
        answer = coordinator.press(coordinator.get(PATH), f"{PATH}/drop")
        assert (answer.status_code, answer.headers["Location"]) == (303, there)
        coordinator.front.reports.drop_export.assert_called_once_with(export_id=EXPORT_ID)


class TestDownload:
    @pytest.fixture
    def ready(self, coordinator: Visitor) -> Visitor:
        coordinator.front.reports.export.return_value = READY
        return coordinator

    def test_c4_hands_on_every_part_in_its_turn(self, ready: Visitor) -> None:
        answer = ready.get(f"{PATH}/file")
        assert answer.content == b"".join(PARTS)
        assert answer.headers["Content-Length"] == str(len(b"".join(PARTS)))
        assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
        # The day in London, where it is past midnight by then in summer alone.
        assert answer.headers["Content-Disposition"] == 'attachment; filename="vacancies-2026-03-01.xlsx"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert [call.kwargs["number"] for call in ready.front.reports.export_part.mock_calls] == [0, 1, 2]

    def test_asks_for_no_more_parts_than_are_taken(self, ready: Visitor) -> None:
        answer = ready.front.caller.head(ready.front.url + f"{PATH}/file", timeout=10)
        assert (answer.status_code, answer.content) == (200, b"")
        assert ready.front.reports.export_part.call_count == 1

    def test_says_so_when_it_cannot_even_begin(self, ready: Visitor) -> None:
        ready.front.reports.export_part.side_effect = errors.Unavailable("Nobody answers.")
        assert ready.get(f"{PATH}/file").status_code == 503

    def test_breaks_off_rather_than_seem_whole(self, ready: Visitor) -> None:
        def fails(*, export_id: str, number: int) -> dict[str, str]:
            if number:
                raise errors.Unavailable("Nobody answers.")
            return {"content": base64.b64encode(bytes(100_000)).decode()}

        ready.front.reports.export.return_value = READY | {"size": 200_000}
        ready.front.reports.export_part.side_effect = fails
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            ready.get(f"{PATH}/file")

    def test_leads_to_the_page_while_there_is_none(self, coordinator: Visitor) -> None:
        answer = coordinator.get(f"{PATH}/file")
        assert (answer.status_code, answer.headers["Location"]) == (303, PATH)

    def test_of_somebody_else_is_not_there(self, coordinator: Visitor) -> None:
        coordinator.front.reports.export.side_effect = errors.NotFound("There is no such file.")
        assert coordinator.get(f"{PATH}/file").status_code == 404


class TestApi:
    API = f"/exports/{EXPORT_ID}"

    @pytest.fixture
    def caller(self, front: Front) -> Front:
        front.sign_in(COORDINATOR)
        front.reports.begin_export.return_value = EXPORT
        front.reports.export.return_value = EXPORT
        front.reports.export_part.side_effect = part
        return front

    def test_c4_takes_the_criteria_of_a_search_and_says_where_to_look(self, caller: Front) -> None:
        asked = {"postcode": "DH1 3YG", "capabilities": ["a", "b"], "out_of_hours": "yes", "format": "csv"}
        answer = caller.api("POST", "/exports", params=asked)
        assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1{self.API}")
        assert answer.json()["id"] == EXPORT_ID
        call = caller.reports.begin_export.call_args.kwargs
        assert call["format"] == "csv"
        assert call["criteria"] == {"postcode": "DH1 3YG", "capabilities": ["a", "b"], "out_of_hours": True}
        assert ["Postcode", "DH1 3YG"] in call["words"]

    @pytest.mark.parametrize(
        ("asked", "field"),
        [({}, "postcode"), ({"postcode": "DH1 3YG", "format": "pdf"}, "format"), ({"colour": "x"}, "colour")],
    )
    def test_refuses_what_is_no_search(self, caller: Front, asked: dict[str, str], field: str) -> None:
        answer = caller.api("POST", "/exports", params=asked)
        assert answer.status_code == 400
        assert field in answer.json()["fields"]

    @pytest.mark.parametrize("fault", [errors.NotFound, errors.Invalid])
    def test_refuses_at_once_a_postcode_that_nobody_knows(
        self, caller: Front, fault: type[errors.Error]
    ) -> None:
        def locate(*, postcode: str) -> dict[str, Any]:
            if postcode == "EH1 1AA":
                raise fault("We do not know it.", {"postcode": "We do not know it."})
            return {}

        caller.search.locate.side_effect = locate
        answer = caller.api("POST", "/exports", params={"postcode": "DH1 3YG", "postcode_2": "EH1 1AA"})
        assert answer.status_code in (400, 404)
        assert answer.json()["fields"] == {"postcode_2": "We do not know it."}
        caller.reports.begin_export.assert_not_called()

    def test_takes_it_on_while_search_is_away(self, caller: Front) -> None:
        caller.search.locate.side_effect = errors.Unavailable("Nobody answers.")
        assert caller.api("POST", "/exports", params={"postcode": "DH1 3YG"}).status_code == 202

    def test_tells_how_it_stands(self, caller: Front) -> None:
        shown = caller.api("GET", self.API).json()
        assert (shown["state"], shown["done"], shown["of"]) == (exports.WORKING, 3000, 15000)

    def test_c4_gives_the_file_once_it_is_ready(self, caller: Front) -> None:
        assert caller.api("GET", f"{self.API}/file").status_code == 409
        caller.reports.export.return_value = READY
        assert caller.api("GET", f"{self.API}/file").content == b"".join(PARTS)

    def test_drops_it(self, caller: Front) -> None:
        assert caller.api("DELETE", self.API).status_code == 204
        caller.reports.drop_export.assert_called_once_with(export_id=EXPORT_ID)
