"""The bench: one screen to listen, read along and decide (assets/bench.js holds the keys and the edits)."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.audit import note_meeting
from api.console import MOUNT, appeal, gates, listing, parts, sound
from api.console.calls import did
from api.console.frame import View, drafts_of, screen
from api.console.queue import REASONS
from api.meetings import scorecards, service, versions
from api.meetings.kept import inspection_of
from api.meetings.schemas import MeetingDetail
from api.meetings.scorecard_schemas import ItemOut, ScorecardOut
from api.meetings.tables import KeptInspection
from api.reviews import service as reviews
from api.reviews.endpoints import shown_review
from api.reviews.repository import ReviewRepository
from api.reviews.schemas import AppealOut, ReviewOut, Why
from api.reviews.tables import AppealState, ReviewState
from models.base import SHANGHAI
from models.meetings.tables import Scorecard
from qa_pipeline.names import ACTS, CHAPTERS, KINDS, VERDICTS
from qa_pipeline.values.transcript import Utterance
from qa_pipeline.values.vocabulary import Act, Chapter, Status, Verdict, chapters_of
from qa_pipeline.values.written import points

STEPS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The levels that the keys 1-5 give an item, as shares of its maximum."""
SHOWN_PROOFS: Final = 6
BESIDE: Final = {"on_time": "按时", "on_roster": "到人"}
"""What the verdict rests on beside the items."""
KEYS: Final = (
    ("空格", "播放 / 暂停"), ("← / →", "后退 / 前进 5 秒"), (", / .", "放慢 / 加快"),
    ("j / k", "下一句 / 上一句"), ("e", "改这一句的文字"), ("s", "改说话人"), ("c", "从这一句起换章节"),
    ("Shift+字母", "加上或去掉这一句的标签（字母见各标签）"),
    ("a", "这一句标签无误，转到下一句"), ("Shift+A", "取消这一句的核对"),
    ("Ctrl+Z", "退一步（未保存的改动、确认和改分）"),
    ("w", "保存文字稿的改动"), ("↓ / ↑", "下一项 / 上一项"), ("1–5", "给当前项打分（0、25、50、75、100%）"),
    ("Enter", "确认当前项，转到下一项"), ("d", "去写决定"), ("t", "领取本场"), ("n", "队列中的下一场"),
    ("?", "打开 / 关闭本说明"),
)  # fmt: skip
ACT_KEYS: Final[Mapping[Act, str]] = {
    Act.ASK: "T", Act.PROBE: "Z", Act.CHECK: "H", Act.CAUSE: "Y", Act.MEASURE: "D", Act.COMMIT: "C",
    Act.FOLLOWUP: "G", Act.PRACTICE: "F", Act.RECOGNIZE: "R", Act.EVADE: "B", Act.SUMMARY: "J", Act.GOAL: "M",
    Act.DATA: "S",
}  # fmt: skip
"""With Shift; the initial of 提, 追, 核, 因, 对, 承, 跟, 法, 认, 避, 结, 目 and 数 in their names."""


@dataclass(frozen=True, slots=True)
class Bench:
    """All that the screen draws, read in one transaction."""

    meeting: MeetingDetail
    card: ScorecardOut
    why: tuple[Why, ...]
    review: ReviewOut | None
    """The open one of the current result, else the one that made it."""
    appeals: tuple[AppealOut, ...]
    starts: tuple[float, ...]
    text_version: int | None
    utterances: tuple[Utterance, ...]
    borders: Mapping[int, Chapter]
    drawn: bool
    """Whether people set the borders of this text."""
    reasons: Mapping[str, str]
    """Why 按时 and 到人 came out as they did."""
    read: tuple[tuple[Act, ...], ...] | None
    """What each utterance does as the result has it; None where the result is of another text."""
    acts: Mapping[int, tuple[Act, ...]]
    """What people set utterances to do in this text."""
    outdated: bool
    """The transcript was put right after the result was made."""


def register() -> None:
    """Add the screen."""
    screen("/reviews/{code}", title="复核", permission=Permission.REVIEW)(bench)


