"""Read the reports service's settings from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from kit import settings


@dataclass(frozen=True)
class Settings:
    """Name what the reports service needs to be told."""

    public_url: str = settings.setting(
        "PUBLIC_URL", help="address people type, without a slash at the end", default="http://127.0.0.1:8000"
    )
    support_email: str = settings.setting(
        "SUPPORT_EMAIL", help="where people reach the service's team; none: words only", default=""
    )
