"""All SQL about the activity calendar: entries, who came, and the review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, not_, select
from sqlalchemy.orm import InstrumentedAttribute

from models.activities.entry import Entry, missing_platforms
from models.activities.rates import Turnout
from models.activities.tables import ActivityEvent, EventReview, Participation, Platform
from models.base import Repository, Scope, ScopeKind
from models.calendar.weeks import month_end, month_start
from models.customers.parameters import CustomerParameters
from models.customers.placement import scopes
from models.customers.repository import CustomerRepository
from models.customers.tables import Sale
from models.organisation.conditions import holds_on, holds_within, in_service, inside
from models.organisation.tables import Institution, Person, RankHistory, SalesOffice
from models.upsert import upsert
from qa_pipeline.errors import InputError

STORED: Final = tuple(field.name for field in fields(Entry) if field.name != "conclusion")
"""The fields of an `Entry` that are columns of its row; the conclusion is the review's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is known of a customer's part in an event; temperatures 0-100, None: not known."""

    attended: bool | None = None
    sale_id: int | None = None
    feedback: str | None = None
    temperature_before: Decimal | None = None
    temperature_after: Decimal | None = None


class ActivityRepository(Repository):
    """Events belong to their institution; the customers in them to where their agent stands."""

    # ------------------------------------------------------------ writing

    def save(self, entry: Entry) -> None:
        """Add the entry, or replace what its code says; incomplete ones are kept and count as INVALID (R30).

        The review is recorded by `review` and stays as it is. Raises InputError for an institution outside
        the subtree, an office or owner of another one, a time outside the entry's month, or an end before
        the start.
        """
        month = month_start(entry.month)
        start, end = entry.starts_at, entry.ends_at
        if start is not None and month_start(start.date()) != month:
            raise InputError(f"活动 {entry.code} 的时间 {start:%Y-%m-%d} 不在 {month:%Y-%m} 的行事历内。")
        if end is not None and (start is None or end <= start):
            raise InputError(f"活动 {entry.code} 的结束时间要晚于开始时间：请改正后再保存。")
        self._require_place(entry, start.date() if start else month)
        known = self.session.scalars(
            select(ActivityEvent.institution_id).where(ActivityEvent.code == entry.code)
        )
        if (institution := known.one_or_none()) is not None and institution != entry.institution_id:
            raise InputError(f"活动编号 {entry.code} 已被另一机构使用：请换一个编号。")
        row = {name: getattr(entry, name) for name in STORED} | {"month": month}
        upsert(self.session, ActivityEvent, [row], key=("code",))

    def invite(self, code: str, customers: Collection[int]) -> None:
        """Invite customers; those invited already stay as they are. InputError: a customer is not in the
        subtree on the event's day (the month's first day while it has none), or the event is not known."""
        self._take_part(code, {customer: Part() for customer in customers}, keep=True)

    def record_parts(self, code: str, parts: Mapping[int, Part]) -> None:
        """Record who came, signed, said what, and how warm they were; replaces what was recorded before.

        Raises InputError as `invite` does, for a sale without attendance, and for another customer's sale.
        """
        self._take_part(code, parts, keep=False)

    def carry_out(self, code: str, *, process: str, feedback: str) -> None:
        """Record how the event went and what customers said (R31, 执行)."""
        event = self._event(code)
        event.process, event.feedback = process, feedback
        self.session.flush()

    def review(
        self, code: str, *, on: date, reviewer: str, conclusion: str, improvement: str | None = None
    ) -> None:
        """Record the review (R31, 检视); a second one replaces it. InputError before the event took place."""
        event = self._event(code)
        if event.starts_at is None or on < event.starts_at.date():
            raise InputError(f"活动 {code} 在 {on:%Y-%m-%d} 还没有举办，不能检视：请核对时间。")
        row = {
            "event_id": event.id,
            "reviewed_on": on,
            "reviewer": reviewer,
            "conclusion": conclusion,
            "improvement": improvement,
        }
        upsert(self.session, EventReview, [row])

    def cancel(self, code: str) -> None:
        """Cancel an event: it stays in the calendar, marked, and no longer counts."""
        self._event(code).cancelled = True
        self.session.flush()

    # ------------------------------------------------------------ reading

    def month(self, month: date, *, office_id: int | None = None) -> list[Entry]:
        """The calendar entries of a month in the subtree, by time; those without time last."""
        query = (
            self._visible(select(ActivityEvent, EventReview.conclusion))
            .outerjoin(EventReview, EventReview.event_id == ActivityEvent.id)
            .where(ActivityEvent.month == month_start(month))
            .order_by(ActivityEvent.starts_at.is_(None), ActivityEvent.starts_at, ActivityEvent.code)
            .execution_options(populate_existing=True)
        )
        if office_id is not None:
            query = query.where(ActivityEvent.office_id == office_id)
        return [
            Entry(**{name: getattr(event, name) for name in STORED}, conclusion=conclusion)
            for event, conclusion in self.session.execute(query)
        ]

    def missing_platforms(self, month: date) -> dict[int, tuple[Platform, ...]]:
        """Which platform kinds the level-4 institutions of the subtree lack in a month (R30)."""
        first = month_start(month)
        institutions = self.session.scalars(
            select(Institution.id).where(
                inside(self.within),
                Institution.level == 4,
                holds_within(Institution, first, month_end(first)),
            )
        ).all()
        return missing_platforms(self.month(month), institutions)

    def turnout(
        self, month: date, *, by: ScopeKind, parameters: CustomerParameters
    ) -> dict[tuple[Scope, Platform], Turnout]:
        """Who came, signed and warmed up in the month's events, by scope and platform, in one query.

        A person is the owner of the event. Cancelled events do not count, and neither does a sale that was
        withdrawn.
        """
        columns: dict[ScopeKind, InstrumentedAttribute[Any]] = {
            ScopeKind.PERSON: ActivityEvent.owner_id,
            ScopeKind.OFFICE: ActivityEvent.office_id,
            ScopeKind.INSTITUTION: Institution.path,
        }
        query = (
            self._visible(
                select(columns[by], ActivityEvent.platform, *_turnout(parameters.temperature_limit))
            )
            .join(Participation, Participation.event_id == ActivityEvent.id)
            .outerjoin(Sale, Sale.id == Participation.sale_id)
            .where(ActivityEvent.month == month_start(month), ActivityEvent.cancelled.is_(False))
            .group_by(columns[by], ActivityEvent.platform)
        )
        totals: dict[tuple[Scope, Platform], Turnout] = defaultdict(Turnout)
        for key, platform, *counts in self.session.execute(query):
            for scope in scopes(by, key, within=self.within):
                totals[scope, platform] += Turnout(*counts)
        return dict(totals)

    def turnout_of(self, code: str, *, parameters: CustomerParameters) -> Turnout:
        """What is recorded of one event, cancelled or not; all zero for one that is not in the subtree."""
        query = (
            self._visible(select(*_turnout(parameters.temperature_limit)).select_from(ActivityEvent))
            .join(Participation, Participation.event_id == ActivityEvent.id)
            .outerjoin(Sale, Sale.id == Participation.sale_id)
            .where(ActivityEvent.code == code)
        )
        return Turnout(*self.session.execute(query).one())

    def _visible(self, query: Select[Any]) -> Select[Any]:
        return query.join(Institution, Institution.id == ActivityEvent.institution_id).where(
            inside(self.within)
        )

    def _event(self, code: str) -> ActivityEvent:
        query = self._visible(select(ActivityEvent)).where(ActivityEvent.code == code)
        event: ActivityEvent | None = self.session.scalars(
            query.execution_options(populate_existing=True)
        ).one_or_none()
        if event is None:
            raise InputError(f"找不到活动 {code}，或活动不在您的机构范围内：请核对活动编号。")
        return event

    def _require_place(self, entry: Entry, day: date) -> None:
        visible = select(Institution.id).where(Institution.id == entry.institution_id, inside(self.within))
        if self.session.scalar(visible) is None:
            raise InputError(f"活动 {entry.code} 的机构不存在或不在您的机构范围内：请核对机构。")
        office = select(SalesOffice.id).where(
            SalesOffice.id == entry.office_id, SalesOffice.institution_id == entry.institution_id
        )
        if entry.office_id is not None and self.session.scalar(office) is None:
            raise InputError(f"活动 {entry.code} 的营业室不属于该机构：请核对营业室。")
        owner = (
            select(Person.id)
            .join(RankHistory, and_(RankHistory.person_id == Person.id, holds_on(RankHistory, day)))
            .where(
                Person.id == entry.owner_id,
                RankHistory.institution_id == entry.institution_id,
                in_service(day),
            )
        )
        if entry.owner_id is not None and self.session.scalar(owner) is None:
            raise InputError(f"活动 {entry.code} 的负责人当天不在该机构任职：请核对负责人。")

    def _take_part(self, code: str, parts: Mapping[int, Part], *, keep: bool) -> None:
        event = self._event(code)
        day = event.starts_at.date() if event.starts_at else event.month
        CustomerRepository(self.session, within=self.within).require(parts, on=day)
        sales = {customer: part.sale_id for customer, part in parts.items() if part.sale_id is not None}
        query = select(Sale.id, Sale.customer_id).where(Sale.id.in_(sales.values()))
        bought = {row.id: row.customer_id for row in self.session.execute(query)}
        for customer, sale in sales.items():
            if not parts[customer].attended:
                raise InputError(f"客户 {customer} 没有到场，不能记为在活动 {code} 上签单：请先记到场。")
            if bought.get(sale) != customer:
                raise InputError(f"保单 {sale} 不是客户 {customer} 的：请核对活动 {code} 的签单。")
        names = [field.name for field in fields(Part)]
        rows = [
            {"event_id": event.id, "customer_id": customer} | {name: getattr(part, name) for name in names}
            for customer, part in parts.items()
        ]
        upsert(self.session, Participation, rows, keep=names if keep else ())


def _turnout(limit: Decimal) -> list[ColumnElement[Any]]:
    """The counts of a `Turnout`, in its order, over participations outer joined to their sale."""
    part = Participation
    came = part.attended.is_(True)
    measured = and_(part.temperature_before.is_not(None), part.temperature_after.is_not(None))
    return [
        func.count(),
        func.count().filter(part.attended.is_(None)),
        func.count().filter(came),
        func.count().filter(and_(came, Sale.id.is_not(None), Sale.withdrawn_on.is_(None))),
        func.count().filter(and_(came, not_(measured))),
        func.count().filter(and_(came, part.temperature_before < limit, part.temperature_after >= limit)),
    ]
