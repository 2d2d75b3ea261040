"""What meetings agreed on: confirmed, followed up in later meetings, closed (R26; section 3, 兑现率)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from models.base import SHANGHAI, Repository, midnight
from models.meetings.repository import MeetingRepository
from models.meetings.tables import (
    ActionFollowUp,
    ActionItem,
    ActionState,
    FollowUpOutcome,
    Meeting,
    MeetingState,
)
from models.organisation.conditions import inside
from models.organisation.people import PeopleRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution, Person
from qa_pipeline.errors import InputError


@dataclass(frozen=True, slots=True)
class OpenCommitment:
    """An action to be checked at a meeting on ``checked_on``; ``due_on`` None: no date was said."""

    checked_on: date
    code: str
    what: str
    who: str | None
    owner: str | None
    due_on: date | None
    confirmed: bool
    meeting: str
    passed_over: int
    """Earlier meetings that were to check it and did not mention it."""

    @property
    def overdue_days(self) -> int:
        return max((self.checked_on - self.due_on).days, 0) if self.due_on else 0


@dataclass(frozen=True, slots=True)
class KeptRate:
    """Commitments of one institution that fell due in a period, dropped ones left out.

    ``unconfirmed`` ones were only read out of a recording by the machine and count for no rate.
    """

    institution: str
    due: int
    kept: int
    unconfirmed: int

    @property
    def rate(self) -> Decimal | None:
        return kept_rate(self.kept, self.due)


def kept_rate(kept: int, due: int) -> Decimal | None:
    """兑现率 = commitments kept on time / commitments due (dossier section 3); None: none was due."""
    return Decimal(kept) / due if due else None


def new_codes(session: Session, meeting: Meeting) -> Iterator[str]:
    """Codes for the meeting's next actions, one after the other."""
    head = f"M{meeting.id}-"
    codes = session.scalars(select(ActionItem.code).where(ActionItem.meeting_id == meeting.id))
    tails = [code.removeprefix(head) for code in codes if code.startswith(head)]
    last = max((int(tail) for tail in tails if tail.isdecimal()), default=0)
    return (f"{head}{number}" for number in count(last + 1))


