"""The notifications process: what it answers, what it acts on, and when.

It runs on eventlet's asyncio hub (``EVENTLET_HUB=asyncio``), because aiosmtplib needs an event loop.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import eventlet
import eventlet.asyncio
from eventlet import patcher
from eventlet.event import Event as Signal
from nameko.extensions import DependencyProvider
from nameko.timer import timer

from contracts import errors, events, permissions
from kit import clock, database, health, logging, messaging, rpc
from kit import settings as kit_settings
from services.notifications import (
    actions,
    announcements,
    bulk_results,
    delivery,
    mails,
    models,
    providers_watched,
    public_reports,
    reminders,
    schemas,
)
from services.notifications.settings import Settings

LOOK_SECONDS = 2.0
"""How often a process looks for mails that another one queued or left; its own are sent at once."""
SCHEDULE_SECONDS = 60
"""How often the reminders' schedule is looked at."""
HOUSEKEEPING_SECONDS = 3600
AT_A_TIME = 500
"""Ids in one question to identity, and reminders in one transaction."""
REPORT_SECONDS = 65.0
"""How long another service may take over a file that goes along: the faults of a bulk update, a report."""
LEFT = (
    "This link was mailed to an account that is not active any more, so it does nothing. "
    "Ask the person in your organisation who approves users."
)

Person = mails.Recipient


class Configuration(DependencyProvider):
    """Injects the settings."""

    def setup(self) -> None:
        self.settings = kit_settings.load(Settings)

    def get_dependency(self, worker_ctx: Any) -> Settings:
        return self.settings


class Postman(DependencyProvider):
    """Delivers mails as long as the process runs; injects the function that says there is one."""

    def __init__(self, of: database.Database) -> None:
        self.service = of.service
        super().__init__()

    def setup(self) -> None:
        self._wanted, self._stopped, self._finished = Signal(), Signal(), Signal()
        self.means = delivery.Means(
            # Connections of its own, so that a busy service cannot keep mails waiting.
            sessions=database.Sessions(
                database.engine(os.environ[database.variable(self.service)], pool_size=2)
            ),
            settings=kit_settings.load(Settings),
            run=lambda coroutine: eventlet.asyncio.spawn_for_awaitable(coroutine).wait(),
            clock=clock.now,
            tls=patcher.original("ssl").create_default_context(),
            may_go_on=lambda: not self._stopped.ready(),
        )

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        """Let the mail that is being handed over come to its end."""
        self._stopped.send()
        self._wake()
        with eventlet.Timeout(delivery.HAND_OVER_SECONDS, False):
            self._finished.wait()

    def get_dependency(self, worker_ctx: Any) -> Callable[[], None]:
        return self._wake

    def _wake(self) -> None:
        if not self._wanted.ready():
            self._wanted.send()

    def _run(self) -> None:
        away_seconds = 0.5
        while not self._stopped.ready():
            # Whatever is queued from here on wakes the loop again.
            self._wanted = Signal()
            if self._deliver():
                away_seconds = 0.5
                self._wait(self._wanted, LOOK_SECONDS)
            else:
                # New mail is no reason to ask an absent server more often.
                away_seconds = min(away_seconds * 2, self.means.settings.server_away_seconds)
                self._wait(self._stopped, away_seconds)
        self._finished.send()

    def _deliver(self) -> bool:
        try:
            return delivery.drain(self.means)
        except errors.Unavailable as fault:
            logging.warning("delivery waits", why=str(fault))
            return False

    @staticmethod
    def _wait(signal: Any, seconds: float) -> None:
        with eventlet.Timeout(seconds, False):
            signal.wait()


