"""An activity of the calendar planned, changed, carried out, reviewed and cancelled; and who came to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui

from api.activities import service
from api.activities.schemas import EventDetail, PartOut
from api.console import when, where
from api.console.calls import Answer, call
from api.console.dialogs import anew, choice, confirm, day, deed, dialog, home, line, text_of, texts_of, words
from api.console.frame import View
from api.console.people import number_of
from api.figures import plain
from api.organisation.service import today
from models.activities.entry import PLATFORM_LABELS
from models.base import SHANGHAI
from qa_pipeline.errors import InputError

PATH: Final = "/activities"
CAME: Final = {"": "未知", "yes": "到场", "no": "未到"}
OF_CAME: Final[Mapping[bool | None, str]] = {None: "", True: "yes", False: "no"}


def path_of(code: str, what: str = "") -> str:
    """Of the API."""
    return f"activities/{quote(code)}{what}"


@dataclass(frozen=True, slots=True)
class _Plan:
    """The fields of a plan (R30); what is not filled in yet is kept as missing."""

    platform: Any
    on: ui.input
    begins: ui.input
    ends: ui.input
    owner: Any
    texts: Mapping[str, Any]

    async def body(self, view: View, month: date) -> dict[str, Any]:
        """Of a day its own month. Raises InputError."""
        given = when.given(self.on)
        if given is None and (when.given(self.begins) or when.given(self.ends)):
            raise InputError("请填写日期，或把时间也留空。")
        if given and not when.given(self.begins):
            raise InputError("请填写开始时间，或把日期也留空。")
        owner = text_of(self.owner)
        return {
            "platform": self.platform.value,
            "month": given[:7] if given else f"{month:%Y-%m}",
            "starts_at": when.moment(self.on, self.begins),
            "ends_at": when.moment(self.on, self.ends),
            "owner": await view.ask(number_of, view.asker, owner) if owner else None,
            **{name: text_of(box) for name, box in self.texts.items()},
        }


def _plan(seen: EventDetail | None) -> _Plan:
    starts, ends = (
        at.astimezone(SHANGHAI) if at else None
        for at in (seen.starts_at if seen else None, seen.ends_at if seen else None)
    )
    platform = choice("平台", dict(PLATFORM_LABELS), seen.platform if seen else next(iter(PLATFORM_LABELS)))
    on = day("日期", starts.date() if starts else "")
    with ui.row().classes("w-full no-wrap"):
        begins = when.field("开始时间", f"{starts:%H:%M}" if starts else "", kind=when.Kind.TIME)
        until = when.field("结束时间", f"{ends:%H:%M}" if ends else "", kind=when.Kind.TIME)
    texts = {
        name: words(label, (getattr(seen, name) if seen else "") or "")
        for name, label in (
            ("place", "地点"),
            ("content", "内容"),
            ("audience", "对象"),
            ("goal", "目标"),
            ("preparation", "准备"),
        )
    }
    owner = line("负责人的工号或姓名（可不填）", seen.owner.code if seen and seen.owner else "")
    return _Plan(platform, on, begins, until, owner, texts)


async def add(view: View, below: str, month: date) -> None:
    """Of a level-4 institution at or below ``below``: those must have every platform (R30)."""
    offered = await view.ask(where.offered, view.asker, below=below, level=4)
    with dialog("新建活动", wide=True) as opened:
        place = home("四级机构", offered)
        plan = _plan(None)
        ui.label("没想好的可以留空；六要素齐全才算有效（R30）。").classes("soft")

        async def do() -> Answer:
            institution = await where.given(view, place)
            if institution is None:
                raise InputError("请选择四级机构。")
            body = {"institution": institution, **await plan.body(view, month)}
            return await call(view, "POST", "activities", body)

        deed(opened, "新建", do, lambda body: ui.navigate.to(f"{PATH}/{quote(body['code'])}"))


async def change(view: View, code: str) -> None:
    seen = await view.ask(service.detail, view.asker, code)
    with dialog("修改安排", wide=True) as opened:
        plan = _plan(seen)

        async def do() -> Answer:
            body = {"institution": seen.institution, "office": seen.office}
            body |= await plan.body(view, seen.month)
            return await call(view, "PUT", path_of(code), body, seen=seen)

        deed(opened, "保存", do, anew)


def carry_out(view: View, event: EventDetail) -> None:
    with dialog("登记执行") as opened:
        process = words("活动过程", event.process or "")
        feedback = words("客户反馈", event.feedback or "")
        ui.label("谁到场、谁签单在“参加的客户”中逐户登记。").classes("soft")

        async def do() -> Answer:
            body = {"process": text_of(process), "feedback": text_of(feedback)}
            if not all(body.values()):
                raise InputError("请写明活动过程和客户反馈：两样都有才算执行。")
            return await call(view, "PUT", path_of(event.code, "/execution"), body)

        deed(opened, "保存", do, anew)


def review(view: View, event: EventDetail) -> None:
    said = event.review
    with dialog("检视活动") as opened:
        conclusion = words("检视结论", said.conclusion if said else "")
        improvement = words("改进（可不填）", (said.improvement if said else "") or "")
        on = day("检视日期", said.reviewed_on if said else today())
        reviewer = line("检视人", said.reviewer if said else view.name)

        async def do() -> Answer:
            body = {
                "on": when.required(on),
                "reviewer": text_of(reviewer),
                "conclusion": text_of(conclusion),
                "improvement": text_of(improvement),
            }
            if not (body["reviewer"] and body["conclusion"]):
                raise InputError("请写明检视结论和检视人。")
            return await call(view, "PUT", path_of(event.code, "/review"), body)

        deed(opened, "保存", do, anew)


def cancel(view: View, event: EventDetail) -> None:
    told = "活动留在行事历上，标为已取消，不再计入各项统计；不能恢复。"
    path = path_of(event.code, "/cancel")
    confirm("取消活动", told, "取消活动", lambda: call(view, "POST", path), anew, destroys=True)


def invite(view: View, code: str) -> None:
    with dialog("邀约客户") as opened:
        customers = words("客户代码（用、或换行隔开）")
        ui.label("代码见“客户”页；已邀约的不变。").classes("soft")

        async def do() -> Answer:
            if not (codes := texts_of(customers)):
                raise InputError("请填写客户代码。")
            return await call(view, "POST", path_of(code, "/invitations"), {"customers": codes})

        deed(opened, "邀约", do, anew)


def record(view: View, code: str, part: PartOut) -> None:
    """What is known of one customer's part; what is emptied becomes unknown."""
    with dialog(f"登记到场：{part.name}") as opened:
        came = choice("到场", CAME, OF_CAME[part.attended])
        sale = line("因此签下的保单号（没有则留空）", part.sale or "")
        before = _warmth("活动前温度", part.temperature_before)
        after = _warmth("活动后温度", part.temperature_after)
        feedback = words("反馈（可不填）", part.feedback or "")

        async def do() -> Answer:
            body = {
                "customer": part.customer,
                "attended": {word: key for key, word in OF_CAME.items()}[came.value],
                "sale": text_of(sale),
                "feedback": text_of(feedback),
                "temperature_before": text_of(before),
                "temperature_after": text_of(after),
            }
            return await call(view, "PUT", path_of(code, "/participants"), {"parts": [body]})

        deed(opened, "保存", do, anew)


def _warmth(label: str, known: Any) -> Any:
    value = "" if known is None else plain(known)
    return line(f"{label}（0–100，未知则留空）", value, props="inputmode=decimal")
