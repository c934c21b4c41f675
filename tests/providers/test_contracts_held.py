"""B11: the councils and sub-ICBs a provider has a contract with."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import areas, errors, permissions
from services.providers import audit, contracts_held, details, models, schemas
from tests.providers import given

SUB_ICB = "84H"
GONE = "E06999999"


def replace(
    session: orm.Session,
    home: models.Provider,
    *codes: str,
    by: permissions.Actor,
    version: int | None = None,
) -> models.Provider:
    form = schemas.load(schemas.CONTRACTS, {"codes": list(codes)})
    return contracts_held.replace(
        session, provider_id=home.id, version=version, form=form, by=by, now=given.NOW
    )


class TestReplace:
    def test_b11_keeps_councils_and_sub_icbs(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, given.DURHAM, SUB_ICB, given.DURHAM, by=by)
        assert home.contracts == sorted([given.DURHAM, SUB_ICB])
        assert details.answer(home, by=by, now=given.NOW)["contracts"] == home.contracts
        assert given.recorded(session)[-1]["provider"]["contracts"] == home.contracts
        assert replace(session, home, by=by).contracts == []

    def test_b11_chooses_from_all_of_england(self, session: orm.Session) -> None:
        by = given.actor()
        everywhere = [area.code for area in (*areas.councils(), *areas.sub_icbs())]
        home = replace(session, given.provider(session, of=by), *everywhere, by=by)
        assert len(home.contracts) == 153 + 106

    @pytest.mark.parametrize("wrong", ["QHM", "E12000001", "nowhere", GONE])
    def test_b11_refuses_what_is_no_council_or_sub_icb(self, session: orm.Session, wrong: str) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        with pytest.raises(errors.Invalid) as refused:
            replace(session, home, given.DURHAM, wrong, by=by)
        assert list(refused.value.fields) == ["codes.1"]

    def test_b11_lets_a_contract_with_an_authority_of_the_past_stay(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by, contracts=[GONE])
        assert replace(session, home, GONE, given.DURHAM, by=by).contracts == sorted([GONE, given.DURHAM])

    def test_b10_refuses_what_is_out_of_date_by_the_names_of_the_authorities(
        self, session: orm.Session
    ) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, given.DURHAM, by=by)
        with pytest.raises(errors.Stale) as refused:
            replace(session, home, SUB_ICB, by=by, version=1)
        assert refused.value.fields == {"contracts": "was not given, is now County Durham"}

    def test_a11_is_in_the_audit_trail(self, session: orm.Session) -> None:
        by = given.actor()
        replace(session, given.provider(session, of=by), given.DURHAM, by=by)
        entry = session.scalars(sa.select(models.AuditEntry)).one()
        assert (entry.action, entry.after) == ("contracts changed", {"contracts": [given.DURHAM]})
        assert entry.action in audit.ACTIONS

    def test_leaves_the_version_alone_when_nothing_differs(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, given.DURHAM, SUB_ICB, by=by)
        assert replace(session, home, SUB_ICB, given.DURHAM, by=by).version == 2

    def test_is_for_those_who_may_edit(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor())
        for stranger in (given.actor(), given.broker(given.NEWCASTLE)):
            with pytest.raises(errors.Forbidden):
                replace(session, home, given.DURHAM, by=stranger)
        replace(session, home, given.DURHAM, by=given.broker())
