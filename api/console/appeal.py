"""A manager's objection to a result: opened, followed and answered on the meeting's page."""

from __future__ import annotations

from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import parts
from api.console.calls import Answer, call
from api.console.dialogs import anew, deed, dialog, text_of, words
from api.console.frame import View
from api.reviews.endpoints import shown_appeal
from api.reviews.repository import AppealRepository
from api.reviews.schemas import AppealOut
from api.reviews.tables import AppealState
from models.base import SHANGHAI
from qa_pipeline.errors import InputError
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
            asks = ui.button("提出申诉", icon="gavel", on_click=lambda: _ask(view, code))
            asks.props("outline").classes("no-print")


def _ask(view: View, code: str) -> None:
    with dialog("提出申诉") as opened:
        ui.label("请写明哪一项不对、在录音的什么时候；质检人员会复听并答复。").classes("soft")
        reason = words("申诉理由")

        async def do() -> Answer:
            if text_of(reason) is None:
                raise InputError("请写明申诉理由。")
            return await call(view, "POST", f"meetings/{code}/appeals", {"reason": text_of(reason)})

        deed(opened, "提交申诉", do, anew)
