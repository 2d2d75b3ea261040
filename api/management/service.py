"""Management actions as they are shown, and where an institution stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from api.access import Caller
from api.codes import CodeRepository
from api.customers.service import words_of
from api.management.repository import ActionRepository
from api.management.schemas import ActionIn, ActionOut, Behind, CoverageOut, MarkOut
from api.problems import NotFound
from models.activities.tables import ActivityEvent
from models.base import Subtree
from models.calendar.weeks import business_week, month_end, month_start
from models.customers.tables import Customer
from models.indicators.parameter_repository import ParameterRepository
from models.management.cadence import CADENCES, Period, Standing
from models.management.repository import ManagementRepository, NewAction
from models.management.tables import ActionKind, ManagementAction
from models.organisation.tables import FocusSupervisor, Institution, Person

NOBODY = Standing(0, 0, ())


def shown(session: Session, rows: Sequence[ManagementAction], *, full: bool = False) -> list[ActionOut]:
    codes = CodeRepository(session)
    people = codes.names(Person, [key for row in rows for key in (row.actor_id, row.subject_id)])
    customers = codes.codes(Customer, [row.customer_id for row in rows])
    events = codes.codes(ActivityEvent, [row.event_id for row in rows])
    return [
        ActionOut(
            code=row.code,
            kind=row.kind,
            actor=people[row.actor_id],
            subject=people.get(row.subject_id or 0),
            customer=customers.get(row.customer_id or 0),
            event=events.get(row.event_id or 0),
            planned_on=row.planned_on,
            done_on=row.done_on,
            record=words_of(row.record, full=full),
            review=words_of(row.review, full=full),
        )
        for row in rows
    ]


def action_of(session: Session, asker: Caller, code: str, *, full: bool = False) -> ActionOut:
    """The visible action; raises NotFound."""
    found = ActionRepository(session, within=asker.within).action(code)
    if found is None:
        raise NotFound(f"管理动作 {code} 不存在或不在您的管辖范围内：请核对编号。")
    return shown(session, [found], full=full)[0]


def plan(session: Session, asker: Caller, code: str, body: ActionIn) -> None:
    codes = CodeRepository(session, within=asker.within)
    ManagementRepository(session, within=asker.within).plan(
        NewAction(
            code=code,
            kind=body.kind,
            actor_id=codes.key(Person, body.actor),
            planned_on=body.planned_on,
            subject_id=codes.optional(Person, body.subject),
            customer_id=codes.optional(Customer, body.customer),
            event_id=codes.optional(ActivityEvent, body.event),
        )
    )


def coverage(session: Session, asker: Caller, institution: Institution, day: date) -> list[CoverageOut]:
    """All four kinds, for the business week and the month that the day lies in."""
    week, month = business_week(day), month_start(day)
    repository = ManagementRepository(session, within=Subtree(institution.path))
    parameters = ParameterRepository(session, within=asker.within).on(day)
    found = {
        ActionKind.GOAL_INTERVIEW: repository.interviews(month, repository.focus(day), parameters=parameters),
        ActionKind.PLATFORM_SETUP: repository.platforms(month, parameters=parameters),
        **repository.week(week, parameters=parameters),
    }
    standings = {kind: found[kind].get(institution.id, NOBODY) for kind in ActionKind}
    behind = [duty for standing in standings.values() for duty in standing.behind]
    codes = CodeRepository(session)
    people = codes.names(Person, [duty.person_id for duty in behind])
    homes = codes.codes(Institution, [_home(duty.path) for duty in behind])
    weekly = {kind: CADENCES[kind].period is Period.WEEK for kind in ActionKind}
    return [
        CoverageOut(
            kind=kind,
            first=week.first if weekly[kind] else month,
            last=week.last if weekly[kind] else month_end(month),
            duties=standing.duties,
            covered=standing.covered,
            coverage=standing.coverage,
            missing=standing.missing,
            behind=[
                Behind(
                    institution=homes[_home(duty.path)],
                    person=people.get(duty.person_id or 0),
                    platform=duty.platform,
                    required=duty.required,
                    done=duty.done,
                    missing=duty.missing,
                )
                for duty in standing.behind
            ],
        )
        for kind, standing in standings.items()
    ]


def mark(row: FocusSupervisor) -> MarkOut:
    return MarkOut(reason=row.reason, since=row.valid_from, until=row.valid_to)


def _home(path: str) -> int:
    return int(path.rstrip("/").rpartition("/")[2])
