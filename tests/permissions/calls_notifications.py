"""How each entrypoint of notifications is called."""

from __future__ import annotations

from typing import Any
from unittest import mock

from sqlalchemy import orm

from contracts import permissions
from services.identity.service import Identity
from services.notifications import actions
from services.providers.service import Providers
from tests.notifications import given
from tests.permissions import calls, roles, targets
from tests.permissions.calls import Scene

NOW = given.NOW


def fill(session: orm.Session) -> None:
    """Let nothing be there: what is not anybody's business is not kept apart either."""


def dependencies() -> dict[str, Any]:
    """Return the other services; identity knows who a link was mailed to, whoever asks."""
    identity = mock.create_autospec(Identity, instance=True)
    identity.acting_as = mock.Mock(return_value=identity)
    identity.actor_for.return_value = roles.PEOPLE["care_home"].as_dict()
    providers = mock.create_autospec(Providers, instance=True)
    providers.acting_as = mock.Mock(return_value=providers)
    providers.confirm_capacity.return_value = {"last_updated": NOW.isoformat()}
    return {
        "identity": identity,
        "providers": providers,
        "settings": given.SETTINGS,
        "mail_queued": mock.Mock(),
    }


def _link(scene: Scene) -> str:
    token = actions.create(
        scene.session,
        purpose=actions.CONFIRM_UNCHANGED,
        provider_id=targets.own("care_home").id("provider"),
        user_id=str(roles.PEOPLE["care_home"].user_id),
        now=NOW,
    )
    scene.session.commit()
    return token


@calls.to("notifications.action")
def action(scene: Scene) -> Any:
    return scene.service.action(token=_link(scene))


@calls.to("notifications.confirm_by_link")
def confirm_by_link(scene: Scene) -> Any:
    return scene.service.confirm_by_link(token=_link(scene), version=1)


@calls.to("notifications.send_reminders", needs=(permissions.READ_OPERATIONS,))
def send_reminders(scene: Scene) -> Any:
    return scene.service.send_reminders()


@calls.to("notifications.mails", needs=(permissions.READ_OPERATIONS,))
def mails(scene: Scene) -> Any:
    return scene.service.mails()


@calls.to("notifications.health")
def health(scene: Scene) -> Any:
    return scene.service.health()
