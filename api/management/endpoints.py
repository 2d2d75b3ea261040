"""Routes of the four management actions (R32)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, InInstitution, Named, day_or_today
from api.customers.service import Full, require_full
from api.etags import IfMatch, Tag, require_match
from api.fields import Code, Day, existing, in_order
from api.management import service
from api.management.repository import ActionRepository, place_of
from api.management.schemas import (
    ActionIn,
    ActionOut,
    CoverageOut,
    FocusList,
    FocusOut,
    MarkEnd,
    MarkOut,
    NewAction,
    NewMark,
    RecordIn,
    ReviewIn,
)
from api.pages import Cursor, Limit, Page, page
from api.problems import Conflict
from api.sessions import Database
from models.base import Subtree
from models.management.repository import ManagementRepository
from models.management.tables import ActionKind, ManagementAction
from models.organisation.appointments import AppointmentRepository
from models.organisation.people import PeopleRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Person

router: Final = APIRouter(tags=["管理动作"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
On = Annotated[Day | None, Query(description="看哪一天所在的经营周和月份；不填为今天")]


@router.get(
    "/management-actions", summary="管理动作列表（按日期排序）", operation_id="list_management_actions"
)
def actions(
    request: Request,
    session: Database,
    asker: Reader,
    first: Annotated[Day, Query(description="首日")],
    last: Annotated[Day, Query(description="末日")],
    institution: Annotated[Code | None, Query(description="机构代码；不填为全部可见机构")] = None,
    kind: Annotated[ActionKind | None, Query(description="只看一种动作")] = None,
    unfinished: Annotated[
        bool, Query(description="只看还不算数的：计划了没有记录的，和缺记录或复盘的陪访")
    ] = False,
    full: Full = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ActionOut]:
    in_order(first, last)
    within = CodeRepository(session, within=asker.within).below(institution)
    if full:
        require_full(session, request, asker, what="management_actions")
    rows = ActionRepository(session, within=within).page(
        first, last, kind=kind, only_unfinished=unfinished, cursor=cursor, limit=limit
    )
    part, further = page(rows, limit, place_of)
    return Page(items=service.shown(session, part, full=full), next=further)


@router.post(
    "/management-actions", status_code=201, summary="计划管理动作", operation_id="add_management_action"
)
def add(request: Request, tag: Tag, session: Database, asker: Editor, body: NewAction) -> ActionOut:
    stem = f"{body.actor}-{body.planned_on}-{body.kind}"
    code = body.code or CodeRepository(session).free(ManagementAction.code, stem)
    if ActionRepository(session, within=asker.within).action(code) is not None:
        raise Conflict(f"管理动作 {code} 已存在：请换一个编号，或修改已有的动作。")
    service.plan(session, asker, code, body)
    planned = _done(request, tag, session, asker, code, "plan")
    if body.record is not None:
        planned = record(request, tag, session, asker, code, body.record)
    if body.review is not None:
        planned = review(request, tag, session, asker, code, ReviewIn(review=body.review))
    return planned


@router.get("/management-actions/{code}", summary="一个管理动作", operation_id="get_management_action")
def action(
    request: Request, tag: Tag, session: Database, asker: Reader, code: Code, full: Full = False
) -> ActionOut:
    tag(service.action_of(session, asker, code))
    if full:
        require_full(session, request, asker, what=code)
    return service.action_of(session, asker, code, full=full)


@router.put(
    "/management-actions/{code}", summary="修改未完成动作的计划", operation_id="edit_management_action"
)
def edit(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    body: ActionIn,
    match: IfMatch,
) -> ActionOut:
    require_match(match, service.action_of(session, asker, code))
    service.plan(session, asker, code, body)
    return _done(request, tag, session, asker, code, "edit")


@router.put(
    "/management-actions/{code}/record", summary="记录完成情况", operation_id="record_management_action"
)
def record(
    request: Request, tag: Tag, session: Database, asker: Editor, code: Code, body: RecordIn
) -> ActionOut:
    service.action_of(session, asker, code)
    ManagementRepository(session, within=asker.within).record(code, done_on=body.done_on, record=body.record)
    return _done(request, tag, session, asker, code, "record")


@router.put("/management-actions/{code}/review", summary="复盘", operation_id="review_management_action")
def review(
    request: Request, tag: Tag, session: Database, asker: Editor, code: Code, body: ReviewIn
) -> ActionOut:
    service.action_of(session, asker, code)
    ManagementRepository(session, within=asker.within).review(code, body.review)
    return _done(request, tag, session, asker, code, "review")


@router.get(
    "/management-coverage", summary="四项动作的覆盖与落后名单（R32）", operation_id="get_management_coverage"
)
def coverage(
    session: Database, asker: Reader, institution: InInstitution, on: On = None
) -> list[CoverageOut]:
    home = existing(InstitutionRepository(session, within=asker.within).get, institution)
    return service.coverage(session, asker, home, day_or_today(on))


@router.get("/focus-supervisors", summary="重点主管及原因", operation_id="list_focus_supervisors")
def focus(session: Database, asker: Reader, institution: InInstitution, on: On = None) -> FocusList:
    home = existing(InstitutionRepository(session, within=asker.within).get, institution)
    day = day_or_today(on)
    found = ManagementRepository(session, within=Subtree(home.path)).focus(day)
    keys = {*found.reasons, *found.unknown_u, *found.unknown_ct}
    people = CodeRepository(session).names(Person, keys)

    def named(keys: frozenset[int]) -> list[Named]:
        return sorted((people[key] for key in keys), key=lambda person: person.code)

    marks = AppointmentRepository(session, within=Subtree(home.path)).focused(on=day)
    supervisors = [
        FocusOut(
            person=people[key], reasons=list(reasons), mark=service.mark(marks[key]) if key in marks else None
        )
        for key, reasons in found.reasons.items()
    ]
    return FocusList(
        supervisors=sorted(supervisors, key=lambda row: row.person.code),
        unknown_u=named(found.unknown_u),
        unknown_ct=named(found.unknown_ct),
    )


@router.post(
    "/focus-supervisors", status_code=201, summary="手工标为重点主管", operation_id="mark_focus_supervisor"
)
def mark(request: Request, session: Database, asker: Editor, body: NewMark) -> MarkOut:
    row = AppointmentRepository(session, within=asker.within).focus(
        body.person, reason=body.reason, on=body.on, until=body.until
    )
    note(session, request, asker, "person.focus", kind="person", code=body.person, on=str(body.on))
    return service.mark(row)


@router.post(
    "/focus-supervisors/{person}/end",
    status_code=204,
    summary="取消重点主管标记",
    operation_id="unmark_focus_supervisor",
)
def unmark(request: Request, session: Database, asker: Editor, person: Code, body: MarkEnd) -> None:
    existing(PeopleRepository(session, within=asker.within).get, person)
    AppointmentRepository(session, within=asker.within).unfocus(person, on=body.on)
    note(session, request, asker, "person.unfocus", kind="person", code=person, on=str(body.on))


def _done(request: Request, tag: Tag, session: Database, asker: Caller, code: str, what: str) -> ActionOut:
    note(session, request, asker, f"management.{what}", kind="management_action", code=code)
    found = service.action_of(session, asker, code)
    tag(found)
    return found
