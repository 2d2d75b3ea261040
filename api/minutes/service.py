"""The minutes of a meeting, and the card of a practice in it, from its current result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository
from api.meetings import service as meetings
from api.meetings.kept import inspection_of
from api.meetings.repository import VersionRepository
from api.minutes.schemas import (
    ActionMinutes,
    ChapterMinutes,
    Decision,
    MinutesOut,
    PracticeMinutes,
    Quote,
)
from api.problems import Forbidden, NotFound
from models.base import SHANGHAI, Subtree
from models.customers.names import CustomerNameRepository, Masking, masking
from models.meetings.actions import ActionRepository
from models.meetings.tables import Meeting, MeetingSlot, Scorecard
from models.organisation.tables import Institution, Person
from qa_pipeline.names import CHAPTERS, KINDS
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Act, Chapter
from qa_pipeline.values.written import clock

SETTLING: Final = {Act.GOAL: "目标", Act.MEASURE: "对策", Act.SUMMARY: "总结"}
"""Acts whose words settle something. Commitments are the actions and stand there."""
CLEAR: Final = 0.25
"""From this probability on an act counts as said: people settle things seldom, so a quarter is much."""
EACH_CHAPTER: Final = 5
"""Most decisions of one stretch, the clearest ones: minutes are read, not searched."""
SHORTEST: Final = 8
"""Characters that a decision has at least."""
SURE: Final = 0.6
"""Confidence from which a chapter needs no checking."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """A meeting with its current result."""

    meeting: Meeting
    card: Scorecard
    inspection: Inspection


def inspected(session: Session, asker: Caller, code: str) -> Inspected:
    """Raises NotFound for a meeting that the caller does not see, or that was not inspected."""
    meeting = meetings.meeting(session, asker, code)
    card = VersionRepository(session).one(meeting.id, None)
    if card is None:
        raise NotFound(f"会议 {code} 尚未质检，还没有纪要：请先上传录音。")
    return Inspected(meeting, card, inspection_of(session, card))


def require_full(asker: Caller) -> None:
    """Unmasked minutes are for those who inspect; raises Forbidden."""
    if Permission.REVIEW not in asker.permissions:
        raise Forbidden("未隐去号码和客户姓名的纪要仅限质检人员查看：请去掉 full 参数。")


def minutes(session: Session, asker: Caller, found: Inspected, *, full: bool) -> MinutesOut:
    """All of it; numbers and customers' names starred out unless ``full``."""
    meeting, inspection = found.meeting, found.inspection
    owner = session.get_one(Institution, meeting.institution_id)
    slot = session.get(MeetingSlot, meeting.slot_id) if meeting.slot_id else None
    host = session.get(Person, meeting.host_id) if meeting.host_id else None
    due, present = _attendance(session, asker, meeting)
    shown = MinutesOut(
        meeting=meeting.code,
        institution=owner.name,
        kind=meeting.kind,
        theme=slot.theme if slot else inspection.facts.theme,
        topic=meeting.topic,
        goal=meeting.goal,
        started_at=meeting.started_at,
        ended_at=meeting.ended_at,
        host=host.name if host else inspection.facts.host,
        due=due,
        present=present,
        chapters=[
            ChapterMinutes(
                chapter=span.chapter,
                label=CHAPTERS[span.chapter],
                start=span.start,
                end=span.end,
                sure=span.confidence >= SURE,
            )
            for span in inspection.chapters.spans
        ],
        decisions=list(_decisions(inspection)),
        actions=_actions(session, asker, meeting),
        practices=[
            PracticeMinutes(
                number=number,
                text=practice.label,
                quotes=[
                    Quote(text=proof.quote, speaker=proof.speaker, start=proof.start, end=proof.end)
                    for proof in practice.evidence
                ],
            )
            for number, practice in enumerate(inspection.findings.practices, 1)
        ],
        masked=not full,
        scorecard_version=found.card.version,
    )
    return shown if full else masked(shown, _mask(session, found, owner))


