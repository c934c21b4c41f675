"""Run every test: `make test`, or `make test FOLDERS="kit search"`.

One pytest process per folder, two at a time, on servers started for this run alone. The quick folders come
first, as what they find is known at once; then the one that takes longest, so that none is left to run alone
at the end. Folders that start a whole installation have servers of their own.
"""

from __future__ import annotations

import collections
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from concurrent import futures
from dataclasses import dataclass

from deploy.local import broker, children, environment, lock, postgres, progress, supervisor

TESTS = environment.ROOT / "tests"
VAR = environment.VAR / "tests"
LOGS = environment.VAR / "log" / "tests"
PASSWORD = "only-for-tests"
FIRST = ("wiring", "contracts")  # Quick, and need no broker.
LONGEST = (
    *("chaos", "journeys", "browser", "attacks", "notifications", "permissions"),
    *("identity", "gateway", "deploy", "kit", "providers"),
)
INSTALLING = ("attacks", "journeys", "browser", "chaos")
# These start processes of their own; elsewhere services run in the test's own process, on green threads.
WITHOUT_GREEN_THREADS = ("wiring", "deploy", *INSTALLING)
# Plugins of pytest that take a second or two to begin, by the word that files which need them say.
PLUGINS = {"schemathesis": "schemathesis", "hypothesis": "hypothesispytest"}
NOT_TESTS = ("bench", "factories")
SIDE_BY_SIDE = 2
LIMIT_SECONDS = 1800
NOTHING_COLLECTED = 5  # pytest's exit code.
# Of the libraries; nothing in this repository can be done about them.
SILENCED = "ignore::DeprecationWarning:nameko.testing.pytest,ignore::UserWarning:nameko.testing.pytest"
COUNT = re.compile(r"(\d+) (passed|failed|error|skipped|xfailed|xpassed)")


@dataclass(frozen=True)
class Result:
    """What one folder's tests came to."""

    folder: str
    counts: collections.Counter[str]
    closing_line: str
    seconds: float
    failed: bool


def main(arguments: Sequence[str]) -> int:
    """Run the folders' tests and sum them up; the exit code is 0 when all passed."""
    started = time.monotonic()
    folders = _folders(arguments)
    keeper, running = supervisor.Supervisor(progress.say), Running()
    try:
        with lock.held(VAR):
            results = _run_all(folders, keeper, running)
    except children.CannotStart as refusal:
        return progress.refuse(str(refusal))
    finally:
        keeper.stop()
    return _sum_up(results, seconds=time.monotonic() - started)


def _folders(chosen: Sequence[str]) -> list[str]:
    found = {path.parent.name for path in TESTS.glob("*/test_*.py")} - set(NOT_TESTS)
    others = sorted(found - set(FIRST) - set(LONGEST))
    ordered = [name for name in (*FIRST, *LONGEST, *others) if name in found]
    unknown = set(chosen) - found
    if unknown:
        raise SystemExit(f"No tests in {', '.join(sorted(unknown))}; there are {', '.join(ordered)}.")
    return [name for name in ordered if not chosen or name in chosen]


def _run_all(folders: Sequence[str], keeper: supervisor.Supervisor, running: Running) -> list[Result]:
    """Start the servers and run the folders, each as soon as one before it is done and its servers work."""
    settings, servers = _prepare_servers(folders)
    needed = servers if set(folders) - {*FIRST, *INSTALLING} else servers[:1]
    progress.say("Starting " + ", ".join(server.name for server in needed))
    for server in needed:
        keeper.start(server)

    def run(folder: str) -> Result:
        try:
            for server in _servers_of(folder, needed):
                server.wait_ready(seconds=90)
        except children.CannotStart:
            running.stop()
            raise
        return _run(folder, settings, running)

    with futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(run, folders))


def _servers_of(folder: str, servers: Sequence[children.Child]) -> Sequence[children.Child]:
    """Return which of the servers, PostgreSQL first, a folder's tests talk to."""
    if folder in INSTALLING:
        return ()
    return servers[:1] if folder in FIRST else servers


