"""The cadence of the four management actions: who is behind, by how many, and how far it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository
from api.console import listing, parts, places, when
from api.console import management_actions as month_actions
from api.console import management_forms as forms
from api.console.calls import Answer, call
from api.console.dialogs import anew, day, deed, dialog, line, text_of
from api.console.frame import View, screen
from api.console.home import tile
from api.console.listing import Column, Field, Html
from api.console.management_forms import KINDS
from api.console.people import number_of
from api.console.places import Step
from api.management import endpoints, service
from api.management.repository import ActionRepository
from api.management.schemas import ActionOut, Behind, CoverageOut, FocusList, FocusOut
from api.organisation.service import today
from models.activities.entry import PLATFORM_LABELS
from models.calendar.weeks import month_start
from models.management.focus import FocusReason
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/management"
TITLE: Final = "管理动作"
SHOWN: Final = 5
"""Rows of what is to be done before the others are folded."""
LOOKED_UP: Final = 3
"""The same of what is there to be looked up."""
LISTED: Final = 40
REASONS: Final[Mapping[FocusReason, str]] = {
    FocusReason.NO_U: "未达 U",
    FocusReason.NO_CT: "未达 CT",
    FocusReason.MARKED: "手工标记",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws."""

    way: tuple[Step, ...]
    children: Mapping[str, str]
    coverage: tuple[CoverageOut, ...]
    unfinished: tuple[ActionOut, ...]
    """Of the month up to the day, the oldest first; one more than are shown."""
    latest: tuple[ActionOut, ...]
    """The last of the month up to the day."""
    focus: FocusList
    homes: Mapping[str, str]
    """Names of the institutions of those behind, by code."""


