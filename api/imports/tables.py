"""Where other systems stopped sending."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Code, Key


class ImportCursor(ServiceBase):
    """The newest cursor of one source system for one entity, apart for each subtree that sends."""

    __tablename__ = "import_cursor"
    __table_args__ = (UniqueConstraint("reach", "source", "entity"),)

    id: Mapped[Key]
    reach: Mapped[str] = mapped_column(String(128))
    """Path of the sender's subtree: two keys of different subtrees never share a cursor."""
    source: Mapped[Code]
    entity: Mapped[Code]
    cursor: Mapped[str] = mapped_column(String(512))
    received_rows: Mapped[int]
    """How many rows came with it and before it."""
    updated_at: Mapped[datetime]
