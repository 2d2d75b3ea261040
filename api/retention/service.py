"""Ordering and lifting holds, and the daily deletion of recordings whose time is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.tables import AuditEntry
from api.pages import LARGEST, after
from api.problems import Conflict
from api.retention.tables import LegalHold
from api.store import Store
from models.base import Repository
from models.meetings.tables import Meeting, Recording
from models.organisation.conditions import inside
from models.organisation.tables import Institution

A_DAY: Final = timedelta(days=1)
"""Within which what is over is deleted."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A meeting whose sound is to be deleted, and when."""

    meeting: Meeting
    institution: str
    parts: int
    size: int
    """Bytes."""
    leaves_at: datetime


class RetentionRepository(Repository):
    """Legal holds, and what the daily deletion takes next, of the subtree."""

    def leaving(
        self, *, days: int, now: datetime, cursor: str | None = None, limit: int = LARGEST
    ) -> list[Leaving]:
        """The next first, one more than the limit; without days nothing leaves. Held meetings stay, and what
        left more than a day ago is gone."""
        if days <= 0:
            return []
        kept = exists().where(LegalHold.meeting_id == Meeting.id, LegalHold.lifted_at.is_(None))
        rows = (
            select(Meeting, Institution.name, func.count(Recording.id), func.sum(Recording.size))
            .join(Recording, Recording.meeting_id == Meeting.id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), Meeting.started_at >= now - timedelta(days=days) - A_DAY, ~kept)
            .group_by(Meeting.id, Institution.name)
        )
        found = self.session.execute(after(rows, [Meeting.started_at, Meeting.id], cursor, limit))
        return [
            Leaving(meeting=meeting, institution=name, parts=parts, size=int(size),
                    leaves_at=meeting.started_at + timedelta(days=days))
            for meeting, name, parts, size in found
        ]  # fmt: skip

    def holds(
        self, *, lifted: bool | None, cursor: str | None, limit: int
    ) -> Sequence[tuple[LegalHold, str, str]]:
        """(hold, meeting, name of its institution), the newest first, one more than the limit."""
        query = (
            select(LegalHold, Meeting.code, Institution.name)
            .join(Meeting, Meeting.id == LegalHold.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within))
        )
        if lifted is not None:
            query = query.where(LegalHold.lifted_at.is_not(None) if lifted else LegalHold.lifted_at.is_(None))
        rows = self.session.execute(after(query, [LegalHold.id], cursor, limit, descending=True))
        return rows.tuples().all()


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
