"""Meetings: planned into a slot, prepared, held, and made void."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select

from models.base import SHANGHAI, Repository
from models.calendar.repository import CalendarRepository
from models.calendar.weeks import month_start
from models.meetings.preparation import missing_preparation
from models.meetings.slots import name_of
from models.meetings.tables import Meeting, MeetingSlot, MeetingState, SlotName
from models.organisation.conditions import inside
from models.organisation.people import PeopleRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from qa_pipeline.compliance.calendar import slot_for
from qa_pipeline.errors import InputError
from qa_pipeline.names import KINDS
from qa_pipeline.values.vocabulary import MeetingKind, Theme

LONGEST: Final = timedelta(hours=12)
"""No meeting takes longer from its beginning to its end: what does was written down wrongly."""


class MeetingRepository(Repository):
    """At most one meeting of a slot counts; the others are void."""

    def get(self, code: str) -> Meeting:
        """Raises InputError when there is none, or none that the reader may see."""
        query = select(Meeting).join(Institution, Institution.id == Meeting.institution_id)
        found = self.session.scalars(query.where(inside(self.within), Meeting.code == code)).one_or_none()
        if found is None:
            raise InputError(f"会议 {code} 不存在或不在您的管辖范围内：请核对会议编号。")
        return found

    def lock(self, meeting_id: int) -> None:
        """Nobody else asks for an inspection of the meeting, publishes a result or adds an action before this
        transaction ends. Taken before the rows of its jobs, so that two never wait for one another."""
        row = select(Meeting.id).where(Meeting.id == meeting_id)
        self.session.execute(row.with_for_update(key_share=True))

    def day_of(self, meeting: Meeting) -> date:
        """The day of the meeting in Shanghai; raises InputError while its time is not set."""
        if meeting.started_at is None:
            raise InputError(f"会议 {meeting.code} 尚未登记时间：请先登记开始时间。")
        return meeting.started_at.astimezone(SHANGHAI).date()

    def plan(self, code: str, *, institution: str, month: date, slot: SlotName) -> Meeting:
        """A new meeting for the institution's slot of the month. Refused when one already counts."""
        owner = InstitutionRepository(self.session, within=self.within).get(institution)
        found = self.session.scalars(
            select(MeetingSlot).where(
                MeetingSlot.institution_id == owner.id,
                MeetingSlot.month == month_start(month),
                MeetingSlot.name == slot,
            )
        ).one_or_none()
        if found is None:
            raise InputError(f"机构 {institution} 没有 {month:%Y-%m}-{slot} 场次：请先生成该月场次。")
        self._require_free(found)
        return self._added(code, owner.id, found.kind, found.id)

    def prepare(
        self,
        code: str,
        *,
        at: datetime,
        topic: str | None = None,
        starts_at: datetime | None = None,
        goal: str | None = None,
        flow: str | None = None,
    ) -> Meeting:
        """Lay down what is given; ``at`` counts once topic, time, goal and flow all stand (R24).

        Raises InputError for a new time of a meeting that was held: `hold` corrects that.
        """
        meeting = self._counting(code)
        if meeting.state == MeetingState.HELD and starts_at not in (None, meeting.started_at):
            raise InputError(f"会议 {code} 已召开，不能在会前准备中改开始时间：请重新登记召开以更正。")
        meeting.topic = topic or meeting.topic
        meeting.goal = goal or meeting.goal
        meeting.flow = flow or meeting.flow
        meeting.started_at = starts_at or meeting.started_at
        if meeting.prepared_at is None and not missing_preparation(meeting):
            meeting.prepared_at = at
        self.session.flush()
        return meeting

    def hold(
        self,
        code: str,
        *,
        started_at: datetime,
        ended_at: datetime | None = None,
        host: str | None = None,
    ) -> Meeting:
        """The meeting took place; run again to correct when, or who hosted.

        Raises InputError unless it ends after it began, and within `LONGEST`.
        """
        meeting = self._counting(code)
        ended_at = ended_at or meeting.ended_at
        if ended_at is not None and ended_at <= started_at:
            raise InputError(f"会议 {code} 的结束时间不晚于开始时间：请核对时间。")
        if ended_at is not None and ended_at - started_at > LONGEST:
            hours = LONGEST // timedelta(hours=1)
            raise InputError(f"会议 {code} 的开始和结束相距超过 {hours} 小时：请核对这两个时间。")
        people = PeopleRepository(self.session, within=self.within)
        meeting.host_id = people.get(host).id if host else meeting.host_id
        meeting.started_at, meeting.ended_at = started_at, ended_at
        meeting.state = MeetingState.HELD
        self.session.flush()
        return meeting

    def record(
        self,
        code: str,
        *,
        institution: str,
        kind: MeetingKind,
        started_at: datetime,
        ended_at: datetime | None = None,
        host: str | None = None,
        theme: Theme | None = None,
    ) -> Meeting:
        """A meeting that took place, planned or not; the slot it fills follows from its day and theme (R4).

        A meeting planned for that slot becomes the one that was held and keeps its code. Safe to repeat.
        Without a slot (none near, or the year is unknown and the day no base day) the meeting stands alone.
        """
        owner = InstitutionRepository(self.session, within=self.within).get(institution)
        known = self.session.scalars(select(Meeting).where(Meeting.code == code)).one_or_none()
        if known is None or known.institution_id != owner.id:
            day = started_at.astimezone(SHANGHAI).date()
            code = self._slotted(code, owner, kind, self._slot(owner.id, kind, day, theme))
        return self.hold(code, started_at=started_at, ended_at=ended_at, host=host)

    def require_free(self, institution: str, *, kind: MeetingKind, started_at: datetime) -> None:
        """Raises InputError where ``record`` would, because the slot of such a meeting has been held."""
        owner = InstitutionRepository(self.session, within=self.within).get(institution)
        day = started_at.astimezone(SHANGHAI).date()
        self._planned(owner, kind, self._slot(owner.id, kind, day, None))

    def void(self, code: str) -> None:
        """The meeting (a duplicate, a test) counts for nothing; its slot is free again."""
        self.get(code).state = MeetingState.VOID
        self.session.flush()

    # ------------------------------------------------------------ inner steps

    def _counting(self, code: str) -> Meeting:
        meeting = self.get(code)
        if meeting.state == MeetingState.VOID:
            raise InputError(f"会议 {code} 已作废：请选择有效的会议。")
        return meeting

    def _slotted(self, code: str, owner: Institution, kind: MeetingKind, slot: MeetingSlot | None) -> str:
        """The code of the meeting that was planned for the slot, or of a new one with the given code."""
        planned = self._planned(owner, kind, slot)
        if planned is None:
            return self._added(code, owner.id, kind, slot.id if slot else None).code
        return planned.code

    def _planned(self, owner: Institution, kind: MeetingKind, slot: MeetingSlot | None) -> Meeting | None:
        """That for the slot. Raises InputError where the slot's meeting has been held."""
        taken = self._effective(slot) if slot else None
        if taken is None or taken.state == MeetingState.PLANNED:
            return taken
        raise InputError(
            f"机构 {owner.code} 该场次的{KINDS[kind]}已有有效会议 {taken.code}："
            "一场只计一次，请先将其中一场作废。"
        )

    def _effective(self, slot: MeetingSlot) -> Meeting | None:
        query = select(Meeting).where(Meeting.slot_id == slot.id, Meeting.state != MeetingState.VOID)
        return self.session.scalars(query).one_or_none()

    def _require_free(self, slot: MeetingSlot) -> None:
        if taken := self._effective(slot):
            raise InputError(f"该场次已有会议 {taken.code}：请使用该会议，或先将其作废。")

    def _slot(
        self, institution_id: int, kind: MeetingKind, day: date, theme: Theme | None
    ) -> MeetingSlot | None:
        found = slot_for(day, kind, theme, CalendarRepository(self.session).imported())
        if found is None:
            return None
        return self.session.scalars(
            select(MeetingSlot).where(
                MeetingSlot.institution_id == institution_id,
                MeetingSlot.month == month_start(found.base),
                MeetingSlot.name == name_of(found),
            )
        ).one_or_none()

    def _added(self, code: str, institution_id: int, kind: MeetingKind, slot_id: int | None) -> Meeting:
        if self.session.scalar(select(Meeting.id).where(Meeting.code == code)) is not None:
            raise InputError(f"会议编号 {code} 已被使用：请换一个编号。")
        meeting = Meeting(
            code=code,
            institution_id=institution_id,
            slot_id=slot_id,
            kind=kind,
            state=MeetingState.PLANNED,
        )
        self.session.add(meeting)
        self.session.flush()
        return meeting
