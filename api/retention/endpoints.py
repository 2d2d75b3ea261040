"""Routes of legal holds."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field

from api.access import Caller, Permission, allowed
from api.audit import note_meeting
from api.fields import Code, Given, Instant, Words, existing
from api.retention import service
from api.retention.tables import LegalHold
from api.sessions import Database
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Meeting

router: Final = APIRouter(tags=["保留期"])
Keeper = Annotated[Caller, Depends(allowed(Permission.MANAGE_RETENTION))]
MeetingCode = Annotated[Code, Path()]


class HoldIn(Given):
    reason: Words = Field(description="原因：为什么必须保留", examples=["监管调取"])


class HoldOut(BaseModel):
    """A hold of a meeting's recordings."""

    meeting: str
    reason: str
    ordered_by: str
    ordered_at: Instant
    lifted_by: str | None
    lifted_at: Instant | None


@router.put("/meetings/{code}/legal-hold", summary="法定保留一场会议的录音", operation_id="hold_recordings")
def hold(request: Request, session: Database, asker: Keeper, code: MeetingCode, body: HoldIn) -> HoldOut:
    """到期也不删除，直到解除。"""
    meeting = existing(MeetingRepository(session, within=asker.within).get, code)
    row = service.hold(session, asker, meeting, reason=body.reason)
    note_meeting(session, request, asker, meeting, "recording.hold")
    return _shown(meeting, row)


@router.delete("/meetings/{code}/legal-hold", summary="解除法定保留", operation_id="lift_hold")
def lift(request: Request, session: Database, asker: Keeper, code: MeetingCode) -> HoldOut:
    meeting = existing(MeetingRepository(session, within=asker.within).get, code)
    row = service.lift(session, asker, meeting)
    note_meeting(session, request, asker, meeting, "recording.lift_hold")
    return _shown(meeting, row)


def _shown(meeting: Meeting, row: LegalHold) -> HoldOut:
    return HoldOut(
        meeting=meeting.code,
        reason=row.reason,
        ordered_by=row.ordered_by,
        ordered_at=row.ordered_at,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
    )