def _prepare_servers(folders: Sequence[str]) -> tuple[dict[str, str], list[children.Child]]:
    """Return what the tests are told, and the servers behind it, PostgreSQL first.

    Each folder has a virtual host of its own, so that queues of the same name do not meet.
    """
    postgres.forget(VAR / "postgres")  # What an earlier run left, had it been cut short.
    shutil.rmtree(VAR / "broker", ignore_errors=True)
    database = postgres.prepare(VAR / "postgres", logs=LOGS, password=PASSWORD, settings=postgres.FORGETFUL)
    queues = broker.prepare(VAR / "broker", logs=LOGS, password=PASSWORD, virtual_hosts=["/", *folders])
    settings = {"TEST_POSTGRES_URL": database.url("postgres"), "BROKER": queues.address}
    return settings, [database.child, queues.mapper, queues.server]


def _run(folder: str, settings: dict[str, str], running: Running) -> Result:
    progress.say(f"Testing {folder}")
    started = time.monotonic()
    pytest = children.Child(
        name=folder,
        command=_command(folder),
        environment=_environment(folder, settings),
        working_folder=environment.ROOT,
        log=LOGS / f"{folder}.log",
    )
    pytest.log.unlink(missing_ok=True)
    running.to_its_end(pytest)
    output = pytest.log.read_text(errors="replace").rstrip() if pytest.log.exists() else ""
    print(f"\n{output}\n", flush=True)
    closing_line = _closing_line(output)
    counts = collections.Counter({name: int(count) for count, name in COUNT.findall(closing_line)})
    failed = pytest.exit_code not in (0, NOTHING_COLLECTED)
    if failed and not counts["failed"] + counts["error"]:
        counts["error"] += 1  # It ended without telling, which must not pass for a success.
    return Result(folder, counts, closing_line, time.monotonic() - started, failed)


class Running:
    """The pytest processes under way; a Ctrl-C or SIGTERM ends them and lets no other begin."""

    def __init__(self) -> None:
        self._under_way: list[children.Child] = []
        self._stopped = False
        signal.signal(signal.SIGINT, lambda *_: self.stop())
        signal.signal(signal.SIGTERM, lambda *_: self.stop())

    def to_its_end(self, pytest: children.Child) -> None:
        """Run one, for as long as a folder's tests may take."""
        if self._stopped:
            return
        pytest.start()
        self._under_way.append(pytest)
        pytest.wait_stopped(seconds=LIMIT_SECONDS)
        self._under_way.remove(pytest)

    def stop(self) -> None:
        """End what is under way, and let nothing else begin."""
        self._stopped = True
        for pytest in list(self._under_way):
            pytest.ask_to_stop()


def _command(folder: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "--color=no", "--suppress-nameko-eventlet-notification"]
    if folder in WITHOUT_GREEN_THREADS:
        command += ["-p", "no:pytest_eventlet"]
    said = "".join(path.read_text() for path in (TESTS / folder).glob("*.py"))
    command += [f"-pno:{plugin}" for word, plugin in PLUGINS.items() if word not in said]
    return [*command, str(TESTS / folder)]


def _environment(folder: str, settings: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "TEST_POSTGRES_URL": settings["TEST_POSTGRES_URL"],
        "AMQP_URI": f"{settings['BROKER']}/{folder}",
        "PSYCOPG_WAIT_FUNC": "wait_selector",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": SILENCED,
    }


def _closing_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith("=") and " in " in line]
    return lines[-1] if lines else "(pytest ended without a summary)"


def _sum_up(results: Sequence[Result], *, seconds: float) -> int:
    """Print one table and, like pytest, one last line."""
    total: collections.Counter[str] = collections.Counter()
    print(f"\n{'folder':<16}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}   pytest says")
    for result in results:
        total += result.counts
        failed = result.counts["failed"] + result.counts["error"]
        numbers = (
            f"{result.counts['passed']:>8}{failed:>8}{result.counts['skipped']:>9}{result.seconds:>9.1f}"
        )
        print(f"{result.folder:<16}{numbers}   {result.closing_line.strip('= ')}")
    broken = [result.folder for result in results if result.failed]
    if broken:
        print(f"\nFailed: {', '.join(broken)}")
    words = [f"{total[name]} {name}" for name in ("failed", "error", "passed", "skipped") if total[name]]
    print(f"\n==== {', '.join(words) or 'no tests ran'} in {seconds:.1f}s ====", flush=True)
    return 1 if broken or not total["passed"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
