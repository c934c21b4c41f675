"""Which needs a provider can meet in how many beds, and what is told of its quality (B5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from contracts import errors, permissions
from services.providers import bed_types, changes, choices, models, publishing

FACTS = (
    "acute_trusts",
    "weekend_assessments",
    "weekend_admissions",
    "food_hygiene_rating",
    "nhs_user_rating",
    "your_care_rating",
    "registered_manager_in_post",
    "staff_turnover",
    "nurse_turnover",
)


def replace(
    session: Session,
    *,
    provider_id: str,
    version: int | None,
    form: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Set the grid of capabilities and the facts around it; a need without beds is one that is not met.

    :raises errors.Stale: somebody changed the provider since ``version``.
    :raises errors.Invalid: a capability is unknown or retired, or takes more beds than there are.
    """
    provider = changes.begin(session, provider_id=provider_id, version=version, by=by, now=now)
    wanted = {code: dict(beds) for code, beds in form["capabilities"].items() if any(beds.values())}
    _refuse_unknown(session, provider, wanted, now=now)
    _refuse_too_many(session, provider, wanted)
    before = changes.state(provider)
    provider.capabilities = wanted
    for name in FACTS:
        setattr(provider, name, form[name])
    if changes.state(provider) != before:
        publishing.publish(session, provider, kind="capabilities", before=before, by=by, now=now)
    return provider


def most_beds(provider: models.Provider) -> int | None:
    """Return how many beds a provider has, once it has declared every type of bed that it offers."""
    rows = provider.bed_types
    if not rows or not all(row.declared for row in rows):
        return None
    return sum(row.maximum or 0 for row in rows)


def _refuse_unknown(
    session: Session, provider: models.Provider, wanted: Mapping[str, Any], *, now: datetime
) -> None:
    """Refuse what nobody may choose today; what the provider has from before may stay."""
    refused = choices.refused(
        session, choices.CAPABILITY, wanted, kept=provider.capabilities, on=bed_types.london_date(now)
    )
    if refused:
        raise errors.Invalid(
            "Some capabilities need correcting; nothing was saved.",
            {f"capabilities.{code}": f"{code} is not a capability that can be chosen." for code in refused},
        )


def _refuse_too_many(
    session: Session, provider: models.Provider, wanted: Mapping[str, Mapping[str, int]]
) -> None:
    most = most_beds(provider)
    if most is None:
        return
    faults = {
        f"capabilities.{code}": f"{total} is more than the {most} that you have."
        for code, beds in wanted.items()
        if (total := beds["nursing"] + beds["non_nursing"]) > most
    }
    if faults:
        raise errors.Invalid("Some capabilities need correcting; nothing was saved.", faults)
