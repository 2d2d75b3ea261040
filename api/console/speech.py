"""The speech models of this machine: which are there, which one is used, whether they are whole."""

from __future__ import annotations

from typing import Final, cast

from nicegui import run, ui

from api.access import Permission
from api.console import listing, parts
from api.console.calls import call
from api.console.frame import View, screen, settings
from api.console.listing import Column
from api.speech.endpoints import SpeechModelOut, SpeechModelsOut, shown
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/speech-models"


def register() -> None:
    """Add the screen."""
    screen(PATH, title="语音模型", permission=Permission.MANAGE_MODELS)(speech)


async def speech(view: View) -> None:
    found = cast(SpeechModelsOut, await run.io_bound(shown, settings().model))

    async def check(_: str, name: str) -> None:
        said.text = f"正在校验 {name}……"
        answer = await call(view, "POST", "speech-models/check", {"name": name})
        said.text = answer.refusal or f"{name}：{answer.body['text']}"

    with parts.section("语音模型", "回答本页的这台机器上的；第一个最好"):
        if found.problem:
            ui.label(found.problem).classes("negative").props("role=alert")
        if found.models:
            columns = [Column("模型"), Column("大小", True), Column("状态"), Column("说明"), Column("操作")]
            listing.table("语音模型", columns, map(_row, found.models), on_action=check)
        said = ui.label().props("role=status")
    with parts.section("说话人模型", "区分谁在说话"):
        if found.diarization:
            parts.status(Status.PASS, "已有")
        else:
            parts.status(Status.WARN, "没有")
            ui.label("没有它时，单声道录音不分说话人，追问、参与等项按问答交替近似，把握较低。").classes(
                "soft"
            )
    if found.fetchable:
        with parts.section("可获取", "在服务器上运行，可用 --mirror 指定内网的模型库"):
            commands = "\n".join(f"huijian asr pull {listing.escaped(name)}" for name in found.fetchable)
            ui.html(f'<pre class="code" tabindex="0">{commands}</pre>', sanitize=False)


def _row(model: SpeechModelOut) -> list[object]:
    name = listing.two_lines(model.name, model.revision)
    state = (
        listing.badge(Status.PASS, "使用中")
        if model.used
        else listing.badge(Status.UNKNOWN, "备用", "inventory_2")
    )
    button = listing.action("check", model.name, "校验", subject=model.name)
    return [name, f"{model.size / 1e6:,.0f} MB", state, model.warning or "—", button]
