from __future__ import annotations

from typing import Any

import pytest

from kit import client, database
from services.search import commands
from tests.factories import snapshots
from tests.search import given


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
