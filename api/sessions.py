"""The database session of a request: one transaction, committed once when the route has answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any, Final, TypeVar

from anyio import Semaphore
from anyio.lowlevel import RunVar
from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database import WRITES, writing

Route = TypeVar("Route", bound=Callable[..., Any])

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that only read."""
WRITING_AT_ONCE: Final = 20
"""Half of the threads that answer requests: however many wait for another to have written, that one finds a
thread to answer in."""
_TURNS: Final[RunVar[Semaphore]] = RunVar("huijian_writing")

_READ_FIRST: Final[set[Callable[..., Any]]] = set()


def reads_first(endpoint: Route) -> Route:
    """Marks a route that writes only after its `begin_writing`: until then it waits for nobody who writes."""
    _READ_FIRST.add(endpoint)
    return endpoint


def _reads(request: Request) -> bool:
    return request.method in SAFE or request.scope.get("endpoint") in _READ_FIRST


async def _turn(request: Request) -> AsyncIterator[None]:
    """Whoever may write waits here, in no thread, while so many others do."""
    if _reads(request):
        yield
        return
    try:
        turns = _TURNS.get()
    except LookupError:
        turns = Semaphore(WRITING_AT_ONCE)
        _TURNS.set(turns)
    async with turns:
        yield


def session(request: Request, _: Annotated[None, Depends(_turn, scope="function")]) -> Iterator[Session]:
    """One transaction a request; an error takes everything back.

    A route that hashes, calls out or otherwise waits may commit before: nothing is held meanwhile, and what
    follows is the next transaction.
    """
    engine = request.app.state.engine
    engine = engine if _reads(request) else writing(engine, to=_thing(request))
    with Session(engine, expire_on_commit=False) as opened:
        yield opened
        opened.commit()


def _thing(request: Request) -> str | None:
    """The code that the address names first, ``p1`` of ``/api/v1/plans/P1/targets/7``: who edits any of it
    goes by the ETag of the whole. Logins mean the same in upper case."""
    codes = iter(request.path_params.values())
    return next((code.strip().casefold() for code in codes), None)


def begin_writing(opened: Session, *, to: str | None = None) -> None:
    """End what was read, and begin a transaction that may write: for what a reading route has to record.

    Whoever writes ``to`` the same thing waits for the other. Does nothing in a transaction that may write
    already.
    """
    if opened.in_transaction() and opened.connection().get_execution_options().get(WRITES):
        return
    opened.commit()
    opened.connection(execution_options={WRITES: to or True})


def reading_beside(opened: Session) -> Session:
    """A session of its own that only reads: for what takes a while and must keep nobody from writing."""
    engine = opened.get_bind()
    return Session(engine.execution_options(**{WRITES: False}) if isinstance(engine, Engine) else engine)


Database = Annotated[Session, Depends(session, scope="function")]
"""Committed before the answer is sent, so that whoever reads next sees what was written."""
