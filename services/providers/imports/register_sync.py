"""Taking in what registers tell over their APIs: all of it, or what has changed since some day."""

from __future__ import annotations

import itertools
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import tqdm

from contracts import areas
from kit import database, importing
from services.providers.imports import (
    cqc_files,
    import_runs,
    ods_files,
    register_api,
    register_import,
    register_rows,
    register_work,
    registers,
)
from services.providers.imports.register_rows import CQC, Bad, Told

BATCH = 50
"""Sites taken in at once; at five a second that much is asked for again after an interruption."""
PAGE = 1_000
_ROLES = ("RO197", "RO198")
"""Of organisations in ODS: NHS trusts, and their sites."""
_PREDECESSOR = "predecessor"
_UNLIKE = (TypeError, ValueError, AttributeError, LookupError)
"""What an answer that is not as documented raises when it is read."""

Reject = Callable[[str, str], None]
"""Called with a code that could not be taken in, and why."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """From which day on changes are asked for (else for everything), and up to when."""

    since: str | None
    until: str


def run(
    api: register_api.Api,
    *,
    register: str,
    sessions: database.Sessions,
    options: register_import.Options,
    since: date | None,
    now: datetime,
    rejects_folder: pathlib.Path,
    progress: bool = True,
) -> register_import.Summary:
    """Take in what a register's API tells; without ``since``, since the last time, and at first all of it.

    :raises errors.Unavailable: when it does not answer; the next run goes on from there.
    :raises errors.Conflict: when another import is under way.
    """
    started, kind = time.monotonic(), f"{register} api"
    rejects_path = importing.rejects_path(pathlib.Path(f"{register}-api"), rejects_folder)
    with (
        importing.Rejects(rejects_path) as rejects,
        importing.bar(total=None, what=api.name, unit=" sites", unit_scale=False, progress=progress) as bar,
        import_runs.alone(sessions.engine),
    ):
        with sessions.transaction() as session:
            last = import_runs.last_done(session, kind)
            first_day = since or (last.started_at.date() if last else None)
            asked = first_day.isoformat() if first_day else None
            run = import_runs.begin(
                session,
                kind=kind,
                file_name=api.base_url,
                sha256=f"since {asked}",
                dry_run=options.dry_run,
                now=now,
                position={"until": now.isoformat(timespec="seconds")},
            )

        if run.position.get("rows"):
            rejects.go_on()

        def reject(code: str, why: str) -> None:
            work.counts.rejected += 1
            rejects.add(api.name, 0, [code], why)

        with register_work.working(sessions, dry_run=options.dry_run) as transaction:
            work = register_work.Work(
                transaction=transaction,
                by=register_work.OPERATOR,
                now=now,
                reject=lambda row, why: rejects.add(api.name, 0, row, why),
                dry_run=options.dry_run,
                update_only=options.update_only,
                yes=options.yes,
                progress=progress,
                counts=register_work.Counts(**run.counts),
            )
            told = _cqc if register == CQC else _ods
            span = Span(since=asked, until=str(run.position["until"]))
            with import_runs.closing(sessions, run, work.counts):
                registers.take_in(
                    work,
                    register=register,
                    told=lambda start: _seen(told(api, span, start, reject), bar),
                    run=run,
                    batch=BATCH,
                )
    return register_import.Summary(
        what=api.name,
        counts=work.counts,
        dry_run=options.dry_run,
        rejects_path=rejects.path,
        seconds=time.monotonic() - started,
    )


def _seen(told: Iterator[Told | None], bar: tqdm.tqdm[Any]) -> Iterator[Told | None]:
    for row in told:
        bar.update(1)
        yield row


def _cqc(api: register_api.Api, span: Span, start: int, reject: Reject) -> Iterator[Told | None]:
    names: dict[str, str | None] = {}
    for code in itertools.islice(_locations(api, span), start, None):
        body = api.get(f"/locations/{code}", wanted="locationId")
        if body is None:
            reject(code, "the register has no such location any more")
            yield None
            continue
        try:
            told = of_location(body)
        except (Bad, *_UNLIKE) as fault:
            reject(code, _why(fault))
            yield None
            continue
        parent = told.facts["parent_code"]
        if told.facts["type"] is not None and parent:
            # A location does not say what its provider is called.
            if parent not in names:
                found = api.get(f"/providers/{parent}", wanted="providerId") or {}
                names[parent] = register_rows.text(str(found.get("name") or "")) or None
            told.facts["parent_name"] = names[parent]
        yield told


def _why(fault: Exception) -> str:
    return str(fault) if isinstance(fault, Bad) else f"the answer is not as documented ({fault!r})"


def _locations(api: register_api.Api, span: Span) -> Iterator[str]:
    """Give the ids of the locations to ask for, each once."""
    named: set[str] = set()
    for page in itertools.count(1):
        if span.since is None:
            body = api.get("/locations", wanted="locations", page=page, perPage=PAGE)
            found = [row["locationId"] for row in (body or {}).get("locations", ())]
        else:
            body = api.get(
                "/changes/location",
                wanted="changes",
                startTimestamp=f"{span.since}T00:00:00Z",
                endTimestamp=span.until.replace("+00:00", "Z"),
                page=page,
                perPage=PAGE,
            )
            found = list((body or {}).get("changes", ()))
        yield from (code for code in dict.fromkeys(found) if code not in named)
        named.update(found)
        if not found or page >= int((body or {}).get("totalPages", page)):
            return


def of_location(body: Mapping[str, Any]) -> Told:
    """Return what CQC's API says of a location.

    :raises Bad: when it cannot be used.
    """

    def get(name: str) -> str:
        value = body.get(name)
        return str(value).strip() if value is not None else ""

    offered = [service["name"] for service in body.get("gacServiceTypes") or () if service.get("name")]
    is_care_home = get("careHome").upper() == "Y"
    if is_care_home and not {register_rows.NURSING, register_rows.RESIDENTIAL} & set(offered):
        offered.append(register_rows.RESIDENTIAL)
    latitude, longitude = register_rows.coordinates(get("onspdLatitude"), get("onspdLongitude"))
    is_gone = get("registrationStatus").casefold() == "deregistered"
    name = register_rows.text(get("name"))
    if not name:
        raise Bad("it has no name")
    lines = [register_rows.text(get(line)) for line in ("postalAddressLine1", "postalAddressLine2")]
    facts: dict[str, Any] = {
        "name": name,
        "address": ", ".join(line for line in lines if line),
        "town": register_rows.text(get("postalAddressTownCity") or get("postalAddressCounty")),
        "postcode": register_rows.postcode(get("postalCode")),
        "phone": register_rows.phone(get("mainPhoneNumber")),
        "website": register_rows.website(get("website")),
        "type": None if get("dormancy").upper() == "Y" else register_rows.provider_type(offered),
        "parent_code": get("providerId") or None,
        "brand": cqc_files.brand(get("brandName")),
        "registered_beds": register_rows.number(get("numberOfBeds"), what="beds"),
        "care_home": is_care_home,
        "services": sorted(offered),
        "region": register_rows.text(get("region")) or None,
        **register_rows.standing(council=get("localAuthority"), sub_icb=get("onspdCcgCode")),
        "latitude": latitude,
        "longitude": longitude,
        "ods_code": register_rows.ods_code(get("odsCode")),
        **register_rows.inspected(*_visits(body)),
        "registered_on": register_rows.day(get("registrationDate")),
        "deregistered_on": register_rows.day(get("deregistrationDate")) if is_gone else None,
        "ratings": _ratings(body.get("currentRatings") or {}),
    }
    if is_gone and facts["deregistered_on"] is None:
        raise Bad("it is deregistered, and it is not said since when")
    for related in body.get("relationships") or ():
        if _PREDECESSOR in str(related.get("type", "")).casefold():
            facts["predecessor_code"] = related.get("relatedLocationId")
    return Told(code=get("locationId"), facts=facts)


def _visits(body: Mapping[str, Any]) -> list[str]:
    """Return the days on which CQC was there; those of its reports come months later."""
    visits = [(body.get("lastInspection") or {}).get("date")]
    visits += [report.get("firstVisitDate") for report in body.get("reports") or ()]
    return [str(visit) for visit in visits if visit]


def _ratings(current: Mapping[str, Any]) -> dict[str, Any]:
    overall = current.get("overall") or {}
    found = {"overall": _rated(overall)} if overall else {}
    for question in overall.get("keyQuestionRatings") or ():
        domain = cqc_files.domain(str(question.get("name", "")))
        if domain is not None:
            found[domain] = _rated(question)
    return found


def _rated(given: Mapping[str, Any]) -> dict[str, Any] | None:
    return register_rows.rated(str(given.get("rating") or ""), str(given.get("reportDate") or ""))


def _ods(api: register_api.Api, span: Span, start: int, reject: Reject) -> Iterator[Told | None]:
    for code in itertools.islice(_organisations(api, span), start, None):
        body = api.get(f"/organisations/{code}", wanted="Organisation")
        try:
            if body is None:
                raise Bad("the register has no such organisation any more")
            told = of_organisation(body["Organisation"], code=code)
        except (Bad, *_UNLIKE) as fault:
            reject(code, _why(fault))
            yield None
            continue
        yield told


def _organisations(api: register_api.Api, span: Span) -> Iterator[str]:
    asked: dict[str, str] = {"LastChangeDate": span.since} if span.since else {"Status": "Active"}
    named: set[str] = set()
    for role in _ROLES:
        # The first page has no offset: the register does not take nought for one.
        for offset in itertools.count(0, PAGE):
            where = {"Offset": offset} if offset else {}
            body = api.get(
                "/organisations", wanted="Organisations", PrimaryRoleId=role, Limit=PAGE, **asked, **where
            )
            found = [row["OrgId"] for row in (body or {}).get("Organisations", ())]
            fresh = [code for code in dict.fromkeys(found) if code not in named]
            named.update(fresh)
            yield from fresh
            # A register that tells the same page again has no more.
            if len(found) < PAGE or not fresh:
                break


def of_organisation(body: Mapping[str, Any], *, code: str) -> Told:
    """Return what ODS's API says of an organisation or a site.

    :raises Bad: when it cannot be used.
    """
    location = (body.get("GeoLoc") or {}).get("Location") or {}
    lines = [str(location.get(f"AddrLn{number}") or "") for number in (1, 2, 3)]
    dates = body.get("Date") or ()
    operational: Mapping[str, Any] = next((one for one in dates if one.get("Type") == "Operational"), {})
    closed = str(operational.get("End") or "")
    if not closed and str(body.get("Status", "")).casefold() == "inactive":
        closed = str(body.get("LastChangeDate") or "")
    contacts = (body.get("Contacts") or {}).get("Contact") or ()
    phone = next((str(one["value"]) for one in contacts if one.get("type") == "tel" and one.get("value")), "")
    related = _related(body)
    icb = next((areas.icb(other) for other in related if areas.icb(other)), None)
    if not body.get("Name"):
        raise Bad("it has no name")
    parent = next((other for other in related if ods_files.is_trust(other)), None)
    return Told(
        code=code,
        facts=ods_files.facts(
            code=code,
            name=str(body["Name"]),
            address=", ".join(line for line in lines if line),
            town=str(location.get("Town") or ""),
            postcode=str(location.get("PostCode") or ""),
            phone=phone,
            nhs_region=icb.nhs_region_code if icb else "",
            icb=icb.code if icb else "",
            parent_code=None if ods_files.is_trust(code) else parent,
            opened=str(operational.get("Start") or ""),
            closed=closed,
        ),
    )


def _related(body: Mapping[str, Any]) -> list[str]:
    """Return the codes of the organisations that one belongs to now."""
    relations = (body.get("Rels") or {}).get("Rel") or ()
    return [
        str(((relation.get("Target") or {}).get("OrgId") or {}).get("extension", ""))
        for relation in relations
        if relation.get("Status", "Active") == "Active"
    ]
