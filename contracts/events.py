"""Every event, declared once, with who publishes it and who listens in the class line.

An event is past tense, one fact, with enough data that a consumer need not call back, ids instead of personal
data, and times in UTC as ISO-8601. Adding an optional field is free; anything else is a new class.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NotRequired, Self, TypedDict

EVENTS: dict[str, type[Event]] = {}
"""Every declared event by its name."""


class BedFigures(TypedDict):
    """One bed type's figures, in beds; the price is in whole pounds a week."""

    bed_type: str
    maximum: int
    occupied: int
    reserved: int
    accepting: int
    closed: int
    closure_reason: str | None
    flexible: bool
    weekly_price_from: int | None
    label: NotRequired[str]
    unit: NotRequired[str]


class Note(TypedDict):
    """What a provider tells in words, and when it was written or last edited."""

    text: str
    at: str


class Alert(TypedDict):
    """What an authority warns of, from the start of one day to the end of another (or open)."""

    kind: str
    text: str
    starts_on: str
    ends_on: str | None


class Capability(TypedDict):
    """The beds with nursing and without in which a need can be met."""

    nursing: int
    non_nursing: int


class ProviderSnapshot(TypedDict):
    """All that other services need of a provider, as it stood at ``version``.

    Both provider events carry it whole, so a consumer keeps the newest version and ignores the rest: late,
    repeated and reordered events are harmless, and a rebuild reads the same shape.
    """

    provider_id: str
    version: int
    organisation_id: str
    name: str
    type: str
    address: str
    town: str
    postcode: str
    phone: str
    email: str
    website: str
    council_code: str | None
    sub_icb_code: str | None
    icb_code: str | None
    region_code: str | None
    cqc_rating: str | None
    cqc_location_id: str | None
    funding_sources: list[str]
    short_stay_services: list[str]
    languages: list[str]
    accepting_out_of_hours: bool
    listed: bool
    active: bool
    weekly_reminder: bool
    last_updated: str | None
    last_updated_by_id: str | None
    bed_types: list[BedFigures]
    brand: NotRequired[str | None]
    ownership: NotRequired[str | None]
    care_types: NotRequired[list[str]]
    registered_beds: NotRequired[int | None]
    over_registered: NotRequired[bool]
    cqc_rating_date: NotRequired[str | None]
    cqc_services: NotRequired[list[str]]
    latitude: NotRequired[float | None]
    longitude: NotRequired[float | None]
    capabilities: NotRequired[dict[str, Capability]]
    weekend_admissions: NotRequired[bool | None]
    contracts: NotRequired[list[str]]
    notes: NotRequired[list[Note]]
    alerts: NotRequired[list[Alert]]


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact that one service publishes and others act on."""

    publisher: ClassVar[str]
    consumers: ClassVar[Sequence[str]]
    broadcast: ClassVar[bool]
    name: ClassVar[str]

    def __init_subclass__(cls, *, publisher: str, consumers: Sequence[str], broadcast: bool = False) -> None:
        """``broadcast`` events reach every running process of a consumer; others reach one of them."""
        cls.publisher = publisher
        cls.consumers = tuple(consumers)
        cls.broadcast = broadcast
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        EVENTS[cls.name] = cls

    @property
    def aggregate_id(self) -> str:
        """Return the id of the thing this is about: the order of events is kept for each."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Self:
        """Build the event from its message, leaving out fields a newer publisher may have added."""
        known = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in body.items() if name in known})


@dataclass(frozen=True, kw_only=True)
class ProviderEvent(Event, publisher="", consumers=[]):
    """What the two provider events have in common; never published itself."""

    provider: ProviderSnapshot

    @property
    def aggregate_id(self) -> str:
        return self.provider["provider_id"]


del EVENTS[ProviderEvent.name]


@dataclass(frozen=True, kw_only=True)
class ProviderChanged(
    ProviderEvent, publisher="providers", consumers=["identity", "search", "reports", "notifications"]
):
    """A provider was created, or its details or services were changed (at ``changed_at``, if it says)."""

    changed_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class CapacityDeclared(
    ProviderEvent, publisher="providers", consumers=["search", "reports", "notifications"]
):
    """A provider's bed figures were saved or confirmed (``kind``), over ``channel``."""

    declaration_id: str
    declared_at: str
    by_id: str | None
    channel: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class OrganisationImported(Event, publisher="providers", consumers=["identity"]):
    """A public register names an organisation that runs providers, as of ``imported_at``.

    Its id follows from its code in the register (``contracts.organisations.registered_id``).
    """

    organisation_id: str
    organisation_name: str
    type: str
    ods_code: str | None
    council_code: str | None
    postcode: str | None
    imported_at: str
    icb_code: str | None = None

    @property
    def aggregate_id(self) -> str:
        return self.organisation_id


