"""From the four slots of a month to the actions a meeting agreed on (R1-R12, R24, R26, R34)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Code, Key, Name, Score, Words, one_of, only
from qa_pipeline.values.findings import DOUBTFUL
from qa_pipeline.values.vocabulary import Chapter, MeetingKind, Status, Theme, Verdict

Seconds = float


class SlotName(StrEnum):
    """The four slots of a month (R1, R2)."""

    W1 = "W1"
    W2 = "W2"
    W3 = "W3"
    MP = "MP"


class MeetingSlot(Base):
    """A meeting that a level-4 institution must hold in a month. Without a window: the year is not known."""

    __tablename__ = "meeting_slot"
    __table_args__ = (
        UniqueConstraint("institution_id", "month", "name"),
        CheckConstraint("(earliest IS NULL) = (latest IS NULL)", name="window_known"),
        CheckConstraint("earliest <= latest", name="window_order"),
        Index("ix_meeting_slot_month", "month", "name"),
    )

    id: Mapped[Key]
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    month: Mapped[date]
    """First day of the business month."""
    name: Mapped[SlotName] = mapped_column(one_of(SlotName))
    kind: Mapped[MeetingKind] = mapped_column(one_of(MeetingKind))
    theme: Mapped[Theme] = mapped_column(one_of(Theme))
    earliest: Mapped[date | None]
    latest: Mapped[date | None]
    """Last legal day, included."""


class MeetingState(StrEnum):
    """A meeting that does not count for its slot is void (a duplicate, a test)."""

    PLANNED = "planned"
    HELD = "held"
    VOID = "void"


class Meeting(Base):
    """A meeting planned or held. At most one of a slot counts; the others are void."""

    __tablename__ = "meeting"
    __table_args__ = (
        CheckConstraint("ended_at IS NULL OR ended_at > started_at", name="end"),
        Index("uq_meeting_effective", "slot_id", unique=True, **only("state <> 'void'")),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_slot.id"), index=True)
    """None: held on a day that no slot claims."""
    kind: Mapped[MeetingKind] = mapped_column(one_of(MeetingKind))
    state: Mapped[MeetingState] = mapped_column(one_of(MeetingState))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    host_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    topic: Mapped[Words | None]
    goal: Mapped[Words | None]
    flow: Mapped[Words | None]
    prepared_at: Mapped[datetime | None]
    """When topic, time, goal and flow stood (R24: before the start)."""


class Recording(Base):
    """One part of a meeting's recording; the sound itself lies in the recording store under its hash."""

    __tablename__ = "recording"
    __table_args__ = (
        UniqueConstraint("meeting_id", "part"),
        CheckConstraint("part > 0", name="part"),
        CheckConstraint("duration > 0", name="duration"),
    )

    id: Mapped[Key]
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    part: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    """SHA-256 of the file: the same sound in two meetings is K4."""
    file_name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes."""
    duration: Mapped[Seconds]
    started_at: Mapped[datetime | None]


class Presence(StrEnum):
    """How someone attended; leave is counted apart and stays in the denominator (dossier, defaults)."""

    ON_SITE = "on_site"
    REMOTE = "remote"
    LEAVE = "leave"
    ABSENT = "absent"


class Attendance(Base):
    """Who of those due was there (R9)."""

    __tablename__ = "attendance"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    presence: Mapped[Presence] = mapped_column(one_of(Presence))


class Scorecard(Base):
    """One version of a meeting's result. Versions are kept; one is current."""

    __tablename__ = "scorecard"
    __table_args__ = (
        UniqueConstraint("meeting_id", "version"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("energy_score BETWEEN 0 AND 10000", name="energy"),
        Index("uq_scorecard_current", "meeting_id", unique=True, **only("is_current")),
    )

    id: Mapped[Key]
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    version: Mapped[int]
    is_current: Mapped[bool]
    made_at: Mapped[datetime]
    rubric: Mapped[Name]
    """Id and version of the rubric."""
    energy_score: Mapped[Score | None]
    """0-100 (kept as hundredths); None: could not be measured."""
    band_low: Mapped[Score | None]
    band_high: Mapped[Score | None]
    verdict: Mapped[Verdict] = mapped_column(one_of(Verdict))
    on_time: Mapped[Status] = mapped_column(one_of(Status, name="on_time"))
    on_roster: Mapped[Status] = mapped_column(one_of(Status, name="on_roster"))
    on_quality: Mapped[Status] = mapped_column(one_of(Status, name="on_quality"))
    result: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB, "postgresql"), deferred=True)
    """The whole result as ``huijian inspect --json`` writes it; loaded only when asked for."""

    chapters: Mapped[list[MeetingChapter]] = relationship(lazy="raise", order_by="MeetingChapter.start")
    items: Mapped[list[ScorecardItem]] = relationship(lazy="raise", order_by="ScorecardItem.item")
    findings: Mapped[list[Finding]] = relationship(lazy="raise", order_by="Finding.id")


