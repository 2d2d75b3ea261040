"""The framework's files are read and compressed once, however many ask for them."""

from __future__ import annotations

from collections import Counter

from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.console.kept_files import FOR_A_YEAR, OF_ONE_RUN, VERSIONED, KeptFiles

FILE = f"{VERSIONED}static/some.js"


class Counted:
    """Answers everything but ``…/none``, in the encoding asked for, and counts."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        self.asked[path] += 1
        encoding = dict(scope["headers"]).get(b"accept-encoding", b"").decode()
        answer: Response = PlainTextResponse(f"{path} {encoding}", status_code=404 if "none" in path else 200)
        await answer(scope, receive, send)


def test_a_file_is_answered_from_memory_and_nothing_else_is() -> None:
    counted = Counted()
    asked = TestClient(KeptFiles(counted))
    for encoding in ("gzip", "identity"):
        for _ in range(3):
            answer = asked.get(FILE, headers={"Accept-Encoding": encoding})
            assert answer.text == f"{FILE} {encoding}"
            assert answer.headers["Cache-Control"] == FOR_A_YEAR
    assert counted.asked[FILE] == 2  # once in each encoding

    for path, headers in (
        (FILE, {"Range": "bytes=0-1"}),
        (FILE, {"If-None-Match": '"x"'}),
        (f"{VERSIONED}none.js", {}),
        (f"{OF_ONE_RUN}fonts.css", {}),
        ("/console/meetings", {}),
    ):
        before = counted.asked[path]
        for _ in range(2):
            assert "Cache-Control" not in asked.get(path, headers=headers).headers
        assert counted.asked[path] == before + 2, path
    asked.post(FILE)
    assert counted.asked[FILE] == 7
