"""The parts of a meeting's recording on its page, and taking back one that belongs to another meeting."""

from __future__ import annotations

from dataclasses import dataclass

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts
from api.console.calls import Answer, call
from api.console.dialogs import anew, deed, dialog, line, text_of
from api.console.frame import View
from api.console.listing import Column, Html
from api.recordings import service
from api.recordings.schemas import PartOut, RecordingOut
from api.recordings.withdrawal import withdrawable
from models.meetings.tables import Meeting
from qa_pipeline.errors import InputError
from qa_pipeline.values.written import clock


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts, and the numbers of those that may be taken back."""

    recording: RecordingOut
    withdrawable: frozenset[int]


def read(session: Session, asker: Caller, held: Meeting) -> Shown:
    may = Permission.UPLOAD in asker.permissions
    return Shown(
        recording=service.shown(session, asker, held),
        withdrawable=frozenset(row.part for row in withdrawable(session, asker, held))
        if may
        else frozenset(),
    )


def draw(view: View, shown: Shown, *, inspected: bool) -> None:
    """Nothing for a single part that stays: the player says all of it."""
    found = shown.recording
    if not found.parts or (len(found.parts) == 1 and not shown.withdrawable):
        return

    def ask(_: str, code: str) -> None:
        _ask(view, found, next(one for one in found.parts if str(one.part) == code), inspected=inspected)

    with parts.section("录音", "传错会议的一段可以撤回" if shown.withdrawable else ""):
        listing.table(
            "录音分段",
            [Column("段"), Column("文件"), Column("时长", figures=True), Column("操作")],
            [_row(one, may=one.part in shown.withdrawable) for one in found.parts],
            on_action=ask,
        )


def _row(one: PartOut, *, may: bool) -> list[object]:
    name = f"第 {one.part} 段"
    began = f"{one.started_at:%m-%d %H:%M} 开始" if one.started_at else ""
    act = listing.action("withdraw", str(one.part), "撤回", subject=name) if may else Html("")
    return [name, listing.two_lines(one.file_name, began), clock(one.duration), act]


def _ask(view: View, found: RecordingOut, one: PartOut, *, inspected: bool) -> None:
    with dialog(f"撤回第 {one.part} 段录音") as opened:
        ui.label(one.file_name)
        ui.label(_told(len(found.parts), inspected=inspected)).classes("soft")
        reason = line("撤回原因")

        async def do() -> Answer:
            if text_of(reason) is None:
                raise InputError("请写明撤回原因。")
            path = f"meetings/{found.meeting}/recordings/{one.part}/withdraw"
            return await call(view, "POST", path, {"reason": text_of(reason)}, seen=found)

        deed(opened, "撤回", do, anew, destroys=True)


def _told(count: int, *, inspected: bool) -> str:
    """What will be."""
    if count == 1:
        return "这场会议不再有录音，质检随之取消；要恢复须重新上传。会议本身也登记错了的，请作废。"
    if inspected:
        return "其余录音仍属这场会议；结论依据了这一段的，随后按其余录音重新质检。要恢复须重新上传。"
    return "其余录音仍属这场会议，按它们质检。要恢复须重新上传。"
