"""The activity calendar: the month at a glance, who came and signed, and the PVKYC volumes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.activities import events, service, volumes
from api.activities.schemas import (
    DayOut,
    EventDetail,
    EventOut,
    EventTurnout,
    GapsOut,
    MonthOut,
    PartOut,
    TurnoutOut,
    VolumeOut,
)
from api.console import MOUNT, listing, parts, places
from api.console import activity_forms as forms
from api.console.activity_forms import PATH
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.console.places import Step
from api.organisation.service import today
from api.pages import Page
from models.activities.entry import MANDATORY, PLATFORM_LABELS, LoopPart
from models.activities.tables import Platform
from models.activities.volumes import Item
from models.base import SHANGHAI, ScopeKind
from qa_pipeline.values.vocabulary import Status
from qa_pipeline.values.written import points

TITLE: Final = "行事历"
DAYS: Final = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
MOST_OF_A_DAY: Final = 4
SHOWN: Final = 5
LISTED: Final = 30
MOST_CUSTOMERS: Final = 200
LOOP: Final[Mapping[LoopPart, str]] = {
    LoopPart.PLAN: "规划",
    LoopPart.EXECUTE: "执行",
    LoopPart.REVIEW: "检视",
}
ITEMS: Final[Mapping[Item, str]] = {
    Item.PLAN: "计划 P",
    Item.VISIT: "拜访 V",
    Item.CLOSE: "成交 K",
    Item.WARM: "缘故客户 Y",
    Item.REFERRAL: "转介绍 C",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws of one institution's month."""

    way: tuple[Step, ...]
    children: Mapping[str, str]
    month: MonthOut
    gaps: GapsOut
    turnout: tuple[TurnoutOut, ...]
    volume: VolumeOut | None


