"""Links that act once (DOMAIN B9, E)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors
from kit import ids
from services.notifications import actions, models
from tests.notifications import given


@pytest.fixture
def token(session: orm.Session) -> str:
    return actions.create(
        session,
        purpose=actions.CONFIRM_UNCHANGED,
        provider_id=ids.new(),
        user_id=ids.new(),
        now=given.NOW,
    )


class TestCreate:
    def test_keeps_nothing_one_could_act_with(self, session: orm.Session, token: str) -> None:
        session.flush()
        row = session.execute(
            sa.select(sa.text("actions::text")).select_from(sa.text("actions"))
        ).scalar_one()
        assert len(token) == 43  # 256 bits in base 64.
        assert token not in row


class TestFind:
    def test_finds_the_action_by_its_token(self, session: orm.Session, token: str) -> None:
        actions.create(
            session,
            purpose=actions.CONFIRM_UNCHANGED,
            provider_id=ids.new(),
            user_id=ids.new(),
            now=given.NOW,
        )
        assert actions.find(session, token=token).expires_at == given.NOW + timedelta(days=7)

    @pytest.mark.parametrize("wrong", ["", "x" * 43, "\x00", "é" * 5000])
    def test_knows_no_other_token(self, session: orm.Session, token: str, wrong: str) -> None:
        with pytest.raises(errors.NotFound):
            actions.find(session, token=wrong)


class TestRequireOpen:
    def test_lets_a_new_action_pass_until_seven_days_are_over(self, session: orm.Session, token: str) -> None:
        action = actions.find(session, token=token)
        actions.require_open(action, now=given.NOW + timedelta(days=7, seconds=-1))
        with pytest.raises(errors.Conflict, match="expired"):
            actions.require_open(action, now=given.NOW + timedelta(days=7))

    def test_refuses_what_was_used(self, session: orm.Session, token: str) -> None:
        action = actions.find(session, token=token)
        actions.mark_used(session, action_id=action.id, now=given.NOW)
        session.refresh(action)
        with pytest.raises(errors.Conflict, match="used"):
            actions.require_open(action, now=given.NOW)


class TestMarkUsed:
    def test_keeps_the_time_of_the_first_use(self, session: orm.Session, token: str) -> None:
        action = actions.find(session, token=token)
        for hours in (1, 2):
            actions.mark_used(session, action_id=action.id, now=given.NOW + timedelta(hours=hours))
        assert session.scalar(sa.select(models.Action.used_at)) == given.NOW + timedelta(hours=1)
