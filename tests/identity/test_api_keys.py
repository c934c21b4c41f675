"""API keys: made by an Approver for an organisation's providers, hashed, expiring, revoked at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import errors, events, permissions
from kit import database, ids
from services.identity import api_keys, audit_reading, models, sessions
from tests.identity import given, racing

YEAR = timedelta(days=365)


class House:
    """A care-home organisation with two homes and an Approver."""

    def __init__(self, session: orm.Session, **organisation: Any) -> None:
        self.organisation = given.organisation(session, **organisation)
        self.homes = [given.provider(session, of=self.organisation).id for _ in range(2)]
        self.approver = given.person(
            session, of=self.organisation, roles=[permissions.APPROVER], full_name="Ann Approver"
        )
        self.by = given.actor(session, self.approver)


@pytest.fixture
def house(session: orm.Session) -> House:
    return House(session)


def create(session: orm.Session, by: permissions.Actor, **form: Any) -> dict[str, Any]:
    organisation_id = form.pop("organisation_id", None)
    now = form.pop("now", given.NOW)
    return api_keys.create(
        session, form={"name": "Care software"} | form, organisation_id=organisation_id, by=by, now=now
    )


def check(session: orm.Session, secret: str, *, now: Any = given.NOW) -> sessions.Checked | None:
    return api_keys.check(session, token_hash=sessions.token_hash_of(secret), now=now)


def works(session: orm.Session, secret: str, *, now: Any = given.NOW) -> bool:
    return check(session, secret, now=now) is not None


class TestCreate:
    def test_api_keys_are_random_begin_alike_and_only_a_hash_is_kept(
        self, session: orm.Session, house: House
    ) -> None:
        made = [create(session, house.by) for _ in range(3)]
        secrets = {one["secret"] for one in made}
        assert len(secrets) == 3
        for one in made:
            assert one["secret"].startswith("ctk_")
            assert len(one["secret"]) == len("ctk_") + 43
            assert one["prefix"] == one["secret"][:12]
            row = session.get_one(models.ApiKey, one["id"])
            assert row.token_hash == sessions.token_hash_of(one["secret"])
            assert one["secret"] not in repr(vars(row))

    def test_api_keys_act_for_all_of_the_organisations_providers_or_those_chosen(
        self, session: orm.Session, house: House
    ) -> None:
        every, some = create(session, house.by), create(session, house.by, provider_ids=house.homes[:1])
        for made, chosen in ((every, ()), (some, (house.homes[0],))):
            checked = check(session, made["secret"])
            assert checked is not None
            assert checked.actor == permissions.Actor(
                kind="key",
                user_id=made["id"],
                full_name="API key Care software",
                organisation_id=house.organisation.id,
                organisation_type="care_home",
                provider_ids=chosen,
            )
            assert (checked.session_id, checked.duty, checked.rotate) == (made["id"], None, False)
        assert [row["id"] for row in some["providers"]] == house.homes[:1]

    @pytest.mark.parametrize(("days", "lasts"), [(None, YEAR), (1, timedelta(days=1)), (365, YEAR)])
    def test_api_keys_expire_after_the_days_asked_for(
        self, session: orm.Session, house: House, days: int | None, lasts: timedelta
    ) -> None:
        made = create(session, house.by, **({} if days is None else {"expires_in_days": days}))
        assert made["expires_at"] == (given.NOW + lasts).isoformat()
        assert works(session, made["secret"], now=given.NOW + lasts - timedelta(seconds=1))
        assert not works(session, made["secret"], now=given.NOW + lasts)

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"name": " "}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": "two\nlines"}, "name"),
            ({"expires_in_days": 0}, "expires_in_days"),
            ({"expires_in_days": 366}, "expires_in_days"),
            ({"expires_in_days": "ten"}, "expires_in_days"),
            ({"expires_in_days": None}, "expires_in_days"),
            ({"provider_ids": ["not an id"]}, "provider_ids.0"),
            ({"provider_ids": "abc"}, "provider_ids"),
        ],
    )
    def test_api_keys_say_what_is_wrong_by_field(
        self, session: orm.Session, house: House, wrong: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            create(session, house.by, **wrong)
        assert set(refusal.value.fields) == {field}

    def test_api_keys_are_for_no_other_organisations_providers(
        self, session: orm.Session, house: House
    ) -> None:
        stranger = House(session)
        with pytest.raises(errors.Invalid) as refusal:
            create(session, house.by, provider_ids=[house.homes[0], stranger.homes[0]])
        assert set(refusal.value.fields) == {"provider_ids.1"}

    def test_api_keys_reach_no_further_than_the_approver_who_makes_them(
        self, session: orm.Session, house: House
    ) -> None:
        house.approver.provider_ids = house.homes[:1]
        by = given.actor(session, house.approver)
        for chosen in ([], house.homes[1:], house.homes):
            with pytest.raises(errors.Invalid):
                create(session, by, provider_ids=chosen)
        assert create(session, by, provider_ids=house.homes[:1])["state"] == "live"
        offered = api_keys.listed(session, organisation_id=None, by=by, now=given.NOW)["providers"]
        assert [row["id"] for row in offered] == house.homes[:1]

    def test_api_keys_are_made_by_approvers_and_administrators_only(
        self, session: orm.Session, house: House
    ) -> None:
        manager = given.actor(session, given.person(session, of=house.organisation))
        program = check(session, create(session, house.by)["secret"])
        assert program is not None
        for who in (manager, program.actor):
            with pytest.raises(errors.Forbidden):
                create(session, who)
        administrator = given.actor(session, given.administrator(session))
        with pytest.raises(errors.Invalid) as refusal:
            create(session, administrator)
        assert set(refusal.value.fields) == {"organisation_id"}
        made = create(session, administrator, organisation_id=house.organisation.id)
        assert made["organisation_id"] == house.organisation.id

    def test_api_keys_are_for_organisations_that_run_providers(self, session: orm.Session) -> None:
        council = House(session, type="local_authority")
        with pytest.raises(errors.Forbidden):
            create(session, council.by)
        administrator = given.actor(session, given.administrator(session))
        with pytest.raises(errors.Invalid) as refusal:
            create(session, administrator, organisation_id=council.organisation.id)
        assert set(refusal.value.fields) == {"organisation_id"}

    def test_api_keys_of_others_cannot_be_told_from_none(self, session: orm.Session, house: House) -> None:
        for organisation_id in (House(session).organisation.id, ids.new(), "nonsense"):
            with pytest.raises(errors.NotFound, match="There is no such organisation"):
                create(session, house.by, organisation_id=organisation_id)

    def test_api_keys_that_work_are_twenty_at_most(self, session: orm.Session, house: House) -> None:
        create(session, House(session).by)
        made = [create(session, house.by, expires_in_days=7) for _ in range(api_keys.MOST_LIVE)]
        with pytest.raises(errors.Conflict, match="Revoke one"):
            create(session, house.by)
        api_keys.revoke(session, key_id=made[0]["id"], by=house.by, now=given.NOW)
        create(session, house.by)
        with pytest.raises(errors.Conflict):
            create(session, house.by)
        assert create(session, house.by, now=given.NOW + timedelta(days=7))["state"] == "live"


class TestListed:
    def test_api_keys_show_when_they_were_last_used_and_how_they_ended(
        self, session: orm.Session, house: House
    ) -> None:
        create(session, House(session).by)
        old = create(session, house.by, name="Old", expires_in_days=1)
        gone, used = create(session, house.by, name="Gone"), create(session, house.by, name="Used")
        later = given.NOW + timedelta(days=2)
        api_keys.revoke(session, key_id=gone["id"], by=house.by, now=given.NOW)
        api_keys.see(session, key_id=used["id"], now=later)
        shown = api_keys.listed(session, organisation_id=None, by=house.by, now=later)
        assert [(row["name"], row["state"]) for row in shown["results"]] == [
            ("Used", "live"),
            ("Gone", "revoked"),
            ("Old", "expired"),
        ]
        assert shown["results"][0]["last_used_at"] == later.isoformat()
        assert (shown["results"][1]["revoked_by"], shown["results"][1]["last_used_at"]) == (
            "Ann Approver",
            None,
        )
        assert {row["id"] for row in shown["providers"]} == set(house.homes)
        assert "secret" not in repr(shown)
        assert sessions.token_hash_of(old["secret"]) not in repr(shown)


class TestUsed:
    def test_api_keys_being_used_is_written_down_once_a_minute(
        self, session: orm.Session, house: House
    ) -> None:
        made = create(session, house.by)

        def use(seconds: int) -> Any:
            now = given.NOW + timedelta(seconds=seconds)
            checked = check(session, made["secret"], now=now)
            assert checked is not None
            api_keys.see(session, key_id=made["id"], now=now)
            session.expire_all()
            written = session.get_one(models.ApiKey, made["id"]).last_used_at
            assert written is not None
            return checked.is_due, (written - given.NOW).seconds

        assert use(0) == (True, 0)
        assert use(59) == (False, 0)
        assert use(60) == (True, 60)


class TestRevoke:
    def test_api_keys_end_at_once_and_the_gateways_are_told(self, session: orm.Session, house: House) -> None:
        made, other = create(session, house.by), create(session, house.by)
        answer = api_keys.revoke(session, key_id=made["id"], by=house.by, now=given.NOW)
        assert (answer["state"], answer["revoked_by"]) == ("revoked", "Ann Approver")
        assert not works(session, made["secret"])
        assert works(session, other["secret"])
        told = [{"user_id": made["id"], "token_hashes": [sessions.token_hash_of(made["secret"])]}]
        assert given.recorded(session, events.SessionsEnded) == told
        again = api_keys.revoke(session, key_id=made["id"], by=house.by, now=given.NOW + YEAR)
        assert again["revoked_at"] == answer["revoked_at"]
        assert given.recorded(session, events.SessionsEnded) == told

    def test_api_keys_of_others_are_not_found(self, session: orm.Session, house: House) -> None:
        made = create(session, House(session).by)
        for key_id in (made["id"], ids.new(), "nonsense"):
            for act in (api_keys.revoke, api_keys.describe):
                with pytest.raises(errors.NotFound, match="There is no such API key"):
                    act(session, key_id=key_id, by=house.by, now=given.NOW)
        assert works(session, made["secret"])

    def test_api_keys_go_on_when_whoever_made_them_leaves(self, session: orm.Session, house: House) -> None:
        made = create(session, house.by)
        house.approver.status = models.DEACTIVATED
        session.flush()
        assert works(session, made["secret"])


class TestAudit:
    def test_api_keys_are_on_record_without_their_secret(self, session: orm.Session, house: House) -> None:
        made = create(session, house.by, provider_ids=house.homes[:1])
        api_keys.revoke(session, key_id=made["id"], by=house.by, now=given.NOW)
        entries = session.scalars(select(models.AuditEntry).order_by(models.AuditEntry.id)).all()
        assert [(entry.action, entry.subject_type) for entry in entries] == [
            ("key for a program made", "api_key"),
            ("key for a program revoked", "api_key"),
        ]
        for entry in entries:
            assert (entry.subject_id, entry.organisation_id) == (made["id"], house.organisation.id)
            kept = repr((entry.before, entry.after))
            assert "Care software" in kept
            assert made["prefix"] not in kept
            assert sessions.token_hash_of(made["secret"]) not in kept

    def test_api_keys_are_called_by_name_in_the_trail(self, session: orm.Session, house: House) -> None:
        create(session, house.by)
        wanted = dict.fromkeys(
            ("subject_id", "by_id", "action", "organisation_id", "since", "until", "before_id")
        )
        found = audit_reading.read(session, **wanted, limit=10, by=house.by)
        assert [row["subject_name"] for row in found["results"]] == ["Care software"]


class TestService:
    """What the gateway asks, on a database in which things are committed."""

    @pytest.fixture
    def house(self, sessions: database.Sessions) -> House:
        with sessions.transaction() as session:
            return House(session)

    def test_api_keys_are_checked_like_sessions(self, identity: Callable[..., Any], house: House) -> None:
        made = identity(house.by).create_api_key(name="Care software", provider_ids=house.homes[:1])
        token_hash = sessions.token_hash_of(made["secret"])
        answer = identity().check_session(token_hash=token_hash)
        assert (answer["actor"]["kind"], answer["actor"]["provider_ids"]) == ("key", house.homes[:1])
        assert (answer["duty"], answer["rotate"], answer["expires_at"]) == (None, False, made["expires_at"])
        (shown,) = identity(house.by).api_keys()["results"]
        assert shown["last_used_at"] == given.NOW.isoformat()
        identity(house.by).revoke_api_key(key_id=made["id"])
        with pytest.raises(errors.Unauthenticated):
            identity().check_session(token_hash=token_hash)

    def test_api_keys_are_refused_where_a_person_is_needed(
        self, identity: Callable[..., Any], house: House
    ) -> None:
        made = identity(house.by).create_api_key(name="Care software")
        answer = identity().check_session(token_hash=sessions.token_hash_of(made["secret"]))
        program = identity(permissions.Actor.from_dict(answer["actor"]))
        for ask in (program.me, program.profile, program.sign_out, program.api_keys):
            with pytest.raises(errors.Forbidden, match="Sign in as a person"):
                ask(**({"token_hash": "x"} if ask == program.sign_out else {}))

    def test_api_keys_have_names_like_people(self, identity: Callable[..., Any], house: House) -> None:
        made = identity(house.by).create_api_key(name="Care software")
        asked = [made["id"], house.approver.id, ids.new(), "nonsense"]
        assert identity(permissions.service("reports")).names(user_ids=asked) == {
            made["id"]: "API key Care software",
            house.approver.id: "Ann Approver",
        }

    def test_api_keys_stay_twenty_when_many_are_made_at_once(
        self, identity: Callable[..., Any], house: House
    ) -> None:
        for _ in range(api_keys.MOST_LIVE - 2):
            identity(house.by).create_api_key(name="Care software")
        outcomes = racing.side_by_side([lambda: identity(house.by).create_api_key(name="Rush")] * 5)
        assert sum(isinstance(outcome, errors.Conflict) for outcome in outcomes) == 3
        states = [row["state"] for row in identity(house.by).api_keys()["results"]]
        assert states == ["live"] * api_keys.MOST_LIVE
