"""Values of the three tables, computed from the data or set by hand."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import DATED, Amount, Base, Code, Dated, Key, Name, one_of, only


class ToolboxTable(StrEnum):
    """分层队伍产能 (元/人月, by rank), 客均保费贡献 (元/客, by quadrant), 活动平台转化 (by platform)."""

    TIER_PRODUCTIVITY = "tier_productivity"
    PREMIUM_PER_CUSTOMER = "premium_per_customer"
    PLATFORM_CONVERSION = "platform_conversion"


class ToolboxValue(Base, Dated):
    """One value of a table for an institution from a day on. A value set by hand wins over a computed one.

    A computed value holds until the next one starts; one set by hand until it is ended.
    """

    __tablename__ = "toolbox_value"
    __table_args__ = (
        CheckConstraint(DATED, name="dated"),
        UniqueConstraint("institution_id", "table_name", "key", "valid_from", "is_override"),
        Index(
            "uq_toolbox_value_open_override",
            "institution_id",
            "table_name",
            "key",
            unique=True,
            **only("is_override AND valid_to IS NULL"),
        ),
        CheckConstraint("sample_size >= 0", name="sample"),
        CheckConstraint("period_to > period_from", name="period"),
        CheckConstraint(
            "is_override AND value IS NOT NULL"
            " OR sample_size IS NOT NULL AND period_from IS NOT NULL AND period_to IS NOT NULL",
            name="origin",
        ),
    )

    id: Mapped[Key]
    table_name: Mapped[ToolboxTable] = mapped_column(one_of(ToolboxTable))
    key: Mapped[Code]
    """Rank code, quadrant or platform; ``all`` for the whole."""
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    value: Mapped[Amount | None]
    """None: computed without a denominator."""
    sample_size: Mapped[int | None]
    """People of the tier, customers who bought, customers who came."""
    period_from: Mapped[date | None]
    period_to: Mapped[date | None]
    """The half-open interval of days that the value was computed from."""
    is_override: Mapped[bool]
    note: Mapped[Name | None]
