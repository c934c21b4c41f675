"""Child processes of a service, for work that would keep its greenlets waiting (`kit.child` is their side).

:class:`Jobs` runs background jobs (`kit.jobs`): claimed with a lease that a heartbeat renews, tried again
when the child or the whole service died, a few at a time. :class:`Answers` runs something once, for a call
that waits.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import eventlet
import sqlalchemy
from eventlet import greenpool, semaphore
from eventlet.event import Event as Signal
from eventlet.green import subprocess
from nameko.extensions import DependencyProvider

from contracts import errors
from kit import child, database, ids, logging

AT_ONCE = 2
"""Jobs that one process of a service runs at a time."""
LOOK_SECONDS = 1.0
"""How often jobs are looked for that another process queued or left."""
HEARTBEAT_SECONDS = 5.0
LEASE_SECONDS = 30.0
"""After which a job is another process's to claim, when no heartbeat came."""
LONGEST_SECONDS = 1200.0
"""A job that takes longer is ended, and tried again."""
FORGOTTEN_AFTER = child.MOST_ATTEMPTS + 3
"""Attempts, the last of them at giving up, after which a job's row is removed."""
ROOT = Path(__file__).resolve().parent.parent

_CLAIM = sqlalchemy.text(
    """
    update jobs
    set claim = :claim, lease_until = now() + :lease * interval '1 second', attempts = attempts + 1
    where id = (
        select id from jobs where due_at <= now() and (lease_until is null or lease_until < now())
        order by due_at, id limit 1 for update skip locked
    )
    returning id, kind, attempts
    """
)
_RENEW = sqlalchemy.text(
    "update jobs set lease_until = now() + :lease * interval '1 second' where id = :id and claim = :claim"
)
_IS_THERE = sqlalchemy.text("select true from jobs where id = :id")
_RELEASE = sqlalchemy.text(
    """
    update jobs set claim = null, lease_until = null, due_at = now() + :wait * interval '1 second'
    where id = :id and claim = :claim
    """
)
_FORGET = sqlalchemy.text("delete from jobs where id = :id and claim = :claim")


class Jobs(DependencyProvider):
    """Runs a service's jobs as long as the process lives; injects the function that says there is one.

    ``work`` is the module with ``run(job)`` and ``give_up(job)``.
    """

    def __init__(self, of: database.Database, work: str) -> None:
        self.service = of.service
        self.work = work
        super().__init__()

    def setup(self) -> None:
        url = os.environ[database.variable(self.service)]
        self.sessions = database.Sessions(database.engine(url, pool_size=1), pool_size=1)
        self._wanted, self._stopping = Signal(), False
        self._pool = greenpool.GreenPool(AT_ONCE)
        self._running: dict[str, Any] = {}

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        """End the children; what they were doing is undone, and another process begins it again."""
        self._stopping = True
        self._wake()
        for process in list(self._running.values()):
            process.kill()
        with eventlet.Timeout(5, False):
            self._pool.waitall()

    def kill(self) -> None:
        self._stopping = True
        for process in list(self._running.values()):
            process.kill()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self._wake

    def _wake(self) -> None:
        if not self._wanted.ready():
            self._wanted.send()

    def _run(self) -> None:
        while not self._stopping:
            # Whatever is queued from here on wakes the loop again.
            self._wanted = Signal()
            try:
                while not self._stopping and self._pool.free() and self._begin():
                    pass
            except errors.Unavailable as fault:
                logging.warning("jobs wait", why=str(fault))
            with eventlet.Timeout(LOOK_SECONDS, False):
                self._wanted.wait()

    def _begin(self) -> bool:
        """Claim the job that has been due the longest and start its child; tell whether there was one."""
        claim = ids.new()
        with self.sessions.transaction() as session:
            row = session.execute(_CLAIM, {"claim": claim, "lease": LEASE_SECONDS}).one_or_none()
        if row is None:
            return False
        process = _popen(
            "job", self.work, self.service, str(row.id), claim, str(row.attempts), stdout=subprocess.DEVNULL
        )
        self._running[claim] = process
        self._pool.spawn_n(self._watch, process, {"id": row.id, "claim": claim}, row.kind, row.attempts)
        return True

    def _watch(self, process: Any, mine: dict[str, Any], kind: str, attempt: int) -> None:
        """Renew the lease while the child works; when it ends otherwise than by being done, let go."""
        left = LONGEST_SECONDS
        while (code := _ended(process, within=HEARTBEAT_SECONDS)) is None:
            left -= HEARTBEAT_SECONDS
            if left <= 0 or not self._renew(mine):
                process.kill()
        process.stdin.close()
        del self._running[mine["claim"]]
        logging.event("job", kind=kind, attempt=attempt, code=code)
        if code != 0:
            logging.warning("job ended early", kind=kind, attempt=attempt, code=code)
            self._let_go(mine, attempt)
        self._wake()

    def _renew(self, mine: dict[str, Any]) -> bool:
        try:
            with self.sessions.transaction() as session:
                renewed = session.execute(_RENEW, {**mine, "lease": LEASE_SECONDS})
                # A job that is done has no row any more, while its child still comes to its end.
                is_done = session.scalar(_IS_THERE, mine) is None
        except errors.Unavailable:
            # Its lease may outlast the database's absence; if not, the child finds out at its next step.
            return True
        return is_done or bool(renewed.rowcount)  # type: ignore[attr-defined]  # what an update gives has it

    def _let_go(self, mine: dict[str, Any], attempt: int) -> None:
        wait = 0 if self._stopping else 2 * attempt
        try:
            with self.sessions.transaction() as session:
                if attempt >= FORGOTTEN_AFTER and not self._stopping:
                    session.execute(_FORGET, mine)
                else:
                    session.execute(_RELEASE, {**mine, "wait": wait})
        except errors.Unavailable:
            logging.warning("a job waits for its lease to end")


