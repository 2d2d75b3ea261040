"""What happened, read from the tables that hold the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.jobs.tables import InspectionJob, JobState, Notice, NoticeKind
from api.reviews.tables import Appeal, Review, ReviewState
from api.webhooks.tables import Delivery, EventKind, Subscription
from models.base import Subtree
from models.meetings.tables import Meeting, Scorecard
from models.organisation.conditions import inside
from models.organisation.tables import Institution
from qa_pipeline.names import VERDICTS
from qa_pipeline.report.masking import mask_personal

LOOK_BACK: Final = timedelta(days=3)
"""What is longer past is not told any more: workers that stood still longer begin with what is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened at an institution."""

    kind: EventKind
    subject: str
    at: datetime
    institution: str
    data: Mapping[str, str | int | None]
    sentence: str


def untold(session: Session, subscription: Subscription, *, now: datetime) -> list[Event]:
    """What the subscription asks for, happened while it was active, and has no delivery yet."""
    since = max(subscription.since, now - LOOK_BACK)
    path = "/"
    if subscription.institution_id is not None:
        path = session.get_one(Institution, subscription.institution_id).path
    found = [
        event
        for kind in EventKind
        if kind in subscription.events
        for event in _READERS[kind](session, kind, Subtree(path), since)
    ]
    subjects = [event.subject for event in found]
    query = select(Delivery.subject).where(
        Delivery.subscription_id == subscription.id, Delivery.created_at >= since
    )
    told = set(session.scalars(query)) if subjects else set()
    return [event for event in found if event.subject not in told]


def _jobs(session: Session, kind: EventKind, within: Subtree, since: datetime) -> Iterator[Event]:
    state = JobState.DONE if kind == EventKind.INSPECTION_FINISHED else JobState.FAILED
    query = (
        _of_meeting(select(InspectionJob, Meeting, Institution, Scorecard), InspectionJob.meeting_id, within)
        .outerjoin(
            Scorecard,
            (Scorecard.meeting_id == Meeting.id) & (Scorecard.version == InspectionJob.scorecard_version),
        )
        .where(InspectionJob.state == state, InspectionJob.finished_at >= since)
    )
    for job, meeting, owner, card in session.execute(query):
        data: dict[str, str | int | None] = {"meeting": meeting.code, "job": job.code}
        if card is not None:
            energy = None if card.energy_score is None else str(card.energy_score)
            data |= {"version": card.version, "verdict": card.verdict, "energy_score": energy}
            told = (
                f"{owner.name}的会议 {meeting.code} 质检完成："
                f"{VERDICTS[card.verdict]}，能量值 {energy or '未知'}。"
            )
        elif state == JobState.FAILED:
            error = mask_personal(job.error or "原因未知。")
            data["error"] = error
            told = f"{owner.name}的会议 {meeting.code} 质检失败：{error}"
        else:
            told = f"{owner.name}的会议 {meeting.code} 质检完成。"
        yield Event(
            kind=kind, subject=f"job:{job.code}:{job.run}:{state}", at=job.finished_at,
            institution=owner.code, data=data, sentence=told,
        )  # fmt: skip


def _notices(session: Session, kind: EventKind, within: Subtree, since: datetime) -> Iterator[Event]:
    wanted = NoticeKind.MEETING_MISSING if kind == EventKind.MEETING_MISSING else NoticeKind.RECORDING_MISSING
    query = (
        select(Notice, Institution)
        .join(Institution, Institution.id == Notice.institution_id)
        .where(inside(within), Notice.kind == wanted, Notice.created_at >= since)
    )
    for notice, owner in session.execute(query):
        yield Event(
            kind=kind, subject=f"notice:{notice.id}", at=notice.created_at, institution=owner.code,
            data={"slot": notice.subject, "due_on": notice.due_on.isoformat()}, sentence=notice.text,
        )  # fmt: skip


def _reviews(session: Session, kind: EventKind, within: Subtree, since: datetime) -> Iterator[Event]:
    query = _of_meeting(select(Review, Meeting, Institution), Review.meeting_id, within).where(
        Review.state == ReviewState.DECIDED, Review.decided_at >= since
    )
    for review, meeting, owner in session.execute(query):
        yield Event(
            kind=kind, subject=f"review:{review.code}", at=review.decided_at, institution=owner.code,
            data={"meeting": meeting.code, "review": review.code, "verdict": review.verdict},
            sentence=f"{owner.name}的会议 {meeting.code} 复核已决定：{VERDICTS[review.verdict]}。",
        )  # fmt: skip


def _appeals(session: Session, kind: EventKind, within: Subtree, since: datetime) -> Iterator[Event]:
    query = _of_meeting(select(Appeal, Meeting, Institution), Appeal.meeting_id, within).where(
        Appeal.opened_at >= since
    )
    for appeal, meeting, owner in session.execute(query):
        yield Event(
            kind=kind, subject=f"appeal:{appeal.code}", at=appeal.opened_at, institution=owner.code,
            data={"meeting": meeting.code, "appeal": appeal.code},
            sentence=f"{owner.name}对会议 {meeting.code} 的结论提出申诉，请质检人员答复。",
        )  # fmt: skip


def _of_meeting(query: Select[Any], meeting_id: Any, within: Subtree) -> Select[Any]:
    return (
        query.join(Meeting, Meeting.id == meeting_id)
        .join(Institution, Institution.id == Meeting.institution_id)
        .where(inside(within))
    )


_READERS: Final[Mapping[EventKind, Callable[[Session, EventKind, Subtree, datetime], Iterator[Event]]]] = {
    EventKind.INSPECTION_FINISHED: _jobs,
    EventKind.INSPECTION_FAILED: _jobs,
    EventKind.MEETING_MISSING: _notices,
    EventKind.RECORDING_MISSING: _notices,
    EventKind.REVIEW_DECIDED: _reviews,
    EventKind.APPEAL_OPENED: _appeals,
}
