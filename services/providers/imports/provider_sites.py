"""How providers follow the register: its facts, new codes for old places, newcomers and leavers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, Text, and_, cast, func, orm, select, update

from contracts import events
from contracts import organisations as known
from kit import ids, importing, many, outbox, recording
from services.providers import audit, capacity, changes, models, opening, publishing, snapshots
from services.providers.imports import register_rows, register_work, registered_sites
from services.providers.imports.register_rows import CQC
from services.providers.imports.register_work import Work

Differing = Mapping[str, tuple[Mapping[str, Any] | None, Mapping[str, Any]]]
"""Of sites by code, how each was told before, if at all, and how it is told now."""

DEREGISTERED = "No longer registered with CQC."
"""Why the register deactivates a provider; one with another reason stays as somebody left it."""
GAVE_WAY = "Registered anew by CQC; the figures go on under the home's earlier entry."
SAME_TIME = timedelta(days=92)
"""How far apart the end of one registration and the beginning of the next may be."""

_SITES = models.RegisteredSite.__table__
_site, _its = models.RegisteredSite, models.Provider
_CONTACT = ("name", "address", "town", "postcode", "phone", "website")
_CARE_TYPES = {
    register_rows.NURSING: "nursing",
    register_rows.RESIDENTIAL: "residential",
    "Supported living service": "supported_living",
    "Extra Care housing services": "extra_care",
}
_ORGANISATION_TYPES = {"hospice": "hospice"}
_WITHOUT_A_PLACE = {"home_care"}
"""Types of provider of which several may share an address without being the same."""


def follow(session: orm.Session, work: Work, differing: Differing) -> None:
    """Give the providers that have these sites the register's facts, as one new version each."""
    ids_of = session.scalars(select(_its.id).where(_its.cqc_location_id.in_(differing))).all()
    renamed: set[str] = set()
    with recording.together(session):
        back: set[str] = set()
        for provider in _taken(session, work, ids_of):
            before, site = differing[provider.cqc_location_id or ""]
            wanted = _wanted(provider, before, site, today=work.today)
            if "active" in wanted:
                _stay_away(session, work, provider, site["code"], wanted, back=back)
            if wanted:
                work.counts.providers_changed += 1
                _write(session, work, provider, wanted)
            parent = site["parent_code"]
            if (
                before is not None
                and before["parent_name"] != site["parent_name"]
                and provider.organisation_id == known.registered_id(CQC, parent or "")
            ):
                renamed.add(parent)
    tell_of_organisations(session, work, renamed)


def move(work: Work) -> dict[str, str]:
    """Give providers whose place is registered under a new code that code; return the old code of each (B2).

    The provider, and with it all its history, goes on; whose it is stays for people to change.
    """
    with work.transaction() as session:
        pairs = _successions(session)
    for new_code, old_code in pairs.items():
        with work.transaction() as session:
            site = dict(session.execute(_one(new_code)).one()._mapping)
            before = dict(session.execute(_one(old_code)).one()._mapping)
            query = select(_its.id).where(_its.cqc_location_id == old_code)
            back: set[str] = set()
            # One that is active has the new code before one that would come back.
            there = sorted(
                _taken(session, work, session.scalars(query).all()), key=lambda its: not its.active
            )
            for provider in there:
                wanted = _wanted(provider, before, site, today=work.today)
                if "active" in wanted:
                    _stay_away(session, work, provider, old_code, wanted, back=back)
                work.counts.providers_moved += 1
                if not work.dry_run:
                    _give_way(session, work, new_code)
                _write(session, work, provider, wanted | {"cqc_location_id": new_code})
            session.execute(
                update(_site)
                .where(_site.register == CQC, _site.code == new_code)
                .values(predecessor_code=old_code)
                .execution_options(synchronize_session=False)
            )
    return pairs


def add(work: Work, *, apart_from: Collection[str]) -> None:
    """Make providers of the sites of our types that no provider has yet."""
    lacking = [*_is_ours(), ~_has_provider()]
    with work.transaction() as session:
        total = session.scalar(select(func.count()).select_from(_site).where(*lacking))
    with importing.bar(
        total=total, what="New providers", unit="", unit_scale=False, progress=work.progress
    ) as bar:
        for number in _added(work, lacking, apart_from=apart_from):
            bar.update(number)


