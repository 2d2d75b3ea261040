"""Routes of plans: scenarios, what is wrong with them, comparison and approval."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository
from api.etags import IfMatch, Tag, require_match
from api.fields import Below, Code, Month
from api.pages import Cursor, Limit, Page, page
from api.plans import service
from api.plans.repository import PlanListRepository
from api.plans.schemas import (
    CapacityOut,
    CopiedPlan,
    Decision,
    DecisionOut,
    NewPlan,
    NewScenario,
    PlanChange,
    PlanComparison,
    PlanDetail,
    PlanOut,
    PlanProblem,
)
from api.sessions import Database
from models.organisation.tables import Institution
from models.planning.repository import PlanRepository
from models.planning.tables import PlanState
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["规划"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
Approver = Annotated[Caller, Depends(allowed(Permission.APPROVE_PLANS))]


@router.get("/plans", summary="规划列表（按代码排序）", operation_id="list_plans")
def plans(
    session: Database,
    asker: Reader,
    below: Below = None,
    month: Annotated[Month | None, Query(description="月份")] = None,
    state: Annotated[PlanState | None, Query(description="审批状态")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PlanOut]:
    path = CodeRepository(session, within=asker.within).path(below)
    rows = PlanListRepository(session, within=asker.within).plans(
        below=path, month=month, state=state, cursor=cursor, limit=limit
    )
    shown, further = page(rows, limit, lambda row: [row[0].code])
    return Page(items=[service.line(plan, home) for plan, home in shown], next=further)


@router.post("/plans", status_code=201, summary="新建规划", operation_id="add_plan")
def add(request: Request, tag: Tag, session: Database, asker: Editor, body: NewPlan) -> PlanDetail:
    key = CodeRepository(session, within=asker.within).key(Institution, body.institution)
    service.require_new(session, body.code)
    plan = PlanRepository(session, within=asker.within).create(
        code=body.code, name=body.name, institution_id=key, month=body.month, buffer_rate=body.buffer_rate
    )
    note(session, request, asker, "plan.add", kind="plan", code=plan.code, institution_id=key)
    shown = service.detail(session, asker, plan)
    tag(shown)
    return shown


@router.get("/plans/{code}", summary="一份规划及其目标树", operation_id="get_plan")
def plan(tag: Tag, session: Database, asker: Reader, code: Code) -> PlanDetail:
    shown = service.detail(session, asker, service.plan_of(session, asker, code))
    tag(shown)
    return shown


@router.patch("/plans/{code}", summary="修改草稿的名称和缓冲", operation_id="change_plan")
def change(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    body: PlanChange,
    match: IfMatch,
) -> PlanDetail:
    found = service.plan_of(session, asker, code)
    require_match(match, service.detail(session, asker, found))
    PlanRepository(session, within=asker.within).change(
        found.id, name=body.name, buffer_rate=body.buffer_rate
    )
    note(session, request, asker, "plan.change", kind="plan", code=code, institution_id=found.institution_id)
    shown = service.detail(session, asker, found)
    tag(shown)
    return shown


@router.delete("/plans/{code}", status_code=204, summary="删除从未提交过的草稿", operation_id="discard_plan")
def discard(request: Request, session: Database, asker: Editor, code: Code, match: IfMatch) -> None:
    found = service.plan_of(session, asker, code)
    require_match(match, service.detail(session, asker, found))
    home = found.institution_id
    PlanRepository(session, within=asker.within).discard(found.id)
    note(session, request, asker, "plan.delete", kind="plan", code=code, institution_id=home)


@router.get("/plans/{code}/problems", summary="目标树的校验报告（R27）", operation_id="validate_plan")
def problems(session: Database, asker: Reader, code: Code) -> list[PlanProblem]:
    return service.problems(session, asker, service.plan_of(session, asker, code))


@router.get("/plans/{code}/capacity", summary="产能缺口", operation_id="get_plan_capacity")
def capacity(session: Database, asker: Reader, code: Code) -> CapacityOut:
    return service.capacity_of(session, asker, service.plan_of(session, asker, code))


@router.post(
    "/plans/{code}/copies",
    status_code=201,
    summary="复制为另一方案，或复制到另一个月",
    operation_id="copy_plan",
)
def copy(
    request: Request, tag: Tag, session: Database, asker: Editor, code: Code, body: NewScenario
) -> CopiedPlan:
    source = service.plan_of(session, asker, code)
    new, left_out = service.copy(session, asker, source, code=body.code, name=body.name, month=body.month)
    note(
        session, request, asker, "plan.copy",
        kind="plan", code=new.code, institution_id=new.institution_id, source=code, month=str(new.month),
    )  # fmt: skip
    shown = service.detail(session, asker, new)
    tag(shown)
    return CopiedPlan(**shown.model_dump(), left_out=list(left_out))


@router.get("/plan-comparisons", summary="同月方案逐节点对比", operation_id="compare_plans")
def compare(
    session: Database,
    asker: Reader,
    plan: Annotated[list[Code], Query(description="方案代码，两个以上，第一个为基准", max_length=10)],
) -> PlanComparison:
    return service.compare(session, asker, plan)


@router.get("/plans/{code}/decisions", summary="审批记录", operation_id="list_plan_decisions")
def decisions(session: Database, asker: Reader, code: Code) -> list[DecisionOut]:
    found = service.plan_of(session, asker, code)
    return [
        DecisionOut(
            before=row.before, after=row.after, by=row.decided_by, at=row.decided_at, comment=row.comment
        )
        for row in PlanRepository(session, within=asker.within).decisions(found.id)
    ]


@router.post("/plans/{code}/submit", summary="提交审批", operation_id="submit_plan")
def submit(request: Request, session: Database, asker: Editor, code: Code, body: Decision) -> PlanOut:
    return _moved(request, session, asker, code, PlanState.SUBMITTED, body)


@router.post("/plans/{code}/take-back", summary="退回草稿修改", operation_id="take_back_plan")
def take_back(request: Request, session: Database, asker: Editor, code: Code, body: Decision) -> PlanOut:
    return _moved(request, session, asker, code, PlanState.DRAFT, body)


@router.post("/plans/{code}/approve", summary="批准（提交人以外的人）", operation_id="approve_plan")
def approve(request: Request, session: Database, asker: Approver, code: Code, body: Decision) -> PlanOut:
    """密钥提交的，算建密钥的人提交；密钥不能批准。"""
    return _moved(request, session, asker, code, PlanState.APPROVED, body)


@router.post("/plans/{code}/reject", summary="退回，须写明原因", operation_id="reject_plan")
def reject(request: Request, session: Database, asker: Approver, code: Code, body: Decision) -> PlanOut:
    if body.comment is None:
        raise InputError("退回规划须写明原因：请填写意见。")
    return _moved(request, session, asker, code, PlanState.REJECTED, body)


def _moved(
    request: Request, session: Database, asker: Caller, code: str, after: PlanState, body: Decision
) -> PlanOut:
    found = service.plan_of(session, asker, code)
    service.move(session, asker, found, after, body.comment)
    note(
        session, request, asker, f"plan.{after}",
        kind="plan", code=code, institution_id=found.institution_id,
    )  # fmt: skip
    return service.lines(session, asker, [found])[0]
