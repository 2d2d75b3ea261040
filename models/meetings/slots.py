"""The meetings that every level-4 institution must hold in a month (R1-R4, R10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, delete, exists, insert, select, update

from models.base import Repository
from models.calendar.repository import CalendarRepository
from models.calendar.weeks import month_end, month_start, months_later
from models.meetings.tables import Meeting, MeetingSlot, SlotName
from models.organisation.conditions import inside
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from qa_pipeline.compliance.calendar import Slot, slot_for, slots
from qa_pipeline.values.vocabulary import MeetingKind, Theme


@dataclass(frozen=True, slots=True)
class FilledMonth:
    """What a run of `SlotRepository.fill_month` did; ``unknown`` slots of the month are without a window."""

    created: int
    corrected: int
    unknown: int


def name_of(slot: Slot) -> SlotName:
    """W1, W2, W3 or MP, from the calendar's ``2026-09-W1``."""
    return SlotName(slot.id.rsplit("-", 1)[1])


def due_day(name: SlotName, month: date, latest: date | None) -> date:
    """The day on which an institution must exist to owe the meeting (dossier, defaults: by effective date).

    The last legal day; where the year is unknown, the base day (the month's end for the planning).
    """
    if latest is not None:
        return latest
    if name == SlotName.MP:
        return month_end(month)
    return month.replace(day={SlotName.W1: 8, SlotName.W2: 15, SlotName.W3: 22}[name])


class SlotRepository(Repository):
    """Slots are made once and kept: what an institution owed stays on record."""

    def fill_month(self, month: date) -> FilledMonth:
        """Make the missing slots of the month, and give all of them the windows that the calendar knows now.

        Safe to run again: after the holidays of a year were imported it fills the windows left open before.
        """
        first = month_start(month)
        found = slots(first.year, first.month, CalendarRepository(self.session).imported())
        there = self._there(first)
        holders = InstitutionRepository(self.session, within=self.within).must_hold_in(first)
        new = [
            {
                "institution_id": holder.id,
                "month": first,
                "name": name_of(slot),
                "kind": slot.kind,
                "theme": slot.theme,
                "earliest": slot.earliest,
                "latest": slot.latest,
            }
            for slot in found
            for holder in holders
            if (holder.id, name_of(slot)) not in there
            and holder.holds_on(due_day(name_of(slot), first, slot.latest))
        ]
        corrected = sum(self._correct(first, slot) for slot in found)
        if new:
            self.session.execute(insert(MeetingSlot), new)
        unwindowed = {name_of(slot) for slot in found if slot.window is None}
        made = [(row["institution_id"], row["name"]) for row in new]
        return FilledMonth(
            created=len(new),
            corrected=corrected,
            unknown=sum(name in unwindowed for _, name in (*there, *made)),
        )

    def month_of(self, day: date, kind: MeetingKind, theme: Theme | None = None) -> date:
        """The month whose slot a meeting on the day fills: at a month's edge not always the day's own."""
        found = slot_for(day, kind, theme, CalendarRepository(self.session).imported())
        return month_start(found.base if found else day)

    def fill_ahead(self, today: date) -> None:
        """The month of the day and the next: what is owed now, and what briefings and calendars look at."""
        for month in (month_start(today), months_later(month_start(today), 1)):
            self.fill_month(month)

    def of_month(self, month: date, *, institution: str) -> tuple[MeetingSlot, ...]:
        """The institution's slots of the month, W1 to MP."""
        owner = InstitutionRepository(self.session, within=self.within).get(institution)
        query = select(MeetingSlot).where(
            MeetingSlot.institution_id == owner.id, MeetingSlot.month == month_start(month)
        )
        order = list(SlotName)
        return tuple(sorted(self.session.scalars(query), key=lambda slot: order.index(slot.name)))

    def withdraw(self, *, after: date) -> int:
        """Take back slots due after the day that nobody met for, of institutions that owe them no longer.

        To be run when an institution closes or need not hold meetings any more. Returns how many.
        """
        query = (
            select(MeetingSlot, Institution)
            .join(Institution, Institution.id == MeetingSlot.institution_id)
            .where(inside(self.within), MeetingSlot.month >= month_start(after))
            .where(~exists().where(Meeting.slot_id == MeetingSlot.id))
        )
        gone = []
        for slot, owner in self.session.execute(query):
            day = due_day(slot.name, slot.month, slot.latest)
            if day > after and not (owner.must_hold and owner.holds_on(day)):
                gone.append(slot.id)
        self.session.execute(delete(MeetingSlot).where(MeetingSlot.id.in_(gone)))
        return len(gone)

    def _there(self, month: date) -> set[tuple[int, SlotName]]:
        query = (
            select(MeetingSlot.institution_id, MeetingSlot.name)
            .join(Institution, Institution.id == MeetingSlot.institution_id)
            .where(inside(self.within), MeetingSlot.month == month)
        )
        return set(self.session.execute(query).tuples())

    def _correct(self, month: date, slot: Slot) -> int:
        here = select(Institution.id).where(inside(self.within))
        wrong = and_(
            MeetingSlot.month == month,
            MeetingSlot.name == name_of(slot),
            MeetingSlot.institution_id.in_(here),
            MeetingSlot.earliest.is_distinct_from(slot.earliest)
            | MeetingSlot.latest.is_distinct_from(slot.latest),
        )
        ids = list(self.session.scalars(select(MeetingSlot.id).where(wrong)))
        if ids:
            self.session.execute(
                update(MeetingSlot)
                .where(MeetingSlot.id.in_(ids))
                .values(earliest=slot.earliest, latest=slot.latest)
            )
        return len(ids)
