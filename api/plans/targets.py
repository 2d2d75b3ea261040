"""Routes of a plan's target tree. Every edit names the plan as it was read (If-Match) and answers it anew."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, ScopeRef
from api.etags import IfMatch, Tag, require_match
from api.fields import Code
from api.plans import service
from api.plans.schemas import (
    Assignment,
    BreakDown,
    PlanDetail,
    RootTarget,
    SharesOut,
    Spreading,
    SpreadOut,
    TargetValue,
    TeamBreakDown,
)
from api.sessions import Database
from models.base import Scope
from models.planning.basis import Method
from models.planning.repository import PlanRepository
from models.planning.spreading import SpreadRepository
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["规划"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
Target = Annotated[int, Path(alias="id", ge=1, lt=2**63, description="目标节点编号")]


class Edit:
    """One edit of a plan's targets: `of` gives what to edit with, `done` notes it and answers the plan anew.

    The plan must be as the caller read it (If-Match); raises NotFound, Stale, or InputError without If-Match.
    """

    def __init__(
        self,
        request: Request,
        tag: Tag,
        session: Database,
        asker: Editor,
        code: Code,
        match: IfMatch,
    ) -> None:
        self.request, self.tag, self.session, self.asker = request, tag, session, asker
        self.plan = service.plan_of(session, asker, code)
        require_match(match, service.detail(session, asker, self.plan))

    def of(self, target: int | None = None) -> PlanRepository:
        """For editing the plan, or one target, which must be the plan's own."""
        if target is not None:
            service.require_target(self.session, self.asker, self.plan, target)
        return PlanRepository(self.session, within=self.asker.within)

    def scopes(self, wanted: list[ScopeRef]) -> dict[ScopeRef, Scope]:
        """What the references mean; raises InputError for one given twice."""
        if len(set(wanted)) < len(wanted):
            raise InputError("同一对象填写了两次：请每个对象只保留一行。")
        return CodeRepository(self.session, within=self.asker.within).scopes(wanted)

    def done(self, what: str, **detail: str | int) -> PlanDetail:
        note(
            self.session, self.request, self.asker, f"plan.target.{what}",
            kind="plan", code=self.plan.code, institution_id=self.plan.institution_id, **detail,
        )  # fmt: skip
        shown = service.detail(self.session, self.asker, self.plan)
        self.tag(shown)
        return shown


Editing = Annotated[Edit, Depends(Edit)]


@router.put("/plans/{code}/targets", summary="设置机构自身的目标", operation_id="set_plan_target")
def set_root(editing: Editing, body: RootTarget) -> PlanDetail:
    editing.of().set_root(editing.plan.id, body.indicator, body.value)
    return editing.done("set_root", indicator=body.indicator)


@router.put("/plans/{code}/targets/{id}", summary="修改一个目标", operation_id="edit_plan_target")
def edit(editing: Editing, target: Target, body: TargetValue) -> PlanDetail:
    editing.of(target).edit(target, body.value)
    return editing.done("edit", target=target, value=str(body.value))


@router.delete("/plans/{code}/targets/{id}", summary="删除目标及其下级", operation_id="remove_plan_target")
def remove(editing: Editing, target: Target) -> PlanDetail:
    editing.of(target).remove(target)
    return editing.done("remove", target=target)


@router.post("/plans/{code}/targets/{id}/assign", summary="给下级指定目标", operation_id="assign_plan_target")
def assign(editing: Editing, target: Target, body: Assignment) -> PlanDetail:
    plans = editing.of(target)
    scopes = editing.scopes([each.scope for each in body.values])
    plans.assign(target, {scopes[each.scope]: each.value for each in body.values})
    return editing.done("assign", target=target)


@router.post(
    "/plans/{code}/targets/{id}/break-down", summary="按权重分解", operation_id="break_down_plan_target"
)
def break_down(editing: Editing, target: Target, body: BreakDown) -> PlanDetail:
    plans = editing.of(target)
    scopes = editing.scopes([each.scope for each in body.weights])
    plans.break_down(target, {scopes[each.scope]: each.weight for each in body.weights})
    return editing.done("break_down", target=target)


@router.post(
    "/plans/{code}/targets/{id}/break-down-to-teams",
    summary="按团队基础、职级、市场分解到营业室（R28）",
    operation_id="break_down_plan_target_to_teams",
)
def break_down_to_teams(editing: Editing, target: Target) -> TeamBreakDown:
    unknown = editing.of(target).break_down_to_teams(target)
    return TeamBreakDown(plan=editing.done("break_down_to_teams", target=target), unknown=list(unknown))


@router.get(
    "/plans/{code}/targets/{id}/shares",
    summary="按某种方法下级各应得多少（不改动）",
    operation_id="get_plan_target_shares",
)
def shares(
    session: Database,
    asker: Reader,
    code: Code,
    target: Target,
    method: Annotated[Method, Query(description="分解方法，含义见“逐级分解”")],
) -> SharesOut:
    return service.shares(session, asker, service.plan_of(session, asker, code), target, method)


@router.post("/plans/{code}/spread", summary="逐级分解还没有下级的目标", operation_id="spread_plan_targets")
def spread(editing: Editing, body: Spreading) -> SpreadOut:
    done = SpreadRepository(editing.session, within=editing.asker.within).spread(
        editing.plan.id, body.method, down_to=body.down_to, codes=body.indicators
    )
    shown = editing.done("spread", method=body.method, down_to=body.down_to, added=done.added)
    return SpreadOut(plan=shown, added=done.added, unknown=list(done.unknown))
