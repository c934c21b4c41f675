"""The private PostgreSQL: survives a power cut, asks for a password, and leaves the computer as it was."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local import children, environment, postgres
from tests.factories import servers

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand PostgreSQL to another account")


@pytest.fixture
def folder() -> Path:
    return servers.scratch("deploy")


@pytest.fixture
def server(folder: Path) -> Iterator[postgres.Server]:
    server = postgres.prepare(folder / "db", logs=folder, password="secret", settings=postgres.FORGETFUL)
    server.child.start()
    server.child.wait_ready(seconds=30)
    yield server
    server.child.stop()


def ask(server: postgres.Server, question: str) -> object:
    with psycopg.connect(server.url("postgres").replace("+psycopg", "")) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


class TestServer:
    def test_comes_back_after_a_power_cut_with_what_was_committed(self, server: postgres.Server) -> None:
        server.create_databases(["kept"])

        server.child.kill()
        server.child.start()
        server.child.wait_ready(seconds=30)

        assert ask(server, "SELECT count(*) FROM pg_database WHERE datname = 'kept'") == 1

    def test_starts_although_its_lock_file_names_another_programs_process(
        self, server: postgres.Server
    ) -> None:
        server.child.kill()
        (server.place.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.place.data}\n")

        server.child.start()
        server.child.wait_ready(seconds=30)

        assert ask(server, "SELECT 1") == 1

    def test_refuses_a_wrong_password(self, server: postgres.Server) -> None:
        assert not postgres.accepts(server.port, password="wrong")

    def test_listens_on_the_loopback_address_only(self, server: postgres.Server) -> None:
        assert ask(server, "SHOW listen_addresses") == "127.0.0.1"
        assert ask(server, "SHOW unix_socket_directories") == ""

    def test_makes_each_database_once(self, server: postgres.Server) -> None:
        server.create_databases(["a", "b"])
        server.create_databases(["a", "b", "c"])

        assert ask(server, "SELECT count(*) FROM pg_database WHERE datname IN ('a', 'b', 'c')") == 3


@AS_ROOT
class TestAsRoot:
    def test_runs_as_nobody(self, server: postgres.Server) -> None:
        owner = Path(f"/proc/{server.child.pid}").stat().st_uid

        assert owner == pwd.getpwnam("nobody").pw_uid

    def test_leaves_the_modes_of_folders_and_the_accounts_alone(self, folder: Path) -> None:
        above = [folder, *folder.parents]
        before = [path.stat().st_mode for path in above]
        accounts = Path("/etc/passwd").read_text()

        postgres.prepare(folder / "db", logs=folder, password="secret")

        assert [path.stat().st_mode for path in above] == before
        assert Path("/etc/passwd").read_text() == accounts

    def test_stands_elsewhere_when_the_account_cannot_reach_the_folder(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elsewhere = Path("/var/tmp") / f"{environment.elsewhere().name}-test"
        monkeypatch.setattr(environment, "elsewhere", lambda: elsewhere)
        folder.chmod(0o700)

        try:
            server = postgres.prepare(folder / "db", logs=folder, password="secret")
            server.child.start()
            server.child.wait_ready(seconds=30)

            assert ask(server, "SELECT 1") == 1
            assert str(elsewhere) in (server.place.moved_because or "")
            assert folder.stat().st_mode & 0o777 == 0o700
            server.child.stop()
        finally:
            shutil.rmtree(elsewhere)

    def test_refuses_a_folder_that_someone_else_made_first(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "trap").mkdir()
        os.chown(folder / "trap", 12345, 12345)
        monkeypatch.setattr(environment, "elsewhere", lambda: folder / "trap")
        folder.chmod(0o700)

        with pytest.raises(postgres.Refused, match="is not ours"):
            postgres.prepare(folder / "db", logs=folder, password="secret")


class TestStopping:
    def test_leaves_no_process(self, server: postgres.Server) -> None:
        server.child.stop()

        assert not server.child.running
        assert postgres._users_of(server.place.data) == []

    def test_ends_when_the_parent_dies(self, server: postgres.Server) -> None:
        assert server.child.orphan_signal == signal.SIGINT
        assert isinstance(server.child, children.Child)
