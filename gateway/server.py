"""Listen, find the method for an address, answer, and log one line per request."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import eventlet
from eventlet import greenpool, semaphore, wsgi
from nameko.web import server as nameko_server
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map
from werkzeug.routing.converters import BaseConverter

from gateway import answers, metrics, rates, security
from gateway.answers import Answer, Page, Problem
from gateway.incoming import Request
from gateway.settings import Settings
from kit import logging, settings

if TYPE_CHECKING:
    from gateway.http import Endpoint

MOST_CONNECTIONS = 1024
IDLE_SECONDS = 75
"""How long a connection may stay open between two requests."""
STALLED_SECONDS = 30
"""How long a caller may pause within a request, or while reading an answer."""
LONGEST_ADDRESS = 32 * 1024
"""Bytes of a request's first line: room for the words of a note, of which a character may take twelve."""
LARGEST_WRITE = 64 * 1024
"""Bytes of an answer that are sent at once with what goes before them: a page of results is some 25 kB."""
LAST_ANSWERS_SECONDS = 10
"""How long a gateway that is told to stop waits for answers under way."""


class IdConverter(BaseConverter):
    """Take identifiers only: an address with anything else does not exist."""

    regex = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> str:
        return value.lower()


class Protocol(nameko_server.HttpOnlyProtocol):
    """Speak HTTP/1.1, and say so to the application."""

    wbufsize = LARGEST_WRITE

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ["gateway.connection"] = self
        return environ

    def version_string(self) -> str:
        """Name no versions to whoever sends malformed requests."""
        return "gateway"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of what never became a request: malformed first lines are the internet's weather."""


class Server(nameko_server.WebServer):
    """One listening socket for every endpoint."""

    settings: Settings
    _finish_by = 0.0

    def setup(self) -> None:
        self.settings = settings.load(Settings)
        self.rates = rates.Rates(self.settings)
        self.requests = metrics.Requests()
        self.places = semaphore.Semaphore(self.settings.max_workers)
        self._connections = greenpool.GreenPool(MOST_CONNECTIONS)

    @property
    def bind_addr(self) -> Any:
        return nameko_server.parse_address(self.settings.address)

    @property
    def port(self) -> int:
        """Return the port that is listened on, also where the settings say 0."""
        return int(self._sock.getsockname()[1])

    def error_page(self, request: Request, problem: Problem) -> Page:
        """Show a refusal as the pages do, where the gateway has pages."""
        show = getattr(self.container.service_cls, "error_page", answers.plain_page)
        page: Page = show(request, problem)
        return page

    def kept_form(self, request: Request, *, how: str, back: str) -> Page | None:
        """Keep what a form brought after the session had ended, where the gateway has pages for that."""
        keep = getattr(self.container.service_cls, "kept_form", None)
        page: Page | None = keep(request, how=how, back=back) if keep else None
        return page

    def get_wsgi_app(self) -> Any:
        return Application(self)

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, protocol: Any = Protocol, debug: bool = False) -> Any:
        made = wsgi.Server(
            sock,
            sock.getsockname(),
            wsgi_app,
            protocol=protocol,
            debug=debug,
            log_output=False,
            keepalive=IDLE_SECONDS,
            socket_timeout=STALLED_SECONDS,
            url_length_limit=LONGEST_ADDRESS,
        )
        # They are written as they ought to be; taking each apart to make sure takes time.
        made.capitalize_response_headers = False
        return made

    def make_url_map(self) -> Map:
        """Build the map of addresses, once."""
        url_map = Map(converters={"id": IdConverter}, merge_slashes=False, strict_slashes=True)
        for endpoint in self._providers:
            url_map.add(endpoint.rule())
        return url_map

    def run(self) -> None:
        # Not in the container's managed threads, as Nameko does it: there a fault on one connection
        # (a reset at the wrong moment) stops the whole process.
        while self._is_accepting:
            sock, address = self._sock.accept()
            sock.settimeout(STALLED_SECONDS)
            # Or the end of a long answer waits until the caller has said that its beginning arrived: 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.spawn_n(self._serve, sock, address)

    def _serve(self, sock: Any, address: Any) -> None:
        try:
            self._serv.process_request([address, sock, wsgi.STATE_IDLE])
        except OSError as fault:
            logging.event("connection lost", error=type(fault).__name__)
        finally:
            sock.close()

    def kill(self) -> None:
        self._is_accepting = False
        self._sock.close()

    def unregister_provider(self, provider: Endpoint) -> None:
        """Let an endpoint go; what is under way is answered first, while its dependencies still work."""
        self._finish()
        super().unregister_provider(provider)

    @property
    def is_stopping(self) -> bool:
        """Tell whether there is time for no more than the answers under way."""
        return self._finish_by > 0

    def stop(self) -> None:
        self._finish()
        super(nameko_server.WebServer, self).stop()

    def _finish(self) -> None:
        if self._is_accepting:
            self._is_accepting = False
            self._gt.kill()
            self._sock.close()
            self._finish_by = time.monotonic() + LAST_ANSWERS_SECONDS
        while self._serv.outstanding_requests and time.monotonic() < self._finish_by:
            eventlet.sleep(0.05)


