"""The cadence of the four management actions: who is behind, by how many, and how far it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository
from api.console import listing, parts, places
from api.console.frame import View, screen
from api.console.home import tile
from api.console.listing import Column, Field, Html
from api.console.places import Step
from api.management import endpoints
from api.management.schemas import Behind, CoverageOut, FocusList
from api.organisation.repository import DirectoryRepository
from api.organisation.service import today
from models.activities.entry import PLATFORM_LABELS
from models.management.focus import FocusReason
from models.management.tables import ActionKind
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError
from qa_pipeline.values import Status

PATH: Final = "/management"
TITLE: Final = "管理动作"
MOST_CHILDREN: Final = 300
LISTED: Final = 40
KINDS: Final[Mapping[ActionKind, tuple[str, str]]] = {
    ActionKind.GOAL_INTERVIEW: ("目标面谈", "每月与每位重点主管"),
    ActionKind.CUSTOMER_INVENTORY: ("客户盘点", "每周每位主管"),
    ActionKind.PLATFORM_SETUP: ("平台搭建", "每月每种平台"),
    ActionKind.JOINT_VISIT: ("陪访", "每周每位主管，有记录和复盘才算"),
}
REASONS: Final[Mapping[FocusReason, str]] = {
    FocusReason.NO_U: "未达 U",
    FocusReason.NO_CT: "未达 CT",
    FocusReason.MARKED: "手工标记",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws."""

    way: tuple[Step, ...]
    children: tuple[tuple[str, str], ...]
    coverage: tuple[CoverageOut, ...]
    focus: FocusList
    homes: Mapping[str, str]
    """Names of the institutions of those behind, by code."""


def register() -> None:
    """Add the screen."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(management)


def read(session: Session, asker: Caller, below: str, on: date, day: date) -> Shown:
    """Raises NotFound for a strange institution, InputError where there is none at all."""
    way = places.way_to(session, asker, below, on=day)
    if not way:
        raise InputError("还没有机构：请先在“导入”中导入机构与人员。")
    code = way[-1].code
    children = DirectoryRepository(session, within=asker.within).institutions(
        below=None, parent=code, level=None, must_hold=None, on=day, cursor=None, limit=MOST_CHILDREN
    )
    coverage = endpoints.coverage(session, asker, code, on)
    codes = CodeRepository(session, within=asker.within)
    keys = codes.keys(Institution, {one.institution for row in coverage for one in row.behind})
    return Shown(
        way=way,
        children=tuple((child.code, child.name) for child in children),
        coverage=tuple(coverage),
        focus=endpoints.focus(session, asker, code, on),
        homes={named.code: named.name for named in codes.names(Institution, keys.values()).values()},
    )


async def management(view: View, below: str = "", on: str = "") -> None:
    day = today()
    try:
        chosen = date.fromisoformat(on) if on else day
    except ValueError as error:
        raise InputError(f"日期“{on}”不对：请写成 2026-11-06 这样的形式。") from error
    shown = await view.ask(read, view.asker, below, chosen, day)
    here = shown.way[-1]
    places.crumbs(PATH, shown.way, on=on)
    fields = [Field("on", "看哪天所在的周和月", f"{chosen}", "date")]
    if shown.children:
        options = {here.code: f"{here.name}（全部）", **dict(shown.children)}
        fields.insert(0, Field("below", "机构", here.code, options=options))
        listing.filters(PATH, fields)
    else:
        listing.filters(PATH, fields, below=here.code)
    with ui.element("div").classes("tiles"):
        for row in shown.coverage:
            told = f"{row.covered} / {row.duties}，都做到了"
            if row.missing:
                told = f"{row.covered} / {row.duties}，还差 {row.missing} 次"
            tile(KINDS[row.kind][0], listing.percent(row.coverage), told)
    with ui.element("div").classes("columns even"):
        for row in shown.coverage:
            _behind(row, shown.homes)
    _focus(shown.focus)


def _behind(row: CoverageOut, homes: Mapping[str, str]) -> None:
    name, whom = KINDS[row.kind]
    with parts.section(name, f"{whom}；{row.first:%m-%d} 至 {row.last:%m-%d}"):
        if not row.duties:
            parts.empty("这段时间没有应做的人。")
            return
        if not row.behind:
            ui.html(listing.badge(Status.PASS, "没有人落后"), sanitize=False)
            return
        ordered = sorted(row.behind, key=lambda one: (-one.missing, one.institution))
        listing.table(
            f"{name}落后名单",
            [Column("谁"), Column("机构"), *(Column(word, True) for word in ("应做", "已做", "还差"))],
            [
                [
                    _who(one),
                    homes.get(one.institution, one.institution),
                    str(one.required),
                    str(one.done),
                    listing.badge(Status.FAIL if not one.done else Status.WARN, f"{one.missing} 次"),
                ]
                for one in ordered[:LISTED]
            ],
        )
        if len(ordered) > LISTED:
            ui.label(f"另有 {len(ordered) - LISTED} 个：选下级机构查看。").classes("soft")


def _who(one: Behind) -> Html:
    if one.person is not None:
        name, code = listing.escaped(one.person.name), listing.escaped(one.person.code)
        return Html(f"<span>{name}<small>{code}</small></span>")
    return listing.escaped(PLATFORM_LABELS[one.platform] if one.platform else "机构")


def _focus(focus: FocusList) -> None:
    with parts.section("重点主管", f"{len(focus.supervisors)} 名，目标面谈的对象"):
        _unknown("是否达 U", [person.name for person in focus.unknown_u])
        _unknown("是否达 CT", [person.name for person in focus.unknown_ct])
        if not focus.supervisors:
            parts.empty("没有重点主管。")
            return
        listing.table(
            "重点主管",
            [Column("主管"), Column("原因")],
            [
                [
                    Html(f"<span>{listing.escaped(one.person.name)}<small>{one.person.code}</small></span>"),
                    "、".join(REASONS[reason] for reason in one.reasons),
                ]
                for one in focus.supervisors[:LISTED]
            ],
        )
        if len(focus.supervisors) > LISTED:
            ui.label(f"另有 {len(focus.supervisors) - LISTED} 名：选下级机构查看。").classes("soft")


def _unknown(what: str, names: Sequence[str]) -> None:
    if names:
        some = "、".join(names[:5])
        if len(names) > 5:
            some = f"{some} 等共 {len(names)} 名"
        ui.label(f"不知{what}，名单可能不全：{some}。").classes("soft")
