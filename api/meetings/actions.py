"""Routes of agreed actions (R26)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Row

from api.access import Caller, Permission, allowed
from api.accounts.tables import Account
from api.audit import note
from api.fields import Below, Code, Day, existing
from api.meetings.repository import LAST, ActionListRepository
from api.meetings.schemas import (
    ActionIn,
    ActionOut,
    Closing,
    CommitmentOut,
    Confirmation,
    FollowUp,
)
from api.organisation.service import subtree_of
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database
from models.meetings.actions import ActionRepository
from models.meetings.repository import MeetingRepository
from models.meetings.tables import ActionState, Meeting
from models.organisation.repository import InstitutionRepository
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["行动项"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Editor = Annotated[Caller, Depends(allowed(Permission.PREPARE_MEETINGS))]


@router.get("/actions", summary="行动项（期限早的在前）", operation_id="list_actions")
def actions(
    session: Database,
    asker: Reader,
    below: Below = None,
    meeting: Annotated[Code | None, Query(description="出自哪场会议")] = None,
    owner: Annotated[Code | None, Query(description="责任人工号")] = None,
    mine: Annotated[bool, Query(description="只看我负责的")] = False,
    state: Annotated[ActionState | None, Query(description="状态")] = None,
    confirmed: Annotated[bool | None, Query(description="是否已经人确认")] = None,
    due_by: Annotated[Day | None, Query(description="期限不晚于该日")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ActionOut]:
    part = subtree_of(session, asker, below)
    rows = ActionListRepository(session, within=asker.within).actions(
        below=part.path if part else None,
        meeting=meeting,
        owner=owner,
        owner_id=_own_person(session, asker) if mine else None,
        state=state,
        confirmed=confirmed,
        due_by=due_by,
        cursor=cursor,
        limit=limit,
    )
    shown, further = page(rows, limit, lambda row: [row[0].due_on or LAST, row[0].code])
    return Page(items=[shown_action(row) for row in shown], next=further)


@router.post("/actions", summary="手工添加行动项", operation_id="add_action", status_code=201)
def add(request: Request, session: Database, asker: Editor, body: ActionIn) -> ActionOut:
    """由人写下即视为已确认；重新质检不会改动它。"""
    existing(MeetingRepository(session, within=asker.within).get, body.meeting)
    new = ActionRepository(session, within=asker.within).add(
        body.meeting,
        what=body.what,
        at=datetime.now(UTC),
        who=body.who,
        owner=body.owner,
        due_on=body.due_on,
    )
    return _changed(session, request, asker, new.code, "action.add", owner=body.owner)


@router.get("/actions/due", summary="某日会议应检查的未结行动项", operation_id="list_commitments_due")
def due(
    session: Database,
    asker: Reader,
    institution: Annotated[Code, Query(description="机构代码")],
    on: Annotated[Day, Query(description="会议日期")],
) -> list[CommitmentOut]:
    existing(InstitutionRepository(session, within=asker.within).get, institution)
    found = ActionRepository(session, within=asker.within).due_for_check(institution, on=on)
    return [CommitmentOut.model_validate(row, from_attributes=True) for row in found]


@router.post(
    "/actions/{code}/confirm",
    summary="确认行动项，并可更正内容、责任人和期限（可重复）",
    operation_id="confirm_action",
)
def confirm(request: Request, session: Database, asker: Editor, code: Code, body: Confirmation) -> ActionOut:
    """改了内容的另记一条，原来的一条记为已取消。"""
    repository = ActionRepository(session, within=asker.within)
    existing(repository.get, code)
    said = repository.confirm(
        code, at=datetime.now(UTC), what=body.what, owner=body.owner, due_on=body.due_on
    )
    former = None if said.code == code else code
    return _changed(session, request, asker, said.code, "action.confirm", owner=body.owner, former=former)


@router.post("/actions/{code}/close", summary="关闭行动项", operation_id="close_action")
def close(request: Request, session: Database, asker: Editor, code: Code, body: Closing) -> ActionOut:
    repository = ActionRepository(session, within=asker.within)
    existing(repository.get, code)
    repository.close(code, state=body.state, on=body.on)
    return _changed(session, request, asker, code, "action.close", state=body.state.value)


@router.put(
    "/actions/{code}/follow-up", summary="后续会议如何跟进（可重复以更正）", operation_id="follow_up_action"
)
def follow_up(request: Request, session: Database, asker: Editor, code: Code, body: FollowUp) -> ActionOut:
    repository = ActionRepository(session, within=asker.within)
    existing(repository.get, code)
    repository.follow_up(code, meeting=body.meeting, outcome=body.outcome, quote=body.quote)
    return _changed(session, request, asker, code, "action.follow_up", outcome=body.outcome.value)


def _own_person(session: Database, asker: Caller) -> int:
    account = session.get(Account, asker.account_id) if asker.account_id else None
    if account is None or account.person_id is None:
        raise InputError("您的账号没有关联人员，无法只看本人负责的行动项：请联系管理员关联工号。")
    return account.person_id


def _changed(
    session: Database, request: Request, asker: Caller, code: str, action: str, **detail: str | None
) -> ActionOut:
    row = ActionListRepository(session, within=asker.within).action(code)
    institution_id = session.get_one(Meeting, row[0].meeting_id).institution_id
    note(session, request, asker, action, kind="action", code=code, institution_id=institution_id, **detail)
    return shown_action(row)


def shown_action(row: Row[Any]) -> ActionOut:
    action, meeting, institution, owner, owner_name = row
    return ActionOut(
        code=action.code,
        meeting=meeting,
        institution=institution,
        what=action.what,
        who=action.who,
        owner=owner,
        owner_name=owner_name,
        due_on=action.due_on,
        state=action.state,
        confirmed_at=action.confirmed_at,
        closed_on=action.closed_on,
        start=action.start,
        end=action.end,
        quote=action.quote,
        confidence=action.confidence,
        doubtful=action.doubtful,
    )
