"""Nothing that was accepted is lost or doubled, whichever process is killed while it is being told."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from typing import Any

import psutil
import psycopg
import python_calamine

from tests.chaos import witnesses
from tests.factories import api, depths, stack

HOMES = 60
WRITERS = 4
MAKING_FILES = ["-m", "kit.child", "job", "services.reports.exports_work"]
"""What stands in the command of a process that makes a file."""


class TestRelayKilledMidBatch:
    """Runs first: the demo's homes are the batch."""

    def test_every_event_is_told_in_the_end(self, running: stack.Stack) -> None:
        loading = threading.Thread(target=running.tracker, args=("demo-data", "--homes", str(HOMES * 5)))
        loading.start()
        witnesses.wait_for(lambda: witnesses.outbox_depth(running) > 50, what="the demo's events", seconds=60)
        whole = witnesses.outbox_depth(running)
        witnesses.wait_for(
            lambda: witnesses.outbox_depth(running) < whole, what="the relay's first batch", seconds=30
        )
        running.kill("providers")
        left = witnesses.outbox_depth(running)
        assert left > 0, "the relay was killed in the middle of its work"
        running.restart("providers")
        loading.join(timeout=120)
        witnesses.wait_for(lambda: witnesses.outbox_depth(running) == 0, what="the rest being told")
        count = "select count(*), sum(version) from {}"
        owned = witnesses.query(running, "providers", count.format("providers"))
        knowing = (("search", "homes"), ("notifications", "watched_providers"), ("reports", "providers"))
        for service, table in knowing:
            witnesses.wait_for(
                lambda service=service, table=table: (
                    witnesses.query(running, service, count.format(table)) == owned
                ),
                what=f"{service} knowing every provider",
            )


class TestProcessesKilledInTurn:
    def test_every_accepted_declaration_is_kept_once_and_found(self, running: stack.Stack) -> None:
        writers = self._start_writers(running)
        for victims in (
            ("providers",),
            ("search", "search-2"),
            ("broker",),
            ("postgres",),
            ("gateway",),
            ("notifications",),
            ("reports",),
            ("identity",),
        ):
            time.sleep(1.5)
            for victim in victims:
                running.kill(victim)
            time.sleep(0.5)
            for victim in victims:
                running.restart(victim)
            running.wait_ready(seconds=90)
            self._wait_for_progress(writers)
        for writer, thread in writers:
            writer.stopping.set()
            thread.join(timeout=60)
        accepted = [entry for writer, _ in writers for entry in writer.accepted]
        assert len(accepted) > 100
        assert running.said == [], "no process ended but those that were killed"
        self._assert_kept_once(running, accepted)
        self._assert_queues_empty(running)
        self._assert_search_equals_a_rebuild(running)

    def _start_writers(self, running: stack.Stack) -> list[tuple[witnesses.Writer, threading.Thread]]:
        rows = witnesses.query(
            running,
            "providers",
            "select distinct provider_id from declarations join providers on providers.id = provider_id "
            f"where providers.type = 'care_home' order by provider_id limit {HOMES}",
        )
        ids = [str(row[0]) for row in rows]
        writers = [witnesses.Writer(running.url, ids[number::WRITERS]) for number in range(WRITERS)]
        threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
        for thread in threads:
            thread.start()
        return list(zip(writers, threads, strict=True))

    def _wait_for_progress(self, writers: list[tuple[witnesses.Writer, threading.Thread]]) -> None:
        """Wait until every writer is accepted again, so that each kill meets writers at work."""
        before = [len(writer.accepted) for writer, _ in writers]
        witnesses.wait_for(
            lambda: all(
                len(writer.accepted) > count + 2 for (writer, _), count in zip(writers, before, strict=True)
            ),
            what="declarations being accepted again",
            seconds=60,
        )

    def _assert_kept_once(self, running: stack.Stack, accepted: list[tuple[str, int, int]]) -> None:
        rows = witnesses.query(running, "providers", "select provider_id, version, figures from declarations")
        prices: dict[tuple[str, int], list[int]] = {}
        for provider_id, version, figures in rows:
            marks = [bed["weekly_price_from"] for bed in figures]
            prices.setdefault((str(provider_id), version), []).append(marks)
        for provider_id, version, mark in accepted:
            kept = prices.get((provider_id, version), [])
            assert len(kept) == 1, f"{provider_id} version {version} is in the history {len(kept)} times"
            assert mark in kept[0]
        versions = [(provider_id, version) for provider_id, version, _ in accepted]
        assert len(set(versions)) == len(versions)

    def _assert_queues_empty(self, running: stack.Stack) -> None:
        witnesses.wait_for(lambda: witnesses.outbox_depth(running) == 0, what="the outbox being empty")
        witnesses.wait_for(lambda: not any(depths.of(running).values()), what="every queue being empty")

    def _assert_search_equals_a_rebuild(self, running: stack.Stack) -> None:
        applied = witnesses.read_model(running)
        running.tracker("search", "rebuild")
        assert witnesses.read_model(running) == applied


