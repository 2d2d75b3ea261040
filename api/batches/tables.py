"""Batches and their files. Their jobs name them; how far they are is counted from files and jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Code, Key, Name, Words, one_of
from models.meetings.tables import Meeting
from models.organisation.tables import Institution

LISTED: Final = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Batch(ServiceBase):
    """One run over many meetings of a subtree; ``institution_id`` None: of the whole company."""

    __tablename__ = "batch"

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    institution_id: Mapped[int | None] = mapped_column(ForeignKey(Institution.id))
    folder: Mapped[str | None] = mapped_column(String(1000))
    """Below the archive's root, where the service fetches its files; None: a client sends them, or none."""
    again: Mapped[bool] = mapped_column(default=False)
    """Whether meetings that have a result are scored again."""
    paused: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[Name]
    created_at: Mapped[datetime]
    inspected: Mapped[list[str] | None] = mapped_column(LISTED)
    """Codes of meetings that had a result and were passed over; None: was not kept."""
    unmatched: Mapped[list[dict[str, Any]] | None] = mapped_column(LISTED)
    """Files and lines of the manifest that belong to no meeting, as UnmatchedFile; None: was not kept."""


class FileState(StrEnum):
    """A refused file waits again when its batch is resumed."""

    WAITING = "waiting"
    TAKEN = "taken"
    REFUSED = "refused"


class BatchFile(ServiceBase):
    """A file that belongs to a batch and was not here when it began, with the meeting that it belongs to."""

    __tablename__ = "batch_file"
    __table_args__ = (
        UniqueConstraint("batch_id", "file"),
        Index("ix_batch_file_waiting", "state", "id"),
        Index("ix_batch_file_of_meeting", "batch_id", "together"),
    )

    id: Mapped[Key]
    batch_id: Mapped[int] = mapped_column(ForeignKey(Batch.id))
    file: Mapped[str] = mapped_column(String(1000))
    """Path below the folder, with ``/``."""
    shown: Mapped[str | None] = mapped_column(String(1000))
    """The path with somebody's name covered, where that was asked for before the file was taken. While the
    file waits it is found by the path itself, from then on this stands there; it cannot be found again."""
    size: Mapped[int] = mapped_column(BigInteger)
    placing: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """Which meeting it belongs to, as manifest, pattern and file name told."""
    together: Mapped[Name]
    """The same for all files of one meeting: it is inspected when none of them waits any more."""
    state: Mapped[FileState] = mapped_column(one_of(FileState))
    error: Mapped[Words | None]
    """Why it was refused."""
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey(Meeting.id))
    """Its meeting, once it was taken."""
