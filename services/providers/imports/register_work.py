"""What the steps of taking in a register share: where they write, what is wanted, what was done."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import orm, text

from contracts import errors, permissions
from kit import database
from services.providers import bed_types

OPERATOR = permissions.service("command line", channel=permissions.COMMAND_LINE)
MOST_VANISHING = 0.10
"""Share of a register above which sites that are gone are taken for a mistake, such as half a file."""
FEWEST_VANISHING = 5
"""So few are never taken for a mistake."""
BATCH = 500

# A step that looks at all of a register may take longer than a call ever may.
_PATIENTLY = text("SET LOCAL statement_timeout = 0")

Reject = Callable[[list[str], str], None]
"""Called with a row that cannot become a provider, and why."""


@dataclass
class Counts:
    """What became of the rows of a register, and of the providers."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    unknown: int = 0
    deregistered: int = 0
    rejected: int = 0
    providers_added: int = 0
    providers_changed: int = 0
    providers_moved: int = 0
    providers_closed: int = 0
    organisations: int = 0

    def as_dict(self) -> dict[str, int]:
        return dataclasses.asdict(self)


@dataclass(kw_only=True)
class Work:
    """One taking in: where it writes, as of when and for whom, what is wanted, and what was done so far."""

    transaction: Callable[[], contextlib.AbstractContextManager[orm.Session]]
    by: permissions.Actor
    now: datetime
    reject: Reject
    dry_run: bool = False
    update_only: bool = False
    yes: bool = False
    progress: bool = False
    counts: Counts = field(default_factory=Counts)
    told: set[str] = field(default_factory=set)
    """The organisations that others were told of already."""

    @property
    def today(self) -> date:
        return bed_types.london_date(self.now)


@contextlib.contextmanager
def working(
    sessions: database.Sessions, *, dry_run: bool
) -> Iterator[Callable[[], contextlib.AbstractContextManager[orm.Session]]]:
    """Give what opens a transaction; of a dry run they are one, which is undone at the end.

    A dry run writes into the tables of registers only, where nobody else waits for it.
    """
    if not dry_run:

        @contextlib.contextmanager
        def each() -> Iterator[orm.Session]:
            with sessions.transaction() as session:
                session.execute(_PATIENTLY)
                yield session

        yield each
        return
    with sessions.engine.connect() as connection, connection.begin() as everything:
        connection.execute(_PATIENTLY)
        made = orm.Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)

        @contextlib.contextmanager
        def same() -> Iterator[orm.Session]:
            yield made
            made.flush()
            made.expunge_all()

        with made:
            yield same
        everything.rollback()


def is_gone(site: Mapping[str, Any], today: date) -> bool:
    """Tell whether a site is registered no more."""
    return site["deregistered_on"] is not None and site["deregistered_on"] <= today


def refuse_too_many(work: Work, number: int, *, of: int, what: str) -> None:
    """Refuse to deregister more than can be right, unless the operator is sure.

    :raises errors.Conflict: with what to do.
    """
    if number > max(FEWEST_VANISHING, MOST_VANISHING * of) and not work.yes:
        raise errors.Conflict(
            f"{number:,} of {of:,} {what} would be deregistered, which is more than {MOST_VANISHING:.0%}: "
            "what was given may be incomplete. None was; the rest that is told of sites was taken in. "
            "If it is right, run the command again with --yes."
        )


def in_batches(codes: Iterable[str]) -> Iterator[list[str]]:
    """Give codes some hundred at a time."""
    rest = iter(codes)
    while some := list(itertools.islice(rest, BATCH)):
        yield some
