"""Files of what a search found, as pages and programs ask reports for them (C4).

The gateway neither makes a file nor ever holds a whole one: it hands on one part after the other, as fast as
whoever fetches it takes them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts import criteria as searches
from contracts import errors, exports
from gateway import http
from gateway.web import criteria, words
from kit import logging, spreadsheets

if TYPE_CHECKING:
    from kit import rpc

CONTENT_TYPES = {exports.XLSX: spreadsheets.WORKBOOK, exports.CSV: spreadsheets.CSV}


def begin(
    reports: rpc.Client, search: rpc.Client, asked: criteria.Asked, *, file_format: str
) -> dict[str, Any]:
    """Have a file made of all that a search finds.

    :raises errors.Invalid: naming the criteria that are wrong
    :raises errors.NotFound: naming the postcode that nobody knows
    """
    wanted = asked.criteria()
    for name in searches.POSTCODES:
        if name in wanted:
            _look_up(search, wanted[name], field=name)
    # The order is told by the file itself, also where nobody asked for one.
    told = [[name, value] for name, value in asked.said() if name != criteria.TITLES["sort"]]
    begun: dict[str, Any] = reports.begin_export(criteria=wanted, words=told, format=file_format)
    return begun


def _look_up(search: rpc.Client, postcode: str, *, field: str) -> None:
    """Make sure that a postcode is known, so that whoever asks hears at once if it is not."""
    try:
        search.locate(postcode=postcode)
    except (errors.Invalid, errors.NotFound) as refusal:
        raise type(refusal)(refusal.message, {field: refusal.message}) from refusal
    except errors.Unavailable:
        # Whoever makes the file asks again, until search is back.
        return


def file(reports: rpc.Client, stands: Mapping[str, Any]) -> http.Page:
    """Return a file that is ready, to be handed on part by part."""
    export_id, number = stands["id"], stands["parts"]
    # While nothing is sent yet, what stands in the way can still be said.
    first = _part(reports, export_id, 0)
    page = http.Page(_parts(reports, export_id, first, number), direct_passthrough=True)
    day = datetime.fromisoformat(stands["created_at"]).astimezone(words.LONDON).date().isoformat()
    page.headers["Content-Type"] = CONTENT_TYPES[stands["format"]]
    page.headers["Content-Disposition"] = f'attachment; filename="vacancies-{day}.{stands["format"]}"'
    page.headers["Content-Length"] = str(stands["size"])
    page.headers["Cache-Control"] = "no-store"
    return page


def _parts(reports: rpc.Client, export_id: str, first: bytes, number: int) -> Iterator[bytes]:
    """Give the parts; where one is missing the answer breaks off, short of the length that it announced."""
    yield first
    for at in range(1, number):
        try:
            yield _part(reports, export_id, at)
        except errors.Error as fault:
            logging.warning("a download broke off", part=at, of=number, error=fault.code)
            raise


def _part(reports: rpc.Client, export_id: str, number: int) -> bytes:
    return base64.b64decode(reports.export_part(export_id=export_id, number=number)["content"])
