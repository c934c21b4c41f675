"""The operator's command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts import errors
from deploy import tracker
from deploy.local import environment


class DeadLetters:
    """Stands for `kit.dead_letters`, which tests of its own try on a broker."""

    def __init__(self, *letters: Any) -> None:
        self.letters = list(letters)
        self.replayed: list[str] = []

    def listing(self) -> list[Any]:
        return self.letters

    def replay(self, chosen: str) -> int:
        self.replayed.append(chosen)
        return len(self.letters)


class Letter:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DeadLetters:
    found = {"queue": "evt-search", "event": "capacity_declared", "tries": 8, "error": "Invalid: no"}
    stand_in = DeadLetters(Letter(id="m1", body={"a": 1}, **found))
    monkeypatch.setattr(tracker, "_module", lambda name: stand_in)
    monkeypatch.setattr(environment, "adopt", lambda: None)
    monkeypatch.setenv("AMQP_URI", "amqp://anywhere")
    return stand_in


class TestDeadLetters:
    def test_are_listed_with_where_they_failed_and_why(
        self, letters: DeadLetters, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert tracker.main(["dead-letters", "list"]) == 0

        said = capsys.readouterr().out
        assert "m1  evt-search  capacity_declared  8 tries  Invalid: no" in said

    def test_are_shown_whole(self, letters: DeadLetters, capsys: pytest.CaptureFixture[str]) -> None:
        tracker.main(["dead-letters", "show", "m1"])

        assert json.loads(capsys.readouterr().out)["body"] == {"a": 1}

    def test_that_do_not_exist_are_refused_in_words(
        self, letters: DeadLetters, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert tracker.main(["dead-letters", "show", "m2"]) == 1

        assert "There is no dead letter m2" in capsys.readouterr().err

    def test_are_replayed_by_id_or_all(self, letters: DeadLetters) -> None:
        tracker.main(["dead-letters", "replay", "m1"])
        tracker.main(["dead-letters", "replay", "all"])

        assert letters.replayed == ["m1", "all"]


class TestRefusals:
    def test_say_how_to_start_it_when_nothing_runs(
        self, letters: DeadLetters, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("AMQP_URI")

        assert tracker.main(["dead-letters", "list"]) == 1
        assert "Start it with `make run`, or set AMQP_URI" in capsys.readouterr().err

    def test_name_the_fields(
        self, letters: DeadLetters, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refuse() -> None:
            raise errors.Invalid("Not readable.", {"file": "has no column easting"})

        monkeypatch.setattr(letters, "listing", refuse)

        assert tracker.main(["dead-letters", "list"]) == 1
        assert capsys.readouterr().err == "Not readable.\n  file: has no column easting\n"


class TestTakingIn:
    """`tracker import` and `tracker sync` of registers."""

    @pytest.fixture
    def called(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
        calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

        class Module:
            def __getattr__(self, name: str) -> Any:
                if name == "Options":
                    return dict
                return lambda *arguments, **named: calls.append((name, arguments, named))

        monkeypatch.setattr(tracker, "_module", lambda name: Module())
        monkeypatch.setattr(environment, "adopt", lambda: None)
        monkeypatch.setenv("PROVIDERS_DATABASE_URL", "postgresql://anywhere")
        return calls

    @pytest.mark.parametrize("register", ["cqc", "ods"])
    def test_hands_a_file_to_providers(self, called: list[Any], register: str) -> None:
        tracker.main(["import", register, "a.ods", "--dry-run", "--yes", "--rejects", "here"])
        options = {"dry_run": True, "update_only": False, "yes": True}
        assert called == [
            ("import_register", (register, "a.ods"), {"options": options, "rejects_folder": "here"})
        ]

    @pytest.mark.parametrize("register", ["cqc", "ods"])
    def test_asks_a_register_since_a_day(self, called: list[Any], register: str) -> None:
        tracker.main(["sync", register, "--since", "2026-11-01", "--base-url", "http://x", "--update-only"])
        options = {"dry_run": False, "update_only": True, "yes": False}
        asked = {"since": "2026-11-01", "base_url": "http://x", "options": options, "rejects_folder": None}
        assert called == [("sync_register", (register,), asked)]

    def test_reads_areas(self, called: list[Any]) -> None:
        tracker.main(["import", "areas", "a.csv", "--dry-run"])
        assert called == [("import_areas", ("a.csv",), {"dry_run": True})]
