"""Run a method of the service for whoever asks, in the greenlet that asks.

Nameko's own worker would be a greenlet of its own, told of in a dozen lines of a log that nobody keeps, which
made up a fifth of what the gateway does for a search. What matters of it is here: an instance of the service
made for this one call, whose dependencies act for whom the call is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nameko.extensions import Entrypoint


@dataclass(frozen=True, slots=True)
class Worker:
    """What dependencies ask of a worker: as much as they may know of Nameko's ``WorkerContext``."""

    service_name: str
    entrypoint: Entrypoint
    data: Mapping[str, str]


def run(
    entrypoint: Entrypoint, args: tuple[Any, ...], kwargs: dict[str, Any], context: Mapping[str, str]
) -> Any:
    """Run the entrypoint's method; ``context`` says for which ``actor`` and under which ``call_id``.

    :raises Exception: what the method raised
    """
    container = entrypoint.container
    service = container.service_cls()
    worker = Worker(container.service_name, entrypoint, context)
    for provider in container.dependencies:
        setattr(service, provider.attr_name, provider.get_dependency(worker))
    return getattr(service, entrypoint.method_name)(*args, **kwargs)
