"""What people have to do before anything else (DOMAIN A1, A4, A5, A8, A10)."""

from __future__ import annotations

from contracts import duties


class TestOrder:
    def test_has_every_duty_once(self) -> None:
        named = {value for name, value in vars(duties).items() if name.isupper() and isinstance(value, str)}
        assert sorted(duties.ORDER) == sorted(named)

    def test_begins_with_the_password_so_that_nothing_is_agreed_to_in_somebody_elses_name(self) -> None:
        assert duties.ORDER[0] == duties.PASSWORD