class Application:
    """The WSGI application: every request passes here, and leaves with an answer."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.settings = server.settings
        self.addresses = server.make_url_map().bind("gateway")
        self.api_headers = security.headers(self.settings, page=False)
        self.page_headers = security.headers(self.settings, page=True)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        request = Request(environ, populate_request=False)
        request.settings = self.settings
        logging.call_id.set(request.call_id)
        answer = self.answer(request)
        answer.add_headers(self.page_headers if isinstance(answer, Page) else self.api_headers)
        answer.add_headers([("X-Call-Id", request.call_id), *rates.headers(request)])
        if request.is_for_other_sites:
            answer.add_headers(security.READ_ANYWHERE)
        if not _says_how_to_cache(answer):
            answer.add_headers([("Cache-Control", "no-store")])
        if answer.status_code == 413 or self.server.is_stopping:
            # What was not read would be taken for the next request; and the next one is for another gateway.
            environ["gateway.connection"].close_connection = True
        seconds = time.perf_counter() - started
        self.server.requests.answered(request.method, request.route, answer.status_code, seconds=seconds)
        logging.event(
            "request",
            method=request.method,
            route=request.route,
            status=answer.status_code,
            ms=round(seconds * 1000, 1),
        )
        return answer(environ, start_response)

    def answer(self, request: Request) -> Answer:
        """Answer a request, whatever happens."""
        endpoint: Endpoint | None = None
        try:
            rule, path_values = self.addresses.match(request.path, request.method, return_rule=True)
            endpoint, request.route = rule.endpoint, rule.rule
            return endpoint.answer(request, dict(path_values))
        except NotFound as error:
            tidy = self._without_last_slash(request)
            if endpoint is None and tidy:
                return answers.see_other(tidy)
            return self.refuse(request, endpoint, answers.problem(error, request.call_id), error)
        except Exception as error:  # the last resort: a fault of ours is logged here, once
            problem = answers.problem(error, request.call_id)
            if problem.status == 500:
                logging.failure("request failed", method=request.method, route=request.route)
            return self.refuse(request, endpoint, problem, error)

    def _without_last_slash(self, request: Request) -> str:
        """Return the address of the page that one with a slash too many means; nothing if there is none."""
        path = request.path.rstrip("/")
        if request.method != "GET" or request.is_api or path == request.path:
            return ""
        if not path or not self.addresses.test(path, "GET"):
            return ""
        query = request.query_string.decode("ascii", "replace")
        return quote(path) + (f"?{query}" if query else "")

    def refuse(
        self, request: Request, endpoint: Endpoint | None, problem: Problem, error: Exception
    ) -> Answer:
        """Put a refusal into the form that the caller reads."""
        try:
            if endpoint is not None:
                return endpoint.refuse(request, problem, error)
            return problem.as_json() if request.is_api else self.server.error_page(request, problem)
        except Exception:  # the page that says what went wrong went wrong itself
            logging.failure("error page failed", route=request.route)
            return answers.plain_page(request, problem)


def _says_how_to_cache(answer: Answer) -> bool:
    return any(name.lower() == "cache-control" for name, _ in answer.headers)
