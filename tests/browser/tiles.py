"""A server of tiles of one colour, which says on a line of its own what it was asked for, and from where.

``python -m tests.browser.tiles`` says its port first. It is a process of its own, as threads of the tests'
process are not always real ones: whoever imports the gateway there brings eventlet's locks along.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import struct
import sys
import zlib
from typing import Any

SIZE = 256


class Tiles(http.server.BaseHTTPRequestHandler):
    """Gives the same tile at every address."""

    def do_GET(self) -> None:
        # One write, as several tiles are asked for at a time.
        sys.stdout.write(f"{self.path} {self.headers['Referer']}\n")
        sys.stdout.flush()
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # The map has moved on meanwhile.
            self.wfile.write(_png())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing else."""


@functools.cache
def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + b"\xd8" * SIZE for _ in range(SIZE))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def main() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
