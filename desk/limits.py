"""How often one caller may do something; kept in this process, since it guards this process."""

import ipaddress
import math
import time
from collections.abc import Callable

from aiohttp import web

from desk.keys import SETTINGS

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

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

    A proxy that is trusted (``AMENDS_TRUSTED_PROXIES``) tells by ``X-Forwarded-For`` whom it serves. The list is read
    from its end, as far as those who wrote it are trusted; what stands before is the caller's own claim.
    """
    address = _read_address(request.remote or "")
    if address is None:
        return request.remote or ""
    trusted = request.app[SETTINGS].trusted_proxies
    # A proxy may add a header of its own instead of lengthening the one that came.
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    while hops and any(address in network for network in trusted):
        told = _read_address(hops.pop())
        if told is None:
            break
        address = told
    return str(address)


def caller_network(request: web.Request) -> str:
    """Whom a limit counts: the caller's address; of IPv6 the /64, which is what one customer of a network is given."""
    address = caller_address(request)
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))


def _read_address(text: str) -> _Address | None:
    """The address, which may have a port, as some proxies write it; None where it is none, such as ``unknown``."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A socket for both versions shows IPv4 as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address
