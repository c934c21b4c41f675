"""The versions of the terms of use (DOMAIN A1)."""

from __future__ import annotations

from contracts import terms


class TestVersions:
    def test_a1_are_told_apart_by_their_codes(self) -> None:
        codes = [version.code for version in terms.VERSIONS]
        assert len(set(codes)) == len(codes)

    def test_a1_stand_in_the_order_in_which_they_became_valid(self) -> None:
        dates = [version.valid_from for version in terms.VERSIONS]
        assert dates == sorted(set(dates))

    def test_a1_the_last_of_them_is_the_one_to_agree_to(self) -> None:
        assert terms.VERSIONS[-1].code == terms.CURRENT

    def test_a1_say_what_is_new(self) -> None:
        for version in terms.VERSIONS:
            assert version.changes.endswith(".")
