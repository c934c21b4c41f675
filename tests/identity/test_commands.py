"""What an operator does, through the command line as it is typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from contracts import duties, permissions
from deploy import tracker
from deploy.local import environment
from kit import clock, database, ids
from services.identity import models, password_links
from tests.identity import given

LINK = re.compile(r"^https://beds\.example/password/link/(\S+)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def installation(sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sessions.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("IDENTITY_DATABASE_URL", url)
    monkeypatch.setenv("PUBLIC_URL", "https://beds.example/")
    monkeypatch.setattr(environment, "adopt", lambda: None)


class TestCreateAdmin:
    def test_prints_a_link_and_no_password(
        self, sessions: database.Sessions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert tracker.main(["create-admin", "first@tracker.example", "Florence First"]) == 0
        said = capsys.readouterr().out
        assert "72 hours" in said
        assert "assword:" not in said
        assert user_of(sessions, said).email == "first@tracker.example"
        assert user_of(sessions, said).password_hash is None

    def test_a10_lets_the_first_administrator_in_by_password_and_then_a_second_factor(
        self, identity: Callable[..., Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        tracker.main(["create-admin", "third@tracker.example", "Thea Third"])
        token = token_in(capsys.readouterr().out)
        somebody = identity(by=given.nobody(), now=clock.now())
        assert somebody.password_link(link_token=token)["state"] == "open"
        somebody.set_password_by_link(link_token=token, new_password="copper-meadow-violin-stairs")
        opened = somebody.sign_in(
            email="third@tracker.example",
            password="copper-meadow-violin-stairs",
            remember_me=False,
            user_agent="",
        )
        assert opened["duty"] == duties.SECOND_FACTOR
        assert somebody.password_link(link_token=token)["state"] == "used"

    def test_prints_a_new_link_for_one_who_is_there(
        self, sessions: database.Sessions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        tracker.main(["create-admin", "second@tracker.example", "Sabine Second"])
        first = capsys.readouterr().out
        assert tracker.main(["create-admin", "second@tracker.example"]) == 0
        assert user_of(sessions, capsys.readouterr().out).full_name == "Sabine Second"
        with sessions.reading() as session:
            link = password_links.described(session, link_token=token_in(first), now=clock.now())
        assert link["state"] == "expired"

    def test_refuses_in_words(self, sessions: database.Sessions, capsys: pytest.CaptureFixture[str]) -> None:
        assert tracker.main(["create-admin", "nobody", "Florence First"]) == 1
        assert "  email: Enter an e" in capsys.readouterr().err
        with sessions.transaction() as session:
            email = given.person(session).email
        assert tracker.main(["create-admin", email, "Somebody Else"]) == 1
        assert "Use another address" in capsys.readouterr().err


class TestRecovery:
    def test_resets_a_second_factor(
        self, sessions: database.Sessions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with sessions.transaction() as session:
            user = given.person(
                session,
                roles=[permissions.ADMINISTRATOR],
                second_factor_secret="sealed",
                second_factor_since=given.NOW,
            )
        assert tracker.main(["reset-second-factor", user.email]) == 0
        assert "Removed" in capsys.readouterr().out
        assert tracker.main(["reset-second-factor", "unknown@fictional.example"]) == 1
        assert "No administrator" in capsys.readouterr().err

    def test_signs_everybody_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert tracker.main(["end-sessions"]) == 0
        assert "Signed out: " in capsys.readouterr().out
        assert tracker.main(["end-sessions"]) == 0
        assert "Signed out: 0." in capsys.readouterr().out


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


def user_of(kept: database.Sessions, said: str) -> models.User:
    """Return whom the printed link is for."""
    with kept.reading() as session:
        user = password_links.owner(session, link_token=token_in(said), now=clock.now())
    assert user is not None
    return user


def token_in(said: str) -> str:
    printed = LINK.search(said)
    assert printed, said
    return printed[1]