def _added(work: Work, lacking: Sequence[Any], *, apart_from: Collection[str]) -> Iterator[int]:
    """Make providers of the sites that are ``lacking`` one; give how many are done after each batch."""
    after = ""
    while True:
        with work.transaction() as session:
            rows = session.execute(
                select(_SITES)
                .where(*lacking, _site.code > after)
                .order_by(_site.code)
                .limit(register_work.BATCH)
            ).all()
            sites = [dict(row._mapping) for row in rows if row.code not in apart_from]
            sites = [site for site in sites if _can_be_placed(work, site)]
            sites = _without_namesakes(session, work, sites)
            work.counts.providers_added += len(sites)
            parents = {site["parent_code"] for site in sites}
            owners = _owners(session, parents)
            tell_of_organisations(session, work, parents.difference(owners))
            if sites and not work.dry_run:
                _create(session, work, sites, owners)
        if not rows:
            return
        yield len(rows)
        after = rows[-1].code


def close(work: Work, *, apart_from: Collection[str]) -> None:
    """Deactivate the providers whose sites are registered no more; nothing of them is deleted.

    Of a dry run those that would have moved still have their old codes, which are ``apart_from``.

    :raises errors.Conflict: when there are too many of them.
    """
    gone = (
        select(_its.id)
        .join(_site, (_site.register == CQC) & (_site.code == _its.cqc_location_id))
        .where(_its.active, _site.deregistered_on <= work.today, _site.code.not_in(apart_from))
    )
    with work.transaction() as session:
        ids_of = session.scalars(gone).all()
        with_site = select(func.count()).where(_its.active, _its.cqc_location_id.is_not(None))
        register_work.refuse_too_many(work, len(ids_of), of=session.scalar(with_site) or 0, what="providers")
    work.counts.providers_closed += len(ids_of)
    if work.dry_run:
        return
    for some in register_work.in_batches(ids_of):
        with work.transaction() as session, recording.together(session):
            for provider in _taken(session, work, some):
                if provider.active:
                    _write(session, work, provider, {"active": False, "deactivated_reason": DEREGISTERED})


def tell_of_organisations(session: orm.Session, work: Work, parents: Collection[str]) -> None:
    """Tell the others of CQC's providers, which are our organisations, each once."""
    parents = {parent for parent in parents if parent not in work.told}
    if not parents:
        return
    types = func.array_agg(_site.type.distinct()).filter(_site.type.is_not(None))
    councils = func.count(_site.council_code.distinct())
    rows = session.execute(
        select(
            _site.parent_code,
            func.max(_site.parent_name).label("name"),
            types.label("types"),
            func.max(_site.council_code).label("council_code"),
            councils.label("councils"),
        )
        .where(_site.register == CQC, _site.parent_code.in_(parents), _site.deregistered_on.is_(None))
        .group_by(_site.parent_code)
    )
    told = [
        events.OrganisationImported(
            organisation_id=known.registered_id(CQC, row.parent_code),
            organisation_name=row.name or row.parent_code,
            type=_organisation_type(row.types or []),
            ods_code=None,
            council_code=row.council_code if row.councils == 1 else None,
            postcode=None,
            imported_at=work.now.isoformat(),
        )
        for row in rows
    ]
    work.told |= parents
    work.counts.organisations += len(told)
    if not work.dry_run:
        outbox.record_all(session, told)


def _organisation_type(types: Sequence[str]) -> str:
    return next((_ORGANISATION_TYPES.get(kind, "care_home") for kind in sorted(types)), "care_home")


def _taken(session: orm.Session, work: Work, ids_of: Sequence[str]) -> list[models.Provider]:
    """Return providers, locked to be changed, or of a dry run only to be looked at."""
    if not ids_of:
        return []
    if work.dry_run:
        return list(session.scalars(select(_its).where(_its.id.in_(ids_of))))
    return list(opening.many_to_change(session, provider_ids=ids_of).values())


def _write(session: orm.Session, work: Work, provider: models.Provider, wanted: Mapping[str, Any]) -> None:
    if work.dry_run:
        return
    before = changes.state(provider)
    for name, value in wanted.items():
        setattr(provider, name, value)
    capacity.count_over_registered(provider)
    publishing.publish(session, provider, kind=audit.REGISTER, before=before, by=work.by, now=work.now)


def _stay_away(
    session: orm.Session,
    work: Work,
    provider: models.Provider,
    code: str,
    wanted: dict[str, Any],
    *,
    back: set[str],
) -> None:
    """Leave a provider deactivated whose id another active one has; ``back`` are ids that came back just now.

    CQC registers each site once, and what people made of it meanwhile goes on (B2).
    """
    # A dry run is one long transaction, for which nobody is to wait.
    is_real = not work.dry_run
    if code not in back and not registered_sites.holder(
        session, code, apart_from=provider.id, to_give=is_real
    ):
        back.add(code)
        return
    del wanted["active"], wanted["deactivated_reason"]
    work.counts.rejected += 1
    why = f"{provider.name} ({provider.postcode}) stays deactivated: another active provider has this id"
    work.reject([code, provider.name], why)


