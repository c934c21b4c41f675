"""Read identity's settings from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from kit import settings


@dataclass(frozen=True)
class Settings:
    """Name how often something may be tried; times are in seconds."""

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
