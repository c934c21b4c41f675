"""The process itself on the asyncio hub: events in over the real broker, mails out to a real mail server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import eventlet
import nameko
import pytest
import sqlalchemy as sa
from nameko.containers import ServiceContainer

from contracts import errors, events, permissions
from kit import broker, client, database, rpc, topology
from services.notifications import commands, models, providers_watched
from tests.factories import servers
from tests.notifications import given, processes

ROBIN = given.person()
ASH = given.person("Ash Grove", status="awaiting")


class Identity:
    """Answers for identity; ``left`` are the people who were deactivated."""

    name = "identity"
    caller = rpc.Caller()
    left: ClassVar[set[str]] = set()

    @rpc.entrypoint(may=permissions.PUBLIC)
    def contacts(self, *, user_ids: list[str]) -> list[dict[str, Any]]:
        permissions.require(self.caller, permissions.SERVICE)
        return [given.contact(person) for person in (ROBIN, ASH) if person.user_id in user_ids]

    @rpc.entrypoint(may=permissions.PUBLIC)
    def people_of_providers(self, *, provider_ids: list[str]) -> dict[str, list[str]]:
        permissions.require(self.caller, permissions.SERVICE)
        return {provider_id: [ROBIN.user_id] for provider_id in provider_ids}

    @rpc.entrypoint(may=permissions.PUBLIC)
    def actor_for(self, *, user_id: str) -> dict[str, Any]:
        permissions.require(self.caller, permissions.SERVICE)
        if user_id in self.left:
            raise errors.NotFound("There is no such active account.")
        return given.actor(ROBIN).as_dict()

    @rpc.entrypoint(may=permissions.SERVICE)
    def issue_password_link(self, *, user_id: str) -> dict[str, str]:
        return {"token": "quartz-token", "expires_at": (given.NOW + timedelta(hours=1)).isoformat()}


class Providers:
    """Answers for providers, one cause once."""

    name = "providers"
    caller = rpc.Caller()
    causes: ClassVar[dict[str, tuple[str | None, str]]] = {}

    @rpc.entrypoint(may=permissions.PUBLIC)
    def confirm_capacity(self, *, provider_id: str, version: int, cause: str) -> dict[str, Any]:
        if version != 7:
            raise errors.Stale(
                "Somebody else changed the figures.", {"bed_types.respite.accepting": "is now 4"}
            )
        self.causes[cause] = self.caller.user_id, self.caller.channel
        return {"last_updated": given.NOW.isoformat(), "version": 8, "declaration_id": cause}


@pytest.fixture
def neighbours(amqp_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Identity and providers, as this process answers for them."""
    monkeypatch.setenv(broker.AMQP_URI, amqp_uri)
    nameko.config.setup({"AMQP_URI": amqp_uri, "max_workers": 5})
    containers = [ServiceContainer(service) for service in (Identity, Providers)]
    for container in containers:
        container.start()
    yield
    for container in containers:
        container.kill()


