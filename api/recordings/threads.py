"""Threads of the uploads, apart from those that answer everybody else: whoever only reads never waits until
three hundred recordings are written."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

Result = TypeVar("Result")

AT_ONCE: Final = max(1, (os.cpu_count() or 1) - 1)
"""Parsing, hashing and probing keep a processor busy: one is left to those who read."""
KEPT_AT_ONCE: Final = 8
"""What mostly waits for the disk, the store and the database."""
_BUSY: Final[RunVar[CapacityLimiter]] = RunVar("huijian_uploads")
_KEEPING: Final[RunVar[CapacityLimiter]] = RunVar("huijian_keeping")


async def in_upload_thread(work: Callable[..., Result], *given: object) -> Result:
    """Do work that computes in one of the uploads' threads, when one is free."""
    return await to_thread.run_sync(work, *given, limiter=_limiter(_BUSY, AT_ONCE))


async def in_keeping_thread(work: Callable[..., Result], *given: object) -> Result:
    """Do work that waits for others in a thread that keeps no upload from coming in."""
    return await to_thread.run_sync(work, *given, limiter=_limiter(_KEEPING, KEPT_AT_ONCE))


def _limiter(kept: RunVar[CapacityLimiter], tokens: int) -> CapacityLimiter:
    """The event loop's own."""
    try:
        return kept.get()
    except LookupError:
        limiter = CapacityLimiter(tokens)
        kept.set(limiter)
        return limiter
