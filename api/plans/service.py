"""What of plans is shown, and how they move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.key_repository import KeyRepository
from api.codes import CodeRepository, ScopeOut
from api.fields import existing
from api.plans.repository import PlanListRepository
from api.plans.schemas import (
    CapacityOut,
    ComparedNode,
    NodeOut,
    PlanComparison,
    PlanDetail,
    PlanOut,
    PlanProblem,
    ShareOut,
    SharesOut,
    TierOut,
)
from api.problems import Conflict, NotFound
from models.base import Scope
from models.organisation.roster import RosterRepository
from models.organisation.tables import Institution, Rank
from models.planning.basis import Method
from models.planning.capacity import Tier, capacity
from models.planning.carrying import CarryRepository
from models.planning.repository import PlanRepository
from models.planning.spreading import SpreadRepository
from models.planning.tables import Plan, PlanState
from models.planning.tree import Problem
from models.toolbox.repository import ToolboxRepository
from models.toolbox.tables import ToolboxTable
from qa_pipeline.errors import InputError

PREMIUM: Final = "regular_premium"


def plan_of(session: Session, asker: Caller, code: str) -> Plan:
    """The visible plan; raises NotFound."""
    codes = CodeRepository(session, within=asker.within)
    key = existing(lambda given: codes.key(Plan, given), code)
    return PlanRepository(session, within=asker.within).get(key)


def line(plan: Plan, institution: str) -> PlanOut:
    return PlanOut(
        code=plan.code,
        name=plan.name,
        institution=institution,
        month=plan.month,
        buffer_rate=plan.buffer_rate,
        state=plan.state,
    )


def lines(session: Session, asker: Caller, plans: Sequence[Plan]) -> list[PlanOut]:
    names = CodeRepository(session, within=asker.within).codes(
        Institution, [plan.institution_id for plan in plans]
    )
    return [line(plan, names[plan.institution_id]) for plan in plans]


def detail(session: Session, asker: Caller, plan: Plan) -> PlanDetail:
    """The plan with its tree and the validation report (R27)."""
    plans = PlanRepository(session, within=asker.within)
    nodes, problems = plans.nodes(plan.id), plans.validate(plan.id)
    shown = CodeRepository(session).shown({node.scope for node in nodes})
    return PlanDetail(
        **lines(session, asker, [plan])[0].model_dump(),
        nodes=[
            NodeOut(
                id=node.id,
                parent=node.parent_id,
                scope=shown[node.scope],
                indicator=node.code,
                name=node.indicator,
                unit=node.unit,
                aspect=node.aspect,
                value=node.value,
                is_unassigned=node.is_unassigned,
            )
            for node in nodes
        ],
        problems=[_problem(problem, shown) for problem in problems],
    )


def problems(session: Session, asker: Caller, plan: Plan) -> list[PlanProblem]:
    found = PlanRepository(session, within=asker.within).validate(plan.id)
    shown = CodeRepository(session).shown({each.scope for each in found if each.scope})
    return [_problem(each, shown) for each in found]


def require_target(session: Session, asker: Caller, plan: Plan, target_id: int) -> None:
    """Raise NotFound for a node of another plan."""
    if not PlanListRepository(session, within=asker.within).holds(plan.id, target_id):
        raise NotFound(f"规划“{plan.name}”中没有目标 {target_id}：请刷新后重试。")


def shares(session: Session, asker: Caller, plan: Plan, target_id: int, method: Method) -> SharesOut:
    """What the method would give to those right below the node; raises NotFound, InputError."""
    require_target(session, asker, plan, target_id)
    found = SpreadRepository(session, within=asker.within).shares(plan.id, target_id, method)
    return SharesOut(
        method=method,
        target=found.node.value,
        required=found.required,
        shares=[
            ShareOut(
                scope=ScopeOut(kind=share.member.scope.kind, code=share.member.code, name=share.member.name),
                weight=share.weight,
                proposed=share.proposed,
                value=share.present,
            )
            for share in found.shares
        ],
        why_not=found.why_not,
    )


def require_new(session: Session, code: str) -> None:
    """Raise Conflict for a code in use."""
    if PlanListRepository(session).is_taken(code):
        raise Conflict(f"方案代码 {code} 已被使用：请换一个代码。")


def copy(
    session: Session, asker: Caller, source: Plan, *, code: str, name: str, month: date | None
) -> tuple[Plan, tuple[str, ...]]:
    """Another draft with the same tree and buffer, and a sentence for all that could not be carried over.

    ``month``: None is the source's. Raises Conflict for a code in use, or where the institution has a plan
    of another month already.
    """
    require_new(session, code)
    plans = PlanListRepository(session, within=asker.within)
    if month is not None and month != source.month:
        present = plans.of_month(source.institution_id, month)
        if present is not None:
            raise Conflict(
                f"该机构 {month:%Y-%m} 已有规划“{present.name}”（{present.code}），没有复制："
                "请直接修改它，或换一个月份。"
            )
    new = PlanRepository(session, within=asker.within).create(
        code=code,
        name=name,
        institution_id=source.institution_id,
        month=month or source.month,
        buffer_rate=source.buffer_rate,
    )
    return new, CarryRepository(session, within=asker.within).carry(source, new)


def compare(session: Session, asker: Caller, codes: Iterable[str]) -> PlanComparison:
    """The scenarios node by node; raises InputError for fewer than two, or plans of different months."""
    plans = [plan_of(session, asker, code) for code in dict.fromkeys(codes)]
    if len({(plan.institution_id, plan.month) for plan in plans}) > 1:
        raise InputError("只能对比同一机构同一月份的方案：请重新选择。")
    found = PlanRepository(session, within=asker.within).compare([plan.id for plan in plans])
    shown = CodeRepository(session).shown({node.scope for node in found})
    return PlanComparison(
        plans=lines(session, asker, plans),
        nodes=[
            ComparedNode(
                scope=shown[node.scope],
                indicator=node.code,
                is_unassigned=node.is_unassigned,
                values=list(node.values),
                differences=list(node.differences),
            )
            for node in found
        ],
    )


def move(session: Session, asker: Caller, plan: Plan, after: PlanState, comment: str | None) -> None:
    """Move the plan; raises Conflict when its state, or who submitted it, does not allow the step."""
    plans = PlanRepository(session, within=asker.within)
    try:
        plans.require_step(plan, after, by=asker.actor)
    except InputError as error:
        raise Conflict(str(error)) from error
    if after is PlanState.APPROVED and is_own(session, asker, plan):
        raise Conflict(f"规划“{plan.name}”由您建的密钥提交，不能由您批准：请由另一位有审批权限的人批准。")
    plans.move(plan.id, after, by=asker.actor, at=datetime.now(UTC), comment=comment)


def is_own(session: Session, asker: Caller, plan: Plan) -> bool:
    """Whether the asker submitted the plan, in person or by a key: behind a key stands whoever made it."""
    step = PlanRepository(session, within=asker.within).submission(plan)
    if step is None:
        return False
    maker = KeyRepository(session).maker(step.decided_by, at=step.decided_at)
    return step.decided_by == asker.actor or (maker is not None and maker == asker.account_id)


def led(session: Session, asker: Caller, person_id: int, month: date) -> tuple[int, int]:
    """(institution, office) that the supervisor leads on the month's first day; raises InputError."""
    place = PlanListRepository(session, within=asker.within).led(person_id, month)
    if place is None:
        raise InputError(f"该人员在 {month:%Y-%m-%d} 没有带领您管辖的营业室，不能测算：请核对主管任命。")
    return place


