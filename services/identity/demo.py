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
HERE_FOR, WAITING_FOR, IDLE_FOR = timedelta(days=60), timedelta(hours=20), timedelta(days=14 * 30.5)
LOCKING_FAILURES = 5


def create(session: orm.Session, *, password_hash: str, second_factor_secret: str, now: datetime) -> None:
    """Create what the demo lacks of its organisations and people; what is there stays as it is.

    ``password_hash`` is that of ``demo.PASSWORD``, ``second_factor_secret`` is ``demo.SECOND_FACTOR_SECRET``,
    encrypted. They are set here directly and nowhere else: everybody else chooses a password by themselves.
    """
    organisations.seed(session)
    session.execute(
        insert(models.Organisation)
        .values([_organisation(organisation) for organisation in demo.ORGANISATIONS])
        .on_conflict_do_nothing()
    )
    session.execute(
        insert(models.User)
        .values(
            [
                _person(person, password_hash, second_factor_secret if person.second_factor else None, now)
                for person in demo.PEOPLE
            ]
        )
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


def _person(
    person: demo.Person, password_hash: str, second_factor_secret: str | None, now: datetime
) -> dict[str, Any]:
    organisation = demo.organisation(person.organisation)
    registered = now - (IDLE_FOR if person.idle else WAITING_FOR if person.awaiting else HERE_FOR)
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
        "generic": person.generic,
        "roles": list(person.roles),
        "submitted_at": registered,
        **_standing(person, registered, now),
        **_credentials(person, password_hash, second_factor_secret, now),
    }


def _standing(person: demo.Person, registered: datetime, now: datetime) -> dict[str, Any]:
    status = models.DEACTIVATED if person.left else models.ACTIVE
    return {
        "status": models.AWAITING if person.awaiting else status,
        "decided_at": None if person.awaiting else registered + timedelta(hours=2),
        "deactivated_at": now - timedelta(days=9) if person.left else None,
        "deactivation_reason": "Works elsewhere now." if person.left else None,
        "failed_attempts": LOCKING_FAILURES if person.locked else 0,
        "locked_at": now - timedelta(hours=3) if person.locked else None,
    }


def _credentials(
    person: demo.Person, password_hash: str, second_factor_secret: str | None, now: datetime
) -> dict[str, Any]:
    # A password is as old as the last time it was used, so that only that of the idle has expired.
    used = None if person.awaiting else now - (IDLE_FOR if person.idle else timedelta(days=1))
    return {
        "password_hash": None if person.awaiting else password_hash,
        "password_changed_at": used,
        "last_signed_in_at": used,
        "second_factor_secret": second_factor_secret,
        "second_factor_since": used if second_factor_secret else None,
    }
