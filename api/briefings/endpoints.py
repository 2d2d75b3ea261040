"""Routes of briefings. They show plans, people and commitments at once: for those who prepare meetings."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note, note_meeting
from api.briefings import service
from api.briefings.schemas import BriefingOut, ConfirmIn
from api.fields import Code, Day, Month
from api.meetings import service as meetings
from api.meetings.schemas import MeetingDetail
from api.organisation.service import today
from api.sessions import Database
from models.meetings.tables import SlotName

router: Final = APIRouter(tags=["会前简报"])
Preparer = Annotated[Caller, Depends(allowed(Permission.PREPARE_MEETINGS))]


@router.get("/briefings", summary="某机构下一场会议的简报", operation_id="get_briefing")
def briefing(
    request: Request,
    session: Database,
    asker: Preparer,
    institution: Annotated[Code, Query(description="机构代码")],
    month: Annotated[Month | None, Query(description="场次所属月份；与 slot 同填，不填取下一场")] = None,
    slot: Annotated[SlotName | None, Query(description="场次")] = None,
    on: Annotated[Day | None, Query(description="哪天的简报，指标截至其前一天；不填为今天")] = None,
) -> BriefingOut:
    day = on or today()
    found = service.ahead(session, asker, institution, on=day, month=month, name=slot)
    shown = service.briefing(session, asker, found, on=day)
    note(
        session, request, asker, "briefing.read", kind="slot", code=found.slot.id,
        institution_id=found.institution.id,
    )  # fmt: skip
    return shown


@router.post(
    "/briefings/confirm",
    summary="确认简报，作为会前准备（R24）",
    operation_id="confirm_briefing",
    status_code=201,
)
def confirm(request: Request, session: Database, asker: Preparer, body: ConfirmIn) -> MeetingDetail:
    prepared = service.confirm(session, asker, body)
    note_meeting(session, request, asker, prepared, "meeting.prepare", briefing=True)
    return meetings.detail(session, asker, prepared.code)
