"""A bulk update that is to be saved whole or not at all, while the processes that work on it die (B12)."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
import pytest

from contracts import bulk
from services.providers.bulk import bulk_work
from tests.factories import api, stack, waiting
from tests.providers import workbooks

HOMES = bulk_work.BATCH + 30
SECONDS = 60


@pytest.fixture
def running() -> Iterator[stack.Stack]:
    # The database must keep what it has committed, and nothing else, so it keeps its safety on.
    with stack.running(postgres_settings={}) as made:
        made.tracker("demo-data", "--homes", str(HOMES))
        yield made


class TestBulkUpdate:
    def test_b12_is_saved_once_and_whole_whatever_is_killed_in_its_middle(self, running: stack.Stack) -> None:
        update = Update(running)
        first = update.checked(price=1234)
        with update.held_up(first):
            (child,) = update.children()
            child.kill()
            assert update.saved(1234) == 0
        update.assert_saved_once(first, price=1234)

        second = update.checked(price=1235)
        with update.held_up(second):
            os.kill(running.pid("providers"), signal.SIGKILL)
            waiting.until(lambda: not update.children(), what="the end of the orphan", seconds=SECONDS)
            assert update.saved(1235) == 0
        assert update.saved(1235) == 0
        running.restart("providers")
        # Instead of the half minute that the dead process's lease would last.
        update.execute("update jobs set lease_until = now()")
        update.assert_saved_once(second, price=1235)


class Update:
    """Somebody who gives every bed of every home another price, in one file."""

    def __init__(self, running: stack.Stack) -> None:
        self.running = running
        self.url = running.env["PROVIDERS_DATABASE_URL"].replace("+psycopg", "")
        self.person = api.sign_in(running.url, "admin@tracker.example")

    def execute(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(sql, values)  # type: ignore[call-overload]  # no literal, in a test
            return cursor.fetchall() if cursor.description else []

    def checked(self, *, price: int) -> dict[str, Any]:
        """Send a file, and return it once it is checked."""
        made = self.person.get("/bulk-templates", template=bulk.CARE_HOME)
        book = workbooks.opened(base64.b64decode(made["content"]))
        priced, maximum = book.at("Capacities", "weekly_price_from"), book.at("Capacities", "maximum")
        for row in book.sheets["Capacities"][1:]:
            if row[maximum] != "":
                row[priced] = price
        body = {
            "template": bulk.CARE_HOME,
            "file_name": "homes.xlsx",
            "content": base64.b64encode(book.as_xlsx()).decode(),
            "declarations": list(bulk.DECLARATIONS),
        }
        checked = self.at_rest(self.person.post("/bulk-uploads", body)["id"])
        assert (checked["state"], checked["faults"]) == (bulk.CHECKED, [])
        assert checked["counts"]["changed"] > bulk_work.BATCH
        return checked

    def at_rest(self, upload_id: str) -> dict[str, Any]:
        """Return an upload once nothing works on it; meanwhile a service may be away."""

        def found() -> dict[str, Any] | None:
            answer = self.person.call("GET", f"/bulk-uploads/{upload_id}")
            return answer.json() if answer.ok and not answer.json()["at_work"] else None

        upload = waiting.until(found, what="the end of the work on the file", seconds=SECONDS)
        assert upload is not None
        return upload

    @contextlib.contextmanager
    def held_up(self, upload: dict[str, Any]) -> Iterator[None]:
        """Have an update applied, and hold it up at its last home while a part is changed already."""
        last = "select provider_id from bulk_rows where upload_id = %(id)s order by provider_id desc limit 1"
        with psycopg.connect(self.url) as connection:
            connection.execute(
                f"select 1 from providers where id = ({last}) for update",  # type: ignore[arg-type]  # as above
                {"id": upload["id"]},
            )
            self.person.post(
                f"/bulk-uploads/{upload['id']}/apply", {"mode": bulk.ALL_OR_NOTHING, "confirmed": True}
            )
            waiting.until(self.is_waiting, what="the wait for the last home", seconds=SECONDS)
            (done,) = self.execute("select done from jobs where subject_id = %(id)s", id=upload["id"])
            assert done[0] >= bulk_work.BATCH
            yield

    def is_waiting(self) -> bool:
        blocked = (
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%%providers%%'"
        )
        return bool(self.execute(blocked))

    def children(self) -> list[psutil.Process]:
        """Return the processes of this installation that do jobs."""
        mine = self.running.env["PROVIDERS_DATABASE_URL"]
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                is_job = process.cmdline()[1:4] == ["-m", "kit.child", "job"]
                if is_job and process.environ().get("PROVIDERS_DATABASE_URL") == mine:
                    found.append(process)
        return found

    def saved(self, price: int) -> int:
        """Return how many bed types have a price, as everybody sees it."""
        sql = "select count(*) from offered_bed_types where weekly_price_from = %(price)s"
        return int(self.execute(sql, price=price)[0][0])

    def assert_saved_once(self, upload: dict[str, Any], *, price: int) -> None:
        ended = self.at_rest(upload["id"])
        counts = ended["counts"]
        assert (ended["state"], counts["applied"], counts["left_out"]) == (bulk.APPLIED, counts["changed"], 0)
        kept = self.execute(
            "select provider_id, count(*) from declarations where cause = %(cause)s group by provider_id",
            cause=f"bulk:{upload['id']}",
        )
        assert len(kept) == counts["changed"]
        assert {times for _, times in kept} == {1}
        assert self.saved(price) > 0
        assert self.execute("select id from jobs") == []
