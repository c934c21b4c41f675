"""Background jobs: done once, never twice at a time, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from nameko.containers import ServiceContainer
from sqlalchemy import orm
from sqlalchemy.orm import DeclarativeBase

from contracts import errors
from kit import child, children, database, ids, jobs
from tests.factories import waiting

WORK = "tests.kit.work"


class Base(DeclarativeBase):
    pass


class Row(jobs.Row, Base):
    __tablename__ = "jobs"


class Source:
    name = "source"

    database = database.Database("source")
    queued = children.Jobs(database, WORK)
    in_child = children.Answers(database)


@pytest.fixture
def sessions(source_url: str) -> Iterator[database.Sessions]:
    made = database.Sessions(database.engine(source_url))
    Base.metadata.create_all(made.engine)
    with made.engine.begin() as connection:
        connection.execute(sqlalchemy.text("create table done (subject_id uuid, what text, pid int)"))
    yield made
    made.close()


def queue(sessions: database.Sessions, kind: str) -> str:
    subject_id = ids.new()
    with sessions.transaction() as session:
        jobs.queue(session, kind, subject_id=subject_id)
    return subject_id


def done(sessions: database.Sessions, subject_id: str) -> list[tuple[str, int]]:
    with sessions.reading() as session:
        rows = session.execute(
            sqlalchemy.text("select what, pid from done where subject_id = :id"), {"id": subject_id}
        )
        return [(row.what, row.pid) for row in rows]


def row(sessions: database.Sessions, subject_id: str) -> Row | None:
    with sessions.reading() as session:
        return session.scalar(sqlalchemy.select(Row).where(Row.subject_id == subject_id))


def claimed(sessions: database.Sessions, subject_id: str) -> jobs.Job:
    claim = ids.new()
    with sessions.transaction() as session:
        found = session.scalars(
            sqlalchemy.update(Row).where(Row.subject_id == subject_id).values(claim=claim).returning(Row.id)
        ).one()
    return jobs.claimed(sessions.engine, job_id=found, claim=claim, attempt=1)


class TestJob:
    def test_is_seen_with_its_progress_while_its_transaction_is_open(
        self, sessions: database.Sessions
    ) -> None:
        job = claimed(sessions, queue(sessions, "write"))
        with job.transaction(), sessions.reading() as session:
            job.tell(3, 10)
            assert jobs.progress(session, subject_id=job.subject_id) == jobs.Progress(3, 10, False)

    def test_cannot_be_claimed_in_the_middle_of_a_transaction(self, sessions: database.Sessions) -> None:
        job = claimed(sessions, queue(sessions, "write"))
        claim = sqlalchemy.text("select id from jobs for update skip locked")
        with job.transaction(), sessions.transaction() as other:
            assert other.execute(claim).all() == []

    def test_commits_nothing_once_its_claim_is_lost(self, sessions: database.Sessions) -> None:
        job = claimed(sessions, queue(sessions, "write"))
        claimed(sessions, job.subject_id)
        with pytest.raises(jobs.Lost), job.transaction() as session:
            _note(session, job, "late")
        with pytest.raises(jobs.Lost):
            job.tell(1, 2)
        assert done(sessions, job.subject_id) == []

    def test_is_gone_with_the_transaction_of_its_last_work_or_not_at_all(
        self, sessions: database.Sessions
    ) -> None:
        job = claimed(sessions, queue(sessions, "write"))
        with job.transaction() as session:
            job.finish(session)
            session.rollback()
        assert row(sessions, job.subject_id) is not None
        with job.transaction() as session:
            job.finish(session)
        assert row(sessions, job.subject_id) is None

    def test_is_told_that_it_is_to_stop(self, sessions: database.Sessions) -> None:
        job = claimed(sessions, queue(sessions, "write"))
        assert not job.is_cancelled()
        with sessions.transaction() as session:
            assert jobs.cancel(session, subject_id=job.subject_id)
            assert not jobs.cancel(session, subject_id=ids.new())
        assert job.is_cancelled()

    def test_is_the_only_one_about_a_thing(self, sessions: database.Sessions) -> None:
        subject_id = queue(sessions, "write")
        with pytest.raises(sqlalchemy.exc.IntegrityError), sessions.transaction() as session:
            jobs.queue(session, "write", subject_id=subject_id)


class TestJobs:
    def test_that_are_done_may_come_to_their_end(
        self,
        sessions: database.Sessions,
        run: Callable[[type], ServiceContainer],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A heartbeat that finds no job any more once took it for somebody else's, and killed the child."""
        monkeypatch.setattr(children, "HEARTBEAT_SECONDS", 0.2)
        subject_id = queue(sessions, "linger")
        run(Source)
        waiting.until(lambda: len(done(sessions, subject_id)) == 2, what="the end of the child", seconds=60)
        assert done(sessions, subject_id)[1][0] == "ended by itself"

    def test_are_done_in_a_child_process_of_lower_priority(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer]
    ) -> None:
        subject_id = queue(sessions, "write")
        run(Source)
        waiting.until(lambda: done(sessions, subject_id), what="the job", seconds=60)
        [(what, pid)] = done(sessions, subject_id)
        assert what == f"nice {os.nice(0) + 10}"
        assert pid != os.getpid()
        waiting.until(lambda: row(sessions, subject_id) is None, what="the end of the job")

    def test_of_a_child_that_died_are_done_again(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer]
    ) -> None:
        subject_id = queue(sessions, "die once")
        run(Source)
        waiting.until(lambda: row(sessions, subject_id) is None, what="the job", seconds=90)
        assert [what for what, _ in done(sessions, subject_id)] == ["attempt 2"]

    def test_that_always_die_are_given_up_in_words(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer], monkeypatch: Any
    ) -> None:
        subject_id = queue(sessions, "die")
        with sessions.transaction() as session:
            session.execute(sqlalchemy.update(Row).values(attempts=child.MOST_ATTEMPTS - 1))
        run(Source)
        waiting.until(lambda: row(sessions, subject_id) is None, what="giving up", seconds=90)
        assert [what for what, _ in done(sessions, subject_id)] == ["given up"]

    def test_of_a_process_that_died_wait_for_its_lease_and_are_then_taken_over(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer]
    ) -> None:
        subject_id = queue(sessions, "write")
        lease = sqlalchemy.text(
            "update jobs set claim = :claim, attempts = 1, lease_until = now() + interval '1 hour'"
        )
        with sessions.transaction() as session:
            session.execute(lease, {"claim": ids.new()})
        following = queue(sessions, "write")
        run(Source)
        waiting.until(lambda: done(sessions, following), what="the free job", seconds=60)
        assert done(sessions, subject_id) == []
        with sessions.transaction() as session:
            session.execute(sqlalchemy.text("update jobs set lease_until = now()"))
        waiting.until(lambda: done(sessions, subject_id), what="the job taken over", seconds=60)

    def test_end_with_their_service_and_begin_anew_with_the_next(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer]
    ) -> None:
        subject_id = queue(sessions, "wait for a word")
        first = run(Source)
        waiting.until(lambda: done(sessions, subject_id), what="the first attempt", seconds=60)
        [(_, pid)] = done(sessions, subject_id)
        first.stop()
        waiting.until(lambda: not _is_alive(pid), what="the end of the child")
        found = row(sessions, subject_id)
        assert found is not None
        assert found.claim is None


