"""Business weeks and working days as pure functions."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calendar.weeks import business_week, business_weeks, month_end, month_start, months_later
from models.calendar.working_days import working_days
from qa_pipeline.compliance.calendar import LIBRARY_ALONE, BaseKind, ImportedDays, day_kind, is_known, slots

DAY = timedelta(days=1)
DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
KNOWN_DAYS = st.dates(date(2017, 1, 1), date(2026, 12, 31))
SPECIAL_2027 = ImportedDays(
    years=frozenset({2027}),
    holidays=frozenset({date(2027, 3, 8)}),
    lieu_workdays=frozenset({date(2027, 3, 6)}),
)


@given(DAYS)
def test_every_day_lies_in_exactly_one_business_week(day: date) -> None:
    holding = [week for week in business_weeks(day.year, day.month) if week.first <= day <= week.last]
    assert holding == [business_week(day)]


@given(DAYS)
def test_the_weeks_tile_the_month(day: date) -> None:
    weeks = business_weeks(day.year, day.month)
    assert [week.number for week in weeks] == [1, 2, 3, 4]
    assert weeks[0].first == month_start(day)
    assert weeks[-1].last == month_end(day)
    assert all(a.last + DAY == b.first for a, b in itertools.pairwise(weeks))


@pytest.mark.parametrize(("year", "last"), [(2023, 28), (2024, 29), (2100, 28)])
def test_in_february_the_fourth_week_ends_with_the_month(year: int, last: int) -> None:
    fourth = business_weeks(year, 2)[3]
    assert (fourth.first, fourth.last) == (date(year, 2, 22), date(year, 2, last))


def test_the_days_after_the_28th_belong_to_the_fourth_week() -> None:
    assert {business_week(date(2026, 10, day)).number for day in range(22, 32)} == {4}


@given(DAYS, st.integers(-30, 30))
def test_months_later_keeps_the_day_where_the_month_has_it(day: date, months: int) -> None:
    moved = months_later(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved == month_end(moved) and moved.day < day.day)


@given(KNOWN_DAYS, st.integers(0, 40), st.integers(0, 40))
def test_working_days_add_up(first: date, left: int, right: int) -> None:
    middle, last = first + left * DAY, first + (left + right) * DAY
    if is_known(last.year):
        whole = working_days(first, last)
        assert whole == working_days(first, middle) + working_days(middle + DAY, last)
        assert 0 <= whole <= (last - first).days + 1


def test_holidays_rest_and_adjusted_weekends_work() -> None:
    assert working_days(date(2026, 2, 14), date(2026, 2, 23)) == 1  # 14th adjusted, then the Spring Festival
    assert working_days(date(2026, 9, 7), date(2026, 9, 11)) == 5
    assert working_days(date(2026, 9, 11), date(2026, 9, 10)) == 0


def test_working_days_of_an_unknown_year_are_unknown_until_it_is_imported() -> None:
    assert working_days(date(2027, 3, 1), date(2027, 3, 10)) is None
    assert working_days(date(2026, 12, 1), date(2027, 1, 1)) is None
    assert working_days(date(2027, 3, 1), date(2027, 3, 10), SPECIAL_2027) == 8


def test_imported_days_open_the_windows_of_their_year() -> None:
    assert slots(2027, 3)[0].window is None
    first, *_ = slots(2027, 3, SPECIAL_2027)
    assert first.base_kind == BaseKind.STATUTORY_HOLIDAY
    assert first.window == (date(2027, 3, 6), date(2027, 3, 6))
    assert is_known(2027, SPECIAL_2027)
    assert not is_known(2028, SPECIAL_2027)


def test_an_imported_year_takes_the_place_of_what_the_library_says() -> None:
    corrected = ImportedDays(years=frozenset({2026}))
    assert day_kind(date(2026, 10, 1)) == BaseKind.STATUTORY_HOLIDAY
    assert day_kind(date(2026, 10, 1), corrected) == BaseKind.WORKDAY
    assert day_kind(date(2026, 2, 14), corrected) == BaseKind.WEEKEND
    assert day_kind(date(2025, 10, 1), corrected) == BaseKind.STATUTORY_HOLIDAY


@given(st.integers(2017, 2026), st.integers(1, 12))
def test_days_of_other_years_change_no_slot(year: int, month: int) -> None:
    assert slots(year, month, SPECIAL_2027) == slots(year, month) == slots(year, month, LIBRARY_ALONE)
