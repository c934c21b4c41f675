"""A child process of a service, for work that would keep its greenlets waiting: see `kit.children`.

``python -m kit.child job MODULE SERVICE JOB CLAIM ATTEMPT`` runs ``MODULE.run(job)``, or after too many
attempts ``MODULE.give_up(job)``. ``python -m kit.child answer MODULE:FUNCTION SERVICE`` calls a function with
an engine and the JSON on standard input, and writes the bytes it returns to standard output.

It has ordinary sockets, gives way to other processes, and cannot take more memory or time than it should.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import threading

import sqlalchemy

from contracts import errors
from kit import jobs, logging, settings

REFUSED = 3
"""The exit code for a refusal, which is on standard output then."""
ORPHANED = 75
MOST_ATTEMPTS = 3
GIVES_WAY = 10
"""Steps of niceness: whoever waits for a page comes first."""
MOST_BYTES = 1 << 30
"""Of addresses, of which libraries take a third; a file of 15,000 rows needs 150 MB of memory."""
MOST_CPU_SECONDS = 300


def main(arguments: list[str]) -> int:
    """Do what the arguments say."""
    os.nice(GIVES_WAY)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    what, target, service, *rest = arguments
    logging.configure(service)
    engine = _engine(service)
    if what == "job":
        return _do(target, engine, *rest)
    return _answer(target, engine)


def _do(target: str, engine: sqlalchemy.Engine, job_id: str, claim: str, attempt: str) -> int:
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    module = importlib.import_module(target)
    job = jobs.claimed(engine, job_id=job_id, claim=claim, attempt=int(attempt))
    if job.attempt > MOST_ATTEMPTS:
        module.give_up(job)
    else:
        module.run(job)
    return 0


def _answer(target: str, engine: sqlalchemy.Engine) -> int:
    asked = json.load(sys.stdin)
    module, _, name = target.partition(":")
    try:
        answer = getattr(importlib.import_module(module), name)(engine, **asked)
    except errors.Error as refusal:
        print(json.dumps({"code": refusal.code, "message": refusal.message, "fields": refusal.fields}))
        return REFUSED
    sys.stdout.buffer.write(answer)
    return 0


def _end_with_the_parent() -> None:
    """End when standard input does, which the parent holds open as long as it lives."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(ORPHANED)


def _engine(service: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        os.environ[settings.database_variable(service)],
        pool_size=2,
        max_overflow=1,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "options": "-c timezone=UTC -c statement_timeout=120000"},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
