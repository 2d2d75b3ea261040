"""How often one may ask: token buckets in this process.

Each process counts for itself. One API process serves a machine, so on one machine the limits are exact; with
several behind a balancer a caller may reach a multiple of them. The lock-out of accounts is kept in the
database and holds everywhere.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from fastapi import Request

from api.problems import TooMany

MOST_KEYS: Final = 10_000
"""So many buckets are kept before the full ones are forgotten."""
SIGN_INS_OF_LOGIN: Final = (10, 1 / 60)
"""Burst, and refill a second: somebody mistypes now and then; guessing takes more."""
SIGN_INS_FROM_ADDRESS: Final = (100, 1.0)
"""A whole office may share an address."""
STRANGERS: Final = (300, 5.0)


class Buckets:
    """One bucket a key: ``burst`` requests at once, then ``per_second``."""

    def __init__(
        self, burst: float, per_second: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, key: str) -> None:
        """Raises TooMany, with the seconds until the next may come, when the key's bucket is empty."""
        with self._lock:
            now = self._clock()
            left = self._now_left(key, now)
            if left < 1:
                wait = (1 - left) / self._per_second
                raise TooMany("请求过于频繁：请稍后再试。", seconds=wait)
            self._left[key] = (left - 1, now)
            if len(self._left) > MOST_KEYS:
                full = [k for k in self._left if self._now_left(k, now) >= self._burst]
                for gone in full or [next(iter(self._left))]:
                    del self._left[gone]

    def _now_left(self, key: str, now: float) -> float:
        left, at = self._left.get(key, (self._burst, now))
        return min(self._burst, left + (now - at) * self._per_second)


class Limits:
    """The buckets of one application; ``requests_per_minute`` is what one caller may ask."""

    def __init__(self, requests_per_minute: int) -> None:
        self.callers = Buckets(requests_per_minute, requests_per_minute / 60)
        self.strangers = Buckets(*STRANGERS)
        self.sign_ins_of_login = Buckets(*SIGN_INS_OF_LOGIN)
        self.sign_ins_from_address = Buckets(*SIGN_INS_FROM_ADDRESS)


def address_of(request: Request) -> str:
    """Where the request comes from; of IPv6 the network that one customer of a provider has to himself."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
