"""Run the whole product on this computer until Ctrl-C: `make run`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import psycopg

from contracts import demo
from deploy.local import children, environment, installation, lock, progress, supervisor

DEMO_HOMES = "300"
CHECK_EVERY = 0.3  # Seconds.


def main() -> int:
    """Start everything, show where it is, and stop everything when told to."""
    stop = _StopRequest()
    try:
        with lock.held(environment.VAR):
            return _run(stop)
    except children.CannotStart as refusal:
        return progress.refuse(str(refusal))


def _run(stop: _StopRequest) -> int:
    made = installation.prepare(
        environment.VAR, os.environ, search_processes=int(os.environ.get("SEARCH_PROCESSES", "1"))
    )
    keeper = supervisor.Supervisor(progress.say)
    stop.at_once = keeper.kill
    try:
        _start(made, keeper, stop)
        _welcome(made)
        while not stop.asked.wait(CHECK_EVERY):
            keeper.check()
    except Stopped:
        pass  # Asked to stop before everything ran.
    finally:
        progress.say("Stopping")
        keeper.stop()
        environment.LOCAL_ENV.unlink(missing_ok=True)
        progress.say("Stopped: nothing is left running")
    return 0


def _start(made: installation.Installation, keeper: supervisor.Supervisor, stop: _StopRequest) -> None:
    for note in made.notes:
        progress.say(note)
    progress.say("Starting " + ", ".join(child.name for child in made.servers))
    for child in made.servers:
        keeper.start(child)
    if made.database_server:
        made.database_server.child.wait_ready(seconds=60)
        made.create_databases()
    progress.say("Bringing the databases up to date")
    made.command("migrate")
    stop.honour()
    for child in made.servers:
        child.wait_ready(seconds=90)
    stop.honour()
    progress.say("Starting " + ", ".join(child.name for child in made.services))
    for child in made.services:
        keeper.start(child)
    made.wait_ready(seconds=90, meanwhile=lambda: _meanwhile(keeper, stop))
    environment.write(made.settings)
    if made.people_are_ours and _is_empty(made):
        homes = os.environ.get("DEMO_HOMES", DEMO_HOMES)
        progress.say(f"Filling it with {homes} fictional homes and the people of the demo")
        made.command("demo-data", "--homes", homes, say=progress.say)
    stop.honour()


def _meanwhile(keeper: supervisor.Supervisor, stop: _StopRequest) -> None:
    stop.honour()
    keeper.check()


def _is_empty(made: installation.Installation) -> bool:
    """Say whether nobody could sign in yet.

    Asked only of a database of our own: the demo's password is public, so it must not get onto a real one.
    """
    url = made.settings["IDENTITY_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1 FROM users LIMIT 1").fetchone() is None


def _welcome(made: installation.Installation) -> None:
    progress.say("Ready\n")
    print(f"  Capacity Tracker   {made.settings['PUBLIC_URL']}")
    if made.mailbox_url:
        print(f"  Mailbox            {made.mailbox_url}")
    print(f"  Logs               {made.logs}\n")
    if made.people_are_ours:
        _introduce_people()
    print("\n  Ctrl-C stops everything.\n", flush=True)


def _introduce_people() -> None:
    print("\n".join(people_table()))


def people_table() -> list[str]:
    """Return the lines that tell who there is to sign in as."""
    people = [person for person in demo.PEOPLE if person.may_sign_in]
    width = max(len(person.email) for person in people)
    return [
        f"  People of the demo; each has the password {demo.PASSWORD}",
        "",
        *(f"  {person.email:<{width}}  {person.says}" for person in people),
    ]


class Stopped(Exception):
    """The user asked to stop while things were starting."""


class _StopRequest:
    """Remembers that Ctrl-C was pressed or SIGTERM came; the second time, nothing is waited for."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.at_once: Callable[[], None] = lambda: None
        signal.signal(signal.SIGINT, self._receive)
        signal.signal(signal.SIGTERM, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.asked.is_set():
            self.at_once()
        self.asked.set()

    def honour(self) -> None:
        """:raises Stopped: when asked to"""
        if self.asked.is_set():
            raise Stopped


if __name__ == "__main__":
    raise SystemExit(main())
