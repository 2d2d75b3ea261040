"""How much is generated, and the months, weeks and days that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final

from models.calendar.weeks import business_weeks, month_end, month_start, months_later


class Size(StrEnum):
    """3, 30 or 300 level-4 institutions."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Extent:
    """Counts of a size. What is many rows a person is written in detail for the last months only."""

    branches: int
    sub_branches: int
    """A branch."""
    institutions: int
    """Of level 4, in all."""
    customers: int
    """An agent, on average."""
    detail_months: int
    """For weekly volumes, interactions, participations, management actions and target trees."""
    snapshot_weeks: int


EXTENTS: Final[Mapping[Size, Extent]] = {
    Size.SMALL: Extent(1, 2, 3, customers=40, detail_months=12, snapshot_weeks=12),
    Size.MEDIUM: Extent(3, 5, 30, customers=20, detail_months=6, snapshot_weeks=8),
    Size.LARGE: Extent(15, 5, 300, customers=10, detail_months=3, snapshot_weeks=6),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A month or business week: ``first``..``end``, seen up to ``last``, the last day with data."""

    first: date
    end: date
    last: date
    month: int
    """Index of the month."""


@dataclass(frozen=True)
class Timeline:
    """The ``months`` calendar months that end with the one of ``until``, which may be unfinished."""

    until: date
    count: int

    @cached_property
    def months(self) -> tuple[Span, ...]:
        first = month_start(self.until)
        firsts = [months_later(first, back) for back in range(1 - self.count, 1)]
        return tuple(
            Span(day, month_end(day), min(month_end(day), self.until), index)
            for index, day in enumerate(firsts)
        )

    @cached_property
    def weeks(self) -> tuple[Span, ...]:
        """The business weeks that have begun."""
        return tuple(
            Span(week.first, week.last, min(week.last, self.until), month.month)
            for month in self.months
            for week in business_weeks(month.first.year, month.first.month)
            if week.first <= self.until
        )

    @cached_property
    def start(self) -> date:
        return self.months[0].first

    @cached_property
    def days(self) -> int:
        """Days from `start` to ``until``, both included."""
        return (self.until - self.start).days + 1

    def day(self, number: int) -> date:
        """The day that lies ``number`` days after `start`."""
        return self.start + timedelta(days=number)

    def number(self, day: date) -> int:
        return (day - self.start).days

    def month_of(self, day: date) -> int:
        """Index of the day's month; 0 for a day before `start`, the last for one after ``until``."""
        first = self.start
        index = (day.year - first.year) * 12 + day.month - first.month
        return min(max(index, 0), self.count - 1)