@pytest.fixture
def process(
    neighbours: None, database_url: str, server: processes.MailServer, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The notifications process, with its events' queues empty."""
    with broker.connect() as connection:
        topology.declare(connection.default_channel, publisher="identity")
        for event in events.EVENTS.values():
            if "notifications" in event.consumers:
                queue = topology.queue("notifications", event)(connection.default_channel)
                queue.declare()
                queue.purge()
    environment = {
        "NOTIFICATIONS_DATABASE_URL": database_url,
        "SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "PUBLIC_URL": given.SITE,
        "MAIL_SERVER_AWAY_SECONDS": "0.5",
    }
    target = "tests.notifications.patient:Notifications"
    started = subprocess.Popen(
        [sys.executable, "-m", "kit.process", target, "--hub", "asyncio"],
        cwd=servers.ROOT,
        env=os.environ | environment,
        stderr=(tmp_path / "log").open("wb"),
    )
    wait_until_answers()
    yield started
    started.kill()
    started.wait()


def wait_until_answers() -> None:
    until = time.monotonic() + 20
    while True:
        try:
            client.call("notifications", "health", actor=given.SERVICE, time_limit=2)
        except errors.Unavailable:
            assert time.monotonic() < until, "the process does not answer"
            eventlet.sleep(0.2)
        else:
            return


def tell(event: events.Event) -> None:
    publisher = broker.Publisher()
    publisher.publish(event.to_dict(), exchange=topology.EVENTS, routing_key=event.name, mandatory=True)
    publisher.close()


def token_in(mail: dict[str, Any]) -> str:
    found = re.search(r"/confirm/(\S+)", mail["text"])
    assert found
    return found[1]


class TestProcess:
    def test_a3_mails_an_approver_at_once_and_is_stopped_in_good_order(
        self, process: subprocess.Popen[bytes], server: processes.MailServer, tmp_path: Path
    ) -> None:
        server.start()
        event = events.RegistrationSubmitted(
            user_id=ASH.user_id, organisation_id=None, approver_ids=[ROBIN.user_id]
        )
        tell(event)
        processes.wait_until(lambda: server.taken)
        tell(event)
        eventlet.sleep(0.5)
        assert server.times_taken() == {ROBIN.address: 1}
        process.send_signal(signal.SIGTERM)
        processes.wait_until(lambda: process.poll() is not None)
        log = (tmp_path / "log").read_text()
        assert process.returncode == 0
        assert "Traceback" not in log
        assert "homes.example" not in log

    def test_e_sends_what_came_while_the_mail_server_was_away_once_it_is_back(
        self, process: subprocess.Popen[bytes], server: processes.MailServer
    ) -> None:
        tell(events.AccountLocked(user_id=ROBIN.user_id))
        eventlet.sleep(1)
        server.start()
        processes.wait_until(lambda: server.taken)
        server.kill()
        tell(events.AccountLocked(user_id=ROBIN.user_id))
        eventlet.sleep(1)
        server.start()
        processes.wait_until(lambda: len(server.taken) == 2)

    def test_e_reminds_from_the_command_line_and_the_link_confirms_once(
        self,
        process: subprocess.Popen[bytes],
        server: processes.MailServer,
        sessions: database.Sessions,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        server.start()
        with sessions.transaction() as session:
            providers_watched.keep(session, given.snapshot())
        commands.remind()
        commands.remind()
        assert [line.split(".")[0] for line in capsys.readouterr().out.splitlines()] == [
            "Weekly reminders queued: 1",
            "Weekly reminders queued: 0",
        ]
        processes.wait_until(lambda: server.taken)
        self.confirm_from(token_in(server.taken[0]))
        with sessions.reading() as session:
            action = session.scalars(sa.select(models.Action)).one()
            assert session.scalar(sa.select(models.Mail.text)) == ""
        assert action.used_at is not None
        assert Providers.causes == {f"action:{action.id}": (ROBIN.user_id, permissions.EMAIL)}

    def test_a9_refuses_the_link_of_somebody_deactivated_after_the_mail_was_sent(
        self,
        process: subprocess.Popen[bytes],
        server: processes.MailServer,
        sessions: database.Sessions,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.start()
        with sessions.transaction() as session:
            providers_watched.keep(session, given.snapshot())
        commands.remind()
        processes.wait_until(lambda: server.taken)
        before = dict(Providers.causes)
        monkeypatch.setattr(Identity, "left", {ROBIN.user_id})
        arguments = {"token": token_in(server.taken[0]), "version": 7}
        with pytest.raises(errors.Forbidden, match="not active any more"):
            client.call("notifications", "confirm_by_link", actor=permissions.ANONYMOUS, **arguments)
        assert Providers.causes == before

    def test_a6_mails_one_link_for_one_request_and_logs_nothing_of_it(
        self, process: subprocess.Popen[bytes], server: processes.MailServer, tmp_path: Path
    ) -> None:
        server.start()
        for request_id in ("first", "first", "second"):
            tell(events.PasswordForgotten(user_id=ROBIN.user_id, request_id=request_id))
        processes.wait_until(lambda: len(server.taken) == 2)
        assert all(f"{given.SITE}/password/link/quartz-token" in mail["text"] for mail in server.taken)
        assert "quartz" not in (tmp_path / "log").read_text()

    def confirm_from(self, token: str) -> None:
        def call(method: str, **arguments: Any) -> Any:
            return client.call("notifications", method, actor=permissions.ANONYMOUS, token=token, **arguments)

        assert call("action")["state"] == "open"
        with pytest.raises(errors.Stale) as stale:
            call("confirm_by_link", version=6)
        assert stale.value.fields == {"bed_types.respite.accepting": "is now 4"}
        assert call("confirm_by_link", version=7) == {"last_updated": given.NOW.isoformat()}
        assert call("action")["state"] == "used"
        with pytest.raises(errors.Conflict, match="used"):
            call("confirm_by_link", version=7)