class Answers(DependencyProvider):
    """Injects a function that runs another one in a child process and returns the bytes it gives.

    ``self.in_child("services.x.work:make", seconds=60, colour="red")``; two at a time, others wait.
    """

    def __init__(self, of: database.Database) -> None:
        self.service = of.service
        self._free = semaphore.Semaphore(AT_ONCE)
        super().__init__()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.run

    def run(self, target: str, *, seconds: float, **asked: Any) -> bytes:
        """Return what ``target`` gives, called with an engine on the service's database and ``asked``.

        :raises errors.Error: what it raises; ``Unavailable`` when it takes too long or dies.
        """
        process = None
        try:
            with eventlet.Timeout(seconds), self._free:
                process = _popen("answer", target, self.service, stdout=subprocess.PIPE)
                answer, _ = process.communicate(json.dumps(asked).encode())
        except eventlet.Timeout as fault:
            raise errors.Unavailable("This takes too long just now; try again in a moment.") from fault
        finally:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode == child.REFUSED:
            raise _refusal(json.loads(answer))
        if process.returncode != 0:
            logging.warning("a child died", target=target, code=process.returncode)
            raise errors.Unavailable("This could not be made just now; try again in a moment.")
        return bytes(answer)


def _popen(*arguments: str, stdout: int) -> Any:
    unpatched = {name: value for name, value in os.environ.items() if name not in _GREEN}
    return subprocess.Popen(
        [sys.executable, "-m", "kit.child", *arguments],
        cwd=ROOT,
        env=unpatched,
        stdin=subprocess.PIPE,
        stdout=stdout,
    )


_GREEN = {"PSYCOPG_WAIT_FUNC", "EVENTLET_HUB"}
"""What only processes with green sockets have in their environment."""


def _ended(process: Any, *, within: float) -> int | None:
    try:
        code: int = process.wait(timeout=within, check_interval=0.05)
    except subprocess.TimeoutExpired:
        return None
    return code


def _refusal(said: Mapping[str, Any]) -> errors.Error:
    kind = next(kind for kind in errors.ALL if kind.code == said["code"])
    return kind(said["message"], said["fields"])
