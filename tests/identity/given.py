"""What tests of identity start from: organisations, people, providers, forms."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import orm, select

from contracts import events, permissions, terms
from kit import hashing, ids
from services.identity import models, people, settings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PASSWORD = "velvet-anchor-thimble"
LIMITS = settings.Settings(second_factor_key="only-for-tests")
_number = itertools.count(1)


def organisation(session: orm.Session, **columns: Any) -> models.Organisation:
    defaults = {"id": ids.new(), "name": f"Fictional Homes {next(_number)}", "type": "care_home"}
    made = models.Organisation(**(defaults | columns))
    session.add(made)
    session.flush()
    return made


def person(session: orm.Session, *, of: models.Organisation | None = None, **columns: Any) -> models.User:
    defaults = {
        "email": f"person{next(_number)}@fictional.example",
        "full_name": "Perpetua Fictional",
        "phone": "0191 496 0123",
        "job_title": "Manager",
        "user_type": "standard",
        "organisation_type": of.type if of else "other",
        "organisation_id": of.id if of else None,
        "status": models.ACTIVE,
        "terms_accepted_at": NOW,
        "terms_version": terms.CURRENT,
        "submitted_at": NOW,
        "password_hash": hashing.hash_password(PASSWORD),
        "password_changed_at": NOW,
    }
    made = models.User(**(defaults | columns))
    session.add(made)
    session.flush()
    return made


def nobody(address: str = "192.0.2.1") -> permissions.Actor:
    """Return somebody who is not signed in, seen from an address."""
    return permissions.Actor(kind="anonymous", address=address, channel=permissions.WEB)


def actor(session: orm.Session, user: models.User) -> permissions.Actor:
    return people.actor_for(session, user_id=user.id)


def administrator(session: orm.Session) -> models.User:
    return person(session, roles=[permissions.ADMINISTRATOR])


def provider(session: orm.Session, *, of: models.Organisation, **columns: Any) -> models.KnownProvider:
    defaults = {"id": ids.new(), "name": f"Fictional House {next(_number)}", "postcode": "DH1 3YG"}
    made = models.KnownProvider(
        organisation_id=of.id, **({"active": True, "version": 1} | defaults | columns)
    )
    session.add(made)
    session.flush()
    return made


def form(**answers: Any) -> dict[str, Any]:
    """Return a registration form that needs nothing but perhaps an organisation."""
    defaults = {
        "email": f"applicant{next(_number)}@fictional.example",
        "full_name": "Aldous Applicant",
        "phone": "0191 496 0456",
        "job_title": "Deputy manager",
        "user_type": "standard",
        "organisation_type": "other",
        "organisation_name": "Fictional Partners",
        "accepts_terms": True,
        "accepts_communications": False,
    }
    return defaults | answers


def snapshot(**facts: Any) -> events.ProviderSnapshot:
    defaults = {
        "provider_id": ids.new(),
        "version": 1,
        "organisation_id": ids.new(),
        "name": "Fictional House",
        "postcode": "DH1 3YG",
        "active": True,
    }
    return defaults | facts  # type: ignore[return-value]


def recorded(session: orm.Session, event: type[events.Event]) -> list[dict[str, Any]]:
    """Return the bodies of the recorded events of one kind, oldest first."""
    rows = select(models.OutboxMessage.body).where(models.OutboxMessage.name == event.name)
    return list(session.scalars(rows.order_by(models.OutboxMessage.id)))
