"""Recording a meeting in the browser (assets/recorder.js); at the end the inspection starts by itself."""

from __future__ import annotations

from typing import Final

from nicegui import ui

from api.access import Permission
from api.console import MOUNT, parts
from api.console.frame import View, screen
from api.console.listing import escaped, link
from api.meetings import service
from api.meetings.schemas import MeetingDetail
from models.meetings.tables import MeetingState
from qa_pipeline.names import KINDS, THEMES

HINTS: Final = (
    "手机放在会场中间，锁屏会打断录音：请保持本页打开、接上电源。",
    "声音边录边传；断网或误关页面时，录下的部分存在本机，重新打开本页会接着传。",
    "结束后自动开始质检，结论出来可在本页打开。",
)

CONTROLS: Final = """
<div id="recorder" class="recorder" data-state="idle" {given}>
  <p class="now"><span class="dot" aria-hidden="true"></span>
    <strong id="recorder-words" role="status"></strong><time id="recorder-clock">0:00</time></p>
  <meter id="recorder-level" min="0" max="1" value="0" aria-label="音量"></meter>
  <p id="recorder-quiet" class="negative" role="alert" hidden>没有声音：请检查麦克风是否静音。</p>
  <div class="turn-buttons">
    <button type="button" class="act main" data-do="start">开始录音</button>
    <button type="button" class="act" data-do="turn" hidden>暂停</button>
    <button type="button" class="act" data-do="finish" hidden>结束并质检</button>
  </div>
  <p id="recorder-sent" class="soft"></p>
  <p id="recorder-trouble" class="trouble" role="status"></p>
  <p id="recorder-said" role="alert"></p>
  <ol id="recorder-uploads" class="uploads" aria-live="polite"></ol>
</div>
"""


def register() -> None:
    """Add the screen."""
    screen("/record/{code}", title="现场录音", permission=Permission.UPLOAD)(recorder)


async def recorder(view: View, code: str) -> None:
    held: MeetingDetail = await view.ask(service.detail, view.asker, code)
    with ui.element("div").classes("meeting-head"), ui.element("div"):
        ui.label(held.institution_name).classes("lead")
        words = [KINDS[held.kind], THEMES[held.theme] if held.theme else "", held.topic or ""]
        ui.label(" · ".join(word for word in words if word)).classes("soft")
    if held.state is MeetingState.VOID:
        parts.empty("这场会议已作废，不能录音。")
        return
    with parts.section("录音"):
        if held.inspected:
            ui.html(
                f"<span>这场会议已有结论，再录的作为下一段。</span> {link(f'/meetings/{code}', '看结论 ›')}",
                sanitize=False,
            )
        ui.html(_controls(view, code), sanitize=False).classes("w-full")
    with parts.section("请注意"), ui.element("ul").classes("problems"):
        for hint in HINTS:
            with ui.element("li"):
                ui.label(hint)
    for script in ("upload", "recorder"):
        ui.add_body_html(f'<script src="{MOUNT}/assets/{script}.js"></script>')


def _controls(view: View, code: str) -> str:
    given = {"meeting": code, "owner": view.asker.actor, "csrf": view.csrf}
    return CONTROLS.format(given=" ".join(f'data-{name}="{escaped(value)}"' for name, value in given.items()))
