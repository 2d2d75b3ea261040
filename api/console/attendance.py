"""Who came to a meeting: told on its page, and filled in from the list of those due (R9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts
from api.console.calls import Answer, call, did
from api.console.dialogs import anew, choice, deed, dialog, line, texts_of
from api.console.frame import View
from api.console.people import number_of
from api.meetings import service
from api.meetings.schemas import MeetingDetail, SheetOut, SheetRow
from api.meetings.scorecard_schemas import ScorecardOut
from api.problems import Conflict, Forbidden
from models.meetings.tables import MeetingState, Presence

PLACE: Final = "attendance"
PRESENCES: Final[Mapping[str, str]] = {
    "": "未登记",
    Presence.ON_SITE: "现场",
    Presence.REMOTE: "线上",
    Presence.LEAVE: "请假",
    Presence.ABSENT: "缺席",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """Who came, and whether the asker may change it; ``closed``: why nobody may now, to those who could."""

    shown: SheetOut
    open: bool
    closed: str = ""


def read(session: Session, asker: Caller, meeting: MeetingDetail) -> Sheet | None:
    """None for a meeting that was not held."""
    if meeting.state is not MeetingState.HELD:
        return None
    shown = service.sheet(session, asker, meeting.code)
    try:
        service.require_recorder(session, asker, service.meeting(session, asker, meeting.code))
    except Conflict as refusal:
        records = asker.permissions & {Permission.PREPARE_MEETINGS, Permission.REVIEW}
        return Sheet(shown, open=False, closed=str(refusal) if records else "")
    except Forbidden:
        return Sheet(shown, open=False)
    return Sheet(shown, open=True)


def draw(view: View, found: Sheet, card: ScorecardOut | None, *, heard: bool) -> None:
    """``card``: the result shown, made with the attendance that was known then; ``heard``: there is a
    recording, so that it can be judged anew."""
    sheet = found.shown
    recorded = any(row.presence is not None for row in sheet.rows)
    with parts.section("签到", "应到的是当天在职的主管及以上（R9）", place=PLACE):
        if recorded:
            parts.status(sheet.status, f"参会率 {listing.percent(sheet.rate)}")
            ui.label(
                f"应到 {sheet.due} 人，实到 {sheet.present} 人；现场率 {listing.percent(sheet.on_site_rate)}"
            )
            for sentence in _others(sheet.rows):
                ui.label(sentence).classes("soft")
        else:
            parts.empty(f"应到 {sheet.due} 人，还没有登记签到。")
        # What a person decided is not judged anew by the machine.
        undecided = card is not None and card.is_current and card.review is None
        stale = undecided and card is not None and card.attendance_changed is True
        if stale:
            ui.label("现有结论的“到人”不是按这份签到作出的，重新判定后才按它。").classes("soft")
        if found.closed:
            ui.label(found.closed).classes("soft")
        with ui.row().classes("no-print"):
            if found.open:
                fill = ui.button("登记签到", icon="how_to_reg", on_click=lambda: _fill(view, sheet.meeting))
                fill.props("outline")
            if stale and heard and view.may(Permission.UPLOAD):
                again = ui.button(
                    "按签到重新判定", icon="refresh", on_click=lambda: _judge(view, sheet.meeting)
                )
                again.props("outline")


def _others(rows: Sequence[SheetRow]) -> list[str]:
    """Those due who did not come, and guests."""

    def names(which: Presence | None) -> str:
        return "、".join(row.name for row in rows if row.due and row.presence is which)

    guests = "、".join(row.name for row in rows if not row.due)
    told = {
        f"请假：{names(Presence.LEAVE)}": names(Presence.LEAVE),
        f"缺席：{names(Presence.ABSENT)}": names(Presence.ABSENT),
        f"未登记：{names(None)}": names(None),
        f"列席：{guests}": guests,
    }
    return [sentence for sentence, somebody in told.items() if somebody]


async def _judge(view: View, meeting: str) -> None:
    said = "已排队重新判定，完成后“到人”按签到更新。"
    await did(view, "POST", "jobs", said=said, body={"meeting": meeting})


async def _fill(view: View, meeting: str) -> None:
    seen = await view.ask(service.sheet, view.asker, meeting)
    with dialog("登记签到", wide=True) as opened:
        boxes: dict[str, Any] = {}
        if seen.rows:
            with ui.row():
                ui.button("没登记的都记为现场", on_click=lambda: _all_came(boxes)).props("flat")
        with ui.element("div").classes("presences"):
            for row in seen.rows:
                name = row.name if row.due else f"{row.name}（列席）"
                boxes[row.person] = choice(f"{name} {row.person}", dict(PRESENCES), row.presence or "")
        guests = line("列席的工号或姓名（用、隔开）")

        async def do() -> Answer:
            rows = {person: box.value for person, box in boxes.items() if box.value}
            for text in texts_of(guests):
                rows.setdefault(await view.ask(number_of, view.asker, text), Presence.ON_SITE)
            body = {"rows": [{"person": one, "presence": how} for one, how in rows.items()]}
            return await call(view, "PUT", f"meetings/{meeting}/attendance", body, seen=seen)

        deed(opened, "保存", do, anew)


def _all_came(boxes: dict[str, Any]) -> None:
    for box in boxes.values():
        box.value = box.value or Presence.ON_SITE
