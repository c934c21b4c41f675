"""A mail server that delivers nothing and shows everything: every mail the product sends, on one page.

`python -m deploy.local.mailbox`: SMTP on 127.0.0.1:8026, the page and JSON on 127.0.0.1:8025.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import email
import html
import itertools
import json
import signal
import urllib.parse
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

from aiosmtpd import smtp

MAILS_KEPT = 2000
LARGEST_MAIL = 1_000_000  # Bytes.
PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
STYLE = """
body { font: 1rem/1.5 sans-serif; margin: 0; color: #212b32; background: #f0f4f5; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
article { background: #fff; border: 1px solid #aeb7bd; padding: 1rem; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 0; }
p { margin: .25rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; padding: 1rem 0; }
iframe { width: 100%; height: 30rem; border: 1px solid #aeb7bd; background: #fff; }
a { color: #005eb8; }
a:focus, summary:focus { outline: 4px solid #ffeb3b; }
"""
# Mails are shown as they came: a page of ours must run and fetch nothing that stands in them.
POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-src 'self'; form-action 'none'"
NOT_A_REQUEST = (
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    ConnectionError,
    TimeoutError,
    ValueError,
)
LINK_ENDS = " \t\r\n<>\"'"


@dataclass(frozen=True)
class Mail:
    """A mail as it came."""

    id: int
    to: list[str]
    subject: str
    text: str
    html: str
    received_at: str


class Mailbox:
    """The newest mails; older ones are forgotten, so that a long run does not fill the memory."""

    def __init__(self, *, kept: int = MAILS_KEPT) -> None:
        self.mails: collections.deque[Mail] = collections.deque(maxlen=kept)
        self._ids = itertools.count(1)

    async def handle_DATA(  # noqa: N802 -- the name is aiosmtpd's
        self, server: object, session: object, envelope: smtp.Envelope
    ) -> str:
        """Keep a mail."""
        content = envelope.content or b""
        content = content if isinstance(content, bytes) else content.encode()
        message = email.message_from_bytes(content, policy=policy.default)
        self.mails.append(
            Mail(
                id=next(self._ids),
                to=list(envelope.rcpt_tos),
                # A long subject may be folded right after its name; the space that leaves is not part of it.
                subject=str(message["Subject"] or "").strip(),
                text=_part(message, "plain"),
                html=_part(message, "html"),
                received_at=datetime.now(UTC).isoformat(),
            )
        )
        return "250 OK"

    def find(self, mail_id: str) -> Mail | None:
        """Return a mail that is still kept."""
        return next((mail for mail in self.mails if str(mail.id) == mail_id), None)


@dataclass(frozen=True)
class Answer:
    """What a request is answered with."""

    body: str
    kind: str = "text/html; charset=utf-8"
    status: str = "200 OK"


def answer(mailbox: Mailbox, method: str, target: str) -> Answer:
    """Answer a request to the mailbox's page or its JSON."""
    path = urllib.parse.urlsplit(target).path
    if path == "/messages" and method == "DELETE":
        mailbox.mails.clear()
        return Answer("", status="204 No Content")
    if method not in {"GET", "HEAD"}:
        return Answer("Only GET, and DELETE /messages.\n", "text/plain", "405 Method Not Allowed")
    if path == "/messages":
        return Answer(json.dumps([asdict(mail) for mail in mailbox.mails]), "application/json")
    if path == "/":
        return Answer(front_page(mailbox))
    if path == "/style.css":
        return Answer(STYLE, "text/css")
    if path.startswith("/messages/"):
        mail = mailbox.find(path.removeprefix("/messages/"))
        if mail:
            return Answer(mail.html)
    return Answer("There is no such page.\n", "text/plain", "404 Not Found")


def front_page(mailbox: Mailbox) -> str:
    """Return the page of every mail, newest first."""
    count = len(mailbox.mails)
    body = [
        "<h1>Mailbox</h1>",
        f"<p>{count} {'mail' if count == 1 else 'mails'}, newest first. Nothing here has left this computer."
        ' <a href="/">Look again</a> · <a href="/messages">As JSON</a></p>',
        *(_article(mail) for mail in reversed(mailbox.mails)),
    ]
    return PAGE.format(title=f"Mailbox ({count})", body="\n".join(body))


def _article(mail: Mail) -> str:
    received = mail.received_at[:19].replace("T", " ")
    heading = html.escape(mail.subject) or "(no subject)"
    designed = (
        f'<details><summary>As designed</summary><iframe sandbox="allow-popups" loading="lazy"'
        f' title="Mail {mail.id} as designed" src="/messages/{mail.id}"></iframe></details>'
        if mail.html
        else ""
    )
    return (
        f'<article aria-labelledby="mail-{mail.id}">\n<h2 id="mail-{mail.id}">{heading}</h2>\n'
        f"<p>To {html.escape(', '.join(mail.to))}</p>\n"
        f'<p>Received <time datetime="{mail.received_at}">{received} UTC</time></p>\n'
        f"<pre>{with_links(mail.text)}</pre>\n{designed}\n</article>"
    )


def with_links(text: str) -> str:
    """Escape a text and make its web addresses links."""
    shown = []
    for line in text.splitlines(keepends=True):
        for word in _words(line):
            escaped = html.escape(word)
            if word.startswith(("http://", "https://")):
                escaped = f'<a href="{escaped}" rel="noreferrer">{escaped}</a>'
            shown.append(escaped)
    return "".join(shown)


def _words(line: str) -> list[str]:
    """Split a line before and after each run of characters that end a web address."""
    return ["".join(run) for _, run in itertools.groupby(line, key=lambda letter: letter in LINK_ENDS)]


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return part.get_content().replace("\r\n", "\n") if part else ""


async def serve(mailbox: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one request, answer it, hang up."""
    try:
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=10)).decode("latin-1")
        method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
        writer.write(_as_bytes(answer(mailbox, method, target), body=method != "HEAD"))
        await writer.drain()
    except NOT_A_REQUEST:
        pass  # Not HTTP, or gone: there is nobody to tell.
    finally:
        writer.close()


def _as_bytes(given: Answer, *, body: bool) -> bytes:
    content = given.body.encode()
    head = (
        f"HTTP/1.1 {given.status}\r\nContent-Type: {given.kind}\r\nContent-Length: {len(content)}\r\n"
        f"Content-Security-Policy: {POLICY}\r\nX-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (content if body else b"")


async def run(*, smtp_port: int, http_port: int, address: str = "127.0.0.1") -> None:
    """Serve until SIGTERM or SIGINT."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()

    def receiver() -> smtp.SMTP:
        return smtp.SMTP(mailbox, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, loop=loop)

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    mails = await loop.create_server(receiver, address, smtp_port)
    pages = await asyncio.start_server(
        lambda reader, writer: serve(mailbox, reader, writer), address, http_port
    )
    async with mails, pages:
        await stopped.wait()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=8026)
    parser.add_argument("--http-port", type=int, default=8025)
    options = parser.parse_args()
    asyncio.run(run(smtp_port=options.smtp_port, http_port=options.http_port))


if __name__ == "__main__":
    main()
