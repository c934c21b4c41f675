"""The demo's organisations and people (``contracts.demo``), all fictional, all with one password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import insert

from contracts import areas, demo, terms
from services.identity import models, organisations

PHONE = "0191 496 0000"
"""In the range that Ofcom keeps free for drama."""


def create(session: orm.Session, *, password_hash: str, now: datetime) -> None:
    """Create what the demo lacks of its organisations and people; what is there stays as it is.

    ``password_hash`` is that of ``demo.PASSWORD``. It is set here directly and nowhere else: everybody else
    has a password only by changing a temporary one.
    """
    organisations.seed(session)
    session.execute(
        insert(models.Organisation)
        .values([_organisation(organisation) for organisation in demo.ORGANISATIONS])
        .on_conflict_do_nothing()
    )
    session.execute(
        insert(models.User)
        .values([_person(person, password_hash=password_hash, now=now) for person in demo.PEOPLE])
        .on_conflict_do_nothing()
    )


def _organisation(organisation: demo.Organisation) -> dict[str, Any]:
    standing_in = areas.alignment_of(organisation.council_code) if organisation.council_code else None
    return {
        "id": organisation.id,
        "name": organisation.name,
        "type": organisation.type,
        "council_code": organisation.council_code,
        "sub_icb_code": standing_in.sub_icb_code if standing_in else None,
        "icb_code": standing_in.icb_code if standing_in else organisation.icb_code,
        "region_code": standing_in.region_code if standing_in else None,
        "postcode": organisation.postcode or None,
    }


def _person(person: demo.Person, *, password_hash: str, now: datetime) -> dict[str, Any]:
    organisation = demo.organisation(person.organisation)
    registered = now - timedelta(hours=20) if person.awaiting else now - timedelta(days=60)
    return {
        "id": person.id,
        "email": person.email,
        "full_name": person.full_name,
        "phone": PHONE,
        "job_title": person.job_title,
        "user_type": "approver" if "approver" in person.roles else "standard",
        "organisation_type": organisation.type,
        "organisation_id": organisation.id,
        "provider_ids": [],
        "wants_search": person.wants_search,
        "accepts_communications": True,
        "terms_accepted_at": registered,
        "terms_version": terms.CURRENT,
        "roles": list(person.roles),
        "status": models.AWAITING if person.awaiting else models.ACTIVE,
        "submitted_at": registered,
        "decided_at": None if person.awaiting else registered + timedelta(hours=2),
        "password_hash": None if person.awaiting else password_hash,
        "password_changed_at": None if person.awaiting else registered + timedelta(hours=3),
    }
