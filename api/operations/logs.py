"""Logs as JSON lines: who asked which route, what came of it, how long it took; never what was in it.

A line holds no body, no query, no address with keys in it and no error message of a library, since each of
these may carry a name, a phone number or a secret; an error is its kind and the places it came through.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from qa_pipeline.report.masking import mask_personal

REQUESTS: Final = logging.getLogger("huijian.requests")
FIELDS: Final = "huijian_fields"
_QUIET: Final = ("httpx", "httpx2", "httpcore", "httpcore2", "uvicorn.access", "alembic", "multipart")
"""They write addresses with their keys, or what the service's own lines say better."""
_WORKFLOWS: Final = "dbos"
SILENCE_S: Final = 30.0
"""Seconds in which the workflow engine may say the same thing once."""
_bound: ContextVar[Mapping[str, str]] = ContextVar("bound", default={})  # noqa: B039 (never changed)


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Every line written inside carries the ids: ``request_id``, ``job_id``."""
    token = _bound.set({**_bound.get(), **ids})
    try:
        yield
    finally:
        _bound.reset(token)


class Lines(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask_personal(record.getMessage()),
            **_bound.get(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"], line["through"] = told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


class Brief(logging.Filter):
    """What the workflow engine says, up to where it quotes an error, and once in ``SILENCE_S`` seconds.

    It writes errors with their words and whole traces into its messages, and while the database is away it
    says the same several times a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage().split(":", 1)[0]
        if record.created - self._said.get(said, 0.0) < SILENCE_S:
            return False
        self._said[said] = record.created
        record.msg, record.args = said, None
        return True


def told(error: BaseException) -> tuple[list[str], list[str]]:
    """Kinds of the error and of its causes, and the places it came through; not its words."""
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < 10:
        kinds.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or cause.__context__
    frames = traceback.extract_tb(error.__traceback__)
    return kinds, [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def configure(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Send every log of the process to the stream as JSON lines (for ``huijian serve`` and ``worker``)."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    workflows = logging.getLogger(_WORKFLOWS)
    workflows.handlers[:] = [handler]  # it brings one of its own unless it finds one
    workflows.filters[:] = [Brief()]
    workflows.propagate = False
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
