"""Refusals as pages: what happened and what to do."""

from __future__ import annotations

from contracts import errors
from gateway import answers, incoming, security
from gateway.web import rendering, words

WORDS: dict[int, tuple[str, str]] = {
    400: ("That did not work", "Go back, correct it and try again."),
    401: ("Sign in first", "Sign in and try again."),
    403: (
        "You cannot do this",
        "If it is part of your work, ask an Approver of your organisation.",
    ),
    404: (
        "Page not found",
        "Check the address. If you followed a link, what it led to may have been decided on or taken away.",
    ),
    405: ("That did not work", "Go back and use the button or link on the page. Nothing was changed."),
    408: ("That took too long", "Check your connection, go back and send it again."),
    409: ("Something has changed meanwhile", "Go back, load the page again and look at what is there now."),
    412: ("Something has changed meanwhile", "Go back, load the page again and look at what is there now."),
    413: ("That was too much at once", "Nothing was saved. Go back and send less."),
    429: ("Too many attempts", "Wait {wait} and try again. Trying sooner does not help."),
    500: (
        "Sorry, something went wrong",
        "This is a fault of ours. What you sent may not have been saved: look before you send it again. "
        "If it goes wrong again, tell us the reference below.",
    ),
    503: (
        "Sorry, this is not working just now",
        "Nothing that was saved is lost. Wait a minute, then load the page again.",
    ),
}
OUT_OF_DATE = ("This page is out of date", "Go back, load the page again and send it once more.")
WRITTEN_FOR_PEOPLE = frozenset(error.code for error in errors.ALL)
"""Codes of refusals whose message our services wrote; others are meant for programs."""
MINUTE_SECONDS, HOUR_SECONDS = 60, 3600


class Refusals:
    """How the gateway refuses when a person asked."""

    @staticmethod
    def error_page(request: incoming.Request, problem: answers.Problem) -> answers.Page:
        """Show a refusal in words, with what to do next; nothing is asked of any service for it."""
        heading, advice = WORDS.get(problem.status, WORDS[400])
        if "csrf_token" in problem.fields:
            heading, advice = OUT_OF_DATE
        # Who it is may not have been found out, so who has a session is not offered to sign in.
        has_session = request.actor.kind == "user" or security.session_token(request) is not None
        page = rendering.respond(
            request,
            "error.html",
            status=problem.status,
            heading=heading,
            told=problem.message if problem.code in WRITTEN_FOR_PEOPLE else None,
            fields=problem.fields if problem.status in (400, 409, 412) else {},
            advice=advice.format(wait=patience(dict(problem.headers).get("Retry-After", ""))),
            call_id=problem.call_id if problem.status == 500 else None,
            has_session=has_session,
            quiet_header=has_session and request.actor.kind != "user",
        )
        page.headers.extend(problem.headers)
        page.headers["Cache-Control"] = "no-store"
        return page


def patience(retry_after: str) -> str:
    """Say how long to wait, rounded up, for a number of seconds."""
    seconds = int(retry_after) if retry_after.isascii() and retry_after.isdigit() else MINUTE_SECONDS
    if seconds < MINUTE_SECONDS:
        return words.count(max(seconds, 1), "second")
    if seconds <= HOUR_SECONDS:
        return words.count(-(-seconds // MINUTE_SECONDS), "minute")
    return words.count(-(-seconds // HOUR_SECONDS), "hour")
