"""How rows are named in files and found in the database, within the subtree that the reader may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    Table,
    and_,
    case,
    func,
    or_,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session, aliased

from models.activities.tables import ActivityEvent
from models.base import EVERYWHERE, Subtree
from models.customers.placement import stood
from models.customers.tables import Customer, Sale
from models.exchange.sheets import Sheet
from models.indicators.tables import Indicator
from models.management.repository import DAY
from models.management.tables import ManagementAction
from models.meetings.tables import ActionItem, Meeting, MeetingSlot
from models.organisation.conditions import inside, newest
from models.organisation.tables import Institution, Person, Rank, RankHistory, SalesOffice
from models.planning.tables import Plan, Target

AT_ONCE: Final = 500
"""Values in one question to the database."""
GLOBAL: Final = frozenset({"calendar_years", "calendar_days", "ranks", "indicators"})
"""Sheets that belong to no institution."""

Item = TypeVar("Item")


def in_parts(items: Iterable[Item], size: int = AT_ONCE) -> Iterator[list[Item]]:
    """The items in lists of at most ``size``."""
    part: list[Item] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


class References:
    """Finds primary keys by outside keys, and tells which rows lie inside the subtree."""

    def __init__(self, session: Session, within: Subtree) -> None:
        self._session = session
        self._within = within
        self._known: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def find(self, table: str, texts: Iterable[str]) -> dict[str, int]:
        """Primary keys of the rows so named, of those that exist and may be seen."""
        known = self._known[table]
        for part in in_parts(sorted({text for text in texts if text not in known})):
            for key, text in self._session.execute(self._named(table, part)):
                known[text] = key
        return known

    def forget(self, table: str) -> None:
        """New rows were written to the table."""
        self._known.pop(table, None)

    def inside(self, sheet: Sheet) -> ColumnElement[bool]:
        """The condition that a row of the sheet lies inside the subtree: that of its own table, or else of
        what it refers to.

        Raises TypeError for a sheet with neither: nobody could tell whose its rows are.
        """
        if self._within == EVERYWHERE or sheet.name in GLOBAL:
            return true()
        table = cast(Table, sheet.table.__table__)
        if (own := self._visible(table.name)) is not None:
            return own
        scopes: list[ColumnElement[bool]] = []
        for column in sheet.columns:
            if column.refers_to and (seen := self._visible(column.refers_to)) is not None:
                key = naming(column.refers_to).key
                scopes.append(table.columns[column.field].in_(select(key).where(seen)))
                if column.required:
                    return scopes[-1]
        if not scopes:
            raise TypeError(f"nothing tells which subtree the rows of {sheet.name} belong to")
        return or_(*scopes)

    def _visible(self, table: str) -> ColumnElement[bool] | None:
        """The condition that a row of the table lies inside the subtree; None: it has none of its own."""
        institutions = select(Institution.id).where(inside(self._within))
        people = select(RankHistory.person_id).where(newest(), RankHistory.institution_id.in_(institutions))
        meetings = select(Meeting.id).where(Meeting.institution_id.in_(institutions))
        conditions: dict[str, ColumnElement[bool]] = {
            "institution": Institution.id.in_(institutions),
            "sales_office": SalesOffice.institution_id.in_(institutions),
            "person": Person.id.in_(people),
            # What somebody was elsewhere stays with those who wrote it.
            "rank_history": and_(
                RankHistory.institution_id.in_(institutions), RankHistory.person_id.in_(people)
            ),
            "customer": Customer.agent_id.in_(people),
            "sale": stood(Sale.agent_id, on=Sale.signed_on, within=self._within),
            "activity_event": ActivityEvent.institution_id.in_(institutions),
            "management_action": stood(ManagementAction.actor_id, on=DAY, within=self._within),
            "meeting_slot": MeetingSlot.institution_id.in_(institutions),
            "meeting": Meeting.institution_id.in_(institutions),
            "action_item": ActionItem.meeting_id.in_(meetings),
            "plan": Plan.institution_id.in_(institutions),
        }
        return conditions.get(table)

    def _named(self, table: str, texts: Sequence[str]) -> Select[tuple[int, str]]:
        key, text, source = naming(table)
        query = source.where(text.in_(texts)).with_only_columns(key, text)
        if self._within != EVERYWHERE and (condition := self._visible(table)) is not None:
            query = query.where(condition)
        return query


class Naming(NamedTuple):
    """How the rows of a table are named: primary key, outside key, and the joins that they need."""

    key: SQLColumnExpression[int]
    text: SQLColumnExpression[str]
    source: Select[Any]


def naming(table: str) -> Naming:
    """The naming of a table that others refer to."""
    if table == "indicator":
        # The newest version goes by its code alone, an older one as code@version.
        other = aliased(Indicator)
        newest = select(func.max(other.version)).where(other.code == Indicator.code).scalar_subquery()
        older = Indicator.code + "@" + sql_cast(Indicator.version, String)
        text = case((Indicator.version == newest, Indicator.code), else_=older)
        return Naming(Indicator.id, text, select(Indicator))
    if table == "meeting_slot":
        month = func.substr(sql_cast(MeetingSlot.month, String), 1, 7)
        name = Institution.code + " " + month + " " + sql_cast(MeetingSlot.name, String)
        return Naming(MeetingSlot.id, name, select(MeetingSlot).join(Institution))
    if table == "target":
        scope = func.coalesce(Institution.code, SalesOffice.code, Person.code)
        name = Plan.code + " " + Indicator.code + " " + scope
        source = (
            select(Target)
            .join(Plan, Plan.id == Target.plan_id)
            .join(Indicator, Indicator.id == Target.indicator_id)
            .outerjoin(Institution, Institution.id == Target.institution_id)
            .outerjoin(SalesOffice, SalesOffice.id == Target.office_id)
            .outerjoin(Person, Person.id == Target.person_id)
            .where(~Target.is_unassigned)
        )
        return Naming(Target.id, name, source)
    for entity in (
        Institution,
        SalesOffice,
        Rank,
        Person,
        Customer,
        Sale,
        ActivityEvent,
        Meeting,
        ActionItem,
        Plan,
    ):
        if entity.__tablename__ == table:
            return Naming(entity.id, entity.code, select(entity))
    raise KeyError(table)
