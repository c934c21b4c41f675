"""Offer methods of the gateway over HTTP: `@http.api` for programs, `@http.page` for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

import marshmallow
from nameko.extensions import Entrypoint, register_entrypoint
from werkzeug.routing import Rule

from contracts import duties, errors, permissions
from gateway import answers, authentication, choices, incoming, security, server, workers
from gateway.answers import Answer, Page, Problem, see_other
from gateway.incoming import Request
from kit import rpc

__all__ = ["ApiEndpoint", "Page", "PageEndpoint", "Problem", "Request", "api", "page", "plain", "see_other"]

Method = Callable[..., Any]

WHERE_DONE = {
    duties.PASSWORD: "/password",
    duties.DISCLAIMER: "/disclaimer",
    duties.TERMS: "/terms/agree",
    duties.SECOND_FACTOR: "/account/second-factor",
}
"""The page where each duty is done."""
FIRST = {
    duties.PASSWORD: "Choose a new password first (POST /api/v1/password).",
    duties.DISCLAIMER: "Accept the disclaimer for shared accounts first (POST /api/v1/me/disclaimer).",
    duties.TERMS: "Agree to the new terms of use first (POST /api/v1/me/terms).",
    duties.SECOND_FACTOR: "Set up a second factor first (POST /api/v1/me/second-factor).",
}
"""What a program is told to do first."""
SHOWN_AGAIN, SENT_AGAIN, NOT_KEPT = "shown", "sent", ""
"""What becomes of a form sent after the session had ended (`PageEndpoint`)."""


NO_SUCH_KEY = (
    "This API key is not known, was revoked or has expired. Ask an Approver of your organisation for another."
)


class Endpoint(Entrypoint):
    """A method of the gateway at an address."""

    sessions = authentication.Sessions()
    words = choices.Keeper()
    server = server.Server()
    takes_keys = False
    """Whether programs with an API key may come in."""

    def __init__(
        self,
        methods: str,
        path: str,
        *,
        may: permissions.Rule,
        duty: str = "",
        always: bool = False,
        largest: int = incoming.BODY_LIMIT_BYTES,
    ) -> None:
        """``may`` is the rule at the door, which the service behind it applies again, to the target.

        ``largest`` is how many bytes may be sent here.

        It stays shut while a person has a duty (`contracts.duties`) to do first, unless it is where that
        ``duty`` is done, or ``always`` open.
        """
        super().__init__()
        self.methods = methods.split(",")
        self.path = path
        self.may = may
        self.duty = duty
        self.always = always
        self.largest = largest

    @property
    def public(self) -> bool:
        """Tell whether people who are not signed in may come in."""
        return self.may == permissions.PUBLIC

    def setup(self) -> None:
        self.server.register_provider(self)

    def stop(self) -> None:
        self.server.unregister_provider(self)

    def rule(self) -> Rule:
        """Return the address for the gateway's map."""
        return Rule(self.path, methods=self.methods, endpoint=self)

    def answer(self, request: Request, path_values: dict[str, Any]) -> Answer:
        """Answer one request.

        :raises Exception: whatever stands in the way; `refuse` puts it into words
        """
        raise NotImplementedError

    def run(self, request: Request, kwargs: dict[str, Any]) -> Any:
        """Run the method for whoever asks, once there is a place among those worked on.

        :raises errors.Forbidden: when the rule at the door does not let them in
        """
        permissions.admit(request.actor, self.may)
        context = {"call_id": request.call_id, "actor": rpc.encode(request.actor)}
        with self.server.places:
            return workers.run(self, (request,), kwargs, context)

    def sign_in(self, request: Request, token: str | None) -> None:
        """Put who asks into the request.

        :raises errors.Unauthenticated: when the token is not that of a session
        """
        if token is None:
            raise errors.Unauthenticated("Sign in to do this.")
        session = self.sessions.find(token)
        if session["actor"].kind == "key" and not self.takes_keys:
            raise errors.Unauthenticated(permissions.NOT_FOR_KEYS)
        request.session = session
        request.actor = self.seen_from(request, request.session["actor"])

    def seen_from(self, request: Request, actor: permissions.Actor) -> permissions.Actor:
        """Return who asks, with where the request came from, for the audit trail."""
        channel = permissions.API if request.is_api else permissions.WEB
        return dataclasses.replace(actor, address=request.client_address, channel=channel)

    def refuse(self, request: Request, problem: Problem, error: Exception) -> Answer:
        """Say no, in the form that callers of this address read."""
        return problem.as_json() if request.is_api else self.server.error_page(request, problem)

    def duty_before(self, request: Request) -> str | None:
        """Return what the person has to do before coming in here, if anything."""
        due = request.session["duty"] if request.session else None
        return None if self.always or due == self.duty else due


