"""Values of the three tables, computed from the data or set by hand."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Amount, Base, Code, Key, Name, one_of


class ToolboxTable(StrEnum):
    """分层队伍产能 (元/人月, by rank), 客均保费贡献 (元/客, by quadrant), 活动平台转化 (by platform)."""

    TIER_PRODUCTIVITY = "tier_productivity"
    PREMIUM_PER_CUSTOMER = "premium_per_customer"
    PLATFORM_CONVERSION = "platform_conversion"


class ToolboxValue(Base):
    """One value of a table for an institution from a day on. A value set by hand wins over a computed one."""

    __tablename__ = "toolbox_value"
    __table_args__ = (
        UniqueConstraint("table_name", "key", "institution_id", "valid_from", "is_override"),
        CheckConstraint("sample_size >= 0", name="sample"),
        CheckConstraint("is_override OR sample_size IS NOT NULL", name="computed"),
    )

    id: Mapped[Key]
    table_name: Mapped[ToolboxTable] = mapped_column(one_of(ToolboxTable))
    key: Mapped[Code]
    """Rank code, quadrant or platform; ``all`` for the whole."""
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    valid_from: Mapped[date]
    value: Mapped[Amount | None]
    """None: computed without a denominator."""
    sample_size: Mapped[int | None]
    is_override: Mapped[bool]
    note: Mapped[Name | None]
