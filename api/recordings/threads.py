"""Threads of the uploads, apart from those that answer everybody else: whoever only reads never waits until
three hundred recordings are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

Result = TypeVar("Result")

AT_ONCE: Final = 4
"""Disk, hash and the one writer of SQLite are busy with so many; more would only take turns."""
_LIMITER: Final[RunVar[CapacityLimiter]] = RunVar("huijian_uploads")


async def in_upload_thread(work: Callable[..., Result], *given: object) -> Result:
    """Do the work in one of the uploads' threads, when one is free."""
    try:
        limiter = _LIMITER.get()
    except LookupError:
        limiter = CapacityLimiter(AT_ONCE)
        _LIMITER.set(limiter)
    return await to_thread.run_sync(work, *given, limiter=limiter)
