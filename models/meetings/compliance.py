"""The month's compliance table of a subtree, coverage (R10) and inspection rate (R12)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from models.base import Repository, Subtree, midnight
from models.calendar.repository import CalendarRepository
from models.calendar.weeks import month_start, months_later
from models.meetings.slots import due_day, name_of
from models.meetings.tables import Meeting, MeetingSlot, MeetingState, Recording, Scorecard, SlotName
from models.organisation.conditions import inside
from models.organisation.tables import Institution
from qa_pipeline.compliance.calendar import Slot, merges, slots
from qa_pipeline.compliance.verdicts import coverage, inspection_rate
from qa_pipeline.values.vocabulary import Status, Theme, Verdict


class SlotState(StrEnum):
    """What became of a slot, worst telling first: a late meeting that is low too reads late."""

    UNKNOWN = "unknown"
    """The year's holidays are not known, so nothing can be told of the window."""
    PENDING = "pending"
    """Not held yet, and still in time."""
    MISSING = "missing"
    LATE = "late"
    EARLY = "early"
    LOW = "low"
    """Held in time, but not on quality: below the pass line or critical (R11)."""
    HELD = "held"


SLOT_STATES: Final = {
    SlotState.UNKNOWN: "未知",
    SlotState.PENDING: "待召开",
    SlotState.MISSING: "未召开",
    SlotState.LATE: "迟开",
    SlotState.EARLY: "早开",
    SlotState.LOW: "不达标",
    SlotState.HELD: "已召开",
}


@dataclass(frozen=True, slots=True)
class SlotResult:
    """One slot of one institution, with the meeting that counts and its current scorecard, if any."""

    name: SlotName
    theme: Theme
    earliest: date | None
    latest: date | None
    state: SlotState
    meeting: str | None
    held_on: date | None
    verdict: Verdict | None
    on_time: Status | None
    on_roster: Status | None
    on_quality: Status | None
    energy_score: Decimal | None
    duplicate_recording: bool
    """A part of its recording is found in another meeting too (K4)."""

    @property
    def held(self) -> bool:
        return self.held_on is not None

    @property
    def inspected(self) -> bool:
        return self.verdict is not None


@dataclass(frozen=True, slots=True)
class InstitutionMonth:
    """One line of the table: the institution's slots of the month, W1 to MP."""

    institution_id: int
    code: str
    name: str
    slots: tuple[SlotResult, ...]


@dataclass(frozen=True, slots=True)
class SlotCoverage:
    """R10 for one slot: effective meetings held / due. ``missing`` are the institutions (code, name) without.

    ``pending`` may still meet in time and ``unknown`` have no window: both are counted apart, not as due.
    """

    name: SlotName
    due: int
    held: int
    missing: tuple[tuple[str, str], ...]
    pending: int
    unknown: int
    status: Status

    @property
    def rate(self) -> Decimal | None:
        return Decimal(self.held) / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class InspectionShare:
    """R12: inspected / held; ``missing`` are the meetings held that were not inspected."""

    held: int
    inspected: int
    missing: tuple[str, ...]
    status: Status

    @property
    def rate(self) -> Decimal | None:
        return Decimal(self.inspected) / self.held if self.held else None


def slot_coverage(table: Sequence[InstitutionMonth], name: SlotName) -> SlotCoverage:
    """R10: which institutions that owe the slot's meeting held one; late and low ones were held."""
    found = [(line, slot) for line in table for slot in line.slots if slot.name == name]
    names = {line.code: line.name for line, _ in found}
    owed = [
        (line.code, slot.held)
        for line, slot in found
        if slot.state not in (SlotState.PENDING, SlotState.UNKNOWN)
    ]
    result = coverage(
        name, must_hold=[code for code, _ in owed], held=[code for code, was_held in owed if was_held]
    )
    return SlotCoverage(
        name=name,
        due=result.must_hold,
        held=result.held,
        missing=tuple((code, names[code]) for code in result.missing),
        pending=sum(slot.state == SlotState.PENDING for _, slot in found),
        unknown=sum(slot.state == SlotState.UNKNOWN for _, slot in found),
        status=result.status,
    )


