"""Approval of plans, scenarios, and the targets that rankings take from approved plans (R15)."""

from __future__ import annotations

import pytest

from models.planning.repository import PlanRepository
from models.planning.tables import Plan, PlanState
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.planning.drafts import JULY, NOW, D, draft, sound


def move(plans: PlanRepository, plan: Plan, *states: PlanState, comment: str | None = None) -> None:
    for state in states:
        by = "李总" if state is PlanState.APPROVED else "张经理"
        plans.move(plan.id, state, by=by, at=NOW, comment=comment)


def test_an_approved_plan_supersedes_the_former_and_every_step_is_logged(
    company: Company, plans: PlanRepository
) -> None:
    first, second = sound(company, "P1"), sound(company, "P2")
    move(plans, first, PlanState.SUBMITTED, PlanState.APPROVED)
    move(plans, second, PlanState.SUBMITTED, PlanState.APPROVED)
    assert (first.state, second.state) == (PlanState.SUPERSEDED, PlanState.APPROVED)
    assert [(step.before, step.after) for step in plans.decisions(first.id)] == [
        (PlanState.DRAFT, PlanState.SUBMITTED),
        (PlanState.SUBMITTED, PlanState.APPROVED),
        (PlanState.APPROVED, PlanState.SUPERSEDED),
    ]
    assert plans.decisions(first.id)[-1].comment == "由规划“七月规划P2”取代"


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        ([], PlanState.APPROVED),
        ([], PlanState.REJECTED),
        ([], PlanState.SUPERSEDED),
        ([PlanState.SUBMITTED, PlanState.APPROVED], PlanState.DRAFT),
        ([PlanState.SUBMITTED, PlanState.REJECTED], PlanState.APPROVED),
    ],
)
def test_a_step_out_of_order_is_refused(
    company: Company, plans: PlanRepository, steps: list[PlanState], refused: PlanState
) -> None:
    plan = sound(company)
    move(plans, plan, *steps, comment="原因")
    with pytest.raises(InputError, match="不能改为"):
        move(plans, plan, refused, comment="原因")


def test_nobody_approves_what_they_submitted(company: Company, plans: PlanRepository) -> None:
    plan = sound(company)
    move(plans, plan, PlanState.SUBMITTED, PlanState.DRAFT)
    plans.move(plan.id, PlanState.SUBMITTED, by="李总", at=NOW)
    with pytest.raises(InputError, match="由您提交，不能由您批准"):
        plans.move(plan.id, PlanState.APPROVED, by="李总", at=NOW)
    plans.move(plan.id, PlanState.APPROVED, by="张经理", at=NOW)
    assert plan.state is PlanState.APPROVED, "who submitted it before, and took it back, may approve"


def test_a_plan_with_faults_is_not_submitted(company: Company, plans: PlanRepository) -> None:
    plan = draft(company)
    plans.set_root(plan.id, "regular_premium", D(1000))
    with pytest.raises(InputError, match=r"1 处不符合要求.*没有过程指标"):
        move(plans, plan, PlanState.SUBMITTED)


def test_a_rejection_says_why_and_the_plan_can_be_drafted_again(
    company: Company, plans: PlanRepository
) -> None:
    plan = sound(company)
    move(plans, plan, PlanState.SUBMITTED)
    with pytest.raises(InputError, match="写明原因"):
        move(plans, plan, PlanState.REJECTED)
    move(plans, plan, PlanState.REJECTED, PlanState.DRAFT, comment="目标偏低")
    plans.set_root(plan.id, "visits", D(60))


def test_a_plan_that_is_no_draft_is_not_changed(company: Company, plans: PlanRepository) -> None:
    plan = sound(company)
    root = plans.nodes(plan.id)[0].id
    move(plans, plan, PlanState.SUBMITTED)
    for change in (
        lambda: plans.edit(root, D(1)),
        lambda: plans.set_root(plan.id, "fyc", D(1)),
        lambda: plans.assign(root, {company.scope("A1"): D(1)}),
        lambda: plans.remove(root),
        lambda: plans.break_down_to_teams(root),
    ):
        with pytest.raises(InputError, match="不能修改"):
            change()


def test_scenarios_are_compared_node_by_node(company: Company, plans: PlanRepository) -> None:
    first, second = draft(company, "P1"), draft(company, "P2")
    for plan, value, office in ((first, D(1000), "A1"), (second, D(1200), "A2")):
        root = plans.set_root(plan.id, "regular_premium", value)
        plans.assign(root.id, {company.scope(office): D(1000)})
    rows = {(row.name, row.is_unassigned): row for row in plans.compare([first.id, second.id])}
    assert rows["机构A", False].values == (1000, 1200)
    assert rows["机构A", False].differences == (0, 200)
    assert rows["机构A", True].differences == (0, 210)
    assert rows["A1室", False].values == (1000, None)
    assert rows["A2室", False].differences == (None, None)
    with pytest.raises(InputError, match="至少需要两份"):
        plans.compare([first.id])


def test_r15_a_ranking_takes_its_targets_from_the_nearest_approved_plan(
    company: Company, plans: PlanRepository
) -> None:
    for code, institution, value in (("P1", "head", 500), ("P2", "A", 900), ("P3", "B", 700)):
        plan = draft(company, code, institution)
        plans.set_root(plan.id, "visits", D(value))
        root = plans.set_root(plan.id, "regular_premium", D(value))
        if institution == "head":
            plans.assign(root.id, {company.scope("A"): D(100), company.scope("B"): D(200)})
            visits = next(node for node in plans.nodes(plan.id) if node.code == "visits")
            plans.assign(visits.id, {company.scope("A"): D(1), company.scope("B"): D(1)})
        if code != "P3":
            move(plans, plan, PlanState.SUBMITTED, PlanState.APPROVED)
    scopes = [company.scope(code) for code in ("A", "B", "A1")]
    assert plans.approved_values(scopes, "regular_premium", JULY) == {scopes[0]: 900, scopes[1]: 200}
    narrow = PlanRepository(company.session, within=company.within("B"))
    assert narrow.approved_values(scopes, "regular_premium", JULY) == {scopes[1]: 200}
