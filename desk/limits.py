"""How often one caller may do something; kept in this process, since it guards this process."""

import ipaddress
import math
import time
from collections.abc import Callable

from aiohttp import web

# Above this many callers, those who have been quiet long enough are forgotten.
_REMEMBERED = 10_000


class RateLimit:
    """A bucket for each caller: full it lets ``count`` calls through at once, and it refills within ``seconds``."""

    def __init__(self, count: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._per_second = count / seconds
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> int:
        """Count a call: 0 where it is allowed, else the whole seconds until the next one is."""
        wait = self.wait(caller)
        if wait:
            return wait
        now = self._clock()
        left = self._left(caller, now)
        if len(self._buckets) >= _REMEMBERED:
            self._buckets = {key: kept for key, kept in self._buckets.items() if self._left(key, now) < self._count}
        self._buckets[caller] = (left - 1, now)
        return 0

    def wait(self, caller: str) -> int:
        """The whole seconds until the next call is allowed, without counting one: 0 where it is."""
        return max(0, math.ceil((1 - self._left(caller, self._clock())) / self._per_second))

    def _left(self, caller: str, now: float) -> float:
        left, at = self._buckets.get(caller, (float(self._count), now))
        return min(self._count, left + (now - at) * self._per_second)


def caller_address(request: web.Request) -> str:
    """The network address of the caller.

    Behind a proxy on this machine it is the address that the proxy itself saw, the last of ``X-Forwarded-For``; from
    anywhere else the header is the caller's own claim, and not believed.
    """
    remote = request.remote or ""
    if _is_loopback(remote):
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return forwarded or remote
    return remote


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
