"""The month's compliance: the table, what it comes to, down the tree and over the months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.compliance import service
from api.compliance.schemas import Aggregate, ChildLine, KeptOut, Summary, TrendPoint
from api.console import listing, parts
from api.console.frame import View, screen
from api.console.home import LINE, decided, ranked, rankings, tile, window
from api.console.listing import Column, Field, Html
from api.organisation.service import subtree_of, today
from api.pages import sliced
from models.calendar.weeks import months_later
from models.meetings.compliance import SLOT_STATES, InstitutionMonth, SlotResult
from models.meetings.tables import SlotName
from models.organisation.repository import InstitutionRepository
from qa_pipeline.errors import InputError
from qa_pipeline.names import THEMES
from qa_pipeline.values.written import points

PATH: Final = "/compliance"
A_PAGE: Final = 60
TREND_MONTHS: Final = 6
GREY: Final = "#7f8f9f"
BLUE: Final = "#3a86d1"
GREEN: Final = "#3d9a6a"
"""Colours of charts that stand out on light and dark ground alike."""


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws at first; the trend follows."""

    above: tuple[tuple[str, str], ...]
    """(code, name) from the top down to the institution itself; () for all that the caller sees."""
    summary: Summary
    table: tuple[InstitutionMonth, ...]
    children: tuple[ChildLine, ...]


def register() -> None:
    """Add the screen."""
    screen(PATH, title="合规", permission=Permission.READ_COMPLIANCE)(compliance)


def read(session: Session, asker: Caller, month: date, below: str | None, day: date) -> Shown:
    """Raises NotFound for an institution that the asker does not see."""
    part = subtree_of(session, asker, below)
    institutions = InstitutionRepository(session, within=asker.within)
    line = (*institutions.above(below), institutions.get(below)) if below else ()
    return Shown(
        above=tuple((one.code, one.name) for one in line),
        summary=service.summary(session, asker, month, below=part, as_of=day),
        table=service.table(session, asker, month, below=part, as_of=day),
        children=_children_of(session, asker, month, below, day),
    )


def _children_of(
    session: Session, asker: Caller, month: date, below: str | None, day: date
) -> tuple[ChildLine, ...]:
    """The next level that has something to compare: a lone institution is passed over."""
    found = service.children(session, asker, month, parent=below, as_of=day)
    while len(found) == 1:
        found = service.children(session, asker, month, parent=found[0].institution, as_of=day)
    return tuple(found)


def trend(session: Session, asker: Caller, month: date, below: str | None, day: date) -> list[TrendPoint]:
    part = subtree_of(session, asker, below)
    first = months_later(month, 1 - TREND_MONTHS)
    return service.trend(session, asker, first, month, below=part, as_of=day)


async def compliance(view: View, month: str = "", below: str = "", state: str = "", cursor: str = "") -> None:
    day = today()
    first = listing.month_of(month, today=day)
    if state and state not in SLOT_STATES:
        raise InputError(f"没有状态“{state}”：请从列表中选择。")
    shown = await view.ask(read, view.asker, first, below or None, day)
    listing.months(PATH, first, below=below, state=state)
    _crumbs(shown.above, first)
    _tiles(shown.summary)
    _table(shown, first, below, state, cursor)
    if shown.children:
        _children(shown.children, first)
    with ui.element("div").classes("columns even"):
        _coverage(shown.summary)
        _distribution(shown.summary)
        await _trend(view, first, below, day)
    if len(shown.table) > 1:
        rankings(ranked(shown.table), month=f"{first:%Y-%m}")


def _crumbs(above: Sequence[tuple[str, str]], month: date) -> None:
    pieces = [listing.link(PATH, "全部机构", month=f"{month:%Y-%m}")]
    pieces += [listing.link(PATH, name, month=f"{month:%Y-%m}", below=code) for code, name in above[:-1]]
    pieces += [Html(f'<span aria-current="page">{listing.escaped(name)}</span>') for _, name in above[-1:]]
    if above:
        trail = listing.joined(pieces, '<span aria-hidden="true">›</span>')
        ui.html(f'<nav class="crumbs" aria-label="机构层级">{trail}</nav>', sanitize=False)