def register() -> None:
    """Add the screen."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(management)


def read(session: Session, asker: Caller, below: str, on: date, day: date) -> Shown:
    """Raises NotFound for a strange institution, InputError where there is none at all."""
    way, children = places.place(session, asker, below, on=day)
    code = way[-1].code
    coverage = endpoints.coverage(session, asker, code, on)
    codes = CodeRepository(session, within=asker.within)
    of_month = partial(ActionRepository(session, within=codes.below(code)).page, month_start(on), on)
    keys = codes.keys(Institution, {one.institution for row in coverage for one in row.behind})
    return Shown(
        way=way,
        children=children,
        coverage=tuple(coverage),
        unfinished=tuple(service.shown(session, of_month(only_unfinished=True, limit=SHOWN))),
        latest=tuple(service.shown(session, of_month(latest_first=True, limit=LOOKED_UP)[:LOOKED_UP])),
        focus=endpoints.focus(session, asker, code, on),
        homes={named.code: named.name for named in codes.names(Institution, keys.values()).values()},
    )


async def management(view: View, below: str = "", on: str = "") -> None:
    present = today()
    chosen = when.day(on, present)
    shown = await view.ask(read, view.asker, below, chosen, present)
    here = shown.way[-1]
    places.crumbs(PATH, shown.way, on=on)
    fields = [Field("on", "看哪天所在的周和月", f"{chosen}", when.Kind.DAY)]
    if shown.children:
        options = {here.code: f"{here.name}（全部）", **shown.children}
        fields.insert(0, Field("below", "机构", here.code, options=options))
        listing.filters(PATH, fields)
    else:
        listing.filters(PATH, fields, below=here.code)
    standing = sorted(shown.coverage, key=lambda row: -row.missing)
    with ui.element("div").classes("tiles"):
        for row in standing:
            tile(KINDS[row.kind][0], listing.percent(row.coverage), _told(row))
    with ui.element("div").classes("columns broad"):
        for row in standing:
            _behind(view, row, here, shown.homes, chosen)
    _unfinished(view, shown.unfinished, here, chosen)
    _focus(view, shown.focus)
    _latest(view, shown.latest, here, chosen)


def _told(row: CoverageOut) -> str:
    if not row.duties:
        return "没有应做的人"
    if not row.missing:
        return f"{row.covered} / {row.duties}，都做到了"
    return f"{row.covered} / {row.duties}，还差 {row.missing} 次"


def _behind(view: View, row: CoverageOut, here: Step, homes: Mapping[str, str], on: date) -> None:
    name, whom = KINDS[row.kind]
    with parts.section(name, f"{whom}；{row.first:%m-%d} 至 {row.last:%m-%d}"):
        if not row.duties:
            parts.empty("这段时间没有应做的人。")
            return
        if not row.behind:
            ui.html(listing.badge(Status.PASS, "没有人落后"), sanitize=False)
            return
        ordered = sorted(row.behind, key=lambda one: (-one.missing, one.institution))
        edits = view.may(Permission.EDIT_MODEL)
        several = homes.keys() != {here.code}

        async def act(_: str, number: str) -> None:
            await forms.add(view, row.kind, ordered[int(number)], on)

        listing.folded(
            f"{name}落后名单",
            [
                Column("谁"),
                *([Column("机构")] if several else []),
                Column("已做", figures=True),
                Column("还差"),
                *([Column("操作")] if edits else []),
            ],
            [
                [
                    _who(one),
                    *([homes.get(one.institution, one.institution)] if several else []),
                    f"{one.done} / {one.required}",
                    listing.badge(Status.FAIL if not one.done else Status.WARN, f"差 {one.missing} 次"),
                    *([listing.action("add", str(number), "登记", subject=_named(one))] if edits else []),
                ]
                for number, one in enumerate(ordered[:LISTED])
            ],
            shown=SHOWN,
            on_action=act,
        )
        if len(ordered) > LISTED:
            ui.label(f"另有 {len(ordered) - LISTED} 个：选下级机构查看。").classes("soft")


def _who(one: Behind) -> Html:
    return listing.two_lines(_named(one), one.person.code if one.person else "")


def _named(one: Behind) -> str:
    if one.person is not None:
        return one.person.name
    return PLATFORM_LABELS[one.platform] if one.platform else "机构"


def _unfinished(view: View, actions: Sequence[ActionOut], here: Step, on: date) -> None:
    with parts.section("待补的管理动作", f"{on:%m-%d} 为止计划了没有记录的，和缺记录或复盘的陪访"):
        if not actions:
            parts.empty("没有要补记录或复盘的管理动作。")
            return
        month_actions.table(view, "待补的管理动作", actions[:SHOWN])
        if len(actions) > SHOWN:
            _all("待补的全部管理动作 ›", here, on, state=month_actions.State.UNFINISHED)


def _latest(view: View, actions: Sequence[ActionOut], here: Step, on: date) -> None:
    with parts.section(f"{on:%-m 月}的管理动作", "最近的；陪访有记录和复盘才算"):
        if actions:
            month_actions.table(view, "管理动作", actions)
        else:
            parts.empty("这个月还没有管理动作。")
        _all(f"{on:%-m 月}的全部管理动作 ›", here, on)


def _all(words: str, here: Step, on: date, **state: str) -> None:
    target = listing.link(month_actions.PATH, words, below=here.code, month=f"{on:%Y-%m}", **state)
    ui.html(target, sanitize=False).classes("more")


def _focus(view: View, focus: FocusList) -> None:
    may_edit = view.may(Permission.EDIT_MODEL)
    with parts.section("重点主管", f"{len(focus.supervisors)} 名，目标面谈的对象"):
        if may_edit:
            with ui.row().classes("no-print"):
                add = ui.button("标记重点主管", icon="flag", on_click=lambda: _mark(view))
                add.props("outline")
        _unknown("是否达 U", [person.name for person in focus.unknown_u])
        _unknown("是否达 CT", [person.name for person in focus.unknown_ct])
        if not focus.supervisors:
            parts.empty("没有重点主管。")
            return
        shown = sorted(focus.supervisors, key=lambda one: one.mark is None)[:LISTED]
        marked = {one.person.code: one for one in shown if one.mark}

        async def act(_: str, code: str) -> None:
            _unmark(view, marked[code])

        listing.folded(
            "重点主管",
            [Column("主管"), Column("原因")],
            [
                [
                    listing.two_lines(one.person.name, one.person.code),
                    _reasons(one, may_edit),
                ]
                for one in shown
            ],
            shown=LOOKED_UP,
            on_action=act,
        )
        if len(focus.supervisors) > LISTED:
            ui.label(f"另有 {len(focus.supervisors) - LISTED} 名：选下级机构查看。").classes("soft")


def _reasons(one: FocusOut, may_edit: bool) -> Html:
    words = listing.escaped("、".join(REASONS[reason] for reason in one.reasons))
    if one.mark is None:
        return words
    period = f"{one.mark.since} 起，直到取消"
    if one.mark.until is not None:
        period = f"{one.mark.since} 起，至 {one.mark.until}"
    told = listing.escaped(f"{one.mark.reason}（{period}）")
    off = listing.action("unmark", one.person.code, "取消标记", subject=one.person.name) if may_edit else ""
    return Html(f"<span>{words} {off}<small>{told}</small></span>")


def _mark(view: View) -> None:
    with dialog("标记重点主管") as opened:
        asked = "主管的工号或姓名"
        who = line(asked, first=True)
        reason = line("原因")
        on = day("生效日", today())
        until = day("到哪天为止（不含当天，可不填）")
        ui.label("不填终止日则直到取消；已有未到期标记的，先取消再标记。").classes("soft")

        async def do() -> Answer:
            if not text_of(reason):
                raise InputError("请填写原因：面谈的人要知道为什么。")
            body = {
                "person": await view.ask(number_of, view.asker, text_of(who) or "", field=asked),
                "reason": text_of(reason),
                "on": when.required(on),
                "until": when.given(until),
            }
            return await call(view, "POST", "focus-supervisors", body)

        deed(opened, "标记", do, anew)


def _unmark(view: View, one: FocusOut) -> None:
    with dialog("取消重点主管标记") as opened:
        ui.label(f"{one.person.name}不再因手工标记列为重点主管；未达 U 或 CT 的仍在名单中。")
        on = day("从哪天起取消", today())
        if one.mark is not None:
            ui.label(f"标记从 {one.mark.since} 开始；填这一天则整条作废。").classes("soft")

        async def do() -> Answer:
            path = f"focus-supervisors/{one.person.code}/end"
            return await call(view, "POST", path, {"on": when.required(on)})

        deed(opened, "取消标记", do, anew)


def _unknown(what: str, names: Sequence[str]) -> None:
    if names:
        some = "、".join(names[:5])
        if len(names) > 5:
            some = f"{some} 等共 {len(names)} 名"
        ui.label(f"不知{what}，名单可能不全：{some}。").classes("soft")
