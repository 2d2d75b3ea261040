"""Who wants to be told of what, and what became of each message."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import Account
from api.base import ServiceBase
from models.base import Code, Key, Name, Words, one_of
from models.organisation.tables import Institution


class Channel(StrEnum):
    """How somebody is told."""

    WEBHOOK = "webhook"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    EMAIL = "email"


class EventKind(StrEnum):
    """What can be subscribed to."""

    INSPECTION_FINISHED = "inspection.finished"
    INSPECTION_FAILED = "inspection.failed"
    MEETING_MISSING = "meeting.missing"
    RECORDING_MISSING = "recording.missing"
    REVIEW_DECIDED = "review.decided"
    APPEAL_OPENED = "appeal.opened"


PING: Final = "ping"
"""What a trial message is called."""


class Subscription(ServiceBase):
    """One receiver of events below an institution; ``institution_id`` None: of the whole company."""

    __tablename__ = "subscription"

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    channel: Mapped[Channel] = mapped_column(one_of(Channel))
    target: Mapped[Words]
    """Address of the receiver or robot; of e-mail, the recipients with commas between them."""
    secret: Mapped[str | None] = mapped_column(String(128))
    """Signs messages, so it cannot be kept as a hash; never shown again."""
    events: Mapped[list[str]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey(Institution.id))
    active: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    created_at: Mapped[datetime]
    since: Mapped[datetime]
    """What happened from this moment on is told: since it was made, or last resumed."""
    removed_at: Mapped[datetime | None]


class DeliveryState(StrEnum):
    """The last two are final, until a person sends it again."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(ServiceBase):
    """One message to one receiver."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("subscription_id", "subject"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_delivery_waiting", "state", "next_at"),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey(Subscription.id))
    event: Mapped[Name]
    subject: Mapped[Name]
    """What it is about: the same is told once."""
    body: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    sentence: Mapped[Words]
    """The same for people."""
    state: Mapped[DeliveryState] = mapped_column(one_of(DeliveryState))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    status: Mapped[int | None]
    """HTTP status of the last attempt."""
    error: Mapped[Words | None]
    """Why the last attempt failed."""
