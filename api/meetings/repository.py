"""Lists of meetings, actions and practices a page at a time, and single versions of scorecards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased, selectinload, undefer

from api.pages import after
from models.base import SHANGHAI, Repository, ZonedDateTime, midnight
from models.calendar.weeks import months_later
from models.meetings.tables import (
    ActionItem,
    ActionState,
    Attendance,
    Finding,
    FindingKind,
    Meeting,
    MeetingSlot,
    MeetingState,
    Presence,
    Recording,
    Scorecard,
    SlotName,
)
from models.organisation.conditions import inside
from models.organisation.tables import Institution, Person
from qa_pipeline.values.vocabulary import MeetingKind, Verdict

NEVER: Final = datetime(2199, 1, 1, tzinfo=SHANGHAI)
"""Where meetings without a time stand in the order of time."""
LAST: Final = date(2199, 1, 1)


class Sort(StrEnum):
    """Orders of the list of meetings."""

    CODE = "code"
    STARTED_AT = "started_at"
    LATEST_FIRST = "-started_at"
    INSTITUTION = "institution"


class MeetingListRepository(Repository):
    """Meetings of the subtree with slot and current scorecard."""

    def page(
        self,
        *,
        below: str | None,
        month: date | None,
        slot: SlotName | None,
        kind: MeetingKind | None,
        state: MeetingState | None,
        verdict: Verdict | None,
        inspected: bool | None,
        sort: Sort,
        cursor: str | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """(meeting, institution code, institution name, slot, host's number, scorecard), one row too many."""
        query = self._query()
        if below is not None:
            query = query.where(Institution.path.startswith(below))
        if month is not None:
            query = query.where(in_month(month))
        for column, value in (
            (MeetingSlot.name, slot),
            (Meeting.kind, kind),
            (Meeting.state, state),
            (Scorecard.verdict, verdict),
        ):
            if value is not None:
                query = query.where(column == value)
        if inspected is not None:
            query = query.where(Scorecard.id.is_not(None) if inspected else Scorecard.id.is_(None))
        return self.session.execute(
            after(query, _keys(sort), cursor, limit, descending=sort == Sort.LATEST_FIRST)
        ).all()

    def one(self, meeting_id: int) -> Row[Any]:
        """The same columns of one meeting that the caller is known to see."""
        return self.session.execute(self._query().where(Meeting.id == meeting_id)).one()

    def _query(self) -> Select[Any]:
        return (
            select(Meeting, Institution.code, Institution.name, MeetingSlot, Person.code, Scorecard)
            .join(Institution, Institution.id == Meeting.institution_id)
            .outerjoin(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .outerjoin(Person, Person.id == Meeting.host_id)
            .outerjoin(Scorecard, and_(Scorecard.meeting_id == Meeting.id, Scorecard.is_current))
            .where(inside(self.within))
        )


def sort_key(row: Row[Any], sort: Sort) -> list[Any]:
    """What the cursor remembers of the last row shown."""
    meeting, institution = row[0], row[1]
    leads: dict[Sort, list[Any]] = {Sort.CODE: [], Sort.INSTITUTION: [institution]}
    return [*leads.get(sort, [meeting.started_at or NEVER]), meeting.code]


def _keys(sort: Sort) -> list[ColumnElement[Any] | InstrumentedAttribute[Any]]:
    if sort == Sort.CODE:
        return [Meeting.code]
    if sort == Sort.INSTITUTION:
        return [Institution.code, Meeting.code]
    return [func.coalesce(Meeting.started_at, literal(NEVER, ZonedDateTime())), Meeting.code]


def in_month(month: date) -> ColumnElement[bool]:
    """Meetings of the month's slots, and those without a slot that were held in it."""
    begin, end = midnight(month), midnight(months_later(month, 1))
    loose = and_(Meeting.slot_id.is_(None), Meeting.started_at >= begin, Meeting.started_at < end)
    return or_(MeetingSlot.month == month, loose)


class VersionRepository(Repository):
    """Single versions of scorecards; the caller looked the meeting up before."""

    def one(self, meeting_id: int, version: int | None) -> Scorecard | None:
        """One version with chapters, items, findings and the whole result; None: the current one."""
        which = Scorecard.is_current if version is None else Scorecard.version == version
        query = (
            select(Scorecard)
            .where(Scorecard.meeting_id == meeting_id, which)
            .options(
                undefer(Scorecard.result),
                selectinload(Scorecard.chapters),
                selectinload(Scorecard.items),
                selectinload(Scorecard.findings),
            )
        )
        return self.session.scalars(query).one_or_none()

    def is_inspected(self, meeting_id: int) -> bool:
        query = select(func.count(Scorecard.id)).where(Scorecard.meeting_id == meeting_id)
        return bool(self.session.scalar(query))


class SheetRepository(Repository):
    """Attendance sheets of meetings that the caller is known to see."""

    def recorded(self, meeting_id: int) -> Sequence[tuple[str, str, Presence]]:
        """(number, name, presence), by number."""
        query = (
            select(Person.code, Person.name, Attendance.presence)
            .join(Attendance, Attendance.person_id == Person.id)
            .where(Attendance.meeting_id == meeting_id)
            .order_by(Person.code)
        )
        return self.session.execute(query).tuples().all()

    def keep_only(self, meeting_id: int, people: Collection[str]) -> None:
        """Forget what was recorded of everyone else."""
        others = select(Person.id).where(Person.code.not_in(people))
        self.session.execute(
            delete(Attendance)
            .where(Attendance.meeting_id == meeting_id, Attendance.person_id.in_(others))
            .execution_options(synchronize_session="fetch")
        )


class ActionListRepository(Repository):
    """Actions of the subtree."""

    def actions(
        self,
        *,
        below: str | None,
        meeting: str | None,
        owner: str | None,
        owner_id: int | None,
        state: ActionState | None,
        confirmed: bool | None,
        due_by: date | None,
        cursor: str | None,
        limit: int,
        latest_first: bool = False,
    ) -> Sequence[Row[Any]]:
        """(action, meeting code, institution code, owner's number, owner's name), earliest due first, or
        latest; one row too many."""
        query = self._actions().where(Meeting.state != MeetingState.VOID)
        if below is not None:
            query = query.where(Institution.path.startswith(below))
        for column, value in (
            (Meeting.code, meeting),
            (Person.code, owner),
            (ActionItem.owner_id, owner_id),
            (ActionItem.state, state),
        ):
            if value is not None:
                query = query.where(column == value)
        if confirmed is not None:
            told = ActionItem.confirmed_at
            query = query.where(told.is_not(None) if confirmed else told.is_(None))
        if due_by is not None:
            query = query.where(ActionItem.due_on <= due_by)
        due = func.coalesce(ActionItem.due_on, LAST)
        ordered = after(query, [due, ActionItem.code], cursor, limit, descending=latest_first)
        return self.session.execute(ordered).all()

    def action(self, code: str) -> Row[Any]:
        """The same columns of one action that the caller is known to see."""
        return self.session.execute(self._actions().where(ActionItem.code == code)).one()

    def _actions(self) -> Select[Any]:
        return (
            select(ActionItem, Meeting.code, Institution.code, Person.code, Person.name)
            .join(Meeting, Meeting.id == ActionItem.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .outerjoin(Person, Person.id == ActionItem.owner_id)
            .where(inside(self.within))
        )


class PracticeRepository(Repository):
    """Practices in the current results of the subtree's held meetings."""

    def page(
        self,
        *,
        first: date,
        last: date,
        below: str | None,
        text: str | None,
        cursor: str | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """(finding, meeting, institution code, its name, number of the practice in its meeting, whether there
        is a recording), newest meeting first, one too many."""
        query = self._shown(first, last, below)
        if text is not None:
            query = query.where(Finding.text == text)
        keys = [Meeting.started_at, Finding.id]
        return self.session.execute(after(query, keys, cursor, limit, descending=True)).all()

    def newest(self, *, first: date, last: date, below: str | None, each: int) -> Sequence[Row[Any]]:
        """The same columns of the ``each`` newest practices of every kind, newest meeting first."""
        newest_first = (Meeting.started_at.desc(), Finding.id.desc())
        place = func.row_number().over(partition_by=Finding.text, order_by=newest_first)
        ranked = self._found(select(Finding.id, place.label("place")), first, last, below).subquery()
        query = self._shown(first, last, below).join(ranked, ranked.c.id == Finding.id)
        return self.session.execute(query.where(ranked.c.place <= each).order_by(*newest_first)).all()

    def kinds(self, *, first: date, last: date, below: str | None) -> Sequence[Row[Any]]:
        """(text, number of meetings, of institutions, when the newest was held), most meetings first."""
        meetings, latest = func.count(Meeting.id.distinct()), func.max(Meeting.started_at)
        query = select(Finding.text, meetings, func.count(Institution.id.distinct()), latest)
        found = self._found(query, first, last, below).group_by(Finding.text)
        return self.session.execute(found.order_by(meetings.desc(), latest.desc(), Finding.text)).all()

    def told(self, scorecards: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        """What each result says of its practices, in their order. (Asked for the shown alone: a database may
        read the results of all it sorts.)"""
        query = select(Scorecard.id, Scorecard.result["practices"]).where(Scorecard.id.in_(scorecards))
        return {key: practices or [] for key, practices in self.session.execute(query).tuples()}

    def _shown(self, first: date, last: date, below: str | None) -> Select[Any]:
        of_result, recording = aliased(Finding), Recording.meeting_id == Meeting.id
        number = (
            select(func.count())
            .where(of_result.scorecard_id == Finding.scorecard_id, of_result.id <= Finding.id)
            .where(of_result.kind == FindingKind.PRACTICE)
            .scalar_subquery()
        )
        query = select(
            Finding,
            Meeting,
            Institution.code,
            Institution.name,
            number,
            exists().where(recording),
        )
        return self._found(query, first, last, below)

    def _found(self, query: Select[Any], first: date, last: date, below: str | None) -> Select[Any]:
        begin, end = midnight(first), midnight(last + timedelta(days=1))
        query = (
            query.select_from(Finding)
            .join(Scorecard, Scorecard.id == Finding.scorecard_id)
            .join(Meeting, Meeting.id == Scorecard.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), Scorecard.is_current, Finding.kind == FindingKind.PRACTICE)
            .where(Meeting.state == MeetingState.HELD, Meeting.started_at >= begin, Meeting.started_at < end)
        )
        return query if below is None else query.where(Institution.path.startswith(below))
