"""A plan's target tree in the database (R27), and who may see and change it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.indicators.parameter_repository import ParameterRepository
from models.planning.income import Income
from models.planning.repository import PlanRepository
from models.planning.tables import PlanState, Target
from models.planning.team_repository import TeamRepository
from models.planning.tree import Fault
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.counting import counting_queries
from tests.models.planning.drafts import JULY, NOW, D, child, draft, sound, values


def test_r27_a_target_is_broken_down_from_institution_to_person(
    company: Company, plans: PlanRepository
) -> None:
    plan = draft(company)
    root = plans.set_root(plan.id, "regular_premium", D("1000.00"))
    plans.break_down(root.id, {company.scope("A1"): D(2), company.scope("A2"): D(1)})
    office = child(plans, plan, company.scope("A1"))
    plans.assign(office, {company.scope("A1a"): D(400)})
    assert values(plans, plan) == {
        ("机构A", "regular_premium", False): 1000,
        ("A1室", "regular_premium", False): 700,
        ("A2室", "regular_premium", False): 350,
        ("人员A1a", "regular_premium", False): 400,
        ("A1室", "regular_premium", True): 300,
    }


def test_r27_a_company_plan_goes_down_to_institutions(company: Company, plans: PlanRepository) -> None:
    plan = draft(company, institution="head")
    root = plans.set_root(plan.id, "u_headcount", D(10))
    plans.break_down(root.id, {company.scope("A"): D(1), company.scope("B"): D(1)})
    assert sorted(values(plans, plan).values()) == [5, 5, 10], "the buffer is for the teams of A and B"
    for code in "AB":
        node = child(plans, plan, company.scope(code))
        plans.break_down(node, {company.scope(f"{code}1"): D(1)})
    assert sorted(values(plans, plan).values())[-3:] == [6, 6, 10], "5 × 1.05 is 6 people"


def test_r27_editing_a_node_moves_the_difference_to_unassigned_beside_and_below(
    company: Company, plans: PlanRepository
) -> None:
    plan = draft(company)
    root = plans.set_root(plan.id, "visits", D(100))
    plans.assign(root.id, {company.scope("A1"): D(60), company.scope("A2"): D(45)})
    a1 = child(plans, plan, company.scope("A1"))
    plans.assign(a1, {company.scope("A1a"): D(60)})
    assert not any(unassigned for _, _, unassigned in values(plans, plan))
    plans.edit(a1, D(40))
    assert values(plans, plan)["机构A", "visits", True] == 20
    plans.edit(a1, D(80))
    found = values(plans, plan)
    assert ("机构A", "visits", True) not in found
    assert found["A1室", "visits", True] == 80 - 60
    plans.edit(root.id, D(200))
    assert values(plans, plan)["机构A", "visits", True] == 210 - 125


def test_r27_a_removed_node_returns_its_value_to_unassigned(company: Company, plans: PlanRepository) -> None:
    plan = draft(company)
    root = plans.set_root(plan.id, "visits", D(100))
    plans.assign(root.id, {company.scope("A1"): D(60), company.scope("A2"): D(45)})
    a1 = child(plans, plan, company.scope("A1"))
    plans.assign(a1, {company.scope("A1a"): D(10)})
    plans.remove(a1)
    assert values(plans, plan) == {
        ("机构A", "visits", False): 100,
        ("A2室", "visits", False): 45,
        ("机构A", "visits", True): 60,
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "A1", "A2", "A1a", "A1b", "A2a"]), st.integers(min_value=0, max_value=10**9)
        ),
        max_size=12,
    ),
    st.decimals(min_value=0, max_value="0.3", places=3),
)
def test_r27_whatever_is_edited_children_carry_their_parents_and_nothing_is_lost(
    company: Company, edits: list[tuple[str, int]], buffer: Decimal
) -> None:
    """Any sequence of edits: Σ teams ≥ institution × (1 + buffer), Σ people ≥ team, no negative, and what is
    unassigned is the difference."""
    with company.session.begin_nested() as savepoint:
        plans = PlanRepository(company.session)
        plan = plans.create(
            code="P",
            name="规划",
            institution_id=company.institutions["A"].id,
            month=JULY,
            buffer_rate=buffer,
        )
        root = plans.set_root(plan.id, "regular_premium", D("10000.01"))
        plans.break_down(root.id, {company.scope("A1"): D(3), company.scope("A2"): D(7)})
        for office, people in (("A1", ("A1a", "A1b", "A1S")), ("A2", ("A2a", "A2b"))):
            node = child(plans, plan, company.scope(office))
            plans.break_down(node, {company.scope(code): D(1) for code in people})
        for code, fen in edits:
            plans.edit(child(plans, plan, company.scope(code)), D(fen) / 100)
        nodes = plans.nodes(plan.id)
        for parent in nodes:
            below = [node for node in nodes if node.parent_id == parent.id]
            if below:
                total, given_ = (
                    sum(node.value for node in group)
                    for group in (below, [node for node in below if not node.is_unassigned])
                )
                needed = parent.value * (1 + buffer) if parent.parent_id is None else parent.value
                assert total >= needed
                assert total == given_ or total - needed < D("0.01")
        assert min(node.value for node in nodes) >= 0
        assert {problem.fault for problem in plans.validate(plan.id)} <= {Fault.NO_PROCESS, Fault.UNASSIGNED}
        savepoint.rollback()
    company.session.expire_all()


@pytest.mark.parametrize(("value", "sentence"), [(D(-1), "不能为负"), (D("1.5"), "最小单位是 1次")])
def test_r27_a_value_that_cannot_be_is_refused(
    company: Company, plans: PlanRepository, value: Decimal, sentence: str
) -> None:
    plan = draft(company)
    root = plans.set_root(plan.id, "visits", D(100))
    with pytest.raises(InputError, match=sentence):
        plans.edit(root.id, value)
    with pytest.raises(InputError, match=sentence):
        plans.assign(root.id, {company.scope("A1"): value})


def test_r27_the_unassigned_node_follows_and_is_not_edited(company: Company, plans: PlanRepository) -> None:
    plan = draft(company)
    root = plans.set_root(plan.id, "visits", D(100))
    plans.assign(root.id, {company.scope("A1"): D(10)})
    (rest,) = [node.id for node in plans.nodes(plan.id) if node.is_unassigned]
    for change in (
        lambda: plans.edit(rest, D(1)),
        lambda: plans.remove(rest),
        lambda: plans.assign(rest, {company.scope("A2"): D(1)}),
    ):
        with pytest.raises(InputError, match="未分配"):
            change()


@pytest.mark.parametrize("scope", ["A", "B", "B1", "B1a", "head"])
def test_r27_a_target_goes_only_to_those_below(company: Company, plans: PlanRepository, scope: str) -> None:
    root = plans.set_root(draft(company).id, "visits", D(100))
    with pytest.raises(InputError, match="只能分解给下级"):
        plans.assign(root.id, {company.scope(scope): D(1)})


def test_r27_an_office_gives_only_to_its_people(company: Company, plans: PlanRepository) -> None:
    plan = draft(company)
    root = plans.set_root(plan.id, "visits", D(100))
    plans.assign(root.id, {company.scope("A1"): D(1)})
    with pytest.raises(InputError, match="只能分解给下级"):
        plans.assign(child(plans, plan, company.scope("A1")), {company.scope("A2a"): D(1)})


def test_r27_a_rate_is_not_split(company: Company, plans: PlanRepository) -> None:
    with pytest.raises(InputError, match="比率指标"):
        plans.set_root(draft(company).id, "activity_rate", D("0.5"))


def test_r27_the_report_names_every_scope_without_a_result_or_a_process(
    company: Company, plans: PlanRepository
) -> None:
    plan = draft(company)
    assert [problem.fault for problem in plans.validate(plan.id)] == [Fault.NO_ROOT]
    root = plans.set_root(plan.id, "regular_premium", D(100))
    visits = plans.set_root(plan.id, "visits", D(100))
    plans.assign(root.id, {company.scope("A1"): D(100)})
    plans.assign(visits.id, {company.scope("A2"): D(105)})
    found = {(problem.fault, problem.sentence.split("的")[0]) for problem in plans.validate(plan.id)}
    assert found == {
        (Fault.NO_PROCESS, "A1室没有过程指标"),
        (Fault.NO_RESULT, "A2室没有结果指标"),
        (Fault.UNASSIGNED, "机构A"),
    }


def test_r27_the_report_finds_children_below_their_parent(company: Company, plans: PlanRepository) -> None:
    """The repository keeps the sums; a tree that came in another way is still judged."""
    plan = sound(company)
    root = next(node for node in plans.nodes(plan.id) if node.code == "visits")
    plans.assign(root.id, {company.scope("A1"): D(53)})
    target = company.session.get(Target, child(plans, plan, company.scope("A1")))
    assert target is not None
    target.value = D(51)
    company.session.flush()
    assert Fault.BUFFER_MISSING in {problem.fault for problem in plans.validate(plan.id)}
    target.value = D(49)
    company.session.flush()
    (short,) = [p for p in plans.validate(plan.id) if p.fault is Fault.SUM_BELOW_PARENT]
    assert short.sentence == "机构A的拜访量：下级目标合计49次，低于本级50次，还差1次：请调高下级目标。"
    assert short.blocks


def test_the_buffer_is_five_percent_unless_the_parameter_says_otherwise(company: Company) -> None:
    assert draft(company, "P1").buffer_rate == D("0.05")
    ParameterRepository(company.session).put(
        "buffer_rate", D("0.08"), valid_from=date(2026, 1, 1), institution_id=company.institutions["sub"].id
    )
    assert draft(company, "P2").buffer_rate == D("0.08")


def test_nothing_outside_the_subtree_is_seen_or_changed(company: Company, plans: PlanRepository) -> None:
    plan = sound(company)
    root = plans.nodes(plan.id)[0].id
    narrow = PlanRepository(company.session, within=company.within("B"))
    teams = TeamRepository(company.session, within=company.within("B"))
    a = company.institutions["A"].id
    for attempt in (
        lambda: narrow.get(plan.id),
        lambda: narrow.nodes(plan.id),
        lambda: narrow.edit(root, D(1)),
        lambda: narrow.remove(root),
        lambda: narrow.move(plan.id, PlanState.SUBMITTED, by="李", at=NOW),
        lambda: narrow.create(code="X", name="X", institution_id=a, month=JULY),
        lambda: teams.teams(a, JULY),
        lambda: teams.incomes(a, JULY),
        lambda: teams.put_income(company.people["A1S"].id, JULY, D(1), Income(own_fyc=D(0))),
    ):
        with pytest.raises(InputError, match="您管辖"):
            attempt()


def test_a_tree_is_read_in_two_queries(company: Company, plans: PlanRepository) -> None:
    plan_id = sound(company).id
    for node in plans.nodes(plan_id):
        plans.break_down(node.id, {company.scope("A1"): D(1), company.scope("A2"): D(1)})
    company.session.expire_all()
    with counting_queries(company.session) as statements:
        assert len(plans.nodes(plan_id)) == 6
    assert len(statements) == 2
