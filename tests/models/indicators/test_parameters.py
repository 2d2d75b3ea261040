"""Effective-dated parameters: who is answered by which row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.indicators.parameter_repository import ParameterRepository
from models.indicators.parameters import Parameters, Reach, Setting
from models.indicators.tables import Parameter
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.counting import counting_queries

DAY = date(2026, 6, 1)


def setting(value: int, institution: int | None = None, rank: int | None = None) -> Setting:
    return Setting("x", Decimal(value), DAY, institution, rank)


@pytest.mark.parametrize(
    ("settings", "value", "reach"),
    [
        ([setting(1, 3), setting(2, 2), setting(3, None, 9), setting(4)], 1, Reach.INSTITUTION),
        ([setting(2, 2), setting(5, 1), setting(3, None, 9), setting(4)], 2, Reach.ANCESTOR),
        ([setting(3, None, 9), setting(4), setting(7, 8)], 3, Reach.RANK),
        ([setting(4), setting(3, None, 5), setting(7, 8)], 4, Reach.GENERAL),
    ],
)
def test_the_nearest_setting_answers(settings: list[Setting], value: int, reach: Reach) -> None:
    found = Parameters(settings).find("x", path="/1/2/3/", rank_id=9)
    assert found is not None
    assert (found.value, found.reach) == (value, reach)


def test_a_missing_parameter_is_unknown_and_a_zero_is_not() -> None:
    assert Parameters([setting(7, 8)]).value("x", path="/1/2/3/") is None
    assert Parameters([setting(0)]).value("x", path="/1/2/3/") == 0


def test_a_group_is_what_applies_to_the_institution() -> None:
    parameters = Parameters(
        [
            Setting("ct.fyc", Decimal(5), DAY),
            Setting("ct.fyc", Decimal(6), DAY, 2),
            Setting("ct.heads", Decimal(3), DAY, 8),
        ]
    )
    assert parameters.group("ct.", path="/1/2/") == {"fyc": 6}
    assert parameters.group("ct.", path="/8/") == {"fyc": 5, "heads": 3}


def test_a_new_value_ends_the_old_one_on_its_day(session: Session) -> None:
    repository = ParameterRepository(session)
    repository.put("u_threshold", Decimal(3000), valid_from=date(2026, 1, 1))
    repository.put("u_threshold", Decimal(4000), valid_from=date(2026, 7, 1))
    repository.put("u_threshold", Decimal(3500), valid_from=date(2026, 4, 1))
    rows = session.scalars(select(Parameter).order_by(Parameter.valid_from))
    assert [(row.value, row.valid_to) for row in rows] == [
        (3000, date(2026, 4, 1)),
        (3500, date(2026, 7, 1)),
        (4000, None),
    ]
    assert repository.on(date(2025, 12, 31)).value("u_threshold") is None
    assert repository.on(date(2026, 3, 31)).value("u_threshold") == 3000
    assert repository.on(date(2026, 7, 1)).value("u_threshold") == 4000


def test_the_same_first_day_again_replaces_the_value(session: Session) -> None:
    repository = ParameterRepository(session)
    repository.put("u_threshold", Decimal(3000), valid_from=DAY)
    repository.put("u_threshold", Decimal(3100), valid_from=DAY, valid_to=date(2026, 12, 1))
    assert [(row.value, row.valid_to) for row in session.scalars(select(Parameter))] == [
        (3100, date(2026, 12, 1))
    ]


def test_a_parameter_that_ends_before_it_starts_is_refused(session: Session) -> None:
    with pytest.raises(InputError, match="不晚于生效日"):
        ParameterRepository(session).put("x", Decimal(1), valid_from=DAY, valid_to=DAY)


def test_a_manager_sets_only_for_the_institutions_below(session: Session) -> None:
    company = Company(session)
    repository = ParameterRepository(session, within=company.within("A"))
    repository.put("x", Decimal(1), valid_from=DAY, institution_id=company.institutions["A"].id)
    with pytest.raises(InputError, match="不在您管辖"):
        repository.put("x", Decimal(1), valid_from=DAY, institution_id=company.institutions["B"].id)
    with pytest.raises(InputError, match="只有总公司可以设置"):
        repository.put("x", Decimal(1), valid_from=DAY)
    with pytest.raises(InputError, match="只填一项"):
        repository.put(
            "x",
            Decimal(1),
            valid_from=DAY,
            institution_id=company.institutions["A"].id,
            rank_id=company.agent.id,
        )


def test_a_manager_reads_what_stands_above_but_not_beside(session: Session) -> None:
    company = Company(session)
    for value, code in enumerate(("head", "A", "B"), 1):
        ParameterRepository(session).put(
            f"x.{code}", Decimal(value), valid_from=DAY, institution_id=company.institutions[code].id
        )
    with counting_queries(session) as statements:
        parameters = ParameterRepository(session, within=company.within("A")).on(DAY)
    assert len(statements) == 1
    assert parameters.group("x.", path=company.institutions["A"].path) == {"head": 1, "A": 2}
    assert parameters.group("x.", path=company.institutions["B"].path) == {"head": 1}
