"""Delivery on the asyncio hub, in processes of its own, to a mail server that comes and goes (DOMAIN E)."""

from __future__ import annotations

import collections
import contextlib
import json
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors
from kit import clock, database
from services.notifications import delivery, mails, models
from tests.notifications import given, processes


@pytest.fixture
def deliver(
    database_url: str, server: processes.MailServer, tmp_path: Path
) -> Iterator[Callable[..., processes.Deliverer]]:
    """Start a process that delivers."""
    started: list[processes.Deliverer] = []

    def start(**settings: str) -> processes.Deliverer:
        started.append(
            processes.Deliverer(
                database_url, server.port, tmp_path, {"MAIL_SERVER_AWAY_SECONDS": "0.2"} | settings
            )
        )
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


def queue(sessions: database.Sessions, *addresses: str) -> None:
    with sessions.transaction() as session:
        for number, address in enumerate(addresses):
            given.queued(session, given.person(address=address), cause=f"{number}", now=clock.now())


def states(sessions: database.Sessions) -> collections.Counter[str]:
    with sessions.reading() as session:
        return collections.Counter(session.scalars(sa.select(models.Mail.state)))


def one_mail(sessions: database.Sessions) -> models.Mail:
    with sessions.reading() as session:
        return session.scalars(sa.select(models.Mail)).one()


