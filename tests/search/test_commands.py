from __future__ import annotations

import pathlib
from typing import Any

import pytest

from kit import client, database
from services.search import commands
from tests.factories import snapshots
from tests.search import given


class TestImportHeadquarters:
    def test_replaces_those_that_were_known(
        self, sessions: database.Sessions, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        url = sessions.engine.url.render_as_string(hide_password=False)
        offices = tmp_path / "offices.csv"
        for line, north in (("E06000047,TS1 1AA", 520600), ("E06000047,NE1 1AA", 564300)):
            offices.write_text(f"area_code,postcode\n{line}\n")
            with sessions.transaction() as session:
                given.postcodes(session, ("TS1 1AA", 449500, 520600), ("NE1 1AA", 424900, 564300))
            assert commands.import_headquarters(offices, database_url=url) == 1
            with sessions.reading() as session:
                assert given.search(session, area="E06000047")["origin"]["northing"] == north
        assert "1 headquarters known." in capsys.readouterr().out


class TestRebuild:
    def test_asks_providers_page_by_page(
        self, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = snapshots.snapshot(name="First"), snapshots.snapshot(name="Second")
        pages = {
            None: {"results": [first], "next": first["provider_id"]},
            first["provider_id"]: {"results": [second], "next": second["provider_id"]},
            second["provider_id"]: {"results": [], "next": None},
        }

        def call(target: str, method: str, *, actor: Any, after: str | None, limit: int) -> Any:
            assert (target, method, actor.kind) == ("providers", "snapshots", "service")
            return pages[after]

        monkeypatch.setattr(client, "call", call)
        url = sessions.engine.url.render_as_string(hide_password=False)
        assert commands.rebuild(database_url=url, progress=False) == 2
        with sessions.reading() as session:
            assert sorted(given.found(session, postcode="DH1")) == ["First", "Second"]
