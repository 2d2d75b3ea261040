"""Addresses under which a calendar program fetches the activity calendar."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import Account
from api.base import ServiceBase
from models.base import Key
from models.organisation.tables import Institution, SalesOffice


class CalendarFeed(ServiceBase):
    """One subscription: whoever has the token reads the calendar, as far as its account may."""

    __tablename__ = "calendar_feed"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey(Institution.id))
    office_id: Mapped[int | None] = mapped_column(ForeignKey(SalesOffice.id))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
