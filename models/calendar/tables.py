"""Days that an administrator enters for years that the holiday library does not know, or knows wrongly."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Name, one_of


class SpecialDay(StrEnum):
    """How a special day differs from what its weekday says."""

    HOLIDAY = "holiday"
    LIEU_WORKDAY = "lieu_workday"


class CalendarYear(Base):
    """A year whose special days are entered here: its weekdays work, its weekends rest, but for them."""

    __tablename__ = "calendar_year"
    __table_args__ = (CheckConstraint("year BETWEEN 2000 AND 2100", name="year"),)

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[Name]
    """Where the days come from, for example the notice of the State Council."""


class CalendarDay(Base):
    """One statutory holiday or adjusted working day of a `CalendarYear`."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[SpecialDay] = mapped_column(one_of(SpecialDay))
    name: Mapped[Name]
