"""Who a provider is, where it stands and whom to ask (B2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from contracts import areas, errors, freshness, permissions, vocabulary
from kit import ids
from services.providers import (
    alerts,
    bed_types,
    capacity,
    changes,
    choices,
    completeness,
    models,
    notes,
    opening,
    publishing,
)
from services.providers.imports import registered_sites

_NO_FACTS: dict[str, Any] = {
    "registered_beds": None,
    "cqc_rating": None,
    "cqc_ratings": {},
    "cqc_rating_date": None,
    "last_inspected_on": None,
    "cqc_services": [],
    "cqc_provider_id": None,
}
_COLUMNS = [column.key for column in models.Provider.__table__.columns]
_SWITCHES = {
    "weekly_reminder": permissions.SWITCH_REMINDER,
    "active": permissions.DEACTIVATE_PROVIDER,
}
"""Details that not everybody who edits a provider may change."""
_ASKED_ABOUT = (
    permissions.EDIT_PROVIDER,
    permissions.SWITCH_REMINDER,
    permissions.DEACTIVATE_PROVIDER,
    permissions.SET_ALERTS,
)


def create(
    session: Session,
    *,
    form: Mapping[str, Any],
    place: Mapping[str, Any] | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Register a provider for the actor's organisation, or as an administrator for any.

    ``place`` is what search knows of the postcode, if it knows it.

    :raises errors.Invalid: the council has to be chosen, the type does not fit the organisation, or another
        provider has the CQC location id.
    :raises errors.Forbidden: ``by`` may not register providers there.
    """
    runs_providers = by.organisation_type in permissions.PROVIDER_SIDE
    organisation_id = form.get("organisation_id") or (by.organisation_id if runs_providers else None)
    permissions.require(
        by, permissions.REGISTER_PROVIDER, {"organisation_id": organisation_id, "provider_id": None}
    )
    _refuse_the_limited(by)
    if organisation_id is None:
        raise errors.Invalid("Say whose provider it is.", {"organisation_id": "Choose the organisation."})
    written = {name: value for name, value in form.items() if name not in ("organisation_id", "type")}
    provider = models.Provider(
        id=ids.new(),
        version=0,
        organisation_id=organisation_id,
        type=_type(session, form.get("type"), by=by, now=now),
        languages=["English"],
        bed_types=[],
        notes=[],
        alerts=[],
        **written,
    )
    _stand(provider, place=place, council_code=form.get("council_code"))
    refuse_taken(session, provider)
    session.add(provider)
    session.flush()  # Sets the columns' defaults, which the rules read.
    _take_facts(session, provider, was=None)
    publishing.publish(session, provider, kind="created", before={}, by=by, now=now)
    return provider


