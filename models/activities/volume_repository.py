"""All SQL about PVKYC volumes. A report belongs to where its person stood on the week's last day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import CTE, ColumnElement, Date, and_, func, literal, select, union_all

from models.activities.tables import WeeklyVolume
from models.activities.volumes import Item, ItemVolume, Pair, Pvkyc, Side, Volume
from models.base import Repository, Scope, ScopeKind
from models.calendar.weeks import business_week, business_weeks
from models.customers.placement import placed, scope_column, scopes
from models.organisation.conditions import in_service
from models.organisation.tables import Person, PersonKind
from models.upsert import upsert
from qa_pipeline.errors import InputError


class VolumeRepository(Repository):
    """Weekly reports of agents (supervisors among them), and their totals."""

    def report(self, week_ends: date, side: Side, counts: Mapping[int, Pvkyc]) -> None:
        """Record what persons planned or did in a week, by person; a second report replaces the first.

        Raises InputError for a day that ends no business week, for a person who is no agent of the subtree
        that day, and for a negative count.
        """
        if business_week(week_ends).last != week_ends:
            raise InputError(f"{week_ends:%Y-%m-%d} 不是经营周的最后一天：请改用 7、14、21 日或月末日。")
        self._require_agents(counts, week_ends)
        reported = {person: asdict(count) for person, count in counts.items()}
        if any((number or 0) < 0 for count in reported.values() for number in count.values()):
            raise InputError("活动量不能是负数：请改正后再上报。")
        rows: list[dict[str, Any]] = [
            {"person_id": person, "week_ends": week_ends}
            | {f"{item}_{side.value}": number for item, number in count.items()}
            for person, count in reported.items()
        ]
        upsert(self.session, WeeklyVolume, rows)

    def month(self, month: date, *, by: ScopeKind) -> dict[Scope, Volume]:
        """Totals of the month's four business weeks, by scope (institutions with all above them)."""
        return self.weeks([week.last for week in business_weeks(month.year, month.month)], by=by)

    def weeks(self, week_ends: Sequence[date], *, by: ScopeKind) -> dict[Scope, Volume]:
        """Totals of the weeks that end on these days, by scope, in one query."""
        weeks = _days(week_ends)
        query = (
            select(scope_column(by), func.count(), *_sums())
            .select_from(weeks)
            .join(Person, and_(Person.kind == PersonKind.AGENT, in_service(weeks.c.day)))
            .outerjoin(
                WeeklyVolume,
                and_(WeeklyVolume.person_id == Person.id, WeeklyVolume.week_ends == weeks.c.day),
            )
            .group_by(scope_column(by))
        )
        totals: dict[Scope, list[int | None]] = defaultdict(list)
        for key, *numbers in self.session.execute(
            placed(query, Person.id, on=weeks.c.day, within=self.within)
        ):
            for scope in scopes(by, key, within=self.within):
                totals[scope] = _added(totals[scope], [None if n is None else int(n) for n in numbers])
        return {scope: _volume(numbers) for scope, numbers in totals.items()}

    def not_reported(self, week_ends: date, side: Side) -> tuple[int, ...]:
        """The agents of the subtree who reported none of the five counts of a week."""
        columns = [getattr(WeeklyVolume, f"{item.value}_{side.value}") for item in Item]
        query = (
            select(Person.id)
            .outerjoin(
                WeeklyVolume, and_(WeeklyVolume.person_id == Person.id, WeeklyVolume.week_ends == week_ends)
            )
            .where(
                Person.kind == PersonKind.AGENT,
                in_service(week_ends),
                and_(*(column.is_(None) for column in columns)),
            )
            .order_by(Person.id)
        )
        return tuple(self.session.scalars(placed(query, Person.id, on=week_ends, within=self.within)))

    def _require_agents(self, persons: Collection[int], day: date) -> None:
        query = placed(select(Person.id), Person.id, on=day, within=self.within)
        found = self.session.scalars(
            query.where(Person.id.in_(persons), Person.kind == PersonKind.AGENT, in_service(day))
        )
        if strangers := sorted(set(persons) - set(found)):
            shown = "、".join(str(person) for person in strangers[:5])
            raise InputError(
                f"人员 {shown} 在 {day:%Y-%m-%d} 不是您机构范围内的在职外勤：请核对人员后再上报。"
            )


def _days(days: Sequence[date]) -> CTE:
    return union_all(*(select(literal(day, Date).label("day")) for day in days)).cte("weeks")


def _sums() -> list[ColumnElement[Any]]:
    """Per item: planned, done, unreported, and both sums where both are there; then the two quality pairs."""
    columns: list[ColumnElement[Any]] = []
    for item in Item:
        planned, done = _column(item, Side.PLANNED), _column(item, Side.DONE)
        both = and_(planned.is_not(None), done.is_not(None))
        columns += [
            func.sum(planned),
            func.sum(done),
            func.count().filter(done.is_(None)),
            func.sum(done).filter(both),
            func.sum(planned).filter(both),
        ]
    for part, whole in ((Item.CLOSE, Item.VISIT), (Item.REFERRAL, Item.CLOSE)):
        first, second = _column(part, Side.DONE), _column(whole, Side.DONE)
        both = and_(first.is_not(None), second.is_not(None))
        columns += [func.sum(first).filter(both), func.sum(second).filter(both)]
    return columns


def _column(item: Item, side: Side) -> ColumnElement[Any]:
    column: ColumnElement[Any] = WeeklyVolume.__table__.c[f"{item.value}_{side.value}"]
    return column


def _added(one: list[int | None], other: list[int | None]) -> list[int | None]:
    if not one:
        return other
    return [b if a is None else a if b is None else a + b for a, b in zip(one, other, strict=True)]


def _volume(numbers: Sequence[int | None]) -> Volume:
    """From the numbers in the order of `_sums`, after the count of expected reports."""
    expected, *rest = numbers
    items = {}
    for index, item in enumerate(Item):
        planned, done, unreported, part, whole = rest[5 * index : 5 * index + 5]
        items[item] = ItemVolume(planned, done, unreported or 0, Pair(part or 0, whole or 0))
    closes, visits, referrals, from_closes = rest[5 * len(Item) :]
    return Volume(
        expected or 0, items, Pair(closes or 0, visits or 0), Pair(referrals or 0, from_closes or 0)
    )
