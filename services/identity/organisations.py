"""Organisations, and the copy of what providers they run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, orm, select, true
from sqlalchemy.dialects.postgresql import insert

from contracts import areas, errors, events, organisations, permissions
from kit import addresses
from services.identity import audit, models, schemas, settings, throttling

FEWEST_LETTERS = 3
PAGE_SIZE = 20
MOST_FOUND = 50
MOST_PROVIDERS_SHOWN = 100


def seed(session: orm.Session) -> None:
    """Make sure that every council and ICB of England is there, under the same id everywhere."""
    session.execute(insert(models.Organisation).values(_authorities()).on_conflict_do_nothing())


def find(session: orm.Session, *, postcode: str | None, q: str | None) -> dict[str, Any]:
    """Return organisations by a postcode of theirs or of a site, or by part of a name; names only.

    :raises errors.Invalid: when neither is given, or too little to search for.
    """
    is_organisation, is_provider = _conditions(postcode=postcode, q=q)
    running = select(models.KnownProvider.organisation_id).where(is_provider, models.KnownProvider.active)
    found = session.scalars(
        select(models.Organisation)
        .where(is_organisation | models.Organisation.id.in_(running))
        .order_by(models.Organisation.name, models.Organisation.id)
        .limit(MOST_FOUND)
    ).all()
    providers = _providers_of(session, [row.id for row in found], first=is_provider)
    return {
        "results": [
            {"id": row.id, "name": row.name, "type": row.type, "providers": providers.get(row.id, [])}
            for row in found
        ]
    }


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of organisations, and how many there are in all."""

    total: int
    number: int
    rows: Sequence[models.Organisation]

    def as_dict(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the page with what is told of each organisation."""
        return {"total": self.total, "page": self.number, "page_size": PAGE_SIZE, "results": results}


def page_of(session: orm.Session, wanted: ColumnElement[bool], *, q: str | None, page: int) -> Page:
    """Return one page of the organisations that are ``wanted`` and whose name holds ``q``, by name.

    :raises errors.Invalid: when there is no such page.
    """
    its, number = models.Organisation, schemas.page_number(page)
    letters = schemas.clean(q or "", longest=100)
    wanted = and_(wanted, its.name.icontains(letters, autoescape=True)) if letters else wanted
    rows = session.scalars(
        select(its).where(wanted).order_by(its.name, its.id).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    ).all()
    total = session.scalars(select(func.count()).select_from(its).where(wanted)).one()
    return Page(total=total, number=number, rows=rows)


def known(session: orm.Session, *, q: str | None, page: int) -> dict[str, Any]:
    """Return one page of all organisations, for administrators.

    :raises errors.Invalid: when there is no such page.
    """
    found = page_of(session, true(), q=q, page=page)
    return found.as_dict([_described(row) for row in found.rows])


def describe(session: orm.Session, organisation_id: str) -> dict[str, Any]:
    """Return one organisation as :func:`known` lists it."""
    return _described(session.get_one(models.Organisation, organisation_id))


def area_name(organisation: models.Organisation) -> str | None:
    """Return what the area is called that an organisation stands in or works for, if it is known."""
    council = areas.council(organisation.council_code) if organisation.council_code else None
    icb = areas.icb(organisation.icb_code) if organisation.icb_code else None
    area = council or icb
    return area.name if area else None


def add(session: orm.Session, *, form: Mapping[str, str | None], by: permissions.Actor, now: datetime) -> str:
    """Add an organisation that is on no public list; return its id. Its council says which area it stands in.

    :raises errors.Invalid: naming every field that needs correcting.
    :raises errors.Conflict: when there is one of this type and name.
    """
    organisation = schemas.load(schemas.Organisation, form)
    code, postcode = organisation["council_code"], organisation["postcode"]
    known = session.scalars(
        select(models.Organisation.id).where(
            models.Organisation.type == organisation["type"], models.Organisation.name == organisation["name"]
        )
    ).first()
    if known is not None:
        raise errors.Conflict("There is this organisation already.", {"id": known})
    made = models.Organisation(**organisation, **(_standing_in(code) if code else {}))
    made.postcode = _full_postcode(postcode) if postcode else None
    session.add(made)
    session.flush()
    audit.record_organisation(
        session, "organisation added", organisation_id=made.id, by=by, now=now, after={"name": made.name}
    )
    return made.id


def count_search(
    session: orm.Session, *, by: permissions.Actor, limits: settings.Settings, now: datetime
) -> None:
    """Count a search by somebody who is not signed in.

    :raises errors.TooMany: when too many came from this network address.
    """
    throttling.take(
        session,
        f"organisations searched from {addresses.network(by.address)}",
        limit=limits.organisation_searches_per_address,
        seconds=60,
        now=now,
    )


def strangers(session: orm.Session, *, organisation_id: str | None, provider_ids: Sequence[str]) -> list[int]:
    """Return the places of those ``provider_ids`` that are not the organisation's."""
    own = set(
        session.scalars(
            select(models.KnownProvider.id).where(
                models.KnownProvider.id.in_(provider_ids),
                models.KnownProvider.organisation_id == organisation_id,
            )
        )
    )
    return [place for place, provider_id in enumerate(provider_ids) if provider_id not in own]


def refuse_strangers(
    session: orm.Session, *, organisation_id: str | None, provider_ids: Sequence[str]
) -> None:
    """Refuse providers that are not the organisation's.

    :raises errors.Invalid: naming each by its place.
    """
    places = strangers(session, organisation_id=organisation_id, provider_ids=provider_ids)
    if places:
        raise errors.Invalid(
            "Choose only homes or units of the organisation.",
            {f"provider_ids.{place}": "This is not one of the organisation's." for place in places},
        )


def chosen(session: orm.Session, organisation_id: str) -> models.Organisation:
    """Return the organisation that somebody is to belong to.

    :raises errors.Invalid: when there is none.
    """
    found = session.get(models.Organisation, organisation_id)
    if found is None:
        raise errors.Invalid(
            "Choose the organisation again.", {"organisation_id": "There is no such organisation."}
        )
    return found


def providers_of(session: orm.Session, organisation_id: str | None) -> list[dict[str, str]]:
    """Return the active providers of an organisation, by name."""
    known = models.KnownProvider
    rows = session.scalars(
        select(known)
        .where(known.organisation_id == organisation_id, known.active)
        .order_by(known.name, known.id)
    )
    return [{"id": row.id, "name": row.name, "postcode": row.postcode} for row in rows]


def keep_provider(session: orm.Session, snapshot: events.ProviderSnapshot) -> None:
    """Keep a copy of what is needed of a provider; an older version than the one kept is ignored."""
    fresh = insert(models.KnownProvider).values(
        id=snapshot["provider_id"],
        organisation_id=snapshot["organisation_id"],
        name=snapshot["name"],
        postcode=tidy_postcode(snapshot["postcode"]),
        active=snapshot["active"],
        version=snapshot["version"],
    )
    changes = {
        name: fresh.excluded[name] for name in ("organisation_id", "name", "postcode", "active", "version")
    }
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=[models.KnownProvider.id],
            set_=changes,
            where=models.KnownProvider.version < fresh.excluded.version,
        )
    )


