"""The database session of a request: one transaction, committed once when the route has answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database import WRITES, writing

Route = TypeVar("Route", bound=Callable[..., Any])

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that only read."""


_READ_FIRST: Final[set[Callable[..., Any]]] = set()


def reads_first(endpoint: Route) -> Route:
    """Marks a route that writes only after its `begin_writing`: until then it waits for nobody who writes."""
    _READ_FIRST.add(endpoint)
    return endpoint


def session(request: Request) -> Iterator[Session]:
    """One transaction a request; an error takes everything back.

    A route that hashes, calls out or otherwise waits may commit before: nothing is held meanwhile, and what
    follows is the next transaction.
    """
    engine = request.app.state.engine
    reads = request.method in SAFE or request.scope.get("endpoint") in _READ_FIRST
    with Session(engine if reads else writing(engine), expire_on_commit=False) as opened:
        yield opened
        opened.commit()


def begin_writing(opened: Session) -> None:
    """End what was read, and begin a transaction that may write: for what a reading route has to record.

    Does nothing in a transaction that may write already.
    """
    if opened.in_transaction() and opened.connection().get_execution_options().get(WRITES):
        return
    opened.commit()
    opened.connection(execution_options={WRITES: True})


def reading_beside(opened: Session) -> Session:
    """A session of its own that only reads: for what takes a while and must keep nobody from writing."""
    engine = opened.get_bind()
    return Session(engine.execution_options(**{WRITES: False}) if isinstance(engine, Engine) else engine)


Database = Annotated[Session, Depends(session, scope="function")]
"""Committed before the answer is sent, so that whoever reads next sees what was written."""
