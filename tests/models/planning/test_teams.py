"""The three factors of the teams, and the supervisors' income targets (R18, R28)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from models.indicators.parameter_repository import ParameterRepository
from models.indicators.repository import IndicatorRepository, NewObservation
from models.organisation.tables import OfficeLead
from models.planning.income import Income
from models.planning.repository import PlanRepository
from models.planning.team_repository import TeamRepository
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.counting import counting_queries
from tests.models.planning.drafts import JULY, NOW, D, draft, values


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


def test_r18_who_leads_no_office_has_no_team_to_earn_from_and_is_not_listed(company: Company) -> None:
    leads = update(OfficeLead).where(OfficeLead.person_id == company.people["A2S"].id)
    company.session.execute(leads.values(valid_to=JULY))
    lines = TeamRepository(company.session).incomes(company.institutions["A"].id, JULY)
    assert [line.name for line in lines] == ["人员A1S"]


def test_r28_the_rank_of_a_leader_decides_coefficient_and_allowance(company: Company) -> None:
    give_coefficient(company)
    ParameterRepository(company.session).put(
        "allowance_rate", D("0.15"), valid_from=date(2026, 1, 1), rank_id=company.supervisor.id
    )
    team = TeamRepository(company.session).teams(company.institutions["B"].id, JULY)[0]
    assert (team.leader, team.base.rank_coefficient, team.allowance_rate) == ("人员B1S", D("1.1"), D("0.15"))


def test_teams_take_a_fixed_number_of_queries(company: Company) -> None:
    counts = []
    for code in ("A", "head"):
        with counting_queries(company.session) as statements:
            TeamRepository(company.session).teams(company.institutions[code].id, JULY)
        counts.append(len(statements))
    assert counts == [5, 5], "path, offices, definition, values, parameters"
