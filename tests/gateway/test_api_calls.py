"""Every API call: what it asks of which service, and what it answers."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import criteria, errors
from tests.gateway.conftest import PROVIDER_ID, Front

REGISTRATION = {
    "email": "jo.field@willow.example",
    "full_name": "Jo Field",
    "phone": "0191 498 0000",
    "job_title": "Manager",
    "user_type": "approver",
    "organisation_type": "care_home",
    "organisation_id": PROVIDER_ID,
    "provider_ids": [PROVIDER_ID],
    "wants_search": False,
    "accepts_terms": True,
    "accepts_communications": False,
}
FIGURES = {
    "bed_type": "general_residential",
    "maximum": 20,
    "occupied": 17,
    "reserved": 1,
    "accepting": 2,
    "closed": 0,
    "closure_reason": None,
    "flexible": True,
    "weekly_price_from": 850,
}
CAPACITY = f"/providers/{PROVIDER_ID}/capacity"
PROVIDER = {"id": PROVIDER_ID, "name": "Willow House", "version": 3}


class TestRegistrations:
    def test_are_taken_from_anybody(self, front: Front) -> None:
        front.identity.register.return_value = {"id": PROVIDER_ID, "status": "awaiting"}
        answer = front.api("POST", "/registrations", json=REGISTRATION)
        assert (answer.status_code, answer.json()) == (201, {"id": PROVIDER_ID, "status": "awaiting"})
        front.identity.register.assert_called_once_with(form=REGISTRATION)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "no address"),
            ("email", "a@b@c"),
            ("full_name", ""),
            ("full_name", "x" * 201),
            ("user_type", "king"),
            ("organisation_type", None),
            ("organisation_id", "1"),
            ("provider_ids", ["1"]),
            ("provider_ids", PROVIDER_ID),
            ("accepts_terms", "true"),
        ],
    )
    def test_of_the_wrong_shape_are_refused(self, front: Front, field: str, value: Any) -> None:
        answer = front.api("POST", "/registrations", json={**REGISTRATION, field: value})
        assert answer.status_code == 400
        assert any(name.split(".")[0] == field for name in answer.json()["fields"])

    def test_are_listed_and_decided(self, front: Front) -> None:
        front.sign_in()
        front.identity.registrations.return_value = {"results": [], "total": 0}
        assert front.api("GET", "/registrations?status=awaiting").json() == {"results": [], "total": 0}
        front.identity.registrations.assert_called_once_with(status="awaiting", page=1)
        front.identity.registration.return_value = {"id": PROVIDER_ID}
        assert front.api("GET", f"/registrations/{PROVIDER_ID}").json() == {"id": PROVIDER_ID}
        front.identity.registration.assert_called_once_with(registration_id=PROVIDER_ID)
        front.identity.approve_registration.return_value = {"id": PROVIDER_ID, "status": "active"}
        assert front.api("POST", f"/registrations/{PROVIDER_ID}/approve").json()["status"] == "active"
        front.identity.reject_registration.return_value = {"id": PROVIDER_ID, "status": "rejected"}
        body = {"reason": "Use your work address."}
        assert front.api("POST", f"/registrations/{PROVIDER_ID}/reject", json=body).status_code == 200
        front.identity.reject_registration.assert_called_once_with(
            registration_id=PROVIDER_ID, reason="Use your work address."
        )

    def test_cannot_be_rejected_without_a_reason(self, front: Front) -> None:
        front.sign_in()
        answer = front.api("POST", f"/registrations/{PROVIDER_ID}/reject", json={})
        assert answer.json()["fields"] == {"reason": "Missing data for required field."}


class TestOrganisations:
    def test_are_found_by_postcode_or_name(self, front: Front) -> None:
        front.identity.find_organisations.return_value = {"results": []}
        assert front.api("GET", "/organisations?postcode=dh13yg").status_code == 200
        front.identity.find_organisations.assert_called_once_with(postcode="dh13yg")
        assert front.api("GET", "/organisations?q=cran").status_code == 200
        assert front.api("GET", "/organisations").json()["fields"] == {
            "postcode": "Give a postcode or a part of the name."
        }

    def test_are_looked_for_in_one_way_and_by_three_letters(self, front: Front) -> None:
        """As identity has it: what it would refuse or leave out is refused here, by name."""
        assert set(front.api("GET", "/organisations?q=cr").json()["fields"]) == {"q"}
        assert front.api("GET", "/organisations?q=cran&postcode=DH1").json()["fields"] == {
            "q": "Give either a postcode or a part of the name."
        }


class TestSessions:
    def test_begin_with_a_token(self, front: Front) -> None:
        opened = {"token": "t", "duty": None, "expires_at": "2026-11-22T00:00:00+00:00"}
        front.identity.sign_in.return_value = opened
        body = {"email": "ward@acute.example", "password": "quiet-harbour-lantern"}
        answer = front.api("POST", "/sessions", json=body, headers={"User-Agent": "x" * 1000})
        assert (answer.status_code, answer.json()) == (201, opened)
        front.identity.sign_in.assert_called_once_with(**body, remember_me=False, user_agent="x" * 300)

    def test_do_not_begin_with_a_wrong_password(self, front: Front) -> None:
        front.identity.sign_in.side_effect = errors.Unauthenticated("Check your e-mail and password.")
        answer = front.api("POST", "/sessions", json={"email": "a@b.example", "password": "wrong"})
        assert answer.status_code == 401

    def test_end_at_once(self, front: Front) -> None:
        front.sign_in()
        front.identity.sign_out.return_value = None
        answer = front.api("DELETE", "/sessions/current")
        assert (answer.status_code, answer.content) == (204, b"")
        front.identity.check_session.side_effect = errors.Unauthenticated("Sign in again.")
        assert front.api("GET", "/me").status_code == 401


class TestProviders:
    def test_are_listed_in_pages(self, front: Front) -> None:
        front.sign_in()
        front.providers.list_providers.return_value = {"results": []}
        assert front.api("GET", "/providers?page=2&page_size=50&q=willow").status_code == 200
        front.providers.list_providers.assert_called_once_with(page=2, page_size=50, q="willow")

    def test_are_added(self, front: Front) -> None:
        front.sign_in()
        front.providers.create_provider.return_value = PROVIDER
        form = {"name": "Willow House", "address": "1 Mill Lane", "town": "Durham", "postcode": "DH1 3YG"}
        answer = front.api("POST", "/providers", json=form)
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/api/v1/providers/{PROVIDER_ID}"
        front.providers.create_provider.assert_called_once_with(form=form)

    def test_are_changed_with_or_without_a_version(self, front: Front) -> None:
        front.sign_in()
        front.providers.change_provider.return_value = PROVIDER
        for headers, version in (({}, None), ({"If-Match": '"2"'}, 2)):
            body = {"name": "Willow Lodge"}
            answer = front.api("PATCH", f"/providers/{PROVIDER_ID}", json=body, headers=headers)
            assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')
            front.providers.change_provider.assert_called_with(
                provider_id=PROVIDER_ID, version=version, changes={"name": "Willow Lodge"}
            )

    def test_do_not_take_facts_of_cqc(self, front: Front) -> None:
        front.sign_in()
        answer = front.api("PATCH", f"/providers/{PROVIDER_ID}", json={"cqc_rating": "outstanding"})
        assert answer.json()["fields"] == {"cqc_rating": "Unknown field."}

    def test_offer_services(self, front: Front) -> None:
        front.sign_in()
        front.providers.set_services.return_value = PROVIDER
        body = {"bed_types": ["general_nursing"], "short_stay_services": [], "languages": ["English"]}
        assert front.api("PUT", f"/providers/{PROVIDER_ID}/services", json=body).status_code == 200
        front.providers.set_services.assert_called_once_with(provider_id=PROVIDER_ID, version=None, **body)

    def test_b5_capabilities_are_replaced(self, front: Front) -> None:
        front.sign_in()
        front.providers.set_capabilities.return_value = PROVIDER
        body = {"capabilities": {"tracheostomy": {"nursing": 2}}, "nhs_user_rating": 4.5}
        path = f"/providers/{PROVIDER_ID}/capabilities"
        answer = front.api("PUT", path, json=body, headers={"If-Match": '"7"'})
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')
        asked = front.providers.set_capabilities.call_args.kwargs
        assert (asked["provider_id"], asked["version"]) == (PROVIDER_ID, 7)
        assert asked["form"]["capabilities"] == {"tracheostomy": {"nursing": 2, "non_nursing": 0}}
        assert (asked["form"]["nhs_user_rating"], asked["form"]["staff_turnover"]) == (4.5, None)
        beds = {"capabilities": {"x": {"nursing": -1}}}
        refused = front.api("PUT", path, json=beds, headers={"If-Match": '"8"'})
        assert list(refused.json()["fields"]) == ["capabilities.x.nursing"]
        for wrong in ({"staff_turnover": "12"}, {"capabilities": {"x": {"nursing": -1}}}, {"beds": 3}):
            assert front.api("PUT", path, json=wrong).status_code == 400

    def test_b2_registered_sites_are_looked_up(self, front: Front) -> None:
        front.sign_in()
        site = {"register": "cqc", "code": "1-100000001", "name": "Willow House"}
        front.providers.registered_site.return_value = site
        path = "/registered-sites"
        assert front.api("GET", f"{path}?code=1-100000001").json()["results"] == [site]
        front.providers.registered_site.assert_called_once_with(register="cqc", code="1-100000001")
        front.providers.registered_sites.return_value = {"results": [site]}
        assert front.api("GET", f"{path}?postcode=DH1 3YG").json()["results"] == [site]
        front.providers.registered_sites.assert_called_once_with(postcode="DH1 3YG")
        for wrong in ("", "?register=ods", "?postcode=DH1 3YG&q=willow", "?code=1&register=gp"):
            assert front.api("GET", path + wrong).status_code == 400

    def test_b11_contracts_are_replaced(self, front: Front) -> None:
        front.sign_in()
        front.providers.set_contracts.return_value = PROVIDER
        path = f"/providers/{PROVIDER_ID}/contracts"
        assert front.api("PUT", path, json={"codes": ["84H"]}).status_code == 200
        front.providers.set_contracts.assert_called_once_with(
            provider_id=PROVIDER_ID, version=None, codes=["84H"]
        )
        assert front.api("PUT", path, json={}).status_code == 400

    def test_are_found_by_an_id_in_capitals(self, front: Front) -> None:
        front.sign_in()
        front.providers.get_provider.return_value = PROVIDER
        assert front.api("GET", f"/providers/{PROVIDER_ID.upper()}").status_code == 200
        front.providers.get_provider.assert_called_once_with(provider_id=PROVIDER_ID)

    def test_have_a_history(self, front: Front) -> None:
        front.sign_in()
        front.providers.history.return_value = {"results": []}
        assert front.api("GET", f"/providers/{PROVIDER_ID}/history?page=3").status_code == 200
        front.providers.history.assert_called_once_with(provider_id=PROVIDER_ID, page=3)

    def test_have_bed_types_by_type(self, front: Front) -> None:
        front.sign_in()
        front.providers.bed_types.return_value = {"results": []}
        assert front.api("GET", "/bed-types?provider_type=hospice").status_code == 200
        front.providers.bed_types.assert_called_once_with(provider_type="hospice")


class TestCapacity:
    FORM = {"bed_types": [FIGURES], "accepting_out_of_hours": True}  # noqa: RUF012 -- never changed

    def test_is_read_with_its_version(self, front: Front) -> None:
        front.sign_in()
        front.providers.get_capacity.return_value = {"version": 12}
        assert front.api("GET", CAPACITY).headers["ETag"] == '"12"'

    def test_is_declared_over_the_version_it_was_read_at(self, front: Front) -> None:
        front.sign_in()
        front.providers.declare_capacity.return_value = {"version": 13}
        answer = front.api("PUT", CAPACITY, json=self.FORM, headers={"If-Match": '"12"'})
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"13"')
        front.providers.declare_capacity.assert_called_once_with(
            provider_id=PROVIDER_ID,
            version=12,
            form={**self.FORM, "confirm_over_registered": False, "confirm_large_change": False},
        )

    @pytest.mark.parametrize("header", [None, "*", "12", 'W/"12"', '"x"', '"-1"', '"1", "2"', '"9999999999"'])
    def test_is_refused_without_a_version(self, front: Front, header: str | None) -> None:
        front.sign_in()
        headers = {} if header is None else {"If-Match": header}
        answer = front.api("PUT", CAPACITY, json=self.FORM, headers=headers)
        assert answer.status_code == 412
        assert "If-Match" in answer.json()["message"]
        front.providers.declare_capacity.assert_not_called()

    def test_says_what_changed_meanwhile(self, front: Front) -> None:
        front.sign_in()
        changed = {"bed_types.general_residential.accepting": "was 2, is now 4"}
        front.providers.declare_capacity.side_effect = errors.Stale("Somebody saved meanwhile.", changed)
        answer = front.api("PUT", CAPACITY, json=self.FORM, headers={"If-Match": '"11"'})
        assert (answer.status_code, answer.json()["fields"]) == (412, changed)

    def test_asks_for_a_yes(self, front: Front) -> None:
        front.sign_in()
        asked = {"confirm_large_change": "General Residential rises by 7. Are you sure?"}
        front.providers.declare_capacity.side_effect = errors.Conflict("Please confirm.", asked)
        answer = front.api("PUT", CAPACITY, json=self.FORM, headers={"If-Match": '"11"'})
        assert (answer.status_code, answer.json()["fields"]) == (409, asked)

    @pytest.mark.parametrize("value", [-1, 2001, 1.5, "2", True, None])
    def test_takes_whole_beds_only(self, front: Front, value: Any) -> None:
        front.sign_in()
        form = {"bed_types": [{**FIGURES, "accepting": value}]}
        answer = front.api("PUT", CAPACITY, json=form, headers={"If-Match": '"1"'})
        assert list(answer.json()["fields"]) == ["bed_types.0.accepting"]

    def test_is_confirmed_with_or_without_a_version(self, front: Front) -> None:
        front.sign_in()
        confirmed = {"last_updated": "2026-11-22T07:00:00+00:00", "version": 14}
        front.providers.confirm_capacity.return_value = confirmed
        for headers, version in (({}, None), ({"If-Match": '"13"'}, 13)):
            answer = front.api("POST", f"{CAPACITY}/confirmation", headers=headers)
            assert (answer.status_code, answer.json()) == (201, confirmed)
            front.providers.confirm_capacity.assert_called_with(provider_id=PROVIDER_ID, version=version)


class TestVacancies:
    def test_c2_are_found_by_all_filters(self, front: Front) -> None:
        front.sign_in()
        front.search.find_vacancies.return_value = {"total": 0, "results": []}
        words = {
            "postcode": "dh13yg",
            "postcode_2": "SR7 7AA",
            "postcode_3": "NE1 1AA",
            "area": "E06000047",
            "provider_type": "care_home",
            "stay": "short_stay",
            "short_stay_service": "respite",
            "bed_type": "general_residential",
            "cqc_service": "Care home service with nursing",
            "min_rating": "good",
            "language": "Polish",
            "words": "hoist",
            "funding_source": "private",
            "contract": "84H",
            "brand": "Teacup Care",
            "capabilities": ["tracheostomy", "palliative_care"],
            "sort": "price",
        }
        numbers = {"radius_miles": 7.5, "max_price": 1000, "updated_within_hours": 48}
        ticked = {"out_of_hours": True, "accepting_today": True}
        query = {**words, **numbers, **dict.fromkeys(ticked, "yes"), "page": 2}
        answer = front.api("GET", "/vacancies", params=query)
        assert answer.json() == {"total": 0, "results": []}
        wanted = {**words, **numbers, **ticked}
        assert set(wanted) == {*criteria.POSTCODES, *criteria.FILTERS, "sort"}
        front.search.find_vacancies.assert_called_once_with(criteria=wanted, page=2)

    def test_c1_are_found_in_an_area_alone(self, front: Front) -> None:
        front.sign_in()
        front.search.find_vacancies.return_value = {"total": 0, "results": []}
        assert front.api("GET", "/vacancies?area=QHM&capabilities=").status_code == 200
        front.search.find_vacancies.assert_called_once_with(criteria={"area": "QHM"}, page=1)

    def test_c1_count_from_the_first_postcode_that_is_given(self, front: Front) -> None:
        front.sign_in()
        front.search.find_vacancies.return_value = {"total": 0, "results": []}
        assert front.api("GET", "/vacancies?postcode=&postcode_2=DH1+3YG").status_code == 200
        front.search.find_vacancies.assert_called_once_with(criteria={"postcode": "DH1 3YG"}, page=1)


class TestReportsAndMails:
    def test_last_updated_comes_in_pages(self, front: Front) -> None:
        front.sign_in()
        front.reports.last_updated.return_value = {"results": []}
        assert front.api("GET", "/reports/last-updated?page=2").status_code == 200
        front.reports.last_updated.assert_called_once_with(page=2)

    def test_mails_come_in_pages(self, front: Front) -> None:
        front.sign_in()
        front.notifications.mails.return_value = {"results": []}
        assert front.api("GET", "/mails").status_code == 200
        front.notifications.mails.assert_called_once_with(page=1)


class TestHealth:
    def test_is_live_whatever_is_missing(self, front: Front) -> None:
        front.identity.health.side_effect = errors.Unavailable("Away.")
        assert front.call("GET", "/health/live").json() == {"status": "ok"}

    def test_is_ready_when_every_service_answers(self, front: Front) -> None:
        answer = front.call("GET", "/health/ready")
        assert answer.status_code == 200
        assert set(answer.json()["services"].values()) == {"ok"}

    def test_names_the_service_that_is_missing(self, front: Front) -> None:
        front.search.health.side_effect = errors.Unavailable("Away.")
        answer = front.call("GET", "/health/ready")
        assert answer.status_code == 503
        assert answer.json()["broker"] == "ok"
        assert [name for name, state in answer.json()["services"].items() if state != "ok"] == ["search"]

    def test_does_not_wait_for_a_service_that_hangs(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import eventlet

        from gateway import health

        monkeypatch.setattr(health, "LIMIT_SECONDS", 0.2)
        front.providers.health.side_effect = lambda: eventlet.sleep(30)
        assert front.call("GET", "/health/ready").json()["services"]["providers"] == "unavailable"
