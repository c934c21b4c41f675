"""Which councils and sub-ICBs a provider has a contract with (B11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from contracts import areas, errors, permissions
from services.providers import changes, models, publishing


def replace(
    session: Session,
    *,
    provider_id: str,
    version: int | None,
    form: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Set the contracts, from all of England; one with an authority that is no more may stay, not be added.

    :raises errors.Stale: somebody changed the provider since ``version``.
    :raises errors.Invalid: a code is none of a council or sub-ICB.
    """
    provider = changes.begin(session, provider_id=provider_id, version=version, by=by, now=now)
    codes = form["codes"]
    faults = {
        f"codes.{position}": f"{code} is not the code of a council or sub-ICB of today."
        for position, code in enumerate(codes)
        if not is_known(code) and code not in provider.contracts
    }
    if faults:
        raise errors.Invalid("Some contracts need correcting; nothing was saved.", faults)
    before = changes.state(provider)
    provider.contracts = sorted(set(codes))
    if changes.state(provider) != before:
        publishing.publish(session, provider, kind="contracts", before=before, by=by, now=now)
    return provider


def is_known(code: str) -> bool:
    """Tell whether a code is that of a council or sub-ICB."""
    return areas.council(code) is not None or areas.sub_icb(code) is not None