def _tiles(summary: Summary) -> None:
    totals, sheets, agreed = summary.totals, summary.attendance, summary.commitments
    with ui.element("div").classes("tiles"):
        tile("覆盖率", listing.percent(totals.coverage), f"{totals.held} / {totals.due} 场到期")
        tile("按期召开", listing.percent(totals.on_schedule), "窗口内召开的场次")
        inspected = summary.inspections
        tile("质检率", listing.percent(inspected.rate), f"{inspected.inspected} / {inspected.held} 场已召开")
        tile("合格率", listing.percent(totals.qualified_rate), decided(totals))
        tile("平均能量值", points(totals.mean_score), LINE)
        tile("参会率", listing.percent(sheets.rate), f"{sheets.meetings} 场登记了签到")
        tile("承诺兑现率", listing.percent(agreed.rate), _agreed(agreed))


def _agreed(found: KeptOut) -> str:
    if found.unconfirmed:
        return f"{found.kept} / {found.due} 项到期，{found.unconfirmed} 项待确认"
    return f"{found.kept} / {found.due} 项到期"


def _table(shown: Shown, month: date, below: str, state: str, cursor: str) -> None:
    wanted = [line for line in shown.table if not state or any(slot.state == state for slot in line.slots)]
    rows, further = sliced(wanted, cursor or None, A_PAGE, lambda line: [line.code])
    with parts.section("各机构的四场会议", f"{len(wanted)} 家机构"):
        with ui.element("div").classes("toolbar no-print"):
            options = {"": "全部", **{key.value: word for key, word in SLOT_STATES.items()}}
            listing.filters(
                PATH,
                [Field("state", "有场次为", state, options=options)],
                month=f"{month:%Y-%m}",
                below=below,
            )
            _downloads(month, below)
        if not rows:
            parts.empty("没有符合条件的机构：换一个月份或状态再看。")
            return
        listing.table(
            f"{month:%Y-%m} 合规表",
            [Column("机构"), *(Column(name.value, labelled=True) for name in SlotName)],
            [[_institution(line), *_cells(line)] for line in rows],
            dense=True,
        )
        kept = {"month": f"{month:%Y-%m}", "below": below, "state": state}
        listing.further(PATH, further, **kept)


def _downloads(month: date, below: str) -> None:
    base = f"/api/v1/compliance/{month:%Y-%m}/file?form="
    within = f"&below={below}" if below else ""
    links = [
        Html(f'<a href="{listing.escaped(base + form + within)}" download>导出 {form.upper()}</a>')
        for form in ("xlsx", "csv")
    ]
    ui.html(listing.joined(links, " &emsp; "), sanitize=False).classes("more")


def _institution(line: InstitutionMonth) -> Html:
    return Html(f"{listing.escaped(line.name)}<small>{listing.escaped(line.code)}</small>")


def _cells(line: InstitutionMonth) -> list[Html]:
    there = {slot.name: slot for slot in line.slots}
    return [
        _cell(there[name]) if name in there else Html('<span class="soft">无此场次</span>')
        for name in SlotName
    ]


def _cell(slot: SlotResult) -> Html:
    state = listing.slot_badge(slot.state)
    if slot.meeting is None or slot.held_on is None:
        return listing.two_lines(state, window(slot.earliest, slot.latest))
    words = [f"{slot.held_on:%m-%d}"]
    words.append("未质检" if slot.verdict is None else f"能量值 {points(slot.energy_score)}")
    if slot.duplicate_recording:
        words.append("录音重复")
    told = f"{_words(slot)} {' '.join(words)}"
    address = listing.address(f"/meetings/{slot.meeting}")
    return Html(
        f'<a class="cell" href="{listing.escaped(address)}" title="{listing.escaped(told)}">{state}'
        f"<small>{listing.escaped(' · '.join(words))}</small></a>"
    )


def _words(slot: SlotResult) -> str:
    return f"{slot.name.value} {THEMES[slot.theme]}"


def _children(children: Sequence[ChildLine], month: date) -> None:
    with parts.section("下级机构", "点机构名看它的下一级"):
        listing.table(
            "下级机构",
            [Column("机构"), *(Column(title, figures=True) for title in
             ("应开", "已开", "覆盖率", "按期召开", "质检率", "合格率", "平均能量值", "承诺兑现率"))],
            [
                [
                    listing.link(PATH, child.name, month=f"{month:%Y-%m}", below=child.institution),
                    *_figures(child.totals),
                    listing.percent(child.commitments.rate),
                ]
                for child in children
            ],
            dense=True,
        )  # fmt: skip


