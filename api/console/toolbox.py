"""The toolbox: three tables of experience, what each value rests on, computed or set by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts, places, when
from api.console.calls import Answer, call, did
from api.console.dialogs import anew, day, deed, dialog, line, text_of
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.console.places import Step
from api.organisation.repository import DirectoryRepository
from api.organisation.service import today
from api.toolbox import endpoints
from api.toolbox.schemas import AnswerOut, ValueOut
from models.activities.entry import PLATFORM_LABELS
from models.calendar.weeks import month_start, months_later
from models.navigator.conditions import QUADRANT_NAMES
from models.toolbox.measures import ALL
from models.toolbox.tables import ToolboxTable
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/toolbox"
TITLE: Final = "工具箱"
MONTHS: Final = 3
"""As many months past are offered to compute from."""
TABLES: Final[Mapping[ToolboxTable, tuple[str, str, str]]] = {
    ToolboxTable.TIER_PRODUCTIVITY: ("分层队伍产能", "各职级人均每月期缴保费，元", "人"),
    ToolboxTable.PREMIUM_PER_CUSTOMER: ("客均保费贡献", "各象限每位购买客户的保费，元", "户"),
    ToolboxTable.PLATFORM_CONVERSION: ("活动平台转化", "各平台到场客户的签单率", "户"),
}
"""Title, what it says, and what its sample counts."""


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws."""

    way: tuple[Step, ...]
    children: Mapping[str, str]
    answers: tuple[AnswerOut, ...]
    history: tuple[ValueOut, ...]
    names: Mapping[str, str]
    """Of keys."""


