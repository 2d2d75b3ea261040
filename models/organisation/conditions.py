"""Conditions that queries on the organisation share: what holds on a day, who serves, what is visible."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from models.base import Dated, Subtree
from models.organisation.tables import Institution, Person, RankHistory
from qa_pipeline.errors import InputError


def holds_on(table: type[Dated], day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """The rows that hold on the day."""
    return and_(table.valid_from <= day, or_(table.valid_to.is_(None), table.valid_to > day))


def holds_within(table: type[Dated], first: date, last: date) -> ColumnElement[bool]:
    """The rows that hold on at least one day of ``first``..``last``, both included."""
    return and_(table.valid_from <= last, or_(table.valid_to.is_(None), table.valid_to > first))


def in_service(day: date | ColumnElement[date]) -> ColumnElement[bool]:
    return and_(Person.joined_on <= day, or_(Person.left_on.is_(None), Person.left_on > day))


def newest() -> ColumnElement[bool]:
    """The newest row of each rank history: it tells where the person belongs."""
    later = aliased(RankHistory)
    last = select(func.max(later.valid_from)).where(later.person_id == RankHistory.person_id)
    return RankHistory.valid_from == last.scalar_subquery()


def inside(within: Subtree) -> ColumnElement[bool]:
    """The institutions that the reader may see."""
    return Institution.path.startswith(within.path)


def close_before(latest: Dated | None, on: date, *, what: str) -> None:
    """End the latest row of a history so that the next can begin ``on``; rows never overlap.

    Raises InputError when the latest row begins on that day or later, or ended after it.
    """
    if latest is None:
        return
    if on <= latest.valid_from:
        raise InputError(
            f"{what}的生效日 {on} 不晚于上一条记录的生效日 {latest.valid_from}：请填写更晚的日期。"
        )
    if latest.valid_to is None:
        latest.valid_to = on
    elif on < latest.valid_to:
        raise InputError(f"{what}的生效日 {on} 早于上一条记录的终止日 {latest.valid_to}：请填写更晚的日期。")
