"""Routes of the practices that meetings shared (R34): which are found most, and each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Row
from sqlalchemy.orm import Session

from api.access import Caller, Permission, allowed
from api.fields import Below, Day, Line, in_order
from api.meetings.repository import PracticeRepository
from api.meetings.schemas import PracticeKindOut, PracticeOut
from api.organisation.service import subtree_of
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database

router: Final = APIRouter(tags=["优秀做法"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
First = Annotated[Day, Query(description="首日（含）")]
Last = Annotated[Day, Query(description="末日（含）")]


@router.get("/practices", summary="某段时间的优秀做法（新的在前）", operation_id="list_practices")
def practices(
    session: Database,
    asker: Reader,
    first: First,
    last: Last,
    below: Below = None,
    text: Annotated[Line | None, Query(description="只看这一种做法，写法与 text 字段相同")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PracticeOut]:
    """录音片段见 /meetings/{code}/practices/{number}/audio，可转发的文字见 …/{number}/card。"""
    in_order(first, last)
    part = subtree_of(session, asker, below)
    repository = PracticeRepository(session, within=asker.within)
    rows = repository.page(
        first=first, last=last, below=part.path if part else None, text=text, cursor=cursor, limit=limit
    )
    shown, further = page(rows, limit, lambda row: [row[1].started_at, row[0].id])
    return Page(items=lines(repository, shown), next=further)


@router.get("/practices/kinds", summary="某段时间有哪几种优秀做法", operation_id="list_practice_kinds")
def kinds(
    session: Database, asker: Reader, first: First, last: Last, below: Below = None
) -> list[PracticeKindOut]:
    """会议多的在前，一样多的新的在前。"""
    return counted(session, asker, first=first, last=last, below=below)


def counted(
    session: Session, asker: Caller, *, first: date, last: date, below: str | None
) -> list[PracticeKindOut]:
    """Most meetings first, then the newest. Raises NotFound for a strange ``below``, InputError for a period
    turned round."""
    in_order(first, last)
    part = subtree_of(session, asker, below)
    rows = PracticeRepository(session, within=asker.within).kinds(
        first=first, last=last, below=part.path if part else None
    )
    return [
        PracticeKindOut(text=text, meetings=meetings, institutions=institutions, last_on=latest.date())
        for text, meetings, institutions, latest in rows
    ]


def lines(repository: PracticeRepository, rows: Sequence[Row[Any]]) -> list[PracticeOut]:
    """With what their results say of them besides."""
    told = repository.told({row[0].scorecard_id for row in rows})
    return [_line(row, told.get(row[0].scorecard_id, [])) for row in rows]


def _line(row: Row[Any], listed: Sequence[dict[str, Any]]) -> PracticeOut:
    finding, meeting, institution, name, number, recorded = row
    told = listed[number - 1] if number <= len(listed) else {}
    return PracticeOut(
        meeting=meeting.code,
        number=number,
        institution=institution,
        institution_name=name,
        held_on=meeting.started_at.date(),
        text=finding.text,
        suggestion=told.get("suggestion") or None,
        start=finding.start,
        end=finding.end,
        quote=finding.quote,
        recorded=recorded,
    )
