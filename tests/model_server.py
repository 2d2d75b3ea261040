"""A language model of the tests: a real HTTP server that speaks the chat-completions protocol."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import IO, Any

Request = dict[str, Any]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server sends: ``content`` as the model's words, or ``body`` as the whole of it."""

    content: str | None = ""
    status: int = 200
    wait: float = 0.0
    drip: float = 0.0
    """Seconds between one byte and the next, those of the head included; 0: all at once."""
    usage: dict[str, int] | None = field(default_factory=lambda: dict(USAGE))
    finish: str = "stop"
    refusal: str | None = None
    body: bytes | None = None
    location: str | None = None


Answering = Callable[[Request], Reply | Any]
"""From the request to a reply; anything else becomes the model's words as JSON."""


@dataclass(kw_only=True)
class Model:
    url: str
    asked: list[Request]

    @property
    def said_to(self) -> list[str]:
        """The data of each request: what the last user message but the repairs holds."""
        return [request["messages"][1]["content"] for request in self.asked]


@contextmanager
def model(answer: Answering | Any) -> Iterator[Model]:
    """A model at a local address; ``answer`` is a function of the request, or what it always answers."""
    asked: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request |= {"path": self.path, "key": self.headers.get("Authorization")}
            asked.append(request)
            made = answer(request) if callable(answer) else answer
            reply = made if isinstance(made, Reply) else Reply(content=_words(made))
            sleep(reply.wait)
            body = reply.body if reply.body is not None else _completion(reply)
            if reply.drip:
                self.wfile = _Dripping(self.wfile, reply.drip)
            try:
                self.send_response(reply.status)
                if reply.location:
                    self.send_header("Location", reply.location)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                return  # Whoever asked has stopped waiting.

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield Model(url=f"http://127.0.0.1:{server.server_port}/v1", asked=asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Dripping(io.BufferedIOBase):
    """A connection that lets one byte through at a time."""

    def __init__(self, whole: IO[bytes], pause: float) -> None:
        self.whole, self.pause = whole, pause

    def write(self, data: Any) -> int:
        for at in range(len(data)):
            self.whole.write(data[at : at + 1])
            sleep(self.pause)
        return len(data)


def _words(made: Any) -> str:
    return made if isinstance(made, str) else json.dumps(made, ensure_ascii=False)


def _completion(reply: Reply) -> bytes:
    message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    whole = {
        "id": "answer-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
    }
    if reply.usage is not None:
        whole["usage"] = reply.usage
    return json.dumps(whole, ensure_ascii=False).encode()
