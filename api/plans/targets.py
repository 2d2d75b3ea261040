"""Routes of a plan's target tree. Every edit names the plan as it was read (If-Match) and answers it anew."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, ScopeRef
from api.etags import IfMatch, require_match, tagged
from api.fields import Code
from api.plans import service
from api.plans.schemas import (
    Assignment,
    BreakDown,
    PlanDetail,
    RootTarget,
    TargetValue,
    TeamBreakDown,
)
from api.sessions import Database
from models.planning.repository import PlanRepository
from models.planning.tables import Plan
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["规划"])
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
Target = Annotated[int, Path(alias="id", ge=1, lt=2**63, description="目标节点编号")]


@router.put("/plans/{code}/targets", summary="设置机构自身的目标", operation_id="set_plan_target")
def set_root(
    request: Request,
    response: Response,
    session: Database,
    asker: Editor,
    code: Code,
    body: RootTarget,
    match: IfMatch = None,
) -> PlanDetail:
    plan = _opened(session, asker, code, match)
    PlanRepository(session, within=asker.within).set_root(plan.id, body.indicator, body.value)
    return _edited(request, response, session, asker, plan, "set_root", indicator=body.indicator)


@router.put("/plans/{code}/targets/{id}", summary="修改一个目标", operation_id="edit_plan_target")
def edit(
    request: Request,
    response: Response,
    session: Database,
    asker: Editor,
    code: Code,
    target: Target,
    body: TargetValue,
    match: IfMatch = None,
) -> PlanDetail:
    plan = _opened(session, asker, code, match, target)
    PlanRepository(session, within=asker.within).edit(target, body.value)
    return _edited(request, response, session, asker, plan, "edit", target=target, value=str(body.value))


@router.delete("/plans/{code}/targets/{id}", summary="删除目标及其下级", operation_id="remove_plan_target")
def remove(
    request: Request,
    response: Response,
    session: Database,
    asker: Editor,
    code: Code,
    target: Target,
    match: IfMatch = None,
) -> PlanDetail:
    plan = _opened(session, asker, code, match, target)
    PlanRepository(session, within=asker.within).remove(target)
    return _edited(request, response, session, asker, plan, "remove", target=target)


@router.post("/plans/{code}/targets/{id}/assign", summary="给下级指定目标", operation_id="assign_plan_target")
def assign(
    request: Request,
    response: Response,
    session: Database,
    asker: Editor,
    code: Code,
    target: Target,
    body: Assignment,
    match: IfMatch = None,
) -> PlanDetail:
    plan = _opened(session, asker, code, match, target)
    _require_once([each.scope for each in body.values])
    scopes = CodeRepository(session, within=asker.within).scopes([each.scope for each in body.values])
    values = {scopes[each.scope]: each.value for each in body.values}
    PlanRepository(session, within=asker.within).assign(target, values)
    return _edited(request, response, session, asker, plan, "assign", target=target)


@router.post(
    "/plans/{code}/targets/{id}/break-down", summary="按权重分解", operation_id="break_down_plan_target"
)
def break_down(
    request: Request,
    response: Response,
    session: Database,
    asker: Editor,
    code: Code,
    target: Target,
    body: BreakDown,
    match: IfMatch = None,
) -> PlanDetail:
    plan = _opened(session, asker, code, match, target)
    _require_once([each.scope for each in body.weights])
    scopes = CodeRepository(session, within=asker.within).scopes([each.scope for each in body.weights])
    weights = {scopes[each.scope]: each.weight for each in body.weights}
    PlanRepository(session, within=asker.within).break_down(target, weights)
    return _edited(request, response, session, asker, plan, "break_down", target=target)


@router.post(
    "/plans/{code}/targets/{id}/break-down-to-teams",
    summary="按团队基础、职级、市场分解到营业室（R28）",
    operation_id="break_down_plan_target_to_teams",
)
def break_down_to_teams(
    request: Request,
    response: Response,
    session: Database,
    asker: Editor,
    code: Code,
    target: Target,
    match: IfMatch = None,
) -> TeamBreakDown:
    plan = _opened(session, asker, code, match, target)
    unknown = PlanRepository(session, within=asker.within).break_down_to_teams(target)
    shown = _edited(request, response, session, asker, plan, "break_down_to_teams", target=target)
    return TeamBreakDown(plan=shown, unknown=list(unknown))


def _opened(
    session: Database, asker: Caller, code: str, match: str | None, target: int | None = None
) -> Plan:
    """The plan as the caller saw it; raises NotFound, Stale, or InputError without If-Match."""
    plan = service.plan_of(session, asker, code)
    if target is not None:
        service.require_target(session, asker, plan, target)
    require_match(match, service.detail(session, asker, plan))
    return plan


def _edited(
    request: Request,
    response: Response,
    session: Database,
    asker: Caller,
    plan: Plan,
    what: str,
    **detail: str | int,
) -> PlanDetail:
    note(
        session, request, asker, f"plan.target.{what}",
        kind="plan", code=plan.code, institution_id=plan.institution_id, **detail,
    )  # fmt: skip
    shown = service.detail(session, asker, plan)
    tagged(response, shown)
    return shown


def _require_once(scopes: list[ScopeRef]) -> None:
    if len(set(scopes)) < len(scopes):
        raise InputError("同一对象填写了两次：请每个对象只保留一行。")
