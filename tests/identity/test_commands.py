"""What an operator does, through the command line as it is typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from deploy import tracker
from deploy.local import environment
from kit import clock, database, ids


@pytest.fixture(autouse=True)
def installation(sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sessions.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("IDENTITY_DATABASE_URL", url)
    monkeypatch.setattr(environment, "adopt", lambda: None)


class TestCreateAdmin:
    def test_prints_a_password_that_opens_the_door(
        self, identity: Callable[..., Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert tracker.main(["create-admin", "first@tracker.example", "Florence First"]) == 0
        printed = re.search(r"Temporary password: (\S+)", capsys.readouterr().out)
        assert printed
        opened = identity(now=clock.now()).sign_in(
            email="first@tracker.example",
            password=printed[1],
            remember_me=False,
            user_agent="",
        )
        assert opened["duty"] == "password"

    def test_refuses_in_words(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert tracker.main(["create-admin", "nobody", "Florence First"]) == 1
        assert "  email: Enter an e-mail address like" in capsys.readouterr().err


class TestAddOrganisation:
    def test_prints_the_id_of_one_that_can_be_found(
        self, identity: Callable[..., Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["--type", "hospice", "--name", "Fictional Hospice", "--postcode", "dh1 5tw"]
        assert tracker.main(["organisations", "add", *arguments]) == 0
        printed = capsys.readouterr().out.strip()
        assert ids.is_valid(printed)
        [found] = identity().find_organisations(postcode="DH1 5TW")["results"]
        assert found["id"] == printed
