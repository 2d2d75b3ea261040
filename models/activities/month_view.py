"""The activity calendar of a month as rows of days, as a wall calendar shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from models.activities.entry import Entry
from models.calendar.weeks import business_week, month_end, month_start


@dataclass(frozen=True, slots=True)
class Day:
    """One cell. ``business_week`` is 1-4 within the day's own month; ``starts_week`` marks its first day."""

    day: date
    in_month: bool
    business_week: int
    starts_week: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class MonthView:
    """Rows of seven days, Monday first, that cover the month; entries without a time stand apart."""

    month: date
    weeks: tuple[tuple[Day, ...], ...]
    unscheduled: tuple[Entry, ...]


def month_view(month: date, entries: Iterable[Entry]) -> MonthView:
    """Lay the entries out on the month that the day lies in; entries of other days are left out."""
    on: dict[date, list[Entry]] = defaultdict(list)
    unscheduled: list[Entry] = []
    for entry in entries:
        if entry.starts_at is None:
            unscheduled.append(entry)
        else:
            on[entry.starts_at.date()].append(entry)
    first = month_start(month)
    monday = first - timedelta(days=first.weekday())
    rows = ((month_end(first) - monday).days // 7) + 1
    return MonthView(
        first,
        tuple(
            tuple(_cell(monday + timedelta(days=7 * row + column), first, on) for column in range(7))
            for row in range(rows)
        ),
        tuple(sorted(unscheduled, key=lambda entry: entry.code)),
    )


def _cell(day: date, month: date, on: dict[date, list[Entry]]) -> Day:
    week = business_week(day)
    return Day(
        day,
        (day.year, day.month) == (month.year, month.month),
        week.number,
        week.first == day,
        tuple(sorted(on.get(day, []), key=lambda entry: (entry.starts_at, entry.code))),
    )