class ApiEndpoint(Endpoint):
    """A method that takes and gives JSON; its schemas also make the OpenAPI document."""

    takes_keys = True

    def __init__(
        self,
        methods: str,
        path: str,
        *,
        query: type[marshmallow.Schema] | None = None,
        body: type[marshmallow.Schema] | None = None,
        answer: Any = None,
        status: int = 200,
        refusals: tuple[int, ...] = (),
        tag: str = "",
        parameters: tuple[dict[str, Any], ...] = (),
        **door: Any,
    ) -> None:
        super().__init__(methods, path, **door)
        self.query = query() if query else None
        self.body = body() if body else None
        self.answer_schema = answer
        self.status = status
        self.refusals = refusals
        self.tag = tag
        self.parameters = parameters

    def answer(self, request: Request, path_values: dict[str, Any]) -> Answer:
        request.actor = self.seen_from(request, request.actor)
        if self.public:
            self.server.rates.count_stranger(request)
        else:
            self._identify(request)
            due = self.duty_before(request)
            if due is not None:
                raise errors.Forbidden(FIRST[due], {"duty": due})
        kwargs = path_values
        query = incoming.query(request, self.query)
        if self.query is not None:
            kwargs["query"] = query
        if self.body is not None:
            request.max_content_length = self.largest
            kwargs["body"] = incoming.body(request, self.body)
        return self._as_json(self.run(request, kwargs))

    def _identify(self, request: Request) -> None:
        """Put who asks into the request, and count the call.

        Once too many strangers came from a network address, identity is asked about no more of them; whoever
        was known a while ago does not suffer for it.

        :raises errors.Unauthenticated: when it is nobody
        :raises errors.TooMany: when there were too many calls in the last minute
        """
        rates, token = self.server.rates, None
        try:
            token = incoming.bearer_token(request)
            if token is None or not self.sessions.has_known(token):
                rates.refuse_stranger(request)
            self.sign_in(request, token)
        except errors.Unauthenticated as refusal:
            rates.count_stranger(request)
            if token is not None and token.startswith(permissions.KEY_BEGINS):
                raise errors.Unauthenticated(NO_SUCH_KEY) from refusal
            raise
        rates.count(request)

    def _as_json(self, result: Any) -> Answer:
        if isinstance(result, (answers.Json, Page)):
            return result
        if isinstance(result, tuple):
            status, value, headers = result
            return answers.json(status, value, list(headers.items()))
        return answers.json(self.status, result)


class PlainEndpoint(Endpoint):
    """A method for anybody, the same for all: assets, documents, signs of life."""

    def answer(self, request: Request, path_values: dict[str, Any]) -> Answer:
        answer: Answer = self.run(request, path_values)
        return answer


