"""The editable table of special days, on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from models.base import Subtree
from models.calendar.repository import CalendarRepository
from models.calendar.tables import CalendarDay, SpecialDay
from qa_pipeline.compliance.calendar import LIBRARY_ALONE, slots
from qa_pipeline.errors import InputError

NOTICE = "国务院办公厅 2027 年通知"
NEW_YEAR = {date(2027, 1, 1): "元旦"}
SPRING = {date(2027, 2, 8): "春节", date(2027, 2, 15): "春节"}
ADJUSTED = {date(2027, 2, 14): "春节调休"}


@pytest.fixture
def calendar(session: Session) -> CalendarRepository:
    return CalendarRepository(session)


def test_an_empty_table_leaves_the_library_alone(calendar: CalendarRepository) -> None:
    assert calendar.imported() == LIBRARY_ALONE
    assert calendar.years() == ()


def test_an_entered_year_opens_the_windows_of_its_slots(calendar: CalendarRepository) -> None:
    calendar.set_year(2027, source=NOTICE, holidays=NEW_YEAR | SPRING, lieu_workdays=ADJUSTED)
    imported = calendar.imported()
    first, second, *_ = slots(2027, 2, imported)
    assert first.window == (date(2027, 2, 5), date(2027, 2, 5))
    assert second.window == (date(2027, 2, 14), date(2027, 2, 14))
    assert hash(imported) == hash(calendar.imported())


def test_entering_a_year_again_replaces_it(calendar: CalendarRepository) -> None:
    calendar.set_year(2027, source=NOTICE, holidays=SPRING, lieu_workdays=ADJUSTED)
    calendar.set_year(2027, source="更正", holidays=NEW_YEAR, lieu_workdays={})
    assert [(year.year, year.source) for year in calendar.years()] == [(2027, "更正")]
    assert [(day.day, day.kind, day.name) for day in calendar.days_of(2027)] == [
        (date(2027, 1, 1), SpecialDay.HOLIDAY, "元旦")
    ]


def test_forgetting_a_year_goes_back_to_the_library(calendar: CalendarRepository) -> None:
    calendar.set_year(2026, source="更正", holidays={}, lieu_workdays={})
    assert slots(2026, 2, calendar.imported()) != slots(2026, 2)
    calendar.forget_year(2026)
    assert slots(2026, 2, calendar.imported()) == slots(2026, 2)


def test_days_without_their_year_say_nothing(session: Session, calendar: CalendarRepository) -> None:
    session.add(CalendarDay(day=date(2027, 5, 1), kind=SpecialDay.HOLIDAY, name="劳动节"))
    calendar.set_year(2028, source="通知", holidays={}, lieu_workdays={})
    assert calendar.imported().holidays == frozenset()


@pytest.mark.parametrize(
    ("year", "holidays", "lieu_workdays", "reason"),
    [
        (2027, {date(2026, 12, 31): "元旦"}, {}, "2026-12-31 不在 2027 年内"),
        (2027, {date(2027, 2, 14): "春节"}, ADJUSTED, "既是法定节假日又是调休工作日"),
        (2027, {}, {date(2027, 2, 12): "调休"}, "2027-02-12 不是周末"),
        (1899, {}, {}, "年份 1899 无效"),
    ],
)
def test_impossible_days_are_refused(
    calendar: CalendarRepository,
    year: int,
    holidays: dict[date, str],
    lieu_workdays: dict[date, str],
    reason: str,
) -> None:
    with pytest.raises(InputError, match=reason):
        calendar.set_year(year, source=NOTICE, holidays=holidays, lieu_workdays=lieu_workdays)
    assert calendar.imported() == LIBRARY_ALONE


def test_a_manager_reads_the_calendar_but_does_not_change_it(session: Session) -> None:
    CalendarRepository(session).set_year(2027, source=NOTICE, holidays=NEW_YEAR, lieu_workdays={})
    manager = CalendarRepository(session, within=Subtree("/1/2/"))
    assert manager.imported().holidays == frozenset(NEW_YEAR)
    with pytest.raises(InputError, match="总公司管理员"):
        manager.set_year(2027, source="x", holidays={}, lieu_workdays={})
