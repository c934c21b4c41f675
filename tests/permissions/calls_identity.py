"""How each entrypoint of identity is called, and the people there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyotp
from sqlalchemy import orm

from contracts import permissions, terms
from services.identity import audit, models, password_links, second_factor, sessions
from tests.identity import given
from tests.permissions import calls, roles, targets
from tests.permissions.calls import Scene

NOW = given.NOW
LOOKING_AFTER: dict[str, Any] = {
    "on": calls.PERSON,
    "needs": (permissions.MANAGE_USERS,),
    "spares_administrators": True,
}
NEW_PASSWORD = "copper-meadow-violin-stairs"


def fill(session: orm.Session) -> None:
    """Let there be everybody, with a session each, and a colleague, an applicant and a home each."""
    for role, actor in roles.PEOPLE.items():
        organisation = given.organisation(
            session,
            id=actor.organisation_id,
            type=actor.organisation_type,
            **{kind: getattr(actor, kind) for kind in roles.NEAR},
        )
        person = given.person(
            session,
            of=organisation,
            id=actor.user_id,
            email=f"{role}@fictional.example",
            roles=sorted(actor.roles),
            provider_ids=list(actor.provider_ids),
            wants_search=actor.wants_search,
            generic=actor.generic,
        )
        _sign_in(session, person, session_id=targets.oneself(role).id("session"))
        _surround(session, targets.own(role), organisation)
    for actor in roles.KEYS.values():
        _give_key(session, actor.organisation_id, id=actor.user_id, provider_ids=list(actor.provider_ids))
    for target in (targets.AREA, targets.FOREIGN):
        organisation = given.organisation(session, id=target.organisation_id, **target.codes)
        _surround(session, target, organisation)


def _surround(session: orm.Session, target: targets.Target, organisation: models.Organisation) -> None:
    colleague = given.person(session, of=organisation, id=target.id("person"), email=address_of(target))
    _sign_in(session, colleague, session_id=target.id("session"))
    administrator = targets.administrator_at(target.organisation)
    given.person(
        session,
        of=organisation,
        id=administrator.id("person"),
        email=address_of(administrator),
        roles=[permissions.ADMINISTRATOR],
    )
    given.person(
        session, of=organisation, id=target.id("applicant"), status=models.AWAITING, password_hash=None
    )
    given.provider(session, of=organisation, id=target.id("provider"))
    _give_key(session, organisation.id, id=target.id("api_key"))


def _give_key(session: orm.Session, organisation_id: str | None, **columns: Any) -> None:
    session.add(
        models.ApiKey(
            organisation_id=organisation_id,
            name="Care software",
            prefix="abcdefgh",
            token_hash=sessions.token_hash_of(token_of(columns["id"])),
            created_by="Perpetua Fictional",
            created_at=NOW,
            expires_at=NOW + sessions.REMEMBERED_FOR,
            **{"provider_ids": [], **columns},
        )
    )


def _sign_in(session: orm.Session, person: models.User, *, session_id: str) -> None:
    session.add(
        models.Session(
            id=session_id,
            user_id=person.id,
            token_hash=sessions.token_hash_of(token_of(person.id)),
            remembered=False,
            created_at=NOW,
            last_seen_at=NOW,
            rotated_at=NOW,
            expires_at=NOW + sessions.IDLE_FOR,
            address="192.0.2.7",
            user_agent="Fictional",
        )
    )


def token_of(user_id: str) -> str:
    """Return the token of somebody's session."""
    return f"session of {user_id}"


def address_of(target: targets.Target) -> str:
    return f"{target.id('person')}@fictional.example"


def dependencies() -> dict[str, Any]:
    return {"limits": given.LIMITS}


def _token_hash(scene: Scene) -> str:
    return sessions.token_hash_of(token_of(scene.target.id("person")))


def _is_signed_in(scene: Scene) -> bool:
    scene.session.expire_all()
    return scene.session.get(models.Session, scene.target.id("session")) is not None


