"""What a request brings: who sent it, its body and its query, checked for shape."""

from __future__ import annotations

import functools
import ipaddress
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import marshmallow
from werkzeug import exceptions, wrappers

from contracts import errors, permissions
from gateway import security
from kit import ids

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from gateway.authentication import Session
    from gateway.settings import Network, Settings

BODY_LIMIT_BYTES = 256 * 1024
DEEPEST = 20
OPEN_DATA = "/open-data/"
"""How addresses begin that programs in pages of any site may read."""


class Request(wrappers.Request):
    """One request, with what the gateway found out about it.

    `actor` is who asks, `session` what `authentication.Sessions` knows of it (None when nobody is signed in),
    `route` the rule that matched, `is_public` whether its page is for anybody, `has_secret_address` whether
    the address lets in whoever knows it, `settings` the gateway's settings, `allowance` how many API calls
    may be made in a minute and how many of them are left now (`gateway.rates`).
    """

    max_content_length: int = BODY_LIMIT_BYTES
    max_form_memory_size = BODY_LIMIT_BYTES

    settings: Settings
    actor: permissions.Actor = permissions.ANONYMOUS
    session: Session | None = None
    route: str = ""
    is_public: bool = False
    has_secret_address: bool = False
    allowance: tuple[int, int] | None = None
    visitor: str | None = None
    visitor_is_new: bool = False

    @cached_property
    def call_id(self) -> str:
        """Return the id under which this request is found in every log."""
        return ids.new()

    @property
    def is_api(self) -> bool:
        """Tell whether the caller is a program that wants JSON."""
        return self.path.startswith(("/api/", OPEN_DATA))

    @property
    def is_for_other_sites(self) -> bool:
        """Tell whether programs in pages of any site may read the answer."""
        return self.path.startswith(OPEN_DATA)

    @property
    def takes_gzip(self) -> bool:
        """Tell whether the caller takes a compressed answer, which one may also refuse (``gzip;q=0``)."""
        return bool(self.accept_encodings["gzip"] > 0)

    @property
    def signed_in(self) -> Session:
        """Return the session of a request that cannot have come this far without one."""
        assert self.session is not None
        return self.session

    @property
    def csrf_token(self) -> str:
        """Return the token that the forms of an answer to this request must hold."""
        return security.csrf_token(self)

    @property
    def sign_out_token(self) -> str:
        """Return the token that the form to sign out must hold, whatever page it stands on."""
        return security.sign_out_token(self)

    @property
    def person(self) -> str:
        """Return a name for who is signed in, from which nobody can tell who it is."""
        return security.person(self)

    @property
    def idle_seconds_left(self) -> int | None:
        """Return after how long a session that is not remembered ends unless something is done (A7)."""
        if self.session is None or self.session["remembered"]:
            return None
        left = datetime.fromisoformat(self.session["expires_at"]) - datetime.now(UTC)
        return max(0, int(left.total_seconds()))

    @cached_property
    def client_address(self) -> str:
        """Return the caller's IP address, as told by our own proxies where there are any."""
        address = self.remote_addr or ""
        proxies = self.settings.proxies
        if not proxies:
            return address
        told = [text.strip() for text in self.headers.get("X-Forwarded-For", "").split(",") if text.strip()]
        while told and _is_within(address, proxies) and _is_address(told[-1]):
            address = told.pop()
        return address


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)


def bearer_token(request: Request) -> str | None:
    """Return the token of the Authorization header, if there is one.

    :raises errors.Unauthenticated: when the header is of another kind
    """
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise errors.Unauthenticated(
            "Send the header 'Authorization: Bearer <token>' with the token of POST /sessions or an API key."
        )
    return str(token.strip())


def query(request: Request, schema: marshmallow.Schema | None) -> dict[str, Any]:
    """Return the query string as `schema` reads it.

    :raises errors.Invalid: naming the fields that are unknown, given twice or wrong
    """
    if not request.environ.get("QUERY_STRING"):
        plain: dict[str, Any] = {}
    else:
        plain = _plain(request.args, _repeatable(schema))
        _refuse_unprintable(plain)
    if schema is None:
        if plain:
            raise errors.Invalid("This call takes no query.", dict.fromkeys(plain, "Unknown field."))
        return {}
    return load(schema, plain)


