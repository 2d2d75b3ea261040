"""Where people stood on a day, and how figures of people add up to offices and institutions.

SQL conditions for the repositories of customers and the rooms above: they keep a query to the subtree.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists
from sqlalchemy.orm import InstrumentedAttribute

from models.base import Scope, ScopeKind, Subtree
from models.organisation.conditions import holds_on, inside
from models.organisation.tables import Institution, RankHistory

Day = date | ColumnElement[date] | InstrumentedAttribute[date]
PersonKey = InstrumentedAttribute[int] | ColumnElement[int]


def stood(person: PersonKey, *, on: Day, within: Subtree) -> ColumnElement[bool]:
    """The condition that the person stood in the subtree on the day."""
    row = exists().where(
        RankHistory.person_id == person,
        holds_on(RankHistory, _expression(on)),
        RankHistory.institution_id == Institution.id,
        inside(within),
    )
    return row.correlate_except(RankHistory, Institution)


def placed(query: Select[Any], person: PersonKey, *, on: Day, within: Subtree) -> Select[Any]:
    """The query joined to where the person stood on the day, kept to the subtree."""
    there = and_(RankHistory.person_id == person, holds_on(RankHistory, _expression(on)))
    return (
        query.join(RankHistory, there)
        .join(Institution, Institution.id == RankHistory.institution_id)
        .where(inside(within))
    )


def scope_column(kind: ScopeKind) -> InstrumentedAttribute[Any]:
    """What a placed query selects and groups by, to count for scopes of the kind."""
    columns: dict[ScopeKind, InstrumentedAttribute[Any]] = {
        ScopeKind.PERSON: RankHistory.person_id,
        ScopeKind.OFFICE: RankHistory.office_id,
        ScopeKind.INSTITUTION: Institution.path,
    }
    return columns[kind]


def scopes(kind: ScopeKind, key: Any, *, within: Subtree) -> tuple[Scope, ...]:
    """The scopes that a row with this `scope_column` counts for.

    A person or an office is itself (nothing for a person without office). An institution, given by its path,
    counts for itself and all above it that the reader may see.
    """
    if key is None:
        return ()
    if kind != ScopeKind.INSTITUTION:
        return (Scope(kind, int(key)),)
    above = max(len(_keys(within.path)) - 1, 0)
    return tuple(Scope(kind, institution) for institution in _keys(str(key))[above:])


def scope_below(kind: ScopeKind, key: Any, *, within: Subtree) -> Scope | None:
    """The one scope that a row with this `scope_column` counts for right below the top of the subtree: a
    person or an office, or the institution that holds the row's; None for the top itself."""
    if kind != ScopeKind.INSTITUTION:
        return None if key is None else Scope(kind, int(key))
    below = _keys(str(key))[len(_keys(within.path)) :]
    return Scope(kind, below[0]) if below else None


def _expression(day: Day) -> date | ColumnElement[date]:
    return day.expression if isinstance(day, InstrumentedAttribute) else day


def _keys(path: str) -> list[int]:
    return [int(part) for part in path.split("/") if part]
