"""How often one may ask: token buckets, in this process and shared by all processes on one database.

Every request is counted in the process. What was counted is told to the others through the database from time
to time: a twentieth of a burst at once, so that ordinary reading writes nothing at all, and after the answer,
so that nobody waits for it. Several processes together let through hardly more than one. Sign-ins, which
write anyway, are told one by one and before they are let through. The lock-out of accounts is in the database
as well.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Final

from fastapi import Request
from sqlalchemy import Engine

from api.accounts.bucket_repository import BucketRepository
from api.problems import TooMany
from models.database import transaction

MOST_KEYS: Final = 10_000
"""So many buckets are kept in the process before the full ones are forgotten."""
SIGN_INS_OF_LOGIN: Final = (10, 1 / 60)
"""Burst, and refill a second: somebody mistypes now and then; guessing takes more."""
SIGN_INS_FROM_ADDRESS: Final = (100, 1.0)
"""A whole office may share an address."""
STRANGERS: Final = (300, 5.0)
TOLD_AT: Final = 1 / 20
"""Share of a burst that one process lets through before it tells the others."""
WINDOW: Final = 60.0
"""Within so many seconds as much is never told."""


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
                raise _too_many((1 - left) / self._per_second)
            self._left[key] = (left - 1, now)
            if len(self._left) > MOST_KEYS:
                full = [k for k in self._left if self._now_left(k, now) >= self._burst]
                for gone in full or [next(iter(self._left))]:
                    del self._left[gone]

    def empty(self, key: str, *, seconds: float) -> None:
        """Let nothing through for so long."""
        with self._lock:
            self._left[key] = (1 - seconds * self._per_second, self._clock())

    def fill(self, key: str) -> None:
        with self._lock:
            self._left.pop(key, None)

    def _now_left(self, key: str, now: float) -> float:
        left, at = self._left.get(key, (self._burst, now))
        return min(self._burst, left + (now - at) * self._per_second)


class SharedBuckets:
    """Buckets that all processes on one database empty together."""

    def __init__(self, kind: str, burst: float, per_second: float, *, engine: Engine) -> None:
        self._kind, self._burst, self._per_second, self._engine = kind, burst, per_second, engine
        self._own = Buckets(burst, per_second)
        self._share = max(1.0, burst * TOLD_AT)
        self._untold = Buckets(self._share, self._share / WINDOW)

    def take(self, key: str) -> None:
        """Count one here and in the database; raises TooMany."""
        self._own.take(key)
        if wait := self._tell(key, 1):
            raise _too_many(wait)

    def count(self, request: Request, key: str) -> None:
        """Count one here, and what came together in the database once the answer is out; raises TooMany."""
        self._own.take(key)
        try:
            self._untold.take(key)
        except TooMany:
            self._untold.fill(key)
            self._untold.take(key)
            request.state.afterwards.append(partial(self._tell, key, self._share))

    def _tell(self, key: str, tokens: float) -> float:
        """Seconds that the key has to wait, from now on also in this process."""
        name = hashlib.sha256(f"{self._kind} {key}".encode()).hexdigest()
        with transaction(self._engine) as session:
            wait = BucketRepository(session).spend(
                name, tokens, burst=self._burst, per_second=self._per_second, now=datetime.now(UTC)
            )
        if wait:
            self._own.empty(key, seconds=wait)
        return wait


class Limits:
    """The buckets of one application; ``requests_per_minute`` is what one caller may ask."""

    def __init__(self, requests_per_minute: int, *, engine: Engine) -> None:
        self.callers = SharedBuckets("caller", requests_per_minute, requests_per_minute / 60, engine=engine)
        self.strangers = SharedBuckets("stranger", *STRANGERS, engine=engine)
        self.sign_ins_of_login = SharedBuckets("sign-in of", *SIGN_INS_OF_LOGIN, engine=engine)
        self.sign_ins_from_address = SharedBuckets("sign-in from", *SIGN_INS_FROM_ADDRESS, engine=engine)


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


def _too_many(seconds: float) -> TooMany:
    return TooMany("请求过于频繁：请稍后再试。", seconds=seconds)