def read(session: Session, request: Request, asker: Caller, code: str) -> Bench:
    """Notes what is seen, as the API does.

    Raises NotFound for a meeting that the asker does not see or that has no result.
    """
    held = service.meeting(session, asker, code)
    card = scorecards.found(session, held, None)
    text = versions.latest(session, held.id)
    utterances = versions.masked(versions.transcript_of(text)).utterances if text else ()
    set_by_hand = text.borders if text else None
    shown = Bench(
        meeting=service.detail(session, asker, code),
        card=scorecards.full(session, asker, held, card),
        why=_why(session, asker, code, card, held.started_at),
        review=_review(session, asker, code, card.version),
        appeals=tuple(one for one in appeal.read(session, asker, code) if one.state is AppealState.OPEN),
        starts=sound.starts_of(session, asker, code),
        text_version=text.version if text else None,
        utterances=utterances,
        borders={one["first"]: Chapter(one["chapter"]) for one in set_by_hand}
        if set_by_hand
        else _borders(card, utterances),
        drawn=bool(set_by_hand),
        reasons={name: card.result["compliance"][name]["reason"] for name in BESIDE},
        read=_read(session, card, len(utterances)),
        acts={doing.utterance: doing.acts for doing in versions.acts_of(text)} if text else {},
        outdated=text is not None and text.base_version is not None and text.edited_at > card.made_at,
    )
    note_meeting(session, request, asker, held, "scorecard.read", version=card.version)
    if text is not None:
        note_meeting(session, request, asker, held, "transcript.read", version=text.version, full=False)
    return shown


def _why(session: Session, asker: Caller, code: str, card: Scorecard, at: Any) -> tuple[Why, ...]:
    day = (at or card.made_at).astimezone(SHANGHAI).date()
    rows = reviews.queue(session, asker, below=None, first=day, last=day)
    return next((tuple(row.why) for row in rows if row.meeting == code), ())


def _review(session: Session, asker: Caller, code: str, version: int) -> ReviewOut | None:
    rows = ReviewRepository(session, within=asker.within).page(
        meeting=code, state=None, reviewer_id=None, cursor=None, limit=20
    )
    found = [one for one in map(shown_review, rows) if one.state is not ReviewState.RELEASED]
    opened = (one for one in found if one.state is not ReviewState.DECIDED)
    made = (one for one in found if one.result_version == version)
    return next(opened, None) or next(made, None)


def _borders(card: Scorecard, utterances: tuple[Utterance, ...]) -> dict[int, Chapter]:
    """Where the machine's chapters begin, as numbers of lines; the first line always bears one."""
    found: dict[int, Chapter] = {}
    for span in sorted(card.chapters, key=lambda one: one.start):
        first = next((n for n, line in enumerate(utterances) if line.start >= span.start - 0.01), None)
        if first is not None:
            found[0 if not found else first] = span.chapter
    return found


def _read(session: Session, card: Scorecard, utterances: int) -> tuple[tuple[Act, ...], ...] | None:
    if session.get(KeptInspection, card.id) is None:
        return None
    readings = inspection_of(session, card).findings.readings
    found = tuple(tuple(act for act in Act if one.does(act)) for one in readings)
    return found if len(found) == utterances else None


async def bench(view: View, code: str, why: str = "", below: str = "") -> None:
    found = await view.witness(read, code=code)
    review = found.review
    mine = review is not None and review.reviewer == view.asker.actor
    deciding = mine and review is not None and review.state is ReviewState.TAKEN
    ui.add_body_html(
        f"<script>window.hjBench = {_script(view, found, deciding, why, below)}</script>"
        f'<script src="{MOUNT}/assets/asking.js"></script><script src="{MOUNT}/assets/bench.js"></script>'
    )
    _head(found, code)
    _state(view, found, mine=mine)
    with ui.element("div").classes("bench"):
        with ui.element("section").classes("section bench-text").props('aria-label="录音与文字稿"'):
            sound.player(code, found.starts)
            edits = _edits(view, found)
            ui.html(_tools(found, edits=edits), sanitize=False)
            if edits:
                ui.html(_acts(known=found.read is not None), sanitize=False)
            if found.utterances:
                ui.html(sound.transcript(found.utterances, found.borders), sanitize=False)
            else:
                parts.empty("还没有文字稿。")
        with ui.element("section").classes("section bench-items").props('aria-label="逐项确认与决定"'):
            ui.html(_items(found.card.items, deciding=deciding), sanitize=False)
            if deciding:
                ui.html(_decision(found), sanitize=False)
            elif review is not None and review.state is ReviewState.PROPOSED and not mine:
                _second(view, review)
    ui.html(_dialogs(), sanitize=False)


def _edits(view: View, found: Bench) -> bool:
    """Whoever reads a meeting that somebody else is reviewing does not change its text under their hands."""
    review = found.review
    other = review is not None and review.state is ReviewState.TAKEN and review.reviewer != view.asker.actor
    return view.may(Permission.EDIT_TRANSCRIPTS) and bool(found.utterances) and not other


