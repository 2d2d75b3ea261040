"""Customers and what is known of them week by week (R29, R32; dossier section 3)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Key, Money, Name, Score, one_of


class CustomerSource(StrEnum):
    """How an agent came to know the customer; ``warm`` is 缘故, ``referral`` 转介绍."""

    WARM = "warm"
    REFERRAL = "referral"
    EVENT = "event"
    OTHER = "other"


class Customer(Base):
    """One customer of one agent."""

    __tablename__ = "customer"
    __table_args__ = (Index("ix_customer_agent_id_code", "agent_id", "code"),)

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    agent_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    source: Mapped[CustomerSource] = mapped_column(one_of(CustomerSource))
    phone: Mapped[str | None] = mapped_column(String(32))
    known_since: Mapped[date]
    do_not_contact: Mapped[bool] = mapped_column(default=False)
    complaint_open: Mapped[bool] = mapped_column(default=False)
    has_gap: Mapped[bool | None]
    """Whether cover is missing (保障缺口); None: not known."""
    renewal_on: Mapped[date | None]
    """Next renewal of a policy."""


class CustomerSnapshot(Base):
    """Value, temperature and potential (0-100) of a customer in the business week that ends on a day.

    None: not known. A value that nobody assessed, or a temperature whose interaction weights are missing.
    """

    __tablename__ = "customer_snapshot"
    __table_args__ = (
        *(CheckConstraint(f"{c} BETWEEN 0 AND 10000", name=c) for c in ("value", "temperature", "potential")),
        Index("ix_customer_snapshot_week", "week_ends", "customer_id"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    week_ends: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[Score | None]
    temperature: Mapped[Score | None]
    potential: Mapped[Score | None]


class InteractionKind(StrEnum):
    """What warmed the customer; each kind's weight is the parameter ``interaction_weight.<kind>``."""

    VISIT = "visit"
    CALL = "call"
    MESSAGE = "message"
    EVENT = "event"
    SERVICE = "service"
    REFERRAL = "referral"


class Interaction(Base):
    """One contact with a customer."""

    __tablename__ = "interaction"
    __table_args__ = (UniqueConstraint("customer_id", "happened_on", "kind"),)

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    happened_on: Mapped[date]
    kind: Mapped[InteractionKind] = mapped_column(one_of(InteractionKind))


class InventoryLabel(StrEnum):
    """普客 (not yet warmed) or 升温客户 (being followed up), from the customer inventory."""

    REGULAR = "regular"
    WARMING = "warming"


class InventoryEntry(Base):
    """How an inventory on a day labelled a customer."""

    __tablename__ = "inventory_entry"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    taken_on: Mapped[date] = mapped_column(primary_key=True)
    label: Mapped[InventoryLabel] = mapped_column(one_of(InventoryLabel))


class Sale(Base):
    """One new policy with regular premium. One withdrawn in the cooling-off period no longer counts."""

    __tablename__ = "sale"
    __table_args__ = (
        CheckConstraint("premium > 0", name="premium"),
        CheckConstraint("withdrawn_on IS NULL OR withdrawn_on >= signed_on", name="withdrawn"),
        Index("ix_sale_agent_id_signed_on", "agent_id", "signed_on"),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    """Policy number."""
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    signed_on: Mapped[date]
    premium: Mapped[Money]
    """First-year regular premium (期缴保费)."""
    fyc: Mapped[Money]
    cooling_off_ends: Mapped[date | None]
    withdrawn_on: Mapped[date | None]
