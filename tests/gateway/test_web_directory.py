"""The contact directory: whom to ring, by area and name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway import people
from tests.gateway.browsing import Reader, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front, actor

DURHAM = "E06000047"
HOME: dict[str, Any] = {
    **people.SITE,
    "type": "care_home",
    "town": "Durham",
    "phone": "0191 496 0123",
    "email": "willow@cranberry.example",
    "website": "https://willow.fictional.example",
    "manager_name": "Mel Manager",
    "manager_phone": "",
    "manager_email": "mel@cranberry.example",
    "organisation_id": people.ORGANISATION_ID,
}
APPROVER = {
    "full_name": "Ann Approver",
    "job_title": "Owner",
    "phone": "0191 496 0124",
    "email": "ann@cranberry.example",
}


@pytest.fixture
def visitor(front: Front) -> Visitor:
    front.providers.directory.return_value = people.listed(HOME)
    front.identity.directory.return_value = people.listed(
        people.ORGANISATION | {"area_name": "County Durham", "people": [APPROVER]}
    )
    return Visitor(front).signed_in(actor())


class TestDirectory:
    def test_lists_homes_with_their_managers(self, front: Front, visitor: Visitor) -> None:
        page = visitor.get("/directory")
        front.providers.directory.assert_called_once_with(area=None, q=None, page=1)
        links = Reader(page.text).links
        assert "tel:01914960123" in links
        assert "mailto:mel@cranberry.example" in links
        assert "https://willow.fictional.example" in links
        assert "Mel Manager" in page.text

    def test_lists_organisations_with_their_approvers(self, front: Front, visitor: Visitor) -> None:
        page = visitor.get("/directory", show="organisations", q="Cran")
        front.identity.directory.assert_called_once_with(area=None, q="Cran", page=1)
        front.providers.directory.assert_not_called()
        assert "Ann Approver" in page.text
        assert "mailto:ann@cranberry.example" in Reader(page.text).links

    def test_begins_with_ones_own_area_and_leads_to_all_of_england(self, front: Front) -> None:
        front.providers.directory.return_value = people.listed(HOME)
        visitor = Visitor(front).signed_in(actor(council_code=DURHAM))
        page = visitor.get("/directory")
        front.providers.directory.assert_called_with(area=DURHAM, q=None, page=1)
        everywhere = "/directory?area=all&show=homes"
        assert everywhere in Reader(page.text).links
        visitor.get(everywhere)
        front.providers.directory.assert_called_with(area=None, q=None, page=1)

    def test_takes_a_council_or_an_icb(self, front: Front, visitor: Visitor) -> None:
        page = visitor.get("/directory", area=DURHAM, q="Willow")
        front.providers.directory.assert_called_with(area=DURHAM, q="Willow", page=1)
        assert "/directory?area=E06000047&show=homes" in Reader(page.text).links
        visitor.get("/directory", area="QHM")
        front.providers.directory.assert_called_with(area="QHM", q=None, page=1)
        visitor.get("/directory", area="nowhere")
        front.providers.directory.assert_called_with(area=None, q=None, page=1)

    @pytest.mark.parametrize(
        "website", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "http://[", "willow"]
    )
    def test_links_to_nothing_but_websites(self, front: Front, visitor: Visitor, website: str) -> None:
        front.providers.directory.return_value = people.listed(HOME | {"website": website})
        assert website not in Reader(visitor.get("/directory").text).links

    def test_keeps_the_area_from_page_to_page(self, front: Front, visitor: Visitor) -> None:
        front.providers.directory.return_value = people.listed(HOME, total=30)
        links = Reader(visitor.get("/directory", area=DURHAM).text).links
        assert "/directory?area=E06000047&show=homes&page=2" in links

    def test_says_when_nothing_is_found(self, front: Front, visitor: Visitor) -> None:
        front.providers.directory.return_value = people.listed()
        assert "Nothing found for “x”, England." in visitor.get("/directory", q="x").text

    def test_is_only_for_people_who_are_signed_in(self, front: Front) -> None:
        assert Visitor(front).get("/directory").headers["Location"] == "/sign-in?next=/directory"


class TestApi:
    def test_lists_both_kinds(self, front: Front, visitor: Visitor) -> None:
        front.sign_in()
        found = front.api("GET", f"/directory/providers?area={DURHAM}&q=Willow").json()
        assert found["results"][0]["id"] == PROVIDER_ID
        front.providers.directory.assert_called_once_with(area=DURHAM, q="Willow", page=1)
        assert front.api("GET", "/directory/organisations?page=2").status_code == 200
        front.identity.directory.assert_called_once_with(page=2)

    def test_is_only_for_people_who_are_signed_in(self, front: Front) -> None:
        assert front.api("GET", "/directory/providers").status_code == 401
