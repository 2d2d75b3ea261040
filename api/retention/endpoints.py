"""Routes of how long recordings are kept, and of legal holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.access import Caller, Permission, allowed
from api.audit import note_meeting
from api.fields import Code, Given, Instant, Words, existing
from api.pages import Cursor, Limit, Page, page
from api.retention import service
from api.retention.tables import LegalHold
from api.sessions import Database
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Meeting
from models.organisation.tables import Institution

router: Final = APIRouter(tags=["保留期"])
Keeper = Annotated[Caller, Depends(allowed(Permission.MANAGE_RETENTION))]
MeetingCode = Annotated[Code, Path()]


class HoldIn(Given):
    reason: Words = Field(description="原因：为什么必须保留", examples=["监管调取"])


class HoldOut(BaseModel):
    """A hold of a meeting's recordings."""

    meeting: str
    institution_name: str
    reason: str
    ordered_by: str
    ordered_at: Instant
    lifted_by: str | None
    lifted_at: Instant | None


class LeavingOut(BaseModel):
    """A meeting whose recordings are deleted when their days are over."""

    meeting: str
    institution_name: str
    started_at: Instant
    parts: int = Field(description="录音段数")
    size: int = Field(description="字节数")
    leaves_at: Instant = Field(description="到期的时间；到期后由每日清理删除")


class RetentionOut(BaseModel):
    """How long recordings are kept, and which are deleted next."""

    days: int | None = Field(description="录音保留的天数，从会议开始算起；null 为不限")
    items: list[LeavingOut] = Field(description="按到期的先后；法定保留中的不在其内")
    next: str | None = Field(description="下一页的游标；没有下一页时为 null")


@router.get("/retention", summary="录音保留多久，接下来删除哪些", operation_id="get_retention")
def retention(
    request: Request, session: Database, asker: Keeper, cursor: Cursor = None, limit: Limit = 50
) -> RetentionOut:
    """同一录音还属于其他会议的，随保留最久的一场删除。"""
    days = request.app.state.settings.retention_days
    return read_retention(session, asker, days=days, cursor=cursor, limit=limit)


def read_retention(
    session: Session, asker: Caller, *, days: int, cursor: str | None, limit: int
) -> RetentionOut:
    rows = service.RetentionRepository(session, within=asker.within).leaving(
        days=days, now=datetime.now(UTC), cursor=cursor, limit=limit
    )
    found, further = page(rows, limit, lambda row: (row.meeting.started_at, row.meeting.id))
    items = [
        LeavingOut(
            meeting=row.meeting.code, institution_name=row.institution, started_at=row.meeting.started_at,
            parts=row.parts, size=row.size, leaves_at=row.leaves_at,
        )
        for row in found
    ]  # fmt: skip
    return RetentionOut(days=days or None, items=items, next=further)


@router.get("/legal-holds", summary="法定保留（新的在前）", operation_id="list_legal_holds")
def holds(
    session: Database,
    asker: Keeper,
    lifted: Annotated[bool | None, Query(description="状态：true 已解除，false 仍在保留；不填为全部")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HoldOut]:
    return read_holds(session, asker, lifted=lifted, cursor=cursor, limit=limit)


def read_holds(
    session: Session, asker: Caller, *, lifted: bool | None, cursor: str | None, limit: int
) -> Page[HoldOut]:
    rows = service.RetentionRepository(session, within=asker.within).holds(
        lifted=lifted, cursor=cursor, limit=limit
    )
    found, further = page(rows, limit, lambda row: (row[0].id,))
    return Page(items=[_shown(meeting, name, row) for row, meeting, name in found], next=further)


@router.put("/meetings/{code}/legal-hold", summary="法定保留一场会议的录音", operation_id="hold_recordings")
def hold(request: Request, session: Database, asker: Keeper, code: MeetingCode, body: HoldIn) -> HoldOut:
    """到期也不删除，直到解除。"""
    meeting = existing(MeetingRepository(session, within=asker.within).get, code)
    row = service.hold(session, asker, meeting, reason=body.reason)
    note_meeting(session, request, asker, meeting, "recording.hold")
    return _shown(meeting.code, _name(session, meeting), row)


@router.delete("/meetings/{code}/legal-hold", summary="解除法定保留", operation_id="lift_hold")
def lift(request: Request, session: Database, asker: Keeper, code: MeetingCode) -> HoldOut:
    meeting = existing(MeetingRepository(session, within=asker.within).get, code)
    row = service.lift(session, asker, meeting)
    note_meeting(session, request, asker, meeting, "recording.lift_hold")
    return _shown(meeting.code, _name(session, meeting), row)


def _name(session: Session, meeting: Meeting) -> str:
    return session.get_one(Institution, meeting.institution_id).name


def _shown(meeting: str, institution: str, row: LegalHold) -> HoldOut:
    return HoldOut(
        meeting=meeting,
        institution_name=institution,
        reason=row.reason,
        ordered_by=row.ordered_by,
        ordered_at=row.ordered_at,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
    )
