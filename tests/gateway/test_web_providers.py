"""The pages about a provider (B1, B2, B4, B13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts import errors, permissions, sure
from gateway import service
from tests.gateway.browsing import CAPACITY, COORDINATOR, MANAGER, PROVIDER, Reader, Visitor, words_of
from tests.gateway.conftest import PROVIDER_ID, Front, actor, running

PATH = f"/providers/{PROVIDER_ID}"
KINDS = {
    "results": [
        {"code": "general_residential", "name": "General Residential", "definition": "For daily help."},
        {"code": "dementia_nursing", "name": "Dementia Nursing", "definition": "For people with dementia."},
    ]
}


@pytest.fixture
def manager(front: Front) -> Visitor:
    front.providers.get_provider.return_value = PROVIDER
    front.providers.get_capacity.return_value = CAPACITY
    front.providers.history.return_value = {"total": 0, "page": 1, "page_size": 20, "results": []}
    front.providers.bed_types.return_value = KINDS
    front.search.locate.side_effect = errors.NotFound("unknown")
    return Visitor(front).signed_in(MANAGER)


class TestProviderPage:
    def test_b13_says_what_is_missing_and_where(self, manager: Visitor) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {
            "listed": False,
            "completeness": [
                {"code": "services", "done": True, "message": "Bed types are set."},
                {"code": "funding_source", "done": False, "message": "Choose a funding source."},
            ],
        }
        text = manager.get(PATH).text
        assert "Not found in searches yet" in text
        assert (
            f'href="{PATH}/details" aria-describedby="task-2-hint task-2-status">Funding you accept</a>'
            in text
        )
        assert "Choose a funding source." in words_of(text)
        assert "Bed types are set. Done" in words_of(text)
        assert f'href="{PATH}/contracts"' in text

    def test_shows_those_who_only_look_no_history_and_nothing_to_press(self, manager: Visitor) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {"may": []}
        text = manager.signed_in(COORDINATOR).get(PATH).text
        assert "Update capacity" not in text
        assert "Occupied" not in text
        manager.front.providers.history.assert_not_called()

    def test_b14_says_how_old_the_figures_are_against_what_is_expected(self, manager: Visitor) -> None:
        old = (datetime.now(UTC) - timedelta(days=3, hours=1)).isoformat()
        manager.front.providers.get_provider.return_value = PROVIDER | {"last_updated": old}
        assert "Figures are 3 days old; every 2 days is expected" in manager.get(PATH).text
        unit = PROVIDER | {"last_updated": old, "type": "acute"}
        manager.front.providers.get_provider.return_value = unit
        assert "Figures are 3 days old; every 24 hours is expected" in manager.get(PATH).text
        fresh = PROVIDER | {"last_updated": datetime.now(UTC).isoformat()}
        manager.front.providers.get_provider.return_value = fresh
        assert "is expected" not in manager.get(PATH).text

    def test_b2_shows_the_facts_of_cqc_with_link_and_dates(self, manager: Visitor) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {
            "cqc_rating_date": "2025-05-01",
            "cqc_ratings": {
                "overall": {"rating": "good", "date": "2025-05-01"},
                "well_led": {"rating": "outstanding", "date": "2025-04-30"},
            },
            "cqc_report_link": "https://www.cqc.org.uk/location/1-100000001",
            "cqc_services": ["Care home service with nursing"],
            "registered_beds": 40,
        }
        page = manager.get(PATH).text
        assert 'href="https://www.cqc.org.uk/location/1-100000001"' in page
        text = words_of(page)
        assert "Overall Good 1 May 2025 Well-led Outstanding 30 April 2025" in text
        assert "Registered beds 40 Registered services Care home service with nursing" in text

    def test_b5_b11_shows_needs_and_contracts_by_name(self, manager: Visitor) -> None:
        text = words_of(manager.get(PATH).text)
        assert "Fictional Hospitals NHS Foundation Trust" in text
        assert "Food hygiene rating 5 of 5" in text
        assert "Admits at weekends No" in text
        assert "County Durham" in text
        assert "NHS North East and North Cumbria" in text

    def test_b7_counts_people_where_care_is_given_at_home(self, manager: Visitor) -> None:
        row = CAPACITY["bed_types"][0] | {"unit": "person", "label": "Personal care at home"}
        people = {"type": "home_care", "short_form": True, "bed_types": [row]}
        manager.front.providers.get_capacity.return_value = CAPACITY | people
        manager.front.providers.get_provider.return_value = PROVIDER | {"type": "home_care"}
        text = words_of(manager.get(PATH).text)
        assert "Type of care" in text
        assert "Bed type" not in text

    @pytest.mark.parametrize("origin", ["", "?from=//elsewhere.example", "?from=/sign-out"])
    def test_leads_searchers_back_to_the_search(self, manager: Visitor, origin: str) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {"may": []}
        text = manager.signed_in(COORDINATOR).get(PATH + origin).text
        assert '<a class="nhsuk-back-link" href="/find">Find vacancies</a>' in text

    def test_c3_shows_searchers_how_to_get_there_and_whom_to_ring(self, manager: Visitor) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {
            "may": [],
            "email": "manager@harbour.example",
            "website": "www.harbour.example",
            "cqc_report_link": "https://www.cqc.org.uk/location/1-100000001",
        }
        searcher = manager.signed_in(COORDINATOR)
        text = searcher.get(PATH, **{"from": "/find?postcode=DH1+3YG&postcode_2=sr1+3aa#results"}).text
        ways = "https://www.google.com/maps/dir/?api=1&amp;origin="
        for start in ("DH1%203YG", "sr1%203aa"):
            assert f'href="{ways}{start}&amp;destination=SR7%207AA" rel="noopener noreferrer' in text
        assert "Directions from DH1 3YG" in words_of(text)
        assert "Directions From DH1 3YG Directions From SR1 3AA" in words_of(text)
        assert f'href="{ways}&amp;destination=SR7%207AA"' in searcher.get(PATH).text
        for link in ('href="tel:01914960123"', 'href="mailto:manager@harbour.example"'):
            assert link in text
        assert 'href="https://www.harbour.example" rel="noopener noreferrer nofollow"' in text
        assert "CQC: Good" in words_of(text)

    def test_c3_shows_no_way_where_no_page_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TRAVEL_URL", "none")
        with running(service.Gateway) as front:
            front.providers.get_provider.return_value = PROVIDER | {"may": []}
            front.providers.get_capacity.return_value = CAPACITY
            assert "Directions" not in Visitor(front).signed_in(COORDINATOR).get(PATH).text

    def test_b7_tells_editors_and_system_champions_of_too_many_beds(self, manager: Visitor) -> None:
        manager.front.providers.get_capacity.return_value = CAPACITY | {"over_registered": True}
        assert "The System Champion of your area sees this." in manager.get(PATH).text
        manager.front.providers.get_provider.return_value = PROVIDER | {"may": []}
        champion = actor(organisation_type="icb", roles=frozenset({permissions.SYSTEM_CHAMPION}))
        assert "You see this as a System Champion" in manager.signed_in(champion).get(PATH).text
        assert "registered with the CQC" not in manager.signed_in(COORDINATOR).get(PATH).text

    def test_says_that_a_provider_is_deactivated(self, manager: Visitor) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {"active": False, "listed": False}
        text = manager.get(PATH).text
        assert "Deactivated." in text
        assert "Not found in searches yet" not in text

    @pytest.mark.parametrize("page", ["details", "services"])
    def test_leads_to_no_form_that_would_be_refused(self, manager: Visitor, page: str) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {"may": []}
        assert manager.get(f"{PATH}/{page}").status_code == 403


class TestDetails:
    def test_are_sent_as_they_are_on_the_page(self, manager: Visitor) -> None:
        path = f"{PATH}/details"
        answer = manager.press(manager.get(path), path, name="Harbour House", funding_sources=["icb", "phb"])
        asked = manager.front.providers.change_provider.call_args.kwargs
        assert (asked["provider_id"], asked["version"]) == (PROVIDER_ID, 7)
        changes = asked["changes"]
        assert (changes["name"], changes["funding_sources"]) == ("Harbour House", ["icb", "phb"])
        assert (changes["town"], changes["care_types"], changes["council_code"]) == (
            "Seaham",
            ["residential"],
            "E06000047",
        )
        assert "weekly_reminder" not in changes
        assert answer.headers["Location"] == f"{PATH}?done=details"

    def test_hold_the_reminder_for_those_who_may_switch_it(self, manager: Visitor) -> None:
        may = [permissions.EDIT_PROVIDER, permissions.SWITCH_REMINDER]
        manager.front.providers.get_provider.return_value = PROVIDER | {"may": may}
        path = f"{PATH}/details"
        page = manager.get(path)
        manager.press(page, path)
        assert manager.front.providers.change_provider.call_args.kwargs["changes"]["weekly_reminder"] is True

    def test_that_are_refused_are_kept(self, manager: Visitor) -> None:
        path = f"{PATH}/details"
        manager.front.providers.change_provider.side_effect = errors.Invalid(
            "No.", {"phone": "Fill this in."}
        )
        answer = manager.press(manager.get(path), path, name="Harbour House", phone="")
        assert '<a href="#phone">Telephone: Fill this in.</a>' in answer.text
        assert 'value="Harbour House"' in answer.text

    def test_b10_refused_stay_based_on_the_version_they_came_from(self, manager: Visitor) -> None:
        path = f"{PATH}/details"
        page = manager.get(path)
        manager.front.providers.get_provider.return_value = PROVIDER | {"version": 8}
        manager.front.providers.change_provider.side_effect = errors.Invalid("No.", {"phone": "No."})
        assert ("version", "7") in manager.form(manager.press(page, path), path).fields
        manager.front.providers.change_provider.side_effect = errors.Stale(
            "Pat changed it.", {"town": "was A"}
        )
        assert ("version", "8") in manager.form(manager.press(page, path), path).fields

    def test_b10_changed_by_somebody_else_are_not_overwritten(self, manager: Visitor) -> None:
        path = f"{PATH}/details"
        page = manager.get(path)
        manager.front.providers.change_provider.side_effect = errors.Stale(
            "Pat changed it.", {"town": "was Seaham, is now Durham"}
        )
        answer = manager.press(page, path)
        assert answer.status_code == 412
        assert "was Seaham, is now Durham" in answer.text


class TestServices:
    def test_show_each_bed_type_with_its_definition(self, manager: Visitor) -> None:
        text = manager.get(f"{PATH}/services").text
        assert "For daily help." in text
        assert "For people with dementia." in text
        assert "so that those who care for somebody at home can rest." in text

    def test_b4_are_sent_with_languages_that_are_not_on_the_list(self, manager: Visitor) -> None:
        path = f"{PATH}/services"
        page = manager.get(path)
        assert ("languages", "Cornish") in manager.form(page, path).fields
        manager.press(page, path, bed_types=["dementia_nursing"], other_languages="Manx, Jèrriais,")
        asked = manager.front.providers.set_services.call_args.kwargs
        assert (asked["bed_types"], asked["short_stay_services"]) == (["dementia_nursing"], ["respite"])
        assert asked["languages"] == ["English", "Cornish", "Manx", "Jèrriais"]

    def test_b10_refused_stay_based_on_the_version_they_came_from(self, manager: Visitor) -> None:
        path = f"{PATH}/services"
        page = manager.get(path)
        manager.front.providers.get_provider.return_value = PROVIDER | {"version": 8}
        manager.front.providers.set_services.side_effect = errors.Invalid("No.", {"languages.0": "No."})
        assert ("version", "7") in manager.form(manager.press(page, path), path).fields

    def test_that_drop_declared_beds_are_asked_about_first(self, manager: Visitor) -> None:
        path = f"{PATH}/services"
        words = {
            "confirm_dropped_figures": "Figures that you have given would go: Dementia Nursing (4 beds)."
        }
        manager.front.providers.set_services.side_effect = errors.Conflict("Are you sure?", words)
        page = manager.press(manager.get(path), path, bed_types=["general_residential"])
        assert page.status_code == 409
        assert "Dementia Nursing (4 beds)" in page.text
        manager.front.providers.get_provider.return_value = PROVIDER | {"version": 8}
        again = manager.press(page, path, "No, go back and change them")
        assert ("version", "7") in manager.form(again, path).fields
        assert ("languages", "Cornish") in manager.form(again, path).fields
        manager.front.providers.set_services.side_effect = None
        assert (
            manager.press(page, path, "Yes, save the services").headers["Location"] == f"{PATH}?done=services"
        )
        asked = manager.front.providers.set_services.call_args.kwargs
        assert (asked["version"], asked["bed_types"]) == (7, ["general_residential"])
        assert asked["confirm_dropped_figures"] == sure.mark(words["confirm_dropped_figures"])

    def test_say_what_is_wrong_with_one_of_a_list(self, manager: Visitor) -> None:
        path = f"{PATH}/services"
        manager.front.providers.set_services.side_effect = errors.Invalid("No.", {"bed_types.0": "Not that."})
        assert '<a href="#bed_types">Not that.</a>' in manager.press(manager.get(path), path).text


SITE: dict[str, Any] = {
    "register": "cqc",
    "code": "1-100000001",
    "name": "Mill House",
    "address": "2 Mill Lane",
    "town": "Durham",
    "postcode": "DH1 3YG",
    "phone": "",
    "website": "",
    "brand": None,
    "type": "care_home",
    "registered_beds": 31,
    "rating": "good",
    "council_code": "E06000047",
    "council_name": "County Durham",
    "ods_code": None,
    "registered": True,
    "taken": False,
}
FOUND = {"precision": "postcode", "council_code": "E06000047", "sub_icb_code": "84H", "icb_code": "QHM"}


class TestPlace:
    def test_b2_is_shown_by_the_postcode_and_not_asked(self, manager: Visitor) -> None:
        manager.front.search.locate.side_effect = None
        manager.front.search.locate.return_value = FOUND
        path = f"{PATH}/details"
        page = manager.get(path)
        assert "Council County Durham" in words_of(page.text)
        assert "Region North East" in words_of(page.text)
        manager.press(page, path, postcode="NE1 7RU")
        changes = manager.front.providers.change_provider.call_args.kwargs["changes"]
        assert changes["postcode"] == "NE1 7RU"
        assert "council_code" not in changes

    def test_b2_of_another_postcode_is_shown_before_anything_is_saved(self, manager: Visitor) -> None:
        path = f"{PATH}/details"
        page = manager.get(path)
        assert (
            "County Durham"
            not in words_of(page.text).replace("County Durham Darlington", "").split("Choose the council")[0]
        )
        manager.front.search.locate.side_effect = None
        manager.front.search.locate.return_value = FOUND
        again = manager.press(
            page, path, "Show whose area the postcode is in", postcode="DH1 3YG", name="New name"
        )
        assert "Council County Durham" in words_of(again.text)
        assert ("name", "New name") in manager.form(again, path).fields
        assert ("version", "7") in manager.form(again, path).fields
        manager.front.providers.change_provider.assert_not_called()

    def test_b2_is_asked_where_the_postcode_does_not_say(self, manager: Visitor) -> None:
        path = "/providers/new"
        page = manager.get(path)
        assert "council_code" not in dict(manager.form(page, path).fields)
        manager.front.providers.create_provider.side_effect = errors.Invalid(
            "No.", {"council_code": "Choose the council."}
        )
        again = manager.press(page, path, name="Mill", postcode="ZZ1 1ZZ")
        assert "council_code" in dict(manager.form(again, path).fields)


class TestNewProvider:
    def test_is_added_with_what_was_filled_in(self, manager: Visitor) -> None:
        manager.front.providers.create_provider.return_value = {"id": PROVIDER_ID}
        answer = manager.press(
            manager.get("/providers/new"), "/providers/new", name="Mill", postcode="DH1 3YG"
        )
        form = manager.front.providers.create_provider.call_args.kwargs["form"]
        assert form == {"type": "care_home", "name": "Mill", "postcode": "DH1 3YG"}
        assert answer.headers["Location"] == f"{PATH}?done=created"

    def test_of_a_trust_is_a_ward_or_a_unit(self, manager: Visitor) -> None:
        trust = manager.signed_in(actor(organisation_type="nhs_acute"))
        manager.front.providers.create_provider.side_effect = errors.Invalid("No.", {"type": "Choose one."})
        answer = trust.press(trust.get("/providers/new"), "/providers/new", type="community", name="Ward 7")
        assert "Choose one." in answer.text
        assert ("type", "community") in trust.form(answer, "/providers/new").fields

    def test_is_not_for_those_who_look_after_chosen_providers(self, manager: Visitor) -> None:
        manager.front.providers.list_providers.return_value = {
            "total": 0,
            "page": 1,
            "page_size": 20,
            "results": [],
        }
        assert "/providers/new" in manager.get("/providers").text
        chosen = manager.signed_in(actor(organisation_type="care_home", provider_ids=(PROVIDER_ID,)))
        assert "/providers/new" not in chosen.get("/providers").text
        assert chosen.get("/providers/new").status_code == 403

    def test_is_not_for_commissioners(self, manager: Visitor) -> None:
        assert manager.signed_in(COORDINATOR).get("/providers/new").status_code == 403


class TestRegisters:
    NEW = "/providers/new"

    def test_b2_fill_in_what_they_know_by_a_location_id(self, manager: Visitor) -> None:
        manager.front.providers.registered_site.return_value = SITE
        page = manager.get(self.NEW, q="1-100000001")
        manager.front.providers.registered_site.assert_called_once_with(register="cqc", code="1-100000001")
        fields = dict(manager.form(page, self.NEW).fields)
        assert {name: fields[name] for name in ("name", "address", "postcode", "cqc_location_id")} == {
            "name": "Mill House",
            "address": "2 Mill Lane",
            "postcode": "DH1 3YG",
            "cqc_location_id": "1-100000001",
        }
        assert "31 registered beds. CQC rating: Good." in words_of(page.text)
        manager.front.providers.create_provider.return_value = {"id": PROVIDER_ID}
        manager.press(page, self.NEW, phone="0191 496 0000")
        form = manager.front.providers.create_provider.call_args.kwargs["form"]
        assert (form["name"], form["phone"], form["type"]) == ("Mill House", "0191 496 0000", "care_home")
        assert (form["cqc_location_id"], "council_code" in form) == ("1-100000001", True)

    def test_b2_are_asked_for_an_ods_code_where_cqc_knows_none(self, manager: Visitor) -> None:
        site = SITE | {"register": "ods", "code": "VM123", "registered_beds": None, "rating": None}
        manager.front.providers.registered_site.side_effect = [errors.NotFound("No."), site]
        page = manager.get(self.NEW, q="vm123")
        fields = dict(manager.form(page, self.NEW).fields)
        assert (fields["ods_code"], fields["cqc_location_id"]) == ("VM123", "")

    def test_b2_offer_the_sites_at_a_postcode(self, manager: Visitor) -> None:
        other = SITE | {"code": "1-100000002", "name": "Weir House", "taken": True}
        manager.front.providers.registered_sites.return_value = {"results": [SITE, other]}
        page = manager.get(self.NEW, q="dh1 3yg")
        manager.front.providers.registered_sites.assert_called_once_with(postcode="dh1 3yg")
        text = words_of(page.text)
        assert "Mill House, 2 Mill Lane (CQC 1-100000001) Choose Mill House" in text
        assert "Weir House, 2 Mill Lane (CQC 1-100000002) Here already" in text
        assert dict(manager.form(page, self.NEW).fields)["postcode"] == "DH1 3YG"
        assert f"{self.NEW}?register=cqc&q=1-100000001" in Reader(page.text).links

    def test_b2_that_know_nothing_leave_the_form_to_be_filled_in(self, manager: Visitor) -> None:
        manager.front.providers.registered_site.side_effect = errors.NotFound("No.")
        page = manager.get(self.NEW, q="1-999")
        assert "The registers know nothing under “1-999”." in words_of(page.text)
        assert manager.form(page, self.NEW).method == "POST"

    def test_b2_say_when_a_site_is_here_already(self, manager: Visitor) -> None:
        manager.front.providers.registered_site.return_value = SITE | {"taken": True}
        text = words_of(manager.get(self.NEW, q="1-100000001").text)
        assert "Mill House is in the Capacity Tracker already." in text

    def test_that_are_away_do_not_keep_anybody_from_filling_in(self, manager: Visitor) -> None:
        manager.front.providers.registered_site.side_effect = errors.Invalid("No.", {"code": "No."})
        assert manager.get(self.NEW, q="1-1").status_code == 200
