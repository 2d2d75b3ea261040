"""Who of those due came (R9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import select

from models.base import Repository
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Attendance, Meeting, Presence
from models.organisation.conditions import holds_on, in_service, inside
from models.organisation.roster import Gathering, Placement, RosterRepository
from models.organisation.tables import Institution, Person, RankHistory
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

FLOOR: Final = Decimal("0.9")
"""R9: below this share of those due a meeting fails (dossier: presumed, a parameter may replace it)."""


@dataclass(frozen=True, slots=True)
class Turnout:
    """Attendance of those due; names in the order of their numbers.

    ``leave`` is told apart but stays in the denominator; ``unrecorded`` are due and neither said to have come
    nor to be missing; ``guests`` came without being due and count for no rate.
    """

    due: int
    on_site: int
    remote: int
    leave: tuple[str, ...]
    absent: tuple[str, ...]
    unrecorded: tuple[str, ...]
    guests: int

    @property
    def present(self) -> int:
        return self.on_site + self.remote

    @property
    def rate(self) -> Decimal | None:
        """参会率 = present / due (R9). None: nobody is due, or nothing was recorded of those due."""
        return self._of_due(self.present)

    @property
    def on_site_rate(self) -> Decimal | None:
        """现场率 = on site / due, told apart (R9)."""
        return self._of_due(self.on_site)

    def status(self, *, floor: Decimal = FLOOR) -> Status:
        """R9: 100 % passes, less is a warning, below the floor fails."""
        if self.rate is None:
            return Status.UNKNOWN
        return Status.PASS if self.rate >= 1 else Status.WARN if self.rate >= floor else Status.FAIL

    def _of_due(self, people: int) -> Decimal | None:
        if len(self.unrecorded) == self.due:
            return None
        return Decimal(people) / self.due


def turnout(due: Sequence[Placement], presences: Mapping[int, Presence]) -> Turnout:
    """Count those due (by R9) by what was recorded of them (person -> presence)."""
    said = {person: presences.get(person.person_id) for person in due}
    keys = {person.person_id for person in due}

    def names(presence: Presence | None) -> tuple[str, ...]:
        return tuple(person.name for person, was in said.items() if was == presence)

    came = (Presence.ON_SITE, Presence.REMOTE)
    return Turnout(
        due=len(due),
        on_site=len(names(Presence.ON_SITE)),
        remote=len(names(Presence.REMOTE)),
        leave=names(Presence.LEAVE),
        absent=names(Presence.ABSENT),
        unrecorded=names(None),
        guests=sum(person not in keys and was in came for person, was in presences.items()),
    )


class AttendanceRepository(Repository):
    """Recorded presences, set against who was due on the day."""

    def record(self, meeting: str, presences: Mapping[str, Presence]) -> None:
        """Set how people (by number) attended, in place of what was recorded of them before.

        All or nothing: raises InputError naming those not in service in the reader's subtree on that day.
        """
        meetings = MeetingRepository(self.session, within=self.within)
        held = meetings.get(meeting)
        people = self._people(list(presences), meetings.day_of(held))
        if unknown := sorted(set(presences) - set(people)):
            raise InputError(
                f"会议 {meeting} 的参会名单中，{'、'.join(unknown)} 当日不在职或不在您的管辖范围内。"
            )
        there = {
            row.person_id: row
            for row in self.session.scalars(select(Attendance).where(Attendance.meeting_id == held.id))
        }
        for code, presence in presences.items():
            if row := there.get(people[code]):
                row.presence = presence
            else:
                self.session.add(Attendance(meeting_id=held.id, person_id=people[code], presence=presence))
        self.session.flush()

    def turnout(self, meeting: str) -> Turnout:
        """The meeting's attendance (R9)."""
        meetings = MeetingRepository(self.session, within=self.within)
        meetings.day_of(meetings.get(meeting))
        return self.turnouts([meeting])[meeting]

    def turnouts(self, meetings: Sequence[str]) -> Mapping[str, Turnout]:
        """Attendance by meeting, in three queries; meetings not visible or without a time are left out."""
        found = list(
            self.session.scalars(
                select(Meeting)
                .join(Institution, Institution.id == Meeting.institution_id)
                .where(inside(self.within), Meeting.code.in_(meetings), Meeting.started_at.is_not(None))
            )
        )
        repository = MeetingRepository(self.session, within=self.within)
        when = {m.id: Gathering(m.institution_id, repository.day_of(m)) for m in found}
        due = RosterRepository(self.session, within=self.within).due(list(when.values()))
        presences: dict[int, dict[int, Presence]] = {meeting.id: {} for meeting in found}
        for row in self.session.scalars(select(Attendance).where(Attendance.meeting_id.in_(presences))):
            presences[row.meeting_id][row.person_id] = row.presence
        return {m.code: turnout(due[when[m.id]], presences[m.id]) for m in found}

    def _people(self, codes: Sequence[str], day: date) -> dict[str, int]:
        query = (
            select(Person.code, Person.id)
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(Person.code.in_(codes), holds_on(RankHistory, day), in_service(day), inside(self.within))
        )
        return dict(self.session.execute(query).tuples().all())
