"""A meeting that should not count (entered twice, a test, a wrong recording), voided on its page."""

from __future__ import annotations

from nicegui import ui

from api.access import Permission
from api.console.calls import Answer, call
from api.console.dialogs import anew, deed, dialog, line, text_of
from api.console.frame import View
from api.meetings.schemas import MeetingDetail
from models.meetings.tables import MeetingState
from qa_pipeline.errors import InputError


def draw(view: View, held: MeetingDetail, *, inspected: bool) -> None:
    """The button for whoever may; what has a result, only those who review (`service.require_reviewer`)."""
    may = view.may(Permission.REVIEW) or (not inspected and view.may(Permission.PREPARE_MEETINGS))
    if may and held.state is not MeetingState.VOID:
        asks = ui.button("作废这场会议", icon="block", on_click=lambda: _ask(view, held.code))
        asks.props("outline").classes("no-print")


def _ask(view: View, code: str) -> None:
    with dialog("作废这场会议") as opened:
        told = (
            "重复登记、测试或传错了录音时才作废：不再计入召开和统计，不能恢复；真有这场会，须重新上传录音。"
        )
        ui.label(told).classes("soft")
        reason = line("作废原因")

        async def do() -> Answer:
            if text_of(reason) is None:
                raise InputError("请写明作废原因。")
            return await call(view, "POST", f"meetings/{code}/void", {"reason": text_of(reason)})

        deed(opened, "作废", do, anew, destroys=True)
