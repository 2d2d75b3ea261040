"""Drafts and published versions of rubrics; the shipped ones are files of the program."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Code, Key, Name, Words, one_of, only


class RubricState(StrEnum):
    """Only published ones score; a retired one stays readable, for scores are pinned to it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class CompanyRubric(ServiceBase):
    """One rubric file of the company. What is published is never changed."""

    __tablename__ = "company_rubric"
    __table_args__ = (
        CheckConstraint("state = 'draft' OR version IS NOT NULL", name="named"),
        Index("uq_company_rubric_published", "name", "version", unique=True, **only("state <> 'draft'")),
    )

    id: Mapped[Key]
    code: Mapped[Code] = mapped_column(unique=True)
    state: Mapped[RubricState] = mapped_column(one_of(RubricState))
    title: Mapped[Name]
    text: Mapped[Words]
    """The YAML as written."""
    name: Mapped[Code | None]
    """``id`` of the rubric; set when it is published."""
    version: Mapped[Code | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    edited_by: Mapped[Name]
    edited_at: Mapped[datetime]
    published_by: Mapped[Name | None]
    published_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
