"""Plans (scenarios of a month), their target trees and income targets (R18, R27, R28)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ONE_SCOPE, Amount, Base, Code, Key, Money, Name, Rate, Scoped, Words, one_of, only


class PlanState(StrEnum):
    """Approval of a plan: draft -> submitted -> approved or rejected; an approved one may be superseded."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Plan(Base):
    """One scenario of one institution's month. At most one is approved."""

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint("buffer_rate >= 0", name="buffer"),
        Index("uq_plan_approved", "institution_id", "month", unique=True, **only("state = 'approved'")),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    month: Mapped[date]
    """First day of the month."""
    buffer_rate: Mapped[Rate]
    """How far the teams of an institution should exceed it together (default 5 %)."""
    state: Mapped[PlanState] = mapped_column(one_of(PlanState))


class PlanDecision(Base):
    """One step of a plan's approval: who moved it from which state to which, when and why."""

    __tablename__ = "plan_decision"

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    before: Mapped[PlanState] = mapped_column(one_of(PlanState, name="before"))
    after: Mapped[PlanState] = mapped_column(one_of(PlanState, name="after"))
    decided_by: Mapped[Name]
    decided_at: Mapped[datetime]
    comment: Mapped[Words | None]


class Target(Base, Scoped):
    """One indicator's target for one scope in a plan.

    The children of a node are the scopes below it plus at most one unassigned node, which carries the scope
    of its parent and what is not yet given to anyone.
    """

    __tablename__ = "target"
    __table_args__ = (
        CheckConstraint(ONE_SCOPE, name="scope"),
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint("parent_id IS NOT NULL OR NOT is_unassigned", name="unassigned_below"),
        *(
            Index(
                f"uq_target_{kind}",
                "plan_id",
                "indicator_id",
                f"{kind}_id",
                unique=True,
                **only(f"{kind}_id IS NOT NULL AND NOT is_unassigned"),
            )
            for kind in ("institution", "office", "person")
        ),
        Index("uq_target_unassigned", "parent_id", unique=True, **only("is_unassigned")),
    )

    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("target.id"), index=True)
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    is_unassigned: Mapped[bool] = mapped_column(default=False)
    value: Mapped[Amount]


class IncomeTarget(Base):
    """A supervisor's income target of a month with the three factors it rests on (R28)."""

    __tablename__ = "income_target"
    __table_args__ = (UniqueConstraint("person_id", "month"), CheckConstraint("income > 0", name="income"))

    id: Mapped[Key]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    month: Mapped[date]
    income: Mapped[Money]
    rank_id: Mapped[int] = mapped_column(ForeignKey("rank.id"))
    """职级."""
    team_base: Mapped[Money]
    """团队基础: mean monthly team FYC of the last three months."""
    market_factor: Mapped[Rate]
    """市场系数."""
    own_fyc: Mapped[Money]
    recruiting_allowance: Mapped[Money]
    bonus: Mapped[Money]
