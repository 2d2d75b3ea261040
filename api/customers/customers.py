"""Routes of customers one by one, and of their quadrants."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.codes import By, CodeRepository, InInstitution, day_or_today
from api.customers import service
from api.customers.repository import CustomerListRepository
from api.customers.schemas import (
    CustomerDetail,
    CustomerOut,
    MatrixOut,
    Move,
    MovementOut,
    WeekOut,
)
from api.fields import Below, Code, Day
from api.pages import Cursor, Limit, Page, page
from api.problems import NotFound
from api.sessions import Database
from api.weeks import ended_week
from models.base import Scope, ScopeKind, Subtree
from models.customers.quadrant import STRATEGIES, Movement, Quadrant
from models.customers.repository import CustomerRepository
from models.customers.tables import Customer, CustomerSource
from models.organisation.tables import Institution

router: Final = APIRouter(tags=["客户"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Week = Annotated[Day | None, Query(description="经营周最后一天；不填为最近结束的一周")]


@router.get("/customers", summary="客户列表（按代码排序）", operation_id="list_customers")
def customers(
    request: Request,
    session: Database,
    asker: Reader,
    below: Below = None,
    agent: Annotated[Code | None, Query(description="服务人员工号")] = None,
    quadrant: Annotated[Quadrant | None, Query(description="当周所在象限")] = None,
    source: Annotated[CustomerSource | None, Query(description="客户来源")] = None,
    search: Annotated[Code | None, Query(description="客户代码的开头")] = None,
    not_inventoried_since: Annotated[
        Day | None, Query(description="盘点起始日（含）；只看自该日起没有盘点过的客户（R32）")
    ] = None,
    week: Week = None,
    full: service.Full = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CustomerOut]:
    path = CodeRepository(session, within=asker.within).path(below)
    if full:
        service.require_full(session, request, asker, what=agent or "list")
    today = day_or_today(None)
    week_ends = week or ended_week(today)
    parameters = service.parameters_of(session, asker, path, week_ends)
    rows = CustomerListRepository(session, within=asker.within).customers(
        below=path,
        on=today,
        week_ends=week_ends,
        parameters=parameters,
        agent=agent,
        quadrant=quadrant,
        source=source,
        search=search,
        not_inventoried_since=not_inventoried_since,
        cursor=cursor,
        limit=limit,
    )
    shown, further = page(rows, limit, lambda row: [row[0].code])
    return Page(
        items=[service.line(*row, week_ends=week_ends, parameters=parameters, full=full) for row in shown],
        next=further,
    )


@router.get("/customers/{code}", summary="一位客户", operation_id="get_customer")
def customer(
    request: Request, session: Database, asker: Reader, code: Code, full: service.Full = False
) -> CustomerDetail:
    found, number, home = _customer(session, asker, code)
    if full:
        service.require_full(session, request, asker, what=code, institution_id=home.id)
    week_ends = ended_week(day_or_today(None))
    parameters = service.parameters_of(session, asker, home.path, week_ends)
    shots = CustomerListRepository(session, within=asker.within).snapshots(found.id, cursor=None, limit=1)
    newest = next(iter(shots), None)
    week = service.week(newest, newest.week_ends if newest else week_ends, parameters)
    return CustomerDetail(
        code=found.code,
        name=service.name_of(found.name, full=full),
        phone=service.phone_of(found.phone, full=full),
        agent=number,
        institution=home.code,
        source=found.source,
        known_since=found.known_since,
        do_not_contact=found.do_not_contact,
        complaint_open=found.complaint_open,
        has_gap=found.has_gap,
        renewal_on=found.renewal_on,
        week=week,
        strategy=STRATEGIES[week.quadrant].means if week.quadrant else None,
    )


@router.get(
    "/customers/{code}/snapshots", summary="一位客户逐周的价值、温度、潜力", operation_id="list_snapshots"
)
def snapshots(
    session: Database, asker: Reader, code: Code, cursor: Cursor = None, limit: Limit = 52
) -> Page[WeekOut]:
    """最近的一周在前。"""
    found, _, home = _customer(session, asker, code)
    parameters = service.parameters_of(session, asker, home.path, day_or_today(None))
    rows = CustomerListRepository(session, within=asker.within).snapshots(
        found.id, cursor=cursor, limit=limit
    )
    shown, further = page(rows, limit, lambda row: [row.week_ends])
    return Page(items=[service.week(row, row.week_ends, parameters) for row in shown], next=further)


@router.get("/customer-quadrants", summary="四象限客户数（R29）", operation_id="get_quadrants")
def quadrants(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    by: By = ScopeKind.INSTITUTION,
    week: Week = None,
) -> list[MatrixOut]:
    within, week_ends = _below(session, asker, institution), week or ended_week(day_or_today(None))
    found = CustomerRepository(session, within=within).quadrants(
        week_ends, by=by, parameters=service.parameters_of(session, asker, within.path, week_ends)
    )
    shown = CodeRepository(session).shown(found)
    rows = [
        MatrixOut(
            scope=shown[scope],
            counts={place: matrix.counts.get(place, 0) for place in Quadrant},
            unknown=matrix.unknown,
            quality=matrix.quality,
        )
        for scope, matrix in found.items()
    ]
    return sorted(rows, key=lambda row: row.scope.code)


@router.get("/customer-movement", summary="两周之间的象限流动（R29）", operation_id="get_quadrant_movement")
def movement(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    before: Annotated[Day, Query(description="前一周的最后一天")],
    after: Annotated[Day, Query(description="后一周的最后一天")],
) -> MovementOut:
    """两周象限都未知的客户不计。"""
    codes = CodeRepository(session, within=asker.within)
    within = codes.below(institution)
    scope = Scope(ScopeKind.INSTITUTION, codes.key(Institution, institution))
    moved = CustomerRepository(session, within=within).movement(
        before,
        after,
        by=ScopeKind.INSTITUTION,
        parameters=service.parameters_of(session, asker, within.path, after),
    )
    found = moved.get(scope, Movement({}))
    return MovementOut(
        before=before,
        after=after,
        counts=[
            Move(before=was, after=became, customers=n)
            for (was, became), n in found.counts.items()
            if was or became
        ],
        stayed=found.stayed(),
        warmed=found.warmed(),
        cooled=found.cooled(),
    )


def _below(session: Database, asker: Caller, institution: str) -> Subtree:
    return CodeRepository(session, within=asker.within).below(institution)


def _customer(session: Database, asker: Caller, code: str) -> tuple[Customer, str, Institution]:
    row = CustomerListRepository(session, within=asker.within).one(code, on=day_or_today(None))
    if row is None:
        raise NotFound(f"客户 {code} 不存在或不在您的管辖范围内：请核对客户代码。")
    return row[0], row[1], row[2]
