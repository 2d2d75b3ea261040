"""Batches. Their jobs name them; everything else is counted from those."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Code, Key, Name
from models.organisation.tables import Institution


class Batch(ServiceBase):
    """One run over many meetings of a subtree; ``institution_id`` None: of the whole company."""

    __tablename__ = "batch"

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    institution_id: Mapped[int | None] = mapped_column(ForeignKey(Institution.id))
    paused: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[Name]
    created_at: Mapped[datetime]
