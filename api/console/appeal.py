"""A manager's objection to a result: opened, followed and answered on the meeting's page."""

from __future__ import annotations

from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import parts
from api.console.calls import did
from api.console.frame import View
from api.reviews.endpoints import shown_appeal
from api.reviews.repository import AppealRepository
from api.reviews.schemas import AppealOut
from api.reviews.tables import AppealState
from models.base import SHANGHAI
from qa_pipeline.values.vocabulary import Status

SHOWN: Final = 20
STATES: Final = {
    AppealState.OPEN: (Status.WARN, "等待答复"),
    AppealState.UPHELD: (Status.PASS, "申诉成立"),
    AppealState.REJECTED: (Status.FAIL, "申诉不成立"),
}


def read(session: Session, asker: Caller, code: str) -> tuple[AppealOut, ...]:
    """Appeals of the meeting, newest first."""
    rows = AppealRepository(session, within=asker.within).page(
        meeting=code, state=None, below=None, cursor=None, limit=SHOWN
    )
    return tuple(map(shown_appeal, rows[:SHOWN]))


def draw(view: View, code: str, appeals: tuple[AppealOut, ...]) -> None:
    """What was objected and answered; the button for whoever may object while nothing is open."""
    may = view.may(Permission.APPEAL)
    if not (may or appeals):
        return
    with parts.section("申诉", "对当前结论有异议时提出，由质检人员答复"):
        for one in appeals:
            state, word = STATES[one.state]
            with ui.element("div").classes("finding"):
                parts.status(state, word)
                ui.label(f"申诉第 {one.version} 版：{one.reason}")
                ui.label(f"{one.opened_by} · {one.opened_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}").classes(
                    "soft"
                )
                if one.answer and one.answered_at:
                    ui.label(f"答复：{one.answer}")
                    answered = f"{one.answered_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
                    ui.label(f"{one.answered_by} · {answered}").classes("soft")
        if may and not any(one.state is AppealState.OPEN for one in appeals):
            _button(view, code)


def _button(view: View, code: str) -> None:
    with ui.dialog().props('aria-label="提出申诉"') as dialog, ui.card().classes("form"):
        ui.label("对当前结论提出申诉").props("role=heading aria-level=2").classes("heading")
        ui.label("请写明哪一项不对、在录音的什么时候；质检人员会复听并答复。").classes("soft")
        reason = ui.textarea("申诉理由").props("outlined autogrow maxlength=2000").classes("w-full")
        refused = ui.label().classes("negative").props("role=alert")

        async def send() -> None:
            if not (reason.value or "").strip():
                refused.text = "请写明申诉理由。"
                return
            if await did(
                view, "POST", f"meetings/{code}/appeals",
                said="申诉已提交，答复会显示在本页。", body={"reason": reason.value.strip()},
            ):  # fmt: skip
                dialog.close()
                ui.navigate.reload()

        with ui.row():
            ui.button("提交申诉", on_click=send)
            ui.button("取消", on_click=dialog.close).props("flat")
    ui.button("提出申诉", icon="gavel", on_click=dialog.open).props("outline").classes("no-print")
