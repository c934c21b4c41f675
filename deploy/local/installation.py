"""A whole installation in one folder: its servers, its services, and the settings that tie them together.

A server whose address is given (AMQP_URI, SMTP_URL, <SERVICE>_DATABASE_URL) is used, not started.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy import processes
from deploy.local import broker, children, environment, ports, postgres
from kit import settings as kit_settings

GATEWAY_ADDRESS = "127.0.0.1:8000"
MAILBOX_ADDRESS = "127.0.0.1:8025"
MAILBOX_SMTP_ADDRESS = "127.0.0.1:8026"
SECRETS = ("SECRET_KEY", "SECOND_FACTOR_KEY")
"""Settings that are random text; made up once where they are not given, and kept."""


@dataclass
class Installation:
    """What an installation consists of; nothing runs yet."""

    folder: Path
    settings: dict[str, str]
    servers: list[children.Child] = field(default_factory=list)
    services: list[children.Child] = field(default_factory=list)
    database_server: postgres.Server | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    @property
    def url(self) -> str:
        """The address of the gateway, from this computer."""
        return f"http://{ports.LOOPBACK}:{_port(self.settings['GATEWAY_ADDRESS'])}"

    @property
    def mailbox_url(self) -> str | None:
        address = self.settings.get("MAILBOX_ADDRESS")
        return f"http://{address}" if address else None

    @property
    def process_environment(self) -> dict[str, str]:
        """The environment for a process of this installation."""
        # SUPERVISED: a Ctrl-C is the supervisor's affair.
        return {**os.environ, **self.settings, "PYTHONUNBUFFERED": "1", "SUPERVISED": "1"}

    def child(self, name: str) -> children.Child:
        """Return the process of that name.

        :raises KeyError: when there is none
        """
        return {child.name: child for child in (*self.servers, *self.services)}[name]

    def create_databases(self) -> None:
        """Create what is missing on the database server that is ours."""
        if self.database_server:
            self.database_server.create_databases(processes.SERVICES_WITH_DATABASE)

    @property
    def people_are_ours(self) -> bool:
        """Say whether the people are kept on the private PostgreSQL, and not on a server that was given."""
        ours = self.database_server
        return ours is not None and self.settings["IDENTITY_DATABASE_URL"] == ours.url("identity")

    def command(self, *arguments: str, say: Callable[[str], None] = lambda line: None) -> None:
        """Run a `tracker` command on this installation, and ``say`` each line it prints.

        :raises CannotStart: with what it said, when it fails
        """
        with subprocess.Popen(
            [sys.executable, "-m", "deploy.tracker", *arguments],
            env=self.process_environment,
            cwd=environment.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as running:
            said = []
            for line in running.stdout or ():
                said.append(line)
                say(line.rstrip())
        if running.returncode:
            raise children.CannotStart(f"`tracker {' '.join(arguments)}` failed:\n{''.join(said)}")

    def is_ready(self) -> bool:
        """Ask the gateway whether it, the broker and every service can work."""
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def wait_ready(self, *, seconds: float = 60.0, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until everything works.

        :raises CannotStart: naming the processes that stopped, with the end of their logs
        """
        until = time.monotonic() + seconds
        while not self.is_ready():
            meanwhile()
            if time.monotonic() > until:
                raise children.CannotStart(self._diagnosis(seconds))
            time.sleep(0.2)

    def _diagnosis(self, seconds: float) -> str:
        stopped = [child for child in (*self.servers, *self.services) if not child.running]
        gateway = self.child("gateway")
        tails = [f"{child.name} ({child.log}):\n{child.log_tail()}" for child in stopped or [gateway]]
        return f"The product was not ready after {seconds:.0f} seconds.\n" + "\n".join(tails)


