"""People who search and declare while things break, and what they remember; and what the databases hold."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
import requests

from tests.factories import api, stack

SETTLE_SECONDS = 120


@dataclass
class Writer:
    """Somebody who keeps declaring, and remembers what was accepted."""

    url: str
    provider_ids: list[str]
    accepted: list[tuple[str, int, int]] = field(default_factory=list)
    """Provider, the version answered, and the price that marks the declaration."""
    refused: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        person = self._signed_in()
        mark = 1000
        while not self.stopping.is_set():
            for provider_id in self.provider_ids:
                mark += 1
                try:
                    answer = api.save_capacity(person, provider_id, changes={"weekly_price_from": mark})
                except (AssertionError, requests.RequestException):
                    self.refused += 1
                    time.sleep(0.1)
                    continue
                self.accepted.append((provider_id, answer["version"], mark))

    def _signed_in(self) -> api.Api:
        while True:
            try:
                return api.sign_in(self.url, "admin@tracker.example")
            except (AssertionError, requests.RequestException):
                time.sleep(0.5)


@dataclass(frozen=True)
class Answer:
    """What a search was answered, and when by ``time.monotonic``."""

    began: float
    ended: float
    status: int
    homes: tuple[int, tuple[str, ...]] | None
    """How many there are, and the ids on the first page."""


@dataclass
class Searcher:
    """Somebody who keeps asking the same question, and remembers what was answered."""

    person: api.Api
    question: dict[str, str]
    answers: list[Answer] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> Answer:
        """Ask once."""
        began = time.monotonic()
        answer = self.person.call("GET", "/vacancies", params=self.question)
        found = answer.json() if answer.ok else None
        ids = tuple(home["provider_id"] for home in found["results"]) if found else ()
        homes = (found["total"], ids) if found else None
        return Answer(began, time.monotonic(), answer.status_code, homes)

    def run(self) -> None:
        while not self.stopping.is_set():
            self.answers.append(self.ask())


def wait_for(condition: Callable[[], Any], *, seconds: float = SETTLE_SECONDS, what: str) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


def query(running: stack.Stack, service: str, sql: str) -> list[tuple[Any, ...]]:
    url = running.env[f"{service.upper()}_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        return connection.execute(sql).fetchall()  # type: ignore[call-overload, no-any-return]


def outbox_depth(running: stack.Stack, service: str = "providers") -> int:
    return int(query(running, service, "select count(*) from outbox")[0][0])


def read_model(running: stack.Stack) -> list[list[tuple[Any, ...]]]:
    """Return all that search knows of homes, in an order of its own."""
    whole = "select to_jsonb({table})::text from {table} order by provider_id, {table}::text"
    return [query(running, "search", whole.format(table=table)) for table in ("homes", "vacancies", "traits")]
