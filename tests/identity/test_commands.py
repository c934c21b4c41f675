"""What an operator does, through the command line as it is typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from contracts import permissions
from deploy import tracker
from deploy.local import environment
from kit import database, ids
from services.identity import models, sessions
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

    def test_prints_a_new_link_for_one_who_is_there(
        self, sessions: database.Sessions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        tracker.main(["create-admin", "second@tracker.example", "Sabine Second"])
        first = capsys.readouterr().out
        assert tracker.main(["create-admin", "second@tracker.example"]) == 0
        assert user_of(sessions, capsys.readouterr().out).full_name == "Sabine Second"
        with pytest.raises(LookupError):
            user_of(sessions, first)

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
        assert "Signed out: 0" in capsys.readouterr().out


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
    """Return whom the printed link is for.

    :raises LookupError: when it is for nobody, or not any more
    """
    printed = LINK.search(said)
    assert printed, said
    with kept.reading() as session:
        user = session.scalars(
            select(models.User)
            .join(models.PasswordLink, models.PasswordLink.user_id == models.User.id)
            .where(
                models.PasswordLink.token_hash == sessions.token_hash_of(printed[1]),
                models.PasswordLink.expires_at > func.now(),
            )
        ).one_or_none()
    if user is None:
        raise LookupError(printed[1])
    return user
