"""What a subtree holds on a day, as conditions for the queries of the rooms; and months."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from models.base import Dated, ScopeKind, Subtree
from models.organisation.tables import Institution, RankHistory, SalesOffice


def holds(dated: type[Dated], day: date) -> ColumnElement[bool]:
    """The row holds on the day."""
    return and_(dated.valid_from <= day, or_(dated.valid_to.is_(None), dated.valid_to > day))


def under(path: str) -> ColumnElement[bool]:
    """The institution is the one of the path, or below it."""
    return Institution.path.startswith(path)


def ids_within(kind: ScopeKind, within: Subtree, day: date) -> Select[Any]:
    """Keys of the subtree's scopes of a kind; a person is where the rank history of the day says."""
    if kind is ScopeKind.INSTITUTION:
        return select(Institution.id).where(under(within.path))
    if kind is ScopeKind.OFFICE:
        return (
            select(SalesOffice.id)
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .where(under(within.path))
        )
    return (
        select(RankHistory.person_id)
        .join(Institution, Institution.id == RankHistory.institution_id)
        .where(under(within.path), holds(RankHistory, day))
    )


def month_of(day: date) -> date:
    """First day of the day's month."""
    return day.replace(day=1)


def months_back(day: date, count: int) -> list[date]:
    """First days of the ``count`` months that end with the day's month, oldest first."""
    months = [month_of(day)]
    while len(months) < count:
        months.append(month_of(months[-1] - timedelta(days=1)))
    return months[::-1]


def month_end(month: date) -> date:
    """Last day of the month."""
    return month_of(month.replace(day=28) + timedelta(days=4)) - timedelta(days=1)
