"""Refusals as pages: what happened and what to do."""

from __future__ import annotations

from gateway import answers, incoming
from gateway.web import rendering

WORDS: dict[int, tuple[str, str]] = {
    400: ("That did not work", "Go back, correct it and try again."),
    401: ("Sign in first", "Sign in and try again."),
    403: ("You cannot do this", "If you need to, ask an Approver of your organisation."),
    404: ("Page not found", "Check the address, or start from the home page."),
    405: ("That did not work", "Go back and use the button or link on the page."),
    409: ("Something has changed meanwhile", "Go back, load the page again and look at what is there now."),
    412: ("Something has changed meanwhile", "Go back, load the page again and look at what is there now."),
    413: ("That was too much at once", "Go back and send less."),
    429: ("Too many attempts", "Wait a few minutes and try again."),
    500: ("Sorry, something went wrong", "What you sent may not have been saved. Try again in a minute."),
    503: ("Sorry, this is not working just now", "Nothing is lost. Wait a minute and try again."),
}


OUT_OF_DATE = ("This page is out of date", "Go back, load the page again and send it once more.")


class Refusals:
    """How the gateway refuses when a person asked."""

    @staticmethod
    def error_page(request: incoming.Request, problem: answers.Problem) -> answers.Page:
        """Show a refusal in words, with what to do next."""
        heading, advice = WORDS.get(problem.status, WORDS[400])
        if "csrf_token" in problem.fields:
            heading, advice = OUT_OF_DATE
        page = rendering.respond(
            request,
            "error.html",
            status=problem.status,
            heading=heading,
            told=problem.message,
            fields=problem.fields if problem.status in (400, 409, 412) else {},
            advice=advice,
            call_id=problem.call_id if problem.status == 500 else None,
        )
        page.headers.extend(problem.headers)
        return page
