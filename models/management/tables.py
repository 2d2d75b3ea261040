"""Management actions with record and review (R32)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Key, Words, one_of


class ActionKind(StrEnum):
    """目标面谈, 客户盘点, 平台搭建, 陪访."""

    GOAL_INTERVIEW = "goal_interview"
    CUSTOMER_INVENTORY = "customer_inventory"
    PLATFORM_SETUP = "platform_setup"
    JOINT_VISIT = "joint_visit"


class ManagementAction(Base):
    """One action of a supervisor or manager. A joint visit counts once it has a record and a review (R32)."""

    __tablename__ = "management_action"
    __table_args__ = (
        CheckConstraint("planned_on IS NOT NULL OR done_on IS NOT NULL", name="dated"),
        CheckConstraint("kind <> 'platform_setup' OR event_id IS NOT NULL", name="event"),
        Index("ix_management_action_actor_id_kind_done_on", "actor_id", "kind", "done_on"),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[ActionKind] = mapped_column(one_of(ActionKind))
    actor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    """The person interviewed or accompanied."""
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("activity_event.id"))
    planned_on: Mapped[date | None]
    done_on: Mapped[date | None]
    record: Mapped[Words | None]
    review: Mapped[Words | None]