def register() -> None:
    """Add the screens."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(activities)
    screen(f"{PATH}/{{code}}", title=TITLE, permission=Permission.READ_MODEL)(activity)


def read(session: Session, asker: Caller, month: date, below: str, day: date) -> Shown:
    """Raises NotFound for a strange institution, InputError where there is none at all."""
    way, children = places.place(session, asker, below, on=day)
    code = way[-1].code
    turnout = events.rates(session, asker, code, month, ScopeKind.INSTITUTION)
    totals = volumes.volumes(session, asker, code, month, None, ScopeKind.INSTITUTION)
    return Shown(
        way=way,
        children=children,
        month=events.month(session, asker, code, month),
        gaps=events.gaps(session, asker, code, month),
        turnout=tuple(row for row in turnout if row.scope.code == code),
        volume=next((row for row in totals if row.scope.code == code), None),
    )


async def activities(view: View, month: str = "", below: str = "") -> None:
    day = today()
    first = listing.month_of(month, today=day)
    shown = await view.ask(read, view.asker, first, below, day)
    here = shown.way[-1]
    kept = {"month": f"{first:%Y-%m}"}
    listing.months(PATH, first, below=below)
    places.crumbs(PATH, shown.way, **kept)
    by_code = {event.code: event for event in shown.month.events}
    open_codes = frozenset(event.code for event in shown.gaps.open_parts)
    with parts.section(f"{here.name} · {first:%Y 年 %-m 月}", _counted(shown, open_codes)):
        with ui.element("div").classes("toolbar no-print"):
            if shown.children:
                options = {here.code: f"{here.name}（全部）", **shown.children}
                listing.filters(PATH, [Field("below", "机构", here.code, options=options)], **kept)
            if view.may(Permission.EDIT_MODEL):
                ui.button("新建活动", icon="add", on_click=lambda: forms.add(view, here.code, first))
            address = f"/api/v1/activity-calendar.ics?institution={here.code}&month={first:%Y-%m}"
            ui.html(
                f'<a href="{listing.escaped(address)}" download>下载 .ics（导入日历软件）</a>', sanitize=False
            ).classes("more")
        ui.html(_grid(shown.month, by_code, open_codes, day), sanitize=False).classes("w-full")
        if view.may(Permission.EDIT_MODEL):
            _moving(view)
        if shown.month.unscheduled:
            ui.label("还没有时间的活动").classes("heading").props("role=heading aria-level=3")
            pieces = [_chip(by_code[code], open_codes, day) for code in shown.month.unscheduled[:LISTED]]
            ui.html(f'<div class="unscheduled">{"".join(pieces)}</div>', sanitize=False).classes("w-full")
    _gaps(shown.gaps)
    with ui.element("div").classes("columns broad"):
        _funnel(shown.turnout)
        _volume(shown.volume)


def _moving(view: View) -> None:
    """Activities can be dragged to another day, or moved there with keys (assets/calendar.js)."""
    ui.label("拖到别的日期即改期；键盘：选中活动，按 Alt 加方向键移一天或一周。").classes(
        "moving soft no-print"
    )
    ui.add_body_html(
        f"<script>window.hjCalendar = {json.dumps({'csrf': view.csrf})}</script>"
        f'<script src="{MOUNT}/assets/asking.js"></script><script src="{MOUNT}/assets/calendar.js"></script>'
        '<div id="said" role="status"></div>'
    )


def _counted(shown: Shown, open_codes: frozenset[str]) -> str:
    held = [event for event in shown.month.events if not event.cancelled]
    return f"{len(held)} 场活动，{len(shown.gaps.invalid)} 场六要素不全，{len(open_codes)} 场未闭环"


def _grid(month: MonthOut, by_code: Mapping[str, EventOut], open_codes: frozenset[str], day: date) -> Html:
    heads = "".join(f'<th scope="col">{name}</th>' for name in DAYS)
    rows = "".join(
        f"<tr>{''.join(_day(each, by_code, open_codes, day) for each in week)}</tr>" for week in month.weeks
    )
    settled = sum(_is_settled(each, by_code, open_codes, day) for week in month.weeks for each in week)
    fold = f'<details class="settled"><summary>已办完的 {settled} 天</summary></details>' if settled else ""
    return Html(
        f'{fold}<table class="month" aria-label="{month.month:%Y-%m} 行事历"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _day(cell: DayOut, by_code: Mapping[str, EventOut], open_codes: frozenset[str], day: date) -> str:
    found = _of(cell, by_code)
    kinds = [
        name
        for name, holds in (
            ("other", not cell.in_month),
            ("today", cell.day == day),
            ("bare", not found),
            ("settled-day", _is_settled(cell, by_code, open_codes, day)),
        )
        if holds
    ]
    week = f"<small>第 {cell.business_week} 经营周</small>" if cell.starts_week and cell.in_month else ""
    chips = "".join(_chip(event, open_codes, day) for event in found[:MOST_OF_A_DAY])
    rest = len(found) - MOST_OF_A_DAY
    more = f"<small>另有 {rest} 场，选下级机构查看</small>" if rest > 0 else ""
    return (
        f'<td class="{" ".join(kinds)}" data-day="{cell.day}"><span class="date">{cell.day.day}'
        f'<span class="weekday"> {DAYS[cell.day.weekday()]}</span>{week}</span>{chips}{more}</td>'
    )


def _of(cell: DayOut, by_code: Mapping[str, EventOut]) -> list[EventOut]:
    return sorted((by_code[code] for code in cell.events), key=lambda event: f"{event.starts_at}{event.code}")


def _is_settled(cell: DayOut, by_code: Mapping[str, EventOut], open_codes: frozenset[str], day: date) -> bool:
    """Whether it is over and its activities ask for nothing: a phone shows it when it is asked to."""
    found = _of(cell, by_code)
    return (
        cell.day < day
        and bool(found)
        and all(event.cancelled or (event.valid and event.code not in open_codes) for event in found)
    )


def _chip(event: EventOut, open_codes: frozenset[str], day: date) -> str:
    """Platform in colour and words; what is wrong with the entry by icon and words."""
    at = f"{event.starts_at.astimezone(SHANGHAI):%H:%M} " if event.starts_at else ""
    if event.cancelled:
        state: Html | str = listing.badge(Status.UNKNOWN, "已取消", "block")
    elif not event.valid:
        state = listing.badge(Status.FAIL, "六要素不全", "report")
    elif event.code in open_codes:
        state = listing.badge(Status.WARN, "未闭环", "sync_problem")
    else:
        state = ""
    target = listing.escaped(listing.address(f"{PATH}/{event.code}"))
    keys = "Alt+ArrowLeft Alt+ArrowRight Alt+ArrowUp Alt+ArrowDown"
    movable = f' data-code="{listing.escaped(event.code)}" aria-keyshortcuts="{keys}"'
    if event.cancelled or event.starts_at is None:
        movable = ""
    return (
        f'<a class="event {event.platform}{" off" if event.cancelled else ""}" href="{target}"{movable}>'
        f"<strong>{at}{PLATFORM_LABELS[event.platform]}</strong>"
        f"<span>{listing.escaped(event.content or '内容未填')}</span>{state}</a>"
    )


def _gaps(gaps: GapsOut) -> None:
    with parts.section("要补的", "每家四级机构每月三种平台都要有；六要素齐全才算有效；做过要检视"):
        rows: list[list[object]] = [
            [row.institution.name, "缺平台", "、".join(PLATFORM_LABELS[kind] for kind in row.platforms)]
            for row in gaps.missing_platforms
        ]
        rows += [[_link(event), "六要素不全", f"缺{'、'.join(event.missing)}"] for event in gaps.invalid]
        rows += [
            [
                _link(event),
                "未闭环",
                "；".join(f"{LOOP[part.part]}：缺{'、'.join(part.lacks)}" for part in event.open_parts),
            ]
            for event in gaps.open_parts
        ]
        if not rows:
            parts.empty("本月的活动都齐全，也都闭环了。")
            return
        columns = [Column("何处"), Column("问题"), Column("缺什么")]
        listing.folded("要补的", columns, rows[:LISTED], shown=SHOWN)
        if len(rows) > LISTED:
            ui.label(f"另有 {len(rows) - LISTED} 项：选下级机构查看。").classes("soft")


def _link(event: EventOut) -> Html:
    at = f"{event.starts_at.astimezone(SHANGHAI):%m-%d} " if event.starts_at else ""
    return listing.link(
        f"{PATH}/{event.code}", f"{at}{PLATFORM_LABELS[event.platform]} {event.content or event.code}"
    )


def _funnel(turnout: Sequence[TurnoutOut]) -> None:
    with parts.section("活动检视", "邀约 → 到场 → 签单；没有记录的不进分母"):
        if not turnout:
            parts.empty("本月的活动还没有登记客户。")
            return
        _came([(row.platform, row) for row in turnout])


def _came(turnouts: Sequence[tuple[Platform, EventTurnout]]) -> None:
    listing.table(
        "活动检视",
        [
            Column("平台"),
            *(Column(name, True) for name in ("邀约", "到场", "签单", "到场率", "转化率", "升温率")),
        ],
        [
            [
                Html(f'<span class="platform {platform}">{PLATFORM_LABELS[platform]}</span>'),
                str(turnout.invited),
                _with(turnout.attended, turnout.unclear),
                str(turnout.signed),
                listing.percent(turnout.arrival),
                listing.percent(turnout.conversion),
                listing.percent(turnout.warming),
            ]
            for platform, turnout in sorted(turnouts, key=lambda row: list(Platform).index(row[0]))
        ],
        dense=True,
    )


def _with(count: int, unclear: int) -> Html:
    return Html(f"<span>{count}{f'<small>{unclear} 户到场未记</small>' if unclear else ''}</span>")


def _volume(volume: VolumeOut | None) -> None:
    with parts.section("活动量 PVKYC", "本月各经营周合计"):
        if volume is None:
            parts.empty("本月还没有应上报活动量的人员。")
            return
        poor = {True: Status.WARN, False: Status.PASS, None: Status.UNKNOWN}[volume.many_but_poor]
        word = {True: "量大质低", False: "量质相称", None: "无法判断"}[volume.many_but_poor]
        ui.html(f"{listing.badge(poor, word)} {listing.escaped(volume.sentence)}", sanitize=False)
        listing.table(
            "活动量 PVKYC",
            [Column("项目"), *(Column(name, True) for name in ("计划", "实际", "达成率", "未报"))],
            [
                [
                    ITEMS[item],
                    _count(each.planned),
                    _count(each.done),
                    listing.percent(each.achievement),
                    f"{each.unreported} 人周",
                ]
                for item, each in volume.items.items()
            ],
            dense=True,
        )
        referred = parts.UNKNOWN if volume.referral_rate is None else f"{volume.referral_rate:.2f} 个"
        ui.label(
            f"拜访成交率 {listing.percent(volume.conversion)}；每件成交带来转介绍 {referred}；"
            f"应报 {volume.expected} 人周。"
        ).classes("soft")


def _count(value: int | None) -> str:
    return parts.UNKNOWN if value is None else f"{value:,}"


async def activity(view: View, code: str) -> None:
    found: EventDetail = await view.ask(service.detail, view.asker, code)
    parts_of: Page[PartOut] = await view.witness(events.participants, code=code, limit=MOST_CUSTOMERS)
    came = await view.ask(service.turnout, view.asker, code)
    month = f"{found.month:%Y-%m}"
    back = listing.link(PATH, f"{month} 行事历", month=month, below=found.institution)
    ui.html(
        f'<nav class="crumbs" aria-label="位置">{back}<span aria-hidden="true">›</span>'
        f'<span aria-current="page">{listing.escaped(found.content or code)}</span></nav>',
        sanitize=False,
    )
    with parts.section(PLATFORM_LABELS[found.platform], code):
        if found.cancelled:
            state = listing.badge(Status.UNKNOWN, "已取消", "block")
        elif found.valid:
            state = listing.badge(Status.PASS, "六要素齐全")
        else:
            state = listing.badge(Status.FAIL, f"六要素不全，缺{'、'.join(found.missing)}", "report")
        ui.html(state, sanitize=False)
        at = f"{found.starts_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if found.starts_at else None
        values = {"starts_at": at} | {name: getattr(found, name) for name in MANDATORY if name != "starts_at"}
        rows = [[label, values[name] or Html('<span class="negative">未填</span>')]
                for name, label in MANDATORY.items()]  # fmt: skip
        rows.append(["负责人", found.owner.name if found.owner else Html('<span class="soft">未指定</span>')])
        listing.table("六要素", [Column("要素"), Column("安排")], rows, dense=True)
        if _may_change(view, found):
            with ui.row().classes("no-print q-mt-sm"):
                change = ui.button("修改安排", icon="edit", on_click=lambda: forms.change(view, code))
                change.props("outline")
                off = ui.button("取消活动", icon="block", on_click=lambda: forms.cancel(view, found))
                off.props("outline")
    with parts.section("闭环", "规划 → 执行 → 检视"):
        lacks = {part.part: part.lacks for part in found.open_parts}
        review = found.review.conclusion if found.review else None
        said = {LoopPart.PLAN: found.goal, LoopPart.EXECUTE: found.process, LoopPart.REVIEW: review}
        listing.table(
            "闭环",
            [Column("环节"), Column("状态"), Column("记录")],
            [
                [
                    word,
                    listing.badge(Status.WARN, f"缺{'、'.join(lacks[part])}")
                    if part in lacks
                    else listing.badge(Status.PASS, "已完成"),
                    said[part] or Html('<span class="soft">没有记录</span>'),
                ]
                for part, word in LOOP.items()
            ],
            dense=True,
        )
        if _may_change(view, found):
            with ui.row().classes("no-print q-mt-sm"):
                done = ui.button("登记执行", icon="task_alt", on_click=lambda: forms.carry_out(view, found))
                done.props("outline")
                seen = ui.button("检视", icon="rate_review", on_click=lambda: forms.review(view, found))
                seen.props("outline")
    if came.invited:
        with parts.section("活动检视", "邀约 → 到场 → 签单；没有记录的不进分母"):
            _came([(found.platform, came)])
    _customers(view, found, parts_of)


def _may_change(view: View, event: EventDetail) -> bool:
    return view.may(Permission.EDIT_MODEL) and not event.cancelled


def _customers(view: View, event: EventDetail, found: Page[PartOut]) -> None:
    by_code = {part.customer: part for part in found.items}
    edits = _may_change(view, event)
    with parts.section("参加的客户", "邀约 → 到场 → 签单；姓名已隐去"):
        if edits:
            with ui.row().classes("no-print"):
                ask = ui.button(
                    "邀约客户", icon="person_add", on_click=lambda: forms.invite(view, event.code)
                )
                ask.props("outline")
        if not found.items:
            parts.empty("还没有邀约客户。")
            return
        columns = [
            Column("客户"),
            Column("到场"),
            Column("签单", labelled=True),
            Column("温度", figures=True),
        ]
        listing.table(
            "参加的客户",
            [*columns, *([Column("操作")] if edits else [])],
            [_part(part, edits=edits) for part in found.items],
            on_action=lambda _, customer: forms.record(view, event.code, by_code[customer]),
            dense=True,
        )
        if found.next:
            ui.label(f"只列出前 {MOST_CUSTOMERS} 户。").classes("soft")


def _part(part: PartOut, *, edits: bool) -> list[object]:
    before, after = part.temperature_before, part.temperature_after
    row: list[object] = [
        listing.two_lines(part.name, part.customer),
        "到场未知" if part.attended is None else forms.CAME[forms.OF_CAME[part.attended]],
        part.sale or "没有",
        None if before is None and after is None else f"{points(before)} → {points(after)}",
    ]
    if edits:
        row.append(listing.action("record", part.customer, "登记", subject=part.name))
    return row