def _wanted(
    provider: models.Provider,
    before: Mapping[str, Any] | None,
    site: Mapping[str, Any],
    *,
    today: date,
) -> dict[str, Any]:
    """Return what the provider is to have otherwise: CQC's facts, and its own words where they were CQC's."""
    wanted = registered_sites.facts_of(site)
    said = registered_sites.facts_of(before) if before else dict.fromkeys(wanted)
    # What the register never said it does not take away.
    wanted = {name: value for name, value in wanted.items() if value or said[name]}
    if provider.brand and provider.brand != said["brand"]:
        wanted.pop("brand", None)
    if before is not None:
        wanted |= {
            name: site[name] for name in _CONTACT if site[name] and getattr(provider, name) == before[name]
        }
    moved = wanted.get("postcode", provider.postcode) != provider.postcode
    aligned = registered_sites.alignment_of(site) if moved else None
    if aligned is not None:
        for name in ("council_code", "sub_icb_code", "icb_code", "region_code"):
            wanted[name] = getattr(aligned, name)
    if moved or provider.latitude is None or provider.longitude is None:
        wanted |= {"latitude": site["latitude"], "longitude": site["longitude"]}
    if not provider.ods_code and site["ods_code"]:
        wanted["ods_code"] = site["ods_code"]
    is_back = provider.deactivated_reason == DEREGISTERED and not register_work.is_gone(site, today)
    if not provider.active and is_back:
        wanted |= {"active": True, "deactivated_reason": None}
    return {name: value for name, value in wanted.items() if getattr(provider, name) != value}


def _one(code: str) -> Select[Any]:
    return select(_SITES).where(_site.register == CQC, _site.code == code)


def _is_ours() -> list[Any]:
    return [_site.register == CQC, _site.type.is_not(None), _site.deregistered_on.is_(None)]


def _has_provider() -> Any:
    return select(_its.id).where(_its.cqc_location_id == _site.code).exists()


def _successions(session: orm.Session) -> dict[str, str]:
    """Return new codes with the old ones whose places they are, each once.

    The place is the same by postcode and by name or, where a type of provider has the address to itself, by
    the first line of its address; or the register says so itself.
    """
    new, old = orm.aliased(_site), orm.aliased(_site)
    in_use = select(_its.id).where(_its.cqc_location_id == new.code, ~_unused())
    candidates = (
        select(new, old)
        .where(new.register == CQC, new.type.is_not(None), new.deregistered_on.is_(None), ~in_use.exists())
        .where(old.register == CQC, old.deregistered_on.is_not(None), old.code != new.code)
        .where(select(_its.id).where(_its.cqc_location_id == old.code).exists())
    )
    # Two statements, as no index serves both conditions together.
    rows = [
        *session.execute(candidates.where(new.postcode == old.postcode)),
        *session.execute(candidates.where(new.predecessor_code == old.code)),
    ]
    ranked = sorted(
        ((_likeness(after, before), after.code, before.code) for after, before in rows), reverse=True
    )
    pairs: dict[str, str] = {}
    for likeness, new_code, old_code in ranked:
        if likeness and new_code not in pairs and old_code not in pairs.values():
            pairs[new_code] = old_code
    return pairs


def _unused() -> Any:
    """Return the condition that a provider was made by an import, and nobody has done anything with it."""
    logged = models.Change
    by_people = select(logged.version).where(logged.provider_id == _its.id, logged.by_id.is_not(None))
    return and_(_its.last_updated.is_(None), _its.version == 1, ~by_people.exists())


def _likeness(new: models.RegisteredSite, old: models.RegisteredSite) -> int:
    """Return how surely one site is the place of the other: 0 is not at all."""
    if new.predecessor_code == old.code:
        return 4
    if old.type not in (None, new.type):
        return 0
    # Some files do not say since when; then it is news since it was first told.
    began, ended = new.registered_on or new.first_seen_at.date(), old.deregistered_on
    if ended is not None and abs(began - ended) > SAME_TIME:
        return 0
    same_name = _plain(new.name) == _plain(old.name)
    same_line = bool(new.address) and _first_line(new.address) == _first_line(old.address)
    if same_name:
        return 3 if same_line else 2
    return int(same_line and new.type not in _WITHOUT_A_PLACE)


def _plain(name: str) -> str:
    """Return a name without what is written now so and now otherwise: "The Lodge Ltd." is "Lodge Limited"."""
    words = re.sub(r"[^a-z0-9 ]", " ", name.casefold().replace("&", " and ").replace("'", "")).split()
    return " ".join(word for word in words if word not in ("the", "ltd", "limited"))


def _first_line(address: str) -> str:
    return _plain(address.partition(",")[0])


