"""What the service must remember of uploads: answers already given, and files that are still arriving."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.accounts.tables import Account
from api.base import ServiceBase
from models.base import Code, Key, Name


class GivenAnswer(ServiceBase):
    """The answer to a request with an ``Idempotency-Key``: the same request again gets it again."""

    __tablename__ = "given_answer"
    __table_args__ = (UniqueConstraint("actor", "key"),)

    id: Mapped[Key]
    actor: Mapped[Name]
    key: Mapped[Name]
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 over what was asked: another request under the same key is refused."""
    answer: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    at: Mapped[datetime]


class Upload(ServiceBase):
    """One file that arrives in pieces (tus); the bytes so far lie in the store's spool under its code."""

    __tablename__ = "upload"
    __table_args__ = (CheckConstraint("length > 0", name="length"),)

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    actor: Mapped[Name]
    """Only who began it goes on with it."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    length: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes that were announced; None: not yet."""
    live: Mapped[bool] = mapped_column(default=False)
    """It is sent while it is being recorded: its length was not known when it began."""
    file_name: Mapped[str] = mapped_column(String(255))
    placing: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """What was said of the meeting."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Of all bytes, once they are there: from then on the file may be in the store already."""
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    """What became of it, once all bytes are there."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
