"""The audit trail: who saw or changed what, written in the transaction of the deed itself."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.tables import AuditEntry
from api.sessions import SAFE, begin_writing


def note(
    session: Session,
    request: Request,
    asker: Caller,
    action: str,
    *,
    kind: str,
    code: str,
    institution_id: int | None = None,
    **detail: str | int | float | bool | None,
) -> None:
    """Add an entry; ``detail`` holds what changed, never personal data or secrets."""
    if request.method in SAFE:
        begin_writing(session)
    session.add(
        AuditEntry(
            at=datetime.now(UTC),
            actor=asker.actor,
            action=action,
            object_kind=kind,
            object_code=code,
            institution_id=institution_id,
            detail=detail,
            request_id=request.state.request_id,
            address=request.client.host if request.client else None,
        )
    )
