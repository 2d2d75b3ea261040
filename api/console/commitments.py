"""What meetings agreed on, wherever it is listed: confirmed or put right, and closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, when
from api.console.calls import Answer, call
from api.console.dialogs import anew, choice, day, deed, dialog, line, text_of, words
from api.console.frame import View
from api.console.listing import Html
from api.console.people import number_of
from api.fields import existing
from api.meetings.actions import shown_action
from api.meetings.repository import ActionListRepository
from api.meetings.schemas import ActionOut
from api.organisation.service import today
from models.meetings.actions import ActionRepository
from models.meetings.tables import ActionState
from qa_pipeline.errors import InputError
from qa_pipeline.report.wording import DOUBTED
from qa_pipeline.values.vocabulary import Status

STATES: Final = {
    ActionState.OPEN: (Status.WARN, "未了结", "hourglass_empty"),
    ActionState.KEPT: (Status.PASS, "已兑现", "check_circle"),
    ActionState.BROKEN: (Status.FAIL, "未兑现", "cancel"),
    ActionState.DROPPED: (Status.UNKNOWN, "已取消", "block"),
}


def state(which: ActionState, *, confirmed: bool, doubtful: bool = False) -> Html:
    """``confirmed``: a person said so; not only heard by the machine, which may be ``doubtful`` of it."""
    heard = "" if confirmed else f"<small>{DOUBTED if doubtful else '待确认'}</small>"
    return Html(f"<span>{listing.badge(*STATES[which])}{heard}</span>")


def day_of(due: date | None) -> str:
    """Its day, with the year where that is not this one."""
    if due is None:
        return "未说期限"
    return f"{due:%m-%d}" if due.year == today().year else f"{due:%Y-%m-%d}"


def acts(view: View, code: str, what: str, which: ActionState, *, confirmed: bool) -> Html:
    """The buttons of a row; none for who may not, or where it is closed."""
    if which is not ActionState.OPEN or not view.may(Permission.PREPARE_MEETINGS):
        return Html("")
    buttons = (("confirm", "更正" if confirmed else "确认"), ("close", "了结"))
    each = (listing.action(name, code, said, subject=what) for name, said in buttons)
    return Html(f"<span>{listing.joined(each)}</span>")


def doing(view: View) -> Callable[[str, str], Awaitable[None]]:
    """What a table with such buttons does when one is pressed."""

    async def act(name: str, code: str) -> None:
        one = await view.ask(_one, view.asker, code)
        (_close if name == "close" else _confirm)(view, one)

    return act


def _one(session: Session, asker: Caller, code: str) -> ActionOut:
    """As it stands now; raises NotFound."""
    existing(ActionRepository(session, within=asker.within).get, code)
    return shown_action(ActionListRepository(session, within=asker.within).action(code))


def add(view: View, meeting: str) -> None:
    """One that nobody heard, or that was settled afterwards."""
    with dialog("添加行动项") as opened:
        what = words("做什么")
        who = line("责任人的工号或姓名（可不填）")
        due = day("期限（可不填）")

        async def do() -> Answer:
            body = {"meeting": meeting, "what": _said(what), "owner": await _owner(view, text_of(who))}
            return await call(view, "POST", "actions", body | {"due_on": when.given(due)})

        deed(opened, "添加", do, anew)


def _confirm(view: View, one: ActionOut) -> None:
    confirmed = one.confirmed_at is not None
    with dialog("更正行动项" if confirmed else "确认行动项") as opened:
        what = words("做什么", one.what)
        who = line("责任人的工号或姓名", one.owner or "")
        if one.who and not one.owner:
            ui.label(f"会上说的责任人：{one.who}。").classes("soft")
        due = day("期限", one.due_on or "")

        async def do() -> Answer:
            body = {"what": _said(what), "owner": await _owner(view, text_of(who))}
            path = f"actions/{quote(one.code)}/confirm"
            return await call(view, "POST", path, body | {"due_on": when.given(due)})

        ui.label("责任人、期限留空为不变；改了内容则另记一条，原来的一条记为已取消。").classes("soft")
        deed(opened, "保存" if confirmed else "确认", do, anew)


def _close(view: View, one: ActionOut) -> None:
    with dialog("了结行动项") as opened:
        ui.label(one.what)
        results = {key: word for key, (_, word, _) in STATES.items() if key is not ActionState.OPEN}
        result = choice("结果", results, ActionState.KEPT)
        on = day("哪天", today())
        ui.label("了结后不能再改；期限之后才兑现的不算按期。").classes("soft")

        async def do() -> Answer:
            body = {"state": result.value, "on": when.required(on)}
            return await call(view, "POST", f"actions/{quote(one.code)}/close", body)

        deed(opened, "了结", do, anew)


def _said(box: Any) -> str:
    """Raises InputError."""
    if (text := text_of(box)) is None:
        raise InputError("请写明做什么。")
    return text


async def _owner(view: View, text: str | None) -> str | None:
    """Raises InputError for none or several of that name."""
    return None if text is None else await view.ask(number_of, view.asker, text)