class MeetingChapter(Base):
    """One span of a chapter, seconds from the start of the recording, half-open."""

    __tablename__ = "meeting_chapter"
    __table_args__ = (
        CheckConstraint('"end" > start', name="span"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    )

    id: Mapped[Key]
    scorecard_id: Mapped[int] = mapped_column(ForeignKey("scorecard.id"), index=True)
    chapter: Mapped[Chapter] = mapped_column(one_of(Chapter))
    start: Mapped[Seconds]
    end: Mapped[Seconds]
    confidence: Mapped[float]


class ScorecardItem(Base):
    """Points of one rubric item; unknown items have none and leave the denominator."""

    __tablename__ = "scorecard_item"
    __table_args__ = (UniqueConstraint("scorecard_id", "item"),)

    id: Mapped[Key]
    scorecard_id: Mapped[int] = mapped_column(ForeignKey("scorecard.id"))
    item: Mapped[Code]
    """For example ``C1``, ``F2``, ``I1``."""
    score: Mapped[Score | None]
    maximum: Mapped[Score]
    status: Mapped[Status] = mapped_column(one_of(Status))


class FindingKind(StrEnum):
    """What every meeting's report lists (R34)."""

    PRACTICE = "practice"
    ISSUE = "issue"
    ADVICE = "advice"


class Finding(Base):
    """One practice, issue or piece of advice, with the place that proves it where there is one."""

    __tablename__ = "finding"

    id: Mapped[Key]
    scorecard_id: Mapped[int] = mapped_column(ForeignKey("scorecard.id"), index=True)
    kind: Mapped[FindingKind] = mapped_column(one_of(FindingKind))
    text: Mapped[Words]
    start: Mapped[Seconds | None]
    end: Mapped[Seconds | None]
    quote: Mapped[Words | None]


class ActionState(StrEnum):
    """What became of an agreed action."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    DROPPED = "dropped"


class ActionItem(Base):
    """人 + 事 + 期限 agreed in a meeting (R26). What was not said stays empty."""

    __tablename__ = "action_item"

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    what: Mapped[Words]
    who: Mapped[Name | None]
    """As it was said; `owner_id` once a person is matched or chosen."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    due_on: Mapped[date | None] = mapped_column(index=True)
    state: Mapped[ActionState] = mapped_column(one_of(ActionState))
    confirmed_at: Mapped[datetime | None]
    closed_on: Mapped[date | None]
    start: Mapped[Seconds | None]
    end: Mapped[Seconds | None]
    quote: Mapped[Words | None]
    """Where the machine heard it, and in which words; None: a person wrote it down."""
    confidence: Mapped[float | None]
    """How surely what was heard is a commitment at all (0-1)."""

    @property
    def doubtful(self) -> bool:
        """Rather no commitment than one, and nobody has confirmed it."""
        return self.confirmed_at is None and self.confidence is not None and self.confidence < DOUBTFUL


class FollowUpOutcome(StrEnum):
    """What a later meeting says of an earlier action."""

    KEPT = "kept"
    NOT_KEPT = "not_kept"
    NOT_MENTIONED = "not_mentioned"


class ActionFollowUp(Base):
    """How a later meeting followed up an action."""

    __tablename__ = "action_follow_up"

    action_id: Mapped[int] = mapped_column(ForeignKey("action_item.id"), primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), primary_key=True, index=True)
    outcome: Mapped[FollowUpOutcome] = mapped_column(one_of(FollowUpOutcome))
    quote: Mapped[Words | None]
