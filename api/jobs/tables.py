"""Inspection jobs, what their stages have made, the workers, and notices. These tables are the truth: the
workflow engine's own database may be lost without losing or repeating anything."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Code, Key, Name, Words, one_of
from models.meetings.tables import Meeting
from models.organisation.tables import Institution


class Stage(StrEnum):
    """The stages of a job, in their order."""

    PROBE = "probe"
    TRANSCRIBE = "transcribe"
    READ = "read"
    SCORE = "score"
    PUBLISH = "publish"


class JobState(StrEnum):
    """The last three are final; a failed or cancelled job can be queued again by a person."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = (JobState.QUEUED, JobState.RUNNING)

FRESH = 10
ARCHIVE = 100
"""Priorities: the lower one goes first."""


class InspectionJob(ServiceBase):
    """One inspection of one meeting, from its recording to its published result."""

    __tablename__ = "inspection_job"
    __table_args__ = (
        CheckConstraint("priority > 0", name="priority"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        Index("ix_inspection_job_waiting", "state", "priority", "id"),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id), index=True)
    state: Mapped[JobState] = mapped_column(one_of(JobState))
    stage: Mapped[Stage | None] = mapped_column(one_of(Stage, name="stage"))
    """The stage it is in, or where it ended."""
    progress: Mapped[float] = mapped_column(default=0.0)
    """Share of the stage that is done."""
    priority: Mapped[int] = mapped_column(default=FRESH)
    batch: Mapped[Code | None] = mapped_column(index=True)
    """The batch that it belongs to."""
    paused: Mapped[bool] = mapped_column(default=False)
    """Does not start while set."""
    again_from: Mapped[Stage | None] = mapped_column(one_of(Stage, name="again_from"))
    """This stage and those after it are done anew even if their results exist."""
    transcript: Mapped[str | None] = mapped_column(String(64))
    """Content hash of a transcript to use (corrected or imported) instead of hearing the recording."""
    rubric: Mapped[str | None] = mapped_column(String(64))
    """Content hash of the rubric to score by; None: the one that applies to the meeting."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it failed in a row for a reason that may heal."""
    retry_at: Mapped[datetime | None]
    run: Mapped[int] = mapped_column(default=0)
    """How often it was handed to the engine; part of the workflow's id."""
    dispatched: Mapped[bool] = mapped_column(default=False)
    """Whether the engine has it."""
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error: Mapped[Words | None]
    """One Chinese sentence: why it waits for another attempt, failed or was cancelled."""
    worker: Mapped[Name | None]
    requested_by: Mapped[Name]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    scorecard_version: Mapped[int | None]
    """The version of the scorecard that it published."""


class ArtefactKind(StrEnum):
    """What stages make; each lies in the store as JSON."""

    RECORDING = "recording"
    WAVEFORM = "waveform"
    TRANSCRIPT = "transcript"
    READING = "reading"
    INSPECTION = "inspection"


class Artefact(ServiceBase):
    """What a stage made of inputs: found by the key of the inputs before anything is made again."""

    __tablename__ = "artefact"
    __table_args__ = (UniqueConstraint("kind", "key"),)

    id: Mapped[Key]
    kind: Mapped[ArtefactKind] = mapped_column(one_of(ArtefactKind))
    key: Mapped[str] = mapped_column(String(64))
    """SHA-256 over all that the result depends on."""
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[Name]
    """Of what made it."""
    job_id: Mapped[int] = mapped_column(ForeignKey(InspectionJob.id), index=True)
    """The job that made it last."""
    made_at: Mapped[datetime]


class Worker(ServiceBase):
    """A worker process that runs or died; whoever holds its lock is alive."""

    __tablename__ = "worker"

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(unique=True)
    concurrency: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class NoticeKind(StrEnum):
    """What somebody is told without having asked."""

    MEETING_MISSING = "meeting_missing"
    RECORDING_MISSING = "recording_missing"


class Notice(ServiceBase):
    """Something that the people of an institution are to be told; sent by the notices' channels."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("kind", "institution_id", "subject"),)

    id: Mapped[Key]
    kind: Mapped[NoticeKind] = mapped_column(one_of(NoticeKind))
    institution_id: Mapped[int] = mapped_column(ForeignKey(Institution.id))
    subject: Mapped[Name]
    """What it is about, for example ``2026-09-W1``: the same is told once."""
    text: Mapped[Words]
    due_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
