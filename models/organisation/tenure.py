"""Who is new, and how many people a month had on average (dossier section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from models.calendar.weeks import months_later

NEW_MONTHS: Final = 12
"""Dossier section 3: new is whoever has served 12 months or less."""


def is_new(joined_on: date, day: date, *, months: int = NEW_MONTHS) -> bool:
    """Whether someone who joined then is new on the day: tenure <= 12 months (dossier section 3)."""
    return day <= months_later(joined_on, months)


@dataclass(frozen=True, slots=True)
class Headcount:
    """Agents of one rank in one office (None: in none) of an institution, at both ends of a month.

    Headcounts add up: sum ``opening`` and ``closing`` (or the averages) over any grouping.
    """

    institution_id: int
    office_id: int | None
    rank_id: int
    opening: int
    closing: int

    @property
    def average(self) -> Decimal:
        """月均人力 = (opening + closing) / 2 (dossier section 3)."""
        return average_headcount(self.opening, self.closing)


def average_headcount(opening: int, closing: int) -> Decimal:
    """月均人力 = (opening + closing) / 2 (dossier section 3)."""
    return Decimal(opening + closing) / 2
