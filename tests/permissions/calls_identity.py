"""How each entrypoint of identity is called, and the people there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import orm

from contracts import permissions
from services.identity import models, sessions
from tests.identity import given
from tests.permissions import calls, roles, targets
from tests.permissions.calls import Scene

NOW = given.NOW
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
        _sign_in(session, person, token_of(str(actor.user_id)))
        _surround(session, targets.own(role), organisation)
    for target in (targets.AREA, targets.FOREIGN):
        organisation = given.organisation(session, id=target.organisation_id, **target.codes)
        _surround(session, target, organisation)


def _surround(session: orm.Session, target: targets.Target, organisation: models.Organisation) -> None:
    colleague = given.person(session, of=organisation, id=target.id("person"), email=address_of(target))
    _sign_in(session, colleague, token_of(colleague.id))
    given.person(
        session, of=organisation, id=target.id("applicant"), status=models.AWAITING, password_hash=None
    )
    given.provider(session, of=organisation, id=target.id("provider"))


def _sign_in(session: orm.Session, person: models.User, token: str) -> None:
    session.flush()
    session.add(
        models.Session(
            id=roles.id_of(token),
            user_id=person.id,
            token_hash=sessions.token_hash_of(token),
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
    return {}


def _token_hash(scene: Scene) -> str:
    return sessions.token_hash_of(token_of(scene.target.id("person")))


def _is_signed_in(scene: Scene) -> bool:
    scene.session.expire_all()
    found = scene.session.query(models.Session).filter_by(token_hash=_token_hash(scene)).one_or_none()
    return found is not None


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
    found, page = [], 1
    while len(found) < (answer := scene.service.registrations(page=page))["total"]:
        found += [row["id"] for row in answer["results"]]
        page += 1
    return found


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


@calls.to("identity.change_password", on=calls.ONESELF)
def change_password(scene: Scene) -> Any:
    return scene.service.change_password(
        current_password=given.PASSWORD, new_password=NEW_PASSWORD, token_hash=_token_hash(scene)
    )


# Users


@calls.to("identity.locked", on=calls.PERSON, lists="person", needs=(permissions.MANAGE_USERS,))
def locked(scene: Scene) -> list[str]:
    _person(scene, locked_at=NOW)
    return [row["id"] for row in scene.service.locked()]


@calls.to("identity.login_details", on=calls.PERSON, lists="person", needs=(permissions.MANAGE_USERS,))
def login_details(scene: Scene) -> list[str]:
    _person(scene, temporary_until=NOW)
    return [row["id"] for row in scene.service.login_details()]


@calls.to(
    "identity.login_details: of one", on=calls.PERSON, lists="person", needs=(permissions.MANAGE_USERS,)
)
def login_details_of_one(scene: Scene) -> list[str]:
    return [row["id"] for row in scene.service.login_details(email=address_of(scene.target))]


@calls.to("identity.reset_password", on=calls.PERSON, needs=(permissions.MANAGE_USERS,), never_oneself=True)
def reset_password(scene: Scene) -> Any:
    return scene.service.reset_password(user_id=scene.target.id("person"))


@calls.to("identity.unlock", on=calls.PERSON, needs=(permissions.MANAGE_USERS,))
def unlock(scene: Scene) -> Any:
    return scene.service.unlock(user_id=_person(scene, locked_at=NOW))


# About people


@calls.to("identity.me")
def me(scene: Scene) -> Any:
    assert scene.service.me()["id"] == scene.actor.user_id


@calls.to("identity.names")
def names(scene: Scene) -> Any:
    return scene.service.names(user_ids=[scene.target.id("person")])


@calls.to("identity.contacts")
def contacts(scene: Scene) -> Any:
    return scene.service.contacts(user_ids=[scene.target.id("person")])


@calls.to("identity.people_of_providers")
def people_of_providers(scene: Scene) -> Any:
    return scene.service.people_of_providers(provider_ids=[scene.target.id("provider")])


@calls.to("identity.actor_for")
def actor_for(scene: Scene) -> Any:
    return scene.service.actor_for(user_id=scene.target.id("person"))


@calls.to("identity.issue_temporary_password")
def issue_temporary_password(scene: Scene) -> Any:
    return scene.service.issue_temporary_password(user_id=scene.target.id("person"))
