"""What tests of providers start from: people, providers, figures."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import orm, select

from contracts import permissions
from kit import ids
from services.providers import capacity, models, schemas, services_offered

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DURHAM, NEWCASTLE = "E06000047", "E08000021"
PLACE = {
    "postcode": "DH1 3YG",
    "easting": 427300,
    "northing": 542100,
    "precision": "postcode",
    "council_code": DURHAM,
    "sub_icb_code": "84H",
    "icb_code": "QHM",
}
OUTWARD = PLACE | {"precision": "outward", "council_code": None, "sub_icb_code": None, "icb_code": None}
DETAILS = {"name": "Thimble House", "address": "1 Fable Close", "town": "Durham", "postcode": "DH1 3YG"}
ADDRESS = "192.0.2.17"
_number = itertools.count(1)


def actor(*roles: str, organisation_type: str = "care_home", **fields: Any) -> permissions.Actor:
    defaults = {"user_id": ids.new(), "full_name": f"Perpetua Fictional {next(_number)}"}
    defaults |= {"organisation_id": ids.new(), "channel": permissions.WEB, "address": ADDRESS}
    return permissions.Actor(
        kind="user", organisation_type=organisation_type, roles=frozenset(roles), **(defaults | fields)
    )


def administrator() -> permissions.Actor:
    return actor(permissions.ADMINISTRATOR, organisation_type="other")


def broker(council_code: str = DURHAM) -> permissions.Actor:
    return actor(permissions.BROKER, organisation_type="local_authority", council_code=council_code)


def provider(session: orm.Session, *, of: permissions.Actor, **columns: Any) -> models.Provider:
    """Store a provider that is complete but for what it offers."""
    defaults = DETAILS | {"id": ids.new(), "version": 1, "organisation_id": of.organisation_id}
    defaults |= {"type": "care_home", "council_code": DURHAM, "icb_code": "QHM", "bed_types": []}
    defaults |= {"notes": [], "alerts": []}
    defaults |= {"funding_sources": ["private"], "care_types": ["residential"], "languages": ["English"]}
    made = models.Provider(**(defaults | columns))
    session.add(made)
    session.flush()
    return made


def offering(session: orm.Session, *bed_types: str, by: permissions.Actor, **columns: Any) -> models.Provider:
    """Store a provider that offers ``bed_types`` and has not declared them."""
    made = provider(session, of=by, **columns)
    return services_offered.replace(
        session, provider_id=made.id, version=None, form=services(*bed_types), by=by, now=NOW
    )


def declared(session: orm.Session, *bed_types: str, by: permissions.Actor, **columns: Any) -> models.Provider:
    """Store a provider with ten beds of each of ``bed_types``, two of them accepting."""
    made = offering(session, *bed_types, by=by, **columns)
    return declare(session, made, *(figures(code) for code in bed_types), by=by)


def services(*bed_types: str, **form: Any) -> dict[str, Any]:
    """Return the form; whoever fills it in is sure that declared beds may go."""
    sure = {"bed_types": list(bed_types), "confirm_dropped_figures": True}
    return schemas.load(schemas.SERVICES, sure | form)


def figures(bed_type: str = "general_residential", **changed: Any) -> dict[str, Any]:
    plain = {"bed_type": bed_type, "maximum": 10, "occupied": 8, "reserved": 0, "accepting": 2, "closed": 0}
    return plain | {"weekly_price_from": 850} | changed


def declare(
    session: orm.Session,
    provider: models.Provider,
    *rows: dict[str, Any],
    by: permissions.Actor,
    **options: Any,
) -> models.Provider:
    """Declare ``rows``; ``options`` are ``version``, ``now`` and further fields of the form."""
    arguments = {name: options.pop(name) for name in ("version", "now") if name in options}
    form = schemas.load(schemas.CAPACITY, {"bed_types": list(rows), **options})
    defaults = {"version": provider.version, "now": NOW}
    return capacity.declare(session, provider_id=provider.id, form=form, by=by, **(defaults | arguments))


def confirm(
    session: orm.Session, provider: models.Provider, *, by: permissions.Actor, **arguments: Any
) -> models.Declaration:
    defaults = {"version": None, "cause": None, "now": NOW}
    return capacity.confirm(session, provider_id=provider.id, by=by, **(defaults | arguments))


def registered_site(session: orm.Session, **columns: Any) -> models.RegisteredSite:
    """Store what CQC's register says of a home that no provider has yet."""
    defaults: dict[str, Any] = DETAILS | {"register": "cqc", "code": "1-100000000", "name": "Fictional Lodge"}
    defaults |= {"phone": "01632 960001", "website": "https://lodge.example", "type": "care_home"}
    defaults |= {"care_home": True, "registered_beds": 12, "rating": "good", "services": [], "digest": ""}
    defaults |= {"ratings": {"overall": {"rating": "good", "date": "2024-03-04"}}, "council_code": DURHAM}
    made = models.RegisteredSite(**(defaults | {"first_seen_at": NOW, "changed_at": NOW} | columns))
    session.add(made)
    session.flush()
    return made


def recorded(session: orm.Session) -> list[dict[str, Any]]:
    """Return the events in the outbox, oldest first, with their name."""
    rows = session.scalars(select(models.OutboxMessage).order_by(models.OutboxMessage.id))
    return [{"event": row.name, **row.body} for row in rows]
