"""How each entrypoint of providers is called, and the providers there are."""

from __future__ import annotations

from typing import Any
from unittest import mock

import sqlalchemy as sa
from sqlalchemy import orm

from contracts import bulk, permissions
from kit import ids
from services.providers import models
from tests.permissions import calls, targets
from tests.permissions.calls import Scene
from tests.providers import given

NOW = given.NOW
BED_TYPE = "general_residential"
REGISTERED = "1-100000042"


def fill(session: orm.Session) -> None:
    """Let there be a declared provider of each target."""
    for target in targets.every():
        owner = given.actor(organisation_id=target.organisation_id)
        provider = {"id": target.id("provider"), **target.codes}
        given.declared(session, BED_TYPE, by=owner, **provider)
    given.registered_site(session, code=REGISTERED)


def dependencies() -> dict[str, Any]:
    search = mock.Mock(spec=["locate"], **{"locate.return_value": given.PLACE})
    return {"search": search, "in_child": mock.Mock(return_value=b"a file"), "job_queued": mock.Mock()}


def _version(scene: Scene) -> int:
    provider = scene.session.get(models.Provider, scene.target.id("provider"))
    assert provider is not None
    return provider.version


def _its(scene: Scene) -> dict[str, Any]:
    return {"provider_id": scene.target.id("provider")}


def _looks_after(actor: permissions.Actor, facts: dict[str, str | None]) -> bool:
    """Tell who edits a provider; those who edit none see what they report on."""
    edits = permissions.may(actor, permissions.EDIT_PROVIDER)
    return permissions.may(
        actor, permissions.EDIT_PROVIDER if edits else permissions.LAST_UPDATED_REPORT, facts
    )


@calls.to("providers.list_providers", on=calls.PROVIDER, lists="provider", instead=_looks_after)
def list_providers(scene: Scene) -> list[str]:
    found = scene.service.list_providers(page_size=100)
    assert found["total"] == len(found["results"])
    return [row["id"] for row in found["results"]]


@calls.to("providers.list_choices", needs=((permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT),))
def list_choices(scene: Scene) -> Any:
    return scene.service.list_choices()


@calls.to(
    "providers.list_organisations", needs=((permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT),)
)
def list_organisations(scene: Scene) -> Any:
    return scene.service.list_organisations()


@calls.to("providers.export_list", needs=((permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT),))
def export_list(scene: Scene) -> Any:
    return scene.service.export_list(file_type="csv")


@calls.to("providers.get_provider", on=calls.PROVIDER, needs=(permissions.VIEW_PROVIDER,))
def get_provider(scene: Scene) -> Any:
    found = scene.service.get_provider(**_its(scene))
    assert found["may"] == [
        action for action in found["may"] if permissions.may(scene.actor, action, scene.target.provider)
    ]
    return found


TYPES = {"nhs_acute": "acute", "community": "community", "hospice": "hospice"}


@calls.to(
    "providers.create_provider",
    on=calls.PERSON,
    needs=(permissions.REGISTER_PROVIDER,),
    besides={
        "who looks after some homes only would not see the new one": lambda by, _: bool(by.provider_ids)
    },
)
def create_provider(scene: Scene) -> Any:
    kind = TYPES.get(scene.actor.organisation_type or "", "care_home")
    form = given.DETAILS | {"type": kind, "organisation_id": scene.target.organisation_id}
    return scene.service.create_provider(form=form)


