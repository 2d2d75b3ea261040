"""Definitions by version, and observations: append, correct, read as of a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.indicators.catalogue import CATALOGUE
from models.indicators.repository import Appended, IndicatorRepository, NewObservation
from models.indicators.tables import Observation
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.counting import counting_queries

NOW = datetime(2026, 6, 30, 1, tzinfo=UTC)
JUNE_20 = date(2026, 6, 20)


@pytest.fixture
def company(session: Session) -> Company:
    IndicatorRepository(session).define()
    return Company(session)


def put(company: Company, scope: str, value: str, day: date = JUNE_20, code: str = "fyc") -> Appended:
    new = NewObservation(company.scope(scope), code, day, Decimal(value))
    return IndicatorRepository(company.session).append([new], source="测试", recorded_at=NOW)


def read(company: Company, scope: str, day: date, code: str = "fyc") -> Decimal | None:
    found = IndicatorRepository(company.session).latest([company.scope(scope)], [code], day)
    value = found.get((company.scope(scope), code))
    return value.value if value else None


# --- definitions


def test_the_standard_catalogue_is_added_once(session: Session) -> None:
    repository = IndicatorRepository(session)
    assert repository.define() == len(CATALOGUE)
    assert repository.define() == 0


def test_the_catalogue_has_the_indicators_of_the_dossier() -> None:
    codes = [definition.code for definition in CATALOGUE]
    assert len(set(codes)) == len(codes)
    assert {
        "regular_premium",
        "u_headcount",
        "ct_attained",
        "fyc",
        "visits",
        "closes",
        "training_referral",
    } < set(codes)


def test_the_version_of_a_day_is_the_one_that_had_begun(session: Session) -> None:
    repository = IndicatorRepository(session)
    repository.define()
    old = CATALOGUE[0]
    repository.define([replace(old, version=2, formula="含预收", valid_from=date(2026, 7, 1))])
    versions = repository.versions([old.code])
    assert versions.on(old.code, date(2026, 6, 30)).version == 1
    assert versions.on(old.code, date(2026, 7, 1)).version == 2
    with pytest.raises(InputError, match="没有有效口径"):
        versions.on(old.code, date(1999, 1, 1))


def test_a_published_definition_cannot_be_rewritten(session: Session) -> None:
    repository = IndicatorRepository(session)
    repository.define()
    with pytest.raises(InputError, match="请登记为新版本"):
        repository.define([replace(CATALOGUE[0], formula="另一种算法")])


def test_a_later_version_starts_later(session: Session) -> None:
    repository = IndicatorRepository(session)
    repository.define()
    with pytest.raises(InputError, match="不晚于上一版"):
        repository.define([replace(CATALOGUE[0], version=2)])


# --- appending


def test_the_same_value_again_adds_nothing(company: Company) -> None:
    assert put(company, "A1a", "100") == Appended(added=1, corrected=0, unchanged=0)
    assert put(company, "A1a", "100.00004") == Appended(added=0, corrected=0, unchanged=1)


def test_a_correction_is_a_higher_revision_and_the_old_value_stays(company: Company) -> None:
    put(company, "A1a", "100")
    assert put(company, "A1a", "90") == Appended(added=0, corrected=1, unchanged=0)
    assert put(company, "A1a", "100") == Appended(added=0, corrected=1, unchanged=0)
    assert read(company, "A1a", JUNE_20) == 100
    stored = company.session.execute(select(Observation.revision, Observation.value).order_by(Observation.id))
    assert [tuple(row) for row in stored] == [(1, 100), (2, 90), (3, 100)]


def test_two_values_for_one_key_in_a_batch_are_refused(company: Company) -> None:
    twice = [NewObservation(company.scope("A1"), "fyc", JUNE_20, Decimal(value)) for value in (1, 2)]
    with pytest.raises(InputError, match="两个不同的值"):
        IndicatorRepository(company.session).append(twice, source="测试", recorded_at=NOW)


def test_an_unknown_indicator_is_refused(company: Company) -> None:
    with pytest.raises(InputError, match="没有有效口径"):
        put(company, "A1", "1", code="no_such")


@pytest.mark.parametrize("scope", ["B", "B1", "B1a", "sub"])
def test_nothing_is_written_outside_the_subtree(company: Company, scope: str) -> None:
    repository = IndicatorRepository(company.session, within=company.within("A"))
    inside = NewObservation(company.scope("A1"), "fyc", JUNE_20, Decimal(1))
    outside = NewObservation(company.scope(scope), "fyc", JUNE_20, Decimal(1))
    with pytest.raises(InputError, match="不在您管辖"):
        repository.append([inside, outside], source="测试", recorded_at=NOW)
    assert company.session.scalar(select(func.count(Observation.id))) == 0


def test_a_person_who_left_within_the_month_may_still_be_observed(company: Company) -> None:
    from models.organisation.tables import RankHistory

    row = company.session.scalars(
        select(RankHistory).where(RankHistory.person_id == company.people["A1a"].id)
    ).one()
    row.valid_to = date(2026, 6, 5)
    assert put(company, "A1a", "1", date(2026, 6, 30)).added == 1
    with pytest.raises(InputError, match="不存在"):
        put(company, "A1a", "1", date(2026, 7, 31))


# --- reading


def test_a_value_counts_from_its_month_only(company: Company) -> None:
    put(company, "A", "5", date(2026, 6, 10))
    put(company, "A", "9", date(2026, 6, 25))
    assert read(company, "A", date(2026, 6, 9)) is None
    assert read(company, "A", date(2026, 6, 24)) == 5
    assert read(company, "A", date(2026, 6, 30)) == 9
    assert read(company, "A", date(2026, 7, 1)) is None


def test_many_scopes_and_indicators_take_one_query(company: Company) -> None:
    scopes = [company.scope(code) for code in ("head", "A", "A1", "A1a", "B1b")]
    repository = IndicatorRepository(company.session)
    for code in ("fyc", "visits"):
        repository.append(
            [NewObservation(scope, code, JUNE_20, Decimal(scope.id)) for scope in scopes],
            source="测试",
            recorded_at=NOW,
        )
    with counting_queries(company.session) as statements:
        found = repository.latest(scopes, ["fyc", "visits"], JUNE_20)
    assert {key: value.value for key, value in found.items()} == {
        (scope, code): scope.id for scope in scopes for code in ("fyc", "visits")
    }
    assert len(statements) == 2, "the definitions, and the values"


def test_whole_months_are_read_at_once(company: Company) -> None:
    put(company, "A1", "1", date(2026, 4, 30))
    put(company, "A1", "3", date(2026, 6, 29))
    put(company, "A1", "4", date(2026, 6, 30))
    months = [date(2026, month, 1) for month in (4, 5, 6)]
    found = IndicatorRepository(company.session).monthly([company.scope("A1")], ["fyc"], months)
    assert {month: value.value for (_, _, month), value in found.items()} == {months[0]: 1, months[2]: 4}


def test_nothing_outside_the_subtree_is_read(company: Company) -> None:
    scopes = [company.scope(code) for code in ("head", "A", "A1", "A1a", "B", "B1", "B1a")]
    for code in ("head", "A", "A1", "A1a", "B", "B1", "B1a"):
        put(company, code, "1")
    found = IndicatorRepository(company.session, within=company.within("A")).latest(scopes, ["fyc"], JUNE_20)
    assert {scope for scope, _ in found} == {company.scope(code) for code in ("A", "A1", "A1a")}


def test_a_large_batch_takes_a_few_statements(company: Company) -> None:
    """How long 100,000 rows take is measured by `make bench`."""
    offices = [company.scope(code) for code in ("A1", "A2", "B1")]
    days = [date.fromordinal(date(2025, 1, 1).toordinal() + offset) for offset in range(500)]
    new = [
        NewObservation(scope, code, day, Decimal(day.toordinal()))
        for day in days
        for scope in offices
        for code in ("fyc", "visits")
    ]
    repository = IndicatorRepository(company.session)
    with counting_queries(company.session) as statements:
        assert repository.append(new, source="测试", recorded_at=NOW).added == len(new) == 3_000
    assert len(statements) <= 5, "definitions, offices, lock, stored values, one bulk insert"
    assert repository.append(new, source="测试", recorded_at=NOW).unchanged == len(new)
    assert read(company, "A1", days[-1]) == days[-1].toordinal()
