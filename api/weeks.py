"""The business week that a list shows unless another is asked for."""

from __future__ import annotations

from datetime import date

from models.calendar.weeks import business_weeks, month_start, months_later


def ended_week(day: date) -> date:
    """Last day of the newest business week that has ended by the day."""
    weeks = [
        week.last
        for month in (months_later(month_start(day), -1), day)
        for week in business_weeks(month.year, month.month)
    ]
    return max(last for last in weeks if last <= day)
