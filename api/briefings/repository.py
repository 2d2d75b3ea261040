"""What of the meetings a briefing must know."""

from __future__ import annotations

from datetime import date

from sqlalchemy import exists, select

from models.base import Repository, midnight
from models.meetings.tables import Meeting, MeetingSlot, MeetingState, SlotName
from models.organisation.conditions import inside
from models.organisation.tables import Institution


class SlotMeetingRepository(Repository):
    """Meetings by the slots that they fill."""

    def effective(self, institution_id: int, months: list[date]) -> dict[tuple[date, SlotName], Meeting]:
        """(month, slot) -> the meeting that counts for it."""
        query = (
            select(MeetingSlot.month, MeetingSlot.name, Meeting)
            .join(Meeting, Meeting.slot_id == MeetingSlot.id)
            .join(Institution, Institution.id == MeetingSlot.institution_id)
            .where(
                inside(self.within),
                MeetingSlot.institution_id == institution_id,
                MeetingSlot.month.in_(months),
                Meeting.state != MeetingState.VOID,
            )
        )
        return {(month, name): meeting for month, name, meeting in self.session.execute(query)}

    def held_before(self, institution_id: int, day: date) -> bool:
        """Whether any meeting of the institution before the day is on record."""
        start = midnight(day)
        query = exists().where(
            Meeting.institution_id == institution_id,
            Meeting.state == MeetingState.HELD,
            Meeting.started_at < start,
        )
        return bool(self.session.scalar(select(query)))
