"""Recommendations that the navigator made, and what became of them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Key, Words, one_of, only


class RecommendationState(StrEnum):
    """What became of a recommendation: the agent did it or declined it, or a more urgent one replaced it."""

    OPEN = "open"
    DONE = "done"
    DISMISSED = "dismissed"
    SUPERSEDED = "superseded"


class Recommendation(Base):
    """The one next action for a customer on a day: the rule of highest priority that applies."""

    __tablename__ = "recommendation"
    __table_args__ = (
        UniqueConstraint("customer_id", "made_on"),
        CheckConstraint("due_on >= made_on", name="due"),
        CheckConstraint("(state = 'open') = (closed_on IS NULL)", name="closed"),
        Index("uq_recommendation_open", "customer_id", unique=True, **only("state = 'open'")),
    )

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    rule: Mapped[Code]
    """Id of the rule in ``rubrics/navigator.yaml``."""
    action: Mapped[Words]
    reason: Mapped[Words]
    contact_limit: Mapped[Words | None]
    """What the customer's wish not to be contacted leaves allowed; None: no such wish."""
    made_on: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[RecommendationState] = mapped_column(one_of(RecommendationState))
    closed_on: Mapped[date | None]
