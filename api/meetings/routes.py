"""Routes of slots, meetings and attendance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note, note_meeting
from api.codes import CodeRepository
from api.etags import IfMatch, Tag, require_match
from api.fields import Below, Code, Month, require_begun
from api.meetings import service
from api.meetings.repository import MeetingListRepository, Sort, sort_key
from api.meetings.schemas import (
    Filled,
    HeldMeeting,
    Holding,
    MeetingDetail,
    MeetingOut,
    NewMeeting,
    Preparation,
    SheetIn,
    SheetOut,
    SlotRow,
    Voiding,
)
from api.organisation.service import subtree_of, today
from api.pages import Cursor, Limit, Page, page, sliced
from api.sessions import Database
from models.base import SHANGHAI, Subtree
from models.meetings.compliance import SlotState
from models.meetings.repository import MeetingRepository
from models.meetings.slots import SlotRepository
from models.meetings.tables import Meeting, MeetingState, SlotName
from models.organisation.repository import InstitutionRepository
from qa_pipeline.values.vocabulary import MeetingKind, Verdict

router: Final = APIRouter(tags=["会议"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Editor = Annotated[Caller, Depends(allowed(Permission.PREPARE_MEETINGS))]
Corrector = Annotated[Caller, Depends(allowed(Permission.PREPARE_MEETINGS, Permission.REVIEW))]
"""Which of the two it takes depends on whether the meeting has a result, and what that rests on."""


@router.post("/slots/{month}", summary="生成某月应召开的场次（可重复）", operation_id="fill_slots")
def fill(request: Request, session: Database, asker: Editor, month: Month) -> Filled:
    done = SlotRepository(session, within=asker.within).fill_month(month)
    note(session, request, asker, "slots.fill", kind="month", code=f"{month:%Y-%m}", created=done.created)
    return Filled(created=done.created, corrected=done.corrected, unknown=done.unknown)


@router.get("/slots", summary="某月的场次及其状态（按机构代码、场次排序）", operation_id="list_slots")
def slots(
    session: Database,
    asker: Reader,
    month: Annotated[Month, Query(description="月份，如 2026-09")],
    below: Below = None,
    state: Annotated[SlotState | None, Query(description="场次状态")] = None,
    slot: Annotated[SlotName | None, Query(description="场次")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[SlotRow]:
    part = subtree_of(session, asker, below)
    found = service.slots(session, asker, month, below=part, as_of=today())
    wanted = [row for row in found if state in (None, row.state) and slot in (None, row.name)]
    order = list(SlotName)
    rows, further = sliced(wanted, cursor, limit, lambda row: [row.institution, order.index(row.name)])
    return Page(items=list(rows), next=further)


@router.get("/meetings", summary="会议列表", operation_id="list_meetings")
def meetings(
    session: Database,
    asker: Reader,
    below: Below = None,
    month: Annotated[Month | None, Query(description="场次所属月份；无场次的按召开日")] = None,
    slot: Annotated[SlotName | None, Query(description="场次")] = None,
    kind: Annotated[MeetingKind | None, Query(description="会议类别")] = None,
    state: Annotated[MeetingState | None, Query(description="会议状态：planned、held、void")] = None,
    verdict: Annotated[Verdict | None, Query(description="当前结论")] = None,
    inspected: Annotated[bool | None, Query(description="是否已质检")] = None,
    sort: Annotated[Sort, Query(description="排序：code、institution、started_at、-started_at")] = Sort.CODE,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MeetingOut]:
    part = subtree_of(session, asker, below)
    rows = MeetingListRepository(session, within=asker.within).page(
        below=part.path if part else None,
        month=month,
        slot=slot,
        kind=kind,
        state=state,
        verdict=verdict,
        inspected=inspected,
        sort=sort,
        cursor=cursor,
        limit=limit,
    )
    found, further = page(rows, limit, lambda row: sort_key(row, sort))
    return Page(items=[service.shown(row) for row in found], next=further)


@router.post("/meetings", status_code=201, summary="为场次登记一场计划中的会议", operation_id="plan_meeting")
def plan(request: Request, session: Database, asker: Editor, body: NewMeeting) -> MeetingDetail:
    stem = f"{body.institution}-{body.month:%Y-%m}-{body.slot}"
    code = body.code or CodeRepository(session).free(Meeting.code, stem)
    planned = MeetingRepository(session, within=asker.within).plan(
        code, institution=body.institution, month=body.month, slot=body.slot
    )
    note_meeting(session, request, asker, planned, "meeting.plan")
    return service.detail(session, asker, code)


@router.post("/meetings/held", status_code=201, summary="登记一场已召开的会议", operation_id="record_meeting")
def record(request: Request, session: Database, asker: Editor, body: HeldMeeting) -> MeetingDetail:
    require_begun(body.started_at)
    stem = f"{body.institution}-{body.started_at:%Y-%m-%d}"
    home = InstitutionRepository(session, within=asker.within).get(body.institution)
    slots = SlotRepository(session, within=Subtree(home.path))
    slots.fill_month(slots.month_of(body.started_at.astimezone(SHANGHAI).date(), body.kind, body.theme))
    held = MeetingRepository(session, within=asker.within).record(
        body.code or CodeRepository(session).free(Meeting.code, stem),
        institution=body.institution,
        kind=body.kind,
        started_at=body.started_at,
        ended_at=body.ended_at,
        host=body.host,
        theme=body.theme,
    )
    service.require_reviewer(session, asker, held)  # who repeats a known code corrects that meeting
    note_meeting(session, request, asker, held, "meeting.hold")
    return service.detail(session, asker, held.code)


@router.get("/meetings/{code}", summary="一场会议", operation_id="get_meeting")
def meeting(session: Database, asker: Reader, code: Code, tag: Tag) -> MeetingDetail:
    found = service.detail(session, asker, code)
    tag(found)
    return found


@router.put("/meetings/{code}/preparation", summary="会前准备（R24）", operation_id="prepare_meeting")
def prepare(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Corrector,
    code: Code,
    body: Preparation,
    if_match: IfMatch,
) -> MeetingDetail:
    require_match(if_match, service.detail(session, asker, code))
    service.require_corrector(session, asker, service.meeting(session, asker, code))
    prepared = MeetingRepository(session, within=asker.within).prepare(
        code,
        at=datetime.now(UTC),
        topic=body.topic,
        starts_at=body.starts_at,
        goal=body.goal,
        flow=body.flow,
    )
    note_meeting(session, request, asker, prepared, "meeting.prepare")
    found = service.detail(session, asker, code)
    tag(found)
    return found


@router.post("/meetings/{code}/hold", summary="登记召开（可重复以更正）", operation_id="hold_meeting")
def hold(request: Request, session: Database, asker: Corrector, code: Code, body: Holding) -> MeetingDetail:
    service.require_corrector(session, asker, service.meeting(session, asker, code))
    require_begun(body.started_at)
    held = MeetingRepository(session, within=asker.within).hold(
        code, started_at=body.started_at, ended_at=body.ended_at, host=body.host
    )
    note_meeting(session, request, asker, held, "meeting.hold", at=body.started_at.isoformat())
    return service.detail(session, asker, code)


@router.post("/meetings/{code}/void", summary="作废（重复或测试）", operation_id="void_meeting")
def void(request: Request, session: Database, asker: Corrector, code: Code, body: Voiding) -> MeetingDetail:
    voided = service.void(session, asker, code)
    note_meeting(session, request, asker, voided, "meeting.void", reason=body.reason)
    return service.detail(session, asker, code)


@router.get("/meetings/{code}/attendance", summary="签到表（预填应到人员）", operation_id="get_attendance")
def attendance(session: Database, asker: Reader, code: Code, tag: Tag) -> SheetOut:
    found = service.sheet(session, asker, code)
    tag(found)
    return found


@router.put("/meetings/{code}/attendance", summary="提交整张签到表", operation_id="put_attendance")
def put_attendance(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Corrector,
    code: Code,
    body: SheetIn,
    if_match: IfMatch,
) -> SheetOut:
    """结论已依据签到作出时，只能由有复核权限的人员更正，并须重新质检：此前 attendance_changed 为 true。

    他人正在复核的、结论已由人复核作出的不能改。
    """
    require_match(if_match, service.sheet(session, asker, code))
    service.put_sheet(session, asker, code, body)
    found = service.sheet(session, asker, code)
    owner = service.meeting(session, asker, code)
    note_meeting(session, request, asker, owner, "meeting.attendance", present=found.present)
    tag(found)
    return found
