"""Threads of the uploads, apart from those that answer everybody else: whoever only reads never waits until
three hundred recordings are written."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

Result = TypeVar("Result")

AT_ONCE: Final = max(2, os.cpu_count() or 1)
"""Hashing and probing keep a processor busy: more would only take turns, and time from readers."""
_LIMITER: Final[RunVar[CapacityLimiter]] = RunVar("huijian_uploads")


async def in_upload_thread(work: Callable[..., Result], *given: object) -> Result:
    """Do the work in one of the uploads' threads, when one is free."""
    try:
        limiter = _LIMITER.get()
    except LookupError:
        limiter = CapacityLimiter(AT_ONCE)
        _LIMITER.set(limiter)
    return await to_thread.run_sync(work, *given, limiter=limiter)
