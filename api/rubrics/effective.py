"""Which rubric scores a meeting: the company's own where it published one, else the shipped one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.rubrics import texts
from api.rubrics.tables import CompanyRubric, RubricState
from qa_pipeline.errors import RubricError
from qa_pipeline.rubric import Rubric, rubric_for
from qa_pipeline.values.vocabulary import MeetingKind, Theme


def effective(
    session: Session,
    *,
    kind: MeetingKind | None,
    theme: Theme | None,
    institution: str | None,
    on: date | None,
) -> Rubric:
    """For jobs that score: the published rubric that applies, else the shipped one.

    ``institution`` is its name, as in the meeting's facts. Of several versions of one rubric in force the
    last published counts; of several rubrics the most specific (institution, theme, latest start).
    Raises RubricError when not even a shipped one applies (an unknown kind).
    """
    latest: dict[str, Rubric] = {}
    for row in published(session):
        rubric = texts.load(row.text)
        if applies(rubric, kind=kind, theme=theme, institution=institution, on=on):
            latest[rubric.id] = rubric
    offered = tuple(latest.values()) or None
    return rubric_for(kind, theme, institution=institution, on=on, rubrics=offered)


def published(session: Session) -> Sequence[CompanyRubric]:
    """In the order in which they were published."""
    query = select(CompanyRubric).where(CompanyRubric.state == RubricState.PUBLISHED)
    return session.scalars(query.order_by(CompanyRubric.published_at, CompanyRubric.id)).all()


def applies(
    rubric: Rubric,
    *,
    kind: MeetingKind | None,
    theme: Theme | None,
    institution: str | None,
    on: date | None,
) -> bool:
    try:
        rubric_for(kind, theme, institution=institution, on=on, rubrics=(rubric,))
    except RubricError:
        return False
    return True
