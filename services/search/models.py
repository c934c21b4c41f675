"""The tables of the search service: postcodes, and the read model of homes that searches run on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ARRAY, BigInteger, DateTime, Float, Index, MetaData, SmallInteger, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

CODE = String(collation="C")
"""Text compared byte by byte, which is enough for codes and builds and searches an index faster."""


PLACING_LOCK = 727_002
"""The advisory lock of whoever places all homes anew; any constant will do. A rebuild would undo what an
import of postcodes placed meanwhile, and two rebuilds would build in each other's tables."""
PLACING_UNDER_WAY = "A rebuild or an import of postcodes is under way; wait for it to end."


class Point(UserDefinedType[tuple[float, float]]):
    """PostgreSQL's ``point``: easting and northing in metres on the British National Grid."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "POINT"

    def bind_processor(self, dialect: Any) -> Callable[[tuple[float, float] | None], str | None]:
        return lambda place: None if place is None else f"({place[0]},{place[1]})"

    def result_processor(
        self, dialect: Any, coltype: Any
    ) -> Callable[[str | None], tuple[float, float] | None]:
        def read(text: str | None) -> tuple[float, float] | None:
            if text is None:
                return None
            easting, northing = text.strip("()").split(",")
            return float(easting), float(northing)

        return read


class Words(UserDefinedType[list[str]]):
    """PostgreSQL's ``tsvector``: words of letters and digits, of which it finds those that begin in a way."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TSVECTOR"

    def bind_processor(self, dialect: Any) -> Callable[[list[str] | None], str | None]:
        return lambda words: None if words is None else " ".join(f"'{word}'" for word in words)


class Days(UserDefinedType[list[tuple[str, str | None]]]):
    """PostgreSQL's ``datemultirange``: spans of days, each from its first to its last (or open)."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "DATEMULTIRANGE"

    def bind_processor(self, dialect: Any) -> Callable[[list[tuple[str, str | None]] | None], str | None]:
        def write(spans: list[tuple[str, str | None]] | None) -> str | None:
            if spans is None:
                return None
            return "{" + ",".join(f"[{first},{last or ''}]" for first, last in spans) + "}"

        return write


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"}
    )
    type_annotation_map: ClassVar = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        tuple[float, float]: Point,
        list[str]: ARRAY(Text),
    }


class Postcode(Base):
    """A postcode of the newest import, without its space. An import replaces the whole table."""

    __tablename__ = "postcodes"

    postcode: Mapped[str] = mapped_column(CODE, primary_key=True)
    easting: Mapped[int]
    northing: Mapped[int]
    council_code: Mapped[str | None]
    sub_icb_code: Mapped[str | None]
    icb_code: Mapped[str | None]


class OutwardCode(Base):
    """The middle of the imported postcodes that share an outward code, and the council of most of them."""

    __tablename__ = "outward_codes"

    outward_code: Mapped[str] = mapped_column(CODE, primary_key=True)
    easting: Mapped[int]
    northing: Mapped[int]
    council_code: Mapped[str | None]


class PostcodeImport(Base):
    """A finished import of postcodes."""

    __tablename__ = "postcode_imports"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    file_name: Mapped[str]
    imported_at: Mapped[datetime]
    postcodes: Mapped[int]
    rejected: Mapped[int]


class Headquarters(Base):
    """Where the office of a council or an ICB is, from which distances in its area count."""

    __tablename__ = "headquarters"

    area_code: Mapped[str] = mapped_column(CODE, primary_key=True)
    postcode: Mapped[str]
    location: Mapped[tuple[float, float] | None]


class Home(Base):
    """A provider as search last heard of it, with the answer a search gives about it written out as JSON.

    ``location`` is empty while the postcode's place is unknown, ``document`` while the home cannot be found.
    ``shape`` is that of what was written of it here: what is older than ``homes.SHAPE`` is written anew.
    """

    __tablename__ = "homes"

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    version: Mapped[int]
    shape: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]
    snapshot: Mapped[dict[str, Any]]
    location: Mapped[tuple[float, float] | None]
    precision: Mapped[str | None]
    document: Mapped[str | None]


class Vacancy(Base):
    """What can be found: a row per home and bed type with beds accepting, and one for any bed type.

    ``rating`` is a place in ``criteria.RATINGS``; from ``stale_after`` on the figures are older than they
    should be.
    """

    __tablename__ = "vacancies"
    __table_args__ = (
        Index("ix_vacancies_location", "location", postgresql_using="gist"),
        # Holds all that the commonest filters, distance and order need, so that a search reads this index and
        # nothing else.
        Index(
            "ix_vacancies_bed_type",
            "bed_type",
            "weekly_price_from",
            postgresql_include=["last_updated", "stale_after", "rating", "location", "provider_id"],
        ),
    )

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    bed_type: Mapped[str] = mapped_column(CODE, primary_key=True)
    location: Mapped[tuple[float, float]]
    accepting: Mapped[int]
    weekly_price_from: Mapped[int | None]
    last_updated: Mapped[datetime | None]
    stale_after: Mapped[datetime | None]
    rating: Mapped[int | None] = mapped_column(SmallInteger)


class Trait(Base):
    """What else a home that can be found is found by: its facts (``facts.of``), and the words of its notes.

    ``embargoes`` are the days on which it may take nobody in.
    """

    __tablename__ = "traits"
    __table_args__ = (
        Index("ix_traits_facts", "facts", postgresql_using="gin"),
        Index("ix_traits_words", "words", postgresql_using="gin"),
    )

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    facts: Mapped[list[str]]
    words: Mapped[list[str]] = mapped_column(Words())
    embargoes: Mapped[list[tuple[str, str | None]]] = mapped_column(Days())


class Searches(Base):
    """How often the same was looked for within an hour, by nobody in particular (``recording``).

    ``criteria`` are ``contracts.criteria`` without anything personal: the outward code of the first postcode,
    how many ``places`` there were if several, true for words, and numbers as ``recorded.STEPS`` has them. The
    codes of areas are those of the area asked for, else of where the outward code lies.
    ``nothing`` of the ``searches`` found no home, ``only_stale`` none with figures that are up to date;
    ``homes`` were found by all of them together.
    """

    __tablename__ = "searches"
    __table_args__ = (
        Index("ix_searches_outward_code", "outward_code", "hour"),
        Index("ix_searches_area", "area", "hour"),
    )

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    criteria: Mapped[dict[str, Any]]
    outward_code: Mapped[str | None] = mapped_column(CODE)
    area: Mapped[str | None] = mapped_column(CODE)
    council_code: Mapped[str | None] = mapped_column(CODE)
    sub_icb_code: Mapped[str | None] = mapped_column(CODE)
    icb_code: Mapped[str | None] = mapped_column(CODE)
    searches: Mapped[int]
    nothing: Mapped[int]
    only_stale: Mapped[int]
    homes: Mapped[int] = mapped_column(BigInteger)
    stale_homes: Mapped[int] = mapped_column(BigInteger)


class HomeShown(Base):
    """How often a home stood on a page of results on a day in London."""

    __tablename__ = "homes_shown"
    __table_args__ = (Index("ix_homes_shown_day", "day"),)

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    shown: Mapped[int]


class NewsTakenIn(Base):
    """How long news of homes was under way until it could be found, by the minute it was taken in."""

    __tablename__ = "news_taken_in"

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    events: Mapped[int]
    last_at: Mapped[datetime]
    last_seconds: Mapped[float] = mapped_column(Float)
    longest_seconds: Mapped[float] = mapped_column(Float)
