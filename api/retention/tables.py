"""Meetings whose recordings must be kept whatever their age."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Key, Name, Words, only
from models.meetings.tables import Meeting


class LegalHold(ServiceBase):
    """One hold of a meeting's recordings, with who ordered and who lifted it."""

    __tablename__ = "legal_hold"
    __table_args__ = (Index("uq_legal_hold_open", "meeting_id", unique=True, **only("lifted_at IS NULL")),)

    id: Mapped[Key]
    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id))
    reason: Mapped[Words]
    ordered_by: Mapped[Name]
    ordered_at: Mapped[datetime]
    lifted_by: Mapped[Name | None]
    lifted_at: Mapped[datetime | None]
