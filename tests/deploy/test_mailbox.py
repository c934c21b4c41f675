"""The local mailbox: what is sent is shown, as text, and forgotten in the end."""

from __future__ import annotations

import asyncio
import json
import smtplib
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd import smtp

from deploy.local import mailbox, ports


@pytest.fixture(scope="module")
def addresses() -> Iterator[tuple[int, str]]:
    """The SMTP port and the page's address of a running mailbox."""
    smtp_port, http_port = ports.free(), ports.free()
    command = [sys.executable, "-m", "deploy.local.mailbox"]
    process = subprocess.Popen([*command, f"--smtp-port={smtp_port}", f"--http-port={http_port}"])
    assert ports.wait_listening(smtp_port, seconds=10)
    assert ports.wait_listening(http_port, seconds=10)
    yield smtp_port, f"http://127.0.0.1:{http_port}"
    process.terminate()
    assert process.wait(timeout=10) == 0


def send(smtp_port: int, *, subject: str, text: str, html: str | None = None) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "us@tracker.example", "you@home.example"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", smtp_port) as server:
        server.send_message(message)


def fetch(url: str, method: str = "GET") -> str:
    with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
        body: bytes = answer.read()
    return body.decode()


class TestMailbox:
    def test_lists_what_was_sent_as_json(self, addresses: tuple[int, str]) -> None:
        smtp_port, url = addresses
        fetch(f"{url}/messages", "DELETE")

        send(smtp_port, subject="Café: “vacancies”", text="Plain\nwords", html="<p>Designed words</p>")

        (mail,) = json.loads(fetch(f"{url}/messages"))
        assert mail["to"] == ["you@home.example"]
        assert mail["subject"] == "Café: “vacancies”"
        assert mail["text"] == "Plain\nwords\n"
        assert mail["html"] == "<p>Designed words</p>\n"
        assert set(mail) == {"id", "to", "subject", "text", "html", "received_at"}

    def test_gives_a_subject_without_the_space_that_a_fold_leaves(self, addresses: tuple[int, str]) -> None:
        smtp_port, url = addresses
        fetch(f"{url}/messages", "DELETE")
        subject = "Are the vacancies still right? <script>alert(2)</script> Rest and 18 more"

        send(smtp_port, subject=subject, text="mail")

        assert json.loads(fetch(f"{url}/messages"))[0]["subject"] == subject

    def test_forgets_on_request(self, addresses: tuple[int, str]) -> None:
        smtp_port, url = addresses
        send(smtp_port, subject="One", text="mail")

        fetch(f"{url}/messages", "DELETE")

        assert json.loads(fetch(f"{url}/messages")) == []

    def test_shows_the_newest_mail_first(self, addresses: tuple[int, str]) -> None:
        smtp_port, url = addresses
        send(smtp_port, subject="Earlier", text="a")
        send(smtp_port, subject="Later", text="b")

        page = fetch(url)

        assert page.index("Later") < page.index("Earlier")

    def test_shows_markup_in_a_mail_as_text(self, addresses: tuple[int, str]) -> None:
        smtp_port, url = addresses
        send(smtp_port, subject="<script>alert(1)</script>", text="<img src=x>", html="<b>hello</b>")

        page = fetch(url)

        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;img src=x&gt;" in page
        assert '<iframe sandbox="allow-popups"' in page

    def test_survives_what_is_not_http(self, addresses: tuple[int, str]) -> None:
        _, url = addresses
        with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            connection.recv(100)

        assert "<h1>Mailbox</h1>" in fetch(url)


class TestWithLinks:
    def test_makes_addresses_links_and_escapes_the_rest(self) -> None:
        shown = mailbox.with_links('Go to http://127.0.0.1:8000/a?b=1&c=2 "now" & <b>')

        assert '<a href="http://127.0.0.1:8000/a?b=1&amp;c=2" rel="noreferrer">' in shown
        assert shown.endswith("&quot;now&quot; &amp; &lt;b&gt;")


class TestMemory:
    def test_keeps_only_the_newest_mails(self) -> None:
        kept = mailbox.Mailbox(kept=2)
        envelope = smtp.Envelope()
        for number in range(3):
            envelope.content = f"Subject: {number}\r\n\r\nwords".encode()
            asyncio.run(kept.handle_DATA(None, None, envelope))

        assert [mail.subject for mail in kept.mails] == ["1", "2"]