def _give_way(session: orm.Session, work: Work, code: str) -> None:
    """Close a provider that was made for the new code before the old one ended, and that nobody has used."""
    query = select(_its.id).where(_its.cqc_location_id == code, _unused())
    for provider in _taken(session, work, session.scalars(query).all()):
        wanted = {"active": False, "deactivated_reason": GAVE_WAY, "cqc_location_id": None}
        _write(session, work, provider, wanted)


def _can_be_placed(work: Work, site: Mapping[str, Any]) -> bool:
    why = None
    if registered_sites.alignment_of(site) is None:
        why = f"no provider was made: {site['council_name'] or 'nothing'} is not a council that is known"
    elif site["parent_code"] is None:
        why = "no provider was made: it is not said who runs it"
    if why:
        work.counts.rejected += 1
        work.reject([site["code"], site["name"]], why)
    return why is None


def _without_namesakes(
    session: orm.Session, work: Work, sites: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give sites to the providers that people have registered there without the code; return the others."""
    rows = session.execute(
        select(_its.id, _its.name, _its.postcode, _its.type).where(
            _its.cqc_location_id.is_(None),
            _its.active,
            _its.postcode.in_([site["postcode"] for site in sites]),
        )
    )
    there = {(row.type, row.postcode, _plain(row.name)): row.id for row in rows}
    rest = []
    for site in sites:
        provider_id = there.pop((site["type"], site["postcode"], _plain(site["name"])), None)
        if provider_id is None:
            rest.append(site)
            continue
        for provider in _taken(session, work, [provider_id]):
            wanted = _wanted(provider, None, site, today=work.today)
            work.counts.providers_changed += 1
            _write(session, work, provider, wanted | {"cqc_location_id": site["code"]})
    return rest


def _create(
    session: orm.Session, work: Work, sites: Sequence[Mapping[str, Any]], owners: Mapping[str, str]
) -> None:
    made = [_provider(site, owners) for site in sites]
    session.add_all(made)
    session.flush()
    logged, audited = [], []
    for provider in made:
        told = {
            name: value
            for name, value in changes.state(provider).items()
            if value not in (None, "", [], {}, False)
        }
        logged.append(
            {
                "provider_id": provider.id,
                "version": provider.version,
                "changed_at": work.now,
                "by_id": work.by.user_id,
                "by_name": work.by.full_name,
                "kind": "created",
                "fields": {name: [None, value] for name, value in told.items()},
            }
        )
        audited.append(audit.created(provider, told, by=work.by, now=work.now))
    many.insert(session, models.Change.__tablename__, logged)
    many.insert(session, models.AuditEntry.__tablename__, audited)
    outbox.record_all(
        session,
        [
            events.ProviderChanged(provider=snapshots.of(provider), changed_at=work.now.isoformat())
            for provider in made
        ],
    )


def _owners(session: orm.Session, parents: Collection[str]) -> dict[str, str]:
    """Return the organisations that run providers of these CQC providers already, by CQC's code.

    A home that went to another owner stays with its organisation until people say otherwise, so it does not
    tell whose the owner's other homes are.
    """
    new, old = orm.aliased(_site), orm.aliased(_site)
    taken_over = (
        select(new.code)
        .join(old, (old.register == CQC) & (old.code == new.predecessor_code))
        .where(new.register == CQC, new.code == _its.cqc_location_id, new.parent_code != old.parent_code)
    )
    rows = session.execute(
        select(_its.cqc_provider_id, func.min(cast(_its.organisation_id, Text)))
        .where(_its.cqc_provider_id.in_(parents), _its.active, ~taken_over.exists())
        .group_by(_its.cqc_provider_id)
    )
    return {parent or "": organisation_id for parent, organisation_id in rows}


def _provider(site: Mapping[str, Any], owners: Mapping[str, str]) -> models.Provider:
    parent, aligned = site["parent_code"], registered_sites.alignment_of(site)
    care_types = {_CARE_TYPES[name] for name in site["services"] if name in _CARE_TYPES}
    return models.Provider(
        id=ids.new(),
        version=1,
        organisation_id=owners.get(parent) or known.registered_id(CQC, parent),
        type=site["type"],
        **{name: site[name] for name in _CONTACT},
        **registered_sites.facts_of(site),
        council_code=aligned.council_code if aligned else None,
        sub_icb_code=aligned.sub_icb_code if aligned else None,
        icb_code=aligned.icb_code if aligned else None,
        region_code=aligned.region_code if aligned else None,
        latitude=site["latitude"],
        longitude=site["longitude"],
        ods_code=site["ods_code"],
        cqc_location_id=site["code"],
        care_types=sorted(care_types) if site["type"] == "care_home" else [],
        languages=["English"],
        bed_types=[],
        notes=[],
        alerts=[],
    )
