"""The meeting repositories over the test company, for everyone or for a manager of one subtree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models.base import SHANGHAI
from models.calendar.repository import CalendarRepository
from models.meetings.actions import ActionRepository
from models.meetings.attendance import AttendanceRepository
from models.meetings.compliance import ComplianceRepository
from models.meetings.facts import FactsRepository
from models.meetings.recordings import RecordingRepository
from models.meetings.repository import MeetingRepository
from models.meetings.scorecards import ScorecardRepository
from models.meetings.slots import SlotRepository
from models.meetings.tables import Meeting
from qa_pipeline.values.vocabulary import MeetingKind
from tests.models.house import House

SEPTEMBER = date(2026, 9, 1)


def at(day: int, hour: int = 9, minute: int = 0, *, month: int = 9, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True)
class Room:
    house: House

    def __getattr__(self, name: str) -> Any:
        kinds = {
            "calendar": CalendarRepository,
            "slots": SlotRepository,
            "meetings": MeetingRepository,
            "recordings": RecordingRepository,
            "attendance": AttendanceRepository,
            "scorecards": ScorecardRepository,
            "actions": ActionRepository,
            "compliance": ComplianceRepository,
            "facts": FactsRepository,
        }
        return kinds[name](self.house.session, within=self.house.within)

    def seen_from(self, code: str) -> Room:
        return Room(self.house.seen_from(code))

    def held(
        self,
        code: str,
        *,
        institution: str,
        start: datetime,
        kind: MeetingKind = MeetingKind.WEEKLY_REVIEW,
        host: str | None = None,
    ) -> Meeting:
        """A meeting recorded as held, in the slot that follows from its day."""
        return self.meetings.record(code, institution=institution, kind=kind, started_at=start, host=host)