def _with_second_factor(scene: Scene, user_id: str) -> str:
    """Let somebody have a second factor; return its secret."""
    user = scene.session.get(models.User, user_id)
    assert user is not None
    secret = pyotp.random_base32()
    user.second_factor_secret = second_factor.sealed(secret, key=scene.service.limits.second_factor_key)
    user.second_factor_since = NOW
    scene.session.commit()
    return secret


def _person(scene: Scene, **columns: Any) -> str:
    """Let the target's person be like this; return the id."""
    user = scene.session.get(models.User, scene.target.id("person"))
    assert user is not None
    for name, value in columns.items():
        setattr(user, name, value)
    scene.session.commit()
    return user.id


@calls.to("identity.health")
def health(scene: Scene) -> Any:
    return scene.service.health()


# Coming in


@calls.to("identity.register")
def register(scene: Scene) -> Any:
    return scene.service.register(form=given.form())


@calls.to("identity.find_organisations")
def find_organisations(scene: Scene) -> Any:
    return scene.service.find_organisations(q="Fictional")


@calls.to("identity.registrations", on=calls.PERSON, lists="applicant", needs=(permissions.APPROVE_USERS,))
def registrations(scene: Scene) -> list[str]:
    return _pages(scene.service.registrations)


@calls.to("identity.registration", on=calls.PERSON, needs=(permissions.APPROVE_USERS,))
def registration(scene: Scene) -> Any:
    return scene.service.registration(registration_id=scene.target.id("applicant"))


@calls.to("identity.approve_registration", on=calls.PERSON, needs=(permissions.APPROVE_USERS,))
def approve_registration(scene: Scene) -> Any:
    return scene.service.approve_registration(registration_id=scene.target.id("applicant"))


@calls.to("identity.reject_registration", on=calls.PERSON, needs=(permissions.APPROVE_USERS,))
def reject_registration(scene: Scene) -> Any:
    return scene.service.reject_registration(
        registration_id=scene.target.id("applicant"), reason="Works for somebody else."
    )


@calls.to("identity.decide_registrations", on=calls.PERSON, needs=(permissions.APPROVE_USERS,))
def decide_registrations(scene: Scene) -> bool:
    answer = scene.service.decide_registrations(
        registration_ids=[scene.target.id("applicant")], decision="approve"
    )
    return bool(answer["results"][0]["error"] is None)


# Signing in


@calls.to("identity.sign_in")
def sign_in(scene: Scene) -> Any:
    return scene.service.sign_in(
        email=address_of(scene.target), password=given.PASSWORD, remember_me=False, user_agent="Fictional"
    )


@calls.to("identity.check_session")
def check_session(scene: Scene) -> Any:
    return scene.service.check_session(token_hash=_token_hash(scene))


@calls.to("identity.sign_out", on=calls.ONESELF)
def sign_out(scene: Scene) -> Any:
    scene.service.sign_out(token_hash=_token_hash(scene))
    return not _is_signed_in(scene)


@calls.to("identity.sign_in_second")
def sign_in_second(scene: Scene) -> Any:
    secret = _with_second_factor(scene, scene.target.id("person"))
    first = sign_in(scene)
    return scene.service.sign_in_second(
        challenge=first["challenge"], code=_code(secret), user_agent="Fictional"
    )


def _code(secret: str) -> str:
    return pyotp.TOTP(secret).at(NOW)


@calls.to("identity.rotate_session", on=calls.ONESELF)
def rotate_session(scene: Scene) -> Any:
    row = scene.session.get(models.Session, scene.target.id("session"))
    assert row is not None
    row.remembered, row.rotated_at = True, NOW - sessions.ROTATED_EVERY
    scene.session.commit()
    return scene.service.rotate_session(token_hash=_token_hash(scene))


@calls.to("identity.sessions", on=calls.ONESELF, lists="session")
def list_sessions(scene: Scene) -> list[str]:
    return [row["id"] for row in scene.service.sessions(token_hash=_token_hash(scene))["results"]]


