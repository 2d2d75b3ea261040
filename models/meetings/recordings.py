"""The parts of a meeting's recording: their order, gaps, and the same sound handed in twice (K4)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from models.base import Repository
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Meeting, MeetingState, Recording
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError

CLOCK_SECONDS: Final = 1.0
"""Start times are kept to the second: differences up to this are no gap and no overlap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Seconds without recording after a part; below zero: the next part began before this one ended."""

    after_part: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A part whose sound is in another place too. ``meeting`` None: in one that the reader may not see."""

    part: int
    meeting: str | None
    other_part: int | None


@dataclass(frozen=True, slots=True)
class RecordingCheck:
    """All parts in order, and what is wrong with them. ``duplicates`` make the meeting critical (K4)."""

    parts: tuple[Recording, ...]
    missing: tuple[int, ...]
    gaps: tuple[Gap, ...]
    duplicates: tuple[Duplicate, ...]

    @property
    def duration(self) -> float:
        """Seconds recorded, each sound counted once (R7 compares this with the meeting's length)."""
        return sum({part.content_hash: part.duration for part in self.parts}.values())


def missing_parts(numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers left out between 1 and the highest part."""
    return tuple(sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers)))


def gaps(parts: Sequence[Recording]) -> tuple[Gap, ...]:
    """Gaps and overlaps between neighbouring parts whose start times are known; parts in order."""
    found = []
    for earlier, later in itertools.pairwise(parts):
        if earlier.started_at is None or later.started_at is None:
            continue
        end = earlier.started_at + timedelta(seconds=earlier.duration)
        seconds = (later.started_at - end).total_seconds()
        if abs(seconds) > CLOCK_SECONDS:
            found.append(Gap(earlier.part, seconds))
    return tuple(found)


class RecordingRepository(Repository):
    """The sound itself lies in the recording store; here is what is known of it."""

    def add(
        self,
        meeting: str,
        *,
        part: int,
        content_hash: str,
        file_name: str,
        size: int,
        duration: float,
        started_at: datetime | None = None,
    ) -> Recording:
        """One more part. The same sound for the same part again changes nothing; another is refused."""
        owner = MeetingRepository(self.session, within=self.within).get(meeting)
        there = self.session.scalars(
            select(Recording).where(Recording.meeting_id == owner.id, Recording.part == part)
        ).one_or_none()
        if there is not None:
            if there.content_hash != content_hash:
                raise InputError(f"会议 {meeting} 已有第 {part} 段录音 {there.file_name}：请核对段号。")
            return there
        if part < 1 or duration <= 0:
            raise InputError(f"录音 {file_name} 的段号须从 1 开始，时长须大于 0：请核对。")
        new = Recording(
            meeting_id=owner.id,
            part=part,
            content_hash=content_hash,
            file_name=file_name,
            size=size,
            duration=duration,
            started_at=started_at,
        )
        self.session.add(new)
        self.session.flush()
        return new

    def remove(self, row: Recording) -> None:
        """The part is none of its meeting's any more; those after it move up, so that none seems missing."""
        after = select(Recording).where(Recording.meeting_id == row.meeting_id, Recording.part > row.part)
        later = self.session.scalars(after.order_by(Recording.part)).all()
        self.session.delete(row)
        self.session.flush()
        for one in later:
            one.part -= 1
            self.session.flush()  # one after another: no two have one number

    def check(self, meeting: str) -> RecordingCheck:
        """The meeting's parts, what is missing between them, and where their sound turns up again (K4)."""
        owner = MeetingRepository(self.session, within=self.within).get(meeting)
        query = select(Recording).where(Recording.meeting_id == owner.id).order_by(Recording.part)
        parts = tuple(self.session.scalars(query))
        return RecordingCheck(
            parts=parts,
            missing=missing_parts([part.part for part in parts]),
            gaps=gaps(parts),
            duplicates=self._duplicates(owner),
        )

    def _duplicates(self, meeting: Meeting) -> tuple[Duplicate, ...]:
        """Looked for in the whole company: whoever hands in another's recording is found out."""
        mine = aliased(Recording)
        query = (
            select(mine.part, Meeting.code, Recording.part, Institution.path)
            .join(Recording, Recording.content_hash == mine.content_hash)
            .join(Meeting, Meeting.id == Recording.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(mine.meeting_id == meeting.id, Recording.id != mine.id, Meeting.state != MeetingState.VOID)
            .order_by(mine.part, Meeting.code, Recording.part)
        )
        return tuple(
            Duplicate(part, code, other) if self.within.holds(path) else Duplicate(part, None, None)
            for part, code, other, path in self.session.execute(query)
        )
