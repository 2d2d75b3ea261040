"""Events, who came to them, their review, and weekly PVKYC volumes (R30, R31; dossier section 3)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Key, Name, Score, Words, one_of


class Platform(StrEnum):
    """The three platform kinds; each is due at least once a month (R30)."""

    WARMUP = "warmup"
    HIGH_VALUE = "high_value"
    HIGH_POTENTIAL = "high_potential"


class ActivityEvent(Base):
    """One entry of the activity calendar. A missing field of the six makes it invalid, not refused (R30)."""

    __tablename__ = "activity_event"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="end"),
        Index("ix_activity_event_institution_id_month", "institution_id", "month"),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("sales_office.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    platform: Mapped[Platform] = mapped_column(one_of(Platform))
    month: Mapped[date]
    """First day of the month whose calendar it is in."""
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    place: Mapped[Words | None]
    content: Mapped[Words | None]
    audience: Mapped[Words | None]
    goal: Mapped[Words | None]
    preparation: Mapped[Words | None]
    process: Mapped[Words | None]
    """How it went (execution, R31)."""
    feedback: Mapped[Words | None]
    """What the customers said (execution, R31)."""
    cancelled: Mapped[bool] = mapped_column(default=False)


class Participation(Base):
    """One customer's part in an event: invited, came, signed, and the temperature before and after."""

    __tablename__ = "participation"
    __table_args__ = (
        CheckConstraint("sale_id IS NULL OR attended", name="signed"),
        *(
            CheckConstraint(f"{c} BETWEEN 0 AND 10000", name=c)
            for c in ("temperature_before", "temperature_after")
        ),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("activity_event.id"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True, index=True)
    attended: Mapped[bool | None]
    """None: not yet known."""
    sale_id: Mapped[int | None] = mapped_column(ForeignKey("sale.id"))
    """The policy signed because of it."""
    feedback: Mapped[Words | None]
    temperature_before: Mapped[Score | None]
    temperature_after: Mapped[Score | None]


class EventReview(Base):
    """检视 of an event: the third part that closes the loop (R31)."""

    __tablename__ = "event_review"

    event_id: Mapped[int] = mapped_column(ForeignKey("activity_event.id"), primary_key=True)
    reviewed_on: Mapped[date]
    reviewer: Mapped[Name]
    conclusion: Mapped[Words]
    improvement: Mapped[Words | None]


PVKYC = ("plan", "visit", "close", "warm", "referral")


class WeeklyVolume(Base):
    """PVKYC of one person in the business week that ends on a day: planned and done; None: not reported."""

    __tablename__ = "weekly_volume"
    __table_args__ = tuple(
        CheckConstraint(f"{item}_{side} >= 0", name=f"{item}_{side}")
        for item in PVKYC
        for side in ("planned", "done")
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    week_ends: Mapped[date] = mapped_column(primary_key=True, index=True)
    plan_planned: Mapped[int | None]
    plan_done: Mapped[int | None]
    visit_planned: Mapped[int | None]
    visit_done: Mapped[int | None]
    close_planned: Mapped[int | None]
    close_done: Mapped[int | None]
    warm_planned: Mapped[int | None]
    warm_done: Mapped[int | None]
    referral_planned: Mapped[int | None]
    referral_done: Mapped[int | None]
