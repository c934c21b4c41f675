"""How each entrypoint of search is called."""

from __future__ import annotations

from typing import Any

from sqlalchemy import orm

from contracts import permissions
from tests.factories import snapshots
from tests.permissions import calls
from tests.permissions.calls import Scene
from tests.search import given

NOW = snapshots.NOW
POSTCODE = "DH1 3NJ"


def fill(session: orm.Session) -> None:
    """Let one postcode be known."""
    given.postcodes(session, (POSTCODE, 427300, 542100))


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


@calls.to("search.locate")
def locate(scene: Scene) -> Any:
    return scene.service.locate(postcode=POSTCODE)


@calls.to("search.health")
def health(scene: Scene) -> Any:
    return scene.service.health()
