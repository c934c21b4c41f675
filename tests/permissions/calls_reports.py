"""How each entrypoint of reports is called."""

from __future__ import annotations

from typing import Any
from unittest import mock

from sqlalchemy import orm

from contracts import exports, permissions
from kit import ids
from services.identity.service import Identity
from services.reports import models, providers_known, public_homes
from services.reports.settings import Settings
from tests.factories import snapshots
from tests.permissions import calls, targets
from tests.permissions.calls import Scene

NOW = snapshots.NOW
DURHAM = "E06000047"


def fill(session: orm.Session) -> None:
    """Let reports have heard of a provider of each target; fewer than a page of them in anybody's reach."""
    for target in targets.every():
        facts = {name: value for name, value in target.provider.items() if value is not None}
        providers_known.keep(session, snapshots.snapshot(**facts))


def dependencies() -> dict[str, Any]:
    identity = mock.create_autospec(Identity, instance=True)
    identity.acting_as = lambda actor: identity
    identity.names.return_value = {}
    identity.organisation_names.return_value = {}
    return {
        "identity": identity,
        "in_child": lambda *_, **__: b"%PDF",
        "settings": Settings(public_url="https://tracker.example"),
    }


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


@calls.to("reports.begin_export", needs=(permissions.FIND_VACANCIES,))
def begin_export(scene: Scene) -> Any:
    return scene.service.begin_export(criteria={"postcode": "DH1 3YG"}, format="csv")


@calls.to("reports.export", needs=(permissions.FIND_VACANCIES,))
def export(scene: Scene) -> Any:
    return scene.service.export(export_id=_ready_for(scene))


@calls.to("reports.export:anothers", besides={"a file is for who asked for it": lambda actor, target: True})
def anothers_export(scene: Scene) -> Any:
    return scene.service.export(export_id=_ready_for(scene, by_id=ids.new()))


@calls.to("reports.exports", needs=(permissions.FIND_VACANCIES,))
def own_exports(scene: Scene) -> None:
    mine, _ = _ready_for(scene), _ready_for(scene, by_id=ids.new())
    found = scene.service.exports()["results"]
    assert [export["id"] for export in found] == [mine]


@calls.to("reports.export_part", needs=(permissions.FIND_VACANCIES,))
def export_part(scene: Scene) -> Any:
    return scene.service.export_part(export_id=_ready_for(scene), number=0)


@calls.to("reports.drop_export", needs=(permissions.FIND_VACANCIES,))
def drop_export(scene: Scene) -> None:
    export_id = _ready_for(scene)
    scene.service.drop_export(export_id=export_id)
    scene.session.expire_all()
    assert scene.session.get(models.Export, export_id) is None


def _ready_for(scene: Scene, *, by_id: str | None = None) -> str:
    """Let a file be ready that whoever calls has asked for, or somebody else."""
    export = models.Export(
        id=ids.new(),
        by_id=by_id or scene.actor.user_id or ids.new(),
        by=scene.actor.as_dict(),
        format=exports.CSV,
        criteria={},
        words=[],
        state=exports.READY,
        size=1,
        created_at=NOW,
    )
    scene.session.add(export)
    scene.session.flush()
    scene.session.add(models.ExportPart(export_id=export.id, number=0, content=b"x"))
    scene.session.commit()
    return export.id


@calls.to("reports.audit", needs=(permissions.READ_AUDIT,))
def audit(scene: Scene) -> Any:
    return scene.service.audit()


@calls.to("reports.audit_actions", needs=(permissions.READ_AUDIT,))
def audit_actions(scene: Scene) -> Any:
    return scene.service.audit_actions()


# What is published


@calls.to("reports.public_areas")
def public_areas(scene: Scene) -> Any:
    return scene.service.public_areas()


@calls.to("reports.public_report")
def public_report(scene: Scene) -> Any:
    return scene.service.public_report(area=DURHAM)


@calls.to("reports.public_report_file")
def public_report_file(scene: Scene) -> Any:
    return scene.service.public_report_file(area=DURHAM, file_type="pdf")


@calls.to("reports.public_homes")
def public_homes_listed(scene: Scene) -> Any:
    return scene.service.public_homes()


@calls.to("reports.public_home")
def public_home(scene: Scene) -> Any:
    home = snapshots.snapshot()
    public_homes.keep(scene.session, home)
    scene.session.commit()
    return scene.service.public_home(provider_id=home["provider_id"])


@calls.to("reports.send_public_report", on=calls.PROVIDER, needs=(permissions.UTILISATION_REPORTS,))
def send_public_report(scene: Scene) -> Any:
    return scene.service.send_public_report(
        sending_id=ids.new(), area=scene.target.codes["council_code"], addresses=["a@one.example"]
    )


@calls.to("reports.public_report_sending", needs=(permissions.SERVICE,))
def public_report_sending(scene: Scene) -> Any:
    sending = models.PublicSending(
        id=ids.new(),
        area_code=DURHAM,
        addresses=["a@one.example"],
        words="",
        by_id=ids.new(),
        by_name="Cal Coordinator",
        channel=permissions.WEB,
        address="",
        sent_at=NOW,
    )
    scene.session.add(sending)
    scene.session.commit()
    return scene.service.public_report_sending(sending_id=sending.id)
