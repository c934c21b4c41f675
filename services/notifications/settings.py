"""Read the notifications service's settings from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from kit import settings

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

NEVER = "never"


@dataclass(frozen=True)
class Settings:
    """Name what the notifications service needs to be told."""

    smtp_url: str = settings.setting(
        "SMTP_URL",
        help="mail server: smtp://host:port (STARTTLS where offered), smtps://user:password@host:port",
    )
    public_url: str = settings.setting(
        "PUBLIC_URL", help="address people type, without a slash at the end", default="http://127.0.0.1:8000"
    )
    mail_from: str = settings.setting(
        "MAIL_FROM", help="sender of every mail", default="Capacity Tracker <no-reply@tracker.example>"
    )
    reminder_weekday: str = settings.setting(
        "REMINDER_WEEKDAY", help="English weekday of the weekly reminder, or never", default="monday"
    )
    reminder_hour: int = settings.setting(
        "REMINDER_HOUR", help="hour of the weekly reminder, 0 to 23, in London", default=7
    )
    refused_retry_seconds: tuple[float, ...] = settings.setting(
        "MAIL_RETRY_SECONDS",
        help="waits after the mail server refuses a mail for now, by commas; after the last it has failed",
        default=(60, 300, 900, 3600, 7200, 14400, 28800, 57600),
    )
    server_away_seconds: float = settings.setting(
        "MAIL_SERVER_AWAY_SECONDS", help="longest wait before trying a mail server that is away", default=15.0
    )

    def __post_init__(self) -> None:
        """Refuse settings that would only be found out when a mail is due.

        :raises settings.Missing: naming every one of them.
        """
        checks = {
            "SMTP_URL: must be smtp://host:port or smtps://host:port": _is_mail_server(self.smtp_url),
            "PUBLIC_URL: must be http://host or https://host, without a path": _is_site(self.public_url),
            "MAIL_FROM: must be Name <name@host>": _is_sender(self.mail_from),
            "REMINDER_WEEKDAY: must be a weekday or never": self.reminder_weekday in (*WEEKDAYS, NEVER),
            "REMINDER_HOUR: must be 0 to 23": 0 <= self.reminder_hour <= 23,
        }
        faults = [fault for fault, passed in checks.items() if not passed]
        if faults:
            raise settings.Missing("Settings need attention:\n  " + "\n  ".join(faults))

    @property
    def sender(self) -> Address:
        """Return who mails are from."""
        name, address = parseaddr(self.mail_from)
        return Address(display_name=name, addr_spec=address)


def _is_mail_server(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"smtp", "smtps"} and bool(parts.hostname)


def _is_site(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.path


def _is_sender(text: str) -> bool:
    return "@" in parseaddr(text)[1]
