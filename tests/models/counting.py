"""Counts the statements that a block sends to the database: proof that reads are not one query per row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session


@contextmanager
def counting_queries(session: Session) -> Iterator[list[str]]:
    """The statements executed on the session's connection inside the block, as a list that grows."""
    session.flush()
    with counting_statements(session.connection()) as statements:
        yield statements


@contextmanager
def counting_statements(target: Engine | Connection) -> Iterator[list[str]]:
    """The same of one connection, or of all connections of an engine."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(target, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(target, "before_cursor_execute", note)
