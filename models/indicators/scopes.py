"""What a subtree holds on a day, as queries for the rooms above; and the months that end with one."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, select

from models.base import ScopeKind, Subtree
from models.calendar.weeks import month_start, months_later
from models.organisation.conditions import holds_on, inside
from models.organisation.tables import Institution, RankHistory, SalesOffice


def ids_within(kind: ScopeKind, within: Subtree, day: date) -> Select[Any]:
    """Keys of the subtree's scopes of a kind; a person is where the rank history of the day says."""
    if kind is ScopeKind.INSTITUTION:
        return select(Institution.id).where(inside(within))
    if kind is ScopeKind.OFFICE:
        return (
            select(SalesOffice.id)
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .where(inside(within))
        )
    return (
        select(RankHistory.person_id)
        .join(Institution, Institution.id == RankHistory.institution_id)
        .where(inside(within), holds_on(RankHistory, day))
    )


def months_back(day: date, count: int) -> list[date]:
    """First days of the ``count`` months that end with the day's month, oldest first."""
    return [months_later(month_start(day), -back) for back in range(count - 1, -1, -1)]