def keep_imported(session: orm.Session, event: events.OrganisationImported) -> None:
    """Keep an organisation that a public register names; what was imported later than this stays."""
    told: dict[str, Any] = {
        "sub_icb_code": None,
        "icb_code": event.icb_code,
        "region_code": None,
        **(_standing_in(event.council_code) if event.council_code else {}),
        "name": event.organisation_name,
        "type": event.type,
        "council_code": event.council_code,
        "postcode": tidy_postcode(event.postcode) if event.postcode else None,
        "imported_at": datetime.fromisoformat(event.imported_at),
    }
    fresh = insert(models.Organisation).values(id=event.organisation_id, **told)
    known_at = models.Organisation.imported_at
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=[models.Organisation.id],
            set_={name: fresh.excluded[name] for name in told},
            where=known_at.is_(None) | (known_at < fresh.excluded.imported_at),
        )
    )


def tidy_postcode(text: str) -> str:
    """Return a postcode as it is written on letters, however it was typed ("dh13yg" → "DH1 3YG")."""
    letters = re.sub(r"[^A-Z0-9]", "", text.upper())
    return f"{letters[:-3]} {letters[-3:]}" if len(letters) > 4 else letters


def _described(organisation: models.Organisation) -> dict[str, Any]:
    return {
        "id": organisation.id,
        "name": organisation.name,
        "type": organisation.type,
        "area_name": area_name(organisation),
        "postcode": organisation.postcode,
    }


def _conditions(*, postcode: str | None, q: str | None) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    if postcode:
        tidy = _full_postcode(postcode)
        return models.Organisation.postcode == tidy, models.KnownProvider.postcode == tidy
    letters = schemas.clean(q or "", longest=100)
    if len(letters) < FEWEST_LETTERS:
        raise errors.Invalid(
            "Enter a postcode or part of a name.",
            {"q": f"Enter at least {FEWEST_LETTERS} letters of the name."},
        )
    return (
        models.Organisation.name.icontains(letters, autoescape=True),
        models.KnownProvider.name.icontains(letters, autoescape=True),
    )


def _full_postcode(postcode: str) -> str:
    tidy = tidy_postcode(postcode)
    if not 5 <= len(tidy) <= 8:
        raise errors.Invalid("Enter a full postcode.", {"postcode": "Enter a full postcode, like DH1 3YG."})
    return tidy


def _standing_in(council_code: str) -> dict[str, str | None]:
    area = areas.alignment_of(council_code)
    if area is None:
        return {}
    return {"sub_icb_code": area.sub_icb_code, "icb_code": area.icb_code, "region_code": area.region_code}


def _providers_of(
    session: orm.Session, organisation_ids: Sequence[str], *, first: ColumnElement[bool]
) -> dict[str, list[dict[str, str]]]:
    place = func.row_number().over(
        partition_by=models.KnownProvider.organisation_id,
        order_by=[case((first, 0), else_=1), models.KnownProvider.name, models.KnownProvider.id],
    )
    ranked = (
        select(models.KnownProvider, place.label("place"))
        .where(models.KnownProvider.organisation_id.in_(organisation_ids), models.KnownProvider.active)
        .subquery()
    )
    rows = session.execute(
        select(ranked).where(ranked.c.place <= MOST_PROVIDERS_SHOWN).order_by(ranked.c.place)
    )
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row.organisation_id, []).append(
            {"id": row.id, "name": row.name, "postcode": row.postcode}
        )
    return found


def _authorities() -> list[dict[str, Any]]:
    councils = [
        {
            "id": organisations.authority_id(council.code),
            "name": f"{council.name} council",
            "type": "local_authority",
            "council_code": council.code,
            "icb_code": None,
            "region_code": council.region_code,
        }
        for council in areas.councils()
    ]
    icbs = [
        {
            "id": organisations.authority_id(icb.code),
            "name": icb.name,
            "type": "icb",
            "council_code": None,
            "icb_code": icb.code,
            "region_code": None,
        }
        for icb in areas.icbs()
    ]
    return [*councils, *icbs]