class TestDrain:
    def test_e_sends_text_and_html_from_a_named_sender_and_wipes_what_it_sent(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        server.start()
        with sessions.transaction() as session:
            robin = given.person("Róbín\r\nBcc: everyone@homes.example", address="robin@homes.example")
            mails.queue(
                session,
                cause="a",
                to=robin,
                kind="user_to_approve",
                now=clock.now(),
                site=given.SITE,
                applicant_name="Zoë\nBcc: everyone@homes.example",
                applicant_address="zoe@homes.example",
                on_a_list=True,
                decide_link=f"{given.SITE}/registrations",
            )
        deliver()
        processes.wait_until(lambda: states(sessions)["sent"])
        [taken] = server.taken
        sent = one_mail(sessions)
        assert taken["to"] == [robin.address]
        assert taken["type"] == "multipart/alternative"
        assert taken["headers"]["From"] == "Capacity Tracker <no-reply@tracker.example>"
        assert taken["headers"]["Subject"] == "New user to approve: Zoë Bcc: everyone@homes.example"
        assert taken["headers"]["Message-ID"] == f"<{sent.id}@tracker.example>"
        assert taken["headers"]["Auto-Submitted"] == "auto-generated"
        assert {"Date", "To"} <= set(taken["headers"])
        assert not {"Bcc", "Cc"} & set(taken["headers"])
        assert "Zoë Bcc:" in taken["text"]
        assert "Zoë Bcc:" in taken["html"]
        assert (sent.text, sent.html, sent.attempts) == ("", "", 1)
        assert sent.done_at is not None

    def test_sends_a_batch_over_one_connection(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        server.start()
        queue(sessions, *(f"person{number}@homes.example" for number in range(20)))
        deliver()
        processes.wait_until(lambda: states(sessions)["sent"] == 20)
        assert len({mail["peer"] for mail in server.taken}) == 1

    def test_e_drains_the_backlog_once_the_mail_server_is_back_and_sends_nothing_twice(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        addresses = [f"person{number}@homes.example" for number in range(150)]
        deliverers = [deliver(), deliver()]
        queue(sessions, *addresses)
        processes.wait_until(lambda: all("away" in one.output.read_text() for one in deliverers))
        assert states(sessions) == {"queued": 150}
        server.start()
        processes.wait_until(lambda: states(sessions)["sent"] == 150)
        assert server.times_taken() == dict.fromkeys(addresses, 1)

    def test_e_sends_everything_once_past_a_server_that_hangs_up(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        server.start(fault="hangs-up")
        addresses = [f"person{number}@homes.example" for number in range(10)]
        queue(sessions, *addresses)
        deliver()
        processes.wait_until(lambda: states(sessions)["sent"] == 10)
        assert server.times_taken() == dict.fromkeys(addresses, 1)

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
    @pytest.mark.parametrize(("scheme", "mode"), [("smtp", "starttls"), ("smtps", "smtps")])
    def test_encrypts_where_the_mail_server_can(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any, scheme: str, mode: str
    ) -> None:
        """On eventlet's hub asyncio refuses the TLS context that aiosmtplib makes by itself."""
        certificate = f"{server.file}.pem"
        command = (
            "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=mail.example"
            f" -addext subjectAltName=IP:127.0.0.1 -keyout {server.file}.key -out {certificate}"
        )
        subprocess.run(command.split(), check=True, capture_output=True)
        server.start(fault=mode)
        queue(sessions, "robin@homes.example")
        deliver(SMTP_URL=f"{scheme}://127.0.0.1:{server.port}", SSL_CERT_FILE=certificate)
        processes.wait_until(lambda: states(sessions) == {"sent": 1})
        assert len(server.taken) == 1

    def test_e_keeps_what_is_refused_for_good_as_failed_and_goes_on(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        server.start()
        queue(
            sessions, "refused@homes.example", "no address at all", "é@homes.example", "robin@homes.example"
        )
        running = deliver()
        processes.wait_until(lambda: states(sessions) == {"failed": 3, "sent": 1})
        assert server.times_taken() == {"robin@homes.example": 1}
        with sessions.reading() as session:
            failed = session.scalars(sa.select(models.Mail).where(models.Mail.state == "failed")).all()
        problems = {mail.address: (mail.problem, mail.text, mail.attempts) for mail in failed}
        assert problems["refused@homes.example"] == (
            "550 5.1.1 <refused@homes.example> is nobody here",
            "",
            1,
        )
        assert "cannot be written" in str(problems["no address at all"][0])
        assert "non-ASCII" in str(problems["é@homes.example"][0])
        running.stop()

    def test_e_tries_again_what_is_refused_for_now_and_gives_up_in_the_end(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        server.start()
        queue(sessions, "later@homes.example")
        deliver(MAIL_RETRY_SECONDS="0.1,0.2")
        processes.wait_until(lambda: states(sessions) == {"failed": 1})
        mail = one_mail(sessions)
        assert (mail.attempts, mail.refusals, mail.problem) == (3, 3, "451 4.7.1 Try again later")

    def test_writes_no_address_no_body_and_no_traceback_to_the_log(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        """What a coroutine raises, eventlet's hub prints, with the recipient's address in it."""
        running = deliver()
        queue(sessions, "refused@homes.example", "robin@homes.example")
        processes.wait_until(lambda: "away" in running.output.read_text())
        server.start()
        processes.wait_until(lambda: states(sessions) == {"failed": 1, "sent": 1})
        running.stop()
        lines = [line for line in running.errors.read_text().splitlines() if line.startswith("{")]
        assert "Traceback" not in running.errors.read_text()
        assert {json.loads(line)["event"] for line in lines} == {
            "mail server away",
            "mail failed",
            "mail sent",
        }
        assert not re.search("homes.example|Not known|Hello", "\n".join(lines))

    def test_sends_what_a_killed_process_had_claimed(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        queue(sessions, "robin@homes.example")
        with sessions.transaction() as session:
            assert delivery.claim(session, now=clock.now() - delivery.CLAIM_LASTS * 2) is None
            assert delivery.claim(session, now=clock.now())
            session.execute(sa.update(models.Mail).values(due_at=clock.now() + timedelta(hours=1)))
        server.start()
        deliver()
        time.sleep(0.5)
        assert server.taken == []
        with sessions.transaction() as session:
            session.execute(sa.update(models.Mail).values(due_at=clock.now()))
        processes.wait_until(lambda: states(sessions) == {"sent": 1})
        assert len(server.taken) == 1

    def test_loses_nothing_when_a_process_is_killed_in_the_middle_of_a_batch(
        self, sessions: database.Sessions, server: processes.MailServer, deliver: Any
    ) -> None:
        """The mail that was being handed over may come twice, with one Message-ID; no other does."""
        addresses = [f"person{number}@homes.example" for number in range(150)]
        queue(sessions, *addresses)
        server.start()
        first = deliver()
        processes.wait_until(lambda: len(server.taken) > 50)
        first.kill()
        with sessions.transaction() as session:
            session.execute(
                sa.update(models.Mail).where(models.Mail.state == "sending").values(due_at=clock.now())
            )
        deliver()
        processes.wait_until(lambda: states(sessions) == {"sent": 150})
        times = server.times_taken()
        assert set(times) == set(addresses)
        assert times.total() <= 151
        assert len({mail["headers"]["Message-ID"] for mail in server.taken}) == 150

    def test_e_remembers_an_accepted_mail_until_the_database_is_back(
        self, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue(sessions, "robin@homes.example")
        handed_over: list[str] = []
        pauses: list[float] = []

        def run(coroutine: Any) -> delivery.Outcome:
            handed_over.append(coroutine.__name__)
            coroutine.close()
            if coroutine.__name__ == "_hand_over":
                monkeypatch.setattr(sessions, "transaction", unavailable)
            return delivery.Outcome(delivery.TAKEN)

        @contextlib.contextmanager
        def unavailable() -> Iterator[orm.Session]:
            raise errors.Unavailable("The database does not answer.")
            yield

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                monkeypatch.undo()

        monkeypatch.setattr(delivery.time, "sleep", pause)
        assert delivery.drain(
            delivery.Means(
                sessions=sessions,
                settings=given.SETTINGS,
                run=run,
                clock=clock.now,
                tls=ssl.create_default_context(),
            )
        )
        assert len(pauses) == 3
        assert handed_over.count("_hand_over") == 1
        assert states(sessions) == {"sent": 1}


class TestRecord:
    def test_does_nothing_when_the_claim_lapsed_and_another_process_took_the_mail(
        self, session: orm.Session
    ) -> None:
        given.queued(session, given.person())
        mine = delivery.claim(session, now=given.NOW)
        assert mine
        session.flush()
        session.expunge(mine)
        later = given.NOW + delivery.CLAIM_LASTS
        other = delivery.claim(session, now=later)
        assert other
        session.flush()
        refused = delivery.Outcome(delivery.REFUSED, "550 no")
        delivery.record(session, mine, refused, settings=given.SETTINGS, now=later)
        session.refresh(other)
        assert (other.state, other.attempts) == ("sending", 2)
        delivery.record(session, other, delivery.Outcome(delivery.TAKEN), settings=given.SETTINGS, now=later)
        session.refresh(other)
        assert (other.state, other.done_at, other.text) == ("sent", later, "")


class TestHangUp:
    def test_gives_up_on_a_mail_at_which_the_server_always_hangs_up(self, session: orm.Session) -> None:
        """It would stand in the way of the others every few seconds for ever, and nobody would know."""
        given.queued(session, given.person())
        now, hung_up = given.NOW, delivery.Outcome(delivery.AWAY, "SMTPServerDisconnected")
        waits = given.SETTINGS.refused_retry_seconds
        while mail := delivery.claim(session, now=now):
            session.flush()
            delivery.record(session, mail, hung_up, settings=given.SETTINGS, now=now)
            session.refresh(mail)
            now = max(now, mail.due_at)
            assert mail.attempts <= delivery.HANG_UPS_FORGIVEN + len(waits) + 1
        found = session.scalars(sa.select(models.Mail)).one()
        assert (found.state, found.refusals, found.problem) == (
            "failed",
            len(waits) + 1,
            "SMTPServerDisconnected",
        )


class TestClaim:
    def test_gives_one_mail_to_one_of_two_processes(self, sessions: database.Sessions) -> None:
        queue(sessions, "robin@homes.example")
        with sessions.transaction() as first, sessions.transaction() as second:
            now = clock.now()
            assert delivery.claim(first, now=now)
            assert delivery.claim(second, now=now) is None
