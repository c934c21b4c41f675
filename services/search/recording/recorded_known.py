"""Which words of a search may be recorded: the known ones, as what may be typed may be anybody's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from contracts import areas, vocabulary
from services.search import facts

OTHER = "other"
"""Stands for what nobody who can be found offers."""
BED_TYPE = "bed_type"
_VOCABULARY = {
    BED_TYPE: {**vocabulary.CARE_HOME_BED_TYPES, **vocabulary.UNIT_BED_TYPES},
    "short_stay_service": vocabulary.SHORT_STAY_SERVICES,
    "provider_type": vocabulary.PROVIDER_TYPES,
    "funding_source": vocabulary.FUNDING_SOURCES,
}
_NAMED = (*facts.LISTS, facts.BRAND, facts.PROVIDER_TYPE, facts.CAPABILITIES, BED_TYPE)
"""Criteria that are codes and names; the others are numbers, one of a few words, or checked already."""


class Known:
    """Tells the known words among those of some searches."""

    def __init__(
        self, session: orm.Session, *, looked_for: Iterable[dict[str, Any]], found: Iterable[dict[str, Any]]
    ) -> None:
        """``found`` are those searches for which there was a home: it has all that they asked for."""
        self._known = {pair for plain in found for pair in _pairs(plain)}
        unsure = {pair for plain in looked_for for pair in _pairs(plain)} - self._known
        unsure = {pair for pair in unsure if not self._is_in_vocabulary(*pair)}
        if unsure:
            self._known |= set(_offered(session, unsure))

    def told(self, plain: dict[str, Any]) -> dict[str, Any]:
        """Return criteria in which each word that is not known has become ``OTHER``."""
        told = dict(plain)
        for name in _NAMED:
            value = plain.get(name)
            if isinstance(value, list):
                told[name] = sorted({self._word(name, one) for one in value})
            elif value:
                told[name] = self._word(name, value)
        return told

    def _word(self, name: str, value: str) -> str:
        is_known = (name, value) in self._known or self._is_in_vocabulary(name, value)
        return value if is_known else OTHER

    @staticmethod
    def _is_in_vocabulary(name: str, value: str) -> bool:
        if name == "contract":
            return bool(areas.council(value) or areas.sub_icb(value))
        return value in _VOCABULARY.get(name, ())


def _pairs(plain: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _NAMED:
        value = plain.get(name)
        for one in value if isinstance(value, list) else [value] if value else []:
            yield name, one


def _offered(session: orm.Session, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    bed_types = [value for name, value in pairs if name == BED_TYPE]
    by_fact = {facts.fact(name, value): (name, value) for name, value in pairs if name != BED_TYPE}
    for code in session.scalars(_VACANT, {"wanted": bed_types}):
        yield BED_TYPE, code
    for fact in session.scalars(_FACTS, {"wanted": list(by_fact)}):
        yield by_fact[fact]


_VACANT = sa.text(
    """
    SELECT wanted FROM unnest(CAST(:wanted AS text[])) AS wanted
    WHERE EXISTS (SELECT FROM vacancies WHERE bed_type = wanted)
    """
)
_FACTS = sa.text(
    """
    SELECT wanted FROM unnest(CAST(:wanted AS text[])) AS wanted
    WHERE EXISTS (SELECT FROM traits WHERE facts @> ARRAY[wanted])
    """
)