@calls.to("providers.change_provider", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def change_provider(scene: Scene) -> Any:
    return scene.service.change_provider(**_its(scene), changes={"name": "Renamed House"})


@calls.to("providers.change_provider: move", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def move_provider(scene: Scene) -> Any:
    return scene.service.change_provider(**_its(scene), changes={"postcode": "DH1 3YG"})


@calls.to(
    "providers.change_provider: weekly reminder",
    on=calls.PROVIDER,
    needs=(permissions.EDIT_PROVIDER, permissions.SWITCH_REMINDER),
)
def switch_reminder(scene: Scene) -> Any:
    return scene.service.change_provider(**_its(scene), changes={"weekly_reminder": False})


@calls.to(
    "providers.change_provider: active",
    on=calls.PROVIDER,
    needs=(permissions.EDIT_PROVIDER, permissions.DEACTIVATE_PROVIDER),
)
def deactivate_provider(scene: Scene) -> Any:
    return scene.service.change_provider(**_its(scene), changes={"active": False})


@calls.to("providers.deactivate_provider", on=calls.PROVIDER, needs=(permissions.DEACTIVATE_PROVIDER,))
def close_provider(scene: Scene) -> Any:
    return scene.service.deactivate_provider(**_its(scene), reason="Closed for good.")


@calls.to("providers.reactivate_provider", on=calls.PROVIDER, needs=(permissions.DEACTIVATE_PROVIDER,))
def reopen_provider(scene: Scene) -> Any:
    provider = scene.session.get(models.Provider, scene.target.id("provider"))
    assert provider is not None
    provider.active = False
    scene.session.flush()
    return scene.service.reactivate_provider(**_its(scene))


@calls.to("providers.add_note", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def add_note(scene: Scene) -> Any:
    return scene.service.add_note(**_its(scene), text="Pets are welcome.")


def _note(scene: Scene) -> str:
    """Let there be a note to change, and return its id."""
    note = models.Note(id=ids.new(), **_its(scene), text="No pets.", written_at=NOW, by_name="")
    scene.session.add(note)
    scene.session.flush()
    return note.id


@calls.to("providers.edit_note", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def edit_note(scene: Scene) -> Any:
    return scene.service.edit_note(**_its(scene), note_id=_note(scene), text="Pets are welcome.")


@calls.to("providers.delete_note", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def delete_note(scene: Scene) -> Any:
    return scene.service.delete_note(**_its(scene), note_id=_note(scene))


ALERT = {"kind": "outbreak", "text": "Norovirus.", "starts_on": f"{NOW:%Y-%m-%d}"}


@calls.to("providers.set_alert", on=calls.PROVIDER, needs=(permissions.SET_ALERTS,))
def set_alert(scene: Scene) -> Any:
    return scene.service.set_alert(**_its(scene), **ALERT)


@calls.to("providers.end_alert", on=calls.PROVIDER, needs=(permissions.SET_ALERTS,))
def end_alert(scene: Scene) -> Any:
    alert = models.Alert(
        id=ids.new(), **_its(scene), kind="outbreak", text="", starts_on=NOW.date(), set_at=NOW, set_by=""
    )
    scene.session.add(alert)
    scene.session.flush()
    return scene.service.end_alert(**_its(scene), alert_id=alert.id)


@calls.to("providers.set_services", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def set_services(scene: Scene) -> Any:
    return scene.service.set_services(**_its(scene), bed_types=[BED_TYPE, "dementia_residential"])


@calls.to("providers.set_capabilities", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def set_capabilities(scene: Scene) -> Any:
    return scene.service.set_capabilities(**_its(scene), form={"food_hygiene_rating": 4})


@calls.to("providers.set_contracts", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def set_contracts(scene: Scene) -> Any:
    return scene.service.set_contracts(**_its(scene), codes=[given.DURHAM])


@calls.to("providers.get_capacity", on=calls.PROVIDER, needs=(permissions.VIEW_PROVIDER,))
def get_capacity(scene: Scene) -> Any:
    return scene.service.get_capacity(**_its(scene))


@calls.to("providers.declare_capacity", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def declare_capacity(scene: Scene) -> Any:
    form = {"bed_types": [given.figures(BED_TYPE, occupied=7, accepting=3)]}
    return scene.service.declare_capacity(**_its(scene), version=_version(scene), form=form)


@calls.to("providers.confirm_capacity", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def confirm_capacity(scene: Scene) -> Any:
    return scene.service.confirm_capacity(**_its(scene))


@calls.to("providers.capacities", on=calls.PROVIDER, lists="provider", needs=(permissions.EDIT_PROVIDER,))
def capacities(scene: Scene) -> list[str]:
    found = scene.service.capacities(provider_ids=[scene.target.id("provider")])
    return [row["provider_id"] for row in found["results"]]


@calls.to("providers.declare_many", on=calls.PROVIDER, needs=(permissions.EDIT_PROVIDER,))
def declare_many(scene: Scene) -> Any:
    (row,) = scene.service.declare_many(items=[{**_its(scene), "unchanged": True}])["results"]
    if row["status"] == "refused":
        assert row["code"] == "forbidden", row
    return row["status"] == "confirmed"


@calls.to(
    "providers.history",
    on=calls.PROVIDER,
    needs=(permissions.VIEW_PROVIDER, (permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT)),
)
def history(scene: Scene) -> Any:
    return scene.service.history(**_its(scene))


@calls.to("providers.bed_types")
def bed_types(scene: Scene) -> Any:
    return scene.service.bed_types(provider_type="care_home")


@calls.to("providers.choices")
def choices(scene: Scene) -> Any:
    return scene.service.choices()


@calls.to("providers.choice_uses", needs=(permissions.EDIT_REFERENCE_DATA,))
def choice_uses(scene: Scene) -> Any:
    return scene.service.choice_uses(kind="language")


@calls.to("providers.save_choice", needs=(permissions.EDIT_REFERENCE_DATA,))
def save_choice(scene: Scene) -> Any:
    return scene.service.save_choice(kind="capability", form={"label": "Hydrotherapy"})


@calls.to("providers.retire_choice", needs=(permissions.EDIT_REFERENCE_DATA,))
def retire_choice(scene: Scene) -> Any:
    return scene.service.retire_choice(kind="language", code="German")


@calls.to("providers.restore_choice", needs=(permissions.EDIT_REFERENCE_DATA,))
def restore_choice(scene: Scene) -> Any:
    return scene.service.restore_choice(kind="language", code="German")


@calls.to("providers.snapshots", needs=(permissions.SERVICE,))
def snapshots(scene: Scene) -> Any:
    return scene.service.snapshots()


@calls.to("providers.directory")
def directory(scene: Scene) -> Any:
    return scene.service.directory()


@calls.to("providers.audit", on=calls.PROVIDER, lists="provider", needs=(permissions.READ_AUDIT,))
def audit(scene: Scene) -> list[str]:
    found, before_id = [], None
    while True:
        answer = scene.service.audit(limit=100, before_id=before_id)
        found += [row["subject_id"] for row in answer["results"]]
        before_id = answer["next"]
        if before_id is None:
            return found


@calls.to("providers.audit: of one", on=calls.PROVIDER, lists="provider", needs=(permissions.READ_AUDIT,))
def audit_of_one(scene: Scene) -> list[str]:
    found = scene.service.audit(provider_id=scene.target.id("provider"))
    return [row["subject_id"] for row in found["results"]]


@calls.to("providers.audit_actions", needs=(permissions.READ_AUDIT,))
def audit_actions(scene: Scene) -> Any:
    return scene.service.audit_actions()


@calls.to("providers.health")
def health(scene: Scene) -> Any:
    return scene.service.health()


@calls.to(
    "providers.registered_site",
    needs=((permissions.REGISTER_PROVIDER, permissions.EDIT_PROVIDER),),
)
def registered_site(scene: Scene) -> Any:
    return scene.service.registered_site(register="cqc", code=REGISTERED)


@calls.to(
    "providers.registered_sites",
    needs=((permissions.REGISTER_PROVIDER, permissions.EDIT_PROVIDER),),
)
def registered_sites(scene: Scene) -> Any:
    return scene.service.registered_sites(q="fictional")


def _uploaded(scene: Scene, state: str, **columns: Any) -> str:
    """Let the caller have sent a file, which has come to a state; return its id."""
    defaults = {"template": "care_home", "file_name": "homes.xlsx", "content": b"", "columns": {}}
    counts = {"changed": 1, "confirmed": 0, "faulty": 0, "questions": 0, "applied": 1}
    upload = models.BulkUpload(
        id=ids.new(),
        state=state,
        by_id=scene.actor.user_id or ids.new(),
        by=scene.actor.as_dict(),
        declarations=[],
        counts=counts,
        created_at=NOW,
        **(defaults | columns),
    )
    scene.session.add(upload)
    scene.session.flush()
    return upload.id


@calls.to("providers.bulk_template", needs=(permissions.EDIT_PROVIDER,))
def bulk_template(scene: Scene) -> Any:
    return scene.service.bulk_template(template="care_home")


@calls.to("providers.upload_bulk", needs=(permissions.EDIT_PROVIDER,))
def upload_bulk(scene: Scene) -> Any:
    return scene.service.upload_bulk(
        template="care_home", file_name="homes.csv", content="QQ==", declarations=list(bulk.DECLARATIONS)
    )


@calls.to("providers.bulk_uploads", needs=(permissions.EDIT_PROVIDER,))
def bulk_uploads(scene: Scene) -> Any:
    return scene.service.bulk_uploads()


@calls.to("providers.bulk_upload", needs=(permissions.EDIT_PROVIDER,))
def bulk_upload(scene: Scene) -> Any:
    return scene.service.bulk_upload(upload_id=_uploaded(scene, bulk.CHECKED))


@calls.to("providers.apply_bulk", needs=(permissions.EDIT_PROVIDER,))
def apply_bulk(scene: Scene) -> Any:
    return scene.service.apply_bulk(upload_id=_uploaded(scene, bulk.CHECKED), mode=bulk.ALL_OR_NOTHING)


@calls.to("providers.cancel_bulk", needs=(permissions.EDIT_PROVIDER,))
def cancel_bulk(scene: Scene) -> Any:
    return scene.service.cancel_bulk(upload_id=_uploaded(scene, bulk.CHECKED))


@calls.to("providers.undo_bulk", needs=(permissions.EDIT_PROVIDER,))
def undo_bulk(scene: Scene) -> Any:
    return scene.service.undo_bulk(upload_id=_uploaded(scene, bulk.APPLIED, applied_at=NOW))


@calls.to("providers.bulk_faults", needs=(permissions.EDIT_PROVIDER,))
def bulk_faults(scene: Scene) -> Any:
    return scene.service.bulk_faults(upload_id=_uploaded(scene, bulk.CHECKED))


@calls.to("providers.bulk_report", needs=(permissions.SERVICE,))
def bulk_report(scene: Scene) -> Any:
    sender = ids.new()
    upload_id = _uploaded(scene, bulk.APPLIED, applied_at=NOW)
    scene.session.execute(
        sa.update(models.BulkUpload).where(models.BulkUpload.id == upload_id).values(by_id=sender)
    )
    scene.session.expire_all()
    return scene.service.bulk_report(upload_id=upload_id, user_id=sender)
