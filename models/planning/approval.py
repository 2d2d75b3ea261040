"""Approval of plans: which step may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.planning.tables import Plan, PlanDecision, PlanState
from qa_pipeline.errors import InputError

NAMES: Final[Mapping[PlanState, str]] = {
    PlanState.DRAFT: "草稿",
    PlanState.SUBMITTED: "待审批",
    PlanState.APPROVED: "已批准",
    PlanState.REJECTED: "已退回",
    PlanState.SUPERSEDED: "已被取代",
}
STEPS: Final[Mapping[PlanState, frozenset[PlanState]]] = {
    PlanState.DRAFT: frozenset({PlanState.SUBMITTED}),
    PlanState.SUBMITTED: frozenset({PlanState.APPROVED, PlanState.REJECTED, PlanState.DRAFT}),
    PlanState.REJECTED: frozenset({PlanState.DRAFT}),
    PlanState.APPROVED: frozenset(),
    PlanState.SUPERSEDED: frozenset(),
}
"""What a person may do. An approved plan is superseded only by the approval of another one."""


def require_step(before: PlanState, after: PlanState) -> None:
    """Raise InputError, naming the steps there are, when the plan may not move so."""
    if after not in STEPS[before]:
        allowed = "、".join(sorted(NAMES[state] for state in STEPS[before]))
        advice = f"可以改为：{allowed}" if allowed else "请另建一份规划"
        raise InputError(f"规划现在是“{NAMES[before]}”，不能改为“{NAMES[after]}”：{advice}。")


def require_other(plan: Plan, submission: PlanDecision | None, by: str) -> None:
    """Two decide on a plan: raise InputError when the one who submitted it would approve it."""
    if submission is not None and submission.decided_by == by:
        raise InputError(f"规划“{plan.name}”由您提交，不能由您批准：请由另一位有审批权限的人批准。")


def require_draft(plan: Plan) -> Plan:
    """The plan; raises InputError unless its targets may be changed."""
    if plan.state is not PlanState.DRAFT:
        raise InputError(f"规划“{plan.name}”现在是“{NAMES[plan.state]}”，不能修改：请退回草稿或另建一份。")
    return plan
