"""Serve the built assets: names carry a hash of the content, so browsers may keep them for ever."""

from __future__ import annotations

import functools
import gzip
import json
import mimetypes
import pathlib

from werkzeug import exceptions

from gateway import http

DIST = pathlib.Path(__file__).parent / "assets" / "dist"
COMPRESSIBLE = {".css", ".js", ".json", ".svg"}


class Assets:
    """Give out what the assets build has made."""

    @http.plain("GET", "/assets/<path:name>")
    def asset(self, request: http.Request, *, name: str) -> http.Page:
        """Give one file."""
        gzipped = request.takes_gzip and pathlib.PurePath(name).suffix in COMPRESSIBLE
        page = http.Page(content(name, gzipped=gzipped), mimetype=mimetypes.guess_type(name)[0])
        page.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        page.headers["Vary"] = "Accept-Encoding"
        if gzipped:
            page.headers["Content-Encoding"] = "gzip"
        return page


@functools.cache
def manifest() -> dict[str, str]:
    """Return the built files by plain name; none before the first build."""
    try:
        names: dict[str, str] = json.loads((DIST / "manifest.json").read_text())
    except FileNotFoundError:
        return {}
    return names


@functools.cache
def names() -> frozenset[str]:
    """Return the names under which files were built."""
    return frozenset(manifest().values())


@functools.lru_cache(maxsize=64)
def content(name: str, *, gzipped: bool) -> bytes:
    """Return a built file's bytes.

    :raises werkzeug.exceptions.NotFound: when the build made no such file: no path leads anywhere else
    """
    if name not in names():
        raise exceptions.NotFound
    raw = (DIST / name).read_bytes()
    return gzip.compress(raw, mtime=0) if gzipped else raw