class ActionRepository(Repository):
    """Action items of the meetings in the subtree."""

    def get(self, code: str) -> ActionItem:
        """Raises InputError when there is none, or none that the reader may see."""
        query = (
            select(ActionItem)
            .join(Meeting, Meeting.id == ActionItem.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), ActionItem.code == code)
        )
        found = self.session.scalars(query).one_or_none()
        if found is None:
            raise InputError(f"行动项 {code} 不存在或不在您的管辖范围内：请核对编号。")
        return found

    def of_meeting(self, meeting: str) -> tuple[ActionItem, ...]:
        """The meeting's actions in the order they were agreed on."""
        owner = self._meetings.get(meeting)
        query = select(ActionItem).where(ActionItem.meeting_id == owner.id).order_by(ActionItem.id)
        return tuple(self.session.scalars(query))

    def add(
        self,
        meeting: str,
        *,
        what: str,
        at: datetime,
        who: str | None = None,
        owner: str | None = None,
        due_on: date | None = None,
    ) -> ActionItem:
        """An action that a person writes down, confirmed by that; ``owner`` by number.

        Raises InputError for a meeting that was not held.
        """
        held = self._meetings.get(meeting)
        if held.state != MeetingState.HELD:
            raise InputError(f"会议 {meeting} 未登记召开或已作废，不能添加行动项：请先登记召开时间。")
        person = PeopleRepository(self.session, within=self.within).get(owner) if owner else None
        new = ActionItem(
            what=what,
            who=who or (person.name if person else None),
            owner_id=person.id if person else None,
            due_on=due_on,
            confirmed_at=at,
        )
        return self._added(held, new)

    def confirm(
        self,
        code: str,
        *,
        at: datetime,
        what: str | None = None,
        owner: str | None = None,
        due_on: date | None = None,
    ) -> ActionItem:
        """A person says that this was agreed; owner (by number) and due date may be set along with it.

        Other words are an action of their own in its place: what was heard stays, dropped, so that it is not
        added again when the meeting is read anew.
        """
        action = self._open(code)
        if what is not None and what != action.what:
            action.state, action.closed_on = ActionState.DROPPED, at.astimezone(SHANGHAI).date()
            better = ActionItem(
                what=what,
                who=action.who,
                owner_id=action.owner_id,
                due_on=action.due_on,
                start=action.start,
                end=action.end,
                quote=action.quote,
            )
            action = self._added(self.session.get_one(Meeting, action.meeting_id), better)
        if owner is not None:
            action.owner_id = PeopleRepository(self.session, within=self.within).get(owner).id
        action.due_on = due_on or action.due_on
        action.confirmed_at = action.confirmed_at or at
        self.session.flush()
        return action

    def close(self, code: str, *, state: ActionState, on: date) -> ActionItem:
        """Kept, broken or dropped on the day."""
        action = self._open(code)
        if state == ActionState.OPEN:
            raise InputError(f"行动项 {code} 的结果须为已兑现、未兑现或已取消：请选择其一。")
        action.state, action.closed_on = state, on
        self.session.flush()
        return action

    def due_for_check(self, institution: str, *, on: date) -> tuple[OpenCommitment, ...]:
        """The open commitments of earlier meetings that a meeting on the day must check, in one query.

        Those due by then, and those without a date; the longest due first.
        """
        owner = InstitutionRepository(self.session, within=self.within).get(institution)
        passed_over = (
            select(func.count())
            .where(
                ActionFollowUp.action_id == ActionItem.id,
                ActionFollowUp.outcome == FollowUpOutcome.NOT_MENTIONED,
            )
            .scalar_subquery()
        )
        query = (
            select(
                ActionItem.code,
                ActionItem.what,
                ActionItem.who,
                Person.name,
                ActionItem.due_on,
                ActionItem.confirmed_at.is_not(None),
                Meeting.code,
                passed_over,
            )
            .join(Meeting, Meeting.id == ActionItem.meeting_id)
            .outerjoin(Person, Person.id == ActionItem.owner_id)
            .where(
                Meeting.institution_id == owner.id,
                Meeting.state == MeetingState.HELD,
                Meeting.started_at < midnight(on),
                ActionItem.state == ActionState.OPEN,
                or_(ActionItem.due_on.is_(None), ActionItem.due_on <= on),
            )
            .order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)
        )
        return tuple(OpenCommitment(on, *row) for row in self.session.execute(query))

    def follow_up(
        self, code: str, *, meeting: str, outcome: FollowUpOutcome, quote: str | None = None
    ) -> ActionFollowUp:
        """What a later meeting says of the action; said kept, the action is closed as kept on that day.

        Said not kept, it stays open until it is kept or closed: late is never on time. Run again to correct.
        """
        action, later = self.get(code), self._meetings.get(meeting)
        day = self._meetings.day_of(later)
        earlier = self.session.get_one(Meeting, action.meeting_id)
        if later.institution_id != earlier.institution_id or self._meetings.day_of(earlier) >= day:
            raise InputError(
                f"行动项 {code} 出自会议 {earlier.code}，只能由同一机构之后的会议跟进：请核对会议 {meeting}。"
            )
        row = self.session.get(ActionFollowUp, (action.id, later.id))
        if row is None:
            row = ActionFollowUp(action_id=action.id, meeting_id=later.id, outcome=outcome)
            self.session.add(row)
        row.outcome, row.quote = outcome, quote
        if outcome == FollowUpOutcome.KEPT and action.state == ActionState.OPEN:
            action.state, action.closed_on = ActionState.KEPT, day
        self.session.flush()
        return row

    def hear(self, meeting: str, heard: Mapping[str, tuple[FollowUpOutcome, str | None]]) -> None:
        """What the machine heard a later meeting say of actions, by their codes: outcome and quote.

        It closes nothing, and stands behind whatever is written already: both are for people.
        """
        later = self._meetings.get(meeting)
        written = select(ActionFollowUp.action_id).where(ActionFollowUp.meeting_id == later.id)
        query = (
            select(ActionItem.id, ActionItem.code)
            .join(Meeting, Meeting.id == ActionItem.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), ActionItem.code.in_(heard), ActionItem.id.not_in(written))
        )
        for key, code in self.session.execute(query).tuples().all():
            outcome, quote = heard[code]
            self.session.add(ActionFollowUp(action_id=key, meeting_id=later.id, outcome=outcome, quote=quote))
        self.session.flush()

    def kept_rates(self, first: date, last: date) -> tuple[KeptRate, ...]:
        """By institution: commitments due in ``first``..``last`` (both included), and those kept on time."""
        said = ActionItem.confirmed_at.is_not(None)
        on_time = and_(ActionItem.state == ActionState.KEPT, ActionItem.closed_on <= ActionItem.due_on)
        counts = [func.sum(case((which, 1), else_=0)) for which in (said, and_(said, on_time), ~said)]
        query = (
            select(Institution.code, *counts)
            .join(Meeting, Meeting.institution_id == Institution.id)
            .join(ActionItem, ActionItem.meeting_id == Meeting.id)
            .where(
                inside(self.within),
                Meeting.state == MeetingState.HELD,
                ActionItem.due_on.between(first, last),
                ActionItem.state != ActionState.DROPPED,
            )
            .group_by(Institution.code)
            .order_by(Institution.code)
        )
        return tuple(
            KeptRate(code, int(due), int(kept), int(unconfirmed))
            for code, due, kept, unconfirmed in self.session.execute(query)
        )

    @property
    def _meetings(self) -> MeetingRepository:
        return MeetingRepository(self.session, within=self.within)

    def _added(self, meeting: Meeting, action: ActionItem) -> ActionItem:
        """One that is open, with the meeting's next code."""
        self._meetings.lock(meeting.id)
        action.code = next(new_codes(self.session, meeting))
        action.meeting_id, action.state = meeting.id, ActionState.OPEN
        self.session.add(action)
        self.session.flush()
        return action

    def _open(self, code: str) -> ActionItem:
        action = self.get(code)
        if action.state != ActionState.OPEN:
            raise InputError(f"行动项 {code} 已于 {action.closed_on} 关闭，不能再修改。")
        return action
