"""Ordering and lifting holds, and the daily deletion of recordings whose time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.tables import AuditEntry
from api.problems import Conflict
from api.retention.tables import LegalHold
from api.store import Store
from models.meetings.tables import Meeting, Recording

RETENTION = "retention"
"""Who deletes, in the audit trail."""


def hold(session: Session, asker: Caller, meeting: Meeting, *, reason: str) -> LegalHold:
    """Keep the meeting's recordings until the hold is lifted; raises Conflict when they are held already."""
    if _open(session, meeting) is not None:
        raise Conflict(f"会议 {meeting.code} 的录音已在法定保留中。")
    row = LegalHold(
        meeting_id=meeting.id, reason=reason, ordered_by=asker.actor, ordered_at=datetime.now(UTC)
    )
    session.add(row)
    session.flush()
    return row


def lift(session: Session, asker: Caller, meeting: Meeting) -> LegalHold:
    """End the hold; raises Conflict when there is none."""
    row = _open(session, meeting)
    if row is None:
        raise Conflict(f"会议 {meeting.code} 的录音没有法定保留。")
    row.lifted_by, row.lifted_at = asker.actor, datetime.now(UTC)
    return row


def expire(session: Session, store: Store, *, days: int, now: datetime) -> int:
    """Delete the sound of meetings longer ago than ``days``; returns how many files went. 0 days: keep all.

    The sound is kept as long as any meeting that has it is younger or held. Rows and scores stay. Each
    deletion is noted in the audit trail, by meeting and part as whoever plays them is.
    """
    if days <= 0:
        return 0
    kept = exists().where(LegalHold.meeting_id == Meeting.id, LegalHold.lifted_at.is_(None))
    young = func.coalesce(Meeting.started_at, now) >= now - timedelta(days=days)
    with_sound = select(Recording.content_hash).join(Meeting, Meeting.id == Recording.meeting_id)
    spared = set(session.scalars(with_sound.where(young | kept)))
    gone = 0
    for sha256 in sorted(set(session.scalars(with_sound.where(~young))) - spared):
        if store.size(sha256) is None:
            continue
        store.remove(sha256)
        whose = select(Meeting.code, Recording.part, Meeting.institution_id).where(
            Recording.content_hash == sha256, Meeting.id == Recording.meeting_id
        )
        session.add_all(
            AuditEntry(
                at=now, actor=RETENTION, action="recording.expire", object_kind="recording",
                object_code=f"{code}#{part}", institution_id=institution_id,
                detail={"days": days, "sha256": sha256}, request_id=RETENTION,
            )
            for code, part, institution_id in session.execute(whose.order_by(Recording.id))
        )  # fmt: skip
        gone += 1
    return gone


def holds(session: Session, meetings: Sequence[int]) -> dict[int, LegalHold]:
    """Meeting -> its open hold."""
    query = select(LegalHold).where(LegalHold.meeting_id.in_(meetings), LegalHold.lifted_at.is_(None))
    return {row.meeting_id: row for row in session.scalars(query)}


def _open(session: Session, meeting: Meeting) -> LegalHold | None:
    return holds(session, [meeting.id]).get(meeting.id)
