"""Run a method of the service in a Nameko worker and wait for what it gives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from eventlet.event import Event
from nameko.extensions import Entrypoint


class Raised:
    """Carry an exception out of a worker as a value."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


def carrying_errors(method: Callable[..., Any]) -> Callable[..., Any]:
    """Make `method` return its exceptions as `Raised`.

    Nameko logs a traceback for whatever a worker raises; a refusal is no fault, and a fault is logged
    once, with its call id, by the last resort in `gateway.server`.
    """

    @functools.wraps(method)
    def carried(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except Exception as error:  # handed over whole: `run` raises it again
            return Raised(error)

    return carried


def run(
    entrypoint: Entrypoint, args: tuple[Any, ...], kwargs: dict[str, Any], context: Mapping[str, str]
) -> Any:
    """Run the entrypoint's method in a worker.

    :raises Exception: what the method raised
    """
    done = Event()

    def hand_over(_worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        done.send(result, exc_info)
        return result, exc_info

    entrypoint.container.spawn_worker(
        entrypoint, args, kwargs, context_data=dict(context), handle_result=hand_over
    )
    result = done.wait()
    if isinstance(result, Raised):
        raise result.error
    return result
