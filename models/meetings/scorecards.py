"""Inspection results kept as versions of a meeting's scorecard (R11, R12, R34)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import selectinload, undefer

from models.base import Repository
from models.meetings.actions import new_codes
from models.meetings.repository import MeetingRepository
from models.meetings.tables import (
    ActionFollowUp,
    ActionItem,
    ActionState,
    Finding,
    FindingKind,
    Meeting,
    MeetingChapter,
    MeetingState,
    Scorecard,
    ScorecardItem,
)
from models.organisation.conditions import holds_on, in_service
from models.organisation.tables import Person, RankHistory
from qa_pipeline.errors import InputError
from qa_pipeline.report.json import to_json
from qa_pipeline.report.masking import masked
from qa_pipeline.report.wording import ITEM_STATUS, advice, energy
from qa_pipeline.values.findings import Action, Evidence, Remark
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Status


def points(score: float | None) -> Decimal | None:
    """A score to the hundredth, rounded down, so that 59.996 never becomes 60 (R11)."""
    if score is None or not math.isfinite(score):
        return None
    return Decimal(math.floor(score * 100 + 1e-6)) / 100


class ScorecardRepository(Repository):
    """Every inspection of a meeting is kept; the newest is the current one."""

    # ------------------------------------------------------------ reading

    def current(self, meeting: str) -> Scorecard | None:
        """The current scorecard with chapters, items and findings; None: not inspected yet."""
        owner = self._meetings.get(meeting)
        query = (
            select(Scorecard)
            .where(Scorecard.meeting_id == owner.id, Scorecard.is_current)
            .options(
                undefer(Scorecard.result),
                selectinload(Scorecard.chapters),
                selectinload(Scorecard.items),
                selectinload(Scorecard.findings),
            )
        )
        return self.session.scalars(query).one_or_none()

    def versions(self, meeting: str) -> tuple[Scorecard, ...]:
        """All scorecards of the meeting, oldest first, without their parts."""
        owner = self._meetings.get(meeting)
        query = select(Scorecard).where(Scorecard.meeting_id == owner.id).order_by(Scorecard.version)
        return tuple(self.session.scalars(query))

    # ------------------------------------------------------------ storing

    def store(self, meeting: str, inspection: Inspection, *, made_at: datetime) -> Scorecard:
        """Keep the result as the meeting's current scorecard; the versions before it stay.

        Personal numbers are masked as in every report. Actions that nobody has confirmed, closed or followed
        up yet give way to those of the new result. Raises InputError for a meeting that was not held.
        """
        owner = self._meetings.get(meeting)
        if owner.state != MeetingState.HELD:
            raise InputError(f"会议 {meeting} 未登记召开或已作废，不能保存质检结果：请先登记召开时间。")
        self._meetings.lock(owner.id)
        latest = self.session.scalar(
            select(func.max(Scorecard.version)).where(Scorecard.meeting_id == owner.id)
        )
        self.session.execute(
            update(Scorecard)
            .where(Scorecard.meeting_id == owner.id, Scorecard.is_current)
            .values(is_current=False)
        )
        shown = masked(inspection)
        card, compliance = shown.scorecard, shown.compliance
        score = points(energy(card))
        new = Scorecard(
            meeting_id=owner.id,
            version=(latest or 0) + 1,
            is_current=True,
            made_at=made_at,
            rubric=f"{card.rubric_id}@{card.rubric_version}",
            energy_score=score,
            band_low=None if score is None else points(card.band[0]),
            band_high=None if score is None else points(card.band[1]),
            verdict=compliance.verdict,
            on_time=compliance.on_time.status,
            on_roster=compliance.on_roster.status,
            on_quality=compliance.on_quality.status,
            result=to_json(inspection),
            chapters=_chapters(shown),
            items=_items(shown),
            findings=_findings(shown),
        )
        self.session.add(new)
        self._replace_actions(owner, shown.findings.actions)
        self.session.flush()
        return new

    # ------------------------------------------------------------ inner steps

    @property
    def _meetings(self) -> MeetingRepository:
        return MeetingRepository(self.session, within=self.within)

    def _replace_actions(self, meeting: Meeting, actions: Sequence[Action]) -> None:
        untouched = (
            ActionItem.meeting_id == meeting.id,
            ActionItem.state == ActionState.OPEN,
            ActionItem.confirmed_at.is_(None),
            ~exists().where(ActionFollowUp.action_id == ActionItem.id),
        )
        self.session.execute(
            delete(ActionItem).where(*untouched).execution_options(synchronize_session="fetch")
        )
        kept = set(self.session.scalars(select(ActionItem.what).where(ActionItem.meeting_id == meeting.id)))
        owners = self._namesakes(meeting, [action.who for action in actions if action.who])
        codes = new_codes(self.session, meeting)
        for action in actions:
            what = action.what or action.evidence.quote
            if what in kept:
                continue
            self.session.add(
                ActionItem(
                    code=next(codes),
                    meeting_id=meeting.id,
                    what=what,
                    who=action.who,
                    owner_id=owners.get(action.who or ""),
                    due_on=action.due_date,
                    state=ActionState.OPEN,
                    start=action.evidence.start,
                    end=action.evidence.end,
                    quote=action.evidence.quote,
                    confidence=action.confidence,
                )
            )

    def _namesakes(self, meeting: Meeting, names: Sequence[str]) -> dict[str, int]:
        """Name -> the person of the institution who alone bears it on the day of the meeting."""
        if not names:
            return {}
        day = self._meetings.day_of(meeting)
        query = (
            select(Person.name, func.min(Person.id))
            .join(RankHistory, RankHistory.person_id == Person.id)
            .where(RankHistory.institution_id == meeting.institution_id, Person.name.in_(names))
            .where(holds_on(RankHistory, day), in_service(day))
            .group_by(Person.name)
            .having(func.count(Person.id) == 1)
        )
        return dict(self.session.execute(query).tuples().all())


def _chapters(inspection: Inspection) -> list[MeetingChapter]:
    return [
        MeetingChapter(chapter=span.chapter, start=span.start, end=span.end, confidence=span.confidence)
        for span in inspection.chapters.spans
        if span.end > span.start
    ]


def _items(inspection: Inspection) -> list[ScorecardItem]:
    return [
        ScorecardItem(
            item=item.id,
            score=None if ITEM_STATUS[item.status] == Status.UNKNOWN else points(item.score),
            maximum=points(item.max),
            status=ITEM_STATUS[item.status],
        )
        for item in inspection.scorecard.items
    ]


def _findings(inspection: Inspection) -> list[Finding]:
    """R34: practices, issues and advice, each with the first place that proves it."""

    def row(kind: FindingKind, text: str, evidence: Sequence[Evidence]) -> Finding:
        proof = evidence[0] if evidence else None
        return Finding(
            kind=kind,
            text=text,
            start=proof.start if proof else None,
            end=proof.end if proof else None,
            quote=proof.quote if proof else None,
        )

    def remarks(kind: FindingKind, found: Sequence[Remark]) -> list[Finding]:
        return [row(kind, remark.label, remark.evidence) for remark in found]

    return [
        *remarks(FindingKind.PRACTICE, inspection.findings.practices),
        *remarks(FindingKind.ISSUE, inspection.findings.issues),
        *(row(FindingKind.ADVICE, one.text, one.evidence) for one in advice(inspection)),
    ]
