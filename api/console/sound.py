"""The sound of a meeting, the words that were said in it, and the proofs that lead from one to the other."""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller
from api.console import MOUNT, listing, parts
from api.console.listing import Html
from api.meetings.scorecard_schemas import EvidenceOut
from models.meetings.recordings import RecordingRepository
from qa_pipeline.names import CHAPTERS
from qa_pipeline.values.transcript import Utterance
from qa_pipeline.values.vocabulary import Chapter, Status
from qa_pipeline.values.written import clock

PLAY: Final = '<i class="q-icon notranslate material-icons" aria-hidden="true">play_arrow</i>'
_MOMENT: Final = re.compile(r"(?:(\d+):)?(\d{2}):(\d{2})(?= 说到「)")
ITEM_STATUS: Final = {
    "full": (Status.PASS, "得满分"),
    "partial": (Status.WARN, "部分得分"),
    "missed": (Status.FAIL, "未得分"),
    "unknown": (Status.UNKNOWN, "未知"),
    "not_applicable": (Status.UNKNOWN, "不适用"),
}


def starts_of(session: Session, asker: Caller, code: str) -> tuple[float, ...]:
    """Where each part of the recording begins, seconds; () without a recording."""
    recorded = RecordingRepository(session, within=asker.within).check(code).parts
    lengths = [part.duration for part in recorded]
    return tuple(itertools.accumulate(lengths, initial=0.0))[:-1] if lengths else ()


def player(code: str, starts: Sequence[float]) -> None:
    """The player; ``hjSeek(seconds)`` plays from there in the right part (assets/sound.js)."""
    if not starts:
        parts.empty("没有可播放的录音。")
        return
    address = f"/api/v1/meetings/{code}/recordings/"
    ui.html(
        f'<audio id="sound" controls preload="none" src="{address}1/audio" aria-label="会议录音" '
        f'data-address="{address}" data-starts="{json.dumps(list(starts))}"></audio>',
        sanitize=False,
    ).classes("player")
    ui.add_body_html(f'<script src="{MOUNT}/assets/sound.js"></script>')


def at_button(seconds: float, icon: str = "") -> Html:
    """A button that plays from there (assets/sound.js); what it shows is the time."""
    at = clock(seconds)
    return Html(
        f'<button type="button" class="at" data-at="{seconds}" aria-label="从 {at} 播放">{icon}{at}</button>'
    )


def heard(seconds: float | None, *words: object) -> Html:
    """What was said or happened, beside a button that plays it where the moment is known."""
    button = "" if seconds is None else at_button(seconds, PLAY)
    return Html(f'<div class="proof">{button}{"".join(map(listing.escaped, words))}</div>')


def pointed(advice: str) -> Html:
    """Advice, in which the moments that it points at (12:31 说到「…」) are buttons that play them."""

    def button(found: re.Match[str]) -> str:
        hours, minutes, seconds = found.groups("0")
        return at_button((int(hours) * 60 + int(minutes)) * 60 + int(seconds))

    return Html(_MOMENT.sub(button, html.escape(advice)))


def proof(found: EvidenceOut) -> Html:
    """A quotation and a button that plays it."""
    return heard(found.start, quotation(found.quote))


def quotation(text: str) -> Html:
    return Html(f'<span class="quote">“{html.escape(text)}”</span>')


def transcript(utterances: Sequence[Utterance], borders: Mapping[int, Chapter] | None = None) -> str:
    """The lines as HTML; ``borders``: number of the line with which a chapter begins."""
    begins = borders or {}
    lines = "".join(
        _line(number, utterance, begins.get(number)) for number, utterance in enumerate(utterances)
    )
    return f'<ol class="transcript">{lines}</ol>'


def _line(number: int, spoken: Utterance, begins: Chapter | None) -> str:
    speaker = html.escape(spoken.speaker or "")
    chapter = f' data-chapter="{begins.value}" data-border="{CHAPTERS[begins]}"' if begins else ""
    doubt = ' <em class="soft">（可能凭空生成）</em>' if spoken.phantom else ""
    return (
        f'<li class="line" data-line="{number}" data-start="{spoken.start}" data-end="{spoken.end}"{chapter}>'
        f"{at_button(spoken.start)}<span>{speaker}</span><p>{html.escape(spoken.text)}{doubt}</p></li>"
    )
