"""Recommendations that the navigator made, and what became of them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Key, Words, one_of


class RecommendationState(StrEnum):
    """What the agent did with a recommendation."""

    OPEN = "open"
    DONE = "done"
    DISMISSED = "dismissed"


class Recommendation(Base):
    """The one next action for a customer on a day: the rule of highest priority that applies."""

    __tablename__ = "recommendation"
    __table_args__ = (UniqueConstraint("customer_id", "made_on"),)

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    rule: Mapped[Code]
    """Id of the rule in ``rubrics/navigator.yaml``."""
    action: Mapped[Words]
    reason: Mapped[Words]
    made_on: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[RecommendationState] = mapped_column(one_of(RecommendationState))
