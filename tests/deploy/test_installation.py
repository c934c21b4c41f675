"""An installation: given servers are used, the rest is made up, and what it tells others is private."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from deploy import processes
from deploy.local import children, environment, installation, lock, ports
from kit import settings
from tests.factories import servers


@pytest.fixture
def folder() -> Path:
    return servers.scratch("installation")


def given(**more: str) -> dict[str, str]:
    databases = {
        settings.database_variable(service): f"postgresql+psycopg://elsewhere/{service}"
        for service in processes.SERVICES_WITH_DATABASE
    }
    names = ("GATEWAY_ADDRESS", "MAILBOX_ADDRESS", "MAILBOX_SMTP_ADDRESS")
    addresses = {name: f"127.0.0.1:{ports.free()}" for name in names}
    return databases | addresses | {"AMQP_URI": "amqp://elsewhere", "SMTP_URL": "smtp://elsewhere:25"} | more


def without(settings: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in settings.items() if name not in names}


class TestServers:
    def test_that_are_given_are_used_and_not_started(self, folder: Path) -> None:
        made = installation.prepare(folder, given())

        assert made.servers == []
        assert made.settings["AMQP_URI"] == "amqp://elsewhere"
        assert made.settings["SMTP_URL"] == "smtp://elsewhere:25"

    def test_that_are_given_never_get_the_demos_people(self, folder: Path) -> None:
        """Their password is public: on a real server it would let anybody in."""
        made = installation.prepare(folder, without(given(), "SEARCH_DATABASE_URL"))

        assert made.database_server is not None
        assert not made.people_are_ours

    def test_that_are_private_get_them(self, folder: Path) -> None:
        made = installation.prepare(folder, without(given(), "IDENTITY_DATABASE_URL"))

        assert made.people_are_ours

    def test_that_are_missing_are_started(self, folder: Path) -> None:
        made = installation.prepare(folder, without(given(), "AMQP_URI", "SMTP_URL", "SEARCH_DATABASE_URL"))

        assert [child.name for child in made.servers] == ["broker-names", "broker", "postgres", "mailbox"]
        assert made.settings["SEARCH_DATABASE_URL"].endswith("/search")
        assert made.settings["REPORTS_DATABASE_URL"] == "postgresql+psycopg://elsewhere/reports"
        assert made.settings["SMTP_URL"] == f"smtp://{made.settings['MAILBOX_SMTP_ADDRESS']}"


class TestServices:
    def test_are_the_six_and_as_many_of_search_as_asked_for(self, folder: Path) -> None:
        made = installation.prepare(folder, given(), search_processes=3)

        assert [child.name for child in made.services] == [
            "identity", "providers", "search", "search-2", "search-3", "notifications", "reports", "gateway",
        ]  # fmt: skip

    def test_are_told_where_everything_is(self, folder: Path) -> None:
        made = installation.prepare(
            folder, given(PUBLIC_URL="http://beds.example"), further={"REMINDER_HOUR": "9"}
        )

        told = made.child("notifications").environment
        assert told["PUBLIC_URL"] == "http://beds.example"
        assert told["REMINDER_HOUR"] == "9"
        assert told["COOKIE_SECURE"] == "0"

    @pytest.mark.parametrize("name", ["SECRET_KEY", "SECOND_FACTOR_KEY"])
    def test_keep_their_secrets_from_start_to_start(self, folder: Path, name: str) -> None:
        first = installation.prepare(folder, given())
        second = installation.prepare(folder, given())

        assert len(first.settings[name]) >= 32
        assert first.settings[name] == second.settings[name]
        assert first.child("identity").environment[name] == first.settings[name]
        assert first.process_environment[name] == first.settings[name]
        assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600

    def test_have_a_secret_for_each_purpose(self, folder: Path) -> None:
        made = installation.prepare(folder, given())

        assert made.settings["SECRET_KEY"] != made.settings["SECOND_FACTOR_KEY"]

    def test_use_the_secrets_that_are_given(self, folder: Path) -> None:
        made = installation.prepare(folder, given(SECOND_FACTOR_KEY="kept elsewhere"))

        assert made.settings["SECOND_FACTOR_KEY"] == "kept elsewhere"


class TestPorts:
    def test_that_are_taken_are_refused_with_how_to_choose_another(self, folder: Path) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = f"127.0.0.1:{other.getsockname()[1]}"

            words = r"in use by another program.* GATEWAY_ADDRESS=127\.0\.0\.1:\d+ make run"
            with pytest.raises(children.CannotStart, match=words):
                installation.prepare(folder, given(GATEWAY_ADDRESS=taken))


class TestLocalEnvironment:
    def test_is_read_as_it_was_written_and_is_its_owners_alone(self, folder: Path) -> None:
        path = folder / "local.env"

        environment.write({"AMQP_URI": "amqp://a:b=c@d"}, path=path)

        assert environment.read(path) == {"AMQP_URI": "amqp://a:b=c@d"}
        assert path.stat().st_mode & 0o777 == 0o600

    def test_yields_to_what_is_set(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        environment.write({"AMQP_URI": "theirs", "SMTP_URL": "theirs"}, path=folder / "local.env")
        monkeypatch.setenv("AMQP_URI", "mine")
        monkeypatch.setenv("SMTP_URL", "to be removed")
        monkeypatch.delenv("SMTP_URL")

        environment.adopt(folder / "local.env")

        assert (os.environ["AMQP_URI"], os.environ["SMTP_URL"]) == ("mine", "theirs")


class TestLock:
    def test_lets_one_in_and_names_it_to_the_next(self, folder: Path) -> None:
        with (
            lock.held(folder),
            pytest.raises(children.CannotStart, match=r"runs already \(process \d+\)"),
            lock.held(folder),
        ):
            pass

        with lock.held(folder):
            pass