class TestChild:
    def test_ends_with_its_parent_however_that_died(self, sessions: database.Sessions) -> None:
        job = claimed(sessions, queue(sessions, "wait for a word"))
        arguments = ["job", WORK, "source", job.id, job.claim, "1"]
        process = subprocess.Popen(
            [sys.executable, "-m", "kit.child", *arguments], cwd=children.ROOT, stdin=subprocess.PIPE
        )
        waiting.until(lambda: done(sessions, job.subject_id), what="the beginning", seconds=60)
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=30) == child.ORPHANED


class TestAnswers:
    def test_come_from_a_child_process(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer]
    ) -> None:
        answers = _answers(run)
        assert answers(f"{WORK}:echo", seconds=60, words="hello") == b"hello"

    def test_may_be_refusals(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer]
    ) -> None:
        with pytest.raises(errors.Invalid) as raised:
            _answers(run)(f"{WORK}:refuse", seconds=60)
        assert raised.value.fields == {"colour": "Choose another."}

    def test_are_not_waited_for_beyond_their_time(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer]
    ) -> None:
        with pytest.raises(errors.Unavailable):
            _answers(run)(f"{WORK}:sleep", seconds=0.5)

    @pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
    def test_cannot_take_more_memory_than_they_should(
        self, sessions: database.Sessions, run: Callable[[type], ServiceContainer]
    ) -> None:
        with pytest.raises(errors.Unavailable):
            _answers(run)(f"{WORK}:devour", seconds=60)


def _answers(run: Callable[[type], ServiceContainer]) -> Callable[..., bytes]:
    container = run(Source)
    (found,) = (made for made in container.dependencies if isinstance(made, children.Answers))
    return found.run


def _note(session: orm.Session, job: jobs.Job, what: str) -> None:
    session.execute(
        sqlalchemy.text("insert into done values (:id, :what, :pid)"),
        {"id": job.subject_id, "what": what, "pid": os.getpid()},
    )


def _is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
