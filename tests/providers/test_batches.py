"""The figures of many providers at once, each by itself; and requests that are sent twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, orm, select

from contracts import errors, permissions
from kit import database, ids
from services.providers import batches, idempotency, models
from tests.providers import given

OWNER = given.actor()
BED_TYPE = "general_residential"


@pytest.fixture
def homes(session: orm.Session) -> list[models.Provider]:
    """Three homes of the owner, with ten beds each, eight of them occupied."""
    return [given.declared(session, BED_TYPE, by=OWNER, name=f"Home {number}") for number in range(3)]


def declare(
    session: orm.Session, *items: dict[str, Any], by: permissions.Actor = OWNER, **options: Any
) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = answer(session, *items, by=by, **options)["results"]
    return results


def answer(
    session: orm.Session, *items: dict[str, Any], by: permissions.Actor = OWNER, **options: Any
) -> dict[str, Any]:
    defaults = {"idempotency_key": None, "now": given.NOW + timedelta(minutes=5)}
    return batches.declare_many(session, items=list(items), by=by, **(defaults | options))


def saving(home: models.Provider, *, version: int | None = None, **figures: Any) -> dict[str, Any]:
    return {
        "provider_id": home.id,
        "version": home.version if version is None else version,
        "form": {"bed_types": [given.figures(BED_TYPE, **figures)]},
    }


def accepting(session: orm.Session, home: models.Provider) -> int | None:
    its = models.OfferedBedType
    return session.scalar(select(its.accepting).where(its.provider_id == home.id))


class TestDeclareMany:
    def test_b8_saves_each_and_says_so_of_each(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        first, second, third = homes
        found = declare(
            session,
            saving(first, occupied=7, accepting=3),
            {"provider_id": second.id, "version": second.version, "unchanged": True},
            saving(third, occupied=9, accepting=3),
        )
        assert [row["status"] for row in found] == ["saved", "confirmed", "refused"]
        assert [row["provider_id"] for row in found] == [first.id, second.id, third.id]
        assert found[0]["version"] == first.version
        assert found[0]["last_updated"] == (given.NOW + timedelta(minutes=5)).isoformat()
        assert found[2]["code"] == "invalid"
        assert list(found[2]["fields"]) == ["bed_types.0.maximum"]
        assert (accepting(session, first), accepting(session, third)) == (3, 2)
        kinds = {
            row.id: (row.kind, row.version)
            for row in session.scalars(select(models.Declaration).where(models.Declaration.version > 3))
        }
        assert {kinds[row["declaration_id"]] for row in found[:2]} == {("saved", 4), ("confirmed", 4)}

    def test_b9_confirms_over_versions_that_changed_no_figures(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        home = homes[0]
        (row,) = declare(session, {"provider_id": home.id, "version": home.version - 1, "unchanged": True})
        assert row["status"] == "refused", "the figures themselves came with the last version"
        (row,) = declare(session, {"provider_id": home.id, "unchanged": True})
        assert row["status"] == "confirmed"

    def test_b10_refuses_each_that_somebody_saved_meanwhile_with_what_changed(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        seen = {home.id: home.version for home in homes}
        given.declare(session, homes[1], given.figures(BED_TYPE, occupied=6, accepting=4), by=OWNER)
        found = declare(
            session, *(saving(home, version=seen[home.id], occupied=7, accepting=3) for home in homes)
        )
        assert [row["status"] for row in found] == ["saved", "refused", "saved"]
        assert (found[1]["code"], found[1]["version"]) == ("stale", homes[1].version)
        assert found[1]["fields"][f"bed_types.{BED_TYPE}.accepting"] == "was 2, is now 4"
        assert accepting(session, homes[1]) == 4

    def test_b10_lets_the_newest_win_where_no_version_is_sent(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        item = saving(homes[0], occupied=7, accepting=3)
        given.declare(session, homes[0], given.figures(BED_TYPE, occupied=6, accepting=4), by=OWNER)
        (row,) = declare(session, {**item, "version": None})
        assert row["status"] == "saved"
        assert accepting(session, homes[0]) == 3

    def test_b7_asks_whether_one_is_sure_of_each(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        jump = saving(homes[0], occupied=2, accepting=8)
        (row,) = declare(session, jump)
        assert (row["status"], row["code"]) == ("refused", "conflict")
        assert list(row["fields"]) == ["confirm_large_change"]
        jump["form"]["confirm_large_change"] = True
        (row,) = declare(session, jump)
        assert row["status"] == "saved"

    @pytest.mark.parametrize(
        ("item", "field"),
        [
            ({}, "provider_id"),
            ({"provider_id": "one", "unchanged": True}, "provider_id"),
            ({"provider_id": ids.new(), "cqc_location_id": "1-1", "unchanged": True}, "provider_id"),
            ({"provider_id": ids.new()}, "form"),
            ({"provider_id": ids.new(), "unchanged": True, "form": {"bed_types": []}}, "form"),
            ({"provider_id": ids.new(), "unchanged": "yes"}, "unchanged"),
            ({"provider_id": ids.new(), "version": "7", "unchanged": True}, "version"),
            ({"provider_id": ids.new(), "unchanged": True, "colour": "red"}, "colour"),
            (
                {"provider_id": ids.new(), "form": {"bed_types": [{"accepting": "two"}]}},
                "bed_types.0.accepting",
            ),
            ({"provider_id": ids.new(), "form": {}}, "bed_types"),
        ],
    )
    def test_refuses_an_item_by_its_fields_and_none_of_the_others(
        self, session: orm.Session, homes: list[models.Provider], item: dict[str, Any], field: str
    ) -> None:
        found = declare(session, item, {"provider_id": homes[0].id, "unchanged": True})
        assert (found[0]["status"], found[0]["code"]) == ("refused", "invalid")
        assert field in found[0]["fields"]
        assert found[1]["status"] == "confirmed"

    def test_takes_each_provider_once(self, session: orm.Session, homes: list[models.Provider]) -> None:
        unchanged = {"provider_id": homes[0].id, "unchanged": True}
        found = declare(session, unchanged, {**unchanged, "provider_id": homes[0].id.upper()})
        assert [row["status"] for row in found] == ["confirmed", "refused"]
        assert found[1]["code"] == "invalid"

    @pytest.mark.parametrize("number", [0, batches.MOST_ITEMS + 1])
    def test_takes_a_bounded_number(self, session: orm.Session, number: int) -> None:
        with pytest.raises(errors.Invalid):
            declare(session, *[{"provider_id": ids.new(), "unchanged": True}] * number)


class TestNames:
    def test_means_a_provider_by_its_codes(self, session: orm.Session, homes: list[models.Provider]) -> None:
        homes[0].cqc_location_id, homes[1].ods_code = "1-111", "VM111"
        session.flush()
        found = declare(
            session,
            {"cqc_location_id": "1-111", "unchanged": True},
            {"ods_code": "VM111", "unchanged": True},
            {"ods_code": "1-111", "unchanged": True},
        )
        assert [row["provider_id"] for row in found] == [homes[0].id, homes[1].id, None]
        assert [row["code"] for row in found] == [None, None, "not_found"]

    def test_means_a_code_however_it_is_capitalised(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        homes[0].cqc_location_id, homes[1].ods_code = "1-ABC111", "VM111"
        session.flush()
        found = declare(
            session,
            {"cqc_location_id": "1-abc111", "unchanged": True},
            {"ods_code": "vm111", "unchanged": True},
        )
        assert [row["provider_id"] for row in found] == [homes[0].id, homes[1].id]

    def test_prefers_what_is_active_and_ones_own(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        other = given.actor()
        for home in homes[:2]:
            home.cqc_location_id = "1-111"
        given.declared(session, BED_TYPE, by=other, cqc_location_id="1-111")
        homes[0].active = False
        session.flush()
        (row,) = declare(session, {"cqc_location_id": "1-111", "unchanged": True})
        assert row["provider_id"] == homes[1].id

    def test_asks_which_where_two_have_one_code(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        for home in homes[:2]:
            home.cqc_location_id = "1-111"
        session.flush()
        (row,) = declare(session, {"cqc_location_id": "1-111", "unchanged": True})
        assert (row["status"], row["code"]) == ("refused", "conflict")


class TestReach:
    def test_refuses_what_is_not_ones_own(self, session: orm.Session, homes: list[models.Provider]) -> None:
        theirs = given.declared(session, BED_TYPE, by=given.actor())
        found = declare(
            session,
            {"provider_id": theirs.id, "unchanged": True},
            {"provider_id": ids.new(), "unchanged": True},
            {"provider_id": homes[0].id, "unchanged": True},
        )
        assert [row["code"] for row in found] == ["forbidden", "not_found", None]
        assert theirs.version == 3

    def test_b15_marks_what_a_broker_saves_on_behalf(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        elsewhere = given.declared(session, BED_TYPE, by=OWNER, council_code=given.NEWCASTLE)
        broker = given.broker()
        found = declare(
            session, *(saving(home, occupied=7, accepting=3) for home in (*homes, elsewhere)), by=broker
        )
        assert [row["status"] for row in found] == ["saved"] * 3 + ["refused"]
        entries = session.scalars(select(models.AuditEntry).where(models.AuditEntry.by_id == broker.user_id))
        assert [entry.after["on_behalf"] for entry in entries] == [True] * 3

    def test_shows_the_figures_of_those_that_one_edits_in_the_order_asked_for(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        theirs = given.declared(session, BED_TYPE, by=given.actor())
        asked = [homes[2].id, theirs.id, "nonsense", homes[0].id, homes[2].id]
        found = batches.capacities(session, provider_ids=asked, by=OWNER)
        assert [row["name"] for row in found] == ["Home 2", "Home 0"]
        assert found[0]["bed_types"][0]["accepting"] == 2
        with pytest.raises(errors.Invalid):
            batches.capacities(session, provider_ids=[ids.new()] * (batches.MOST_ITEMS + 1), by=OWNER)


class TestIdempotency:
    def test_does_the_same_request_once(self, session: orm.Session, homes: list[models.Provider]) -> None:
        item = saving(homes[0], occupied=7, accepting=3)
        first = answer(session, item, idempotency_key="monday")
        again = answer(session, item, idempotency_key="monday", now=given.NOW + timedelta(hours=1))
        assert (first["replayed"], again["replayed"]) == (False, True)
        assert first["results"] == again["results"]
        assert session.scalar(select(func.count()).select_from(models.Declaration)) == 4

    def test_refuses_a_key_for_another_request(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        answer(session, saving(homes[0], occupied=7, accepting=3), idempotency_key="monday")
        with pytest.raises(errors.Conflict):
            answer(session, saving(homes[1], occupied=7, accepting=3), idempotency_key="monday")

    def test_keeps_keys_of_different_callers_apart(
        self, session: orm.Session, homes: list[models.Provider]
    ) -> None:
        item = {"provider_id": homes[0].id, "unchanged": True}
        colleague = given.actor(organisation_id=OWNER.organisation_id)
        answer(session, item, idempotency_key="monday")
        assert answer(session, item, idempotency_key="monday", by=colleague)["replayed"] is False

    def test_forgets_after_a_day(self, session: orm.Session, homes: list[models.Provider]) -> None:
        item = {"provider_id": homes[0].id, "unchanged": True}
        answer(session, item, idempotency_key="monday")
        later = given.NOW + idempotency.KEPT_FOR + timedelta(minutes=6)
        assert answer(session, item, idempotency_key="monday", now=later)["replayed"] is False
        assert session.scalar(select(func.count()).select_from(models.IdempotentRequest)) == 1

    @pytest.mark.parametrize("key", ["", "x" * 201, "nul\x00"])
    def test_refuses_what_can_be_no_key(
        self, session: orm.Session, homes: list[models.Provider], key: str
    ) -> None:
        with pytest.raises(errors.Invalid):
            answer(session, {"provider_id": homes[0].id, "unchanged": True}, idempotency_key=key)

    def test_lets_a_second_sender_wait_for_the_first(self, sessions: database.Sessions) -> None:
        """Both at the same moment: one carries it out, both get the same answer."""
        with sessions.transaction() as session:
            home = given.declared(session, BED_TYPE, by=OWNER)
            item = saving(home, occupied=7, accepting=3)
        found: list[dict[str, Any]] = []
        start = threading.Barrier(2)

        def send() -> None:
            start.wait()
            with sessions.transaction() as session:
                found.append(answer(session, item, idempotency_key="both"))

        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(row["replayed"] for row in found) == [False, True]
        assert found[0]["results"] == found[1]["results"]
        assert found[0]["results"][0]["status"] == "saved"

    def test_lets_two_batches_of_the_same_homes_wait_for_each_other(
        self, sessions: database.Sessions
    ) -> None:
        """B10: in whichever order they name them, one after the other, and the second is told."""
        with sessions.transaction() as session:
            homes = [given.declared(session, BED_TYPE, by=OWNER) for _ in range(6)]
            items = [saving(home, occupied=7, accepting=3) for home in homes]
        found: list[list[str]] = []
        start = threading.Barrier(2)

        def send(mine: list[dict[str, Any]]) -> None:
            start.wait()
            with sessions.transaction() as session:
                found.append([row["status"] for row in declare(session, *mine)])

        threads = [threading.Thread(target=send, args=(mine,)) for mine in (items, items[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [["refused"] * 6, ["saved"] * 6]