def card(session: Session, found: Inspected, number: int) -> str:
    """A practice (counted from 1) as a text to pass on: what it is, where it was heard, how to spread it.

    Numbers and customers' names are starred out. Raises NotFound.
    """
    practices = found.inspection.findings.practices
    if number > len(practices):
        raise NotFound(f"本次会议没有第 {number} 条优秀做法。")
    practice, meeting = practices[number - 1], found.meeting
    owner = session.get_one(Institution, meeting.institution_id)
    day = f" {_day(found)}" if meeting.started_at else ""
    lines = [f"【优秀做法】{practice.label}", f"{owner.name}{day} {KINDS[meeting.kind]}"]
    lines += [f"{clock(proof.start)} “{proof.quote}”" for proof in practice.evidence]
    lines += [f"推广：{practice.suggestion}"] if practice.suggestion else []
    return _mask(session, found, owner)("\n".join(lines))


def _mask(session: Session, found: Inspected, owner: Institution) -> Masking:
    return masking(CustomerNameRepository(session, within=Subtree(owner.path)).names(on=_day(found)))


def _day(found: Inspected) -> date:
    return (found.meeting.started_at or found.card.made_at).astimezone(SHANGHAI).date()


def _attendance(session: Session, asker: Caller, meeting: Meeting) -> tuple[int | None, int | None]:
    """Due and present; None: nobody recorded it."""
    if meeting.started_at is None:
        return None, None
    sheet = meetings.sheet(session, asker, meeting.code)
    recorded = any(row.presence is not None for row in sheet.rows)
    return sheet.due or None, sheet.present if recorded else None


def _decisions(inspection: Inspection) -> Iterator[Decision]:
    """The clearest words of each chapter that settle something, in the order they were said."""
    utterances, readings = inspection.transcript.utterances, inspection.findings.readings
    promised = {action.evidence.utterance for action in inspection.findings.actions}
    for span in inspection.chapters.spans:
        if span.chapter == Chapter.OFF_TOPIC:
            continue
        candidates: list[tuple[float, int, Act]] = []
        for number in range(span.first, span.last):
            clear = [(p, act) for act, p in readings[number].acts if act in SETTLING and p >= CLEAR]
            said = utterances[number]
            if clear and number not in promised and not said.phantom and len(said.text) >= SHORTEST:
                probability, act = max(clear, key=lambda pair: pair[0])
                candidates.append((probability, number, act))
        best = sorted(candidates, key=lambda one: (-one[0], one[1]))[:EACH_CHAPTER]
        for _, number, act in sorted(best, key=lambda one: one[1]):
            said = utterances[number]
            yield Decision(
                chapter=span.chapter,
                kind=SETTLING[act],
                text=said.text,
                speaker=said.speaker,
                start=said.start,
            )


def _actions(session: Session, asker: Caller, meeting: Meeting) -> list[ActionMinutes]:
    rows = ActionRepository(session, within=asker.within).of_meeting(meeting.code)
    owners = CodeRepository(session).names(Person, [row.owner_id for row in rows])
    return [
        ActionMinutes(
            code=row.code,
            what=row.what,
            owner=owners[row.owner_id].name if row.owner_id is not None else row.who,
            due_on=row.due_on,
            state=row.state,
            confirmed=row.confirmed_at is not None,
        )
        for row in rows
    ]


# ---------------------------------------------------------------- masking


def masked(shown: MinutesOut, mask: Masking) -> MinutesOut:
    """The minutes with every text that somebody said or wrote masked."""
    return shown.model_copy(
        update={
            "topic": mask(shown.topic) if shown.topic else shown.topic,
            "goal": mask(shown.goal) if shown.goal else shown.goal,
            "decisions": [d.model_copy(update={"text": mask(d.text)}) for d in shown.decisions],
            "actions": [a.model_copy(update={"what": mask(a.what)}) for a in shown.actions],
            "practices": [
                p.model_copy(
                    update={
                        "text": mask(p.text),
                        "quotes": [q.model_copy(update={"text": mask(q.text)}) for q in p.quotes],
                    }
                )
                for p in shown.practices
            ],
        }
    )
