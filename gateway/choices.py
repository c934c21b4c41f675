"""The words of the house, as this gateway knows them: what bed types, reasons and languages are called today.

The providers service keeps them as data, which administrators edit. A gateway asks for all of them when the
first page needs them and keeps them until it hears that one was changed, or for some minutes. While providers
is away it goes on with those it has, and before the first answer with those of `contracts.vocabulary`.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import eventlet
from eventlet.event import Event
from nameko.extensions import DependencyProvider, Entrypoint, SharedExtension, register_entrypoint

from contracts import errors, permissions, vocabulary
from gateway import workers
from kit import clock, ids, logging, rpc

KEPT_SECONDS = 300.0
AGAIN_SECONDS = 5.0
"""How long to do with the old ones when providers does not answer."""
LONDON = ZoneInfo("Europe/London")

Row = Mapping[str, Any]

_UNITS = ["acute", "community", "hospice"]
_RUN_BY = {
    "care_home": ["care_home"],
    "acute": ["nhs_acute"],
    "community": ["nhs_acute", "community"],
    "hospice": ["hospice"],
    "home_care": ["care_home"],
    "substance_misuse": ["care_home", "community"],
}
_AT_FIRST: dict[str, list[dict[str, Any]]] = {
    "bed_type": [
        {"code": code, "label": label, "provider_types": types}
        for words, types in (
            (vocabulary.CARE_HOME_BED_TYPES, ["care_home"]),
            (vocabulary.UNIT_BED_TYPES, _UNITS),
        )
        for code, label in words.items()
    ],
    "provider_type": [
        {"code": code, "label": label, "organisation_types": _RUN_BY[code]}
        for code, label in vocabulary.PROVIDER_TYPES.items()
    ],
    **{
        kind: [{"code": code, "label": label} for code, label in words.items()]
        for kind, words in {
            "short_stay_service": vocabulary.SHORT_STAY_SERVICES,
            "closure_reason": vocabulary.CLOSURE_REASONS,
            "alert_kind": vocabulary.ALERT_KINDS,
            "language": {},
            "capability": {},
        }.items()
    },
}
_EMPTY: dict[str, Any] = {
    "provider_types": [],
    "organisation_types": [],
    "valid_from": "2018-01-01",
    "valid_to": None,
}
_held: dict[str, dict[str, Row]] = {}
_times_held = itertools.count(1)


def hold(rows: Iterable[Row]) -> None:
    """Go on with these words, of every kind, also retired ones."""
    by_kind: dict[str, dict[str, Row]] = {kind: {} for kind in _AT_FIRST}
    for row in rows:
        by_kind.setdefault(row["kind"], {})[row["code"]] = row
    _held.clear()
    _held.update(by_kind)
    edition.cache_clear()


def hold_first() -> None:
    """Go on with the words that there were before any was edited."""
    hold(
        {**_EMPTY, "kind": kind, "definition": vocabulary.DEFINITIONS.get(row["code"], ""), **row}
        for kind, rows in _AT_FIRST.items()
        for row in rows
    )


@functools.cache
def edition() -> int:
    """Return a number that is another one once there are other words, for whoever keeps what is made."""
    return next(_times_held)


def label(code: str, kind: str | None = None) -> str:
    """Return what is said for a code of a kind, or of any; the code itself when it is unknown."""
    for rows in (_held.get(kind, {}),) if kind else _held.values():
        if code in rows:
            return str(rows[code]["label"])
    return vocabulary.label(code)


def of(kind: str) -> list[Row]:
    """Return what can be chosen of a kind today, in the order people see."""
    today = clock.now().astimezone(LONDON).date()
    return [row for row in _held.get(kind, {}).values() if _is_valid(row, on=today)]


def definitions(kind: str) -> dict[str, str]:
    """Return what each of a kind is for, by code, as far as it says."""
    return {code: row["definition"] for code, row in _held.get(kind, {}).items() if row["definition"]}


def bed_types_of(provider_type: str) -> dict[str, str]:
    """Return the names of the bed types that a type of provider can offer today, by code."""
    return {row["code"]: row["label"] for row in of("bed_type") if provider_type in row["provider_types"]}


def types_that_offer(bed_type: str) -> list[str]:
    """Return the types of provider that can offer a bed type today, also a retired one; none if unknown."""
    row = _held.get("bed_type", {}).get(bed_type)
    return list(row["provider_types"]) if row else []


def provider_types_of(organisation_type: str) -> dict[str, str]:
    """Return the names of the types of provider that an organisation can run today, by code."""
    fitting = [row for row in of("provider_type") if organisation_type in row["organisation_types"]]
    return {row["code"]: row["label"] for row in fitting}


class Names(Mapping[str, str]):
    """What is said for the codes of a kind: gone through, those of today; looked up, also retired ones."""

    def __init__(self, kind: str, *, only: Callable[[Row], bool] = lambda _: True) -> None:
        self.kind, self.only = kind, only

    def __getitem__(self, code: str) -> str:
        return str(_held[self.kind][code]["label"])

    def __iter__(self) -> Iterator[str]:
        return iter([row["code"] for row in of(self.kind) if self.only(row)])

    def __len__(self) -> int:
        return len(list(iter(self)))


PROVIDER_TYPES = Names("provider_type")
CARE_HOME_BED_TYPES = Names("bed_type", only=lambda row: "care_home" in row["provider_types"])
UNIT_BED_TYPES = Names("bed_type", only=lambda row: "care_home" not in row["provider_types"])
SHORT_STAY_SERVICES = Names("short_stay_service")
CLOSURE_REASONS = Names("closure_reason")
LANGUAGES = Names("language")
CAPABILITIES = Names("capability")
ALERT_KINDS = Names("alert_kind")


def _is_valid(row: Row, *, on: date) -> bool:
    day = on.isoformat()
    return row["valid_from"] <= day and (row["valid_to"] is None or row["valid_to"] > day)


hold_first()


class Keeper(SharedExtension):
    """Asks for the words when they are needed, once for all who wait for them."""

    def __init__(self) -> None:
        super().__init__()
        self.fetching: Fetching | None = None
        self._fetched_at: float | None = None
        self._not_before = 0.0
        self._forgotten = 0
        self._asking: Event | None = None

    def refresh(self, *, wait: bool) -> None:
        """Have the words ready for a page; those that are merely old are asked for while it goes on.

        A page that does not ``wait`` goes on in any case.
        """
        now = time.monotonic()
        if self.fetching is None or now < self._not_before:
            return
        if self._fetched_at is not None and now < self._fetched_at + KEPT_SECONDS:
            return
        asking = self._asking
        if asking is None:
            asking = self._asking = Event()
            eventlet.spawn(self._ask, self.fetching, asking)
        if wait and self._fetched_at is None:
            asking.wait()

    def forget(self) -> None:
        """Ask again before the next page, as a word was changed; forgetting twice is harmless."""
        self._forgotten += 1
        self._fetched_at = None
        self._not_before = 0.0

    def _ask(self, fetching: Fetching, asking: Event) -> None:
        forgotten = self._forgotten
        context = {"call_id": ids.new(), "actor": rpc.encode(permissions.service("gateway"))}
        try:
            hold(workers.run(fetching, (), {}, context)["results"])
        except errors.Error as error:
            # The words from before will do.
            logging.warning("words not fetched", error=error.code)
            self._not_before = time.monotonic() + AGAIN_SECONDS
        else:
            # What was changed while we asked may have come too late for the answer.
            self._fetched_at = time.monotonic() if forgotten == self._forgotten else None
        finally:
            self._asking = None
            asking.send(None)


class Fetching(Entrypoint):
    """The method that asks providers for the words."""

    keeper = Keeper()

    def setup(self) -> None:
        self.keeper.fetching = self


def fetching(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark the method of the gateway that asks providers for the words."""
    register_entrypoint(method, Fetching())
    return method


class Kept(DependencyProvider):
    """Inject the keeper, for whoever hears that a word was changed."""

    keeper = Keeper()

    def get_dependency(self, worker_ctx: Any) -> Keeper:
        return self.keeper
