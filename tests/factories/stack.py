"""A whole private installation for journeys, chaos and bench: own servers, own six processes, free ports."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy import processes
from deploy.local import children, environment, installation, ports, postgres, supervisor
from tests.factories import servers, waiting

NO_LIMITS = {"API_REQUESTS_PER_MINUTE": "0", "ANONYMOUS_API_REQUESTS_PER_MINUTE": "0"}
"""Everybody comes from one address, and a few people make many calls; the limits have tests of their own."""


class Stack:
    """A running installation, whose processes a test may kill and start again as it likes."""

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        postgres_settings: Mapping[str, str] = postgres.FORGETFUL,
        search_processes: int = 1,
        folder: Path | None = None,
    ) -> None:
        given = {
            "GATEWAY_ADDRESS": f"{ports.LOOPBACK}:{ports.free()}",
            "MAILBOX_ADDRESS": f"{ports.LOOPBACK}:{ports.free()}",
            "MAILBOX_SMTP_ADDRESS": f"{ports.LOOPBACK}:{ports.free()}",
        }
        further = NO_LIMITS | dict(settings or {})
        self._installation = installation.prepare(
            folder or servers.scratch("stack"),
            given | further,
            further=further,
            postgres_settings=postgres_settings,
            search_processes=search_processes,
        )
        self.said: list[str] = []
        """What the supervisor said: which processes ended without being asked, and that they are back."""
        self._keeper = supervisor.Supervisor(self.said.append)

    @property
    def url(self) -> str:
        """The gateway's address."""
        return self._installation.url

    @property
    def mailbox_url(self) -> str:
        """The mailbox's address."""
        return self._installation.mailbox_url or ""

    @property
    def env(self) -> dict[str, str]:
        """The environment for a process that belongs to this installation."""
        return self._installation.process_environment

    def libpq_url(self, setting: str) -> str:
        """Return the address of a service's database as PostgreSQL's own clients read it."""
        return self.env[setting].replace("+psycopg", "")

    def start(self) -> None:
        """Start everything and wait until it works."""
        made = self._installation
        for child in made.servers:
            self._keeper.start(child)
        if made.database_server:
            # The broker takes seconds to start, in which the tables can be made.
            made.database_server.child.wait_ready(seconds=90)
        made.create_databases()
        self.tracker("migrate")
        for child in made.servers:
            child.wait_ready(seconds=90)
        for child in made.services:
            self._keeper.start(child)
        self.wait_ready()

    def stop(self, *, keep: bool = False) -> None:
        """Stop everything, services before the servers they use; ``keep`` the data for another start."""
        self._keeper.stop()
        server = self._installation.database_server
        if server and not keep:
            servers.forget(server.place.folder)

    def wait_ready(self, *, seconds: float = 90) -> None:
        """Wait until the gateway says that all works; meanwhile what has ended is started again, as ever."""
        self._installation.wait_ready(seconds=seconds, meanwhile=self._keeper.check)

    def child(self, name: str) -> children.Child:
        """Return a process: broker, postgres, mailbox, or a service by its name."""
        return self._installation.child(name)

    def pid(self, name: str) -> int:
        return self.child(name).pid

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        self.child(name).kill()

    def restart(self, name: str, *, wait: bool = True) -> None:
        """Start a process again, ending it first where it still runs; wait for a server to answer."""
        child = self.child(name)
        child.kill()
        child.start()
        if wait:
            child.wait_ready(seconds=90)

    def logs(self, name: str) -> str:
        """Return all a process has written."""
        path = self.child(name).log
        return path.read_text(errors="replace") if path.exists() else ""

    def tracker(self, *arguments: str) -> None:
        """Run an operator's command on this installation."""
        self._installation.command(*arguments)

    def mails(self, *, to: str | None = None) -> list[dict[str, Any]]:
        """Return the mails that have arrived, oldest first, or only those to one address."""
        with urllib.request.urlopen(f"{self.mailbox_url}/messages", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return [mail for mail in found if to is None or to in mail["to"]]

    @contextlib.contextmanager
    def another_gateway(self, **settings: str) -> Iterator[str]:
        """Run one more gateway of this installation, with settings of its own, and give its address."""
        (process,) = (process for process in processes.PROCESSES if process.name == "gateway")
        port = ports.free()
        address = f"{ports.LOOPBACK}:{port}"
        child = children.Child(
            name="gateway-2",
            command=process.command(),
            environment={**self.env, **settings, "GATEWAY_ADDRESS": address},
            working_folder=environment.ROOT,
            log=self.child("gateway").log.with_name("gateway-2.log"),
            tier="service",
        )
        child.start()
        try:
            waiting.until(lambda: ports.wait_listening(port, seconds=0.2), what="the gateway", seconds=60)
            yield f"http://{address}"
        finally:
            child.kill()

    def forget_mails(self) -> None:
        """Empty the mailbox."""
        request = urllib.request.Request(f"{self.mailbox_url}/messages", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()


@contextlib.contextmanager
def running(**options: Any) -> Iterator[Stack]:
    """Give a started stack, and stop it however the test ends."""
    stack = Stack(**options)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
