"""A management action recorded where it is missing; a planned one recorded, and one that is done reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller
from api.activities import events
from api.console import when
from api.console.calls import Answer, call
from api.console.dialogs import anew, choice, day, deed, dialog, line, text_of, words
from api.console.frame import View
from api.console.people import number_of
from api.management.schemas import ActionOut, Behind
from api.organisation.service import today
from models.activities.entry import PLATFORM_LABELS
from models.activities.tables import Platform
from models.calendar.weeks import month_start
from models.management.tables import ActionKind
from qa_pipeline.errors import InputError

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
ACTOR: Final = "执行人的工号或姓名"


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
        actor = line(ACTOR, "" if interview else person, first=not person or interview)
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
                "actor": await view.ask(number_of, view.asker, text_of(actor) or "", field=ACTOR),
                "planned_on": when_done,
                "record": {"done_on": when_done, "record": text_of(record)},
                "review": text_of(review),
            }
            if subject is not None:
                whom = text_of(subject) or ""
                body["subject"] = await view.ask(number_of, view.asker, whom, field=SUBJECTS[kind])
            if event is not None:
                body["event"] = event.value
            return await call(view, "POST", "management-actions", body)

        deed(opened, "登记", do, anew)


def record(view: View, one: ActionOut) -> None:
    with dialog(f"登记{KINDS[one.kind][0]}") as opened:
        said = words("记录：过程和结果", one.record or "")
        on = day("完成日期", one.done_on or today())

        async def do() -> Answer:
            if not text_of(said):
                raise InputError("请写明过程和结果。")
            body = {"done_on": when.required(on), "record": text_of(said)}
            return await call(view, "PUT", f"management-actions/{quote(one.code)}/record", body)

        deed(opened, "保存", do, anew)


def review(view: View, one: ActionOut) -> None:
    with dialog(f"复盘{KINDS[one.kind][0]}") as opened:
        said = words("复盘：结论和改进", one.review or "")

        async def do() -> Answer:
            if not text_of(said):
                raise InputError("请写明结论和改进。")
            path = f"management-actions/{quote(one.code)}/review"
            return await call(view, "PUT", path, {"review": text_of(said)})

        deed(opened, "保存", do, anew)
