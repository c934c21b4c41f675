"""Taking in what registers say: sites are kept as told, and providers follow them (B2).

Rows are taken in batches, each in a transaction of its own, and whatever is as it was before is passed over:
the same file twice changes nothing, and an interrupted run goes on where it was. Then come the steps that
need to know all of the register: places under a new code, sites that are gone, sites that nobody has yet.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Date, cast, func, orm, select, text, update

from contracts import events
from contracts import organisations as known
from kit import many, outbox
from services.providers import models
from services.providers.imports import import_runs, ods_files, provider_sites, register_work
from services.providers.imports.register_rows import CQC, ODS, Told

_SITES = models.RegisteredSite.__table__
_site = models.RegisteredSite
_NOT_TOLD = {"register", "code", "digest", "first_seen_at", "changed_at"}
_TOLD = [column.key for column in _SITES.columns if column.key not in _NOT_TOLD]
_DIGESTED = [name for name in _TOLD if name != "predecessor_code"]
_NOTHING_KNOWN: dict[str, Any] = dict.fromkeys(_TOLD) | {
    **dict.fromkeys(("name", "address", "town", "postcode", "phone", "website"), ""),
    "care_home": False,
    "ratings": {},
    "services": [],
}
_TO_BE_LOOKED_AT = ""
"""The digest of a site that was marked by us; whatever is told of it next is news."""


def take_in(
    work: register_work.Work,
    *,
    register: str,
    told: Callable[[int], Iterator[Told | None]],
    run: import_runs.Run,
    named: Collection[str] | None = None,
    made_on: date | None = None,
    batch: int = register_work.BATCH,
) -> None:
    """Take in what is ``told``, which gives rows from a number on, without those that are to be passed over.

    Of a complete register, ``named`` holds every code it names at the end, and ``made_on`` says as of when.

    :raises errors.Conflict: when more of the register is gone than can be right; what was told is taken in.
    """
    _take_rows(work, register=register, told=told, run=run, batch=batch)
    if register != CQC:
        return
    with work.transaction() as session:
        # What follows joins the whole register; a first import makes it from nothing.
        session.execute(text("ANALYZE registered_sites"))
    if named is not None:
        _notice_missing(work, named, made_on=made_on or work.today)
    moved = provider_sites.move(work)
    if not work.update_only:
        provider_sites.add(work, apart_from=moved.keys())
    provider_sites.close(work, apart_from=moved.values() if work.dry_run else ())


def _take_rows(
    work: register_work.Work,
    *,
    register: str,
    told: Callable[[int], Iterator[Told | None]],
    run: import_runs.Run,
    batch: int,
) -> None:
    # What was taken in before the run was interrupted is passed over.
    done = int(run.position.get("rows", 0))
    coming = told(done)
    while rows := list(itertools.islice(coming, batch)):
        done += len(rows)
        with work.transaction() as session:
            differing = _keep(session, work, register=register, told=[row for row in rows if row is not None])
            if register == CQC:
                provider_sites.follow(session, work, differing)
            else:
                _tell_of_trusts(session, work, differing)
            if not work.dry_run:
                import_runs.keep(
                    session, run, position={**run.position, "rows": done}, counts=work.counts.as_dict()
                )


def _keep(
    session: orm.Session, work: register_work.Work, *, register: str, told: Sequence[Told]
) -> dict[str, tuple[dict[str, Any] | None, dict[str, Any]]]:
    """Keep what differs from before; return of each such site how it was, if at all, and how it is."""
    codes = [row.code for row in told]
    rows = session.execute(select(_SITES).where(_site.register == register, _site.code.in_(codes)))
    stored: dict[str, dict[str, Any]] = {row.code: dict(row._mapping) for row in rows}
    differing: dict[str, tuple[dict[str, Any] | None, dict[str, Any]]] = {}
    for row in told:
        before = stored.get(row.code)
        if before is None and "name" not in row.facts:
            work.counts.unknown += 1
            continue
        site = _merged(before, row)
        digest = _digest(site)
        if before is not None and before["digest"] == digest:
            work.counts.unchanged += 1
            continue
        _count(work, before, site)
        site |= {"register": register, "code": row.code, "digest": digest, "changed_at": work.now}
        site["first_seen_at"] = before["first_seen_at"] if before else work.now
        differing[row.code] = differing.get(row.code, (before, site))[0], site
        stored[row.code] = site
    if differing:
        many.insert(
            session,
            _site.__tablename__,
            [site for _, site in differing.values()],
            key=("register", "code"),
            kept=("first_seen_at",),
        )
    return differing


def _merged(before: Mapping[str, Any] | None, row: Told) -> dict[str, Any]:
    site = {name: before[name] for name in _TOLD} if before else dict(_NOTHING_KNOWN)
    ratings = site["ratings"] | row.facts.get("ratings", {})
    site |= row.facts
    site |= {name: value for name, value in row.fills.items() if not site[name]}
    site["ratings"] = {domain: rated for domain, rated in ratings.items() if rated}
    site["rating"] = site["ratings"].get("overall", {}).get("rating")
    return site


def _digest(site: Mapping[str, Any]) -> str:
    written = orjson.dumps({name: site[name] for name in _DIGESTED}, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(written, digest_size=16).hexdigest()


def _count(work: register_work.Work, before: Mapping[str, Any] | None, site: Mapping[str, Any]) -> None:
    if before is None:
        work.counts.new += 1
    elif site["deregistered_on"] and not before["deregistered_on"]:
        work.counts.deregistered += 1
    else:
        work.counts.changed += 1


def _tell_of_trusts(
    session: orm.Session,
    work: register_work.Work,
    differing: Mapping[str, tuple[dict[str, Any] | None, dict[str, Any]]],
) -> None:
    trusts = [
        events.OrganisationImported(
            organisation_id=known.registered_id(ODS, code),
            organisation_name=site["name"],
            type="nhs_acute",
            ods_code=code,
            council_code=None,
            postcode=site["postcode"] or None,
            icb_code=site["icb_code"],
            imported_at=work.now.isoformat(),
        )
        for code, (_, site) in differing.items()
        # One that was closed before anybody heard of it is of no use to anybody.
        if ods_files.is_trust(code) and not register_work.is_gone(site, work.today)
    ]
    work.counts.organisations += len(trusts)
    if not work.dry_run:
        outbox.record_all(session, trusts)


def _notice_missing(work: register_work.Work, named: Collection[str], *, made_on: date) -> None:
    """Mark sites that a complete register names no more as deregistered today.

    Those that are newer than it are not missing.

    :raises errors.Conflict: when there are too many of them.
    """
    with work.transaction() as session:
        active = session.scalars(
            select(_site.code).where(_site.register == CQC, _site.deregistered_on.is_(None))
        ).all()
        since = func.coalesce(_site.registered_on, cast(_site.first_seen_at, Date))
        newer = session.scalars(select(_site.code).where(_site.register == CQC, since > made_on))
        missing = sorted(set(active).difference(named, newer))
        register_work.refuse_too_many(work, len(missing), of=len(active), what="locations")
        for some in register_work.in_batches(missing):
            session.execute(
                update(_site)
                .where(_site.register == CQC, _site.code.in_(some))
                .values(deregistered_on=work.today, changed_at=work.now, digest=_TO_BE_LOOKED_AT)
                .execution_options(synchronize_session=False)
            )
    work.counts.deregistered += len(missing)
