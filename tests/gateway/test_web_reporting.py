"""The page of the last updated report (D3)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import permissions
from tests.gateway.browsing import Visitor
from tests.gateway.conftest import PROVIDER_ID, Front, actor

PATH = "/reports/last-updated"
ROW: dict[str, Any] = {
    "provider_id": PROVIDER_ID,
    "name": "Harbour View",
    "town": "Seaham",
    "council_code": "E06000047",
    "email": "office+beds@harbour.example",
    "phone": "0191 496 0123",
    "last_updated": None,
    "last_updated_by": None,
}


def text_of(front: Front, person: permissions.Actor, **changed: str) -> str:
    results = [ROW | changed]
    front.reports.last_updated.return_value = {"total": 1, "page": 1, "page_size": 20, "results": results}
    return Visitor(front).signed_in(person).get(PATH).text


class TestLastUpdated:
    def test_d3_has_a_mail_link_and_the_telephone(self, front: Front) -> None:
        text = text_of(front, actor(organisation_type="local_authority", council_code="E06000047"))
        assert 'href="mailto:office%2Bbeds@harbour.example"' in text
        assert '<a href="tel:01914960123">0191 496 0123</a>' in text

    def test_d3_has_no_link_to_what_is_not_known(self, front: Front) -> None:
        text = text_of(front, actor(organisation_type="icb", icb_code="QHM"), email="", phone="")
        assert "mailto:" not in text
        assert "tel:" not in text

    @pytest.mark.parametrize(
        ("person", "words"),
        [
            (
                actor(organisation_type="local_authority", council_code="E06000047"),
                "1 provider, County Durham",
            ),
            (actor(organisation_type="care_home"), "1 provider, your organisation"),
            (actor(roles=frozenset({permissions.ADMINISTRATOR})), "1 provider, England"),
        ],
    )
    def test_d3_says_how_many_there_are_and_where(
        self, front: Front, person: permissions.Actor, words: str
    ) -> None:
        assert f"<strong>{words}</strong>" in text_of(front, person)