def _script(view: View, found: Bench, deciding: bool, why: str, below: str) -> str:
    given = {
        "meeting": found.card.meeting, "csrf": view.csrf, "mount": MOUNT, "deciding": deciding,
        "review": found.review.code if found.review else None, "card": found.card.version,
        "draft": f"{drafts_of(view)}bench {found.card.meeting}",
        "text": found.text_version, "edits": _edits(view, found), "drawn": found.drawn,
        "queue": {key: value for key, value in (("why", why), ("below", below)) if value},
        "chapters": {chapter.value: CHAPTERS[chapter] for chapter in chapters_of(found.meeting.kind)},
        "steps": STEPS, "line": float(found.card.pass_line), "fails": _fails(found.card),
        "acts": _given_acts(found),
    }  # fmt: skip
    return json.dumps(given, ensure_ascii=False).replace("</", "<\\/")


def _fails(card: ScorecardOut) -> bool:
    """Whether something else than the points fails the meeting."""
    return bool(card.criticals) or Status.FAIL in {getattr(card, name) for name in BESIDE}


def _given_acts(found: Bench) -> dict[str, Any]:
    """``read``: the acts of each line, null where nobody can say so (see ``versions.edit``)."""
    said = [not line.phantom and bool(line.text.strip()) for line in found.utterances]
    read = found.read or ((),) * len(said)
    return {
        "names": ACTS, "keys": {key: act for act, key in ACT_KEYS.items()}, "set": found.acts,
        "read": [acts if real else None for acts, real in zip(read, said, strict=True)],
    }  # fmt: skip


def _head(found: Bench, code: str) -> None:
    held, card = found.meeting, found.card
    with ui.element("div").classes("meeting-head"):
        with ui.element("div"):
            ui.html(listing.link(f"/meetings/{code}", held.institution_name), sanitize=False).classes("lead")
            at = f"{held.started_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if held.started_at else "时间未登记"
            ui.label(f"{KINDS[held.kind]} · {at} · 第 {card.version} 版").classes("soft")
            with ui.element("div").classes("reasons"):
                for one in found.why:
                    value, word, told = REASONS[one]
                    with ui.element("span").props(f'title="{told}"'):
                        parts.status(value, word)
                if not found.why:
                    ui.label("不在待复核之列，仍可查看和复核。").classes("soft")
        with ui.element("div").classes("verdict"):
            parts.verdict(card.verdict)
            parts.score(card)
    with ui.element("div").classes("beside"):
        for name, title in BESIDE.items():
            with ui.element("div").classes("reasons"):
                ui.label(title)
                parts.status(getattr(card, name))
                if getattr(card, name) is not Status.PASS:
                    ui.label(found.reasons[name]).classes("soft")
    gates.criticals(card)
    gates.listen(card)
    gates.parted(card)
    for objection in found.appeals:
        with ui.element("div").classes("outdated"):
            ui.label(f"申诉（{objection.opened_by}）：{objection.reason}")


def _state(view: View, found: Bench, *, mine: bool) -> None:
    """Whose turn it is, and what can be done with the meeting now."""
    review = found.review
    with ui.element("div").classes("turn"):
        if review is None:
            words = ["尚无人复核：领取后可以改分并决定。"]
        elif review.state is ReviewState.DECIDED:
            words = [f"{review.reviewer} 已复核并作出第 {review.result_version} 版；再次领取可以重新决定。"]
        elif review.state is ReviewState.PROPOSED:
            words = ["您的决定在等第二人意见。" if mine else f"{review.reviewer} 已决定，等第二人意见。"]
        elif mine:
            words = ["由您复核。"]
        else:
            words = [f"{review.reviewer} 正在复核，您只能查看。"]
        if review is not None and review.second_agrees is False:
            words.append(f"第二人 {review.second} 不同意：{review.second_reason}")
        if found.outdated:
            words.append("文字稿在评分之后改过，可以重新评分。")
        if _by_other_attendance(found.card):
            words.append("签到在评分之后改过，“到人”仍按原来的签到，可以重新评分。")
        with ui.element("div"):
            for sentence in words:
                ui.label(sentence)
        buttons = []
        if review is None or review.state is ReviewState.DECIDED:
            buttons.append(_do("take", "领取", "t"))
        elif mine:
            buttons.append(_do("release", "释放"))
        outdated = found.outdated or _by_other_attendance(found.card)
        buttons.append(_do("rescore", "重新评分", hidden=not outdated))
        buttons += [_do("next", "下一场", "n"), _do("help", "快捷键", "?")]
        ui.html("".join(buttons), sanitize=False).classes("turn-buttons no-print")
    for one in found.appeals if view.may(Permission.REVIEW) else ():
        if one.opened_by != view.asker.actor:
            _answer(view, one)


