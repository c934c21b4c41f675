"""Searches put straight onto search's queue, many under way at once: no gateway, no HTTP.

``python -m tests.bench.calling SECONDS AT_ONCE FILE`` makes them on the installation of its environment (a
process of its own, which never has a processor wait for it) and prints what it saw; FILE has a search in
each line, as JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import kombu.entity
import orjson
from nameko import rpc as nameko_rpc

from contracts import criteria, permissions
from kit import broker, rpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
WENT_WELL = b'{"error":null,'
COORDINATOR = permissions.Actor(
    kind="user",
    user_id=str(uuid.UUID(int=1)),
    organisation_id=str(uuid.UUID(int=2)),
    organisation_type="nhs_acute",
)


@dataclass(frozen=True)
class Seen:
    """Answers a second, what one took in milliseconds, and the processor time of whoever asked."""

    rate: float
    p50: float
    p95: float
    seconds: float
    processor_seconds: float


def begin(
    env: Mapping[str, str],
    searches: Sequence[criteria.Criteria],
    folder: pathlib.Path,
    *,
    seconds: int,
    at_once: int,
) -> subprocess.Popen[str]:
    """Begin to call search from a process of its own."""
    path = folder / "searches.jsonl"
    path.write_text("".join(json.dumps(search) + "\n" for search in searches))
    command = [sys.executable, "-m", "tests.bench.calling", str(seconds), str(at_once), str(path)]
    return subprocess.Popen(command, env=dict(env), cwd=ROOT, stdout=subprocess.PIPE, text=True)


def seen(calling: subprocess.Popen[str]) -> Seen:
    """Wait for its end and return what it saw.

    :raises RuntimeError: when a search failed.
    """
    said, _ = calling.communicate()
    if calling.returncode:
        raise RuntimeError("searches put onto the queue failed")
    return Seen(**json.loads(said))


class _Calls:
    """Keeps so many calls under way over one connection."""

    def __init__(self, searches: Sequence[bytes]) -> None:
        self.took: list[float] = []
        self._searches = searches
        self._sent: dict[str, float] = {}
        self._number = 0
        self._headers = rpc.headers(actor=rpc.encode(COORDINATOR), call_id=uuid.uuid4().hex)
        self._connection = broker.connect(confirm=False)
        self._channel: Any = self._connection.default_channel
        # Whether it went well is told by how the reply begins.
        self._channel.auto_decode = False
        name = uuid.uuid4().hex
        self._replies = kombu.entity.Queue(
            f"rpc.reply-bench-{name}", nameko_rpc.get_rpc_exchange(), routing_key=name, exclusive=True
        )(self._channel)
        self._replies.declare()

    def make(self, *, seconds: float, at_once: int) -> None:
        """Call for so long, then wait for what is still under way."""
        until = time.perf_counter() + seconds
        with self._connection.Consumer([self._replies], no_ack=True, on_message=self._answered):
            for _ in range(at_once):
                self._send()
            while time.perf_counter() < until:
                self._connection.drain_events(timeout=rpc.TIME_LIMIT)
            self._number = -1
            while self._sent:
                self._connection.drain_events(timeout=rpc.TIME_LIMIT)

    def _send(self) -> None:
        correlation_id = uuid.uuid4().hex
        message = self._channel.prepare_message(
            self._searches[self._number % len(self._searches)],
            content_type="application/json",
            content_encoding="utf-8",
            headers=self._headers,
            properties={
                "delivery_mode": broker.TRANSIENT,
                "expiration": str(int(rpc.TIME_LIMIT * 1000)),
                "reply_to": self._replies.routing_key,
                "correlation_id": correlation_id,
            },
        )
        self._number += 1
        self._sent[correlation_id] = time.perf_counter()
        self._channel.basic_publish(message, exchange="nameko-rpc", routing_key="search.find_vacancies")

    def _answered(self, reply: Any) -> None:
        if not reply.body.startswith(WENT_WELL):
            raise RuntimeError(f"a search failed: {reply.body[:300]!r}")
        self.took.append(time.perf_counter() - self._sent.pop(reply.properties["correlation_id"]))
        if self._number >= 0:
            self._send()


def _bodies(path: pathlib.Path) -> Iterator[bytes]:
    for line in path.read_text().splitlines():
        yield orjson.dumps({"args": [], "kwargs": {"criteria": json.loads(line)}})


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=int)
    parser.add_argument("at_once", type=int)
    parser.add_argument("file", type=pathlib.Path)
    options = parser.parse_args()
    calls = _Calls(list(_bodies(options.file)))
    began, used = time.perf_counter(), time.process_time()
    calls.make(seconds=options.seconds, at_once=options.at_once)
    seconds = time.perf_counter() - began
    milliseconds = [took * 1000 for took in calls.took]
    found = Seen(
        rate=len(milliseconds) / seconds,
        p50=statistics.median(milliseconds),
        p95=statistics.quantiles(milliseconds, n=20)[-1],
        seconds=seconds,
        processor_seconds=time.process_time() - used,
    )
    print(json.dumps(dataclasses.asdict(found)))


if __name__ == "__main__":
    _main()
