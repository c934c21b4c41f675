"""What registers say of a site: looked up for somebody who registers a provider, and taken over by providers.

Nothing is typed twice: a CQC location id gives name, address, beds and ratings; an ODS code name and address.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, false, func, orm, select

from contracts import areas, errors
from services.providers import models
from services.providers.imports import register_rows

MOST_FOUND = 20
FEWEST_LETTERS = 3
_LONGEST = 100
_SHOWN = (
    "register",
    "code",
    "name",
    "address",
    "town",
    "postcode",
    "phone",
    "website",
    "type",
    "registered_beds",
    "rating",
    "ratings",
    "services",
    "brand",
    "parent_code",
    "parent_name",
    "region",
    "council_code",
    "council_name",
    "sub_icb_code",
    "icb_code",
    "ods_code",
    "predecessor_code",
)
_its = models.RegisteredSite


def find(session: orm.Session, *, register: str, code: str) -> dict[str, Any]:
    """Return what a register says of one site, and whether a provider of ours has it already.

    :raises errors.NotFound: when the register does not know the code.
    """
    site = session.get(_its, (register, code.strip())) if _is_text(code) and _is_text(register) else None
    if site is None:
        names = {register_rows.CQC: "CQC location id", register_rows.ODS: "ODS code"}
        raise errors.NotFound(
            f"The register does not know this {names.get(register, 'code')}. "
            "Check it, or leave it out and fill in the details."
        )
    return _answers(session, [site])[0]


def search(session: orm.Session, *, postcode: str | None, q: str | None) -> dict[str, Any]:
    """Return sites that are registered now, by postcode or part of a name, those first that nobody has yet.

    :raises errors.Invalid: when neither is given, or too little to search for.
    """
    rows = session.scalars(
        select(_its)
        .where(_wanted(postcode, q), _its.deregistered_on.is_(None))
        .order_by(_its.type.is_(None), _its.name, _its.register, _its.code)
        .limit(MOST_FOUND)
    ).all()
    return {"results": sorted(_answers(session, rows), key=lambda row: bool(row["taken"]))}


def facts_for(session: orm.Session, cqc_location_id: str | None) -> dict[str, Any]:
    """Return what CQC's register says of a location, by column of a provider; nothing when it is unknown."""
    site = session.get(_its, (register_rows.CQC, cqc_location_id)) if cqc_location_id else None
    return facts_of(site.__dict__) if site is not None else {}


def holder(session: orm.Session, location_id: str, *, apart_from: str, to_give: bool = True) -> str | None:
    """Return which other active provider has a CQC location id: its name and postcode, if there is one.

    Where it is ``to_give``, nobody else can give it to another one before the transaction ends.
    """
    if to_give:
        # Two who save the same id at one time wait for each other here.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"cqc location {location_id}"))))
    its = models.Provider
    with session.no_autoflush:
        other = session.execute(
            select(its.name, its.postcode)
            .where(its.cqc_location_id == location_id, its.active, its.id != apart_from)
            .limit(1)
        ).first()
    return f"{other.name} ({other.postcode})" if other is not None else None


def facts_of(site: Mapping[str, Any]) -> dict[str, Any]:
    """Return those columns of a provider that are CQC's to say, from a row of the register."""
    overall = site["ratings"].get("overall") or {}
    rated_on = overall.get("date")
    return {
        "registered_beds": site["registered_beds"],
        "cqc_rating": site["rating"],
        "cqc_ratings": site["ratings"],
        "cqc_rating_date": date.fromisoformat(rated_on) if rated_on else None,
        "last_inspected_on": site["last_inspected_on"],
        "cqc_services": list(site["services"]),
        "cqc_provider_id": site["parent_code"],
        "brand": site["brand"],
    }


def alignment_of(site: Mapping[str, Any]) -> areas.Alignment | None:
    """Return the areas a provider at a site is aligned to: by its council, or nearer by its sub-ICB."""
    main = areas.alignment_of(site["council_code"] or "")
    if main is None:
        return None
    return areas.Alignment(
        council_code=main.council_code,
        sub_icb_code=site["sub_icb_code"] or main.sub_icb_code,
        icb_code=site["icb_code"] or main.icb_code,
        region_code=main.region_code,
    )


def _answers(session: orm.Session, sites: Any) -> list[dict[str, Any]]:
    its = models.Provider
    taken = {
        register: set(
            session.scalars(
                select(column).where(
                    column.in_([site.code for site in sites if site.register == register]), its.active
                )
            )
        )
        for register, column in ((register_rows.CQC, its.cqc_location_id), (register_rows.ODS, its.ods_code))
    }
    return [
        {
            **{name: getattr(site, name) for name in _SHOWN},
            "registered": site.deregistered_on is None,
            "taken": site.code in taken[site.register],
        }
        for site in sites
    ]


def _wanted(postcode: str | None, q: str | None) -> ColumnElement[bool]:
    if postcode:
        try:
            return _its.postcode == register_rows.postcode(postcode)
        except register_rows.Bad as fault:
            wrong = {"postcode": "Enter a full postcode, like DH1 3YG."}
            raise errors.Invalid("Enter a full postcode.", wrong) from fault
    letters = (q or "").strip()
    if len(letters) < FEWEST_LETTERS:
        raise errors.Invalid(
            "Enter a postcode or part of a name.",
            {"q": f"Enter at least {FEWEST_LETTERS} letters of the name."},
        )
    return _its.name.icontains(letters, autoescape=True) if _is_text(letters) else false()


def _is_text(given: object) -> bool:
    return isinstance(given, str) and given.isprintable() and len(given) <= _LONGEST
