"""The institutions that the asker sees, found by name, level and status; and setting up new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository
from api.console import listing, parts, standing, when, where
from api.console.calls import Answer, call
from api.console.dialogs import day, deed, dialog, home, line, text_of
from api.console.frame import View, screen
from api.console.listing import Column, Field
from api.console.meetings import chosen
from api.organisation.repository import DirectoryRepository
from api.organisation.schemas import InstitutionOut, Standing
from api.organisation.service import require_company_wide, shown, subtree_of, today
from api.pages import page
from api.problems import Forbidden
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/institutions"
TITLE: Final = "机构"
A_PAGE: Final = 60
LOWEST: Final = 4
LEVELS: Final = {1: "总公司", 2: "分公司", 3: "中心支公司", LOWEST: "四级机构"}
EVERY: Final = "all"
STATES: Final = {
    Standing.CURRENT: (Status.PASS, "存续", "check_circle"),
    Standing.ENDED: (Status.UNKNOWN, "已撤销", "block"),
    Standing.COMING: (Status.WARN, "待设立", "schedule"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of institutions; ``names``: of their parents, by code; ``offered``: to choose from."""

    rows: tuple[InstitutionOut, ...]
    further: str | None
    names: Mapping[str, str]
    offered: where.Offered


def register() -> None:
    """Add the screen."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(institutions)


def read(
    session: Session,
    asker: Caller,
    *,
    search: str | None,
    level: int | None,
    status: Standing | None,
    below: str | None,
    cursor: str | None,
) -> Listed:
    """Raises NotFound for an institution that the asker does not see."""
    part = subtree_of(session, asker, below)
    directory = DirectoryRepository(session, within=asker.within)
    rows = directory.institutions(
        below=part.path if part else None, parent=None, level=level, must_hold=None,
        on=today() if status else None, status=status or Standing.CURRENT,
        search=search, cursor=cursor, limit=A_PAGE,
    )  # fmt: skip
    found, further = page(rows, A_PAGE, lambda row: [row.code])
    parents = CodeRepository(session).names(Institution, [row.parent_id for row in found])
    return Listed(
        rows=tuple(shown(session, asker, found)),
        further=further,
        names={one.code: one.name for one in parents.values()},
        offered=where.offered(session, asker, below),
    )


async def institutions(
    view: View, search: str = "", level: str = "", status: str = "", below: str = "", cursor: str = ""
) -> None:
    if level and level not in map(str, LEVELS):
        raise InputError(f"没有级别“{level}”：请从列表中选择。")
    wanted = None if status == EVERY else chosen(Standing, status) or Standing.CURRENT
    found = await view.ask(
        read,
        view.asker,
        search=search.strip() or None,
        level=int(level) if level else None,
        status=wanted,
        below=below or None,
        cursor=cursor or None,
    )
    with parts.section(TITLE, "撤销的机构仍保留历史数据"):
        with ui.element("div").classes("toolbar"):
            states = {**standing.choices(STATES), EVERY: "全部"}
            levels = {"": "全部", **{str(key): word for key, word in LEVELS.items()}}
            listing.filters(
                PATH,
                [
                    Field("search", "代码或名称", search),
                    Field("level", "级别", level, options=levels),
                    Field("status", "状态", status, options=states),
                    Field("below", "所在机构", below, found.offered),
                ],
            )
            if view.may(Permission.EDIT_MODEL):
                ui.button("新设机构", icon="add", on_click=lambda: add(view, found.offered, below))
        if not found.rows:
            parts.empty("没有符合条件的机构：放宽条件再看，或新设一家。")
            return
        listing.table(
            "机构",
            [Column("机构"), Column("级别"), Column("上级", labelled=True),
             Column("应召开二会", labelled=True), Column("状态"), Column("设立", labelled=True)],
            [_row(one, found.names) for one in found.rows],
            dense=True,
        )  # fmt: skip
        listing.further(PATH, found.further, search=search, level=level, status=status, below=below)


def _row(one: InstitutionOut, names: Mapping[str, str]) -> list[object]:
    name = listing.link(f"{PATH}/{one.code}", one.name)
    return [
        listing.two_lines(name, one.code),
        LEVELS[one.level],
        names.get(one.parent, one.parent) if one.parent else "—",
        "应召开" if one.must_hold else "—",
        standing.badge(STATES, one.valid_from, one.valid_to),
        standing.span(one.valid_from, one.valid_to),
    ]


def company_wide(asker: Caller) -> bool:
    """Whether the asker may say who must hold the meetings."""
    try:
        require_company_wide(asker)
    except Forbidden:
        return False
    return True


def add(view: View, offered: where.Offered, above: str) -> None:
    """``above``: code of the institution that the new one most likely belongs to."""
    with dialog("新设机构") as opened:
        parent = home("上级机构", offered, above)
        code = line("机构代码", first=True)
        name = line("机构名称")
        begins = day("设立日", today())
        must = ui.checkbox("应召开二会（仅四级机构）") if company_wide(view.asker) else None

        async def do() -> Answer:
            body = {
                "code": text_of(code),
                "name": text_of(name),
                "parent": await where.given(view, parent),
                "valid_from": when.given(begins),
                "must_hold": bool(must and must.value),
            }
            if not all((body["code"], body["name"], body["valid_from"])):
                raise InputError("请填写机构代码、名称和设立日。")
            return await call(view, "POST", "institutions", body)

        deed(opened, "设立", do, lambda body: ui.navigate.to(f"{PATH}/{body['code']}"))
