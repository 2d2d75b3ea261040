"""The daily look at which meetings were due and are missing, or were held and have no recording."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.jobs.tables import Notice, NoticeKind
from models.meetings.slots import SlotRepository
from models.meetings.tables import Meeting, MeetingSlot, MeetingState, Recording
from models.organisation.tables import Institution
from qa_pipeline.names import KINDS

LOOK_BACK: Final = timedelta(days=7)
"""Slots whose last day is longer past are told of no more; whoever looks at the month's table sees them."""


def note_missing(session: Session, *, today: date) -> int:
    """Make the slots of this month and the next, and a notice for each that has just been missed.

    Told once each, however often this runs. Returns how many notices are new.
    """
    SlotRepository(session).fill_ahead(today)
    counts = (Meeting.slot_id == MeetingSlot.id) & (Meeting.state != MeetingState.VOID)
    recorded = exists().where(Recording.meeting_id == Meeting.id)
    query = (
        select(MeetingSlot, Institution, Meeting.state, recorded)
        .join(Institution, Institution.id == MeetingSlot.institution_id)
        .outerjoin(Meeting, counts)
        .where(MeetingSlot.latest < today, MeetingSlot.latest >= today - LOOK_BACK)
        .order_by(MeetingSlot.id)
    )
    told = set(session.execute(select(Notice.kind, Notice.institution_id, Notice.subject)).tuples())
    new = 0
    for slot, owner, state, has_recording in session.execute(query):
        kind = NoticeKind.RECORDING_MISSING if state == MeetingState.HELD else NoticeKind.MEETING_MISSING
        subject = f"{slot.month:%Y-%m}-{slot.name}"
        if (state == MeetingState.HELD and has_recording) or (kind, owner.id, subject) in told:
            continue
        what = "没有登记召开" if kind == NoticeKind.MEETING_MISSING else "已召开，但没有上传录音"
        session.add(
            Notice(
                kind=kind,
                institution_id=owner.id,
                subject=subject,
                text=f"{owner.name} {subject} {KINDS[slot.kind]}最晚应于 {slot.latest:%m月%d日} 召开，"
                f"{what}：请尽快补上。",
                due_on=slot.latest,
                created_at=datetime.now(UTC),
            )
        )
        new += 1
    return new
