"""The framework's own files, which never change while the service runs: kept in memory as they were answered.

Every first visit asks for some twenty of them. Read from the disk and compressed anew for each visitor, they
cost the service more than the screen does. Their addresses bear the framework's version, so browsers are told
to keep them as well (the framework says so itself only where it is not mounted below a path).
"""

from __future__ import annotations

from typing import Final

import nicegui
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.console import MOUNT

VERSIONED: Final = f"{MOUNT}/_nicegui/{nicegui.__version__}/"
OF_ONE_RUN: Final = f"{VERSIONED}dynamic_resources/"
FOR_A_YEAR: Final = "public, max-age=31536000, immutable"
PARTIAL: Final = frozenset({"range", "if-none-match", "if-modified-since"})


class KeptFiles:
    """Pure ASGI around the console; what is asked for in part or on a condition passes through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[tuple[str, bool], tuple[Message, Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_whole_file(scope):
            await self.app(scope, receive, send)
            return
        key = (scope["path"], "gzip" in Headers(scope=scope).get("accept-encoding", ""))
        if key not in self._kept:
            answer = await self._answer(scope, receive)
            if answer[0]["status"] != 200:
                await _send(send, answer)
                return
            self._kept[key] = answer
        await _send(send, self._kept[key])

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Message, Message]:
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(message)

        await self.app(scope, receive, hear)
        start, body = heard[0], b"".join(message.get("body", b"") for message in heard[1:])
        headers = MutableHeaders(scope=start)
        headers["Content-Length"] = str(len(body))
        if start["status"] == 200:
            headers["Cache-Control"] = FOR_A_YEAR
        return start, {"type": "http.response.body", "body": body}


async def _send(send: Send, answer: tuple[Message, Message]) -> None:
    start, body = answer
    await send({**start, "headers": list(start["headers"])})  # others add theirs to it
    await send(dict(body))


def _is_whole_file(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path = scope["path"]
    if not path.startswith(VERSIONED) or path.startswith(OF_ONE_RUN):
        return False
    return not any(name in PARTIAL for name, _ in Headers(scope=scope).items())
