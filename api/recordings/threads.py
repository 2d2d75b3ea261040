"""How uploads keep out of the way of everybody else: whoever only reads never waits until three hundred
recordings have come in. They have threads of their own, and enter one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Result = TypeVar("Result")

AT_ONCE: Final = max(1, (os.cpu_count() or 1) - 1)
"""Parsing, hashing and probing keep a processor busy: one is left to those who read."""
KEPT_AT_ONCE: Final = 8
"""What mostly waits for the disk, the store and the database."""
ENTERING_AT_ONCE: Final = 2
"""Who asks and for which meeting is looked up in threads that answer everybody."""
UPLOADS: Final = ("/api/v1/recordings", "/api/v1/uploads")
SENDS: Final = frozenset({"POST", "PATCH"})
_BUSY: Final[RunVar[CapacityLimiter]] = RunVar("huijian_uploads")
_KEEPING: Final[RunVar[CapacityLimiter]] = RunVar("huijian_keeping")
_ENTERING: Final[RunVar[CapacityLimiter]] = RunVar("huijian_entering")


class EnterInTurn:
    """Lets few uploads at a time come to where their bytes are read; the others wait in their sockets.

    However slowly the bytes come then, they keep no other from entering.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _sends(scope):
            await self.app(scope, receive, send)
            return
        door = _limiter(_ENTERING, ENTERING_AT_ONCE)
        who = object()
        await door.acquire_on_behalf_of(who)
        outside = True

        def entered() -> None:
            nonlocal outside
            if outside:
                outside = False
                door.release_on_behalf_of(who)

        async def receive_inside() -> Message:
            entered()
            return await receive()

        try:
            await self.app(scope, receive_inside, send)
        finally:
            entered()


def _sends(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in SENDS and scope["path"].startswith(UPLOADS)


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