def _by_other_attendance(card: ScorecardOut) -> bool:
    """What a person decided stays as it is."""
    return card.attendance_changed is True and card.review is None


def _do(name: str, words: str, key: str = "", *, hidden: bool = False) -> str:
    told, state = f" <kbd>{key}</kbd>" if key else "", " hidden" if hidden else ""
    return f'<button type="button" class="act" data-do="{name}"{state}>{words}{told}</button>'


def _tools(found: Bench, *, edits: bool) -> str:
    version = f"文字稿第 {found.text_version} 版" if found.text_version else ""
    speed = f"{_do('slower', '慢些', ',')}{_do('faster', '快些', '.')}" if found.starts else ""
    changes = (("text", "改文字", "e"), ("speaker", "改说话人", "s"), ("border", "改章节", "c"))
    each = "".join(_do(*change) for change in changes) if edits else ""
    line = f'<span class="bench-line" role="group" aria-label="选中的一句">{each}</span>' if edits else ""
    machine = _do("unborder", "章节由机器划分", hidden=not found.drawn) if edits else ""
    return (
        '<div class="bench-tools"><label><input type="checkbox" id="follow" checked> 跟随播放</label>'
        f'<span id="rate" class="soft">1.0 倍速</span>{speed}{line}{machine}'
        f'<span id="text-version" class="soft">{version}</span><span id="pending" class="soft"></span>'
        f"{_do('save', '保存改动', 'w', hidden=True)}{_do('drop', '放弃改动', hidden=True)}"
        f"{_do('undo', '退一步', 'Ctrl+Z', hidden=True)}</div>"
    )


def _acts(*, known: bool) -> str:
    """What the chosen line does, to be switched on and off; only who saw what was read can call it right."""
    switches = "".join(
        f'<button type="button" class="act" data-act="{act}" aria-pressed="false">{name} '
        f"<kbd>{ACT_KEYS[act]}</kbd></button>"
        for act, name in ACTS.items()
    )
    rest = _do("rest", "其余各句都无误") if known else ""
    return (
        f'<div class="bench-acts" role="group" aria-label="选中一句的标签">{switches}'
        f"{_do('right', '标签无误', 'a')}{_do('open', '取消核对', 'A')}{rest}"
        '<span id="gone-through" class="soft" '
        'title="核对过的句子可供训练语句模型；全部核对过的会议才用来比较"></span></div>'
    )


def _items(items: list[ItemOut], *, deciding: bool) -> str:
    rows = "".join(_item(item, deciding=deciding) for item in items)
    return (
        '<h2 class="heading">逐项确认 <span id="confirmed" class="soft"></span></h2>'
        f'<ol class="judgements">{rows}</ol>'
    )


def _item(item: ItemOut, *, deciding: bool) -> str:
    value, word = sound.ITEM_STATUS[item.status]
    score = "—" if item.score is None else points(item.score)
    proofs = "".join(map(sound.proof, item.evidence[:SHOWN_PROOFS]))
    reason = f"<p>{html.escape(item.reason)}</p>" if item.reason else ""
    given = "" if item.score is None else f' data-score="{item.score}"'
    return (
        f'<li data-item="{html.escape(item.id)}" data-max="{item.max}"{given}>'
        f'<button type="button" class="item-head" aria-expanded="false">'
        f"<span>{html.escape(item.id)} {html.escape(item.label)}</span>{listing.badge(value, word)}"
        f'<span class="figures"><span class="given">{score}</span> / {item.max:g}</span>'
        f'<i class="q-icon notranslate material-icons tick" aria-hidden="true"></i></button>'
        f'<div class="item-body">{reason}'
        f"{proofs or '<p class=soft>没有找到依据。</p>'}{_levels(item) if deciding else ''}</div></li>"
    )


