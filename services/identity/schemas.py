"""The shapes that come in and go out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow
from marshmallow import fields, validate

from contracts import areas, errors, permissions
from kit import ids
from services.identity import sessions

if TYPE_CHECKING:
    # It needs what is checked here first.
    from services.identity import sign_in

USER_TYPES = ("standard", "approver")
_EMAIL = re.compile(
    r"(?!\.)[a-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}(?<!\.)@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
LONGEST_KEY_DAYS = 365
_WRONG_DAYS = f"Give a whole number of days, from 1 to {LONGEST_KEY_DAYS}."
_PHONE = re.compile(r"\+?[0-9 ().-]{7,24}( ?(x|ext)\.? ?[0-9]{1,6})?")


def clean(text: str, *, longest: int) -> str:
    """Return ``text`` with nothing in it that a database refuses, cut to ``longest`` characters."""
    kept = "".join(character for character in text if not _is_control(character))
    return kept.strip()[:longest]


def email_key(text: str) -> str:
    """Return an e-mail address as it is compared and kept."""
    return clean(text, longest=254).lower()


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"}


class Line(fields.String):
    """One line of text, trimmed, within a length."""

    def __init__(self, *, longest: int, empty: str, **kwargs: Any) -> None:
        self.longest = longest
        self.several_lines = kwargs.pop("several_lines", False)
        if kwargs.pop("or_nothing", False):
            kwargs |= {"load_default": None, "allow_none": True}
        else:
            kwargs |= {"required": True}
        super().__init__(error_messages={"required": empty, "null": empty}, **kwargs)
        self.empty = empty

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        allowed = "\r\n\t" if self.several_lines else ""
        if any(_is_control(character) and character not in allowed for character in text):
            raise marshmallow.ValidationError("Use plain text without control characters.")
        if not text:
            raise marshmallow.ValidationError(self.empty)
        if len(text) > self.longest:
            raise marshmallow.ValidationError(f"Use at most {self.longest} characters.")
        return text


class Email(Line):
    """An e-mail address, in lower case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=254, empty="Enter your e-mail address.", **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        if not _EMAIL.fullmatch(text) or ".." in text:
            raise marshmallow.ValidationError("Enter an e-mail address like name@example.org.")
        return text


class Phone(Line):
    """A telephone number as people write it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=40, empty="Enter your contact number.", **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _PHONE.fullmatch(text.lower()) or sum(character.isdigit() for character in text) < 7:
            raise marshmallow.ValidationError("Enter a telephone number like 0191 496 0123.")
        return text


class Id(fields.String):
    """An identifier."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not ids.is_valid(value):
            raise marshmallow.ValidationError("This is not an identifier.")
        return str(value).lower()


class Person(marshmallow.Schema):
    """Who somebody is and how to reach them."""

    email = Email()
    full_name = Line(longest=200, empty="Enter your full name.")
    phone = Phone()
    job_title = Line(longest=200, empty="Enter your job title.")


class ProviderIds(fields.List[Any]):
    """Which of the organisation's providers somebody works for; none means all."""

    def __init__(self, **kwargs: Any) -> None:
        most = validate.Length(max=500, error="Choose at most 500 homes or units.")
        super().__init__(Id(), validate=most, **kwargs)


class Profile(marshmallow.Schema):
    """What people change of their own details."""

    full_name = Line(longest=200, empty="Enter the full name.")
    phone = Phone()
    job_title = Line(longest=200, empty="Enter the job title.")


class UserChanges(Profile):
    """What those who look after people change of an account; roles and status have calls of their own."""

    provider_ids = ProviderIds()
    generic = fields.Boolean()
    wants_search = fields.Boolean()
    organisation_id = Id()


class Registration(Person):
    """What an applicant sends (A1)."""

    user_type = fields.String(
        load_default="standard", validate=validate.OneOf(USER_TYPES, error="Choose Standard or Approver.")
    )
    organisation_type = fields.String(
        required=True,
        validate=validate.OneOf(
            tuple(permissions.ORGANISATION_TYPES), error="Choose one of the organisation types."
        ),
    )
    organisation_id = Id(load_default=None, allow_none=True)
    organisation_name = Line(longest=200, empty="Enter the name of your organisation.", or_nothing=True)
    provider_ids = ProviderIds(load_default=list)
    generic = fields.Boolean(load_default=False, allow_none=True)
    wants_search = fields.Boolean(load_default=False, allow_none=True)
    accepts_terms = fields.Boolean(load_default=False, allow_none=True)
    accepts_communications = fields.Boolean(load_default=False, allow_none=True)


