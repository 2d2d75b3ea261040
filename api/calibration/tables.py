"""Calibration sets, their meetings, and what each reviewer gave them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import Account
from api.base import ServiceBase
from models.base import Code, Key, one_of
from models.meetings.tables import Scorecard
from qa_pipeline.values.vocabulary import Verdict


class CalibrationSet(ServiceBase):
    """Open until whoever began it ends it: only then does anybody see what others gave."""

    __tablename__ = "calibration_set"

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(String(128))
    opened_by: Mapped[int] = mapped_column(ForeignKey(Account.id))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class CalibrationMeeting(ServiceBase):
    """One meeting of a set, by the version of its result that a person decided on."""

    __tablename__ = "calibration_meeting"
    __table_args__ = (UniqueConstraint("set_id", "scorecard_id"),)

    id: Mapped[Key]
    set_id: Mapped[int] = mapped_column(ForeignKey(CalibrationSet.id))
    scorecard_id: Mapped[int] = mapped_column(ForeignKey(Scorecard.id))


class CalibrationSheet(ServiceBase):
    """What one reviewer gave one meeting."""

    __tablename__ = "calibration_sheet"
    __table_args__ = (UniqueConstraint("meeting_id", "account_id"),)

    id: Mapped[Key]
    meeting_id: Mapped[int] = mapped_column(ForeignKey(CalibrationMeeting.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    verdict: Mapped[Verdict] = mapped_column(one_of(Verdict))
    scores: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """Item -> points as text of a decimal; None where the item does not apply."""
    handed_in_at: Mapped[datetime]
