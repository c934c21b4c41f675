"""How each entrypoint of search is called."""

from __future__ import annotations

from typing import Any

from sqlalchemy import orm

from contracts import permissions
from tests.factories import snapshots
from tests.permissions import calls, targets
from tests.permissions.calls import Scene
from tests.search import given

NOW = snapshots.NOW
POSTCODE = "DH1 3NJ"


def fill(session: orm.Session) -> None:
    """Let one postcode be known, and every target's home."""
    given.postcodes(session, (POSTCODE, 427300, 542100))
    known = {target.id("provider"): target for target in targets.every()}
    given.stored(
        session,
        (
            snapshots.snapshot(
                provider_id=provider_id,
                organisation_id=target.organisation_id,
                postcode=POSTCODE,
                **target.codes,
            )
            for provider_id, target in known.items()
        ),
    )


def dependencies() -> dict[str, Any]:
    return {}


@calls.to("search.find_vacancies", needs=(permissions.FIND_VACANCIES,))
def find_vacancies(scene: Scene) -> Any:
    return scene.service.find_vacancies(criteria={"postcode": POSTCODE})


@calls.to("search.map_vacancies", needs=(permissions.FIND_VACANCIES,))
def map_vacancies(scene: Scene) -> Any:
    return scene.service.map_vacancies(criteria={"postcode": POSTCODE})


@calls.to("search.every_vacancy", needs=(permissions.FIND_VACANCIES,))
def every_vacancy(scene: Scene) -> Any:
    return scene.service.every_vacancy(criteria={"postcode": POSTCODE})


@calls.to("search.offered", needs=(permissions.FIND_VACANCIES,))
def offered(scene: Scene) -> Any:
    return scene.service.offered()


@calls.to("search.how_found", on=calls.PROVIDER, needs=(permissions.VIEW_PROVIDER,))
def how_found(scene: Scene) -> Any:
    return scene.service.how_found(provider_id=scene.target.id("provider"))


@calls.to("search.demand", needs=(permissions.UTILISATION_REPORTS,))
def demand(scene: Scene) -> Any:
    return scene.service.demand(since="2026-11-01", until="2026-11-20")


@calls.to("search.locate")
def locate(scene: Scene) -> Any:
    return scene.service.locate(postcode=POSTCODE)


@calls.to("search.health")
def health(scene: Scene) -> Any:
    return scene.service.health()
