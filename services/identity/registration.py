"""Registering (A1, A2): asking for an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import orm, select
from sqlalchemy.dialects.postgresql import insert

from contracts import errors, events, permissions, terms
from kit import addresses, ids, outbox
from services.identity import audit, models, organisations, people, schemas, settings, throttling

WITHOUT_ORGANISATION = frozenset({"csu", "nhs_england", "other"})
"""Organisation types that are not on our list: who applies names it, and an administrator looks."""

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
REPEATS_TOLD_A_DAY = 3


def register(
    session: orm.Session,
    *,
    form: Mapping[str, Any],
    limits: settings.Settings,
    by: permissions.Actor,
    now: datetime,
) -> dict[str, str]:
    """Take in somebody's registration and tell who may decide on it.

    An address that is known already gets exactly the same answer; its owner is told by mail what to do.

    :raises errors.Invalid: naming every field that needs correcting.
    :raises errors.TooMany: when too many came from this network address.
    """
    throttling.take(
        session,
        f"registration from {addresses.network(by.address)}",
        limit=limits.registrations_per_address,
        seconds=HOUR_SECONDS,
        now=now,
    )
    applicant = _checked(session, form)
    user_id = _insert(session, applicant, now=now)
    if user_id is None:
        _tell_owner(session, applicant["email"], now=now)
        # Shaped like a new registration's, and like hers made just now.
        return {"id": ids.new(), "status": models.AWAITING}
    organisation_id = applicant["organisation_id"]
    outbox.record(
        session,
        events.RegistrationSubmitted(
            user_id=user_id,
            organisation_id=organisation_id,
            approver_ids=deciders(session, organisation_id=organisation_id),
        ),
    )
    audit.record(
        session,
        "registered",
        user_id=user_id,
        by=by,
        now=now,
        before={"status": None, "roles": []},
        after={"status": models.AWAITING, "roles": []},
    )
    return {"id": user_id, "status": models.AWAITING}


def deciders(session: orm.Session, *, organisation_id: str | None) -> list[str]:
    """Return who is asked to decide: the organisation's Approvers, else the administrators (A3)."""
    approvers = people.approvers_of(session, organisation_id=organisation_id) if organisation_id else []
    return approvers or people.administrators(session)


def _checked(session: orm.Session, form: Mapping[str, Any]) -> dict[str, Any]:
    applicant = schemas.load(schemas.Registration, form)
    if not applicant.pop("accepts_terms"):
        raise errors.Invalid(
            "You can register only if you agree to the terms of use.",
            {"accepts_terms": "Agree to the terms of use to register."},
        )
    _check_organisation(session, applicant)
    if applicant["organisation_id"] is not None:
        applicant["organisation_name"] = None
    applicant["generic"] = bool(applicant["generic"])
    # Only community units choose; everybody else may search or may not (A1).
    applicant["wants_search"] = (
        bool(applicant["wants_search"]) and applicant["organisation_type"] == "community"
    )
    applicant["accepts_communications"] = bool(applicant["accepts_communications"])
    applicant["provider_ids"] = sorted(set(applicant["provider_ids"]))
    return applicant


def _check_organisation(session: orm.Session, applicant: Mapping[str, Any]) -> None:
    organisation_id, kind = applicant["organisation_id"], applicant["organisation_type"]
    if organisation_id is None:
        _check_named(applicant["organisation_name"], kind=kind)
    else:
        organisation = session.get(models.Organisation, organisation_id)
        if organisation is None or organisation.type != kind:
            raise errors.Invalid(
                "Choose your organisation again.",
                {"organisation_id": "There is no such organisation of the type you chose."},
            )
    strangers = organisations.strangers(
        session, organisation_id=organisation_id, provider_ids=applicant["provider_ids"]
    )
    if strangers:
        raise errors.Invalid(
            "Choose only homes or units of your organisation.",
            {f"provider_ids.{place}": "This is not one of the organisation's." for place in strangers},
        )


def _check_named(name: str | None, *, kind: str) -> None:
    """Refuse an applicant who neither chose an organisation nor says what one on no list is called."""
    if name is not None:
        return
    if kind in WITHOUT_ORGANISATION:
        raise errors.Invalid(
            "Name your organisation.", {"organisation_name": "Enter the name of your organisation."}
        )
    raise errors.Invalid(
        "Choose your organisation.", {"organisation_id": "Find and choose your organisation."}
    )


def _insert(session: orm.Session, applicant: Mapping[str, Any], *, now: datetime) -> str | None:
    # The unique index decides, so that two registrations at the same moment cannot both be new.
    return session.execute(
        insert(models.User)
        .values(
            id=ids.new(),
            status=models.AWAITING,
            submitted_at=now,
            terms_accepted_at=now,
            terms_version=terms.CURRENT,
            roles=[],
            **applicant,
        )
        .on_conflict_do_nothing(index_elements=[models.User.email], index_where=models.HOLDS_ADDRESS)
        .returning(models.User.id)
    ).scalar_one_or_none()


def _tell_owner(session: orm.Session, email: str, *, now: datetime) -> None:
    # Nobody is to be pestered by somebody else typing their address.
    if not throttling.within(
        session,
        f"mail on a repeated registration to {email}",
        limit=REPEATS_TOLD_A_DAY,
        seconds=DAY_SECONDS,
        now=now,
    ):
        return
    owner = session.scalars(
        select(models.User.id).where(models.User.email == email, models.HOLDS_ADDRESS)
    ).one_or_none()
    if owner is not None:
        outbox.record(session, events.RegistrationRepeated(user_id=owner))
