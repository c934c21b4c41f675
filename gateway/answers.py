"""What goes back: JSON, redirects, and refusals by one table."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from werkzeug import exceptions, wrappers
from werkzeug.http import HTTP_STATUS_CODES

from contracts import errors
from gateway.incoming import Request

Headers = list[tuple[str, str]]

STATUS: dict[type[errors.Error], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
RETRY_SECONDS = "5"
"""When to come back after a part of the product did not answer."""
STATUS_LINES = {status: f"{status} {words}" for status, words in HTTP_STATUS_CODES.items()}


class Json:
    """A JSON answer: cheaper than a werkzeug Response, which the hot path can do without."""

    __slots__ = ("body", "headers", "status_code")

    def __init__(self, status: int, value: Any, headers: Headers | None = None) -> None:
        self.status_code = status
        self.body = b"" if value is None else orjson.dumps(value)
        self.headers = headers if headers is not None else []
        if value is not None:
            self.headers.append(("Content-Type", "application/json"))

    def add_headers(self, more: Headers) -> None:
        """Send these headers too."""
        self.headers += more

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.status_code != 204:
            self.headers.append(("Content-Length", str(len(self.body))))
        start_response(STATUS_LINES[self.status_code], self.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


class Page(wrappers.Response):
    """An HTML answer, or any other that is not JSON."""

    default_mimetype = "text/html"
    autocorrect_location_header = False

    def add_headers(self, more: Headers) -> None:
        """Send these headers too, but for those that the page set itself."""
        for name, value in more:
            self.headers.setdefault(name, value)


Answer = Json | Page


def json(status: int, value: Any, headers: Headers | None = None) -> Json:
    """Answer with a JSON value."""
    return Json(status, value, headers)


def see_other(url: str) -> Page:
    """Send the browser to another page, with GET."""
    return Page(status=303, headers={"Location": url})


@dataclass(frozen=True)
class Problem:
    """A refusal: what the API says as JSON and a page says in words."""

    status: int
    code: str
    message: str
    call_id: str
    fields: dict[str, str] = field(default_factory=dict)
    headers: Headers = field(default_factory=list)

    def as_json(self) -> Json:
        """Return the refusal in the API's one shape for errors."""
        value: dict[str, Any] = {"error": self.code, "message": self.message, "fields": self.fields}
        if self.status == 500:
            value["call_id"] = self.call_id
        return Json(self.status, value, list(self.headers))


def problem(error: Exception, call_id: str) -> Problem:
    """Return what is said about `error`; of a fault of ours, nothing but the call id."""
    if isinstance(error, errors.Error):
        return _refusal(error, call_id)
    if isinstance(error, exceptions.HTTPException) and error.code is not None and error.code < 500:
        return _http_refusal(error, call_id)
    return Problem(
        500, "internal", f"Something went wrong on our side. If it stays, tell us this: {call_id}.", call_id
    )


def _refusal(error: errors.Error, call_id: str) -> Problem:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    headers: Headers = []
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    elif status == 429:
        headers += retry_after(error)
    elif status == 503:
        headers.append(("Retry-After", RETRY_SECONDS))
    return Problem(status, error.code, error.message, call_id, error.fields, headers)


def retry_after(error: errors.Error) -> Headers:
    """Return the header that says when to try again."""
    return [("Retry-After", error.fields.get("retry_after", "60"))]


def _http_refusal(error: exceptions.HTTPException, call_id: str) -> Problem:
    status = error.code or 400
    code = HTTP_STATUS_CODES[status].lower().replace(" ", "_").replace("-", "_")
    message = error.description or HTTP_STATUS_CODES[status]
    headers: Headers = []
    if isinstance(error, exceptions.MethodNotAllowed):
        headers.append(("Allow", ", ".join(sorted(error.valid_methods or ()))))
        message = "This address does not take that method."
    elif isinstance(error, exceptions.NotFound):
        message = "There is nothing at this address."
    return Problem(status, code, message, call_id, {}, headers)


def plain_page(request: Request, problem: Problem) -> Page:
    """Show a refusal without any template; the pages bring a better one."""
    title = html.escape(STATUS_LINES[problem.status])
    words = html.escape(problem.message)
    return Page(
        f"<!doctype html><html lang=en-GB><title>{title}</title><h1>{title}</h1><p>{words}</p>",
        status=problem.status,
    )
