"""Pages of long lists."""

from __future__ import annotations

import pytest

from gateway.web import paging


def pages(page: int, total: int) -> paging.Pages:
    return paging.Pages(
        page=page, page_size=20, total=total, path="/find", query={"postcode": "DH1 3YG", "bed_type": ""}
    )


class TestPages:
    def test_link_to_the_ends_and_the_neighbours(self) -> None:
        links = pages(10, 400).links
        assert [link["text"] for link in links] == ["1", "…", "8", "9", "10", "11", "12", "…", "20"]
        assert [link["text"] for link in links if link.get("current")] == ["10"]

    def test_keep_what_was_asked_and_leave_out_what_was_not(self) -> None:
        assert pages(1, 41).next == "/find?postcode=DH1+3YG&page=2"
        assert pages(2, 41).previous == "/find?postcode=DH1+3YG"

    def test_say_which_items_are_shown(self) -> None:
        assert (pages(3, 41).first_item, pages(3, 41).last_item) == (41, 41)
        assert (pages(1, 0).first_item, pages(1, 0).last_item) == (0, 0)

    def test_end_with_the_last(self) -> None:
        assert pages(3, 41).next is None
        assert pages(1, 20).links == [{"text": "1", "href": "/find?postcode=DH1+3YG", "current": True}]

    @pytest.mark.parametrize(
        ("text", "page"),
        [(None, 1), ("", 1), ("0", 1), ("-3", 1), ("x", 1), ("٣", 1), ("7", 7), ("99999", 10_000)],
    )
    def test_bear_any_number_in_the_address(self, text: str | None, page: int) -> None:
        assert paging.asked(text) == page
