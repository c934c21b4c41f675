"""Open data (C8): HSDS and the tracker's interchange format, for programs anywhere, without an account."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts import errors
from tests.gateway import browsing, conftest
from tests.gateway.conftest import PROVIDER_ID, Front
from tests.gateway.test_web_public_report import HOME, PATH, REPORT

HSDS, TRACKER = "/open-data/hsds/services", "/open-data/tracker/vacancies"
ADDRESSES = ["/open-data/hsds/", HSDS, f"{HSDS}/{PROVIDER_ID}", TRACKER]
SECRETS = {
    "weekly_price_from": 98765,
    "maximum": 87654,
    "occupied": 76543,
    "notes": ["note-sentinel"],
    "alerts": ["alert-sentinel"],
    "manager_name": "manager-sentinel",
    "email": "email-sentinel",
}
FORMAT = [
    "cqcId",
    "locationName",
    "cqcType",
    "odsCode",
    "providerOdsCode",
    "isCareHome",
    "isAcute",
    "isCommunity",
    "isHospice",
    "isSubstanceMisuse",
    "geography",
    "icbName",
    "icbOdsCode",
    "subIcbName",
    "subIcbOdsCode",
    "laCode",
    "laName",
    "laSnacCode",
    "laRegionName",
    "lrfName",
    "nhseRegionName",
    "acceptingOutOfHoursAdmissions",
    "admissionStatus",
    "confirmedSave",
    "reportInclusion",
    "totalResidentCount",
    "vacanciesLastUpdated",
    "vacancies",
    "bedType",
    "total",
    "used",
    "spare",
    "reserved",
    "closed",
    "closureReason",
    "workforce",
    "vaccinations",
    "ascSupport",
    "internationalRecruitment",
]
"""The fields of the tracker's interchange format."""
PAGE = {"total_items", "total_pages", "page_number", "size", "first_page", "last_page", "empty", "contents"}


def page_of(
    *homes: dict[str, Any], total: int | None = None, page: int = 1, size: int = 50
) -> dict[str, Any]:
    return {
        "total": len(homes) if total is None else total,
        "page": page,
        "page_size": size,
        "results": homes,
    }


@pytest.fixture
def public(front: Front) -> Front:
    """A gateway whose reports tell of one home."""
    home = {**HOME, "organisation_name": "Quay Care"}
    front.reports.public_homes.return_value = page_of(home)
    front.reports.public_home.return_value = home
    return front


