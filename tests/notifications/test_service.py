"""What the service answers and how it acts on events."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from contracts import errors, events, permissions
from kit import database, ids, logging
from services.notifications import actions, announcements, delivery, mails, models, providers_watched
from tests.notifications import given
from tests.notifications.test_public_reports import REPORT as PUBLIC_REPORT

GOLDEN = Path(__file__).parent.parent / "contracts" / "golden"


ISSUED = {
    "temporary_password": "amber-lattice-plume",
    "expires_at": (given.NOW + timedelta(hours=72)).isoformat(),
}
LINK = {"token": "quartz-token", "expires_at": (given.NOW + timedelta(hours=1)).isoformat()}
BULK_REPORT = {
    "file_name": "homes.xlsx",
    "problem": None,
    "may_undo": True,
    "content": base64.b64encode(b"a workbook").decode(),
}
VISITOR = permissions.Actor(kind="anonymous", address="192.0.2.7", channel=permissions.WEB)
"""Whoever opens a link, as the gateway tells of them."""


def all_mails(sessions: database.Sessions) -> list[models.Mail]:
    with sessions.reading() as session:
        return list(session.scalars(sa.select(models.Mail).order_by(models.Mail.id)))


@pytest.fixture
def known(identity: Any) -> Callable[..., None]:
    """Make identity know people."""

    def tell(*people: mails.Recipient) -> None:
        by_id = {person.user_id: given.contact(person) for person in people}
        identity.contacts.side_effect = lambda user_ids: [by_id[one] for one in user_ids if one in by_id]

    return tell


def in_two_processes(notifications: Any, handler: str, event: events.Event) -> None:
    """Have two workers handle one event at the same time."""
    threads = [
        threading.Thread(target=getattr(notifications(by=given.SERVICE), handler), args=(event,))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestRegistrationSubmitted:
    def test_a3_mails_every_active_approver_once(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        applicant = given.person("Ash\r\nGrove", status="awaiting")
        robin, lee, left = (
            given.person(),
            given.person("Lee Park"),
            given.person("Kim Dale", status="deactivated"),
        )
        known(applicant, robin, lee, left)
        event = events.RegistrationSubmitted(
            user_id=applicant.user_id,
            organisation_id=None,
            approver_ids=[robin.user_id, lee.user_id, left.user_id],
        )
        for _ in range(2):
            worker = notifications(by=given.SERVICE)
            worker.on_registration_submitted(event)
        found = all_mails(sessions)
        assert [mail.address for mail in found] == [robin.address, lee.address]
        assert found[0].subject == "New user to approve: Ash Grove"
        assert f"{given.SITE}/registrations" in found[0].text
        worker.mail_queued.assert_called_once_with()

    @pytest.mark.parametrize(("organisation_id", "said"), [(None, True), (ids.new(), False)])
    def test_a3_says_when_the_organisation_is_on_no_list(
        self,
        notifications: Any,
        sessions: database.Sessions,
        known: Any,
        organisation_id: str | None,
        said: bool,
    ) -> None:
        applicant, robin = given.person("Ash Grove", status="awaiting"), given.person()
        known(applicant, robin)
        notifications().on_registration_submitted(
            events.RegistrationSubmitted(
                user_id=applicant.user_id, organisation_id=organisation_id, approver_ids=[robin.user_id]
            )
        )
        [mail] = all_mails(sessions)
        assert ("on no list" in mail.text) == said

    def test_asks_nobody_about_what_is_decided(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        applicant, robin = given.person("Ash Grove", status="active"), given.person()
        known(applicant, robin)
        notifications().on_registration_submitted(
            events.RegistrationSubmitted(
                user_id=applicant.user_id, organisation_id=None, approver_ids=[robin.user_id]
            )
        )
        assert all_mails(sessions) == []


class TestUserApproved:
    def test_a4_mails_the_temporary_password_and_asks_for_one_only(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        identity.issue_temporary_password.return_value = ISSUED
        event = events.UserApproved(user_id=robin.user_id, by_id=given.ADMINISTRATOR.user_id or "")
        for _ in range(2):
            notifications(by=given.SERVICE).on_user_approved(event)
        [mail] = all_mails(sessions)
        assert "amber-lattice-plume" in mail.text
        assert "Saturday 21 November 2026 at 9:30" in mail.text
        assert "amber-lattice-plume" not in mail.subject
        identity.issue_temporary_password.assert_called_once_with(user_id=robin.user_id)

    def test_a4_asks_for_one_password_though_two_processes_have_the_same_event(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any
    ) -> None:
        """A second password would make the mailed one worthless."""
        robin = given.person()
        known(robin)

        def issue(user_id: str) -> dict[str, str]:
            time.sleep(0.3)
            return ISSUED

        identity.issue_temporary_password.side_effect = issue
        event = events.UserApproved(user_id=robin.user_id, by_id=robin.user_id)
        in_two_processes(notifications, "on_user_approved", event)
        identity.issue_temporary_password.assert_called_once_with(user_id=robin.user_id)
        assert len(all_mails(sessions)) == 1

    def test_queues_nothing_while_identity_is_away_so_that_the_event_is_tried_again(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        identity.issue_temporary_password.side_effect = errors.Unavailable("away")
        with pytest.raises(errors.Unavailable):
            notifications().on_user_approved(events.UserApproved(user_id=robin.user_id, by_id=robin.user_id))
        assert all_mails(sessions) == []


class TestPasswordReset:
    def test_a4_mails_a_temporary_password_for_each_request(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        identity.issue_temporary_password.return_value = ISSUED
        for reset_id in ("first", "first", "second"):
            notifications(by=given.SERVICE).on_password_reset(
                events.PasswordReset(user_id=robin.user_id, by_id=robin.user_id, reset_id=reset_id)
            )
        found = all_mails(sessions)
        assert [mail.subject for mail in found] == ["Your new login details for Capacity Tracker"] * 2
        assert "amber-lattice-plume" in found[0].text
        assert identity.issue_temporary_password.call_count == 2


class TestPasswordForgotten:
    def event(self, of: mails.Recipient, request_id: str = "first") -> events.PasswordForgotten:
        return events.PasswordForgotten(user_id=of.user_id, request_id=request_id)

    def test_a6_mails_a_link_for_each_request(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        identity.issue_password_link.return_value = LINK
        for request_id in ("first", "first", "second"):
            notifications(by=given.SERVICE).on_password_forgotten(self.event(robin, request_id))
        found = all_mails(sessions)
        assert [mail.address for mail in found] == [robin.address] * 2
        for body in (found[0].text, found[0].html):
            assert f"{given.SITE}/password/link/quartz-token" in body
            assert "until Wednesday 18 November 2026 at 10:30" in body
            assert "If you did not ask for it" in body
        assert "quartz-token" not in found[0].subject + found[0].cause
        assert identity.issue_password_link.call_count == 2

    def test_a6_asks_for_one_link_though_two_processes_have_the_same_event(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any
    ) -> None:
        """A second link would make the mailed one worthless."""
        robin = given.person()
        known(robin)

        def issue(user_id: str) -> dict[str, str]:
            time.sleep(0.3)
            return LINK

        identity.issue_password_link.side_effect = issue
        in_two_processes(notifications, "on_password_forgotten", self.event(robin))
        identity.issue_password_link.assert_called_once_with(user_id=robin.user_id)
        assert len(all_mails(sessions)) == 1

    @pytest.mark.parametrize("status", ["awaiting", "rejected", "deactivated"])
    def test_a9_has_no_link_for_an_account_that_is_not_active(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any, status: str
    ) -> None:
        robin = given.person(status=status)
        known(robin)
        notifications(by=given.SERVICE).on_password_forgotten(self.event(robin))
        assert all_mails(sessions) == []
        identity.issue_password_link.assert_not_called()

    def test_queues_nothing_while_identity_is_away_so_that_the_event_is_tried_again(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        identity.issue_password_link.side_effect = errors.Unavailable("away")
        with pytest.raises(errors.Unavailable):
            notifications().on_password_forgotten(self.event(robin))
        assert all_mails(sessions) == []


class TestPasswordExpiring:
    def event(self, of: mails.Recipient, days_left: int = 7, hours_more: int = 0) -> events.PasswordExpiring:
        expires_at = given.NOW + timedelta(days=days_left, hours=hours_more)
        return events.PasswordExpiring(
            user_id=of.user_id, expires_at=expires_at.isoformat(), days_left=days_left
        )

    def test_a5_mails_once_for_a_password_and_a_number_of_days(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        last_day = given.NOW + timedelta(days=14)
        for days_left in (14, 14, 7, 1, 1):
            notifications(now=last_day - timedelta(days=days_left)).on_password_expiring(
                events.PasswordExpiring(
                    user_id=robin.user_id, expires_at=last_day.isoformat(), days_left=days_left
                )
            )
        found = all_mails(sessions)
        assert [mail.subject.removeprefix("Your Capacity Tracker password works for ") for mail in found] == [
            "14 more days",
            "7 more days",
            "1 more day",
        ]
        for mail in found:
            assert "until Wednesday 2 December 2026 at 9:30" in mail.text
            assert f"{given.SITE}/password\n" in mail.text

    def test_a5_mails_once_though_two_processes_have_the_same_event(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        in_two_processes(notifications, "on_password_expiring", self.event(robin))
        assert len(all_mails(sessions)) == 1

    def test_a9_reminds_nobody_who_left(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        robin = given.person(status="deactivated")
        known(robin)
        notifications().on_password_expiring(self.event(robin))
        assert all_mails(sessions) == []

    def test_comes_not_when_the_password_has_expired_meanwhile(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        notifications(now=given.NOW + timedelta(days=1)).on_password_expiring(self.event(robin, days_left=1))
        assert all_mails(sessions) == []


class TestCredentialsChanged:
    def event(self, of: mails.Recipient, change: str, change_id: str = "first") -> events.CredentialsChanged:
        return events.CredentialsChanged(
            user_id=of.user_id, change=change, change_id=change_id, changed_at=given.NOW.isoformat()
        )

    def test_a6_has_words_for_every_change(self) -> None:
        assert set(announcements.CHANGES) == set(events.CredentialsChanged.CHANGES)

    @pytest.mark.parametrize("change", events.CredentialsChanged.CHANGES)
    def test_a6_says_what_was_changed_and_what_to_do_if_it_was_somebody_else(
        self, notifications: Any, sessions: database.Sessions, known: Any, change: str
    ) -> None:
        robin = given.person()
        known(robin)
        for change_id in ("first", "first", "second"):
            notifications().on_credentials_changed(self.event(robin, change, change_id))
        mail, second = all_mails(sessions)
        assert mail.subject == second.subject == announcements.CHANGES[change].subject
        for body in (mail.text, mail.html):
            assert announcements.CHANGES[change].happened in body
            assert "Wednesday 18 November 2026 at 9:30" in body
            assert "If it was not you" in body
            assert f"{given.SITE}/password/forgotten" in body
            assert ("/account/second-factor" in body) == ("password" not in change)

    def test_a6_mails_once_though_two_processes_have_the_same_event(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        in_two_processes(notifications, "on_credentials_changed", self.event(robin, "password_changed"))
        assert len(all_mails(sessions)) == 1


class TestOtherAccountEvents:
    def test_a3_gives_the_reason_of_a_rejection(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        robin = given.person(status="rejected")
        known(robin)
        event = events.UserRejected(user_id=robin.user_id, reason="Ask your <own> manager.")
        notifications().on_user_rejected(event)
        [mail] = all_mails(sessions)
        assert "Ask your <own> manager." in mail.text
        assert "Ask your &lt;own&gt; manager." in mail.html

    @pytest.mark.parametrize(
        ("status", "advice"),
        [("active", "You can sign in"), ("awaiting", "waits"), ("deactivated", "deactivated")],
    )
    def test_a2_tells_the_owner_of_an_address_what_to_do(
        self, notifications: Any, sessions: database.Sessions, known: Any, status: str, advice: str
    ) -> None:
        robin = given.person(status=status)
        known(robin)
        notifications().on_registration_repeated(events.RegistrationRepeated(user_id=robin.user_id))
        [mail] = all_mails(sessions)
        assert advice in mail.text
        assert ("/sign-in" in mail.text) == (status == "active")
        assert ("/password/forgotten" in mail.text) == (status == "active")

    def test_a6_mails_once_for_each_time_an_account_is_locked(
        self, notifications: Any, sessions: database.Sessions, known: Any
    ) -> None:
        robin = given.person()
        known(robin)
        for call_id in ("first", "first", "second"):
            logging.call_id.set(call_id)
            notifications().on_account_locked(events.AccountLocked(user_id=robin.user_id))
        logging.call_id.set("")
        found = all_mails(sessions)
        assert len(found) == 2
        assert f"{given.SITE}/password/forgotten" in found[0].text

    def test_leaves_a_dead_letter_about_somebody_unknown(self, notifications: Any, known: Any) -> None:
        known()
        with pytest.raises(errors.NotFound):
            notifications().on_account_locked(events.AccountLocked(user_id=given.person().user_id))


class TestEventsAboutPeople:
    @pytest.mark.parametrize(
        "name",
        [
            name
            for name, event in events.EVENTS.items()
            if issubclass(event, events.PersonEvent) and "notifications" in event.consumers
        ],
    )
    def test_make_a_mail_of_their_golden_message(
        self,
        notifications: Any,
        sessions: database.Sessions,
        identity: Any,
        providers: Any,
        reports: Any,
        known: Any,
        name: str,
    ) -> None:
        body = json.loads((GOLDEN / f"{name}.json").read_text())
        status = "awaiting" if name == "registration_submitted" else "active"
        approvers = [given.person(user_id=user_id) for user_id in body.get("approver_ids", [])]
        known(given.person(user_id=body["user_id"], status=status), *approvers)
        identity.issue_temporary_password.return_value = ISSUED
        identity.issue_password_link.return_value = LINK
        providers.bulk_report.return_value = BULK_REPORT
        reports.public_report_sending.return_value = {**PUBLIC_REPORT, "addresses": ["a@one.example"]}
        identity.organisation_names.return_value = {}
        for _ in range(2):
            getattr(notifications(by=given.SERVICE), f"on_{name}")(events.EVENTS[name].from_dict(body))
        assert len(all_mails(sessions)) == 1


class TestBulkFinished:
    def test_b12_mails_the_result_with_the_workbook_of_faults(
        self, notifications: Any, sessions: database.Sessions, providers: Any, known: Any
    ) -> None:
        body = json.loads((GOLDEN / "bulk_finished.json").read_text())
        known(given.person(user_id=body["user_id"]))
        providers.bulk_report.return_value = BULK_REPORT
        notifications(by=given.SERVICE).on_bulk_finished(events.BulkFinished.from_dict(body))
        [mail] = all_mails(sessions)
        assert mail.subject == "Your bulk update is saved: homes.xlsx"
        assert "Providers saved: 57\nLeft out: 3\n" in mail.text
        assert f"{given.SITE}/bulk/{body['upload_id']}" in mail.text
        assert (mail.attachment, mail.attachment_name) == (b"a workbook", "bulk-update.xlsx")
        message = delivery.as_message(mail, sender=given.SETTINGS.sender, now=given.NOW)
        [attached] = message.iter_attachments()
        assert attached.get_filename() == "bulk-update.xlsx"
        assert attached.get_content() == b"a workbook"

    def test_b12_mails_nobody_who_has_left(
        self, notifications: Any, sessions: database.Sessions, providers: Any, known: Any
    ) -> None:
        body = json.loads((GOLDEN / "bulk_finished.json").read_text())
        known(given.person(user_id=body["user_id"], status="deactivated"))
        providers.bulk_report.return_value = BULK_REPORT
        notifications(by=given.SERVICE).on_bulk_finished(events.BulkFinished.from_dict(body))
        assert all_mails(sessions) == []


class TestProviderEvents:
    @pytest.mark.parametrize("name", ["provider_changed", "capacity_declared"])
    def test_are_kept_as_their_golden_message_has_them(
        self, notifications: Any, sessions: database.Sessions, name: str
    ) -> None:
        body = json.loads((GOLDEN / f"{name}.json").read_text())
        for _ in range(2):
            getattr(notifications(), f"on_{name}")(events.EVENTS[name].from_dict(body))
        with sessions.reading() as session:
            [kept] = session.scalars(sa.select(models.WatchedProvider))
        assert (kept.provider_id, kept.version) == (
            body["provider"]["provider_id"],
            body["provider"]["version"],
        )


@pytest.fixture
def overdue(sessions: database.Sessions, identity: Any, known: Any) -> tuple[mails.Recipient, str]:
    """A person with one overdue provider."""
    robin = given.person()
    known(robin)
    one = given.snapshot()
    with sessions.transaction() as session:
        providers_watched.keep(session, one)
    identity.people_of_providers.return_value = {one["provider_id"]: [robin.user_id]}
    return robin, one["provider_id"]


class TestSendReminders:
    def test_e_queues_one_mail_a_person_a_week_and_says_how_many(
        self, notifications: Any, sessions: database.Sessions, overdue: tuple[mails.Recipient, str]
    ) -> None:
        worker = notifications(by=given.SERVICE)
        assert [worker.send_reminders(), worker.send_reminders()] == [{"mails": 1}, {"mails": 0}]
        assert [mail.address for mail in all_mails(sessions)] == [overdue[0].address]
        worker.mail_queued.assert_called_with()

    def test_asks_identity_as_a_service_when_an_administrator_presses_the_button(
        self, notifications: Any, identity: Any, overdue: tuple[mails.Recipient, str]
    ) -> None:
        assert notifications(by=given.ADMINISTRATOR).send_reminders() == {"mails": 1}
        assert {call.args[0].kind for call in identity.acting_as.call_args_list} == {"service"}

    @pytest.mark.parametrize(
        ("by", "refusal"),
        [
            (permissions.ANONYMOUS, errors.Unauthenticated),
            (given.actor(given.person()), errors.Forbidden),
        ],
    )
    def test_is_for_administrators_and_services(
        self, notifications: Any, by: permissions.Actor, refusal: type[errors.Error]
    ) -> None:
        for call in (notifications(by=by).send_reminders, notifications(by=by).mails):
            with pytest.raises(refusal):
                call()

    def test_a9_reminds_active_people_only(
        self, notifications: Any, sessions: database.Sessions, identity: Any, known: Any, overdue: Any
    ) -> None:
        robin, provider_id = overdue
        others = [
            given.person("Kim Dale", status="deactivated"),
            given.person("Lee Park", status="awaiting"),
            given.person("Ash Grove", status="rejected"),
        ]
        known(robin, *others)
        everybody = [person.user_id for person in (robin, *others)]
        identity.people_of_providers.return_value = {provider_id: everybody}
        assert notifications(by=given.SERVICE).send_reminders() == {"mails": 1}
        assert [mail.address for mail in all_mails(sessions)] == [robin.address]

    def test_on_schedule_is_once_a_week(
        self, notifications: Any, sessions: database.Sessions, overdue: tuple[mails.Recipient, str]
    ) -> None:
        for days in (0, 7, 7):
            notifications(by=given.SERVICE, now=given.NOW + timedelta(days=days)).remind_on_schedule()
        assert [mail.cause for mail in all_mails(sessions)] == ["reminder:2026-W48"]


@pytest.fixture
def link(notifications: Any, sessions: database.Sessions, identity: Any, overdue: Any) -> str:
    """The token in a reminder."""
    robin, _ = overdue
    identity.actor_for.return_value = given.actor(robin).as_dict()
    notifications(by=given.SERVICE).send_reminders()
    found = re.search(r"/confirm/(\S+)", all_mails(sessions)[0].text)
    assert found
    return found[1]


def used_at(sessions: database.Sessions) -> Any:
    with sessions.reading() as session:
        return session.scalar(sa.select(models.Action.used_at))


class TestAction:
    def test_shows_whom_it_acts_for_and_changes_nothing(
        self, notifications: Any, sessions: database.Sessions, providers: Any, overdue: Any, link: str
    ) -> None:
        robin, provider_id = overdue
        answers = [notifications(by=VISITOR).action(token=link) for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0]["state"] == "open"
        assert answers[0]["provider_id"] == provider_id
        assert answers[0]["expires_at"] == (given.NOW + timedelta(days=7)).isoformat()
        holder = permissions.Actor.from_dict(answers[0]["actor"])
        assert (holder.user_id, holder.channel, holder.address) == (
            robin.user_id,
            permissions.EMAIL,
            VISITOR.address,
        )
        assert used_at(sessions) is None
        assert providers.mock_calls == []

    def test_shows_nobodys_figures_when_it_is_expired(self, notifications: Any, link: str) -> None:
        answer = notifications(now=given.NOW + timedelta(days=8)).action(token=link)
        assert answer["state"] == "expired"
        assert permissions.Actor.from_dict(answer["actor"]) == permissions.ANONYMOUS

    def test_is_not_known_by_another_token(self, notifications: Any, link: str) -> None:
        with pytest.raises(errors.NotFound):
            notifications().action(token=link[:-1] + "-")


class TestConfirmByLink:
    def test_b9_confirms_for_the_person_the_mail_went_to_and_works_once(
        self, notifications: Any, sessions: database.Sessions, providers: Any, overdue: Any, link: str
    ) -> None:
        robin, provider_id = overdue
        providers.confirm_capacity.return_value = {"last_updated": "2026-11-18T09:30:00+00:00"}
        assert notifications(by=VISITOR).confirm_by_link(token=link, version=7) == {
            "last_updated": "2026-11-18T09:30:00+00:00"
        }
        with sessions.reading() as session:
            action = actions.find(session, token=link)
        acting = providers.acting_as.call_args.args[0]
        assert acting.user_id == robin.user_id
        # A11: where it came from, for the trail.
        assert (acting.channel, acting.address) == (permissions.EMAIL, VISITOR.address)
        providers.confirm_capacity.assert_called_once_with(
            provider_id=provider_id, version=7, cause=f"action:{action.id}"
        )
        assert action.used_at == given.NOW
        assert notifications().action(token=link)["state"] == "used"
        with pytest.raises(errors.Conflict, match="used"):
            notifications().confirm_by_link(token=link, version=7)
        assert providers.confirm_capacity.call_count == 1

    @pytest.mark.parametrize(
        "refusal",
        [
            errors.Stale(
                "Somebody else changed the figures.", {"bed_types.general_residential.accepting": "…"}
            ),
            errors.Forbidden("Your account is not allowed to do this."),
            errors.Unavailable("away"),
        ],
    )
    def test_b10_stays_open_when_providers_refuses(
        self,
        notifications: Any,
        sessions: database.Sessions,
        providers: Any,
        link: str,
        refusal: errors.Error,
    ) -> None:
        providers.confirm_capacity.side_effect = refusal
        with pytest.raises(type(refusal)) as raised:
            notifications().confirm_by_link(token=link, version=1)
        assert raised.value.fields == refusal.fields
        assert used_at(sessions) is None

    def test_a9_refuses_in_words_for_somebody_who_left_after_the_mail(
        self, notifications: Any, sessions: database.Sessions, identity: Any, providers: Any, link: str
    ) -> None:
        identity.actor_for.side_effect = errors.NotFound("There is no such active account.")
        for call in (
            lambda: notifications(by=VISITOR).action(token=link),
            lambda: notifications(by=VISITOR).confirm_by_link(token=link, version=1),
        ):
            with pytest.raises(errors.Forbidden, match=r"not active any more.*Ask the person"):
                call()
        assert providers.mock_calls == []
        assert used_at(sessions) is None

    def test_does_nothing_after_seven_days(self, notifications: Any, providers: Any, link: str) -> None:
        with pytest.raises(errors.Conflict, match="expired"):
            notifications(now=given.NOW + timedelta(days=7)).confirm_by_link(token=link, version=1)
        assert providers.mock_calls == []


class TestMails:
    def test_e_shows_administrators_what_became_of_mails_but_not_what_they_say(
        self, notifications: Any, overdue: Any, link: str
    ) -> None:
        answer = notifications(by=given.ADMINISTRATOR).mails()
        [mail] = answer["results"]
        assert (answer["total"], mail["state"], mail["attempts"]) == (1, "queued", 0)
        assert link not in json.dumps(answer)
        assert not {"text", "html"} & set(mail)

    @pytest.mark.parametrize("page", [0, 10**18])
    def test_has_no_page_beyond_the_first_and_last(self, notifications: Any, page: int) -> None:
        with pytest.raises(errors.Invalid):
            notifications(by=given.ADMINISTRATOR).mails(page=page)
