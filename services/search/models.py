"""The tables of the search service: postcodes, and the read model of homes that searches run on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Index, MetaData, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

CODE = String(collation="C")
"""Text compared byte by byte, which is enough for codes and builds and searches an index faster."""


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


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"}
    )
    type_annotation_map: ClassVar = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        tuple[float, float]: Point,
        list[str]: Words,
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


class Home(Base):
    """A provider as search last heard of it, with the answer a search gives about it written out as JSON.

    ``location`` is empty while the postcode's place is unknown, ``document`` while the home cannot be found.
    ``words`` are those of its notes.
    """

    __tablename__ = "homes"
    __table_args__ = (Index("ix_homes_words", "words", postgresql_using="gin"),)

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    version: Mapped[int]
    snapshot: Mapped[dict[str, Any]]
    location: Mapped[tuple[float, float] | None]
    precision: Mapped[str | None]
    document: Mapped[str | None]
    words: Mapped[list[str] | None]


class Vacancy(Base):
    """What can be found: one row per home and bed type with beds accepting, and one for any bed type."""

    __tablename__ = "vacancies"
    __table_args__ = (
        Index("ix_vacancies_location", "location", postgresql_using="gist"),
        # Holds all that filters, distance and order need, so that a search reads this index and nothing else.
        Index(
            "ix_vacancies_bed_type",
            "bed_type",
            "weekly_price_from",
            postgresql_include=["last_updated", "location", "provider_id"],
        ),
    )

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    bed_type: Mapped[str] = mapped_column(CODE, primary_key=True)
    location: Mapped[tuple[float, float]]
    accepting: Mapped[int]
    weekly_price_from: Mapped[int | None]
    last_updated: Mapped[datetime | None]