def register() -> None:
    """Add the screen."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(toolbox)


def read(session: Session, asker: Caller, below: str, on: date) -> Shown:
    """Raises NotFound for a strange institution, InputError where there is none at all."""
    way, children = places.place(session, asker, below, on=on)
    code = way[-1].code
    ranks = DirectoryRepository(session, within=asker.within).ranks()
    names = {rank.code: rank.name for rank in ranks}
    names |= {key.value: name for key, name in QUADRANT_NAMES.items()}
    names |= {key.value: name for key, name in PLATFORM_LABELS.items()}
    return Shown(
        way=way,
        children=children,
        answers=tuple(endpoints.look_up(session, asker, code, on)),
        history=tuple(endpoints.history(session, asker, code)),
        names={**names, ALL: "全部"},
    )


async def toolbox(view: View, below: str = "", on: str = "") -> None:
    chosen = when.day(on, today())
    shown = await view.ask(read, view.asker, below, chosen)
    here = shown.way[-1]
    places.crumbs(PATH, shown.way, on=on)
    fields = [Field("on", "看哪天适用的数值", f"{chosen}", when.Kind.DAY)]
    if shown.children:
        options = {here.code: f"{here.name}（本级）", **shown.children}
        fields.insert(0, Field("below", "机构", here.code, options=options))
        listing.filters(PATH, fields)
    else:
        listing.filters(PATH, fields, below=here.code)
    for table in ToolboxTable:
        _table(view, shown, table, [one for one in shown.answers if one.table is table], chosen)
    if view.may(Permission.EDIT_MODEL):
        _computation(view, here, chosen)
    _history(shown)


def _table(view: View, shown: Shown, table: ToolboxTable, found: Sequence[AnswerOut], day: date) -> None:
    title, note, counted = TABLES[table]
    here = shown.way[-1]
    may = view.may(Permission.EDIT_MODEL)

    async def act(name: str, key: str) -> None:
        words = f"{title} · {shown.names.get(key, key)}"
        if name == "set":
            _setting(view, here, table, key, words, day)
        else:
            _ending(view, here, table, key, words, day)

    origins = {one.sentence for one in found}
    apart = len(origins) > 1 or any(one.is_override for one in found)
    columns = [Column("项"), Column("数值", True), Column("样本", True), *([Column("来历")] if apart else [])]
    if may:
        columns.append(Column("操作"))
    with parts.section(title, note):
        if not apart:
            ui.label("".join(origins)).classes("soft")
        rows = [_row(one, shown, counted, apart=apart, may=may) for one in found]
        listing.table(title, columns, rows, on_action=act, dense=True)


def _row(one: AnswerOut, shown: Shown, counted: str, *, apart: bool, may: bool) -> list[object]:
    """``apart``: with where its value comes from, which else is said once for all."""
    name = shown.names.get(one.key, one.key)
    value = (
        Html(f'<span class="soft">{parts.UNKNOWN}</span>')
        if one.value is None
        else _told(one.table, one.value)
    )
    cells: list[object] = [name, value, "—" if one.sample is None else f"{one.sample:,} {counted}"]
    if apart:
        origin = listing.badge(Status.WARN, "手工", "edit") if one.is_override else ""
        cells.append(Html(f"<span>{origin} {listing.escaped(one.sentence)}</span>"))
    if may:
        buttons = [listing.action("set", one.key, "手工设定", subject=name)]
        if one.is_override and one.institution == shown.way[-1].code:
            buttons.append(listing.action("end", one.key, "恢复计算值", subject=name))
        cells.append(listing.joined(buttons))
    return cells


def _told(table: ToolboxTable, value: Decimal) -> str:
    return f"{value:.1%}" if table is ToolboxTable.PLATFORM_CONVERSION else f"{value:,.0f} 元"


def _setting(view: View, here: Step, table: ToolboxTable, key: str, words: str, on: date) -> None:
    rate = table is ToolboxTable.PLATFORM_CONVERSION
    with dialog(f"手工设定：{here.name} {words}") as opened:
        value = (
            ui.number("数值（%）" if rate else "数值（元）", min=0).props("outlined dense").classes("w-full")
        )
        first = day("从哪天起", on)
        note = line("依据")

        async def do() -> Answer:
            if value.value is None:
                raise InputError("请填写数值。")
            given = Decimal(str(value.value)) / (100 if rate else 1)
            body = {
                "institution": here.code,
                "value": str(given),
                "valid_from": when.required(first),
                "note": text_of(note),
            }
            return await call(view, "PUT", f"toolbox/{table}/{key}", body)

        deed(opened, "保存", do, anew)


def _ending(view: View, here: Step, table: ToolboxTable, key: str, words: str, on: date) -> None:
    with dialog(f"恢复计算值：{here.name} {words}") as opened:
        first = day("从哪天起", on + timedelta(days=1))

        async def do() -> Answer:
            body = {"institution": here.code, "on": when.required(first)}
            return await call(view, "POST", f"toolbox/{table}/{key}/end", body)

        deed(opened, "恢复", do, anew)


def _computation(view: View, here: Step, day: date) -> None:
    last = months_later(month_start(day), -1)
    with parts.section("重新计算", "按这几个月的实绩计算三张表，从末月的次月起适用；手工设定的仍优先"):
        with ui.element("div").classes("fields"):
            begin = when.field("首月", f"{months_later(last, 1 - MONTHS):%Y-%m}", kind=when.Kind.MONTH)
            end = when.field("末月", f"{last:%Y-%m}", kind=when.Kind.MONTH)
        refused = ui.label().classes("negative").props("role=alert")

        async def compute() -> None:
            try:
                body = {"institution": here.code, "first": when.given(begin), "last": when.given(end)}
            except InputError as error:
                refused.text = str(error)
                return
            refused.text = ""
            if await did(view, "POST", "toolbox/computations", said="三张表已重新计算。", body=body):
                ui.navigate.reload()

        ui.button("计算", icon="calculate", on_click=compute)


def _history(shown: Shown) -> None:
    with parts.section("历次数值", "本机构的，新的在前"):
        if not shown.history:
            parts.empty("本机构还没有计算或设定过数值；现用的数值来自上级机构或尚未知。")
            return
        rows = sorted(shown.history, key=lambda one: (one.table, one.valid_from), reverse=True)
        with ui.element("details"):
            with ui.element("summary"):
                ui.label(f"{len(rows)} 个数值")
            listing.table(
                "历次数值",
                [
                    Column("项"),
                    Column("数值", True),
                    Column("样本", True),
                    Column("统计期间"),
                    Column("适用"),
                ],
                [_past(one, shown.names) for one in rows],
            )


def _past(one: ValueOut, names: Mapping[str, str]) -> list[object]:
    period = "手工设定" if one.is_override else f"{one.period_from} 至 {one.period_to}（不含）"
    ends = f"{one.valid_from} 起，至 {one.valid_to}（不含）"
    return [
        f"{TABLES[one.table][0]} · {names.get(one.key, one.key)}",
        None if one.value is None else _told(one.table, one.value),
        "—" if one.sample is None else f"{one.sample:,}",
        f"{period} · {one.note}" if one.note else period,
        ends if one.valid_to else f"{one.valid_from} 起",
    ]
