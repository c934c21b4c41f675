"""The servers tests talk to: those that `make test` started, or private ones that end with this process."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

from deploy.local import broker, postgres

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "only-for-tests"


@functools.cache
def postgres_url() -> str:
    """Return the URL under which databases can be made and dropped."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        return given
    folder = scratch("postgres")
    server = postgres.prepare(folder / "data", logs=folder, password=PASSWORD, settings=postgres.FORGETFUL)
    atexit.register(shutil.rmtree, server.place.folder, ignore_errors=True)
    server.child.start()
    atexit.register(server.child.stop)
    server.child.wait_ready(seconds=30)
    return server.url("postgres")


@functools.cache
def amqp_uri() -> str:
    """Return the URI of a broker's virtual host that this process may fill and empty."""
    given = os.environ.get("AMQP_URI")
    if given:
        return given
    folder = scratch("broker")
    private = broker.prepare(folder / "data", logs=folder, password=PASSWORD)
    private.server.start()
    atexit.register(private.mapper.stop)
    atexit.register(private.server.stop)
    private.server.wait_ready(seconds=90)
    return private.uri()


def forget(folder: Path) -> None:
    """Remove a folder that a stopped server leaves behind."""
    shutil.rmtree(folder, ignore_errors=True)


def scratch(name: str) -> Path:
    """Return a new folder under var/tests that is removed when this process ends."""
    above = ROOT / "var" / "tests"
    above.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=above))
    folder.chmod(0o755)  # PostgreSQL may run as another account, which must be able to pass through.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