def change(
    session: Session,
    *,
    provider_id: str,
    version: int | None,
    fields: Mapping[str, Any],
    place: Mapping[str, Any] | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Change some of a provider's details; where it stands is decided anew when it moves.

    It is also decided anew when ``place``, what search knows of the postcode now, puts it in another council.

    :raises errors.Stale: somebody changed the provider since ``version``.
    :raises errors.Invalid: the council has to be chosen, or another provider has the CQC location id.
    :raises errors.Forbidden: ``by`` may not edit it, or may not switch what they switched.
    """
    provider = changes.begin(session, provider_id=provider_id, version=version, by=by, now=now)
    for name in _SWITCHES.keys() & fields.keys():
        if fields[name] != getattr(provider, name):
            permissions.require(by, _SWITCHES[name], provider.target)
    before = changes.state(provider)
    location_id = provider.cqc_location_id
    moved = _moved(provider, fields)
    if moved and _compact(str(fields.get("postcode", provider.postcode))) != _compact(provider.postcode):
        # Those that a register gave are of the place it leaves.
        provider.latitude = provider.longitude = None
    for name, value in fields.items():
        if name not in ("postcode", "council_code") or moved:
            setattr(provider, name, value)
    if moved or _is_misplaced(provider, place):
        _stand(provider, place=place, council_code=fields.get("council_code"))
    if {"cqc_location_id", "active"} & fields.keys():
        refuse_taken(session, provider)
    if provider.cqc_location_id != location_id:
        _take_facts(session, provider, was=location_id)
    if changes.state(provider) != before:
        publishing.publish(session, provider, kind="details", before=before, by=by, now=now)
    return provider


def refuse_taken(session: Session, provider: models.Provider) -> None:
    """Refuse a CQC location id that another active provider has: CQC registers each site once (B2).

    :raises errors.Invalid: with the name of the other one.
    """
    location_id = provider.cqc_location_id
    if location_id is None or provider.active is False:
        return
    other = registered_sites.holder(session, location_id, apart_from=provider.id)
    if other is not None:
        has_it = f"{other} has this CQC location id. Check the number."
        raise errors.Invalid(
            "CQC registers each site once, and this one is here already; nothing was saved.",
            {"cqc_location_id": has_it},
        )


def stands(
    session: Session, *, provider_id: str, fields: Mapping[str, Any], by: permissions.Actor
) -> tuple[str | None, bool]:
    """Return the postcode to look up when a change says where the provider stands, and whether it moves.

    :raises errors.NotFound: there is no such provider.
    :raises errors.Forbidden: ``by`` may not see it.
    """
    if not {"postcode", "council_code"} & set(fields):
        return None, False
    provider = opening.to_read(session, provider_id=provider_id, by=by)
    return str(fields.get("postcode", provider.postcode)), _moved(provider, fields)


def alignment(*, place: Mapping[str, Any] | None, council_code: str | None) -> areas.Alignment:
    """Return the areas a provider is aligned to: by its postcode when that is known, else by its council.

    The postcode wins over the council that somebody chose (B2).

    :raises errors.Invalid: the postcode does not say and no council was chosen.
    """
    exact = place if place is not None and place["precision"] == "postcode" else {}
    main = areas.alignment_of(exact.get("council_code") or council_code or "")
    if main is None:
        raise errors.Invalid(
            "The postcode does not say which council's area it is in.",
            {"council_code": "Choose the council." if not council_code else "There is no such council."},
        )
    return areas.Alignment(
        council_code=main.council_code,
        sub_icb_code=exact.get("sub_icb_code") or main.sub_icb_code,
        icb_code=exact.get("icb_code") or main.icb_code,
        region_code=main.region_code,
    )


def answer(provider: models.Provider, *, by: permissions.Actor, now: datetime) -> dict[str, Any]:
    """Return everything about a provider but its figures."""
    last_updated = provider.last_updated
    return {
        **{name: changes.plain(getattr(provider, name)) for name in _COLUMNS},
        "cqc_report_link": _report_link(provider),
        "bed_types": [
            {"bed_type": row.bed_type, "label": row.reference.label, "unit": row.reference.unit}
            for row in provider.bed_types
        ],
        "overdue": freshness.overdue(provider_type=provider.type, last_updated=last_updated, now=now),
        "completeness": completeness.checklist(provider),
        "notes": [notes.answer(note) for note in provider.notes],
        "alerts": [alerts.answer(alert) for alert in provider.alerts],
        "may": [action for action in _ASKED_ABOUT if permissions.may(by, action, provider.target)],
    }


def _refuse_the_limited(by: permissions.Actor) -> None:
    """Refuse people who look after chosen providers only: a new one would be none of theirs."""
    if by.provider_ids and not permissions.reach(by, permissions.REGISTER_PROVIDER).everything:
        raise errors.Forbidden(
            "Your account is for some of your organisation's providers. To add another one, ask a colleague "
            "whose account is for all of them, or an Approver of your organisation."
        )


def _take_facts(session: Session, provider: models.Provider, *, was: str | None) -> None:
    """Take over what CQC's register says of the location, so that nobody types it.

    What it said of the location that ``was`` given before goes.
    """
    facts = registered_sites.facts_for(session, provider.cqc_location_id)
    if not facts and was is None:
        return
    for name, value in {**(_NO_FACTS if was else {}), **facts}.items():
        if name != "brand" or not provider.brand:
            setattr(provider, name, value)
    capacity.count_over_registered(provider)


def _report_link(provider: models.Provider) -> str | None:
    """Return where CQC's report is read: what was given, else CQC's page of the location."""
    if provider.cqc_report_url or not provider.cqc_location_id:
        return provider.cqc_report_url
    return f"{vocabulary.CQC_PAGE}{provider.cqc_location_id}"


def _type(session: Session, asked: str | None, *, by: permissions.Actor, now: datetime) -> str:
    """Return the type of a new provider: of those that the organisation runs, the one that is asked for.

    Where none is asked for it is the only one, or the one that the organisation is named after.
    """
    valid = choices.valid(session, choices.PROVIDER_TYPE, on=bed_types.london_date(now))
    kind = by.organisation_type or ""
    fitting = [code for code, choice in valid.items() if kind in choice.organisation_types]
    if permissions.reach(by, permissions.REGISTER_PROVIDER).everything:
        fitting = list(valid)
    elif asked is None and (len(fitting) == 1 or kind in fitting):
        return kind if kind in fitting else fitting[0]
    if asked not in fitting:
        raise errors.Invalid(
            "Say what type of provider it is.", {"type": f"Choose one of: {', '.join(fitting)}."}
        )
    return asked


def _moved(provider: models.Provider, fields: Mapping[str, Any]) -> bool:
    postcode = str(fields.get("postcode", provider.postcode))
    council_code = fields.get("council_code") or provider.council_code
    return _compact(postcode) != _compact(provider.postcode) or council_code != provider.council_code


def _is_misplaced(provider: models.Provider, place: Mapping[str, Any] | None) -> bool:
    """Tell whether the provider's postcode is known, in another council than the one it is aligned to.

    So it is when somebody chose the council before the postcodes of the area were imported.
    """
    return (
        place is not None
        and place["precision"] == "postcode"
        and _compact(place["postcode"]) == _compact(provider.postcode)
        and place["council_code"] not in (None, provider.council_code)
    )


def _stand(provider: models.Provider, *, place: Mapping[str, Any] | None, council_code: str | None) -> None:
    postcode = place["postcode"] if place else _spaced(provider.postcode)
    if " " not in postcode:
        raise errors.Invalid("A provider stands at a full postcode.", {"postcode": "Give both halves of it."})
    aligned = alignment(place=place, council_code=council_code)
    provider.postcode = postcode
    provider.council_code = aligned.council_code
    provider.sub_icb_code = aligned.sub_icb_code
    provider.icb_code = aligned.icb_code
    provider.region_code = aligned.region_code


def _compact(postcode: str) -> str:
    return "".join(postcode.split()).upper()


def _spaced(postcode: str) -> str:
    compact = _compact(postcode)
    return f"{compact[:-3]} {compact[-3:]}"