class Notifications(health.Health):
    """What mail goes to whom, and what the links in mails do."""

    name = "notifications"

    settings = Configuration()
    database = database.Database("notifications")
    mail_queued = Postman(database)
    clock = clock.Clock()
    caller = rpc.Caller()
    identity = rpc.Service("identity")
    providers = rpc.Service("providers")
    reports = rpc.Service("reports")

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def action(self, *, token: str) -> dict[str, Any]:
        """Tell what a link in a mail is for; looking changes nothing."""
        with self.database.reading() as session:
            action = actions.find(session, token=token)
        state = actions.state(action, now=self.clock())
        # A link that is used up shows nothing of the provider any more.
        actor = self._actor(action) if state == actions.OPEN else permissions.ANONYMOUS
        return {**schemas.action_state.dump(action), "state": state, "actor": actor.as_dict()}

    @rpc.entrypoint(may=permissions.PUBLIC)
    def confirm_by_link(self, *, token: str, version: int) -> dict[str, Any]:
        """Confirm the figures for whom the mail was sent to (B9): the link is all the authority needed."""
        with self.database.reading() as session:
            action = actions.find(session, token=token)
        actions.require_open(action, now=self.clock())
        # Should we die before the link is marked as used, the same cause declares nothing a second time.
        confirmed = self.providers.acting_as(self._actor(action)).confirm_capacity(
            provider_id=action.provider_id,
            version=version,
            cause=actions.cause(action),
        )
        with self.database.transaction() as session:
            actions.mark_used(session, action_id=action.id, now=self.clock())
        return {"last_updated": confirmed["last_updated"]}

    @rpc.entrypoint(may=permissions.READ_OPERATIONS)
    def send_reminders(self) -> dict[str, int]:
        """Queue this week's reminder for everybody who is overdue and has not had it; tell how many."""
        return {"mails": self._remind(self.clock())}

    @rpc.entrypoint(may=permissions.READ_OPERATIONS, repeatable=True)
    def mails(self, *, page: int = 1) -> dict[str, Any]:
        """List mails, newest first, without their bodies."""
        if not 1 <= page <= mails.MOST_PAGES:
            raise errors.Invalid("There is no such page.", {"page": f"Must be 1 to {mails.MOST_PAGES}."})
        with self.database.reading() as session:
            total, found = mails.page(session, number=page)
        return {
            "total": total,
            "page": page,
            "page_size": mails.PAGE_SIZE,
            "results": schemas.mail_summaries.dump(found),
        }

    @timer(interval=SCHEDULE_SECONDS)
    def remind_on_schedule(self) -> None:
        """Queue the week's reminders when their time has come."""
        now, schedule = self.clock(), self.settings
        with self.database.transaction() as session:
            due = reminders.is_due(
                session, weekday=schedule.reminder_weekday, hour=schedule.reminder_hour, now=now
            )
        if due:
            # Two processes may both get here: each person still has one mail a week.
            logging.event("weekly reminders", mails=self._remind(now))
            with self.database.transaction() as session:
                reminders.record_run(session, now=now)

    @timer(interval=HOUSEKEEPING_SECONDS, eager=True)
    def keep_house(self) -> None:
        """Forget whom public reports were mailed to long ago."""
        with self.database.transaction() as session:
            public_reports.forget_old(session, now=self.clock())

    @messaging.handles(events.ProviderChanged)
    def on_provider_changed(self, event: events.ProviderChanged) -> None:
        # Idempotent: a version as new as the one held is ignored.
        with self.database.transaction() as session:
            providers_watched.keep(session, event.provider)

    @messaging.handles(events.CapacityDeclared)
    def on_capacity_declared(self, event: events.CapacityDeclared) -> None:
        # Idempotent: a version as new as the one held is ignored.
        with self.database.transaction() as session:
            providers_watched.keep(session, event.provider)

    @messaging.handles(events.RegistrationSubmitted)
    def on_registration_submitted(self, event: events.RegistrationSubmitted) -> None:
        # Idempotent: the cause is the registration, and each approver has one mail for it.
        people = self._people([event.user_id, *event.approver_ids])
        applicant = people[event.user_id]
        if applicant.status == "awaiting":
            approvers = [people[user_id] for user_id in event.approver_ids]
            self._queue(
                announcements.user_to_approve,
                applicant=applicant,
                approvers=approvers,
                on_a_list=event.organisation_id is not None,
            )

    @messaging.handles(events.RegistrationRepeated)
    def on_registration_repeated(self, event: events.RegistrationRepeated) -> None:
        # Idempotent: the cause is the call that repeated the registration.
        call_id = logging.call_id.get()
        self._queue(announcements.already_registered, to=self._person(event.user_id), call_id=call_id)

    @messaging.handles(events.UserApproved)
    def on_user_approved(self, event: events.UserApproved) -> None:
        # Idempotent: the cause is the approval, and an account is approved once.
        self._send_login_details(event.user_id, kind="user_approved", cause=f"approved:{event.user_id}")

    @messaging.handles(events.PasswordReset)
    def on_password_reset(self, event: events.PasswordReset) -> None:
        # Idempotent: the cause is this one request.
        self._send_login_details(event.user_id, kind="new_login_details", cause=f"reset:{event.reset_id}")

    @messaging.handles(events.PasswordForgotten)
    def on_password_forgotten(self, event: events.PasswordForgotten) -> None:
        # Idempotent: the cause is this one request.
        self._queue(
            announcements.password_forgotten,
            to=self._person(event.user_id),
            request_id=event.request_id,
            issue=lambda: self.identity.issue_password_link(user_id=event.user_id),
        )

    @messaging.handles(events.PasswordExpiring)
    def on_password_expiring(self, event: events.PasswordExpiring) -> None:
        # Idempotent: the cause is the password's last moment and how many days before it this is.
        self._queue(
            announcements.password_expiring,
            to=self._person(event.user_id),
            expires_at=datetime.fromisoformat(event.expires_at),
            days_left=event.days_left,
        )

    @messaging.handles(events.CredentialsChanged)
    def on_credentials_changed(self, event: events.CredentialsChanged) -> None:
        # Idempotent: the cause is this one change.
        self._queue(
            announcements.credentials_changed,
            to=self._person(event.user_id),
            change=event.change,
            change_id=event.change_id,
            changed_at=datetime.fromisoformat(event.changed_at),
        )

    @messaging.handles(events.UserRejected)
    def on_user_rejected(self, event: events.UserRejected) -> None:
        # Idempotent: the cause is the rejection.
        self._queue(announcements.rejected, to=self._person(event.user_id), reason=event.reason)

    @messaging.handles(events.AccountLocked)
    def on_account_locked(self, event: events.AccountLocked) -> None:
        # Idempotent: the cause is the call whose wrong password locked the account.
        call_id = logging.call_id.get()
        self._queue(announcements.locked, to=self._person(event.user_id), call_id=call_id)

    @messaging.handles(events.BulkFinished)
    def on_bulk_finished(self, event: events.BulkFinished) -> None:
        # Idempotent: the cause is the upload and the state in which it ended.
        report = self.providers.within(REPORT_SECONDS).bulk_report(
            upload_id=event.upload_id, user_id=event.user_id
        )
        self._queue(bulk_results.announce, to=self._person(event.user_id), event=event, report=report)

    @messaging.handles(events.PublicReportSent)
    def on_public_report_sent(self, event: events.PublicReportSent) -> None:
        # Idempotent: the cause is the sending, and each address has one mail for it.
        report = self.reports.within(REPORT_SECONDS).public_report_sending(sending_id=event.sending_id)
        organisation_id = report["organisation_id"]
        wanted = [organisation_id] if organisation_id else []
        names = self.identity.organisation_names(organisation_ids=wanted) if wanted else {}
        self._queue(
            public_reports.announce,
            organisation=names.get(organisation_id, ""),
            sending_id=event.sending_id,
            report=report,
        )

    def _send_login_details(self, user_id: str, *, kind: str, cause: str) -> None:
        self._queue(
            announcements.login_details,
            to=self._person(user_id),
            kind=kind,
            cause=cause,
            issue=lambda: self.identity.issue_temporary_password(user_id=user_id),
        )

    def _queue(self, announce: Callable[..., None], **words: Any) -> None:
        """Queue what ``announce`` announces, and have it delivered at once."""
        with self.database.transaction() as session:
            announce(session, site=self.settings.public_url, now=self.clock(), **words)
        self.mail_queued()

    def _person(self, user_id: str) -> Person:
        return self._people([user_id])[user_id]

    def _people(self, user_ids: Sequence[str]) -> dict[str, Person]:
        """Return how to reach each person.

        :raises errors.NotFound: when identity does not know one of them.
        """
        contacts = self.identity.contacts(user_ids=list(user_ids))
        people = {contact["user_id"]: mails.recipient(contact) for contact in contacts}
        for user_id in user_ids:
            if user_id not in people:
                raise errors.NotFound("There is no such person.", {"user_id": user_id})
        return people

    def _actor(self, action: models.Action) -> permissions.Actor:
        """Return whom the link acts for, as coming from a mail and from where it was opened (A11).

        :raises errors.Forbidden: when the account is not active any more (A9).
        """
        try:
            found = self._as_itself().actor_for(user_id=action.user_id)
        except errors.NotFound as fault:
            raise errors.Forbidden(LEFT) from fault
        actor = permissions.Actor.from_dict(found)
        return dataclasses.replace(actor, channel=permissions.EMAIL, address=self.caller.address)

    def _as_itself(self) -> Any:
        """Return identity for questions that only services may ask, whoever opened the link."""
        return self.identity.acting_as(permissions.service(self.name))

    def _remind(self, now: datetime) -> int:
        with self.database.reading() as session:
            overdue = reminders.overdue(session, now=now)
        people: dict[str, list[str]] = {}
        for some in _batches([provider.provider_id for provider in overdue]):
            people |= self._as_itself().people_of_providers(provider_ids=some)
        user_ids = sorted({user_id for found in people.values() for user_id in found})
        recipients = [
            mails.recipient(contact)
            for some in _batches(user_ids)
            for contact in self._as_itself().contacts(user_ids=some)
        ]
        queued = 0
        for batch in _batches(reminders.by_person(overdue, people=people, recipients=recipients)):
            with self.database.transaction() as session:
                queued += reminders.queue_all(session, batch, site=self.settings.public_url, now=now)
            self.mail_queued()
        return queued


def _batches(things: Sequence[Any]) -> list[list[Any]]:
    return [list(things[start : start + AT_A_TIME]) for start in range(0, len(things), AT_A_TIME)]
