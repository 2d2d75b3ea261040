"""The database session of a request: one transaction, committed once when the route has answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from models.database import transaction


def session(request: Request) -> Iterator[Session]:
    """One transaction a request; an error takes everything back."""
    with transaction(request.app.state.engine) as opened:
        yield opened


Database = Annotated[Session, Depends(session, scope="function")]
"""Committed before the answer is sent, so that whoever reads next sees what was written."""