def prepare(
    folder: Path,
    given: Mapping[str, str],
    *,
    postgres_settings: Mapping[str, str] | None = None,
    further: Mapping[str, str] | None = None,
    search_processes: int = 1,
) -> Installation:
    """Lay out an installation in the folder: addresses that are given are kept, the rest is made up.

    Further settings are the services' own; in the environment of this process they reach them without help.

    :raises CannotStart: with what to do
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Installation(folder, {"GATEWAY_ADDRESS": GATEWAY_ADDRESS, **_ours(given)})
    _require_free(made.settings["GATEWAY_ADDRESS"], setting="GATEWAY_ADDRESS")
    _add_broker(made)
    _add_postgres(made, postgres_settings or {})
    _add_mailbox(made)
    _complete(made)
    made.settings |= further or {}
    _add_services(made, search_processes)
    return made


def _ours(given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that say where something is; others reach the processes by themselves."""
    names = {
        "AMQP_URI",
        "SMTP_URL",
        "GATEWAY_ADDRESS",
        "MAILBOX_ADDRESS",
        "MAILBOX_SMTP_ADDRESS",
        "PUBLIC_URL",
        *SECRETS,
        "COOKIE_SECURE",
        *map(kit_settings.database_variable, processes.SERVICES_WITH_DATABASE),
    }
    return {name: given[name] for name in sorted(names) if given.get(name)}


def _add_broker(made: Installation) -> None:
    if "AMQP_URI" in made.settings:
        return
    password = environment.kept_secret("broker", folder=made.folder)
    private = broker.prepare(made.folder / "broker", logs=made.logs, password=password)
    made.settings["AMQP_URI"] = private.uri()
    made.servers += [private.mapper, private.server]


def _add_postgres(made: Installation, settings: Mapping[str, str]) -> None:
    missing = [
        service
        for service in processes.SERVICES_WITH_DATABASE
        if kit_settings.database_variable(service) not in made.settings
    ]
    if not missing:
        return
    password = environment.kept_secret("postgres", folder=made.folder)
    server = postgres.prepare(made.folder / "postgres", logs=made.logs, password=password, settings=settings)
    for service in missing:
        made.settings[kit_settings.database_variable(service)] = server.url(service)
    made.database_server = server
    made.servers.append(server.child)
    if server.place.moved_because:
        made.notes.append(server.place.moved_because)


def _add_mailbox(made: Installation) -> None:
    if "SMTP_URL" in made.settings:
        return
    page = made.settings.setdefault("MAILBOX_ADDRESS", MAILBOX_ADDRESS)
    receiver = made.settings.setdefault("MAILBOX_SMTP_ADDRESS", MAILBOX_SMTP_ADDRESS)
    _require_free(page, setting="MAILBOX_ADDRESS")
    _require_free(receiver, setting="MAILBOX_SMTP_ADDRESS")
    made.settings["SMTP_URL"] = f"smtp://{receiver}"
    command = [sys.executable, "-m", "deploy.local.mailbox"]
    made.servers.append(
        children.Child(
            name="mailbox",
            command=[*command, f"--http-port={_port(page)}", f"--smtp-port={_port(receiver)}"],
            environment={**os.environ, "PYTHONUNBUFFERED": "1"},
            working_folder=environment.ROOT,
            log=made.logs / "mailbox.log",
            ready=lambda: ports.wait_listening(_port(page), seconds=0.1),
        )
    )


def _complete(made: Installation) -> None:
    made.settings.setdefault("PUBLIC_URL", made.url)
    made.settings.setdefault("COOKIE_SECURE", "0")  # The site is local http.
    for name in SECRETS:
        if name not in made.settings:
            made.settings[name] = environment.kept_secret(name.lower(), folder=made.folder)


def _add_services(made: Installation, search_processes: int) -> None:
    for process in processes.PROCESSES:
        copies = search_processes if process.name == "search" else 1
        for copy in range(1, copies + 1):
            name = process.name if copy == 1 else f"{process.name}-{copy}"
            made.services.append(
                children.Child(
                    name=name,
                    command=process.command(),
                    environment=made.process_environment,
                    working_folder=environment.ROOT,
                    log=made.logs / f"{name}.log",
                    tier="service",
                )
            )


def _require_free(address: str, *, setting: str) -> None:
    port = _port(address)
    if not ports.is_free(port):
        raise children.CannotStart(
            f"Port {port} is in use by another program. Stop it, or choose another port:"
            f" {setting}={ports.LOOPBACK}:{ports.free()} make run"
        )


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
