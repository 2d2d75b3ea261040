"""The database session of a request: one transaction, committed once when the route has answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database import WRITES, writing

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that only read."""


def session(request: Request) -> Iterator[Session]:
    """One transaction a request; an error takes everything back.

    A route that hashes, calls out or otherwise waits may commit before: nothing is held meanwhile, and what
    follows is the next transaction.
    """
    engine = request.app.state.engine
    with Session(engine if request.method in SAFE else writing(engine), expire_on_commit=False) as opened:
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
