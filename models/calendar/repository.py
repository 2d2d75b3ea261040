"""The special days that were entered for years the holiday library does not know, or knows wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import delete, select

from models.base import EVERYWHERE, Repository
from models.calendar.tables import CalendarDay, CalendarYear, SpecialDay
from qa_pipeline.compliance.calendar import FIRST_YEAR, LAST_YEAR, ImportedDays
from qa_pipeline.errors import InputError


class CalendarRepository(Repository):
    """One calendar for the whole company: everyone reads it, only a session for everywhere changes it."""

    def imported(self) -> ImportedDays:
        """All entered years as the one value that `slots`, `slot_for` and `working_days` take."""
        years = frozenset(self.session.scalars(select(CalendarYear.year)))
        days: dict[SpecialDay, set[date]] = {kind: set() for kind in SpecialDay}
        if years:
            for day, kind in self.session.execute(select(CalendarDay.day, CalendarDay.kind)):
                if day.year in years:
                    days[kind].add(day)
        return ImportedDays(
            years=years,
            holidays=frozenset(days[SpecialDay.HOLIDAY]),
            lieu_workdays=frozenset(days[SpecialDay.LIEU_WORKDAY]),
        )

    def years(self) -> tuple[CalendarYear, ...]:
        """The entered years, in order."""
        return tuple(self.session.scalars(select(CalendarYear).order_by(CalendarYear.year)))

    def days_of(self, year: int) -> tuple[CalendarDay, ...]:
        """The year's special days, in order."""
        within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
        return tuple(self.session.scalars(select(CalendarDay).where(within).order_by(CalendarDay.day)))

    def set_year(
        self,
        year: int,
        *,
        source: str,
        holidays: Mapping[date, str],
        lieu_workdays: Mapping[date, str],
    ) -> None:
        """Enter a whole year, day -> name, in place of what was entered for it before.

        Raises InputError for a day of another year, a day of both kinds, or an adjusted working day that is
        no weekend. Slots made earlier get their windows when `SlotRepository.fill_month` runs again.
        """
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise InputError(f"年份 {year} 无效：请填写 {FIRST_YEAR}–{LAST_YEAR} 之间的年份。")
        for day in (*holidays, *lieu_workdays):
            if day.year != year:
                raise InputError(f"{day} 不在 {year} 年内：请只填写该年的节假日和调休工作日。")
        for day in lieu_workdays:
            if day in holidays:
                raise InputError(f"{day} 既是法定节假日又是调休工作日：请只保留一种。")
            if day.weekday() < 5:
                raise InputError(f"{day} 不是周末，不必登记为调休工作日：请核对日期。")
        self.forget_year(year)
        self.session.add(CalendarYear(year=year, source=source))
        kinds = ((SpecialDay.HOLIDAY, holidays), (SpecialDay.LIEU_WORKDAY, lieu_workdays))
        self.session.add_all(
            CalendarDay(day=day, kind=kind, name=name) for kind, days in kinds for day, name in days.items()
        )
        self.session.flush()

    def forget_year(self, year: int) -> None:
        """Go back to what the library knows of the year."""
        if self.within != EVERYWHERE:
            raise InputError("节假日对全公司生效，您的权限只限本机构：请由总公司管理员修改。")
        self.session.execute(
            delete(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
        )
        self.session.execute(delete(CalendarYear).where(CalendarYear.year == year))