@calls.to("identity.end_session", on=calls.ONESELF)
def end_session(scene: Scene) -> Any:
    scene.service.end_session(session_id=scene.target.id("session"))
    return not _is_signed_in(scene)


@calls.to("identity.end_other_sessions", on=calls.ONESELF)
def end_other_sessions(scene: Scene) -> Any:
    return scene.service.end_other_sessions(token_hash=_token_hash(scene))


@calls.to("identity.accept_terms")
def accept_terms(scene: Scene) -> Any:
    return scene.service.accept_terms(version=terms.CURRENT)


@calls.to("identity.accept_disclaimer", on=calls.ONESELF)
def accept_disclaimer(scene: Scene) -> Any:
    return scene.service.accept_disclaimer(token_hash=_token_hash(scene))


# What one signs in with


@calls.to("identity.change_password", on=calls.ONESELF)
def change_password(scene: Scene) -> Any:
    return scene.service.change_password(
        current_password=given.PASSWORD, new_password=NEW_PASSWORD, token_hash=_token_hash(scene)
    )


@calls.to("identity.judge_password")
def judge_password(scene: Scene) -> Any:
    return scene.service.judge_password(new_password=NEW_PASSWORD)


@calls.to("identity.forget_password")
def forget_password(scene: Scene) -> Any:
    return scene.service.forget_password(email=address_of(scene.target))


@calls.to("identity.issue_password_link", needs=(permissions.SERVICE,))
def issue_password_link(scene: Scene) -> Any:
    return scene.service.issue_password_link(user_id=scene.target.id("person"))


@calls.to("identity.password_link")
def password_link(scene: Scene) -> Any:
    return scene.service.password_link(link_token=_link(scene))


@calls.to("identity.set_password_by_link")
def set_password_by_link(scene: Scene) -> Any:
    return scene.service.set_password_by_link(link_token=_link(scene), new_password=NEW_PASSWORD)


def _link(scene: Scene) -> str:
    lasts = password_links.LASTS
    token = password_links.create(scene.session, user_id=scene.target.id("person"), lasts=lasts, now=NOW)
    scene.session.commit()
    return token


@calls.to("identity.second_factor")
def about_second_factor(scene: Scene) -> Any:
    return scene.service.second_factor()


@calls.to("identity.begin_second_factor")
def begin_second_factor(scene: Scene) -> Any:
    return scene.service.begin_second_factor()


@calls.to("identity.confirm_second_factor")
def confirm_second_factor(scene: Scene) -> Any:
    code = _code(scene.service.begin_second_factor()["secret"])
    return scene.service.confirm_second_factor(code=code, password=given.PASSWORD)


@calls.to("identity.new_recovery_codes")
def new_recovery_codes(scene: Scene) -> Any:
    if scene.actor.kind == "user" and scene.actor.user_id:
        _with_second_factor(scene, scene.actor.user_id)
    return scene.service.new_recovery_codes(password=given.PASSWORD)


@calls.to(
    "identity.drop_second_factor",
    besides={"administrators must have one": lambda by, _: permissions.ADMINISTRATOR in by.roles},
)
def drop_second_factor(scene: Scene) -> Any:
    if scene.actor.kind == "user" and scene.actor.user_id:
        _with_second_factor(scene, scene.actor.user_id)
    return scene.service.drop_second_factor(password=given.PASSWORD)


# Users


@calls.to("identity.reset_password", never_oneself=True, **LOOKING_AFTER)
def reset_password(scene: Scene) -> Any:
    return scene.service.reset_password(user_id=scene.target.id("person"))


@calls.to("identity.unlock", **LOOKING_AFTER)
def unlock(scene: Scene) -> Any:
    return scene.service.unlock(user_id=_person(scene, locked_at=NOW))


@calls.to("identity.users", lists="person", **LOOKING_AFTER)
def users(scene: Scene) -> list[str]:
    return _pages(scene.service.users)