def _plain(args: MultiDict[str, str], repeatable: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a query; an empty field of a search form is a field left out."""
    plain: dict[str, Any] = {}
    repeated: dict[str, str] = {}
    for name, values in args.lists():
        if name in repeatable:
            values = [value for value in values if value != ""]
            if values:
                plain[name] = values
        elif len(values) > 1:
            repeated[name] = "Give this once."
        elif values[0] != "":
            plain[name] = values[0]
    if repeated:
        raise errors.Invalid("A search field was given more than once.", repeated)
    return plain


@functools.lru_cache(maxsize=256)
def _repeatable(schema: marshmallow.Schema | None) -> frozenset[str]:
    """Return the names of the fields that may be given more than once in a query."""
    if schema is None:
        return frozenset()
    listed = marshmallow.fields.List
    return frozenset(name for name, field in schema.load_fields.items() if isinstance(field, listed))


def body(request: Request, schema: marshmallow.Schema) -> dict[str, Any]:
    """Return the JSON body as `schema` reads it.

    :raises errors.Invalid: naming the fields that are unknown or wrong
    :raises werkzeug.exceptions.HTTPException: when it is too large or of another type
    """
    if request.mimetype != "application/json":
        raise exceptions.UnsupportedMediaType(
            "Send the body as JSON with the header 'Content-Type: application/json'."
        )
    return load(schema, parse_json(read(request)))


def check_form_fields(request: Request) -> None:
    """Refuse a form with characters that cannot be stored.

    :raises errors.Invalid: naming the field
    """
    for name, values in request.form.lists():
        for value in values:
            _refuse_unprintable(value, name)


def check_query_fields(request: Request) -> None:
    """Refuse the address of a page with characters that cannot be stored.

    :raises errors.Invalid: naming the field
    """
    for name, value in request.args.items(multi=True):
        _refuse_unprintable(value, name)


def read(request: Request) -> bytes:
    """Return the body's bytes, chunked or not.

    :raises werkzeug.exceptions.HTTPException: when it is too large, broken off or late
    """
    limit = request.max_content_length
    too_large = exceptions.RequestEntityTooLarge(f"Send at most {limit // 1024} KiB.")
    if (request.content_length or 0) > limit:
        raise too_large
    try:
        raw: bytes = request.environ["wsgi.input"].read(limit + 1)
    except TimeoutError as fault:
        raise exceptions.RequestTimeout("The body did not arrive in time.") from fault
    except (ValueError, OSError) as fault:
        raise exceptions.BadRequest("The body broke off.") from fault
    if len(raw) > limit:
        raise too_large
    return raw


def parse_json(raw: bytes) -> dict[str, Any]:
    """Return the object in `raw`.

    :raises errors.Invalid: for anything but one well-formed JSON object of reasonable depth
    """
    if not raw.strip():
        raise errors.Invalid("Send a JSON object as the body.")
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as fault:
        raise errors.Invalid("The body is not well-formed JSON.") from fault
    if not isinstance(value, dict):
        raise errors.Invalid("Send a JSON object as the body.")
    _refuse_unprintable(value)
    return value


def load(schema: marshmallow.Schema, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return `plain` as `schema` reads it.

    :raises errors.Invalid: naming every field that is wrong, by its dotted path
    """
    try:
        loaded: dict[str, Any] = schema.load(plain)
    except marshmallow.ValidationError as fault:
        fields = dict(_flat(fault.normalized_messages()))
        raise errors.Invalid("Some fields need your attention.", fields) from fault
    return loaded


def _flat(messages: Mapping[Any, Any], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, message in messages.items():
        at = path if name == "_schema" else f"{path}.{name}".lstrip(".")
        if isinstance(message, Mapping):
            found += _flat(message, at)
        else:
            found.append((at or "body", " ".join(str(words) for words in message)))
    return found


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) != len(pairs):
        names = [name for name, _ in pairs]
        raise errors.Invalid(
            "A field was given more than once.",
            {_sayable(name): "Give this once." for name in plain if names.count(name) > 1},
        )
    return plain


def _sayable(name: str) -> str:
    """Return the name of a field as far as an answer can hold it."""
    return name.encode(errors="replace").decode()


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


def _refuse_unprintable(value: Any, path: str = "", depth: int = 0) -> None:
    """Refuse what neither PostgreSQL nor UTF-8 can hold, before it travels any further."""
    if depth > DEEPEST:
        raise errors.Invalid(
            "The body is nested too deeply.", {path.split(".")[0] or "body": "Nest this less deeply."}
        )
    if isinstance(value, str):
        if "\0" in value or (
            not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)
        ):
            raise errors.Invalid(
                "Some fields need your attention.", {path: "Holds a character that cannot be stored."}
            )
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_unprintable(name, "body", depth)
            _refuse_unprintable(inner, f"{path}.{name}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_unprintable(inner, f"{path}.{index}".lstrip("."), depth + 1)
