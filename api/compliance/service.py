"""The table of a subtree, and what it comes to down the tree and over months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Caller
from api.compliance import aggregate
from api.compliance.schemas import (
    AttendanceOut,
    ChildLine,
    CoverageOut,
    InspectionOut,
    InstitutionLine,
    InstitutionRef,
    SlotCell,
    Summary,
    TrendPoint,
)
from api.fields import existing
from models.base import Repository, Subtree
from models.calendar.weeks import months_later
from models.meetings.actions import ActionRepository, KeptRate
from models.meetings.attendance import AttendanceRepository
from models.meetings.compliance import ComplianceRepository, InstitutionMonth, slot_coverage
from models.meetings.tables import SlotName
from models.organisation.conditions import inside
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError

LONGEST_TREND = 24
"""Months of one trend."""


def table(
    session: Session, asker: Caller, month: date, *, below: Subtree | None, as_of: date
) -> tuple[InstitutionMonth, ...]:
    return ComplianceRepository(session, within=asker.within).month_table(month, as_of=as_of, below=below)


def line(row: InstitutionMonth, slot: SlotName | None) -> InstitutionLine:
    return InstitutionLine(
        institution=row.code,
        name=row.name,
        slots=[
            SlotCell(
                slot=cell.name,
                theme=cell.theme,
                earliest=cell.earliest,
                latest=cell.latest,
                state=cell.state,
                meeting=cell.meeting,
                held_on=cell.held_on,
                verdict=cell.verdict,
                on_time=cell.on_time,
                on_roster=cell.on_roster,
                on_quality=cell.on_quality,
                energy_score=cell.energy_score,
                duplicate_recording=cell.duplicate_recording,
            )
            for cell in row.slots
            if slot in (None, cell.name)
        ],
    )


def summary(session: Session, asker: Caller, month: date, *, below: Subtree | None, as_of: date) -> Summary:
    lines = table(session, asker, month, below=below, as_of=as_of)
    # Whatever lies below is inside what the caller sees: it was looked up there.
    inspections = ComplianceRepository(session, within=below or asker.within).inspections(month, as_of=as_of)
    return Summary(
        month=month,
        as_of=as_of,
        totals=aggregate.totals(lines),
        coverage=[_coverage(lines, name) for name in SlotName],
        inspections=InspectionOut(
            held=inspections.held,
            inspected=inspections.inspected,
            rate=inspections.rate,
            status=inspections.status,
            missing=list(inspections.missing),
        ),
        attendance=_attendance(session, asker, lines),
        commitments=aggregate.commitments(_kept(session, asker, month, lines, as_of=as_of).values()),
        scores=aggregate.distribution(lines),
        states=aggregate.states(lines),
    )


def children(
    session: Session, asker: Caller, month: date, *, parent: str | None, as_of: date
) -> list[ChildLine]:
    """The next level below an institution (None: below all that the caller sees), each with its sums."""
    tree = TreeRepository(session, within=asker.within)
    top = existing(InstitutionRepository(session, within=asker.within).get, parent) if parent else None
    parts = tree.next_level(top)
    lines = table(session, asker, month, below=Subtree(top.path) if top else None, as_of=as_of)
    paths = tree.paths([row.institution_id for row in lines])
    kept = _kept(session, asker, month, lines, as_of=as_of)

    def sums(part: Institution) -> ChildLine:
        own = [row for row in lines if paths[row.institution_id].startswith(part.path)]
        return ChildLine(
            institution=part.code,
            name=part.name,
            level=part.level,
            totals=aggregate.totals(own),
            commitments=aggregate.commitments(kept[row.code] for row in own if row.code in kept),
        )

    return [sums(part) for part in parts]


def trend(
    session: Session, asker: Caller, first: date, last: date, *, below: Subtree | None, as_of: date
) -> list[TrendPoint]:
    """One point a month, both ends included. Raises InputError for none or too many months."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 1 <= count <= LONGEST_TREND:
        raise InputError(f"起止月份须先后有序，且不超过 {LONGEST_TREND} 个月：请调整后重试。")
    return [
        TrendPoint(
            month=month,
            totals=aggregate.totals(table(session, asker, month, below=below, as_of=as_of)),
        )
        for month in (months_later(first, offset) for offset in range(count))
    ]


class TreeRepository(Repository):
    """Paths, for adding up down the tree."""

    def next_level(self, top: Institution | None) -> Sequence[Institution]:
        """Children of an institution; without one, the topmost institutions that the reader sees."""
        query = select(Institution).where(inside(self.within)).order_by(Institution.code)
        if top is not None:
            return self.session.scalars(query.where(Institution.parent_id == top.id)).all()
        seen = select(Institution.id).where(inside(self.within))
        highest = Institution.parent_id.is_(None) | Institution.parent_id.not_in(seen)
        return self.session.scalars(query.where(highest)).all()

    def paths(self, ids: Sequence[int]) -> dict[int, str]:
        query = select(Institution.id, Institution.path).where(inside(self.within))
        wanted = set(ids)
        return {key: path for key, path in self.session.execute(query).tuples() if key in wanted}


def _coverage(lines: Sequence[InstitutionMonth], name: SlotName) -> CoverageOut:
    found = slot_coverage(lines, name)
    return CoverageOut(
        slot=name,
        due=found.due,
        held=found.held,
        rate=found.rate,
        status=found.status,
        missing=[InstitutionRef(code=code, name=label) for code, label in found.missing],
        pending=found.pending,
        unknown=found.unknown,
    )


def _kept(
    session: Session, asker: Caller, month: date, lines: Sequence[InstitutionMonth], *, as_of: date
) -> dict[str, KeptRate]:
    """Of the institutions of a table those with commitments due in the month, by code. One due on the day
    itself may still be kept, as a meeting may still be held on the last day of its window."""
    last = min(months_later(month, 1), as_of) - timedelta(days=1)
    rates = ActionRepository(session, within=asker.within).kept_rates(month, last)
    shown = {line.code for line in lines}
    return {rate.institution: rate for rate in rates if rate.institution in shown}


def _attendance(session: Session, asker: Caller, lines: Sequence[InstitutionMonth]) -> AttendanceOut:
    held = [slot.meeting for line in lines for slot in line.slots if slot.held and slot.meeting]
    turnouts = AttendanceRepository(session, within=asker.within).turnouts(held).values()
    recorded: list[Any] = [each for each in turnouts if each.rate is not None]
    due, present = (sum(getattr(each, what) for each in recorded) for what in ("due", "present"))
    return AttendanceOut(meetings=len(recorded), due=due, present=present, rate=aggregate.share(present, due))
