"""Whom a network address counts for."""

from __future__ import annotations

import pytest

from kit import addresses


class TestNetwork:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("", ""),
            ("unix socket", "unix socket"),
        ],
    )
    def test_is_half_of_an_ipv6_address(self, address: str, network: str) -> None:
        assert addresses.network(address) == network