class PageEndpoint(Endpoint):
    """A method that shows a page or takes a form."""

    def __init__(
        self,
        methods: str,
        path: str,
        *,
        secret_address: bool = False,
        kept: str | None = None,
        counted: bool = False,
        **door: Any,
    ) -> None:
        """``secret_address`` says that whoever knows the address is let in, so that it is told to nobody.

        ``counted`` says that it counts like an API call, as it takes work to make.

        ``kept`` says what becomes of a form that arrives when the session has ended, once its sender has
        signed in again: SHOWN_AGAIN where the page takes ``go=edit`` for "show the form as it was filled in,
        and save nothing", SENT_AGAIN where the form is sent as it was, NOT_KEPT where it is lost. Unless
        told, pages that both show and take a form have it sent again.
        """
        super().__init__(methods, path, **door)
        self.secret_address = secret_address
        self.counted = counted
        has_form = {"GET", "POST"} <= set(self.methods) and not self.public and not self.duty
        self.kept = kept if kept is not None else SENT_AGAIN if has_form else NOT_KEPT

    def answer(self, request: Request, path_values: dict[str, Any]) -> Answer:
        if request.method == "HEAD":
            # Mail scanners look at links like this: they get the page's headers, and nothing is done.
            request.method = "GET"
        request.is_public = self.public
        request.has_secret_address = self.secret_address
        request.actor = self.seen_from(request, request.actor)
        token = security.session_token(request)
        if self.counted and (token is None or not self.sessions.has_known(token)):
            self.server.rates.count_stranger(request)
        if not self.public:
            self.sign_in(request, token)
        elif token is not None:
            self._sign_in_if_possible(request, token)
        if self.counted and request.session is not None:
            self.server.rates.count(request)
        due = self.duty_before(request)
        if due is not None:
            there = where_done(due, _address_of(request) if request.method == "GET" else "")
            return self._kept_page(request) or see_other(there)
        if request.method != "GET":
            request.max_content_length = self.largest
            incoming.check_form_fields(request)
            security.check_form(request)
        # Who is not signed in yet is not kept waiting for words that few public pages hold.
        self.words.refresh(wait=request.session is not None)
        page: Page = self.run(request, path_values)
        if not page.cache_control.public:
            # What a cache shows to others must carry nobody's cookie.
            self._renew_token(page, request)
            security.keep_visitor(page, request)
        if request.method == "POST" and page.status_code == 303 and not self.public:
            # Whoever saves is led on; a refusal is shown where it happened.
            security.tell_saved(page, request)
        if self.secret_address:
            page.headers["Referrer-Policy"] = "no-referrer"
            page.headers["X-Robots-Tag"] = "noindex, nofollow"
        return page

    def _renew_token(self, page: Page, request: Request) -> None:
        """Give the browser a new token when identity says that it is time, unless the page gave one."""
        if request.session is None or not request.session["rotate"] or request.method != "GET":
            return
        if security.sets_session(page, request):
            return
        renewed = self.sessions.rotate(request)
        if renewed is not None:
            until = datetime.fromisoformat(renewed["expires_at"])
            security.set_session_cookie(page, request, renewed["token"], expires_at=until)

    def _sign_in_if_possible(self, request: Request, token: str) -> None:
        """Know who looks at a public page, without keeping the page from anybody."""
        try:
            self.sign_in(request, token)
        except (errors.Unauthenticated, errors.Unavailable):
            request.session = None

    def refuse(self, request: Request, problem: Problem, error: Exception) -> Answer:
        """Say no with a page, or ask the person to sign in; what was entered is not lost (B10)."""
        if isinstance(error, errors.Unauthenticated) and not self.public:
            page = self._kept_page(request) or see_other(self._sign_in_address(request))
            security.clear_session_cookie(page, request)
            return page
        if "csrf_token" in problem.fields and request.session is not None:
            return self._kept_page(request) or self.server.error_page(request, problem)
        return self.server.error_page(request, problem)

    def _kept_page(self, request: Request) -> Page | None:
        """Return a page that keeps what was entered while something else has to be done, if that can be."""
        if request.method != "POST" or self.kept == NOT_KEPT:
            return None
        back = _address_of(request) if "GET" in self.methods else ""
        return self.server.kept_form(request, how=self.kept, back=back)

    def _sign_in_address(self, request: Request) -> str:
        """Return where to sign in, so as to come back to the page or to the form that was sent."""
        if "GET" not in self.methods:
            return "/sign-in"
        back = quote(_address_of(request), safe="/")
        return f"/sign-in?next={back}" + ("" if request.method == "GET" else "&ended=1")


def where_done(duty: str, back: str = "") -> str:
    """Return the page where a duty is done, from which the way leads on to the address ``back``."""
    there = WHERE_DONE[duty]
    return there if back in ("", "/home") else f"{there}?next={quote(back, safe='/')}"


def _address_of(request: Request) -> str:
    """Return the address of a request on this site, to come back to."""
    return request.full_path.rstrip("?")


def api(methods: str, path: str, **options: Any) -> Callable[[Method], Method]:
    """Offer a method as an API call: `path` is below the site's root, `options` those of `ApiEndpoint`.

    `may` (required) says who is let in at all.
    The method takes the request, the values in the path and, where there are schemas for them, `query` and
    `body`. It returns a value for JSON, or a tuple of status, value and headers.
    """
    return _offered(ApiEndpoint, methods, path, options)


def page(methods: str, path: str, **options: Any) -> Callable[[Method], Method]:
    """Offer a method as a page; it returns a `Page`. The form token is checked before it is called."""
    return _offered(PageEndpoint, methods, path, options)


def plain(methods: str, path: str) -> Callable[[Method], Method]:
    """Offer a method to anybody; it returns a `Page` or `answers.Json`, and nobody is asked who they are."""
    return _offered(PlainEndpoint, methods, path, {"may": permissions.PUBLIC, "always": True})


def _offered(
    kind: type[Endpoint], methods: str, path: str, options: dict[str, Any]
) -> Callable[[Method], Method]:
    def offer(method: Method) -> Method:
        register_entrypoint(method, kind(methods, path, **options))
        return method

    return offer
