"""What the service keeps of a meeting beside the model: whole inspections and transcripts as edited."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Key, Name, Words
from models.meetings.tables import Meeting, Scorecard


class KeptInspection(ServiceBase):
    """The inspection behind one scorecard, nothing lost or masked: reports, re-scores and diffs need it."""

    __tablename__ = "kept_inspection"

    scorecard_id: Mapped[int] = mapped_column(ForeignKey(Scorecard.id), primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """gzip of ``inspection_to_json``; never sent anywhere as it is."""


class TranscriptVersion(ServiceBase):
    """A meeting's transcript as it was heard (1) and as people put it right (2, 3, …)."""

    __tablename__ = "transcript_version"
    __table_args__ = (
        UniqueConstraint("meeting_id", "version"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("base_version < version", name="base"),
    )

    id: Mapped[Key]
    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id))
    version: Mapped[int]
    base_version: Mapped[int | None]
    """The version that was edited; None: heard by the machine."""
    heard: Mapped[str] = mapped_column(String(64))
    """Of which recordings it is the transcript: SHA-256 over the hashes of their parts."""
    edited_by: Mapped[Name | None]
    edited_at: Mapped[datetime]
    note: Mapped[Words | None]
    body: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """gzip of the transcript's JSON, not masked."""
    borders: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """``[{"first": utterance, "chapter": …}]`` in order, as a person set them; None: nobody did."""
    acts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """``[{"utterance": index, "acts": […]}]`` in order, of those a person went through; None: of none."""
