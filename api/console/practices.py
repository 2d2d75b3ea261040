"""What meetings do well: which practices are found most, and each with its words, its sound and its card."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import quote

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import MOUNT, listing, parts, sound, when, where
from api.console.frame import View, screen
from api.console.listing import Column, Field
from api.fields import in_order
from api.meetings.practices import counted, lines
from api.meetings.repository import PracticeRepository
from api.meetings.schemas import PracticeKindOut, PracticeOut
from api.organisation.service import subtree_of, today
from api.pages import page
from qa_pipeline.values.written import clock

PATH: Final = "/practices"
A_PAGE: Final = 30
EACH: Final = 3
"""So many of every kind are shown before one is chosen."""
DAYS: Final = 92
"""The last so many days are looked at unless others are asked for."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The kinds found, a page of practices, and the institutions to choose from."""

    kinds: tuple[PracticeKindOut, ...]
    practices: tuple[PracticeOut, ...]
    """Of the kind that was chosen; else the newest of every kind."""
    further: str | None
    institutions: where.Offered


def register() -> None:
    """Add the screen."""
    screen(PATH, title="优秀做法", permission=Permission.READ_MEETINGS)(practices)


def read(
    session: Session,
    asker: Caller,
    *,
    first: date,
    last: date,
    below: str | None,
    text: str | None,
    cursor: str | None,
) -> Shown:
    """Kinds of most meetings first; practices newest first. Raises NotFound for a strange ``below``."""
    part = subtree_of(session, asker, below)
    path = part.path if part else None
    repository = PracticeRepository(session, within=asker.within)
    if text is None:
        rows, further = repository.newest(first=first, last=last, below=path, each=EACH), None
    else:
        found = repository.page(first=first, last=last, below=path, text=text, cursor=cursor, limit=A_PAGE)
        rows, further = page(found, A_PAGE, lambda row: [row[1].started_at, row[0].id])
    return Shown(
        kinds=tuple(counted(session, asker, first=first, last=last, below=below)),
        practices=tuple(lines(repository, rows)),
        further=further,
        institutions=where.offered(session, asker, below),
    )


async def practices(
    view: View, first: str = "", last: str = "", below: str = "", text: str = "", cursor: str = ""
) -> None:
    end = when.day(last, today())
    begin = when.day(first, end - timedelta(days=DAYS))
    in_order(begin, end)
    found = await view.ask(
        read,
        view.asker,
        first=begin,
        last=end,
        below=below or None,
        text=text or None,
        cursor=cursor or None,
    )
    asked = {"first": f"{begin}", "last": f"{end}", "below": below}
    with parts.section("哪些做法最多", "会议多的在前"):
        options = {
            "": "全部",
            **{one.text: one.text for one in found.kinds},
            **({text: text} if text else {}),
        }
        fields = [
            Field("first", "首日", f"{begin}", when.Kind.DAY),
            Field("last", "末日", f"{end}", when.Kind.DAY),
            Field("below", "机构", below, found.institutions),
            Field("text", "做法", text, options=options),
        ]
        listing.filters(PATH, fields)
        if not found.kinds:
            parts.empty("这段时间的会议里没有认出值得推广的做法：换一段时间或一家机构再看。")
            return
        listing.table(
            "做法",
            [Column("做法"), Column("会议", figures=True), Column("机构", figures=True),
             Column("最近一次", figures=True)],
            [_kind(one, asked) for one in found.kinds],
            dense=True,
        )  # fmt: skip
    if view.may(Permission.PLAY_RECORDINGS) and any(map(_heard, found.practices)):
        ui.html(
            '<audio id="sound" controls preload="none" aria-label="做法的录音"></audio>', sanitize=False
        ).classes("player")
    ui.add_body_html(
        f'<script src="{MOUNT}/assets/share.js"></script><script src="{MOUNT}/assets/clips.js"></script>'
        '<div id="said" role="status"></div>'
    )
    if text:
        with parts.section(text, "新的在前", place="chosen"):
            if not found.practices:
                parts.empty("这段时间没有这种做法：换一段时间或一家机构，或看全部做法。")
            _draw(view, found.practices)
            listing.further(PATH, found.further, place="chosen", text=text, **asked)
        return
    for kind in found.kinds:
        with parts.section(kind.text, f"{kind.meetings} 场会议 · {kind.institutions} 家机构"):
            _draw(view, [one for one in found.practices if one.text == kind.text])
            if kind.meetings > EACH:
                all_of_it = listing.link(
                    PATH, f"全部 {kind.meetings} 场 ›", place="chosen", text=kind.text, **asked
                )
                ui.html(all_of_it, sanitize=False).classes("more no-print")


def _kind(one: PracticeKindOut, asked: dict[str, str]) -> list[object]:
    return [
        listing.link(PATH, one.text, place="chosen", text=one.text, **asked),
        one.meetings,
        one.institutions,
        listing.whole(one.last_on),
    ]


def _draw(view: View, found: Sequence[PracticeOut]) -> None:
    """What is said of how to spread it stands once where it is the same for those that follow."""
    before = None
    for one in found:
        told = one.suggestion if one.suggestion != before else None
        before = one.suggestion
        ui.html(_practice(view, one, told), sanitize=False).classes("finding")


def _heard(one: PracticeOut) -> bool:
    return one.recorded and one.start is not None


def _practice(view: View, one: PracticeOut, suggestion: str | None) -> str:
    name = f"{one.institution_name} {one.held_on}"
    base = f"/api/v1/meetings/{quote(one.meeting)}/practices/{one.number}"
    title = html.escape(f"发送实践卡 {name}")
    meeting = listing.link(f"/meetings/{one.meeting}", one.institution_name)
    head = (
        f'<div class="turn"><span class="more">{meeting} '
        f'<span class="soft whole">{one.held_on}</span></span>'
        f'<button type="button" class="act no-print" data-card="{base}/card" aria-label="{title}">'
        "发送…</button></div>"
    )
    told = f'<div class="soft">{html.escape(suggestion)}</div>' if suggestion else ""
    if one.quote is None:
        return head + told
    words = sound.quotation(one.quote)
    if one.start is None or not (_heard(one) and view.may(Permission.PLAY_RECORDINGS)):
        at = f'<span class="soft">{clock(one.start)}</span>' if one.start is not None else ""
        return f'{head}<div class="proof">{at}{words}</div>{told}'
    at = clock(one.start)
    play = (
        f'<button type="button" class="at" data-clip="{base}/audio" data-title="{html.escape(name)}" '
        f'aria-label="从 {at} 播放 {html.escape(name)}">{sound.PLAY}{at}</button>'
    )
    return f'{head}<div class="proof">{play}{words}</div>{told}'