class ComplianceRepository(Repository):
    """Reads the state of many meetings at once: a constant number of queries, whatever the subtree's size."""

    def month_table(
        self, month: date, *, as_of: date, below: Subtree | None = None
    ) -> tuple[InstitutionMonth, ...]:
        """Every institution that owes a meeting in the month, with its slots, as things stood at the end of
        ``as_of``: what was held or inspected later does not count yet.

        ``below`` narrows the table to a part of what the reader may see.
        """
        first = month_start(month)
        imported = CalendarRepository(self.session).imported()
        calendar = {name_of(slot): slot for slot in slots(first.year, first.month, imported)}
        duplicates = self._with_duplicates(first)
        lines: dict[int, list[Any]] = {}
        for row in self.session.execute(self._query(first, as_of, below)):
            if _held_on(row, as_of) is None and not _owes(row):
                continue
            lines.setdefault(row.institution_id, []).append(row)
        return tuple(
            InstitutionMonth(
                institution,
                rows[0].code,
                rows[0].institution_name,
                tuple(
                    _result(row, calendar[row.name], as_of=as_of, duplicates=duplicates)
                    for row in sorted(rows, key=lambda row: _ORDER[row.name])
                ),
            )
            for institution, rows in lines.items()
        )

    def inspections(self, month: date, *, as_of: date) -> InspectionShare:
        """R12 for the month's meetings as things stood at the end of ``as_of``: those of its slots, and those
        without a slot held in it.
        """
        first = month_start(month)
        begin, end = (midnight(day) for day in (first, months_later(first, 1)))
        query = (
            select(Meeting.code, Scorecard.id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .outerjoin(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .outerjoin(Scorecard, _standing(as_of))
            .where(
                inside(self.within),
                Meeting.state == MeetingState.HELD,
                Meeting.started_at < midnight(as_of + timedelta(days=1)),
                or_(
                    MeetingSlot.month == first,
                    and_(Meeting.slot_id.is_(None), Meeting.started_at >= begin, Meeting.started_at < end),
                ),
            )
        )
        rows = self.session.execute(query).tuples().all()
        result = inspection_rate(
            held=[code for code, _ in rows], inspected=[code for code, card in rows if card is not None]
        )
        return InspectionShare(result.held, result.inspected, result.missing, result.status)

    # ------------------------------------------------------------ inner steps

    def _query(self, month: date, as_of: date, below: Subtree | None) -> Any:
        query = (
            select(
                Institution.id.label("institution_id"),
                Institution.code,
                Institution.name.label("institution_name"),
                Institution.valid_from,
                Institution.valid_to,
                MeetingSlot.month,
                MeetingSlot.name,
                MeetingSlot.theme,
                MeetingSlot.earliest,
                MeetingSlot.latest,
                Meeting.id.label("meeting_id"),
                Meeting.code.label("meeting"),
                Meeting.state,
                Meeting.started_at.label("held_at"),
                Scorecard.verdict,
                Scorecard.on_time,
                Scorecard.on_roster,
                Scorecard.on_quality,
                Scorecard.energy_score,
            )
            .join(MeetingSlot, MeetingSlot.institution_id == Institution.id)
            .outerjoin(Meeting, and_(Meeting.slot_id == MeetingSlot.id, Meeting.state != MeetingState.VOID))
            .outerjoin(Scorecard, _standing(as_of))
            .where(MeetingSlot.month == month, inside(self.within))
            .order_by(Institution.code)
        )
        return query if below is None else query.where(inside(below))

    def _with_duplicates(self, month: date) -> Collection[int]:
        """Meetings of the month's slots with a sound that another meeting of the company has too (K4)."""
        twin, other = aliased(Recording), aliased(Meeting)
        query = (
            select(Recording.meeting_id)
            .join(Meeting, Meeting.id == Recording.meeting_id)
            .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .join(twin, twin.content_hash == Recording.content_hash)
            .join(other, other.id == twin.meeting_id)
            .where(
                inside(self.within),
                MeetingSlot.month == month,
                twin.meeting_id != Recording.meeting_id,
                other.state != MeetingState.VOID,
            )
        )
        return frozenset(self.session.scalars(query))


_ORDER: Final = {name: place for place, name in enumerate(SlotName)}


def _standing(as_of: date) -> ColumnElement[bool]:
    """A meeting's newest scorecard of those made by the end of the day; today that is the current one."""
    end = midnight(as_of + timedelta(days=1))
    later = aliased(Scorecard)
    newer = exists().where(
        later.meeting_id == Scorecard.meeting_id, later.version > Scorecard.version, later.made_at < end
    )
    return and_(Scorecard.meeting_id == Meeting.id, Scorecard.made_at < end, ~newer)


def _held_on(row: Any, as_of: date) -> date | None:
    """The day of the meeting, if it took place by then."""
    if row.state != MeetingState.HELD:
        return None
    day: date = row.held_at.date()
    return day if day <= as_of else None


def _owes(row: Any) -> bool:
    """Whether the institution existed on the day that decides (dossier, defaults: by effective date)."""
    day = due_day(row.name, row.month, row.latest)
    return bool(row.valid_from <= day and (row.valid_to is None or day < row.valid_to))


def _result(row: Any, slot: Slot, *, as_of: date, duplicates: Collection[int]) -> SlotResult:
    held_on = _held_on(row, as_of)
    return SlotResult(
        name=row.name,
        theme=row.theme,
        earliest=row.earliest,
        latest=row.latest,
        state=_state(row, slot, held_on, as_of),
        meeting=row.meeting,
        held_on=held_on,
        verdict=row.verdict,
        on_time=row.on_time,
        on_roster=row.on_roster,
        on_quality=row.on_quality,
        energy_score=row.energy_score,
        duplicate_recording=row.meeting_id in duplicates,
    )


def _state(row: Any, slot: Slot, held_on: date | None, as_of: date) -> SlotState:
    if row.latest is None:
        return SlotState.UNKNOWN
    if held_on is None:
        return SlotState.MISSING if as_of > row.latest else SlotState.PENDING
    if not row.earliest <= held_on <= row.latest and not merges(held_on, slot):
        return SlotState.LATE if held_on > row.latest else SlotState.EARLY
    return SlotState.LOW if row.on_quality == Status.FAIL else SlotState.HELD
