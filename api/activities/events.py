"""Routes of the activity calendar: months, events, who took part, and the review (R30, R31)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.activities import service
from api.activities.repository import EventRepository
from api.activities.schemas import (
    DayOut,
    EventDetail,
    EventIn,
    EventTurnout,
    Execution,
    GapsOut,
    Invitation,
    MissingPlatforms,
    MonthOut,
    NewEvent,
    PartOut,
    PartsIn,
    ReviewIn,
    TurnoutOut,
)
from api.audit import note
from api.codes import By, CodeRepository, InInstitution, day_or_today
from api.customers.service import Full, name_of, parameters_of, require_full, words_of
from api.etags import IfMatch, Tag, require_match
from api.fields import Code, Month, existing
from api.pages import Cursor, Limit, Page, page
from api.problems import Conflict
from api.sessions import Database
from models.activities.entry import open_parts
from models.activities.month_view import month_view
from models.activities.repository import ActivityRepository, Part
from models.activities.tables import ActivityEvent
from models.base import ScopeKind
from models.customers.tables import Customer, Sale
from models.organisation.tables import Institution, SalesOffice

router: Final = APIRouter(tags=["行事历"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
OfMonth = Annotated[Month, Query(description="月份")]
Office = Annotated[Code | None, Query(description="只看一个营业室")]


@router.get("/activities", summary="行事历月视图", operation_id="get_activity_month")
def month(
    session: Database, asker: Reader, institution: InInstitution, month: OfMonth, office: Office = None
) -> MonthOut:
    codes = CodeRepository(session, within=asker.within)
    within = codes.below(institution)
    office_id = None if office is None else existing(lambda c: codes.key(SalesOffice, c), office)
    entries = ActivityRepository(session, within=within).month(month, office_id=office_id)
    view = month_view(month, entries)
    return MonthOut(
        month=month,
        weeks=[
            [
                DayOut(
                    day=day.day,
                    in_month=day.in_month,
                    business_week=day.business_week,
                    starts_week=day.starts_week,
                    events=[entry.code for entry in day.entries],
                )
                for day in week
            ]
            for week in view.weeks
        ],
        unscheduled=[entry.code for entry in view.unscheduled],
        events=service.shown(session, entries),
    )


@router.get(
    "/activity-gaps", summary="不合格、缺失与未闭环的活动（R30、R31）", operation_id="get_activity_gaps"
)
def gaps(session: Database, asker: Reader, institution: InInstitution, month: OfMonth) -> GapsOut:
    activities = ActivityRepository(
        session, within=CodeRepository(session, within=asker.within).below(institution)
    )
    entries = activities.month(month)
    lacking = activities.missing_platforms(month)
    named = CodeRepository(session).names(Institution, lacking)
    today = day_or_today(None)
    past = [entry for entry in entries if entry.starts_at and entry.starts_at.date() < today]
    return GapsOut(
        invalid=service.shown(session, [e for e in entries if not e.is_valid and not e.cancelled]),
        missing_platforms=sorted(
            (
                MissingPlatforms(institution=named[key], platforms=list(kinds))
                for key, kinds in lacking.items()
            ),
            key=lambda row: row.institution.code,
        ),
        open_parts=service.shown(session, [entry for entry in past if open_parts(entry)]),
    )


@router.get("/activity-rates", summary="到场率、转化率、升温率", operation_id="get_activity_rates")
def rates(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    month: OfMonth,
    by: By = ScopeKind.INSTITUTION,
) -> list[TurnoutOut]:
    within = CodeRepository(session, within=asker.within).below(institution)
    found = ActivityRepository(session, within=within).turnout(
        month, by=by, parameters=parameters_of(session, asker, within.path, month)
    )
    named = CodeRepository(session).shown({scope for scope, _ in found})
    rows = [
        TurnoutOut(scope=named[scope], platform=platform, **service.counted(turnout))
        for (scope, platform), turnout in found.items()
    ]
    return sorted(rows, key=lambda row: (row.scope.code, row.platform))


@router.post("/activities", status_code=201, summary="新建活动", operation_id="add_activity")
def add(request: Request, tag: Tag, session: Database, asker: Editor, body: NewEvent) -> EventDetail:
    stem = f"{body.institution}-{body.month:%Y-%m}-{body.platform}"
    code = body.code or CodeRepository(session).free(ActivityEvent.code, stem)
    if EventRepository(session, within=asker.within).event(code) is not None:
        raise Conflict(f"活动编号 {code} 已被使用：请换一个编号，或修改已有的活动。")
    service.save(session, asker, code, body, before=None)
    return _done(request, tag, session, asker, code, "add")


@router.get("/activities/{code}", summary="一个活动", operation_id="get_activity")
def event(tag: Tag, session: Database, asker: Reader, code: Code) -> EventDetail:
    found = service.detail(session, asker, code)
    tag(found)
    return found


@router.get(
    "/activities/{code}/turnout",
    summary="一个活动的到场率、转化率、升温率",
    operation_id="get_activity_turnout",
)
def turnout(session: Database, asker: Reader, code: Code) -> EventTurnout:
    return service.turnout(session, asker, code)


@router.put("/activities/{code}", summary="修改活动的安排", operation_id="edit_activity")
def edit(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    body: EventIn,
    match: IfMatch,
) -> EventDetail:
    require_match(match, service.detail(session, asker, code))
    before, _ = service.event_of(session, asker, code)
    service.save(session, asker, code, body, before=before)
    return _done(request, tag, session, asker, code, "edit")


@router.post("/activities/{code}/cancel", summary="取消活动", operation_id="cancel_activity")
def cancel(request: Request, tag: Tag, session: Database, asker: Editor, code: Code) -> EventDetail:
    service.event_of(session, asker, code)
    ActivityRepository(session, within=asker.within).cancel(code)
    return _done(request, tag, session, asker, code, "cancel")


@router.put("/activities/{code}/execution", summary="记录过程与反馈（执行）", operation_id="record_execution")
def carry_out(
    request: Request, tag: Tag, session: Database, asker: Editor, code: Code, body: Execution
) -> EventDetail:
    service.event_of(session, asker, code)
    ActivityRepository(session, within=asker.within).carry_out(
        code, process=body.process, feedback=body.feedback
    )
    return _done(request, tag, session, asker, code, "carry_out")


@router.put("/activities/{code}/review", summary="检视", operation_id="review_activity")
def review(
    request: Request, tag: Tag, session: Database, asker: Editor, code: Code, body: ReviewIn
) -> EventDetail:
    service.event_of(session, asker, code)
    ActivityRepository(session, within=asker.within).review(
        code,
        on=body.on,
        reviewer=body.reviewer,
        conclusion=body.conclusion,
        improvement=body.improvement,
    )
    return _done(request, tag, session, asker, code, "review")


@router.get("/activities/{code}/participants", summary="活动的客户", operation_id="list_participants")
def participants(
    request: Request,
    session: Database,
    asker: Reader,
    code: Code,
    full: Full = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[PartOut]:
    event, _ = service.event_of(session, asker, code)
    if full:
        require_full(session, request, asker, what=code, institution_id=event.institution_id)
    rows = EventRepository(session, within=asker.within).participants(code, cursor=cursor, limit=limit)
    shown, further = page(rows, limit, lambda row: [row[1].code])
    return Page(
        items=[
            PartOut(
                customer=customer.code,
                name=name_of(customer.name, full=full),
                agent=agent,
                attended=part.attended,
                sale=sale,
                feedback=words_of(part.feedback, full=full),
                temperature_before=part.temperature_before,
                temperature_after=part.temperature_after,
            )
            for part, customer, agent, sale in shown
        ],
        next=further,
    )


@router.post("/activities/{code}/invitations", summary="邀约客户", operation_id="invite_customers")
def invite(
    request: Request, tag: Tag, session: Database, asker: Editor, code: Code, body: Invitation
) -> EventDetail:
    service.event_of(session, asker, code)
    keys = CodeRepository(session, within=asker.within).keys(Customer, body.customers)
    ActivityRepository(session, within=asker.within).invite(code, keys.values())
    return _done(request, tag, session, asker, code, "invite", customers=len(keys))


@router.put(
    "/activities/{code}/participants", summary="登记到场、签单与温度", operation_id="record_participants"
)
def record_parts(
    request: Request, tag: Tag, session: Database, asker: Editor, code: Code, body: PartsIn
) -> EventDetail:
    service.event_of(session, asker, code)
    codes = CodeRepository(session, within=asker.within)
    keys = codes.keys(Customer, [part.customer for part in body.parts])
    sales = codes.keys(Sale, [part.sale for part in body.parts if part.sale])
    parts = {
        keys[part.customer]: Part(
            attended=part.attended,
            sale_id=sales[part.sale] if part.sale else None,
            feedback=part.feedback,
            temperature_before=part.temperature_before,
            temperature_after=part.temperature_after,
        )
        for part in body.parts
    }
    ActivityRepository(session, within=asker.within).record_parts(code, parts)
    return _done(request, tag, session, asker, code, "participants", customers=len(parts))


def _done(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Caller,
    code: str,
    what: str,
    **detail: int,
) -> EventDetail:
    entry, _ = service.event_of(session, asker, code)
    note(
        session, request, asker, f"activity.{what}",
        kind="activity", code=code, institution_id=entry.institution_id, **detail,
    )  # fmt: skip
    found = service.detail(session, asker, code)
    tag(found)
    return found
