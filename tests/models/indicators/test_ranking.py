"""Rankings and gaps of the month's indicators (R15), U and CT, down the tree."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from models.base import Scope, ScopeKind
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.ranking import Place, Standing, rank
from models.indicators.repository import IndicatorRepository, NewObservation
from models.indicators.standing_repository import StandingRepository
from models.indicators.tables import Direction
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.counting import counting_queries

JUNE_30 = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 1, tzinfo=UTC)


def standing(name: str, value: int | None) -> Standing:
    return Standing(
        Scope(ScopeKind.OFFICE, ord(name)), name, None if value is None else Decimal(value), JUNE_30
    )


def places(
    *standings: Standing, direction: Direction = Direction.HIGHER, target: int | None = None
) -> list[Place]:
    targets = {} if target is None else {standing.scope: Decimal(target) for standing in standings}
    ranking = rank(
        standings, direction=direction, targets=targets, worked_days={JUNE_30: 10}, working_days=20
    )
    return list(ranking.places)


def test_r15_ties_share_a_place_and_the_unknown_stand_at_the_end_without_one() -> None:
    ranked = places(
        standing("a", 5), standing("b", None), standing("c", 8), standing("d", 5), standing("e", 1)
    )
    assert [(place.standing.name, place.place) for place in ranked] == [
        ("c", 1),
        ("a", 2),
        ("d", 2),
        ("e", 4),
        ("b", None),
    ]


def test_r15_gaps_to_target_average_and_first_are_negative_when_behind() -> None:
    first, last = places(standing("a", 50), standing("b", 80), target=100)
    assert (first.gap_to_target, first.gap_to_average, first.gap_to_first) == (-20, 15, 0)
    assert (last.gap_to_target, last.gap_to_average, last.gap_to_first) == (-50, -15, -30)
    assert (first.achievement, first.progress_difference) == (Decimal("0.8"), Decimal("0.3"))


def test_r15_where_lower_is_better_the_lowest_is_first_and_a_higher_value_is_behind() -> None:
    first, last = places(standing("a", 50), standing("b", 80), direction=Direction.LOWER, target=60)
    assert (first.standing.name, first.gap_to_target, first.gap_to_average) == ("a", 10, 15)
    assert (last.gap_to_target, last.gap_to_first, last.achievement) == (-20, -30, None)


def test_r15_without_target_or_working_days_the_gap_is_unknown() -> None:
    (alone,) = places(standing("a", 50))
    assert (alone.gap_to_target, alone.achievement, alone.progress_difference) == (None, None, None)
    ranking = rank(
        [standing("a", 50)],
        direction=Direction.HIGHER,
        targets={standing("a", 50).scope: Decimal(100)},
        worked_days={JUNE_30: None},
        working_days=None,
    )
    assert (ranking.places[0].achievement, ranking.places[0].progress_difference) == (Decimal("0.5"), None)


def test_r15_a_target_of_zero_gives_no_achievement() -> None:
    (alone,) = places(standing("a", 50), target=0)
    assert (alone.gap_to_target, alone.achievement) == (50, None)


def test_r15_a_ranking_of_nothing_known_has_no_average() -> None:
    ranking = rank(
        [standing("a", None)],
        direction=Direction.HIGHER,
        targets={},
        worked_days={JUNE_30: 1},
        working_days=2,
    )
    assert (ranking.average, ranking.unknown, ranking.places[0].place) == (None, 1, None)


# --- from the database


@pytest.fixture
def company(session: Session) -> Company:
    IndicatorRepository(session).define()
    return Company(session)


def observe(company: Company, day: date, code: str, **values: int) -> None:
    IndicatorRepository(company.session).append(
        [NewObservation(company.scope(scope), code, day, Decimal(value)) for scope, value in values.items()],
        source="测试",
        recorded_at=NOW,
    )


@pytest.mark.parametrize("code", ["regular_premium", "u_headcount", "ct_attained"])
def test_r15_the_ranking_drills_down_from_the_company_to_a_person(company: Company, code: str) -> None:
    observe(company, JUNE_30, code, branch=9, sub=9, A=4, B=5, A1=1, A2=3, A2a=2, A2b=1, A2S=0)
    repository = StandingRepository(company.session)

    def names(node: str, level: int | None = None) -> list[str]:
        ranking = repository.ranking(company.scope(node), code, JUNE_30, level=level)
        return [place.standing.name for place in ranking.places]

    assert names("head") == ["机构branch"]
    assert names("head", level=4) == names("sub") == ["机构B", "机构A"]
    assert names("A") == ["A2室", "A1室"]
    assert names("A2") == ["人员A2a", "人员A2b", "人员A2S"]
    with pytest.raises(InputError, match="人员之下"):
        names("A2a")


def test_r15_a_ranking_says_as_of_when_it_counts_and_takes_the_newest_revision(company: Company) -> None:
    observe(company, date(2026, 6, 25), "regular_premium", A=10, B=4)
    observe(company, date(2026, 6, 27), "regular_premium", B=5)
    observe(company, date(2026, 6, 27), "regular_premium", B=6)
    with counting_queries(company.session) as statements:
        ranking = StandingRepository(company.session).ranking(
            company.scope("sub"),
            "regular_premium",
            date(2026, 6, 28),
            targets={company.scope("A"): Decimal(20)},
            worked_days={date(2026, 6, 25): 18, date(2026, 6, 27): 20},
            working_days=20,
        )
    assert [(p.standing.value, p.standing.as_of) for p in ranking.places] == [
        (10, date(2026, 6, 25)),
        (6, date(2026, 6, 27)),
    ]
    first = ranking.places[0]
    assert (first.achievement, first.progress_difference) == (Decimal("0.5"), Decimal("-0.4"))
    assert len(statements) == 3, "definition, node, ranking"


def test_r15_only_what_exists_on_the_day_is_ranked(company: Company) -> None:
    company.institutions["B"].valid_to = date(2026, 6, 1)
    company.session.flush()
    ranking = StandingRepository(company.session).ranking(company.scope("sub"), "fyc", JUNE_30)
    assert [place.standing.name for place in ranking.places] == ["机构A"]


@pytest.mark.parametrize("node", ["B", "sub", "B1"])
def test_r15_a_manager_ranks_only_below_the_own_institution(company: Company, node: str) -> None:
    repository = StandingRepository(company.session, within=company.within("A"))
    assert len(repository.ranking(company.scope("A"), "fyc", JUNE_30).places) == 2
    with pytest.raises(InputError, match="不在您管辖"):
        repository.ranking(company.scope(node), "fyc", JUNE_30)


# --- U and CT from thresholds


def test_u_and_ct_follow_the_thresholds_of_the_day(company: Company) -> None:
    parameters = ParameterRepository(company.session)
    parameters.put("u_threshold", Decimal(100), valid_from=date(2026, 1, 1))
    parameters.put("u_threshold", Decimal(200), valid_from=date(2026, 1, 1), rank_id=company.supervisor.id)
    parameters.put("ct_threshold.fyc", Decimal(300), valid_from=date(2026, 1, 1))
    parameters.put("ct_threshold.active_headcount", Decimal(2), valid_from=date(2026, 1, 1))
    observe(company, JUNE_30, "fyc", A1=450, A1S=199, A1a=100, A1b=151, A2=90, A2S=10, A2a=20, A2b=60)
    observe(company, JUNE_30, "active_headcount", A1=3, A2=2)
    repository = StandingRepository(company.session)
    a = company.institutions["A"].id
    offices = {office.name: (office.progress, office.attained) for office in repository.offices(a, JUNE_30)}
    assert offices == {"A1室": (Decimal("1.5"), True), "A2室": (Decimal("0.3"), False)}
    people = {person.name: person.is_u for person in repository.people(a, JUNE_30)}
    assert people == {
        "人员A1S": False,
        "人员A1a": True,
        "人员A1b": True,
        "人员A2S": False,
        "人员A2a": False,
        "人员A2b": False,
    }
    IndicatorRepository(company.session).append(
        repository.attainments(a, JUNE_30), source="计算", recorded_at=NOW
    )
    found = IndicatorRepository(company.session).latest(
        [company.scope(code) for code in ("A", "A1", "A2", "A1a")], ["u_headcount", "ct_attained"], JUNE_30
    )
    assert {key: value.value for key, value in found.items()} == {
        (company.scope("A"), "u_headcount"): 2,
        (company.scope("A"), "ct_attained"): 1,
        (company.scope("A1"), "u_headcount"): 2,
        (company.scope("A1"), "ct_attained"): 1,
        (company.scope("A2"), "u_headcount"): 0,
        (company.scope("A2"), "ct_attained"): 0,
        (company.scope("A1a"), "u_headcount"): 1,
    }


def test_without_thresholds_u_and_ct_are_unknown_and_nothing_is_written(company: Company) -> None:
    observe(company, JUNE_30, "fyc", A1=450, A1a=100)
    repository = StandingRepository(company.session)
    a = company.institutions["A"].id
    assert [office.attained for office in repository.offices(a, JUNE_30)] == [None, None]
    assert {person.is_u for person in repository.people(a, JUNE_30)} == {None}
    assert repository.attainments(a, JUNE_30) == []


def test_one_unknown_agent_makes_the_institutions_u_headcount_unknown(company: Company) -> None:
    ParameterRepository(company.session).put("u_threshold", Decimal(1), valid_from=date(2026, 1, 1))
    observe(company, JUNE_30, "fyc", A1S=1, A1a=1, A1b=0, A2S=0, A2a=0)
    made = StandingRepository(company.session).attainments(company.institutions["A"].id, JUNE_30)
    assert {new.scope: new.value for new in made if new.scope.kind is not ScopeKind.PERSON} == {
        company.scope("A1"): 2
    }


def test_attainments_take_a_fixed_number_of_queries(company: Company) -> None:
    with counting_queries(company.session) as few:
        StandingRepository(company.session).attainments(company.institutions["A"].id, JUNE_30)
    with counting_queries(company.session) as many:
        StandingRepository(company.session).attainments(company.institutions["head"].id, JUNE_30)
    assert len(few) == len(many) <= 10


def test_an_offices_ct_rate_rolls_over_six_months(company: Company) -> None:
    for month, attained in enumerate((1, 1, 0, 0, 1, 1, 1), start=1):
        observe(company, date(2026, month, 28), "ct_attained", A1=attained)
    observe(company, date(2026, 7, 28), "ct_attained", A2=0)
    with counting_queries(company.session) as statements:
        rates = StandingRepository(company.session).ct_rates(
            company.institutions["A"].id, date(2026, 7, 31), months=2
        )
    assert {office.name: office.rates for office in rates} == {
        "A1室": (Decimal(4) / 6, Decimal(4) / 6),
        "A2室": (None, Decimal(0)),
    }
    assert len(statements) == 5, "node, offices, parameters, definition, values"


def test_the_window_of_the_ct_rate_is_a_parameter(company: Company) -> None:
    ParameterRepository(company.session).put("ct_window_months", Decimal(2), valid_from=date(2026, 1, 1))
    for month, attained in enumerate((0, 0, 1, 0, 1, 1, 1), start=1):
        observe(company, date(2026, month, 28), "ct_attained", A1=attained)
    (rates, _) = StandingRepository(company.session).ct_rates(
        company.institutions["A"].id, date(2026, 7, 31), months=3
    )
    assert rates.rates == (Decimal("0.5"), 1, 1)
