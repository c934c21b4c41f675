"""Read the gateway's settings from the environment."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from kit import settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TILES = re.compile(r"(https?://)(\{s\}\.)?([A-Za-z0-9.-]+(?::[0-9]{1,5})?)/\S+")


@dataclass(frozen=True)
class Settings:
    """Name what the gateway needs to be told."""

    secret_key: str = settings.setting(
        "SECRET_KEY", help="random text that signs form tokens, the same on every gateway"
    )
    public_url: str = settings.setting(
        "PUBLIC_URL", help="address people type, without a slash at the end", default="http://127.0.0.1:8000"
    )
    address: str = settings.setting(
        "GATEWAY_ADDRESS", help="host:port to listen on", default="127.0.0.1:8000"
    )
    cookie_secure: bool = settings.setting(
        "COOKIE_SECURE", help="0 only where the site is plain http on one machine", default=True
    )
    trusted_proxies: str = settings.setting(
        "TRUSTED_PROXIES", help="networks whose X-Forwarded-For is believed, by commas", default=""
    )
    max_workers: int = settings.setting(
        "GATEWAY_MAX_WORKERS", help="requests worked on at one time", default=128
    )
    api_requests_per_minute: int = settings.setting(
        "API_REQUESTS_PER_MINUTE",
        help="API calls one person or API key may make in a minute, at each gateway; 0 = no limit",
        default=600,
    )
    anonymous_api_requests_per_minute: int = settings.setting(
        "ANONYMOUS_API_REQUESTS_PER_MINUTE",
        help="API calls and public reports of strangers from one network address in a minute; 0 = no limit",
        default=120,
    )
    published_seconds: float = settings.setting(
        "PUBLISHED_SECONDS",
        help="how long the public report and the open data are kept before they are made anew",
        default=60.0,
    )
    metrics_token: str = settings.setting(
        "METRICS_TOKEN",
        help="bearer token with which /metrics is read; none: where no proxy is, from its own machine",
        default="",
    )
    support_email: str = settings.setting(
        "SUPPORT_EMAIL", help="where people reach the service's team; none: words only", default=""
    )
    travel_url: str = settings.setting(
        "TRAVEL_URL",
        help="page that shows the way to a home, with {from} and {to} for two postcodes; none: no such links",
        default="https://www.google.com/maps/dir/?api=1&origin={from}&destination={to}",
    )
    map_tiles_url: str = settings.setting(
        "MAP_TILES_URL",
        help="where browsers get the map's tiles, with {z}, {x} and {y} in it; none: outlines of our own",
        default="",
    )
    map_tiles_attribution: str = settings.setting(
        "MAP_TILES_ATTRIBUTION",
        help="whose tiles these are, as it stands below the map; addresses become links",
        default="",
    )

    @cached_property
    def tiles_source(self) -> str:
        """Return where tiles come from as a content security policy says it; nothing without tiles.

        :raises settings.Missing: when the address is not one of tiles
        """
        if not self.map_tiles_url:
            return ""
        found = _TILES.fullmatch(self.map_tiles_url)
        if not found or not all(part in self.map_tiles_url for part in ("{z}", "{x}", "{y}")):
            raise settings.Missing(
                "Settings need attention:\n  MAP_TILES_URL: must be like https://tiles.example/{z}/{x}/{y}.png"
            )
        scheme, any_of, host = found.groups()
        return f"{scheme}{'*.' if any_of else ''}{host}"

    @cached_property
    def is_of_one_machine(self) -> bool:
        """Tell whether people reach the gateway on its own machine alone, so that no proxy is before it."""
        host = urlsplit(self.public_url).hostname or ""
        try:
            is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            is_here = False
        return is_here and not self.proxies

    @cached_property
    def proxies(self) -> tuple[Network, ...]:
        """Return the networks of our own proxies."""
        return tuple(
            ipaddress.ip_network(text.strip()) for text in self.trusted_proxies.split(",") if text.strip()
        )
