"""Management actions recorded where they are missing, and those of the month with their record and review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.activities import events
from api.console import listing, parts, when
from api.console.calls import Answer, call
from api.console.dialogs import anew, choice, day, deed, dialog, line, text_of, words
from api.console.frame import View
from api.console.listing import Column, Html
from api.console.people import number_of
from api.management.schemas import ActionOut, Behind
from api.organisation.service import today
from models.activities.entry import PLATFORM_LABELS
from models.activities.tables import Platform
from models.calendar.weeks import month_start
from models.management.tables import ActionKind
from qa_pipeline.errors import InputError

LISTED: Final = 60
KINDS: Final[Mapping[ActionKind, tuple[str, str]]] = {
    ActionKind.GOAL_INTERVIEW: ("目标面谈", "每月与每位重点主管"),
    ActionKind.CUSTOMER_INVENTORY: ("客户盘点", "每周每位主管"),
    ActionKind.PLATFORM_SETUP: ("平台搭建", "每月每种平台"),
    ActionKind.JOINT_VISIT: ("陪访", "每周每位主管，有记录和复盘才算"),
}
SUBJECTS: Final[Mapping[ActionKind, str]] = {
    ActionKind.GOAL_INTERVIEW: "面谈对象的工号或姓名",
    ActionKind.JOINT_VISIT: "陪访对象的工号或姓名",
}
"""Of the kinds that are done with somebody."""


def set_up(
    session: Session, asker: Caller, institution: str, month: date, platform: Platform
) -> dict[str, str]:
    """Code -> what it is of the institution's activities of a platform that were not cancelled."""
    found = events.month(session, asker, institution, month).events
    return {
        one.code: one.content or one.code
        for one in found
        if one.platform == platform and one.institution == institution and not one.cancelled
    }


async def add(view: View, kind: ActionKind, one: Behind, on: date) -> None:
    """What ``one`` is behind with: done on a day of the week or month that ``on`` lies in."""
    name = KINDS[kind][0]
    person = one.person.code if one.person else ""
    interview = kind is ActionKind.GOAL_INTERVIEW
    offered: Mapping[str, str] = {}
    if one.platform is not None:
        offered = await view.ask(set_up, view.asker, one.institution, month_start(on), one.platform)
        if not offered:
            told = f"{PLATFORM_LABELS[one.platform]}本月还没有活动：请先在“行事历”中新建。"
            ui.notify(told, type="warning")
            return
    with dialog(f"登记{name}") as opened:
        actor = line("执行人的工号或姓名", "" if interview else person, first=not person or interview)
        subject = None
        if kind in SUBJECTS:
            subject = line(SUBJECTS[kind], person if interview else "", first=not interview)
        event = choice("活动", dict(offered), next(iter(offered))) if offered else None
        done = day("完成日期", min(today(), on))
        record = words("记录：过程和结果")
        review = words("复盘：结论和改进（陪访必填）" if kind is ActionKind.JOINT_VISIT else "复盘（可不填）")

        async def do() -> Answer:
            if not text_of(record):
                raise InputError("请写明过程和结果。")
            if kind is ActionKind.JOINT_VISIT and not text_of(review):
                raise InputError("请写明复盘：陪访有记录和复盘才算。")
            when_done = when.required(done)
            body: dict[str, Any] = {
                "kind": kind,
                "actor": await view.ask(number_of, view.asker, text_of(actor) or ""),
                "planned_on": when_done,
                "record": {"done_on": when_done, "record": text_of(record)},
                "review": text_of(review),
            }
            if subject is not None:
                body["subject"] = await view.ask(number_of, view.asker, text_of(subject) or "")
            if event is not None:
                body["event"] = event.value
            return await call(view, "POST", "management-actions", body)

        deed(opened, "登记", do, anew)


def done(view: View, month: date, actions: Sequence[ActionOut]) -> None:
    """The month's actions; a record or a review that is missing is added here."""
    by_code = {one.code: one for one in actions}

    def act(name: str, code: str) -> None:
        (_review if name == "review" else _record)(view, by_code[code])

    edits = view.may(Permission.EDIT_MODEL)
    with parts.section(f"{month:%-m 月}的管理动作", "按日期；陪访有记录和复盘才算"):
        if not actions:
            parts.empty("这个月还没有管理动作。")
            return
        columns = [Column("动作"), Column("谁"), Column("对象"), Column("记录"), Column("复盘")]
        listing.table(
            "管理动作",
            [*columns, *([Column("操作")] if edits else [])],
            [_row(one, edits=edits) for one in actions[:LISTED]],
            on_action=act,
        )
        if len(actions) > LISTED:
            ui.label(f"只列出前 {LISTED} 条：选下级机构查看。").classes("soft")


def _row(one: ActionOut, *, edits: bool) -> list[object]:
    none = Html('<span class="soft">没有</span>')
    subject = one.subject.name if one.subject else one.customer or one.event
    row: list[object] = [
        listing.two_lines(KINDS[one.kind][0], f"{one.done_on}" if one.done_on else f"计划 {one.planned_on}"),
        one.actor.name,
        subject or none,
        one.record or none,
        one.review or none,
    ]
    if edits:
        acts = [("record", "改记录" if one.record else "记录")]
        acts += [("review", "改复盘" if one.review else "复盘")] if one.record else []
        told = f"{KINDS[one.kind][0]} {one.code}"
        buttons = (listing.action(name, one.code, said, subject=told) for name, said in acts)
        row.append(Html(f"<span>{listing.joined(buttons)}</span>"))
    return row


def _record(view: View, one: ActionOut) -> None:
    with dialog(f"登记{KINDS[one.kind][0]}") as opened:
        record = words("记录：过程和结果", one.record or "")
        on = day("完成日期", one.done_on or today())

        async def do() -> Answer:
            if not text_of(record):
                raise InputError("请写明过程和结果。")
            body = {"done_on": when.required(on), "record": text_of(record)}
            return await call(view, "PUT", f"management-actions/{quote(one.code)}/record", body)

        deed(opened, "保存", do, anew)


def _review(view: View, one: ActionOut) -> None:
    with dialog(f"复盘{KINDS[one.kind][0]}") as opened:
        review = words("复盘：结论和改进", one.review or "")

        async def do() -> Answer:
            if not text_of(review):
                raise InputError("请写明结论和改进。")
            path = f"management-actions/{quote(one.code)}/review"
            return await call(view, "PUT", path, {"review": text_of(review)})

        deed(opened, "保存", do, anew)