@calls.to("identity.user", **LOOKING_AFTER)
def user(scene: Scene) -> Any:
    return scene.service.user(user_id=scene.target.id("person"))


@calls.to("identity.change_user", never_oneself=True, **LOOKING_AFTER)
def change_user(scene: Scene) -> Any:
    return scene.service.change_user(user_id=_person(scene), version=1, changes={"job_title": "Director"})


@calls.to(
    "identity.change_user: to another organisation",
    on=calls.PERSON,
    needs=(permissions.MANAGE_USERS, permissions.MANAGE_ORGANISATIONS),
)
def move_user(scene: Scene) -> Any:
    there = targets.Target("another", "manage_alerts", "near").organisation_id
    if scene.target.organisation_id == there:
        there = targets.AREA.organisation_id
    return scene.service.change_user(user_id=_person(scene), version=1, changes={"organisation_id": there})


@calls.to("identity.set_roles: Approver", never_oneself=True, **LOOKING_AFTER)
def make_approver(scene: Scene) -> Any:
    return scene.service.set_roles(user_id=_person(scene), version=1, roles=[permissions.APPROVER])


@calls.to(
    "identity.set_roles: granted",
    on=calls.PERSON,
    needs=(permissions.MANAGE_USERS, permissions.GRANT_ROLES),
    never_oneself=True,
)
def grant_roles(scene: Scene) -> Any:
    return scene.service.set_roles(user_id=_person(scene), version=1, roles=list(permissions.GRANTED_ROLES))


@calls.to("identity.deactivate_user", never_oneself=True, **LOOKING_AFTER)
def deactivate_user(scene: Scene) -> Any:
    return scene.service.deactivate_user(user_id=_person(scene), reason="Has left.")


@calls.to("identity.reactivate_user", **LOOKING_AFTER)
def reactivate_user(scene: Scene) -> Any:
    return scene.service.reactivate_user(
        user_id=_person(scene, status=models.DEACTIVATED), reason="Has come back."
    )


@calls.to("identity.end_sessions", never_oneself=True, **LOOKING_AFTER)
def end_sessions(scene: Scene) -> Any:
    return scene.service.end_sessions(user_id=_person(scene))


@calls.to("identity.remove_second_factor", never_oneself=True, **LOOKING_AFTER)
def remove_second_factor(scene: Scene) -> Any:
    _with_second_factor(scene, scene.target.id("person"))
    return scene.service.remove_second_factor(user_id=scene.target.id("person"))


def _pages(ask: Callable[..., dict[str, Any]]) -> list[str]:
    """Return the ids on all pages of a list."""
    found: list[str] = []
    page = 1
    while len(found) < (answer := ask(page=page))["total"]:
        found += [row["id"] for row in answer["results"]]
        page += 1
    return found


# About people


@calls.to("identity.me")
def me(scene: Scene) -> Any:
    assert scene.service.me()["id"] == scene.actor.user_id


@calls.to("identity.profile")
def profile(scene: Scene) -> Any:
    assert scene.service.profile()["id"] == scene.actor.user_id


@calls.to("identity.change_profile")
def change_profile(scene: Scene) -> Any:
    return scene.service.change_profile(changes={"job_title": "Director"})


@calls.to("identity.set_communications")
def set_communications(scene: Scene) -> Any:
    return scene.service.set_communications(agrees=True)


@calls.to("identity.names")
def names(scene: Scene) -> Any:
    return scene.service.names(user_ids=[scene.target.id("person")])


@calls.to("identity.organisation_names")
def organisation_names(scene: Scene) -> Any:
    return scene.service.organisation_names(organisation_ids=[scene.target.organisation_id])


@calls.to("identity.contacts", needs=(permissions.SERVICE,))
def contacts(scene: Scene) -> Any:
    return scene.service.contacts(user_ids=[scene.target.id("person")])


@calls.to("identity.people_of_providers", needs=(permissions.SERVICE,))
def people_of_providers(scene: Scene) -> Any:
    return scene.service.people_of_providers(provider_ids=[scene.target.id("provider")])


