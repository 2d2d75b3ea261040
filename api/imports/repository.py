"""Cursors of other systems, and which plans and attendance may no longer be changed by a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import and_, exists, or_, select

from api.accounts.tables import Account
from api.imports.tables import ImportCursor
from api.reviews.repository import OPEN
from api.reviews.tables import Review, ReviewState
from models.base import Repository
from models.exchange.references import in_parts
from models.meetings.tables import Attendance, Meeting, Presence, Scorecard
from models.organisation.conditions import inside
from models.organisation.tables import Institution, Person
from models.planning.tables import Plan, PlanState
from qa_pipeline.values.vocabulary import Status


class CursorRepository(Repository):
    """Cursors of the subtree's senders, apart from those of every other subtree."""

    def cursors(self, *, source: str | None, entity: str | None) -> Sequence[ImportCursor]:
        """By source and entity."""
        query = select(ImportCursor).where(ImportCursor.reach == self.within.path)
        if source is not None:
            query = query.where(ImportCursor.source == source)
        if entity is not None:
            query = query.where(ImportCursor.entity == entity)
        return self.session.scalars(query.order_by(ImportCursor.source, ImportCursor.entity)).all()

    def held(self, source: str, entity: str) -> ImportCursor | None:
        """The cursor, locked until the transaction ends."""
        query = select(ImportCursor).where(
            ImportCursor.reach == self.within.path,
            ImportCursor.source == source,
            ImportCursor.entity == entity,
        )
        return self.session.scalars(query.with_for_update()).one_or_none()

    def advance(self, source: str, entity: str, cursor: str, *, rows: int) -> None:
        """Remember the cursor, and how many rows have come in all."""
        row = self.held(source, entity)
        if row is None:
            row = ImportCursor(reach=self.within.path, source=source, entity=entity, received_rows=0)
            self.session.add(row)
        row.cursor, row.updated_at = cursor, datetime.now(UTC)
        row.received_rows += rows
        self.session.flush()


class PlanStateRepository(Repository):
    """States of plans."""

    def settled(self, codes: Collection[str]) -> dict[str, date]:
        """Those of the plans that are no drafts, each with its month."""
        found: dict[str, date] = {}
        for part in in_parts(sorted(codes)):
            query = select(Plan.code, Plan.month).where(Plan.code.in_(part), Plan.state != PlanState.DRAFT)
            found.update(self.session.execute(query).tuples().all())
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """What keeps the attendance of a meeting with a result as it is (see ``require_recorder``)."""

    decided: bool
    """By a person."""
    rests: bool
    """The result rests on it."""
    holder: str | None
    """Who reviews it, if that is somebody else."""


class JudgedSheetRepository(Repository):
    """Attendance of meetings that have a result."""

    def judged(self, codes: Collection[str], *, reader: int | None) -> dict[str, Judged]:
        """Those of the subtree's meetings that have a result; ``reader``: the account that asks."""
        found: dict[str, Judged] = {}
        others = and_(Review.scorecard_id == Scorecard.id, Review.state.in_(OPEN))
        if reader is not None:
            others = and_(others, or_(Review.state != ReviewState.TAKEN, Review.reviewer_id != reader))
        for part in in_parts(sorted(codes)):
            query = (
                select(
                    Meeting.code,
                    Scorecard.on_roster,
                    Scorecard.result["review"],
                    exists().where(Attendance.meeting_id == Meeting.id),
                    Account.login,
                )
                .join(Scorecard, (Scorecard.meeting_id == Meeting.id) & Scorecard.is_current)
                .outerjoin(Review, others)
                .outerjoin(Account, Account.id == Review.reviewer_id)
                .join(Institution, Institution.id == Meeting.institution_id)
                .where(Meeting.code.in_(part), inside(self.within))
            )
            for code, on_roster, review, recorded, holder in self.session.execute(query):
                rests = recorded and on_roster is not Status.UNKNOWN
                found[code] = Judged(decided=bool(review), rests=rests, holder=holder)
        return found

    def recorded(self, codes: Collection[str]) -> set[tuple[str, str, Presence]]:
        """(meeting, person's number, presence) of the meetings."""
        found: set[tuple[str, str, Presence]] = set()
        for part in in_parts(sorted(codes)):
            query = (
                select(Meeting.code, Person.code, Attendance.presence)
                .join(Attendance, Attendance.meeting_id == Meeting.id)
                .join(Person, Person.id == Attendance.person_id)
                .where(Meeting.code.in_(part))
            )
            found.update(self.session.execute(query).tuples())
        return found
