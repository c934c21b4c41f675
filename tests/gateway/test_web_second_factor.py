"""The second factor (A10)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import duties, errors, permissions
from tests.gateway.browsing import MANAGER, Reader, Visitor
from tests.gateway.conftest import Front, actor

PATH = "/account/second-factor"
SECRET = "JBSWY3DPEHPK3PXP"
BEGUN = {"secret": SECRET, "uri": f"otpauth://totp/Capacity%20Tracker:mel?secret={SECRET}&issuer=Tracker"}
CODES = [f"code-{number}" for number in range(10)]
ADMINISTRATOR = actor(
    full_name="Ari Admin", organisation_type=None, roles=frozenset({permissions.ADMINISTRATOR})
)


@pytest.fixture
def front(front: Front) -> Front:
    front.identity.second_factor.return_value = {"since": None, "codes_left": 0}
    front.identity.begin_second_factor.return_value = BEGUN
    front.identity.confirm_second_factor.return_value = {"recovery_codes": CODES}
    return front


@pytest.fixture
def has_one(front: Front) -> Visitor:
    front.identity.second_factor.return_value = {"since": "2026-11-01T10:00:00+00:00", "codes_left": 7}
    return Visitor(front).signed_in(MANAGER)


def set_up(visitor: Visitor, path: str = PATH) -> Any:
    return visitor.press(visitor.get(path), f"{PATH}/begin", "Set it up")


def confirm(visitor: Visitor, page: Any, **values: Any) -> Any:
    return visitor.press(page, f"{PATH}/confirm", **{"code": "123456", "password": "pw", **values})


class TestSettingUp:
    def test_a10_begins_nothing_by_looking(self, front: Front) -> None:
        assert "Set it up" in Visitor(front).signed_in(MANAGER).get(PATH).text
        front.identity.begin_second_factor.assert_not_called()

    def test_a10_shows_the_secret_to_scan_and_to_type(self, front: Front) -> None:
        page = set_up(Visitor(front).signed_in(MANAGER)).text
        assert 'src="data:image/svg+xml' in page
        assert "JBSW Y3DP EHPK 3PXP" in page

    def test_a10_confirms_with_a_code_and_the_password(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        page = confirm(visitor, set_up(visitor))
        front.identity.confirm_second_factor.assert_called_once_with(code="123456", password="pw")
        assert all(code in page.text for code in CODES)
        assert "They are shown only now" in page.text
        assert page.headers["Cache-Control"] == "no-store"

    def test_a10_keeps_the_secret_when_a_code_was_wrong(self, front: Front) -> None:
        front.identity.confirm_second_factor.side_effect = errors.Invalid("No.", {"code": "Not this code."})
        visitor = Visitor(front).signed_in(MANAGER)
        answer = confirm(visitor, set_up(visitor))
        assert answer.status_code == 400
        assert "Not this code." in answer.text
        assert 'src="data:image/svg+xml' in answer.text
        assert "JBSW Y3DP EHPK 3PXP" in answer.text
        assert front.identity.begin_second_factor.call_count == 1

    def test_draws_and_links_nothing_but_what_apps_read(self, front: Front) -> None:
        front.identity.confirm_second_factor.side_effect = errors.Invalid("No.", {"code": "Not this code."})
        visitor = Visitor(front).signed_in(MANAGER)
        form = visitor.form(set_up(visitor), f"{PATH}/confirm")
        sent = [(name, value) for name, value in form.fields if name != "uri"]
        answer = front.call("POST", f"{PATH}/confirm", data=[*sent, ("uri", "javascript:alert(1)")])
        assert "javascript:" not in "".join(Reader(answer.text).links)
        assert "data:image" not in answer.text

    def test_guessed_too_often_says_when_to_try_again(self, front: Front) -> None:
        front.identity.confirm_second_factor.side_effect = errors.TooMany("Wait.", {"retry_after": "40"})
        visitor = Visitor(front).signed_in(MANAGER)
        answer = confirm(visitor, set_up(visitor))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")

    def test_a10_is_what_an_administrator_does_first(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(ADMINISTRATOR, duty=duties.SECOND_FACTOR)
        assert visitor.get("/home").headers["Location"] == PATH
        way = visitor.get("/registrations").headers["Location"]
        assert way == f"{PATH}?next=/registrations"
        page = confirm(visitor, set_up(visitor, way))
        assert "/registrations" in Reader(page.text).links

    def test_leads_nowhere_else_afterwards(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(ADMINISTRATOR, duty=duties.SECOND_FACTOR)
        page = confirm(visitor, set_up(visitor, f"{PATH}?next=//elsewhere.example"))
        assert not any("elsewhere" in link for link in Reader(page.text).links)


class TestHavingOne:
    def test_says_since_when_and_how_many_codes_are_left(self, has_one: Visitor) -> None:
        page = has_one.get(PATH).text
        assert "since 1 November 2026" in page
        assert "7 recovery codes left" in page

    def test_a10_gives_new_recovery_codes_for_the_password(self, has_one: Visitor) -> None:
        has_one.front.identity.new_recovery_codes.return_value = {"recovery_codes": CODES}
        page = has_one.press(has_one.get(PATH), f"{PATH}/codes", password_for_codes="pw")
        has_one.front.identity.new_recovery_codes.assert_called_once_with(password="pw")
        assert CODES[0] in page.text

    def test_a10_is_dropped_for_the_password(self, has_one: Visitor) -> None:
        has_one.front.identity.drop_second_factor.return_value = None
        answer = has_one.press(has_one.get(PATH), f"{PATH}/drop", password_to_drop="pw")
        has_one.front.identity.drop_second_factor.assert_called_once_with(password="pw")
        assert answer.headers["Location"] == f"{PATH}?done=dropped"

    @pytest.mark.parametrize(
        ("action", "call", "field"),
        [
            ("codes", "new_recovery_codes", "password_for_codes"),
            ("drop", "drop_second_factor", "password_to_drop"),
        ],
    )
    def test_says_beside_the_field_that_the_password_was_wrong(
        self, has_one: Visitor, action: str, call: str, field: str
    ) -> None:
        wrong = errors.Invalid("No.", {"password": "Not your password."})
        getattr(has_one.front.identity, call).side_effect = wrong
        answer = has_one.press(has_one.get(PATH), f"{PATH}/{action}", **{field: "wrong"})
        assert answer.status_code == 400
        assert f'<a href="#{field}">Not your password.</a>' in answer.text

    def test_a10_is_not_for_administrators_to_drop(self, has_one: Visitor) -> None:
        has_one.signed_in(ADMINISTRATOR)
        page = has_one.get(PATH)
        assert f"{PATH}/drop" not in [form.action for form in Reader(page.text).forms]
