"""Who is told of what: webhooks, robots and mail, with the log of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts, where
from api.console.calls import call, did
from api.console.dialogs import confirm, told_once
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.pages import page
from api.webhooks import service
from api.webhooks.repository import SubscriptionRepository
from api.webhooks.schemas import DeliveryOut, SubscriptionOut
from api.webhooks.tables import PING, Channel, DeliveryState, EventKind
from models.base import SHANGHAI
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/notices"
TITLE: Final = "通知"
A_PAGE: Final = 50
CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.WEBHOOK: "Webhook（签名的 POST）",
    Channel.WECOM: "企业微信机器人",
    Channel.DINGTALK: "钉钉机器人",
    Channel.EMAIL: "邮件",
}
EVENTS: Final[Mapping[EventKind, str]] = {
    EventKind.INSPECTION_FINISHED: "质检完成",
    EventKind.INSPECTION_FAILED: "质检失败",
    EventKind.MEETING_MISSING: "应开未开",
    EventKind.RECORDING_MISSING: "缺少录音",
    EventKind.REVIEW_DECIDED: "复核已决定",
    EventKind.APPEAL_OPENED: "有申诉",
}
STATES: Final[Mapping[DeliveryState, tuple[Status, str, str]]] = {
    DeliveryState.WAITING: (Status.WARN, "等待发送", "schedule_send"),
    DeliveryState.DELIVERED: (Status.PASS, "已送达", "check_circle"),
    DeliveryState.FAILED: (Status.FAIL, "未送达", "error"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of receivers, and the institutions to choose from."""

    receivers: tuple[SubscriptionOut, ...]
    further: str | None
    institutions: where.Offered


@dataclass(frozen=True, slots=True)
class Log:
    """A page of one receiver's messages."""

    receiver: SubscriptionOut
    deliveries: tuple[DeliveryOut, ...]
    further: str | None


def register() -> None:
    """Add the screens."""
    screen(PATH, title=TITLE, permission=Permission.MANAGE_WEBHOOKS)(notices)
    screen(f"{PATH}/{{code}}", title=TITLE, permission=Permission.MANAGE_WEBHOOKS)(notice)


def read(session: Session, asker: Caller, cursor: str | None) -> Listed:
    rows = SubscriptionRepository(session, within=asker.within).lines(cursor=cursor, limit=A_PAGE)
    found, further = page(rows, A_PAGE, lambda line: [line[0].id])
    shown = [service.shown(line) for line in found]
    return Listed(tuple(shown), further, where.offered(session, asker, *(one.institution for one in shown)))


def log(session: Session, asker: Caller, code: str, state: DeliveryState | None, cursor: str | None) -> Log:
    """Raises NotFound."""
    repository = SubscriptionRepository(session, within=asker.within)
    line = repository.get(code)
    rows = repository.deliveries(line[0], state=state, cursor=cursor, limit=A_PAGE)
    found, further = page(rows, A_PAGE, lambda row: [row.id])
    return Log(service.shown(line), tuple(map(service.delivered, found)), further)


async def notices(view: View, cursor: str = "") -> None:
    found = await view.ask(read, view.asker, cursor or None)

    async def act(name: str, code: str) -> None:
        await _act(view, name, code)

    with parts.section("接收方", "点名称看发送记录"):
        if found.receivers:
            columns = [Column("名称"), Column("方式"), Column("通知什么"), Column("状态"), Column("操作")]
            rows = (_row(one, found.institutions.names) for one in found.receivers)
            listing.table("接收方", columns, rows, on_action=act)
            listing.further(PATH, found.further)
        else:
            parts.empty("还没有接收方：在下面新建一个，质检完成、应开未开等事会自动通知它。")
    _form(view, found.institutions)


def _row(one: SubscriptionOut, names: Mapping[str, str]) -> list[object]:
    name = listing.link(f"{PATH}/{one.code}", one.name)
    events = "、".join(EVENTS[event] for event in one.events)
    turn = ("pause", "暂停") if one.active else ("resume", "启用")
    buttons = [listing.action(*turn[:1], one.code, turn[1], subject=one.name)]
    if one.active:
        buttons.append(listing.action("test", one.code, "试发", subject=one.name))
    buttons.append(listing.action("delete", one.code, "删除", subject=one.name))
    state = (
        listing.badge(Status.PASS, "启用")
        if one.active
        else listing.badge(Status.UNKNOWN, "已暂停", "pause_circle")
    )
    return [
        listing.two_lines(name, one.target),
        CHANNELS[one.channel],
        f"{events} · {names.get(one.institution, one.institution)}" if one.institution else events,
        state,
        listing.joined(buttons),
    ]


