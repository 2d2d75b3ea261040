"""Reviews of results by people, and appeals against results."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import Account
from api.base import ServiceBase
from models.base import Code, Key, Words, one_of, only
from models.meetings.tables import Meeting, Scorecard
from qa_pipeline.values.vocabulary import Verdict


class ReviewState(StrEnum):
    """A proposed decision waits for a second reviewer."""

    TAKEN = "taken"
    PROPOSED = "proposed"
    DECIDED = "decided"
    RELEASED = "released"


class Review(ServiceBase):
    """One reviewer's work on one version of a result: at most one open at a time."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("state NOT IN ('proposed', 'decided') OR verdict IS NOT NULL", name="verdict_given"),
        CheckConstraint("second_id IS NULL OR second_id <> reviewer_id", name="second"),
        Index("uq_review_open", "scorecard_id", unique=True, **only("state IN ('taken', 'proposed')")),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id), index=True)
    scorecard_id: Mapped[int] = mapped_column(ForeignKey(Scorecard.id), index=True)
    """The version that is reviewed."""
    state: Mapped[ReviewState] = mapped_column(one_of(ReviewState))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    taken_at: Mapped[datetime]
    verdict: Mapped[Verdict | None] = mapped_column(one_of(Verdict))
    reason: Mapped[Words | None]
    overrides: Mapped[list[dict[str, Any]]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """``[{"item", "score", "reason"}]``; scores as text of a decimal."""
    judged: Mapped[dict[str, list[str]]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """Item -> [machine's status, person's status] of the items that the reviewer confirmed or changed: what
    agreement is counted from."""
    second_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    second_agrees: Mapped[bool | None]
    second_reason: Mapped[Words | None]
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
    result_id: Mapped[int | None] = mapped_column(ForeignKey(Scorecard.id), unique=True)
    """The version that the decision made."""


class AppealState(StrEnum):
    """What became of an appeal."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


class Appeal(ServiceBase):
    """A manager's objection to a result: at most one open a meeting."""

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered"),
        Index("uq_appeal_open", "meeting_id", unique=True, **only("state = 'open'")),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id), index=True)
    scorecard_id: Mapped[int] = mapped_column(ForeignKey(Scorecard.id))
    """The version that is objected to."""
    state: Mapped[AppealState] = mapped_column(one_of(AppealState))
    opened_by: Mapped[int] = mapped_column(ForeignKey(Account.id))
    opened_at: Mapped[datetime]
    reason: Mapped[Words]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    answered_at: Mapped[datetime | None]
    answer: Mapped[Words | None]
