"""Definitions, observations and parameters (dossier section 3; R15, R33)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    DATED,
    ONE_SCOPE,
    Amount,
    Base,
    Code,
    Dated,
    Key,
    Name,
    Rate,
    Scoped,
    Words,
    one_of,
    only,
)


class Direction(StrEnum):
    """Which way an indicator is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Aspect(StrEnum):
    """Result or process (R27: every target node needs at least one of each)."""

    RESULT = "result"
    PROCESS = "process"


class Indicator(Base):
    """One definition of an indicator; a changed definition is a new version (口径)."""

    __tablename__ = "indicator"
    __table_args__ = (UniqueConstraint("code", "version"), CheckConstraint("version > 0", name="version"))

    id: Mapped[Key]
    code: Mapped[Code]
    """For example ``regular_premium``, ``u_headcount``, ``ct_attained``."""
    version: Mapped[int]
    name: Mapped[Name]
    unit: Mapped[str] = mapped_column(String(16))
    direction: Mapped[Direction] = mapped_column(one_of(Direction))
    aspect: Mapped[Aspect] = mapped_column(one_of(Aspect))
    formula: Mapped[Words]
    valid_from: Mapped[date]


class Observation(Base, Scoped):
    """A value of an indicator for one scope as of a day.

    Rows are only ever added (a trigger of the first migration refuses the rest): a correction is a higher
    revision, and the highest revision is the value.
    """

    __tablename__ = "observation"
    __table_args__ = (
        CheckConstraint(ONE_SCOPE, name="scope"),
        CheckConstraint("revision > 0", name="revision"),
        *(
            Index(
                f"uq_observation_{kind}",
                f"{kind}_id",
                "indicator_id",
                "as_of",
                "revision",
                unique=True,
                **only(f"{kind}_id IS NOT NULL"),
            )
            for kind in ("institution", "office", "person")
        ),
    )

    id: Mapped[Key]
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    as_of: Mapped[date]
    """Last day the value covers; a month's value counts from the month's first day."""
    revision: Mapped[int] = mapped_column(default=1)
    value: Mapped[Amount]
    recorded_at: Mapped[datetime]
    source: Mapped[Name]


BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "buffer_rate": (0, 1),
    "temperature_half_life_days": (1, 3650),
    "ct_window_months": (1, 60),
    "anomaly.months": (1, 24),
    "anomaly.min_offices": (2, 1000),
}
"""Parameters that count months, days or shares: outside of these a calculation makes no sense. No other may
be negative."""
WITHIN_BOUNDS: Final = (
    "CASE code "
    + " ".join(
        f"WHEN '{code}' THEN value BETWEEN {low}000000 AND {high}000000"
        for code, (low, high) in BOUNDS.items()
    )
    + " ELSE value >= 0 END"
)
"""A ``Rate`` is stored in millionths."""


class Parameter(Base, Dated):
    """A threshold, rate or factor, for everyone, one institution or one rank. A missing one is `unknown`."""

    __tablename__ = "parameter"
    __table_args__ = (
        CheckConstraint(DATED, name="dated"),
        CheckConstraint("institution_id IS NULL OR rank_id IS NULL", name="one_kind"),
        CheckConstraint(WITHIN_BOUNDS, name="bounds"),
        Index(
            "uq_parameter_general",
            "code",
            "valid_from",
            unique=True,
            **only("institution_id IS NULL AND rank_id IS NULL"),
        ),
        Index(
            "uq_parameter_institution",
            "code",
            "institution_id",
            "valid_from",
            unique=True,
            **only("institution_id IS NOT NULL"),
        ),
        Index(
            "uq_parameter_rank", "code", "rank_id", "valid_from", unique=True, **only("rank_id IS NOT NULL")
        ),
    )

    id: Mapped[Key]
    code: Mapped[Code]
    """For example ``u_threshold``, ``ct_threshold.fyc``, ``allowance_rate``, ``buffer_rate``."""
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"))
    """None: everywhere; the nearest institution above the one asked about wins."""
    rank_id: Mapped[int | None] = mapped_column(ForeignKey("rank.id"))
    value: Mapped[Rate]
    note: Mapped[Name | None]