def _levels(item: ItemOut) -> str:
    name = f"{html.escape(item.id)} {html.escape(item.label)}"
    buttons = "".join(
        f'<button type="button" data-level="{step}" aria-pressed="false" '
        f'aria-label="{name} 改为 {item.max * step:g} 分">{item.max * step:g}</button>'
        for step in STEPS
    )
    return (
        f'<div class="levels" role="group" aria-label="{name} 的得分">{buttons}'
        f'<input type="number" class="points" min="0" max="{item.max:g}" step="0.1" '
        f'aria-label="{name} 的分数">'
        '<button type="button" class="act" data-machine>用机器的分</button>'
        '<button type="button" class="act" data-confirm>确认 <kbd>Enter</kbd></button></div>'
        '<label class="why" hidden>改分理由（必填）<input type="text" maxlength="1000" '
        f'aria-label="{name} 的改分理由"></label>'
    )


def _decision(found: Bench) -> str:
    choices = "".join(
        f'<label><input type="radio" name="verdict" value="{value}"'
        f"{' checked' if value == found.card.verdict else ''}> {VERDICTS[value]}</label>"
        for value in (Verdict.QUALIFIED, Verdict.NOT_QUALIFIED)
    )
    return (
        '<form id="decision" class="decision">'
        '<h2 class="heading">决定 <span id="energy" class="soft"></span></h2>'
        f'<div role="radiogroup" aria-label="结论">{choices}</div>'
        '<label>理由<textarea id="reason" rows="3" maxlength="2000"></textarea></label>'
        '<label><input type="checkbox" id="second"> 请第二人复核（改变合格与否时必经第二人）</label>'
        '<p id="refused" class="negative" role="alert"></p>'
        '<button type="submit" class="act main">提交决定 <kbd>Ctrl+Enter</kbd></button></form>'
    )


def _second(view: View, review: ReviewOut) -> None:
    with ui.element("div").classes("decision"):
        ui.label("第二人意见").props("role=heading aria-level=2").classes("heading")
        verdict = VERDICTS[review.verdict] if review.verdict else ""
        ui.label(f"{review.reviewer} 决定：{verdict}。理由：{review.reason}")
        for one in review.overrides:
            ui.label(f"{one.item} 改为 {one.score:g} 分：{one.reason}").classes("soft")
        reason = ui.textarea("您的理由").props("outlined autogrow maxlength=2000").classes("w-full")

        async def say(agrees: bool) -> None:
            said = "已同意，决定生效。" if agrees else "已退回，由第一人重新决定。"
            body = {"agrees": agrees, "reason": (reason.value or "").strip() or ("同意" if agrees else "")}
            if not body["reason"]:
                ui.notify("不同意时请写明理由。", type="warning")
            elif await did(view, "POST", f"reviews/{review.code}/second", said=said, body=body):
                ui.navigate.reload()

        with ui.row():
            ui.button("同意", on_click=lambda: say(True))
            ui.button("不同意，退回", on_click=lambda: say(False)).props("outline")


def _answer(view: View, one: AppealOut) -> None:
    """Upheld only after a new decision: the service says so in words when it is too early."""
    with ui.expansion("答复申诉").classes("item"):
        words = ui.textarea("答复").props("outlined autogrow maxlength=2000").classes("w-full")

        async def say(upheld: bool) -> None:
            body = {"upheld": upheld, "answer": (words.value or "").strip()}
            if not body["answer"]:
                ui.notify("请写明答复。", type="warning")
            elif await did(view, "POST", f"appeals/{one.code}/answer", said="已答复。", body=body):
                ui.navigate.reload()

        with ui.row():
            ui.button("申诉不成立", on_click=lambda: say(False)).props("outline")
            ui.button("申诉成立", on_click=lambda: say(True))


def _dialogs() -> str:
    keys = "".join(f"<dt><kbd>{key}</kbd></dt><dd>{told}</dd>" for key, told in KEYS)
    return (
        '<dialog id="keys" aria-label="快捷键"><h2 class="heading">快捷键</h2>'
        f'<dl class="keys">{keys}</dl><p class="soft">输入文字时快捷键不起作用。</p>'
        '<form method="dialog"><button class="act">关闭</button></form></dialog>'
        '<dialog id="editor" aria-labelledby="editor-title"><form method="dialog">'
        '<h2 class="heading" id="editor-title"></h2><div id="editor-fields"></div>'
        '<div class="editor-buttons"><button type="button" class="act" data-do="again">重听这一句</button>'
        '<button type="button" class="act" data-do="close">取消</button>'
        '<button type="submit" class="act main" value="keep">记下</button></div></form></dialog>'
        '<div id="said" role="status" aria-live="polite"></div>'
    )