@calls.to("identity.actor_for", needs=(permissions.SERVICE,))
def actor_for(scene: Scene) -> Any:
    return scene.service.actor_for(user_id=scene.target.id("person"))


@calls.to("identity.issue_temporary_password", needs=(permissions.SERVICE,))
def issue_temporary_password(scene: Scene) -> Any:
    return scene.service.issue_temporary_password(user_id=scene.target.id("person"))


# The audit trail


@calls.to("identity.audit", on=calls.PERSON, lists="person", needs=(permissions.READ_AUDIT,))
def read_audit(scene: Scene) -> list[str]:
    _unlocked(scene)
    found, before_id = [], None
    while True:
        answer = scene.service.audit(limit=100, before_id=before_id)
        found += [row["subject_id"] for row in answer["results"]]
        before_id = answer["next"]
        if before_id is None:
            return found


@calls.to("identity.audit: of one", on=calls.PERSON, lists="person", needs=(permissions.READ_AUDIT,))
def read_audit_of_one(scene: Scene) -> list[str]:
    found = scene.service.audit(subject_id=_unlocked(scene))
    return [row["subject_id"] for row in found["results"]]


@calls.to("identity.audit_actions", needs=(permissions.READ_AUDIT,))
def audit_actions(scene: Scene) -> Any:
    return scene.service.audit_actions()


def _unlocked(scene: Scene) -> str:
    """Let it be on record that somebody opened the account of the target's person; return the id."""
    user_id = scene.target.id("person")
    by = permissions.Actor(kind="user", user_id=roles.id_of("somebody", "person"))
    audit.record(scene.session, "account unlocked", user_id=user_id, by=by, now=NOW)
    scene.session.commit()
    return user_id


# API keys


def _runs_no_providers(by: permissions.Actor, target: targets.Target) -> bool:
    owner = roles.PEOPLE.get(target.organisation)
    return owner is not None and owner.organisation_type not in permissions.PROVIDER_SIDE


OF_THE_ORGANISATION: dict[str, Any] = {
    "on": calls.PERSON,
    "needs": (permissions.MANAGE_API_KEYS,),
    "besides": {"only organisations that run providers have keys": _runs_no_providers},
}


@calls.to("identity.create_api_key", **OF_THE_ORGANISATION)
def create_api_key(scene: Scene) -> Any:
    if _runs_no_providers(scene.actor, scene.target):
        return False
    return scene.service.create_api_key(
        name="Care software", organisation_id=scene.target.organisation_id, expires_in_days=30
    )


@calls.to("identity.api_keys", lists="api_key", **OF_THE_ORGANISATION)
def list_api_keys(scene: Scene) -> list[str]:
    if _runs_no_providers(scene.actor, scene.target):
        return []
    found = scene.service.api_keys(organisation_id=scene.target.organisation_id)
    return [row["id"] for row in found["results"]]


@calls.to("identity.api_key", on=calls.PERSON, needs=(permissions.MANAGE_API_KEYS,))
def api_key(scene: Scene) -> Any:
    return scene.service.api_key(key_id=scene.target.id("api_key"))


@calls.to("identity.revoke_api_key", on=calls.PERSON, needs=(permissions.MANAGE_API_KEYS,))
def revoke_api_key(scene: Scene) -> bool:
    answer = scene.service.revoke_api_key(key_id=scene.target.id("api_key"))
    return bool(answer["state"] == "revoked")


# Organisations


@calls.to("identity.directory")
def directory(scene: Scene) -> Any:
    return scene.service.directory()


@calls.to("identity.organisations", needs=(permissions.MANAGE_ORGANISATIONS,))
def organisations(scene: Scene) -> Any:
    return scene.service.organisations()


@calls.to("identity.add_organisation", needs=(permissions.MANAGE_ORGANISATIONS,))
def add_organisation(scene: Scene) -> Any:
    return scene.service.add_organisation(form={"type": "care_home", "name": "New Fictional Homes"})
