"""The worked example for makers of care software does what it says: each command of docs/API.md is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.factories import api, stack
from tests.journeys import homes, people

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "API.md"
ADDRESS = "http://127.0.0.1:8000"
SECONDS = 120


def blocks(language: str) -> list[str]:
    """Return the examples of the guide in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def caller(product: stack.Stack) -> api.Api:
    return api.sign_in(product.url, people.APPROVER)


@pytest.fixture(scope="module")
def secret(caller: api.Api) -> str:
    """A key for all homes of Cranberry Care, made by its Approver."""
    return str(caller.post("/api-keys", {"name": "Example software", "expires_in_days": 30})["secret"])


class TestGuide:
    def test_commands_answer_as_it_says(self, product: stack.Stack) -> None:
        commands = "\n".join(blocks("sh"))
        assert ADDRESS in commands
        script = f"set -euo pipefail\n{commands}".replace(ADDRESS, product.url)
        done = run("bash", "-c", script)
        assert done.returncode == 0, done.stderr
        said = done.stdout
        statuses = [int(status) for status in re.findall(r"HTTP/1\.1 (\d+)", said)]
        read, saved, *batches = statuses
        assert read == 200
        assert saved in (200, 409), "a home of the demo may have more beds than are registered"
        assert batches == [200, 200]
        assert said.count("Idempotency-Replayed: true") == 1, "the second time it is carried out once"
        assert '"status":"refused"' in said
        assert '"status":"confirmed"' in said
        assert '"origin":' in said, "vacancies are found"
        assert '"available":' in said, "open data tells of vacancies"
        assert "open data: 304" in said, "and is not sent again"

    def test_script_sends_a_batch_with_a_real_key(
        self, product: stack.Stack, caller: api.Api, secret: str
    ) -> None:
        (script,) = blocks("python")
        done = run(sys.executable, "-c", script, TRACKER_URL=product.url, TRACKER_KEY=secret)
        assert done.returncode == 0, done.stderr
        mine = caller.get("/providers", page_size=100)["results"]
        lines = done.stdout.splitlines()
        assert len(lines) == len(mine)
        undeclared = next(home["name"] for home in mine if not home["last_updated"])
        refusal = next(line for line in lines if line.startswith(undeclared))
        assert "refused conflict" in refusal
        assert any(" saved " in line for line in lines)
        newest = max((home for home in mine if home["last_updated"]), key=lambda home: home["last_updated"])
        assert newest["last_updated_by"] == "API key Example software"


class TestBatch:
    def test_b8_is_saved_once_however_often_it_is_sent(
        self, product: stack.Stack, caller: api.Api, secret: str
    ) -> None:
        home = homes.completed(caller, "Batch House", cqc_location_id="1-77700001")
        software = api.Api(product.url)
        software.http.headers["Authorization"] = f"Bearer {secret}"
        figures = {**homes.FIGURES, "accepting": 5, "occupied": 14}
        form: dict[str, Any] = {
            "bed_types": [{"bed_type": code, **figures} for code in homes.BED_TYPES],
            "confirm_over_registered": True,
        }
        body = {"items": [{"cqc_location_id": "1-77700001", "form": form}]}
        answers = [
            software.call(
                "POST", "/capacity-batches", json=body, headers={"Idempotency-Key": "batch-house"}
            ).json()
            for _ in range(3)
        ]
        assert answers[0] == answers[1] == answers[2]
        (result,) = answers[0]["results"]
        assert (result["status"], result["provider_id"]) == ("saved", home["id"]), result
        history = caller.get(f"/providers/{home['id']}/history")["results"]
        assert [row["id"] for row in history].count(result["declaration_id"]) == 1
        assert (history[0]["by"], history[0]["channel"]) == ("API key Example software", "api")
        assert history[0]["version"] == result["version"]
