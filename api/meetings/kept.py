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
from models.meetings.actions import ActionRepository, OpenCommitment
from models.meetings.repository import MeetingRepository
from models.meetings.scorecards import ScorecardRepository
from models.meetings.tables import FollowUpOutcome, Meeting, MeetingSlot, MeetingState, Scorecard
from models.organisation.conditions import inside
from models.organisation.tables import Institution
from qa_pipeline.report.json import inspection_from_json, inspection_to_json
from qa_pipeline.report.masking import mask_personal
from qa_pipeline.values.findings import Action, Evidence
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Outcome

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
    newest version, so that corrections of an older one are not laid over it. What the meeting agreed on
    becomes its actions, and what it says of earlier ones is written down with them (R26, I4).
    """
    card = ScorecardRepository(session, within=within).store(meeting, inspection, made_at=made_at)
    session.add(KeptInspection(scorecard_id=card.id, body=_packed(inspection)))
    session.flush()
    versions.heard_anew(session, card.meeting_id, inspection.transcript, at=made_at)
    _follow_up(session, session.get_one(Meeting, card.meeting_id), inspection)
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


def _follow_up(session: Session, meeting: Meeting, inspection: Inspection) -> None:
    """Write down what the meeting says of the commitments that it had to check."""
    from qa_pipeline.findings.following import follow_up
    from qa_pipeline.findings.reading import Reading

    institution = session.get_one(Institution, meeting.institution_id)
    day = MeetingRepository(session).day_of(meeting)
    actions = ActionRepository(session)
    found = inspection.findings
    reading = Reading(
        transcript=inspection.transcript,
        chapters=inspection.chapters,
        facts=inspection.facts,
        readings=found.readings,
        host=found.host,
    )
    heard: dict[str, tuple[FollowUpOutcome, str | None]] = {}
    due = actions.due_for_check(institution.code, on=day)
    for one, said in zip(due, follow_up(reading, [promised(each) for each in due]), strict=True):
        if said.outcome is Outcome.UNCLEAR:
            continue
        where = said.evidence[0].utterance if said.evidence else None
        quote = None if where is None else mask_personal(inspection.transcript.utterances[where].text)
        heard[one.code] = FollowUpOutcome(said.outcome.value), quote
    actions.hear(meeting.code, heard)


def promised(one: OpenCommitment) -> Action:
    """A commitment of an earlier meeting as the inspection takes it."""
    due = one.due_on.isoformat() if one.due_on else None
    evidence = Evidence(start=0.0, end=0.0, quote=one.what, utterance=0)
    return Action(who=one.owner or one.who, what=one.what, due=due, due_date=one.due_on, evidence=evidence)


def _packed(inspection: Inspection) -> bytes:
    return gzip.compress(inspection_to_json(inspection).encode(), QUICK, mtime=0)


def _unpacked(body: bytes) -> Inspection:
    return inspection_from_json(gzip.decompress(body))
