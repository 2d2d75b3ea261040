"""Plans in the database: the target tree, approval, scenarios, who may see what (R18, R27, R28)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from models.base import Scope
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.repository import IndicatorRepository, NewObservation
from models.planning.income import Income
from models.planning.repository import PlanRepository
from models.planning.tables import Plan, PlanState, Target
from models.planning.team_repository import TeamRepository
from models.planning.tree import Fault
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.counting import counting_queries

JULY = date(2026, 7, 1)
NOW = datetime(2026, 6, 28, 1, tzinfo=UTC)
D = Decimal


@pytest.fixture
def company(session: Session) -> Company:
    IndicatorRepository(session).define()
    return Company(session)


@pytest.fixture
def plans(company: Company) -> PlanRepository:
    return PlanRepository(company.session)


def draft(company: Company, code: str = "P1", institution: str = "A") -> Plan:
    return PlanRepository(company.session).create(
        code=code, name=f"七月规划{code}", institution_id=company.institutions[institution].id, month=JULY
    )


def sound(company: Company, code: str = "P1") -> Plan:
    """A draft that may be submitted."""
    plan = draft(company, code)
    repository = PlanRepository(company.session)
    repository.set_root(plan.id, "regular_premium", D(1000))
    repository.set_root(plan.id, "visits", D(50))
    return plan


def values(plans: PlanRepository, plan: Plan) -> dict[tuple[str, str, bool], Decimal]:
    return {(node.name, node.code, node.is_unassigned): node.value for node in plans.nodes(plan.id)}


def child(plans: PlanRepository, plan: Plan, scope: Scope) -> int:
    return next(node.id for node in plans.nodes(plan.id) if node.scope == scope and not node.is_unassigned)


# --- the tree


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
        ("A1室", "regular_premium", True): 335,
    }


def test_r27_a_company_plan_goes_down_to_institutions(company: Company, plans: PlanRepository) -> None:
    plan = draft(company, institution="head")
    root = plans.set_root(plan.id, "u_headcount", D(10))
    plans.break_down(root.id, {company.scope("A"): D(1), company.scope("B"): D(1)})
    assert sorted(values(plans, plan).values()) == [5, 6, 10], "10 × 1.05 is 11 people"


def test_r27_editing_a_node_moves_the_difference_to_unassigned_beside_and_below(
    company: Company, plans: PlanRepository
) -> None:
    plan = draft(company)
    root = plans.set_root(plan.id, "visits", D(100))
    plans.assign(root.id, {company.scope("A1"): D(60), company.scope("A2"): D(45)})
    a1 = child(plans, plan, company.scope("A1"))
    plans.assign(a1, {company.scope("A1a"): D(63)})
    assert not any(unassigned for _, _, unassigned in values(plans, plan))
    plans.edit(a1, D(40))
    assert values(plans, plan)["机构A", "visits", True] == 20
    plans.edit(a1, D(80))
    found = values(plans, plan)
    assert ("机构A", "visits", True) not in found
    assert found["A1室", "visits", True] == 84 - 63
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
    """Any sequence of edits: Σ children ≥ parent × (1 + buffer), no negative, unassigned = the difference."""
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
                assert total >= parent.value * (1 + buffer)
                assert total == given_ or total - parent.value * (1 + buffer) < D("0.01")
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


# --- teams and incomes


def give_bases(company: Company, **fyc: int) -> None:
    observations = [
        NewObservation(company.scope(office), "fyc", day, D(value))
        for office, value in fyc.items()
        for day in (date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30))
    ]
    IndicatorRepository(company.session).append(observations, source="测试", recorded_at=NOW)


def give_coefficient(company: Company) -> None:
    ParameterRepository(company.session).put(
        "rank_coefficient", D("1.1"), valid_from=date(2026, 1, 1), rank_id=company.supervisor.id
    )


def test_r28_an_institutions_target_goes_to_its_teams_by_the_three_factors(
    company: Company, plans: PlanRepository
) -> None:
    give_bases(company, A1=3000, A2=1000)
    give_coefficient(company)
    company.offices["A2"].market_factor = D("1.5")
    plan = draft(company)
    root = plans.set_root(plan.id, "regular_premium", D("100000.01"))
    assert plans.break_down_to_teams(root.id) == ()
    found = values(plans, plan)
    assert found["A1室", "regular_premium", False] == D("70000.01")
    assert found["A2室", "regular_premium", False] == D("35000.01")
    assert ("机构A", "regular_premium", True) not in found


def test_r28_a_missing_factor_leaves_the_tree_as_it_is_and_says_whose(
    company: Company, plans: PlanRepository
) -> None:
    give_bases(company, A1=3000)
    give_coefficient(company)
    plan = draft(company)
    root = plans.set_root(plan.id, "regular_premium", D(1000))
    assert plans.break_down_to_teams(root.id) == ("A2室缺团队基础，目标没有分解：请补齐后重试。",)
    assert values(plans, plan) == {("机构A", "regular_premium", False): 1000}


def test_r28_the_base_is_the_mean_of_three_months_and_a_gap_makes_it_unknown(company: Company) -> None:
    teams = TeamRepository(company.session)
    repository = IndicatorRepository(company.session)
    for day, value in ((date(2026, 4, 30), 100), (date(2026, 6, 30), 300)):
        repository.append(
            [NewObservation(company.scope("A1"), "fyc", day, D(value))], source="测试", recorded_at=NOW
        )
    a = company.institutions["A"].id
    assert teams.teams(a, JULY)[0].base.fyc is None
    company.offices["A1"].valid_from = date(2026, 6, 10)
    company.session.flush()
    assert teams.teams(a, JULY)[0].base.fyc == 300, "months before the office existed do not count"


def test_r28_an_income_target_records_rank_team_base_and_market(company: Company) -> None:
    give_bases(company, A1=3000)
    teams = TeamRepository(company.session)
    leader = company.people["A1S"].id
    target = teams.put_income(leader, JULY, D(10000), Income(own_fyc=D(3000)))
    assert (target.rank_id, target.team_base, target.market_factor) == (company.supervisor.id, 3000, 1)
    assert teams.put_income(leader, JULY, D(11000), Income(own_fyc=D(3000))).id == target.id


def test_r28_an_income_target_without_one_of_the_factors_is_refused(company: Company) -> None:
    company.offices["A1"].market_factor = None
    company.session.flush()
    teams = TeamRepository(company.session)
    with pytest.raises(InputError, match="现缺：团队基础、市场系数"):
        teams.put_income(company.people["A1S"].id, JULY, D(10000), Income(own_fyc=D(0)))
    with pytest.raises(InputError, match="没有带领"):
        teams.put_income(company.people["A1a"].id, JULY, D(10000), Income(own_fyc=D(0)))
    with pytest.raises(InputError, match="大于零"):
        teams.put_income(company.people["A1S"].id, JULY, D(0), Income(own_fyc=D(0)))


def test_r18_every_supervisor_is_listed_with_or_without_an_income_target(company: Company) -> None:
    give_bases(company, A1=3000)
    teams = TeamRepository(company.session)
    teams.put_income(company.people["A1S"].id, JULY, D(10000), Income(own_fyc=D(3000)))
    with counting_queries(company.session) as statements:
        lines = teams.incomes(company.institutions["A"].id, JULY)
    assert [(line.name, line.rank, line.target and line.target.income) for line in lines] == [
        ("人员A1S", "业务主任", 10000),
        ("人员A2S", "业务主任", None),
    ]
    assert len(statements) == 2


def test_teams_take_a_fixed_number_of_queries(company: Company) -> None:
    counts = []
    for code in ("A", "head"):
        with counting_queries(company.session) as statements:
            TeamRepository(company.session).teams(company.institutions[code].id, JULY)
        counts.append(len(statements))
    assert counts == [5, 5], "path, offices, definition, values, parameters"


# --- approval and scenarios


def move(plans: PlanRepository, plan: Plan, *states: PlanState, comment: str | None = None) -> None:
    for state in states:
        plans.move(plan.id, state, by="张经理", at=NOW, comment=comment)


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
        with pytest.raises(InputError, match="不能修改目标"):
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


# --- the subtree


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
