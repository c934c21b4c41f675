"""One whole installation for all attacks, with two gateways; each attack comes from networks of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy import processes
from deploy.local import children, environment, ports
from tests.factories import stack, waiting

HOMES = "20"
LIMITS = {
    "SIGN_IN_FAILURES_PER_ADDRESS": "20",
    "REGISTRATIONS_PER_ADDRESS": "500",
    "PASSWORD_LINKS_PER_ADDRESS": "500",
    # The gateways believe what the tests say about where they come from.
    "TRUSTED_PROXIES": "127.0.0.0/8",
}


@dataclass(frozen=True)
class Target:
    """What is attacked: an installation, by its two gateways."""

    stack: stack.Stack
    other_gateway: children.Child
    other_url: str

    @property
    def url(self) -> str:
        return self.stack.url

    @property
    def urls(self) -> tuple[str, str]:
        return self.stack.url, self.other_url


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    with stack.running(settings=LIMITS) as made:
        made.tracker("demo-data", "--homes", HOMES)
        address = f"{ports.LOOPBACK}:{ports.free()}"
        other = _gateway(made, address)
        other.start()
        try:
            port = int(address.rpartition(":")[2])
            waiting.until(
                lambda: ports.wait_listening(port, seconds=0.2), what="the other gateway", seconds=60
            )
            yield Target(made, other, f"http://{address}")
        finally:
            other.kill()


def _gateway(made: stack.Stack, address: str) -> children.Child:
    """Return another gateway of an installation, on an address of its own."""
    (process,) = (process for process in processes.PROCESSES if process.name == "gateway")
    return children.Child(
        name="gateway-2",
        command=process.command(),
        environment={**made.env, "GATEWAY_ADDRESS": address},
        working_folder=environment.ROOT,
        log=made.child("gateway").log.with_name("gateway-2.log"),
        tier="service",
    )
