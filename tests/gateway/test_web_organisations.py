"""The organisations people belong to, which administrators find and add."""

from __future__ import annotations

import pytest

from contracts import errors
from tests.gateway import people
from tests.gateway.browsing import APPROVER, Visitor
from tests.gateway.conftest import Front

NEW = "/organisations/new"


@pytest.fixture
def administrator(front: Front) -> Visitor:
    front.identity.organisations.return_value = people.listed(people.ORGANISATION)
    return Visitor(front).signed_in(people.ADMINISTRATOR)


class TestList:
    def test_is_searched(self, front: Front, administrator: Visitor) -> None:
        page = administrator.get("/organisations", q="Cran", page="2")
        front.identity.organisations.assert_called_once_with(q="Cran", page=2)
        assert "Cranberry Care" in page.text

    def test_is_for_administrators(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(APPROVER)
        assert visitor.get("/organisations").status_code == 403
        assert visitor.get(NEW).status_code == 403


class TestAdding:
    def test_takes_the_form(self, front: Front, administrator: Visitor) -> None:
        page = administrator.get(NEW, name="North CSU")
        answer = administrator.press(page, NEW, type="csu", council_code="")
        front.identity.add_organisation.assert_called_once_with(
            form={"name": "North CSU", "type": "csu", "council_code": None, "postcode": None}
        )
        assert answer.headers["Location"] == "/organisations?done=added"

    @pytest.mark.parametrize(
        ("back", "location"),
        [
            ("/registrations/x?q=North", "/registrations/x?q=North"),
            ("https://evil.example", "/organisations?done=added"),
            ("//evil.example", "/organisations?done=added"),
        ],
    )
    def test_leads_back_to_where_it_was_missing(
        self, front: Front, administrator: Visitor, back: str, location: str
    ) -> None:
        answer = administrator.press(administrator.get(NEW, back=back), NEW, name="North CSU", type="csu")
        assert answer.headers["Location"] == location

    def test_says_what_is_wrong_by_field(self, front: Front, administrator: Visitor) -> None:
        page = administrator.get(NEW)
        answer = administrator.press(page, NEW, name="North CSU")
        assert answer.status_code == 400
        assert 'id="type-error"' in answer.text
        front.identity.add_organisation.side_effect = errors.Invalid("No.", {"postcode": "Check it."})
        answer = administrator.press(page, NEW, name="North CSU", type="csu", postcode="x")
        assert 'id="postcode-error"' in answer.text

    def test_says_when_there_is_one_already(self, front: Front, administrator: Visitor) -> None:
        front.identity.add_organisation.side_effect = errors.Conflict("There is this one.", {"id": "x"})
        answer = administrator.press(administrator.get(NEW), NEW, name="Cranberry Care", type="care_home")
        assert answer.status_code == 409
        assert "There is this one." in answer.text


class TestApi:
    def test_lists_and_adds(self, front: Front, administrator: Visitor) -> None:
        front.sign_in(people.ADMINISTRATOR)
        assert front.api("GET", "/organisations/all?q=Cran").json()["total"] == 1
        front.identity.organisations.assert_called_once_with(q="Cran", page=1)
        front.identity.add_organisation.return_value = people.ORGANISATION
        body = {"name": "Cranberry Care", "type": "care_home", "council_code": None, "postcode": "DH1 3YG"}
        assert front.api("POST", "/organisations", json=body).status_code == 201
        front.identity.add_organisation.assert_called_once_with(form=body)

    def test_is_for_administrators(self, front: Front) -> None:
        front.sign_in(APPROVER)
        assert front.api("GET", "/organisations/all").status_code == 403
