"""The minutes of a meeting: read, taken along as a document, sent on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import MOUNT, commitments, listing, parts, sound
from api.console.frame import View, screen
from api.console.listing import Column, Html
from api.minutes.endpoints import minutes as read_minutes
from api.minutes.schemas import ActionMinutes, Decision, MinutesOut, PracticeMinutes
from models.base import SHANGHAI
from qa_pipeline.names import CHAPTERS, KINDS, THEMES
from qa_pipeline.values.vocabulary import Status

SHOWN_ACTIONS: Final = 8


def register() -> None:
    """Add the screen."""
    screen("/meetings/{code}/minutes", title="会议纪要", permission=Permission.READ_MEETINGS)(minutes)


def starts(session: Session, asker: Caller, code: str) -> tuple[float, ...]:
    return sound.starts_of(session, asker, code)


async def minutes(view: View, code: str) -> None:
    found: MinutesOut = await view.witness(read_minutes, code=code)
    _head(code, found)
    sound.player(code, await view.ask(starts, view.asker, code))
    with ui.element("div").classes("columns"):
        with ui.element("div"):
            _decisions(found.decisions)
            _practices(found.practices)
        with ui.element("div"):
            _actions(view, found.actions)
            _chapters(found)


def _head(code: str, found: MinutesOut) -> None:
    with ui.element("div").classes("meeting-head"):
        with ui.element("div"):
            ui.label(found.institution).classes("lead")
            words = [KINDS[found.kind], THEMES[found.theme] if found.theme else ""]
            words.append(
                f"{found.started_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if found.started_at else ""
            )
            words += [f"主持人 {found.host}" if found.host else "", _attendance(found)]
            ui.label(" · ".join(word for word in words if word)).classes("soft")
            for title, said in (("主题", found.topic), ("目标", found.goal)):
                if said:
                    ui.label(f"{title}：{said}")
            if found.masked:
                ui.label("号码和客户姓名已隐去；“把握不大”的章节请核对。").classes("soft")
        with ui.element("div").classes("downloads no-print"):
            base = f"/api/v1/meetings/{code}/minutes"
            ui.html(
                f'<a href="{base}.docx" download>下载 Word</a>'
                f'<a href="{base}" download="{listing.escaped(code)}-minutes.json">下载 JSON</a>'
                f"{listing.link(f'/meetings/{code}', '看结论 ›')}",
                sanitize=False,
            ).classes("downloads")
            ui.button("发送…", icon="share").props("flat dense").on(
                "click", js_handler=f"() => hjShare({json.dumps(f'{base}.docx')}, {json.dumps(plain(found))})"
            )
    ui.add_body_html(f'<script src="{MOUNT}/assets/share.js"></script><div id="said" role="status"></div>')


def _attendance(found: MinutesOut) -> str:
    if found.due is None:
        return ""
    if found.present is None:
        return f"应到 {found.due} 人，实到未知"
    return f"应到 {found.due} 人，实到 {found.present} 人"


def _decisions(found: Sequence[Decision]) -> None:
    with parts.section("定了什么", "各章节里说得最清楚的目标、对策与总结"):
        if not found:
            parts.empty("没有听到明确的目标、对策或总结。")
        for chapter, said in groupby(found, key=lambda one: one.chapter):
            ui.label(CHAPTERS[chapter]).classes("heading").props("role=heading aria-level=3")
            for one in said:
                words = f"{one.speaker}：{one.text}" if one.speaker else one.text
                _drawn(one.start, Html(f'<span class="soft kind">{one.kind}</span>'), words)


def _practices(found: Sequence[PracticeMinutes]) -> None:
    with parts.section("优秀做法"):
        if not found:
            parts.empty("没有认出值得推广的做法。")
        for one in found:
            with ui.element("div").classes("finding"):
                ui.label(one.text)
                for quote in one.quotes:
                    _drawn(quote.start, sound.quotation(quote.text))


def _actions(view: View, found: Sequence[ActionMinutes]) -> None:
    with parts.section("行动项", "人 + 事 + 期限（R26）"):
        if not found:
            parts.empty("会上没有说定行动项。")
            return
        listing.folded(
            "行动项",
            [Column("事"), Column("人"), Column("期限"), Column("状态"), Column("")],
            [_action(view, one) for one in found],
            shown=SHOWN_ACTIONS,
            on_action=commitments.doing(view),
        )


def _action(view: View, one: ActionMinutes) -> list[object]:
    return [
        one.what,
        _whole(one.owner or "未说谁"),
        _whole(commitments.day_of(one.due_on)),
        commitments.state(one.state, confirmed=one.confirmed),
        commitments.acts(view, one.code, one.what, one.state, confirmed=one.confirmed),
    ]


def _whole(text: str) -> Html:
    return Html(f'<span class="whole">{listing.escaped(text)}</span>')


def _chapters(found: MinutesOut) -> None:
    with parts.section("经过"):
        for span in found.chapters:
            unsure = () if span.sure else (listing.badge(Status.WARN, "把握不大"),)
            _drawn(span.start, f"{span.label} {(span.end - span.start) / 60:.0f} 分钟", *unsure)


def _drawn(seconds: float, *words: str) -> None:
    ui.html(sound.heard(seconds, *words), sanitize=False)


def plain(found: MinutesOut) -> str:
    """The minutes as a short text to send on: what was settled, who does what by when."""
    day = f" {found.started_at.astimezone(SHANGHAI):%Y-%m-%d}" if found.started_at else ""
    lines = [f"{found.institution}{day} {KINDS[found.kind]}纪要"]
    lines += ["", "定了什么："] if found.decisions else []
    lines += [f"· 【{one.kind}】{one.text}" for one in found.decisions]
    lines += ["", "行动项："] if found.actions else []
    lines += [
        f"· {one.what}（{one.owner or '未说谁'}，{commitments.day_of(one.due_on)}）" for one in found.actions
    ]
    return "\n".join(lines)
