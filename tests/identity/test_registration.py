"""Registering: A1, A2."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, orm, select

from contracts import errors, events, permissions
from kit import database, ids
from services.identity import approval, models, registration
from tests.identity import given


def register(
    session: orm.Session, *, address: str = "192.0.2.1", now: Any = given.NOW, **answers: Any
) -> Any:
    return registration.register(
        session, form=given.form(**answers), limits=given.LIMITS, by=given.nobody(address), now=now
    )


def refused(session: orm.Session, **answers: Any) -> dict[str, str]:
    with pytest.raises(errors.Invalid) as refusal:
        register(session, **answers)
    return refusal.value.fields


class TestRegister:
    @pytest.mark.parametrize("kind", permissions.ORGANISATION_TYPES)
    def test_a1_takes_every_organisation_type(self, session: orm.Session, kind: str) -> None:
        organisation = given.organisation(session, type=kind)
        answer = register(session, organisation_type=kind, organisation_id=organisation.id)
        user = session.get_one(models.User, answer["id"])
        assert answer["status"] == user.status == "awaiting"
        assert (user.organisation_type, user.organisation_id) == (kind, organisation.id)

    @pytest.mark.parametrize("kind", sorted(registration.WITHOUT_ORGANISATION))
    def test_a1_needs_the_name_alone_for_types_that_are_not_listed(
        self, session: orm.Session, kind: str
    ) -> None:
        answer = register(session, organisation_type=kind, organisation_name=" Fictional Board ")
        user = session.get_one(models.User, answer["id"])
        assert (user.status, user.organisation_id, user.organisation_name) == (
            "awaiting",
            None,
            "Fictional Board",
        )
        assert refused(session, organisation_type=kind, organisation_name=None) == {
            "organisation_name": "Enter the name of your organisation."
        }

    @pytest.mark.parametrize(
        "kind", sorted(set(permissions.ORGANISATION_TYPES) - registration.WITHOUT_ORGANISATION)
    )
    def test_a1_needs_an_organisation_or_its_name_for_all_other_types(
        self, session: orm.Session, kind: str
    ) -> None:
        assert set(refused(session, organisation_type=kind, organisation_name=None)) == {"organisation_id"}
        answer = register(session, organisation_type=kind, organisation_name="Fictional Lodge")
        user = session.get_one(models.User, answer["id"])
        assert (user.organisation_id, user.organisation_name) == (None, "Fictional Lodge")

    def test_a1_drops_the_name_where_the_organisation_was_chosen(self, session: orm.Session) -> None:
        organisation = given.organisation(session)
        answer = register(session, organisation_type="care_home", organisation_id=organisation.id)
        assert session.get_one(models.User, answer["id"]).organisation_name is None

    def test_a1_of_no_listed_organisation_chooses_no_homes(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.organisation(session))
        assert set(refused(session, organisation_type="care_home", provider_ids=[home.id])) == {
            "provider_ids.0"
        }

    @pytest.mark.parametrize(("answer", "kept"), [(True, True), (False, False), (None, False)])
    def test_a8_says_whether_the_account_is_shared(
        self, session: orm.Session, answer: bool | None, kept: bool
    ) -> None:
        user_id = register(session, generic=answer)["id"]
        assert session.get_one(models.User, user_id).generic is kept

    def test_a1_gives_an_applicant_who_names_no_home_all_of_them(self, session: orm.Session) -> None:
        organisation = given.organisation(session)
        given.provider(session, of=organisation)
        answer = register(session, organisation_type="care_home", organisation_id=organisation.id)
        assert session.get_one(models.User, answer["id"]).provider_ids == []

    def test_keeps_the_homes_that_were_chosen(self, session: orm.Session) -> None:
        organisation = given.organisation(session)
        homes = [given.provider(session, of=organisation).id for _ in range(2)]
        answer = register(
            session, organisation_type="care_home", organisation_id=organisation.id, provider_ids=homes
        )
        assert session.get_one(models.User, answer["id"]).provider_ids == sorted(homes)

    def test_refuses_homes_of_another_organisation_naming_them(self, session: orm.Session) -> None:
        organisation, other = given.organisation(session), given.organisation(session)
        homes = sorted([given.provider(session, of=other).id, ids.new()])
        fields = refused(
            session, organisation_type="care_home", organisation_id=organisation.id, provider_ids=homes
        )
        assert set(fields) == {"provider_ids.0", "provider_ids.1"}

    def test_refuses_an_organisation_of_another_type(self, session: orm.Session) -> None:
        organisation = given.organisation(session, type="icb")
        assert set(refused(session, organisation_type="care_home", organisation_id=organisation.id)) == {
            "organisation_id"
        }

    @pytest.mark.parametrize(("kind", "kept"), [("community", True), ("care_home", False)])
    def test_a1_lets_only_community_applicants_choose_to_search(
        self, session: orm.Session, kind: str, kept: bool
    ) -> None:
        organisation = given.organisation(session, type=kind)
        answer = register(session, organisation_type=kind, organisation_id=organisation.id, wants_search=True)
        assert session.get_one(models.User, answer["id"]).wants_search is kept

    def test_a1_refuses_who_does_not_agree_to_the_terms(self, session: orm.Session) -> None:
        assert refused(session, accepts_terms=False) == {
            "accepts_terms": "Agree to the terms of use to register."
        }

    @pytest.mark.parametrize("agrees", [True, False])
    def test_a1_leaves_communications_to_the_applicant(self, session: orm.Session, agrees: bool) -> None:
        answer = register(session, accepts_communications=agrees)
        assert session.get_one(models.User, answer["id"]).accepts_communications is agrees

    @pytest.mark.parametrize(
        ("field", "answer"),
        [
            ("email", "nobody"),
            ("email", "no body@fictional.example"),
            ("email", "x\r\nBcc: y@fictional.example"),
            ("email", ".dot@fictional.example"),
            ("email", "accént@fictional.example"),
            ("email", "a" * 250 + "@fictional.example"),
            ("full_name", "   "),
            ("full_name", "Nul\x00l"),
            ("full_name", "Half \ud800"),
            ("full_name", "x" * 201),
            ("phone", "call me"),
            ("phone", "12"),
            ("job_title", None),
            ("user_type", "administrator"),
            ("organisation_type", "pub"),
            ("organisation_id", "not-an-id"),
            ("provider_ids", "not-a-list"),
            ("organisation_name", "   "),
            ("organisation_name", "x" * 201),
            ("generic", "perhaps"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, session: orm.Session, field: str, answer: Any) -> None:
        assert set(refused(session, **{field: answer})) == {field}

    @pytest.mark.parametrize(
        ("field", "answer"),
        [
            ("roles", ["administrator"]),
            ("status", "active"),
            ("id", ids.new()),
            ("version", 7),
            ("password_hash", "x"),
            ("decided_by_id", ids.new()),
        ],
    )
    def test_a1_takes_nothing_that_is_not_asked_for(
        self, session: orm.Session, field: str, answer: Any
    ) -> None:
        assert refused(session, **{field: answer}) == {field: "Unknown field."}

    def test_is_kept_in_the_audit_trail(self, session: orm.Session) -> None:
        answer = register(session)
        entry = session.scalars(select(models.AuditEntry)).one()
        assert (entry.action, entry.subject_id) == ("registered", answer["id"])
        assert (entry.before, entry.after) == (
            {"status": None, "roles": []},
            {"status": "awaiting", "roles": []},
        )

    def test_keeps_markup_as_text(self, session: orm.Session) -> None:
        answer = register(session, full_name="<script>alert(1)</script>")
        assert session.get_one(models.User, answer["id"]).full_name == "<script>alert(1)</script>"


class TestSubmitted:
    def test_a3_asks_the_approvers_of_the_organisation(self, session: orm.Session) -> None:
        organisation, other = given.organisation(session), given.organisation(session)
        approver = given.person(session, of=organisation, roles=["approver"])
        given.person(session, of=organisation)
        given.person(session, of=organisation, roles=["approver"], status="deactivated")
        given.person(session, of=other, roles=["approver"])
        given.administrator(session)
        answer = register(session, organisation_type="care_home", organisation_id=organisation.id)
        assert given.recorded(session, events.RegistrationSubmitted) == [
            {"user_id": answer["id"], "organisation_id": organisation.id, "approver_ids": [approver.id]}
        ]

    def test_a3_asks_the_administrators_where_there_is_no_approver(self, session: orm.Session) -> None:
        organisation = given.organisation(session)
        administrator = given.administrator(session)
        register(session, organisation_type="care_home", organisation_id=organisation.id)
        assert given.recorded(session, events.RegistrationSubmitted)[0]["approver_ids"] == [administrator.id]

    def test_a3_asks_the_administrators_where_the_organisation_is_on_no_list(
        self, session: orm.Session
    ) -> None:
        given.person(session, of=given.organisation(session), roles=["approver"])
        administrator = given.administrator(session)
        answer = register(session, organisation_type="care_home", organisation_name="Fictional Lodge")
        assert given.recorded(session, events.RegistrationSubmitted) == [
            {"user_id": answer["id"], "organisation_id": None, "approver_ids": [administrator.id]}
        ]


class TestRepeated:
    @pytest.mark.parametrize("status", ["awaiting", "active", "deactivated"])
    def test_a2_is_answered_as_a_first_registration(self, session: orm.Session, status: str) -> None:
        known = given.person(session, status=status)
        answer = register(session, email=f"  {known.email.upper()} ")
        assert set(answer) == {"id", "status"}
        assert answer["status"] == "awaiting"
        assert answer["id"] != known.id
        assert ids.is_valid(answer["id"])

    def test_a2_is_answered_so_for_an_organisation_on_no_list_too(self, session: orm.Session) -> None:
        known = given.person(session)
        answers = {"organisation_type": "care_home", "organisation_name": "Fictional Lodge"}
        first, again = register(session, **answers), register(session, email=known.email, **answers)
        assert first | {"id": None} == again | {"id": None}
        assert given.recorded(session, events.RegistrationRepeated) == [{"user_id": known.id}]

    def test_a2_tells_the_owner_and_nobody_else(self, session: orm.Session) -> None:
        known = given.person(session)
        register(session, email=known.email)
        assert given.recorded(session, events.RegistrationRepeated) == [{"user_id": known.id}]
        assert given.recorded(session, events.RegistrationSubmitted) == []

    def test_changes_nothing_about_the_owner(self, session: orm.Session) -> None:
        known = given.person(session)
        register(session, email=known.email, full_name="Somebody Else")
        session.expire_all()
        assert session.get_one(models.User, known.id).full_name == "Perpetua Fictional"
        assert session.scalars(select(func.count()).select_from(models.User)).one() == 1

    def test_does_not_pester_the_owner(self, session: orm.Session) -> None:
        known = given.person(session)
        for _ in range(registration.REPEATS_TOLD_A_DAY + 3):
            register(session, email=known.email)
        assert len(given.recorded(session, events.RegistrationRepeated)) == registration.REPEATS_TOLD_A_DAY

    def test_is_a_first_one_again_after_a_rejection(self, session: orm.Session) -> None:
        administrator = given.actor(session, given.administrator(session))
        first = register(session, email="again@fictional.example")
        approval.reject(
            session,
            registration_id=first["id"],
            reason="Wrong organisation.",
            by=administrator,
            now=given.NOW,
        )
        second = register(session, email="again@fictional.example")
        assert session.get_one(models.User, second["id"]).status == "awaiting"
        assert session.get_one(models.User, first["id"]).status == "rejected"
        assert given.recorded(session, events.RegistrationRepeated) == []

    def test_at_the_same_moment_makes_one_account(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        form = given.form()
        answers: list[Any] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(identity(by=given.nobody("192.0.2.9")).register(form=form))
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with sessions.reading() as session:
            made = session.scalars(select(models.User.id).where(models.User.email == form["email"])).all()
        assert len(answers) == 8
        assert len(made) == 1


class TestThrottle:
    def test_lets_one_address_register_only_so_often(self, session: orm.Session) -> None:
        for _ in range(given.LIMITS.registrations_per_address):
            register(session, address="192.0.2.7")
        with pytest.raises(errors.TooMany) as refusal:
            register(session, address="192.0.2.7")
        assert 0 < int(refusal.value.fields["retry_after"]) <= 3600

    def test_opens_again_after_an_hour_and_never_closed_for_others(self, session: orm.Session) -> None:
        for _ in range(given.LIMITS.registrations_per_address):
            register(session, address="192.0.2.7")
        assert register(session, address="192.0.2.8")["status"] == "awaiting"
        later = given.NOW + timedelta(hours=1, seconds=1)
        assert register(session, address="192.0.2.7", now=later)["status"] == "awaiting"
