"""Who held what when: told in a table, appointed and ended in dialogs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui

from api.console import listing, people, standing, when
from api.console.calls import Answer, call
from api.console.dialogs import anew, day, deed, dialog, line, text_of
from api.console.frame import View
from api.console.listing import Html
from api.organisation.schemas import Standing
from api.organisation.service import today
from qa_pipeline.values.vocabulary import Status

STATES: Final = {
    Standing.CURRENT: (Status.PASS, "在任", "check_circle"),
    Standing.ENDED: (Status.UNKNOWN, "已卸任", "history"),
    Standing.COMING: (Status.WARN, "未到任", "schedule"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """Who held an office when; ``what``: the role, or the code of the sales office."""

    what: str
    code: str
    name: str
    valid_from: date
    valid_to: date | None


def person_link(term: Term) -> Html:
    name = listing.link(f"{people.PATH}/{quote(term.code)}", term.name)
    return listing.two_lines(name, term.code)


def held(term: Term) -> Html:
    return standing.badge(STATES, term.valid_from, term.valid_to)


def period(first: date, last: date | None) -> str:
    return f"{first} 起，至 {last}" if last else f"{first} 起"


def appoint(
    view: View,
    title: str,
    note: str,
    words: str,
    *,
    ask: Callable[[dict[str, Any]], Awaitable[Answer]],
    until: bool = False,
) -> None:
    with dialog(title) as opened:
        who = line("工号或姓名", first=True)
        on = day("生效日", today())
        ends = day("授权终止日（不填为长期）") if until else None
        ui.label(note).classes("soft")

        async def do() -> Answer:
            person = await view.ask(people.number_of, view.asker, text_of(who) or "")
            body = {"person": person, "on": when.required(on)}
            return await ask(body | ({"until": when.given(ends)} if ends else {}))

        deed(opened, words, do, anew)


def ending(view: View, title: str, path: str, note: str) -> None:
    with dialog(title) as opened:
        on = day("撤销日（首个不再有效的日期）", today())
        ui.label(note).classes("soft")

        async def do() -> Answer:
            return await call(view, "POST", path, {"on": when.required(on)})

        deed(opened, "撤销", do, anew, destroys=True)