class TestMailServerAway:
    def test_every_mail_arrives_once_it_is_back_and_none_twice(self, running: stack.Stack) -> None:
        running.forget_mails()
        running.kill("mailbox")
        applicants = [f"applicant{number}@cranberry.example" for number in range(5)]
        for email in applicants:
            self._register(running, email)
        time.sleep(3)
        running.restart("mailbox")
        witnesses.wait_for(
            lambda: len(running.mails(to="approver@cranberry.example")) >= len(applicants),
            what="the approver's mails",
            seconds=150,
        )
        time.sleep(5)
        mails = running.mails(to="approver@cranberry.example")
        assert len(mails) == len(applicants)
        assert len({mail["text"] for mail in mails}) == len(applicants)

    def _register(self, running: stack.Stack, email: str) -> None:
        nobody = api.Api(running.url)
        (found,) = nobody.get("/organisations", q="Cranberry Care")["results"]
        nobody.post(
            "/registrations",
            {
                "email": email,
                "full_name": f"Fictional {email.split('@')[0]}",
                "phone": "0191 496 0000",
                "job_title": "Carer",
                "user_type": "standard",
                "organisation_type": "care_home",
                "organisation_id": found["id"],
                "provider_ids": [],
                "wants_search": False,
                "accepts_terms": True,
                "accepts_communications": True,
            },
        )


class TestReportsKilledWhileAFileIsMade:
    def test_c4_the_file_is_made_whole_by_the_next_process(self, running: stack.Stack) -> None:
        admin = api.sign_in(running.url, "admin@tracker.example")
        found = admin.get("/vacancies", postcode="DH1 3YG")["total"]
        with psycopg.connect(running.libpq_url("REPORTS_DATABASE_URL")) as held:
            held.execute("lock table export_parts in exclusive mode")
            export_id = api.export(admin, format="xlsx")
            witnesses.wait_for(
                lambda: self._is_waiting(running), what="the file being about to be kept", seconds=60
            )
            assert len(self._children(running)) == 1
            running.kill("reports")
            witnesses.wait_for(lambda: not self._children(running), what="the end of the orphan", seconds=60)
        assert witnesses.query(running, "reports", "select number from export_parts") == []
        assert witnesses.query(running, "reports", "select state from exports") == [("working",)]
        running.restart("reports")
        with psycopg.connect(running.libpq_url("REPORTS_DATABASE_URL")) as connection:
            # Instead of the half minute that the dead process's lease would last.
            connection.execute("update jobs set lease_until = now()")
        made = api.exported(admin, export_id)
        assert (made["state"], made["homes"]) == ("ready", found)
        content = admin.call("GET", f"/exports/{export_id}/file").content
        assert len(content) == made["size"]
        assert len(found_homes(content)) == found
        assert witnesses.query(running, "reports", "select id from jobs") == []

    def _is_waiting(self, running: stack.Stack) -> bool:
        blocked = (
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%export_parts%'"
        )
        return bool(witnesses.query(running, "reports", blocked))

    def _children(self, running: stack.Stack) -> list[psutil.Process]:
        """Return the processes of this installation that make files."""
        mine = running.env["REPORTS_DATABASE_URL"]
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                makes_files = process.cmdline()[1:5] == MAKING_FILES
                if makes_files and process.environ().get("REPORTS_DATABASE_URL") == mine:
                    found.append(process)
        return found


def found_homes(content: bytes) -> list[Any]:
    """Return the rows about homes of a workbook of what a search found."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.get_sheet_by_name("Homes").to_python()[1:]
