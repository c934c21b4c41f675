"""What the children of the tests' service do."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import sqlalchemy

from contracts import errors
from kit import jobs


def run(job: jobs.Job) -> None:
    if job.kind == "die" or (job.kind == "die once" and job.attempt == 1):
        with job.transaction() as session:
            _note(session, job, "not to be seen")
            os.kill(os.getpid(), signal.SIGKILL)
    if job.kind == "wait for a word":
        with job.transaction() as session:
            _note(session, job, "begun")
        time.sleep(600)
    with job.transaction() as session:
        _note(session, job, f"nice {os.nice(0)}" if job.kind == "write" else f"attempt {job.attempt}")
        job.finish(session)
    if job.kind == "linger":
        time.sleep(1.5)
        with job.reading() as session:
            _note(session, job, "ended by itself")


def give_up(job: jobs.Job) -> None:
    with job.transaction() as session:
        _note(session, job, "given up")
        job.finish(session)


def echo(engine: sqlalchemy.Engine, *, words: str) -> bytes:
    return words.encode()


def refuse(engine: sqlalchemy.Engine) -> bytes:
    raise errors.Invalid("Not like this.", {"colour": "Choose another."})


def sleep(engine: sqlalchemy.Engine) -> bytes:
    time.sleep(600)
    return b""


def devour(engine: sqlalchemy.Engine) -> bytes:
    return bytes(4 << 30)


def _note(session: Any, job: jobs.Job, what: str) -> None:
    session.execute(
        sqlalchemy.text("insert into done values (:id, :what, :pid)"),
        {"id": job.subject_id, "what": what, "pid": os.getpid()},
    )
