"""What is said to the public about vacancies, and how exactly (DOMAIN C8): the words of report and feed."""

from __future__ import annotations

TOLD_UP_TO = 3
"""Vacancies of one bed type of one home that are told apart; from here on it is "or more".

Whoever looks for one bed learns all that matters; whoever counts a competitor's empty beds does not."""
AS_MANY = "or more"

ABOUT = (
    "Homes and units declare their vacancies themselves, some every day. The time at each says when it last "
    "did; where that is longer ago than is expected, the figures are marked as out of date. Ring before you "
    "travel: a bed may have been taken since.",
    f"For one home, “{TOLD_UP_TO} {AS_MANY}” is the most that is told. Totals for the area add up what is "
    f"told of each home: where one of these is “{TOLD_UP_TO} {AS_MANY}”, they say “{AS_MANY}” as well.",
    "Beds that are reserved or closed are not counted. Prices and how full a home is are not published.",
    "Beds of hospital and community units are arranged by NHS teams: ask yours, not the unit.",
)
"""How the figures come about."""
RATINGS_FROM = (
    "Ratings are those of the Care Quality Commission (CQC). Contains public sector information licensed "
    "under the Open Government Licence v3.0."
)
OUT_OF_DATE = "may be out of date"

LARGEST_PAGE = 100
"""Homes on one page of the open data."""
MOST_ADDRESSES = 5
"""Whom a report is mailed to at once."""
DAYS_KEPT = 90
"""For how many days it is known to which addresses a report was mailed."""
LONGEST_WORDS = 200
"""Characters of a sender's own line."""


def told(number: int) -> tuple[int, bool]:
    """Return what is told of a home's vacancies of one bed type: how many, and whether it may be more."""
    return min(number, TOLD_UP_TO), number >= TOLD_UP_TO


def words(number: int, or_more: bool) -> str:
    """Say how many vacancies there are: "1", "2", "3 or more"."""
    return f"{number:,} {AS_MANY}" if or_more else f"{number:,}"