@dataclass(frozen=True, kw_only=True)
class ChoicesChanged(Event, publisher="providers", consumers=["gateway"], broadcast=True):
    """A word that people choose from was added, changed, retired or restored; who keeps a copy forgets it."""

    kind: str
    choice_code: str

    @property
    def aggregate_id(self) -> str:
        return f"{self.kind}.{self.choice_code}"


@dataclass(frozen=True, kw_only=True)
class PersonEvent(Event, publisher="", consumers=[]):
    """What the events about one person have in common; never published itself."""

    user_id: str

    @property
    def aggregate_id(self) -> str:
        return self.user_id


del EVENTS[PersonEvent.name]


@dataclass(frozen=True, kw_only=True)
class RegistrationSubmitted(PersonEvent, publisher="identity", consumers=["notifications"]):
    """Somebody asks for an account; ``approver_ids`` are the people who may decide.

    Without an ``organisation_id``, the applicant's organisation is on no list of ours.
    """

    organisation_id: str | None
    approver_ids: list[str]


@dataclass(frozen=True, kw_only=True)
class RegistrationRepeated(PersonEvent, publisher="identity", consumers=["notifications"]):
    """Somebody registered with the address of a person who is known already."""


@dataclass(frozen=True, kw_only=True)
class UserApproved(PersonEvent, publisher="identity", consumers=["notifications"]):
    """An account was approved."""

    by_id: str


@dataclass(frozen=True, kw_only=True)
class PasswordReset(PersonEvent, publisher="identity", consumers=["notifications"]):
    """Somebody is to get new login details; ``reset_id`` tells one request from the next."""

    by_id: str
    reset_id: str


@dataclass(frozen=True, kw_only=True)
class PasswordForgotten(PersonEvent, publisher="identity", consumers=["notifications"]):
    """Somebody asked for a link to choose a new password; ``request_id`` tells one request from the next."""

    request_id: str


@dataclass(frozen=True, kw_only=True)
class PasswordExpiring(PersonEvent, publisher="identity", consumers=["notifications"]):
    """A password will have to be changed at ``expires_at``, in ``days_left`` days or a little less."""

    expires_at: str
    days_left: int


@dataclass(frozen=True, kw_only=True)
class CredentialsChanged(PersonEvent, publisher="identity", consumers=["notifications"]):
    """How somebody signs in was changed: ``change`` is one of ``CHANGES``, ``change_id`` tells it apart."""

    change: str
    change_id: str
    changed_at: str

    CHANGES: ClassVar[Sequence[str]] = (
        "password_changed",
        "password_reset_by_link",
        "second_factor_added",
        "second_factor_removed",
        "recovery_code_used",
        "recovery_codes_renewed",
    )


@dataclass(frozen=True, kw_only=True)
class UserRejected(PersonEvent, publisher="identity", consumers=["notifications"]):
    """An application for an account was rejected; ``reason`` is for the applicant to read."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class AccountLocked(PersonEvent, publisher="identity", consumers=["notifications"]):
    """An account was locked after too many wrong passwords."""


@dataclass(frozen=True, kw_only=True)
class BulkFinished(PersonEvent, publisher="providers", consumers=["notifications"]):
    """A bulk update that somebody sent has ended in ``state``, for so many providers (B12)."""

    upload_id: str
    organisation_id: str | None
    template: str
    state: str
    applied: int
    left_out: int
    finished_at: str


@dataclass(frozen=True, kw_only=True)
class PublicReportSent(PersonEvent, publisher="reports", consumers=["notifications"]):
    """Somebody had the public report of an area mailed; reports knows to whom (C8)."""

    sending_id: str
    area_code: str
    sent_at: str


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(PersonEvent, publisher="identity", consumers=["gateway"], broadcast=True):
    """Sessions were ended before their time; whoever remembers these token hashes must forget them.

    An API key that was revoked is told of likewise, with its own id as the ``user_id``.
    """

    token_hashes: list[str]
