"""Network addresses: whom one counts for."""

from __future__ import annotations

import ipaddress


def network(address: str) -> str:
    """Return whom a network address counts for: IPv6 is handed out in blocks, so the first half of it.

    An IPv4 address that came in IPv6's clothes is the same as without.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