class Organisation(marshmallow.Schema):
    """What an operator says of a new organisation."""

    type = fields.String(
        required=True,
        validate=validate.OneOf(
            tuple(permissions.ORGANISATION_TYPES),
            error=f"Choose one of {', '.join(permissions.ORGANISATION_TYPES)}.",
        ),
    )
    name = Line(longest=200, empty="Give the organisation's name.")
    council_code = fields.String(load_default=None, allow_none=True)
    postcode = fields.String(load_default=None, allow_none=True)

    @marshmallow.validates("council_code")
    def _check_council(self, code: str | None, **kwargs: Any) -> None:
        if code is not None and areas.council(code) is None:
            raise marshmallow.ValidationError("Give the code of an upper-tier council, like E06000047.")


class ApiKey(marshmallow.Schema):
    """What somebody says of a new API key."""

    name = Line(longest=100, empty="Give the key a name, such as the name of the program.")
    provider_ids = ProviderIds(load_default=list)
    expires_in_days = fields.Integer(
        load_default=LONGEST_KEY_DAYS,
        strict=True,
        validate=validate.Range(1, LONGEST_KEY_DAYS, error=_WRONG_DAYS),
        error_messages={"invalid": _WRONG_DAYS, "null": _WRONG_DAYS},
    )


class Reason(marshmallow.Schema):
    """Why an account is closed or opened again."""

    reason = Line(longest=1000, empty="Say why; it is kept with the account.", several_lines=True)


class SignIn(marshmallow.Schema):
    """What somebody signs in with."""

    email = fields.String(required=True)
    password = fields.String(required=True)
    remember_me = fields.Boolean(load_default=False)
    user_agent = fields.String(load_default="")


class SecondFactor(marshmallow.Schema):
    """What somebody gives after the password."""

    challenge = fields.String(required=True)
    code = fields.String(required=True)
    user_agent = fields.String(load_default="")


class Rejection(marshmallow.Schema):
    """Why a registration is rejected."""

    reason = Line(longest=1000, empty="Say why, so that the applicant knows what to do.", several_lines=True)


def opened(session: sessions.Opened) -> dict[str, Any]:
    """Return what the caller is told of a session just opened."""
    return {
        "token": session.token,
        "duty": session.duty,
        "expires_at": session.expires_at.isoformat(),
        "second_factor": False,
    }


def challenged(challenge: sign_in.Challenge) -> dict[str, Any]:
    """Return what somebody is told whose second factor is asked for; there is no session yet."""
    return {
        "second_factor": True,
        "challenge": challenge.token,
        "expires_at": challenge.expires_at.isoformat(),
    }


def renewed(session: sessions.Renewed) -> dict[str, str]:
    """Return what the caller is told of a session's new token."""
    return {"token": session.token, "expires_at": session.expires_at.isoformat()}


def checked(session: sessions.Checked) -> dict[str, Any]:
    """Return what the gateway is told of a session."""
    return {
        "actor": session.actor.as_dict(),
        "session_id": session.session_id,
        "duty": session.duty,
        "expires_at": session.expires_at.isoformat(),
        "remembered": session.remembered,
        "rotate": session.rotate,
    }


def load(
    schema: type[marshmallow.Schema], data: Mapping[str, Any], *, optional: tuple[str, ...] | bool = ()
) -> dict[str, Any]:
    """Return ``data`` checked and tidied by ``schema``, of which ``optional`` fields (or all) may be missing.

    :raises errors.Invalid: naming every field that is wrong.
    """
    try:
        loaded: dict[str, Any] = schema().load(dict(data), partial=optional)
    except marshmallow.ValidationError as fault:
        raise errors.Invalid("Some answers need correcting.", _flat(fault.messages)) from fault
    return loaded


def _flat(messages: Any, path: str = "") -> dict[str, str]:
    if isinstance(messages, dict):
        found: dict[str, str] = {}
        for name, inner in messages.items():
            found |= _flat(inner, f"{path}.{name}" if path else str(name))
        return found
    return {path: " ".join(str(message) for message in messages)}


def page_number(page: int) -> int:
    """Return ``page`` if there can be such a page.

    :raises errors.Invalid: when it is not a whole number from 1 to 10,000.
    """
    if not isinstance(page, int) or isinstance(page, bool) or not 1 <= page <= 10_000:
        raise errors.Invalid("There is no such page.", {"page": "Give a whole number from 1 to 10,000."})
    return page
