"""Addresses of our own pages for mails: always below the PUBLIC_URL setting, never taken from a request."""

from __future__ import annotations


def sign_in(site: str) -> str:
    return f"{site}/sign-in"


def forgotten_password(site: str) -> str:
    return f"{site}/password/forgotten"


def password_link(site: str, *, token: str) -> str:
    return f"{site}/password/link/{token}"


def change_password(site: str) -> str:
    return f"{site}/password"


def second_factor(site: str) -> str:
    return f"{site}/account/second-factor"


def registrations(site: str) -> str:
    return f"{site}/registrations"


def providers(site: str) -> str:
    return f"{site}/providers"


def capacity(site: str, *, provider_id: str) -> str:
    return f"{site}/providers/{provider_id}/capacity"


def bulk_upload(site: str, *, upload_id: str) -> str:
    return f"{site}/bulk/{upload_id}"


def public_report(site: str, *, area: str) -> str:
    return f"{site}/public/vacancies/{area}"


def action(site: str, *, token: str) -> str:
    return f"{site}/confirm/{token}"
