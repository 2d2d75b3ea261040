"""Uploads come in one after the other as far as their bytes, and then each as fast as its sender is."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint
from starlette.types import Message, Receive, Scope, Send

from api.recordings.threads import ENTERING_AT_ONCE, EnterInTurn

MANY = 5 * ENTERING_AT_ONCE


class Looking:
    """An application that looks something up, then waits for the bytes; counts who does which."""

    def __init__(self, *, fails: bool = False) -> None:
        self.looking = self.most = self.reading = 0
        self.fails = fails

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        self.looking += 1
        self.most = max(self.most, self.looking)
        for _ in range(10):
            await checkpoint()
        self.looking -= 1
        if self.fails:
            raise ValueError
        self.reading += 1
        await receive()


async def _send(_message: Message) -> None:
    raise AssertionError


def _ask(app: Looking, method: str, path: str) -> None:
    """Many at once, whose bytes only come when all have entered."""
    scope = {"type": "http", "method": method, "path": f"/api/v1/{path}"}
    door = EnterInTurn(app)

    async def all_at_once() -> None:
        everybody = anyio.Event()

        async def receive() -> Message:
            if app.reading == MANY:
                everybody.set()
            await everybody.wait()
            return {"type": "http.request"}

        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for _ in range(MANY):
                    group.start_soon(door, scope, receive, _send)

    anyio.run(all_at_once)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "recordings"), ("PATCH", "uploads/1"), ("POST", "uploads")]
)
def test_few_uploads_are_looked_up_at_once_and_slow_bytes_keep_no_other_out(method: str, path: str) -> None:
    app = Looking()
    _ask(app, method, path)
    assert (app.most, app.reading) == (ENTERING_AT_ONCE, MANY)


def test_who_reads_waits_for_no_upload() -> None:
    app = Looking()
    _ask(app, "GET", "uploads")
    assert app.most == MANY


def test_an_upload_that_fails_lets_the_next_one_in() -> None:
    app = Looking(fails=True)
    door = EnterInTurn(app)

    async def one_after_the_other() -> None:
        async def receive() -> Message:
            return {"type": "http.request"}

        for _ in range(MANY):
            with pytest.raises(ValueError), anyio.fail_after(60):
                await door({"type": "http", "method": "POST", "path": "/api/v1/recordings"}, receive, _send)

    anyio.run(one_after_the_other)
    assert (app.most, app.reading) == (1, 0)