async def _act(view: View, name: str, code: str) -> None:
    if name == "delete":
        told = "删除这个接收方？以后不再通知它，发送记录保留。"
        confirm(
            "删除接收方", told, "删除", lambda: call(view, "DELETE", f"webhooks/{code}"),
            lambda _: ui.navigate.to(PATH), destroys=True,
        )  # fmt: skip
        return
    if name == "test":
        done = await did(view, "POST", f"webhooks/{code}/test", said="试发消息已排队。")
        if done:
            ui.navigate.to(f"{PATH}/{code}")
        return
    active = name == "resume"
    said = "已启用。" if active else "已暂停：暂停期间的事不补发。"
    if await did(view, "PUT", f"webhooks/{code}/state", said=said, body={"active": active}):
        ui.navigate.reload()


def _form(view: View, offered: where.Offered) -> None:
    with parts.section("新建接收方"), ui.element("div").classes("stack"):
        name = ui.input("名称").props("outlined dense").classes("field")
        channel = (
            ui.select(
                {one.value: words for one, words in CHANNELS.items()},
                value=Channel.WEBHOOK.value,
                label="方式",
            )
            .props("outlined dense")
            .classes("field")
        )
        target = ui.input("接收地址；邮件填收件人，用英文逗号分隔").props("outlined dense").classes("field")
        secret = ui.input("加签密钥（钉钉机器人才填）").props("outlined dense").classes("field")
        secret.bind_visibility_from(channel, "value", lambda value: value == Channel.DINGTALK.value)
        place = where.field("机构（不选为您的全部管辖范围）", offered, optional=True).classes("field")
        with ui.element("fieldset").classes("choices"):
            with ui.element("legend"):
                ui.label("通知什么")
            boxes = {kind: ui.checkbox(words, value=True) for kind, words in EVENTS.items()}
        refused = ui.label().classes("negative").props("role=alert")

        async def create() -> None:
            try:
                institution = await where.given(view, place)
            except where.NoSuchInstitution:
                return
            body: dict[str, Any] = {
                "name": name.value,
                "channel": channel.value,
                "target": (target.value or "").strip(),
                "events": [kind.value for kind, box in boxes.items() if box.value],
                "institution": institution,
                "secret": (secret.value or "").strip() or None,
            }
            answer = await call(view, "POST", "webhooks", body)
            refused.text = answer.refusal
            if not answer.ok:
                return
            if answer.body["secret"]:
                told_once("签名密钥", "只显示这一次，请交给接收方保存。", answer.body["secret"])
            else:
                ui.navigate.reload()

        ui.button("新建", icon="add", on_click=create).classes("justify-self-start")


async def notice(view: View, code: str, state: str = "", cursor: str = "") -> None:
    if state and state not in set(DeliveryState):
        raise InputError(f"状态“{state}”不对：请从列表中选择。")
    found = await view.ask(log, view.asker, code, DeliveryState(state) if state else None, cursor or None)
    trail = listing.link(PATH, TITLE)
    ui.html(
        f'<nav class="crumbs" aria-label="位置">{trail}<span aria-hidden="true">›</span>'
        f'<span aria-current="page">{listing.escaped(found.receiver.name)}</span></nav>',
        sanitize=False,
    )

    async def again(_: str, delivery: str) -> None:
        if await did(view, "POST", f"webhooks/{code}/deliveries/{delivery}/again", said="已排队重发。"):
            ui.navigate.reload()

    path = f"{PATH}/{code}"
    with parts.section("发送记录", f"{CHANNELS[found.receiver.channel]} {found.receiver.target}"):
        options = {"": "全部", **{one.value: STATES[one][1] for one in DeliveryState}}
        listing.filters(path, [Field("state", "状态", state, options=options)])
        if not found.deliveries:
            parts.empty("没有发送记录：可在列表中点“试发”。")
            return
        listing.table(
            "发送记录",
            [
                Column("内容"),
                Column("事件"),
                Column("状态"),
                Column("次数", True),
                Column("时间"),
                Column("操作"),
            ],
            map(_sent, found.deliveries),
            on_action=again,
        )
        listing.further(path, found.further, state=state)


def _sent(one: DeliveryOut) -> list[object]:
    status, word, icon = STATES[one.state]
    trouble = one.error or (
        f"对方回答 {one.status}" if one.status and one.state is not DeliveryState.DELIVERED else ""
    )
    why = f"<small>{listing.escaped(trouble)}</small>" if trouble else ""
    when = one.delivered_at or one.created_at
    button = (
        Html("")
        if one.state is DeliveryState.WAITING
        else listing.action("again", one.code, "重发", subject=one.code)
    )
    event = "试发" if one.event == PING else EVENTS[EventKind(one.event)]
    return [
        one.sentence,
        event,
        Html(f"<span>{listing.badge(status, word, icon)}{why}</span>"),
        str(one.attempts),
        f"{when.astimezone(SHANGHAI):%m-%d %H:%M}",
        button,
    ]
