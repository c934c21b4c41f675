"""Read identity's settings from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from kit import settings


@dataclass(frozen=True)
class Settings:
    """Name how often something may be tried, and how long things last."""

    second_factor_key: str = settings.setting(
        "SECOND_FACTOR_KEY",
        help="random text that encrypts the secrets of second factors; without it nobody with one comes in",
    )
    password_expires_days: int = settings.setting(
        "PASSWORD_EXPIRES_DAYS", help="days until a password has to be changed; 0 = never", default=90
    )
    session_hours: int = settings.setting(
        "SESSION_HOURS",
        help="hours after which a session ends that is not remembered, used or not",
        default=12,
    )
    sessions_per_person: int = settings.setting(
        "SESSIONS_PER_PERSON", help="devices one person can be signed in on; the oldest gives way", default=20
    )
    sign_in_window: int = settings.setting(
        "SIGN_IN_WINDOW_SECONDS", help="how long failed sign-ins count against the limits", default=900
    )
    sign_in_failures_per_email: int = settings.setting(
        "SIGN_IN_FAILURES_PER_EMAIL",
        help="failed sign-ins with one e-mail address before it must wait",
        default=10,
    )
    sign_in_failures_per_address: int = settings.setting(
        "SIGN_IN_FAILURES_PER_ADDRESS",
        help="failed sign-ins from one network address before it must wait",
        default=50,
    )
    registrations_per_address: int = settings.setting(
        "REGISTRATIONS_PER_ADDRESS", help="registrations from one network address in an hour", default=20
    )
    organisation_searches_per_address: int = settings.setting(
        "ORGANISATION_SEARCHES_PER_ADDRESS",
        help="searches for an organisation to register with from one network address in a minute",
        default=120,
    )
    password_links_per_address: int = settings.setting(
        "PASSWORD_LINKS_PER_ADDRESS",
        help="links to choose a new password asked for from one network address in an hour",
        default=20,
    )
    password_links_per_email: int = settings.setting(
        "PASSWORD_LINKS_PER_EMAIL",
        help="links to choose a new password mailed to one e-mail address in an hour",
        default=3,
    )
    passwords_judged_per_address: int = settings.setting(
        "PASSWORDS_JUDGED_PER_ADDRESS",
        help="hints about a password being typed, to one network address or person in a minute",
        default=120,
    )
