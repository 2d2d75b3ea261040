"""The generated figures agree: people with their policies and weeks, each level with the one below."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from models.activities.tables import Participation, WeeklyVolume
from models.calendar.weeks import month_start
from models.customers.parameters import customer_parameters
from models.customers.tables import Customer, CustomerSnapshot, Interaction, Sale
from models.customers.temperature import Contact, temperature
from models.demo_org.observations import DAILY, SUMMED
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.standing_repository import StandingRepository
from models.indicators.tables import Indicator, Observation
from models.organisation.tables import Institution, RankHistory, SalesOffice
from models.planning.repository import PlanRepository
from models.planning.tables import IncomeTarget, Plan, PlanState, Target
from models.planning.tree import Fault
from tests.models.demo_org.conftest import UNTIL
from tests.models.demo_org.test_people import MONTH_ENDS

Figures = dict[tuple[int, date], Decimal]


def observed(session: Session, scope: str, code: str) -> Figures:
    column = getattr(Observation, f"{scope}_id")
    query = (
        select(column, Observation.as_of, Observation.value)
        .join(Indicator, Indicator.id == Observation.indicator_id)
        .where(Indicator.code == code, column.is_not(None), Observation.as_of.in_(MONTH_ENDS))
    )
    return {(key, day): value for key, day, value in session.execute(query)}


def summed(figures: Figures, parent: dict[Any, int]) -> Figures:
    """The figures added up by what ``parent`` says of (key, day)."""
    total: Figures = defaultdict(Decimal)
    for (key, day), value in figures.items():
        total[parent[key, day], day] += value
    return dict(total)


def office_of_people(session: Session) -> dict[Any, int]:
    places: dict[Any, int] = {}
    for day in MONTH_ENDS:
        holds = and_(
            RankHistory.valid_from <= day, or_(RankHistory.valid_to.is_(None), RankHistory.valid_to > day)
        )
        rows = session.execute(
            select(RankHistory.person_id, RankHistory.office_id).where(
                holds, RankHistory.office_id.is_not(None)
            )
        )
        places |= {(person, day): office for person, office in rows}
    return places


@pytest.mark.parametrize("code", sorted(SUMMED))
def test_each_level_is_the_sum_of_the_one_below(demo: Session, code: str) -> None:
    people, offices = observed(demo, "person", code), observed(demo, "office", code)
    assert summed(people, office_of_people(demo)) == offices
    of_office = dict(demo.execute(select(SalesOffice.id, SalesOffice.institution_id)).tuples().all())
    below = summed(offices, {(key, day): of_office[key] for key in of_office for day in MONTH_ENDS})
    institutions = observed(demo, "institution", code)
    parents = {row.id: row for row in demo.scalars(select(Institution))}
    while below:
        assert {key: institutions[key] for key in below} == below
        above = {(key, day): parents[key].parent_id for key, day in below if parents[key].parent_id}
        below = summed({key: value for key, value in below.items() if key in above}, above)


def test_people_sold_what_their_policies_say(demo: Session) -> None:
    premium: Figures = defaultdict(Decimal)
    fyc: Figures = defaultdict(Decimal)
    closes: Counter[tuple[int, date]] = Counter()
    buyers: dict[tuple[int, date], set[int]] = defaultdict(set)
    by_month = {month_start(day): day for day in MONTH_ENDS}
    for sale in demo.scalars(select(Sale).where(Sale.withdrawn_on.is_(None))):
        key = (sale.agent_id, by_month[month_start(sale.signed_on)])
        premium[key] += sale.premium
        fyc[key] += sale.fyc
        closes[key] += 1
        buyers[key].add(sale.customer_id)
    for code, expected in (
        ("regular_premium", premium),
        ("fyc", fyc),
        ("closes", closes),
        ("customers", {key: len(who) for key, who in buyers.items()}),
    ):
        found = {key: value for key, value in observed(demo, "person", code).items() if value}
        assert found == dict(expected), code


def test_weekly_volumes_add_up_to_the_month(demo: Session) -> None:
    sums: dict[str, Figures] = {"visits": defaultdict(Decimal), "closes": defaultdict(Decimal)}
    by_month = {month_start(day): day for day in MONTH_ENDS}
    for week in demo.scalars(select(WeeklyVolume)):
        key = (week.person_id, by_month[month_start(week.week_ends)])
        sums["visits"][key] += week.visit_done or 0
        sums["closes"][key] += week.close_done or 0
    for code, figures in sums.items():
        assert observed(demo, "person", code) == figures


def test_u_and_ct_are_what_the_thresholds_make_of_them(demo: Session) -> None:
    attained, headcount = observed(demo, "office", "ct_attained"), observed(demo, "person", "u_headcount")
    head = demo.scalars(select(Institution.id).where(Institution.level == 1)).one()
    standing = StandingRepository(demo)
    for day in (MONTH_ENDS[2], MONTH_ENDS[8], UNTIL):
        offices = {office.office_id: office.attained for office in standing.offices(head, day)}
        assert offices == {key: value == 1 for (key, when), value in attained.items() if when == day}
        people = {person.person_id: person.is_u for person in standing.people(head, day)}
        assert people == {key: value == 1 for (key, when), value in headcount.items() if when == day}
    assert 0.15 < sum(attained.values()) / len(attained) < 0.85


def test_the_current_month_grows_day_by_day(demo: Session) -> None:
    for code in DAILY:
        rows = demo.execute(
            select(Observation.institution_id, Observation.as_of, Observation.value)
            .join(Indicator, Indicator.id == Observation.indicator_id)
            .where(Indicator.code == code, Observation.institution_id.is_not(None))
            .where(Observation.as_of >= month_start(UNTIL))
            .order_by(Observation.institution_id, Observation.as_of)
        ).all()
        series: dict[int, list[Decimal]] = defaultdict(list)
        for key, _, value in rows:
            series[key].append(value)
        assert all(len(values) == UNTIL.day for values in series.values())
        assert all(values == sorted(values) for values in series.values())


def test_january_opens_the_year(demo: Session) -> None:
    head = demo.scalars(select(Institution.id).where(Institution.level == 1)).one()
    premium = {
        day: value
        for (key, day), value in observed(demo, "institution", "regular_premium").items()
        if key == head
    }
    whole = {day: value for day, value in premium.items() if day != UNTIL}
    assert max(whole, key=lambda day: whole[day]).month == 1


def test_temperatures_follow_from_the_interactions(demo: Session) -> None:
    week = demo.scalars(select(func.max(CustomerSnapshot.week_ends))).one()
    snapshots = list(
        demo.scalars(
            select(CustomerSnapshot)
            .where(CustomerSnapshot.week_ends == week)
            .order_by(CustomerSnapshot.customer_id)
            .limit(300)
        )
    )
    parameters = customer_parameters(ParameterRepository(demo).on(week))
    contacts: dict[int, list[Contact]] = defaultdict(list)
    for one in demo.scalars(select(Interaction).where(Interaction.customer_id <= snapshots[-1].customer_id)):
        contacts[one.customer_id].append(Contact(one.kind, one.happened_on))
    for snapshot in snapshots:
        expected = temperature(contacts[snapshot.customer_id], on=week, parameters=parameters).value
        assert snapshot.temperature == pytest.approx(expected, abs=Decimal("0.02"))


def test_temperatures_lie_between_0_and_100_and_some_are_high(demo: Session) -> None:
    for column in (
        CustomerSnapshot.temperature,
        CustomerSnapshot.value,
        CustomerSnapshot.potential,
        Participation.temperature_before,
        Participation.temperature_after,
    ):
        low, high = demo.execute(select(func.min(column), func.max(column))).one()
        assert Decimal(0) <= low < 40 < 60 < high <= 100


def test_nobody_is_met_or_signs_before_being_known(demo: Session) -> None:
    early = (
        select(func.count())
        .select_from(Sale)
        .join(Customer, Customer.id == Sale.customer_id)
        .where(Sale.signed_on < Customer.known_since)
    )
    assert demo.scalar(early) == 0
    met = (
        select(func.count())
        .select_from(Interaction)
        .join(Customer, Customer.id == Interaction.customer_id)
        .where(Interaction.happened_on < Customer.known_since)
    )
    assert demo.scalar(met) == 0


def test_r27_every_plan_is_whole(demo: Session) -> None:
    repository = PlanRepository(demo)
    plans = list(demo.scalars(select(Plan)))
    assert {plan.state for plan in plans} >= {PlanState.APPROVED, PlanState.SUBMITTED}
    for plan in plans:
        assert [problem.sentence for problem in repository.validate(plan.id) if problem.blocks] == []
        assert Fault.BUFFER_MISSING not in {problem.fault for problem in repository.validate(plan.id)}
    assert demo.scalar(select(func.count()).where(Target.is_unassigned))


def test_an_institutions_plan_starts_from_what_head_office_gave_it(demo: Session) -> None:
    given = (
        select(Plan.month, Target.institution_id, Target.indicator_id, Target.value)
        .join(Plan, Plan.id == Target.plan_id)
        .join(Institution, Institution.id == Target.institution_id)
        .where(~Target.is_unassigned, Institution.level == 4)
    )
    head = {
        row[:3]: row.value for row in demo.execute(given.where(Plan.institution_id != Target.institution_id))
    }
    own = {
        row[:3]: row.value
        for row in demo.execute(
            given.where(Plan.institution_id == Target.institution_id, Plan.code.endswith("-A"))
        )
    }
    assert head == own
    assert head


def test_r28_an_income_target_rests_on_the_teams_three_months_before(demo: Session) -> None:
    lines = demo.scalars(select(IncomeTarget).where(IncomeTarget.month == MONTH_ENDS[6].replace(day=1))).all()
    fyc = observed(demo, "office", "fyc")
    offices = office_of_people(demo)
    for line in lines:
        office = offices[line.person_id, MONTH_ENDS[6]]
        mean = sum(fyc[office, day] for day in MONTH_ENDS[3:6]) / 3
        assert line.team_base == pytest.approx(mean, abs=Decimal("0.01"))
    assert len(lines) == demo.scalar(select(func.count(SalesOffice.id)))