class TestOpenData:
    @pytest.mark.parametrize("address", ADDRESSES)
    def test_c8_is_for_pages_of_any_site_without_an_account(self, public: Front, address: str) -> None:
        answer = public.call("GET", address, headers={"Origin": "https://elsewhere.example"})
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        public.identity.check_session.assert_not_called()

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_c8_is_not_sent_to_who_has_it_already(self, public: Front, address: str) -> None:
        first = public.call("GET", address)
        again = public.call("GET", address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Access-Control-Allow-Origin"] == "*"
        other = public.call("GET", address, headers={"If-None-Match": '"something-else"'})
        assert (other.status_code, other.content) == (200, first.content)

    def test_c8_has_another_tag_when_figures_change(self, public: Front) -> None:
        first = public.call("GET", TRACKER)
        fuller = {**HOME, "organisation_name": None, "vacancies": []}
        public.reports.public_homes.return_value = page_of(fuller)
        assert public.call("GET", TRACKER).headers["ETag"] == first.headers["ETag"], "kept for a minute"
        second = public.call("GET", f"{TRACKER}?page_size=49")
        assert second.headers["ETag"] != first.headers["ETag"]

    def test_c8_answers_what_browsers_ask_before_a_call(self, public: Front) -> None:
        asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Headers": "if-none-match"}
        answer = public.call("OPTIONS", TRACKER, headers=asked)
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Headers"] == "If-None-Match"

    def test_c8_of_no_other_address_may_be_read_by_other_sites(self, public: Front) -> None:
        public.reports.public_report.return_value = REPORT
        for address in (PATH, "/openapi.json", "/api/v1/vacancies", "/"):
            answer = public.call("GET", address, headers={"Origin": "https://elsewhere.example"})
            assert "Access-Control-Allow-Origin" not in answer.headers, address

    @pytest.mark.parametrize(
        ("address", "status", "code"),
        [
            (f"{HSDS}?area=E99999999", 404, "not_found"),
            (f"{TRACKER}?area=QZZ", 404, "not_found"),
            (f"{HSDS}?per_page=101", 400, "invalid"),
            (f"{TRACKER}?page=0", 400, "invalid"),
            (f"{TRACKER}?price=1", 400, "invalid"),
            ("/open-data/nothing", 404, "not_found"),
        ],
    )
    def test_c8_refuses_in_the_apis_shape(self, public: Front, address: str, status: int, code: str) -> None:
        answer = public.call("GET", address)
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert answer.json()["message"]
        public.reports.public_homes.assert_not_called()

    @pytest.mark.parametrize(
        ("method", "address", "status"),
        [
            ("GET", f"{TRACKER}?page=0", 400),
            ("GET", f"{HSDS}/{PROVIDER_ID}", 404),
            ("GET", "/open-data/hsds", 308),
            ("GET", "/open-data/nothing", 404),
            ("POST", TRACKER, 405),
        ],
    )
    def test_c8_is_read_by_other_sites_whatever_the_answer(
        self, public: Front, method: str, address: str, status: int
    ) -> None:
        public.reports.public_home.side_effect = errors.NotFound("There is no such home.")
        answer = public.call(method, address)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")

    def test_c8_asks_for_the_page_and_the_area_that_are_wanted(self, public: Front) -> None:
        public.call("GET", f"{HSDS}?area=QHM&page=3&per_page=20")
        public.reports.public_homes.assert_called_once_with(area="QHM", page=3, page_size=20)

    def test_c8_asks_once_for_both_formats(self, public: Front) -> None:
        public.call("GET", HSDS)
        public.call("GET", TRACKER)
        public.reports.public_homes.assert_called_once_with(area=None, page=1, page_size=50)

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_c8_passes_on_nothing_that_it_does_not_know(self, public: Front, address: str) -> None:
        talkative = {
            **HOME,
            **SECRETS,
            "organisation_name": "Quay Care",
            "vacancies": [{**HOME["vacancies"][0], **SECRETS}],
        }
        public.reports.public_homes.return_value = page_of(talkative)
        public.reports.public_home.return_value = talkative
        text = public.call("GET", address).text
        for secret in (98765, 87654, 76543, "sentinel"):
            assert str(secret) not in text


class TestHsds:
    def test_c8_says_what_it_is(self, public: Front) -> None:
        about = public.call("GET", "/open-data/hsds/").json()
        # Readers choose the rules to check by from this version; the profile says where they stand.
        assert about["version"] == "HSDS-UK-3.0"
        assert about["profile"] == "https://openreferraluk.org/developers/specifications"
        assert about["openapi_url"].endswith("/openapi.json")
        led = public.call("GET", "/open-data/hsds")
        assert (led.status_code, led.headers["Location"]) == (308, "/open-data/hsds/")

    def test_c8_pages_as_the_standard_does(self, public: Front) -> None:
        public.reports.public_homes.return_value = page_of(
            HOME | {"organisation_name": ""}, total=101, page=2
        )
        page = public.call("GET", f"{HSDS}?page=2").json()
        assert set(page) == PAGE
        assert (page["total_items"], page["total_pages"], page["page_number"], page["size"]) == (101, 3, 2, 1)
        assert (page["first_page"], page["last_page"], page["empty"]) == (False, False, False)
        public.reports.public_homes.return_value = page_of(total=0)
        empty = public.call("GET", f"{HSDS}?per_page=7").json()
        assert (empty["empty"], empty["contents"], empty["total_pages"]) == (True, [], 1)
        assert empty["first_page"]
        assert empty["last_page"]

    def test_c8_a_home_is_a_service_with_its_capacities(self, public: Front) -> None:
        service = public.call("GET", f"{HSDS}/{PROVIDER_ID}").json()
        assert (service["id"], service["name"], service["status"]) == (PROVIDER_ID, "Harbour View", "active")
        assert service["organization"]["name"] == "Quay Care"
        assert service["url"] == "https://www.harbour.example"
        assert service["phones"][0]["number"] == "0191 496 0123"
        (capacity,) = service["capacities"]
        assert (capacity["available"], capacity["description"]) == (3, "3 or more")
        assert capacity["updated"] == "2026-11-20T07:05:00+00:00"
        assert (capacity["unit"]["name"], capacity["unit"]["identifier"]) == (
            "General Nursing",
            "general_nursing",
        )
        assert "maximum" not in capacity
        location = service["service_at_locations"][0]["location"]
        assert (location["latitude"], location["longitude"]) == (54.8, -1.3)
        address = location["addresses"][0]
        assert (address["address_1"], address["city"]) == ("1 Quay Street", "Seaham")
        assert (address["postal_code"], address["country"]) == ("SR7 7AA", "GB")
        assert service["alert"] == "Vacancies may be out of date."

    def test_c8_an_organisation_is_the_same_in_each_of_its_homes(self, public: Front) -> None:
        homes = [
            {**HOME, "organisation_name": called, "provider_id": str(uuid.uuid4()), "name": name}
            for called in ("Quay Care", None)
            for name in ("Harbour View", "Quay House")
        ]
        public.reports.public_homes.return_value = page_of(*homes)
        told = [home["organization"] for home in public.call("GET", HSDS).json()["contents"]]
        assert told[0] == told[1]
        assert told[2] == told[3]

    def test_c8_says_where_people_are_counted(self, public: Front) -> None:
        care = {**HOME["vacancies"][0], "label": "Live-in care", "unit": "person"}
        home = {**HOME, "organisation_name": "Quay Care", "vacancies": [care]}
        public.reports.public_homes.return_value = page_of(home)
        (service,) = public.call("GET", HSDS).json()["contents"]
        assert service["capacities"][0]["unit"]["name"] == "Live-in care (people)"
        (item,) = public.call("GET", TRACKER).json()["items"]
        assert item["vacancies"][0]["unit"] == "person"

    def test_c8_ids_are_uuids_that_stay(self, public: Front) -> None:
        first = public.call("GET", f"{HSDS}/{PROVIDER_ID}").json()
        listed = public.call("GET", HSDS).json()["contents"][0]
        assert listed == first
        ids = list(ids_in(first))
        assert len(ids) == len(set(ids)), "each thing has its own"
        for found in ids:
            assert str(uuid.UUID(found)) == found

    def test_c8_leaves_out_what_would_be_empty(self, public: Front) -> None:
        bare = {
            **HOME,
            "phone": "",
            "town": "",
            "website": "",
            "latitude": None,
            "longitude": None,
            "cqc_rating": None,
            "cqc_location_id": None,
            "organisation_name": None,
            "stale": False,
        }
        public.reports.public_home.return_value = bare
        service = public.call("GET", f"{HSDS}/{PROVIDER_ID}").json()
        assert not {"phones", "url", "accreditations", "alert"} & set(service)
        assert "Harbour View" not in str(service["organization"]), "it may run other homes too"
        location = service["service_at_locations"][0]["location"]
        assert not {"latitude", "longitude", "external_identifier", "external_identifier_type"} & set(
            location
        )
        wanted = {"id", "address_1", "city", "state_province", "postal_code", "country", "address_type"}
        assert wanted <= set(location["addresses"][0]), "the standard wants these"
        assert None not in list(values_in(service))
        assert "" not in list(values_in(service))


class TestInterchange:
    def test_c8_names_things_as_the_format_does(self, public: Front) -> None:
        (item,) = public.call("GET", TRACKER).json()["items"]
        assert item["cqcId"] == "1-1000000001"
        assert item["locationName"] == "Harbour View"
        assert (item["isCareHome"], item["isHospice"]) == (True, False)
        assert item["geography"]["laName"] == "County Durham"
        assert item["geography"]["icbOdsCode"] == "QHM"
        assert item["admissionStatus"] == "Accepting admissions"
        assert item["vacanciesLastUpdated"] == "2026-11-20T07:05:00+00:00"
        assert item["vacanciesOutOfDate"] is True
        assert item["vacancies"] == [
            {
                "bedType": "General Nursing",
                "bedTypeCode": "general_nursing",
                "unit": "bed",
                "spare": 3,
                "spareIsAtLeast": True,
            }
        ]

    def test_c8_has_every_field_of_the_format_that_is_not_said_to_be_left_out(self, public: Front) -> None:
        (item,) = public.call("GET", TRACKER).json()["items"]
        told = {*item, *item["geography"], *item["vacancies"][0]}
        guide = (Path(__file__).parents[2] / "docs" / "API.md").read_text()
        (left_out,) = re.findall(r"^- Left out.*^- Old figures", guide, re.MULTILINE | re.DOTALL)
        assert {field for field in FORMAT if field not in told} == {
            field for field in FORMAT if f"`{field}`" in left_out
        }

    def test_c8_leaves_out_what_is_commercially_sensitive(self, public: Front) -> None:
        (item,) = public.call("GET", TRACKER).json()["items"]
        assert not {"totalResidentCount", "workforce", "vaccinations", "ascSupport"} & set(item)
        for bed in item["vacancies"]:
            assert not {"total", "used", "reserved", "closed", "closureReason"} & set(bed)


def ids_in(value: Any) -> Any:
    """Give every id within a value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "id":
                yield inner
            else:
                yield from ids_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from ids_in(inner)


def values_in(value: Any) -> Any:
    """Give everything within a value that holds nothing else."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from values_in(inner)
    else:
        yield value


class TestLimit:
    @pytest.fixture
    def narrow(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
        """A gateway that answers two calls of strangers in a minute."""
        from gateway import service

        monkeypatch.setenv("ANONYMOUS_API_REQUESTS_PER_MINUTE", "2")
        monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.0/8")
        with conftest.running(service.Gateway) as front:
            front.caller.headers["X-Forwarded-For"] = "198.19.0.1"
            front.reports.public_homes.return_value = page_of()
            front.reports.public_report.return_value = REPORT
            made = {"digest": "d", "as_of": REPORT["as_of"], "content": "JVBERg=="}
            front.reports.public_report_file.return_value = made
            yield front

    def test_c8_holds_for_open_data_files_and_pages_alike(self, narrow: Front) -> None:
        assert narrow.call("GET", TRACKER).headers["RateLimit-Remaining"] == "1"
        assert narrow.call("GET", f"{PATH}.pdf").status_code == 200
        refused = narrow.call("GET", TRACKER)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
        for address in (f"{PATH}.csv", PATH, f"{PATH}?done=sent", "/public/vacancies"):
            page = narrow.call("GET", address)
            assert (page.status_code, page.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
            assert "Too many" in page.text
        assert narrow.call("GET", "/").status_code == 200

    def test_c8_counts_people_who_are_signed_in_for_themselves(self, narrow: Front) -> None:
        visitor = browsing.Visitor(narrow).signed_in(browsing.MANAGER)
        assert {visitor.get(PATH).status_code for _ in range(5)} == {200}
        assert narrow.caller.get(narrow.url + TRACKER).headers["RateLimit-Remaining"] == "0"
