"""All SQL about management actions: planning, recording and reviewing them, and who is behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from models.activities.tables import ActivityEvent, Platform
from models.base import Repository, Scope, ScopeKind
from models.calendar.weeks import BusinessWeek, month_end, month_start
from models.customers.placement import placed
from models.customers.tables import Customer
from models.indicators.parameters import Parameters
from models.indicators.repository import IndicatorRepository
from models.management.cadence import CADENCES, Duty, Standing, standings, times
from models.management.focus import Focus, focus
from models.management.tables import ActionKind, ManagementAction
from models.organisation.appointments import AppointmentRepository
from models.organisation.conditions import holds_within, in_service, inside
from models.organisation.roster import RosterRepository
from models.organisation.tables import Institution, Person, PersonKind, Rank, RankHistory
from qa_pipeline.errors import InputError

DAY: Final[ColumnElement[date]] = func.coalesce(ManagementAction.done_on, ManagementAction.planned_on)
"""The day that an action belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """An action to be planned, by the keys of those it involves."""

    code: str
    kind: ActionKind
    actor_id: int
    planned_on: date
    subject_id: int | None = None
    customer_id: int | None = None
    event_id: int | None = None


class ManagementRepository(Repository):
    """An action belongs to where its actor stood on the day it was done, or else planned for."""

    # ------------------------------------------------------------ writing

    def plan(self, action: NewAction) -> None:
        """Plan an action, or change the plan of one that is not done yet.

        Raises InputError when something that it needs is missing (the person interviewed or accompanied, the
        event of a platform set-up), somebody or something is outside the subtree, or it is done already.
        """
        self._require_complete(action)
        self._require_inside(action)
        row = self.session.scalars(
            select(ManagementAction).where(ManagementAction.code == action.code)
        ).one_or_none()
        if row is None:
            row = ManagementAction(code=action.code)
            self.session.add(row)
        elif self._action(action.code).done_on is not None:
            raise InputError(f"管理动作 {action.code} 已完成，不能再改计划：请另建一条。")
        row.kind, row.actor_id, row.planned_on = action.kind, action.actor_id, action.planned_on
        row.subject_id, row.customer_id = action.subject_id, action.customer_id
        row.event_id = action.event_id
        self.session.flush()

    def record(self, code: str, *, done_on: date, record: str) -> None:
        """Record that an action was done, and how it went; a second record replaces the first."""
        if not record.strip():
            raise InputError(f"管理动作 {code} 的记录是空的：请写明过程和结果。")
        action = self._action(code)
        action.done_on, action.record = done_on, record
        self.session.flush()

    def review(self, code: str, review: str) -> None:
        """Record what was learnt (复盘). InputError while the action has no record."""
        action = self._action(code)
        if action.done_on is None or action.record is None:
            raise InputError(f"管理动作 {code} 还没有记录，不能复盘：请先补记录。")
        if not review.strip():
            raise InputError(f"管理动作 {code} 的复盘是空的：请写明结论和改进。")
        action.review = review
        self.session.flush()

    # ------------------------------------------------------------ reading

    def between(self, first: date, last: date, *, kind: ActionKind | None = None) -> list[ManagementAction]:
        """The subtree's actions done, or else planned, from the first to the last day, by day."""
        query = placed(select(ManagementAction), ManagementAction.actor_id, on=DAY, within=self.within)
        query = query.where(DAY.between(first, last)).order_by(DAY, ManagementAction.code)
        if kind is not None:
            query = query.where(ManagementAction.kind == kind)
        return list(self.session.scalars(query))

    def focus(
        self,
        on: date,
        *,
        attained_by: date | None = None,
        u: Mapping[int, bool | None] | None = None,
        ct: Mapping[int, bool | None] | None = None,
    ) -> Focus:
        """The focus supervisors of a day.

        ``u`` (by supervisor) and ``ct`` (by the supervisor who leads the office) are read from the observed
        ``u_headcount`` and ``ct_attained`` when not given: those of the month of ``attained_by``, up to that
        day. It defaults to the end of the month before, the last one that is complete.
        """
        day = attained_by or month_start(on) - timedelta(days=1)
        supervisors = [person for person, _ in self.session.execute(self._supervisors(on))]
        leads = RosterRepository(self.session, within=self.within).leads(on=on)
        if u is None:
            u = self._observed({p: Scope(ScopeKind.PERSON, p) for p in supervisors}, "u_headcount", day)
        if ct is None:
            offices = {office: Scope(ScopeKind.OFFICE, office) for office in leads}
            observed = self._observed(offices, "ct_attained", day)
            ct = _worst_of_leads(leads, observed)
        marked = AppointmentRepository(self.session, within=self.within).focused(on=on)
        return focus(supervisors, u=u, ct=ct, marked=marked)

    def week(self, week: BusinessWeek, *, parameters: Parameters) -> dict[ActionKind, dict[int, Standing]]:
        """Joint visits and customer inventories of a week, by institution (with all above it), in one query.

        Due from the supervisors in service on the week's last day (R32).
        """
        kinds = (ActionKind.JOINT_VISIT, ActionKind.CUSTOMER_INVENTORY)
        counts = [func.count(ManagementAction.id).filter(_counts(kind)) for kind in kinds]
        query = (
            self._supervisors(week.last)
            .add_columns(*counts)
            .outerjoin(
                ManagementAction,
                and_(
                    ManagementAction.actor_id == Person.id,
                    ManagementAction.done_on.between(week.first, week.last),
                ),
            )
            .group_by(Person.id, Institution.path)
        )
        rows = self.session.execute(query).all()
        return {
            kind: standings(
                [
                    Duty(path, times(kind, parameters, path=path), done[index], person_id=person)
                    for person, path, *done in rows
                ],
                within=self.within,
            )
            for index, kind in enumerate(kinds)
        }

    def interviews(self, month: date, focus: Focus, *, parameters: Parameters) -> dict[int, Standing]:
        """Goal interviews of a month with the focus supervisors, by institution (with all above it)."""
        kind, last = ActionKind.GOAL_INTERVIEW, month_end(month)
        query = (
            self._supervisors(last)
            .add_columns(func.count(ManagementAction.id).filter(_counts(kind)))
            .outerjoin(
                ManagementAction,
                and_(
                    ManagementAction.subject_id == Person.id,
                    ManagementAction.done_on.between(month_start(month), last),
                ),
            )
            .group_by(Person.id, Institution.path)
        )
        duties = [
            Duty(path, times(kind, parameters, path=path), done, person_id=person)
            for person, path, done in self.session.execute(query)
            if person in focus.reasons
        ]
        return standings(duties, within=self.within)

    def platforms(self, month: date, *, parameters: Parameters) -> dict[int, Standing]:
        """Platform set-ups of a month, each kind due from each level-4 institution (R30, R32)."""
        kind, first, last = ActionKind.PLATFORM_SETUP, month_start(month), month_end(month)
        query = (
            select(
                Institution.path,
                *(
                    func.count(ManagementAction.id).filter(ActivityEvent.platform == platform)
                    for platform in Platform
                ),
            )
            .select_from(Institution)
            .outerjoin(
                ActivityEvent,
                and_(ActivityEvent.institution_id == Institution.id, ActivityEvent.cancelled.is_(False)),
            )
            .outerjoin(
                ManagementAction,
                and_(
                    ManagementAction.event_id == ActivityEvent.id,
                    ManagementAction.done_on.between(first, last),
                    _counts(kind),
                ),
            )
            .where(inside(self.within), Institution.level == 4, holds_within(Institution, first, last))
            .group_by(Institution.path)
        )
        duties = [
            Duty(path, times(kind, parameters, path=path), done, platform=platform)
            for path, *counts in self.session.execute(query)
            for platform, done in zip(Platform, counts, strict=True)
        ]
        return standings(duties, within=self.within)

    def _supervisors(self, day: date) -> Select[Any]:
        """(person, path) of the field supervisors of the subtree in service on the day."""
        query = placed(select(Person.id, Institution.path), Person.id, on=day, within=self.within)
        return query.join(Rank, Rank.id == RankHistory.rank_id).where(
            Rank.is_supervisor, Person.kind == PersonKind.AGENT, in_service(day)
        )

    def _observed(self, scopes: Mapping[int, Scope], code: str, day: date) -> dict[int, bool | None]:
        indicators = IndicatorRepository(self.session, within=self.within)
        values = indicators.latest(scopes.values(), [code], day)
        return {
            key: values[scope, code].value >= 1 if (scope, code) in values else None
            for key, scope in scopes.items()
        }

    def _action(self, code: str) -> ManagementAction:
        query = placed(select(ManagementAction), ManagementAction.actor_id, on=DAY, within=self.within)
        action: ManagementAction | None = self.session.scalars(
            query.where(ManagementAction.code == code)
        ).one_or_none()
        if action is None:
            raise InputError(f"找不到管理动作 {code}，或动作不在您的机构范围内：请核对编号。")
        return action

    def _require_complete(self, action: NewAction) -> None:
        people = (ActionKind.GOAL_INTERVIEW, ActionKind.JOINT_VISIT)
        if action.kind in people and action.subject_id is None:
            raise InputError(f"管理动作 {action.code} 没有面谈或陪访对象：请填写对象。")
        if action.subject_id == action.actor_id:
            raise InputError(f"管理动作 {action.code} 的对象不能是执行人自己：请改正对象。")
        if action.kind == ActionKind.PLATFORM_SETUP and action.event_id is None:
            raise InputError(f"管理动作 {action.code} 没有对应的平台活动：请先在行事历中建立活动。")

    def _require_inside(self, action: NewAction) -> None:
        people = {person for person in (action.actor_id, action.subject_id) if person is not None}
        query = placed(select(Person.id), Person.id, on=action.planned_on, within=self.within)
        found = self.session.scalars(query.where(Person.id.in_(people), in_service(action.planned_on)))
        if people - set(found):
            raise InputError(f"管理动作 {action.code} 的执行人或对象当天不在您的机构范围内任职：请核对人员。")
        if action.customer_id is not None:
            customer = placed(
                select(Customer.id), Customer.agent_id, on=action.planned_on, within=self.within
            )
            if self.session.scalar(customer.where(Customer.id == action.customer_id)) is None:
                raise InputError(f"管理动作 {action.code} 的客户不在您的机构范围内：请核对客户。")
        if action.event_id is not None:
            event = select(ActivityEvent.id).join(Institution, Institution.id == ActivityEvent.institution_id)
            if (
                self.session.scalar(event.where(ActivityEvent.id == action.event_id, inside(self.within)))
                is None
            ):
                raise InputError(f"管理动作 {action.code} 的活动不在您的机构范围内：请核对活动。")


def _counts(kind: ActionKind) -> ColumnElement[bool]:
    """Whether a done action of the kind counts: a joint visit only with record and review (R32)."""
    if not CADENCES[kind].needs_review:
        return ManagementAction.kind == kind
    return and_(
        ManagementAction.kind == kind,
        _written(ManagementAction.record),
        _written(ManagementAction.review),
    )


def _written(text: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    return func.coalesce(func.trim(text), "") != ""


def unfinished() -> ColumnElement[bool]:
    """Whether an action does not count yet: it is not done, or lacks the record or review it needs (R32)."""
    return or_(ManagementAction.done_on.is_(None), not_(or_(*map(_counts, ActionKind))))


def _worst_of_leads(leads: Mapping[int, int], attained: Mapping[int, bool | None]) -> dict[int, bool | None]:
    """By supervisor: False when one of the offices led did not attain, None when one is not known."""
    found: dict[int, bool | None] = {}
    for office, person in leads.items():
        states = {found.get(person, True), attained[office]}
        found[person] = False if False in states else None if None in states else True
    return found
