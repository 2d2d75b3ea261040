"""Targets shared out by a method: proposed for one node, and level by level down to the person (R27)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from models.base import ScopeKind
from models.indicators.repository import IndicatorRepository, NewObservation
from models.planning.basis import Method
from models.planning.repository import PlanRepository
from models.planning.spreading import SpreadRepository
from models.planning.tables import Plan, PlanState
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.planning.drafts import NOW, D, child, draft, sound, values
from tests.models.planning.test_teams import give_bases, give_coefficient


@pytest.fixture
def spreading(company: Company) -> SpreadRepository:
    return SpreadRepository(company.session)


def observe(company: Company, code: str, day: date, **of: int) -> None:
    rows = [NewObservation(company.scope(who), code, day, D(value)) for who, value in of.items()]
    IndicatorRepository(company.session).append(rows, source="测试", recorded_at=NOW)


def proposed(
    spreading: SpreadRepository, plan: Plan, target: int, method: Method
) -> dict[str, Decimal | None]:
    found = spreading.shares(plan.id, target, method)
    return {share.member.code: share.proposed for share in found.shares}


def test_r27_a_company_target_reaches_every_person_and_the_buffer_counts_once(
    company: Company, plans: PlanRepository, spreading: SpreadRepository
) -> None:
    plan = draft(company, institution="head")
    for code in ("regular_premium", "visits"):
        plans.set_root(plan.id, code, D(1000))
    spread = spreading.spread(plan.id, Method.HEADCOUNT, down_to=ScopeKind.PERSON)
    assert (spread.added, spread.unknown) == (2 * (1 + 1 + 2 + 3 + 9), ())
    found = values(plans, plan)
    assert found["机构branch", "regular_premium", False] == 1000
    shared = [found[name, "regular_premium", False] for name in ("机构A", "机构B")]
    assert shared == [D("666.67"), D("333.33")]

    def together(kind: str, code: str) -> list[Decimal]:
        return [value for (name, of, _), value in found.items() if name.startswith(kind) and of == code]

    offices = [value for (name, of, _), value in found.items() if name.endswith("室") and of == "visits"]
    assert len(together("人员", "visits")) == 9
    assert sum(together("人员", "visits")) == sum(offices) == 701 + 350
    assert sum(together("人员", "regular_premium")) == D("700.01") + D("350.00"), "667 × 1.05 + 333 × 1.05"
    assert plans.validate(plan.id) == []


def test_what_is_broken_down_already_stays_and_only_what_is_asked_for_is_broken_down(
    company: Company, plans: PlanRepository, spreading: SpreadRepository
) -> None:
    plan = sound(company)
    root = next(node.id for node in plans.nodes(plan.id) if node.code == "regular_premium")
    plans.assign(root, {company.scope("A1"): D(700)})
    spread = spreading.spread(plan.id, Method.EVEN, down_to=ScopeKind.PERSON, codes=["regular_premium"])
    found = values(plans, plan)
    assert spread.added == 3
    assert found["A1室", "regular_premium", False] == 700
    assert found["机构A", "regular_premium", True] == 350
    assert found["人员A1a", "regular_premium", False] == D("233.33")
    assert {code for name, code, _ in found if name != "机构A"} == {"regular_premium"}
    with pytest.raises(InputError, match="没有可以往下分解的目标"):
        spreading.spread(plan.id, Method.EVEN, down_to=ScopeKind.PERSON, codes=["u_headcount"])


def test_who_has_a_target_elsewhere_in_the_plan_is_not_given_a_second(
    company: Company, plans: PlanRepository, spreading: SpreadRepository
) -> None:
    plan = sound(company)
    root = next(node.id for node in plans.nodes(plan.id) if node.code == "visits")
    plans.assign(root, {company.scope("A1"): D(10), company.scope("A1a"): D(10)})
    (sentence,) = spreading.spread(plan.id, Method.EVEN, down_to=ScopeKind.PERSON, codes=["visits"]).unknown
    assert sentence == "A1室的拜访量没有分解：人员A1a已在本规划的别处有目标，请改用其他方法或逐个填写。"


def test_history_counts_the_months_that_are_known_and_guesses_nothing(
    company: Company, plans: PlanRepository, spreading: SpreadRepository
) -> None:
    plan = sound(company)
    root = next(node.id for node in plans.nodes(plan.id) if node.code == "visits")
    assert "A1室、A2室缺前三个月实绩所需的数据" in (
        spreading.shares(plan.id, root, Method.HISTORY).why_not or ""
    )
    observe(company, "visits", date(2026, 4, 30), A1=30, A2=10)
    observe(company, "visits", date(2026, 5, 31), A1=60)
    assert proposed(spreading, plan, root, Method.HISTORY) == {"A1": None, "A2": None}
    filled = spreading.shares(plan.id, root, Method.HISTORY_OR_MEAN)
    assert [share.weight for share in filled.shares] == [45, 45]
    observe(company, "visits", date(2026, 5, 31), A2=20)
    assert proposed(spreading, plan, root, Method.HISTORY) == {"A1": 40, "A2": 13}
    company.offices["A2"].valid_from = date(2026, 5, 1)
    assert spreading.shares(plan.id, root, Method.HISTORY).shares[1].weight == 20


def test_r28_institutions_share_by_the_factors_of_their_teams_and_people_have_none(
    company: Company, plans: PlanRepository, spreading: SpreadRepository
) -> None:
    give_bases(company, A1=3000, A2=1000, B1=2000)
    give_coefficient(company)
    plan = draft(company, institution="sub")
    root = plans.set_root(plan.id, "regular_premium", D(6000))
    assert proposed(spreading, plan, root.id, Method.TEAMS) == {"A": 4000, "B": 2000}
    assert spreading.spread(plan.id, Method.TEAMS, down_to=ScopeKind.OFFICE).added == 5
    with pytest.raises(InputError, match="只能分到营业室"):
        spreading.spread(plan.id, Method.TEAMS, down_to=ScopeKind.PERSON)
    office = child(plans, plan, company.scope("B1"))
    with pytest.raises(InputError, match="个人没有团队基础"):
        spreading.shares(plan.id, office, Method.TEAMS)
    person = spreading.spread(plan.id, Method.EVEN, down_to=ScopeKind.PERSON)
    assert person.added == 9
    with pytest.raises(InputError, match="没有下级"):
        spreading.shares(plan.id, child(plans, plan, company.scope("B1a")), Method.EVEN)


def test_another_buffer_changes_what_is_unassigned(company: Company, plans: PlanRepository) -> None:
    plan = sound(company)
    root = next(node.id for node in plans.nodes(plan.id) if node.code == "regular_premium")
    plans.assign(root, {company.scope("A1"): D(700)})
    plans.change(plan.id, name="七月进取", buffer_rate=D("0.1"))
    assert (plan.name, values(plans, plan)["机构A", "regular_premium", True]) == ("七月进取", 400)


def test_only_a_draft_that_was_never_submitted_is_discarded(company: Company, plans: PlanRepository) -> None:
    plan, other = sound(company), sound(company, "P2")
    plans.discard(other.id)
    with pytest.raises(InputError, match="不存在"):
        plans.get(other.id)
    plans.move(plan.id, PlanState.SUBMITTED, by="head", at=NOW)
    with pytest.raises(InputError, match="不能修改"):
        plans.discard(plan.id)
    plans.move(plan.id, PlanState.DRAFT, by="head", at=NOW)
    with pytest.raises(InputError, match="审批记录须保留"):
        plans.discard(plan.id)
