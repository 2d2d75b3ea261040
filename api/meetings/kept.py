"""Results as they are published: the scorecard of the model and the whole inspection, in one transaction."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.meetings import versions
from api.meetings.repository import in_month
from api.meetings.tables import KeptInspection
from api.problems import NotFound
from models.base import EVERYWHERE, Repository, Subtree
from models.meetings.scorecards import ScorecardRepository
from models.meetings.tables import Meeting, MeetingSlot, MeetingState, Scorecard
from models.organisation.conditions import inside
from models.organisation.tables import Institution
from qa_pipeline.report.json import inspection_from_json, inspection_to_json
from qa_pipeline.values import Inspection

QUICK: Final = 6
"""gzip level: within 3 % of the smallest at a third of the time."""


def publish(
    session: Session,
    meeting: str,
    inspection: Inspection,
    *,
    made_at: datetime,
    within: Subtree = EVERYWHERE,
) -> Scorecard:
    """Make the inspection the meeting's current result; what jobs call at the end of a score.

    Raises InputError for a meeting that was not held. A transcript that the machine heard anew becomes the
    newest version, so that corrections of an older one are not laid over it.
    """
    card = ScorecardRepository(session, within=within).store(meeting, inspection, made_at=made_at)
    session.add(KeptInspection(scorecard_id=card.id, body=_packed(inspection)))
    session.flush()
    versions.heard_anew(session, card.meeting_id, inspection.transcript, at=made_at)
    return card


def inspection_of(session: Session, card: Scorecard) -> Inspection:
    """The whole inspection behind a scorecard; raises NotFound when it was not kept."""
    kept = session.get(KeptInspection, card.id)
    if kept is None:
        raise NotFound(f"第 {card.version} 版结论没有保存完整的质检过程：请重新质检后再试。")
    return _unpacked(kept.body)


class ArchiveRepository(Repository):
    """Current inspections of many meetings, for scoring again."""

    def inspected_in(self, month: date) -> list[str]:
        """Codes of the month's meetings that have a current inspection."""
        query = (
            select(Meeting.code)
            .join(Institution, Institution.id == Meeting.institution_id)
            .outerjoin(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .join(Scorecard, Scorecard.meeting_id == Meeting.id)
            .join(KeptInspection, KeptInspection.scorecard_id == Scorecard.id)
            .where(inside(self.within), Scorecard.is_current, Meeting.state == MeetingState.HELD)
            .where(in_month(month))
            .order_by(Meeting.code)
        )
        return list(self.session.scalars(query))

    def inspections(self, meetings: Sequence[str]) -> list[tuple[str, Inspection]]:
        """(meeting, its current inspection) of those that have one, in the order of their codes."""
        query = (
            select(Meeting.code, KeptInspection.body)
            .join(Institution, Institution.id == Meeting.institution_id)
            .join(Scorecard, Scorecard.meeting_id == Meeting.id)
            .join(KeptInspection, KeptInspection.scorecard_id == Scorecard.id)
            .where(inside(self.within), Scorecard.is_current, Meeting.code.in_(meetings))
            .order_by(Meeting.code)
        )
        return [(code, _unpacked(body)) for code, body in self.session.execute(query)]


def _packed(inspection: Inspection) -> bytes:
    return gzip.compress(inspection_to_json(inspection).encode(), QUICK, mtime=0)


def _unpacked(body: bytes) -> Inspection:
    return inspection_from_json(gzip.decompress(body))
