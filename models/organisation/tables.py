"""The institution tree, sales offices, people, and who was what when (R8, R9; dossier section 3)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import DATED, Base, Code, Dated, Key, Name, Rate, one_of, only

OPEN = "valid_to IS NULL"


class Institution(Base, Dated):
    """Head office (1), a branch (2), a sub-branch (3) or a level-4 institution, which holds the meetings."""

    __tablename__ = "institution"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 4", name="level"),
        CheckConstraint("(level = 1) = (parent_id IS NULL)", name="root"),
        CheckConstraint("NOT must_hold OR level = 4", name="must_hold"),
        CheckConstraint(DATED, name="dated"),
        Index("ix_institution_path", "path", postgresql_ops={"path": "text_pattern_ops"}),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    level: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"), index=True)
    path: Mapped[str] = mapped_column(String(128))
    """Keys from the root down to this row, ``/1/12/131/``: a subtree is a prefix."""
    must_hold: Mapped[bool] = mapped_column(default=False)
    """Whether it must hold the two meetings (level 4 only)."""


class SalesOffice(Base, Dated):
    """营业室: a field team under a level-4 institution, led by one supervisor at a time."""

    __tablename__ = "sales_office"
    __table_args__ = (
        CheckConstraint(DATED, name="dated"),
        CheckConstraint("market_factor > 0", name="market"),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    market_factor: Mapped[Rate | None]
    """市场系数 (R28); None: not known."""


class Rank(Base):
    """职级. Whoever stands at ``rank_order`` of a supervisor or above must attend (R9)."""

    __tablename__ = "rank"

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    rank_order: Mapped[int] = mapped_column(unique=True)
    is_supervisor: Mapped[bool]
    """主管及以上."""


class PersonKind(StrEnum):
    """Field agents sell; staff manage."""

    AGENT = "agent"
    STAFF = "staff"


class Person(Base):
    """One agent or member of staff."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("left_on IS NULL OR left_on >= joined_on", name="left"),
        CheckConstraint("upline_id IS NULL OR upline_id <> id", name="upline"),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    """工号."""
    name: Mapped[Name]
    kind: Mapped[PersonKind] = mapped_column(one_of(PersonKind))
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    """First day no longer in service."""
    upline_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    """Who recruited this person."""
    phone: Mapped[str | None] = mapped_column(String(32))


class RankHistory(Base, Dated):
    """What rank a person held where (slowly changing, type 2): at most one open row a person."""

    __tablename__ = "rank_history"
    __table_args__ = (
        CheckConstraint(DATED, name="dated"),
        UniqueConstraint("person_id", "valid_from"),
        Index("uq_rank_history_open", "person_id", unique=True, **only(OPEN)),
        Index("ix_rank_history_institution_id_valid_from", "institution_id", "valid_from"),
    )

    id: Mapped[Key]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    rank_id: Mapped[int] = mapped_column(ForeignKey("rank.id"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("sales_office.id"), index=True)


class OfficeLead(Base, Dated):
    """Which supervisor led a sales office when: exactly one at a time."""

    __tablename__ = "office_lead"
    __table_args__ = (
        CheckConstraint(DATED, name="dated"),
        UniqueConstraint("office_id", "valid_from"),
        Index("uq_office_lead_open", "office_id", unique=True, **only(OPEN)),
    )

    id: Mapped[Key]
    office_id: Mapped[int] = mapped_column(ForeignKey("sales_office.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)


class ManagerRole(StrEnum):
    """Who may host: the administrative manager, or a deputy with written authority (R8)."""

    ADMIN_MANAGER = "admin_manager"
    DEPUTY = "deputy"


class InstitutionManager(Base, Dated):
    """Who managed an institution, or stood in for its manager, when."""

    __tablename__ = "institution_manager"
    __table_args__ = (
        CheckConstraint(DATED, name="dated"),
        UniqueConstraint("institution_id", "person_id", "role", "valid_from"),
        Index(
            "uq_institution_manager_open",
            "institution_id",
            unique=True,
            **only("valid_to IS NULL AND role = 'admin_manager'"),
        ),
    )

    id: Mapped[Key]
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[ManagerRole] = mapped_column(one_of(ManagerRole))


class FocusSupervisor(Base, Dated):
    """A supervisor marked by hand as 重点主管, beside those without U or CT (dossier, defaults)."""

    __tablename__ = "focus_supervisor"
    __table_args__ = (
        CheckConstraint(DATED, name="dated"),
        UniqueConstraint("person_id", "valid_from"),
        Index("uq_focus_supervisor_open", "person_id", unique=True, **only(OPEN)),
    )

    id: Mapped[Key]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[Name]
