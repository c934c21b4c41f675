"""A mail server for tests, in a process of its own: ``python mail_server.py PORT FILE [FAULT]``.

Every mail it takes is a line of JSON in FILE before it says so. Recipients that begin with ``refused`` do not
exist, those that begin with ``later`` are not taken now. The FAULT ``hangs-up`` ends the connection when the
third mail is to be taken; ``starttls`` and ``smtps`` are no faults: they encrypt, with FILE.pem.
"""

from __future__ import annotations

import asyncio
import email
import json
import ssl
import sys
from email import policy
from pathlib import Path
from typing import Any

from aiosmtpd import smtp


class Handler:
    """Takes mails, or not."""

    def __init__(self, file: Path, *, fault: str) -> None:
        self.file = file
        self.fault = fault
        self.seen = 0

    async def handle_RCPT(  # noqa: N802 -- the name is aiosmtpd's
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}> is nobody here"
        if address.startswith("later"):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's
        self.seen += 1
        if self.fault == "hangs-up" and self.seen == 3:
            server.transport.abort()
            return "421 Gone"
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        taken = {
            "to": envelope.rcpt_tos,
            "peer": session.peer[1],
            "headers": {name: str(value) for name, value in message.items()},
            "type": message.get_content_type(),
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
        }
        with self.file.open("a") as file:
            file.write(json.dumps(taken) + "\n")
        return "250 Taken"


async def serve(port: int, handler: Handler) -> None:
    loop = asyncio.get_running_loop()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if handler.fault in {"starttls", "smtps"}:
        tls.load_cert_chain(f"{handler.file}.pem", f"{handler.file}.key")
    upgrade = {"tls_context": tls, "require_starttls": True} if handler.fault == "starttls" else {}
    server = await loop.create_server(
        lambda: smtp.SMTP(handler, loop=loop, **upgrade),
        "127.0.0.1",
        port,
        ssl=tls if handler.fault == "smtps" else None,
    )
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Handler(Path(sys.argv[2]), fault="".join(sys.argv[3:]))))
