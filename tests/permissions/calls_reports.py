"""How each entrypoint of reports is called."""

from __future__ import annotations

from typing import Any
from unittest import mock

from sqlalchemy import orm

from contracts import permissions
from services.identity.service import Identity
from services.reports import providers_known
from tests.factories import snapshots
from tests.permissions import calls, targets
from tests.permissions.calls import Scene

NOW = snapshots.NOW


def fill(session: orm.Session) -> None:
    """Let reports have heard of a provider of each target; fewer than a page of them in anybody's reach."""
    for target in targets.every():
        facts = {name: value for name, value in target.provider.items() if value is not None}
        providers_known.keep(session, snapshots.snapshot(**facts))


def dependencies() -> dict[str, Any]:
    identity = mock.create_autospec(Identity, instance=True)
    identity.acting_as = lambda actor: identity
    identity.names.return_value = {}
    return {"identity": identity}


@calls.to(
    "reports.last_updated", on=calls.PROVIDER, lists="provider", needs=(permissions.LAST_UPDATED_REPORT,)
)
def last_updated(scene: Scene) -> list[str]:
    found, page = [], 1
    while len(found) < (answer := scene.service.last_updated(page=page))["total"]:
        found += [row["provider_id"] for row in answer["results"]]
        page += 1
    return found


@calls.to("reports.health")
def health(scene: Scene) -> Any:
    return scene.service.health()