def capacity_of(session: Session, asker: Caller, plan: Plan) -> CapacityOut:
    """产能缺口 of the plan's institution in the plan's month."""
    nodes = PlanRepository(session, within=asker.within).nodes(plan.id)
    target = next((node.value for node in nodes if node.parent_id is None and node.code == PREMIUM), None)
    codes = CodeRepository(session, within=asker.within)
    home = codes.codes(Institution, [plan.institution_id])[plan.institution_id]
    heads: Counter[int] = Counter()
    for row in RosterRepository(session, within=codes.below(home)).headcounts(plan.month):
        heads[row.rank_id] += row.closing
    ranks = codes.codes(Rank, heads)
    toolbox = ToolboxRepository(session, within=asker.within).on(plan.institution_id, plan.month)
    tiers = [
        Tier(ranks[rank], heads[rank], toolbox.find(ToolboxTable.TIER_PRODUCTIVITY, ranks[rank]).value)
        for rank in sorted(heads, key=lambda rank: ranks[rank])
    ]
    found = capacity(target or Decimal(0), tiers)
    return CapacityOut(
        target=target,
        expected=found.expected,
        gap=None if target is None else found.gap,
        tiers=[
            TierOut(rank=tier.rank, headcount=tier.headcount, productivity=tier.productivity)
            for tier in tiers
        ],
        missing=list(found.missing),
    )


def _problem(problem: Problem, shown: dict[Scope, ScopeOut]) -> PlanProblem:
    return PlanProblem(
        fault=problem.fault,
        blocks=problem.blocks,
        scope=shown[problem.scope] if problem.scope else None,
        sentence=problem.sentence,
    )
