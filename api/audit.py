"""The audit trail: who saw or changed what, written in the transaction of the deed itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from fastapi import Request
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.tables import AuditEntry
from api.sessions import SAFE, begin_writing
from models.meetings.tables import Meeting

LATER: Final = "-"
"""In place of a request's id."""


def note(
    session: Session,
    request: Request | None,
    asker: Caller,
    action: str,
    *,
    kind: str,
    code: str,
    institution_id: int | None = None,
    **detail: str | int | float | bool | None,
) -> None:
    """Add an entry; ``detail`` holds what changed, never personal data or secrets. What is of no institution
    of its own is kept with the caller's, so that who watches over that one sees it.

    ``request`` None: what the service itself does later, as somebody asked for.
    """
    if request is not None and request.method in SAFE:
        begin_writing(session)
    session.add(
        AuditEntry(
            at=datetime.now(UTC),
            actor=asker.actor,
            action=action,
            object_kind=kind,
            object_code=code,
            institution_id=asker.institution_id if institution_id is None else institution_id,
            detail=detail,
            request_id=request.state.request_id if request else LATER,
            address=request.client.host if request and request.client else None,
        )
    )


def note_meeting(
    session: Session,
    request: Request | None,
    asker: Caller,
    meeting: Meeting,
    action: str,
    **detail: str | int | float | bool | None,
) -> None:
    """An entry about a meeting and what belongs to it."""
    note(
        session, request, asker, action, kind="meeting", code=meeting.code,
        institution_id=meeting.institution_id, **detail,
    )  # fmt: skip
