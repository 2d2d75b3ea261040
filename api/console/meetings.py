"""Meetings of all that the caller sees, to filter and to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts, when, where
from api.console.frame import View, screen
from api.console.listing import Column, Field
from api.meetings import service
from api.meetings.repository import MeetingListRepository, Sort, sort_key
from api.meetings.schemas import MeetingOut
from api.organisation.service import subtree_of, today
from api.pages import page
from models.meetings.tables import MeetingState
from qa_pipeline.errors import InputError
from qa_pipeline.names import KINDS, THEMES, VERDICTS
from qa_pipeline.values.vocabulary import Status, Verdict
from qa_pipeline.values.written import points

PATH: Final = "/meetings"
A_PAGE: Final = 20
STATES: Final[Mapping[MeetingState, str]] = {
    MeetingState.PLANNED: "待召开",
    MeetingState.HELD: "已召开",
    MeetingState.VOID: "已作废",
}
OF_STATE: Final = {
    MeetingState.PLANNED: (Status.UNKNOWN, "hourglass_empty"),
    MeetingState.HELD: (Status.PASS, "event_available"),
    MeetingState.VOID: (Status.UNKNOWN, "block"),
}
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of meetings, and the institutions to choose from."""

    rows: tuple[MeetingOut, ...]
    further: str | None
    institutions: where.Offered


def register() -> None:
    """Add the screen."""
    screen(PATH, title="会议", permission=Permission.READ_MEETINGS)(meetings)


def read(
    session: Session,
    asker: Caller,
    *,
    month: date | None,
    state: MeetingState | None,
    verdict: Verdict | None,
    below: str | None,
    cursor: str | None,
) -> Listed:
    """Newest first. Raises NotFound for an institution that the asker does not see."""
    part = subtree_of(session, asker, below)
    rows = MeetingListRepository(session, within=asker.within).page(
        below=part.path if part else None, month=month, slot=None, kind=None, state=state, verdict=verdict,
        inspected=None, sort=Sort.LATEST_FIRST, cursor=cursor, limit=A_PAGE,
    )  # fmt: skip
    shown, further = page(rows, A_PAGE, lambda row: sort_key(row, Sort.LATEST_FIRST))
    return Listed(tuple(map(service.shown, shown)), further, where.offered(session, asker, below))


def chosen(kind: type[Choice], text: str) -> Choice | None:
    """A filter's value; None for "". Raises InputError for one that the list does not offer."""
    try:
        return kind(text) if text else None
    except ValueError as error:
        raise InputError(f"没有选项“{text}”：请从列表中选择。") from error


async def meetings(
    view: View, month: str = "", state: str = "", verdict: str = "", below: str = "", cursor: str = ""
) -> None:
    found = await view.ask(
        read,
        view.asker,
        month=listing.month_of(month, today=today()) if month else None,
        state=chosen(MeetingState, state),
        verdict=chosen(Verdict, verdict),
        below=below or None,
        cursor=cursor or None,
    )
    with parts.section("会议", "新的在前"):
        fields = [
            Field("month", "月份", month, when.Kind.MONTH),
            Field("state", "状态", state, options={"": "全部", **{k.value: v for k, v in STATES.items()}}),
            Field(
                "verdict", "结论", verdict, options={"": "全部", **{k.value: v for k, v in VERDICTS.items()}}
            ),
            Field("below", "机构", below, found.institutions),
        ]
        listing.filters(PATH, fields)
        if not found.rows:
            parts.empty("没有符合条件的会议：放宽条件再看，或先上传录音。")
            return
        listing.table(
            "会议",
            [Column("会议"), Column("召开时间"), Column("类型"), Column("状态"), Column("结论"),
             Column("能量值", figures=True)],
            [_row(one) for one in found.rows],
            dense=True,
        )  # fmt: skip
        listing.further(PATH, found.further, month=month, state=state, verdict=verdict, below=below)


def _row(one: MeetingOut) -> list[object]:
    name = listing.link(f"{PATH}/{one.code}", one.institution_name)
    slot = " · ".join(word for word in (one.slot or "", THEMES[one.theme] if one.theme else "") if word)
    status, icon = OF_STATE[one.state]
    return [
        listing.two_lines(name, one.code),
        f"{one.started_at:%Y-%m-%d %H:%M}" if one.started_at else "未登记",
        listing.two_lines(KINDS[one.kind], slot),
        listing.badge(status, STATES[one.state], icon),
        listing.verdict_badge(one.verdict),
        points(one.energy_score) if one.inspected else "—",
    ]
