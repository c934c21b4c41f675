"""Ages, times and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.web import words

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class TestAge:
    @pytest.mark.parametrize(
        ("passed", "said"),
        [
            (timedelta(seconds=-5), "just now"),
            (timedelta(seconds=59), "just now"),
            (timedelta(minutes=1), "1 minute ago"),
            (timedelta(minutes=59), "59 minutes ago"),
            (timedelta(hours=1), "1 hour ago"),
            (timedelta(hours=3, minutes=59), "3 hours ago"),
            (timedelta(hours=47), "47 hours ago"),
            (timedelta(days=2), "2 days ago"),
            (timedelta(days=13), "13 days ago"),
            (timedelta(weeks=2), "2 weeks ago"),
            (timedelta(days=200), "6 months ago"),
            (timedelta(days=800), "2 years ago"),
        ],
    )
    def test_is_said_in_the_largest_unit_that_fits(self, passed: timedelta, said: str) -> None:
        assert words.age((NOW - passed).isoformat(), NOW) == said

    def test_of_nothing_is_never(self) -> None:
        assert words.age(None, NOW) == "never"


class TestFreshness:
    @pytest.mark.parametrize(
        ("hours", "grade"), [(0, "fresh"), (24, "fresh"), (25, "recent"), (168, "recent"), (169, "old")]
    )
    def test_grades_by_day_and_week(self, hours: int, grade: str) -> None:
        assert words.freshness(NOW - timedelta(hours=hours), NOW) == grade

    def test_of_nothing_is_old(self) -> None:
        assert words.freshness(None, NOW) == "old"


class TestMoment:
    @pytest.mark.parametrize(
        ("instant", "said"),
        [
            ("2026-07-01T06:05:00+00:00", "1 July 2026 at 7:05am"),
            ("2026-11-22T12:00:00+00:00", "22 November 2026 at midday"),
            ("2026-06-30T23:00:00+00:00", "1 July 2026 at midnight"),
            ("2026-11-22T15:30:00+00:00", "22 November 2026 at 3:30pm"),
        ],
    )
    def test_is_the_time_in_london(self, instant: str, said: str) -> None:
        assert words.moment(instant) == said


class TestNumbers:
    def test_agree_with_their_noun(self) -> None:
        assert words.count(1, "vacancy", "vacancies") == "1 vacancy"
        assert words.count(1200, "bed") == "1,200 beds"

    @pytest.mark.parametrize(
        ("distance", "said"),
        [(0.0, "0.0 miles"), (0.96, "1.0 mile"), (1.04, "1.0 mile"), (12.34, "12.3 miles")],
    )
    def test_of_miles_have_one_decimal(self, distance: float, said: str) -> None:
        assert words.miles(distance) == said

    def test_of_pounds_have_commas(self) -> None:
        assert words.pounds(1250) == "£1,250"
        assert words.pounds(None) == ""

    @pytest.mark.parametrize(
        ("written", "dialled"),
        [
            ("0191 496 0123", "tel:01914960123"),
            ("(0191) 496-0123", "tel:01914960123"),
            ("+44 (0)191 496-0123", "tel:+441914960123"),
            ("0191 498 0000 ext 12", "tel:01914980000;ext=12"),
            ("0191 498 0000 x12", "tel:01914980000;ext=12"),
            ("0191 498 0000 / 07700 900000", "tel:01914980000"),
            ("498 0000", ""),
            ("0191 498 0000 07700 900000", ""),
        ],
    )
    def test_of_telephones_can_be_dialled(self, written: str, dialled: str) -> None:
        assert words.telephone_link(written) == dialled

    def test_of_the_cqc_are_not_made_up(self) -> None:
        assert words.rating(None) == "No rating known"


class TestWebLink:
    @pytest.mark.parametrize(
        ("written", "address"),
        [
            ("https://willow.fictional.example/a?b=c", "https://willow.fictional.example/a?b=c"),
            ("www.willow.fictional.example", "https://www.willow.fictional.example"),
            ("javascript:alert(1)", ""),
            ("https://", ""),
            ("http://[", ""),
            ("willow", ""),
            ("", ""),
            (None, ""),
        ],
    )
    def test_is_of_a_website_or_there_is_none(self, written: str | None, address: str) -> None:
        assert words.web_link(written) == address
