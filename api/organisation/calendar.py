"""Routes of the business calendar: the month's four meetings, and the holidays behind it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.fields import Month
from api.organisation.schemas import (
    DayOut,
    MonthOut,
    RequirementOut,
    SlotOut,
    SpecialDayIn,
    YearIn,
    YearOut,
)
from api.problems import NotFound
from api.sessions import Database
from models.calendar.repository import CalendarRepository
from models.calendar.tables import CalendarYear
from models.meetings.slots import name_of
from qa_pipeline.compliance.calendar import FIRST_YEAR, LAST_YEAR, Slot, is_known, slots
from qa_pipeline.errors import InputError
from qa_pipeline.names import KINDS, THEMES

router: Final = APIRouter(tags=["日历"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_COMPLIANCE))]
Editor = Annotated[Caller, Depends(allowed(Permission.MANAGE_CALENDAR))]
Year = Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR, description="年份")]


@router.get("/calendar/years", summary="已录入节假日的年份", operation_id="list_calendar_years")
def years(session: Database, asker: Reader) -> list[YearOut]:
    repository = CalendarRepository(session, within=asker.within)
    return [_year(repository, row) for row in repository.years()]


@router.put("/calendar/years/{year}", summary="录入一年的节假日和调休", operation_id="set_calendar_year")
def set_year(request: Request, session: Database, asker: Editor, year: Year, body: YearIn) -> YearOut:
    repository = CalendarRepository(session, within=asker.within)
    repository.set_year(
        year,
        source=body.source,
        holidays=_by_day(body.holidays),
        lieu_workdays=_by_day(body.lieu_workdays),
    )
    note(session, request, asker, "calendar.set", kind="calendar", code=str(year), days=len(body.holidays))
    return _year(repository, next(row for row in repository.years() if row.year == year))


@router.delete(
    "/calendar/years/{year}",
    status_code=204,
    summary="恢复为内置节假日",
    operation_id="forget_calendar_year",
)
def forget_year(request: Request, session: Database, asker: Editor, year: Year) -> None:
    repository = CalendarRepository(session, within=asker.within)
    if all(row.year != year for row in repository.years()):
        raise NotFound(f"{year} 年没有录入的节假日。")
    repository.forget_year(year)
    note(session, request, asker, "calendar.forget", kind="calendar", code=str(year))


@router.get("/calendar/{month}", summary="某月应召开的四场会议及要求", operation_id="get_calendar_month")
def month(session: Database, asker: Reader, month: Month) -> MonthOut:
    imported = CalendarRepository(session, within=asker.within).imported()
    return MonthOut(
        month=month,
        known=is_known(month.year, imported),
        slots=[_slot(slot) for slot in slots(month.year, month.month, imported)],
    )


def _by_day(rows: list[SpecialDayIn]) -> dict[date, str]:
    days = {row.day: row.name for row in rows}
    if len(days) < len(rows):
        raise InputError("同一日期填写了两次：请每个日期只保留一行。")
    return days


def _year(repository: CalendarRepository, row: CalendarYear) -> YearOut:
    days = [DayOut(day=day.day, kind=day.kind, name=day.name) for day in repository.days_of(row.year)]
    return YearOut(year=row.year, source=row.source, days=days)


def _slot(slot: Slot) -> SlotOut:
    return SlotOut(
        id=slot.id,
        name=name_of(slot),
        kind=slot.kind,
        kind_name=KINDS[slot.kind],
        theme=slot.theme,
        theme_name=THEMES[slot.theme],
        base=slot.base,
        base_kind=slot.base_kind,
        earliest=slot.earliest,
        latest=slot.latest,
        covers=slot.covers,
        collision=slot.collision,
        requirements=[RequirementOut(rule=each.rule, text=each.text) for each in slot.requirements],
    )