def _figures(totals: Aggregate) -> list[str]:
    return [
        str(totals.due),
        str(totals.held),
        listing.percent(totals.coverage),
        listing.percent(totals.on_schedule),
        listing.percent(totals.inspection_rate),
        listing.percent(totals.qualified_rate),
        points(totals.mean_score),
    ]


def _coverage(summary: Summary) -> None:
    with parts.section("各场覆盖率", "未到期与窗口未知的不计入"):
        listing.table(
            "各场覆盖率",
            [
                Column("场次"),
                Column("已开 / 应开", figures=True),
                Column("覆盖率", figures=True),
                Column("判定"),
            ],
            [
                [
                    row.slot.value,
                    f"{row.held} / {row.due}",
                    listing.percent(row.rate),
                    listing.badge(row.status),
                ]
                for row in summary.coverage
            ],
            dense=True,
        )


def _distribution(summary: Summary) -> None:
    with parts.section("能量值分布", "场次，合格线以各场所用量规为准"):
        if not any(band.meetings for band in summary.scores):
            parts.empty("本月还没有测出能量值的会议。")
            return
        bars = [{"value": band.meetings, "itemStyle": {"color": BLUE}} for band in summary.scores]
        names = [f"{band.low}–{band.high}" for band in summary.scores]
        told = "，".join(
            f"{name} 分 {band.meetings} 场" for name, band in zip(names, summary.scores, strict=True)
        )
        _chart(
            {
                "xAxis": {"type": "category", "data": names},
                "yAxis": {"type": "value", "minInterval": 1},
                "series": [
                    {"type": "bar", "data": bars, "label": {"show": True, "position": "top", "color": GREY}}
                ],
            },
            f"能量值分布：{told}",
        )


async def _trend(view: View, month: date, below: str, day: date) -> None:
    """Drawn when the page is there: six months of a large company take their time."""
    with parts.section("逐月走势", f"近 {TREND_MONTHS} 个月"):
        place = ui.element("div").classes("w-full")
        with place:
            parts.empty("正在汇总……")

    async def draw() -> None:
        found = await view.ask(trend, view.asker, month, below or None, day)
        place.clear()
        with place:
            _lines(found)

    ui.timer(0.1, draw, once=True)


def _lines(trend: Sequence[TrendPoint]) -> None:
    names = [f"{point.month:%Y-%m}" for point in trend]
    totals = [point.totals for point in trend]
    series: list[dict[str, Any]] = [
        {"name": "覆盖率", "data": [_hundredths(each.coverage) for each in totals], "color": BLUE},
        {"name": "质检率", "data": [_hundredths(each.inspection_rate) for each in totals], "color": GREY},
        {"name": "平均能量值", "data": [_rounded(each.mean_score) for each in totals], "color": GREEN},
    ]
    told = "；".join(
        f"{name} 覆盖率 {listing.percent(each.coverage)}，平均能量值 {points(each.mean_score)}"
        for name, each in zip(names, totals, strict=True)
    )
    _chart(
        {
            "legend": {"bottom": 0, "textStyle": {"color": GREY}},
            "grid": {"left": 44, "right": 16, "top": 24, "bottom": 72},  # the legend may take two lines
            "xAxis": {"type": "category", "data": names},
            "yAxis": {"type": "value", "min": 0, "max": 100},
            "series": [{"type": "line", "symbolSize": 7, **one} for one in series],
        },
        f"逐月走势：{told}",
    )


def _chart(options: dict[str, Any], told: str) -> None:
    text = {"axisLabel": {"color": GREY}, "splitLine": {"lineStyle": {"color": GREY, "opacity": 0.25}}}
    whole = {
        "animation": False,
        "grid": {"left": 44, "right": 16, "top": 24, "bottom": 48},
        "tooltip": {"trigger": "axis"},
        **options,
        "xAxis": {**options["xAxis"], "axisLabel": {"color": GREY}},
        "yAxis": {**options["yAxis"], **text},
    }
    parts.named(ui.echart(whole).classes("trend").props("role=img"), told)


def _hundredths(value: Any) -> float | None:
    return None if value is None else round(float(value) * 100, 1)


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)
