"""Business weeks: four a month, the same for the whole company (dossier sections 1 and 2, defaults)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Final

FIRST_DAYS: Final = (1, 8, 15, 22)
"""W1 1-7, W2 8-14, W3 15-21, W4 22 to the month's end, so that 29-31 belong to W4."""


@dataclass(frozen=True, slots=True)
class BusinessWeek:
    """Week ``number`` (1-4) of a month; ``first`` and ``last`` are both included."""

    number: int
    first: date
    last: date


def business_weeks(year: int, month: int) -> tuple[BusinessWeek, ...]:
    """The month's four business weeks, in order; they tile the month."""
    lasts = (*(day - 1 for day in FIRST_DAYS[1:]), monthrange(year, month)[1])
    return tuple(
        BusinessWeek(number, date(year, month, first), date(year, month, last))
        for number, (first, last) in enumerate(zip(FIRST_DAYS, lasts, strict=True), start=1)
    )


def business_week(day: date) -> BusinessWeek:
    """The business week that the day lies in."""
    return business_weeks(day.year, day.month)[min((day.day - 1) // 7, 3)]


def month_start(day: date) -> date:
    return day.replace(day=1)


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def months_later(day: date, months: int) -> date:
    """The same day of a later (or, below zero, earlier) month; the month's last day where it has no such."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
