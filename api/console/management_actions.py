"""The management actions of a month, one after the other: what is missing is added here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository
from api.console import listing, parts, places
from api.console import management_forms as forms
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.console.management_forms import KINDS
from api.console.meetings import chosen
from api.console.places import Step
from api.management import service
from api.management.repository import ActionRepository, place_of
from api.management.schemas import ActionOut
from api.organisation.service import today
from api.pages import page
from models.calendar.weeks import month_end
from models.management.cadence import CADENCES
from models.management.tables import ActionKind
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/management/actions"
TITLE: Final = "管理动作"
A_PAGE: Final = 30


class State(StrEnum):
    """Which of them are shown."""

    UNFINISHED = "unfinished"


STATES: Final[Mapping[str, str]] = {"": "全部", State.UNFINISHED: "待补的"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the actions below an institution."""

    way: tuple[Step, ...]
    children: Mapping[str, str]
    actions: tuple[ActionOut, ...]
    further: str | None


def register() -> None:
    """Add the screen."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(actions)


def read(
    session: Session,
    asker: Caller,
    below: str,
    month: date,
    *,
    kind: ActionKind | None,
    state: State | None,
    cursor: str | None,
    day: date,
) -> Listed:
    """Newest first. Raises NotFound for a strange institution, InputError where there is none at all."""
    way, children = places.place(session, asker, below, on=day)
    within = CodeRepository(session, within=asker.within).below(way[-1].code)
    rows = ActionRepository(session, within=within).page(
        month, month_end(month), kind=kind, only_unfinished=state is State.UNFINISHED, latest_first=True,
        cursor=cursor, limit=A_PAGE,
    )  # fmt: skip
    shown, further = page(rows, A_PAGE, place_of)
    return Listed(way, children, tuple(service.shown(session, shown)), further)


async def actions(
    view: View, below: str = "", month: str = "", kind: str = "", state: str = "", cursor: str = ""
) -> None:
    day = today()
    first = listing.month_of(month, today=day)
    found = await view.ask(
        read, view.asker, below, first,
        kind=chosen(ActionKind, kind), state=chosen(State, state), cursor=cursor or None, day=day,
    )  # fmt: skip
    here = found.way[-1]
    kept = {"kind": kind, "state": state}
    listing.months(PATH, first, below=here.code, **kept)
    places.crumbs(PATH, found.way, month=f"{first:%Y-%m}", **kept)
    with parts.section(f"{first:%-m 月}的管理动作", "新的在前；陪访有记录和复盘才算"):
        fields = [
            Field(
                "kind", "动作", kind, options={"": "全部", **{key: word for key, (word, _) in KINDS.items()}}
            ),
            Field("state", "状态", state, options=STATES),
        ]
        if found.children:
            options = {here.code: f"{here.name}（全部）", **found.children}
            fields.insert(0, Field("below", "机构", here.code, options=options))
        alone = {} if found.children else {"below": here.code}
        listing.filters(PATH, fields, month=f"{first:%Y-%m}", **alone)
        if not found.actions:
            parts.empty("没有符合条件的管理动作：换一个月份或条件再看。")
            return
        table(view, "管理动作", found.actions)
        listing.further(PATH, found.further, month=f"{first:%Y-%m}", below=here.code, **kept)


def table(view: View, label: str, rows: Sequence[ActionOut]) -> None:
    """On a phone each is some lines; a record and a review are written from its buttons."""
    by_code = {one.code: one for one in rows}

    def act(name: str, code: str) -> None:
        (forms.review if name == "review" else forms.record)(view, by_code[code])

    edits = view.may(Permission.EDIT_MODEL)
    columns = [Column("动作"), Column("谁"), Column("对象"), Column("记录"), Column("复盘")]
    listing.table(
        label,
        [*columns, *([Column("操作")] if edits else [])],
        [_row(one, edits=edits) for one in rows],
        on_action=act,
        dense=True,
    )


def _row(one: ActionOut, *, edits: bool) -> list[object]:
    late = one.planned_on is not None and one.planned_on <= today()
    needs_review = one.record is not None and CADENCES[one.kind].needs_review
    row: list[object] = [
        listing.two_lines(KINDS[one.kind][0], f"{one.done_on}" if one.done_on else f"计划 {one.planned_on}"),
        one.actor.name,
        (one.subject.name if one.subject else one.customer or one.event) or "",
        one.record or (listing.badge(Status.WARN, "缺记录") if late else ""),
        one.review or (listing.badge(Status.WARN, "缺复盘") if needs_review else ""),
    ]
    if edits:
        acts = [("record", "改记录" if one.record else "记录")]
        acts += [("review", "改复盘" if one.review else "复盘")] if one.record else []
        told = f"{KINDS[one.kind][0]} {one.code}"
        buttons = (listing.action(name, one.code, said, subject=told) for name, said in acts)
        row.append(Html(f"<span>{listing.joined(buttons)}</span>"))
    return row
