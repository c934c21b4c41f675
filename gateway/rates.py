"""How many API calls one person, key or network address may make in a minute: counted in this process."""

from __future__ import annotations

import math
import threading
import time

import limits
from limits import storage, strategies

from contracts import errors
from gateway.incoming import Request
from gateway.settings import Settings
from kit import addresses

SWEPT_EVERY = 10.0
"""Seconds between two looks for what need not be remembered any longer."""


class _NoTimer(threading.Timer):
    """Stands where the library looks for its timer, so that it starts none."""

    def __init__(self) -> None:
        super().__init__(0, lambda: None)

    def is_alive(self) -> bool:
        return True


class Counts(storage.MemoryStorage):
    """The library's counts in memory, tidied up by whoever comes after a while instead of by its timer.

    Under load that would look at every count 100 times a second, and it never forgets anybody altogether.
    """

    def __init__(self) -> None:
        super().__init__()
        self.timer.cancel()
        self.timer = _NoTimer()
        self._sweep_at = time.monotonic() + SWEPT_EVERY

    def sweep(self) -> None:
        """Forget the calls that count no longer, when it is time to."""
        if time.monotonic() < self._sweep_at:
            return
        self._sweep_at = time.monotonic() + SWEPT_EVERY
        now = time.time()
        for key, calls in list(self.events.items()):
            # The newest is the first.
            if not calls or calls[0].expiry <= now:
                self.clear(key)
            elif calls[-1].expiry <= now:
                self.events[key] = [call for call in calls if call.expiry > now]


class Rates:
    """The calls of the last minute."""

    def __init__(self, settings: Settings) -> None:
        self.counts = Counts()
        self._windows = strategies.MovingWindowRateLimiter(self.counts)
        self._of_caller = _per_minute(settings.api_requests_per_minute, "caller")
        self._of_address = _per_minute(settings.anonymous_api_requests_per_minute, "address")

    def count(self, request: Request) -> None:
        """Count a call of whoever is signed in, a person or a program with a key.

        :raises errors.TooMany: when there were too many in the last minute
        """
        self._count(request, self._of_caller, str(request.actor.user_id))

    def count_stranger(self, request: Request) -> None:
        """Count a call of whoever is not signed in for the network address that it came from.

        :raises errors.TooMany: when there were too many in the last minute
        """
        self._count(request, self._of_address, addresses.network(request.client_address))

    def refuse_stranger(self, request: Request) -> None:
        """Refuse a network address from which too many strangers called, without counting anything.

        :raises errors.TooMany: when there were too many in the last minute
        """
        limit = self._of_address
        if limit is not None:
            whose = addresses.network(request.client_address)
            if not self._windows.test(limit, whose):
                self._refuse(request, limit, whose)

    def _count(self, request: Request, limit: limits.RateLimitItem | None, whose: str) -> None:
        if limit is None:
            return
        self.counts.sweep()
        if not self._windows.hit(limit, whose):
            self._refuse(request, limit, whose)
        left = self._windows.get_window_stats(limit, whose).remaining
        request.allowance = limit.amount, max(0, left)

    def _refuse(self, request: Request, limit: limits.RateLimitItem, whose: str) -> None:
        request.allowance = limit.amount, 0
        left = self._windows.get_window_stats(limit, whose).reset_time - time.time()
        seconds = max(1, math.ceil(left))
        raise errors.TooMany(
            f"Too many calls: {limit.amount} may be made in a minute. "
            f"Wait {seconds} second{'' if seconds == 1 else 's'}, then go on.",
            {"retry_after": str(seconds)},
        )


def headers(request: Request) -> list[tuple[str, str]]:
    """Return what an answer says of how many calls may be made in a minute, and how many are left now."""
    if request.allowance is None:
        return []
    limit, left = request.allowance
    return [("RateLimit-Limit", str(limit)), ("RateLimit-Remaining", str(left))]


def _per_minute(most: int, of: str) -> limits.RateLimitItem | None:
    return limits.RateLimitItemPerMinute(most, namespace=of) if most > 0 else None
