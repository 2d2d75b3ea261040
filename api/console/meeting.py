"""One meeting: the verdict with its reasons, and every proof a click away from its sound."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.audit import note_meeting
from api.console import (
    MOUNT,
    appeal,
    attendance,
    commitments,
    following,
    gates,
    history,
    listing,
    parts,
    recordings,
    sound,
    voiding,
)
from api.console.frame import View, screen
from api.console.history import History
from api.console.listing import Column, Html, escaped
from api.jobs.schemas import JobOut
from api.jobs.tables import ACTIVE
from api.meetings import scorecards, service, versions
from api.meetings.actions import actions
from api.meetings.repository import VersionRepository
from api.meetings.schemas import ActionOut, MeetingDetail
from api.meetings.scorecard_schemas import EvidenceOut, FindingOut, ItemOut, ScorecardOut
from api.reviews.schemas import AppealOut
from models.meetings.tables import ActionState, FindingKind, MeetingState
from qa_pipeline.names import CHAPTERS, DIMENSIONS, INDICATORS, KINDS, THEMES
from qa_pipeline.report.wording import amount
from qa_pipeline.values.transcript import Utterance
from qa_pipeline.values.vocabulary import Chapter, Dimension, Likeness, Status
from qa_pipeline.values.written import clock, in_short, points

SHOWN_PROOFS: Final = 3
SHOWN_ACTIONS: Final = 8
MOST_ACTIONS: Final = 200
PLACES: Final = {
    "advice": "下次怎么提高",
    "items": "逐项得分",
    "actions": "行动项",
    "transcript": "文字稿",
}
"""Parts of the screen that a phone leads to from its top."""
OPENS: Final = '<i class="q-icon notranslate material-icons opens" aria-hidden="true">expand_more</i>'
COLOURS: Final = dict(
    zip(
        Chapter,
        ("#5c7690", "#2f6fb2", "#2f6fb2", "#2b7a52", "#94591a", "#7a5fb0", "#35727e", "#5c7690", "#66717c"),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws, read in one transaction."""

    meeting: MeetingDetail
    sheet: attendance.Sheet | None
    """None for a meeting that was not held."""
    card: ScorecardOut | None
    job: JobOut | None
    """The newest inspection."""
    whole: dict[str, Any]
    recordings: recordings.Shown
    starts: tuple[float, ...]
    """Where each part of the recording begins, seconds; () without a recording."""
    utterances: tuple[Utterance, ...]
    actions: tuple[ActionOut, ...]
    """What is open first."""
    history: History | None
    appeals: tuple[AppealOut, ...]


def register() -> None:
    """Add the screen."""
    screen("/meetings/{code}", title="会议", permission=Permission.READ_MEETINGS)(meeting)


def read(
    session: Session, request: Request, asker: Caller, code: str, version: int | None, compare: int | None
) -> Shown:
    """``version`` None: the current one; ``compare``: with this one. Notes what is seen, as the API does.

    Raises NotFound for a meeting that the asker does not see and for a version that it does not have.
    """
    held = service.meeting(session, asker, code)
    none_wanted = version is None and compare is None
    card = (
        VersionRepository(session).one(held.id, None)
        if none_wanted
        else scorecards.found(session, held, version)
    )
    text = versions.latest(session, held.id)
    detail = service.detail(session, asker, code)
    shown = Shown(
        meeting=detail,
        sheet=attendance.read(session, asker, detail),
        card=scorecards.full(session, asker, held, card) if card else None,
        job=following.newest(session, asker, code),
        whole=card.result if card else {},
        recordings=recordings.read(session, asker, held),
        starts=sound.starts_of(session, asker, code),
        utterances=versions.masked(versions.transcript_of(text)).utterances if text else (),
        actions=_agreed(session, asker, code),
        history=history.read(session, asker, code, before=compare, after=card.version) if card else None,
        appeals=appeal.read(session, asker, code),
    )
    if card is not None:
        note_meeting(session, request, asker, held, "scorecard.read", version=card.version)
        if text is not None:
            note_meeting(session, request, asker, held, "transcript.read", version=text.version, full=False)
    return shown


def _agreed(session: Session, asker: Caller, code: str) -> tuple[ActionOut, ...]:
    found = actions(session, asker, meeting=code, limit=MOST_ACTIONS)
    return tuple(sorted(found.items, key=lambda one: one.state is not ActionState.OPEN))


async def meeting(view: View, code: str, version: int | None = None, compare: int | None = None) -> None:
    shown = await view.witness(read, code=code, version=version, compare=compare)
    _head(view, code, shown)
    if shown.card is None:
        if shown.meeting.state is MeetingState.VOID:
            return
        following.draw(view, code, shown.job, inspected=False)
        if shown.sheet is not None:
            attendance.draw(view, shown.sheet, None, heard=False)
        recordings.draw(view, shown.recordings, inspected=False)
        voiding.draw(view, shown.meeting, inspected=False)
        return
    if shown.job is not None and shown.job.state in ACTIVE:
        following.draw(view, code, shown.job, inspected=True)
    sound.player(code, shown.starts)
    _timeline(code, shown.card)
    with ui.element("div").classes("columns"):
        with ui.element("div"):
            _advice(shown.card)
            _items(shown.card)
        with ui.element("div"):
            gates.parted(shown.card)
            _copies(shown.card)
            if shown.sheet is not None:
                attendance.draw(view, shown.sheet, shown.card, heard=bool(shown.starts))
            _dimensions(shown.whole)
            _findings(shown.card)
            _actions(view, code, shown.actions)
            _figures(shown.whole.get("figures", []))
            _talk(shown.utterances)
    appeal.draw(view, code, shown.appeals)
    _transcript(shown.utterances)
    if shown.history is not None:
        history.draw(code, shown.card, shown.history)
    _downloads(code, shown.card)
    recordings.draw(view, shown.recordings, inspected=True)
    voiding.draw(view, shown.meeting, inspected=True)


def _head(view: View, code: str, shown: Shown) -> None:
    held, card = shown.meeting, shown.card
    with ui.element("div").classes("meeting-head"):
        with ui.element("div"):
            ui.label(held.institution_name).classes("lead")
            words = [KINDS[held.kind], THEMES[held.theme] if held.theme else ""]
            words.append(f"{held.started_at:%Y-%m-%d %H:%M}" if held.started_at else "时间未登记")
            ui.label(" · ".join(word for word in words if word)).classes("soft")
            if card is not None:
                onward = [listing.link(f"/meetings/{code}/minutes", "会议纪要 ›")]
                if view.may(Permission.REVIEW):
                    onward.append(listing.link(f"/reviews/{code}", "复核 ›"))
                ui.html(listing.joined(onward), sanitize=False).classes("downloads no-print")
            if held.state is MeetingState.VOID:
                void = ui.label("这场会议已作废，不计入召开和统计。")
                void.classes("outdated").props("role=note")
        if card is None:
            return
        with ui.element("div").classes("verdict"):
            parts.verdict(card.verdict)
            parts.score(card)
    ui.label(history.told(card)).classes("soft" if card.is_current else "outdated").props("role=note")
    if card.attendance_changed:
        told = f'<a href="#{attendance.PLACE}">签到</a>在这一版之后改过：“到人”和结论仍按原来的签到。'
        ui.html(told, sanitize=False).classes("outdated").props("role=note")
    reasons = shown.whole.get("compliance", {})
    with ui.element("dl").classes("verdicts"):
        for name, title in (("on_time", "按时"), ("on_roster", "到人"), ("on_quality", "达标")):
            with ui.element("div"):
                with ui.element("dt"):
                    ui.label(title)
                    parts.status(getattr(card, name))
                _why(getattr(card, name), in_short(reasons.get(name, {}).get("reason", ""), card.criticals))
    gates.criticals(card)
    gates.listen(card)
    links = "".join(f'<a href="#{place}">{title}</a>' for place, title in PLACES.items())
    ui.html(links, sanitize=False, tag="nav").classes("jumps no-print").props('aria-label="本页内容"')


def _why(verdict: Status, reason: str) -> None:
    """The reason of a verdict; what passed opens on a phone when it is asked for."""
    passed = verdict is Status.PASS
    fold = '<details class="settled"><summary>依据</summary></details>' if passed else ""
    ui.html(f'{fold}<div class="soft">{escaped(reason)}</div>', sanitize=False, tag="dd").classes(
        "folds" if passed else ""
    )


def _copies(card: ScorecardOut) -> None:
    """What was taken from other meetings; the other one is named to whoever may see it."""
    if not card.copies:
        return
    with parts.section("录音重复", "同一段声音、同一份文字不能算两场会"):
        for copy in card.copies:
            same = "同一段录音" if copy.kind is Likeness.SOUND else "同一份文字"
            stretch = f"{clock(copy.start)}–{clock(copy.end)}"
            with ui.element("div").classes("finding"):
                if copy.meeting is None:
                    ui.label(f"{stretch} 与另一家机构的会议是{same}。")
                    continue
                ui.label(f"{stretch} 与会议 {copy.meeting} 是{same}。")
                ui.link("打开那场会议", f"{MOUNT}/meetings/{copy.meeting}")


def _timeline(code: str, card: ScorecardOut) -> None:
    """The chapters under the waveform, which spans the same time (assets/wave.js)."""
    if not card.chapters:
        return
    first, last = card.chapters[0].start, max(span.end for span in card.chapters)
    with parts.section("章节", "点一处即从那里播放"):
        address = f"/api/v1/meetings/{code}/waveform"
        ui.html(
            f'<canvas id="wave" class="wave" hidden aria-hidden="true" data-address="{address}" '
            f'data-first="{first}" data-last="{last}"></canvas>',
            sanitize=False,
        ).classes("w-full")
        ui.add_body_html(f'<script src="{MOUNT}/assets/wave.js"></script>')
        _chapters(card, last - first)


def _chapters(card: ScorecardOut, whole: float) -> None:
    pieces = []
    for span in card.chapters:
        share = (span.end - span.start) / max(1.0, whole)
        name = CHAPTERS[span.chapter]
        told = f"{name} {clock(span.start)}–{clock(span.end)}，把握 {span.confidence:.0%}"
        pieces.append(
            f'<button type="button" title="{told}" aria-label="{told}" data-at="{span.start}" '
            f'style="flex:{share:.4f};background:{COLOURS[span.chapter]}">'
            f"<span>{name if share > 0.07 else ''}</span></button>"
        )
    ui.html("".join(pieces), sanitize=False).classes("timeline")


def _dimensions(whole: dict[str, Any]) -> None:
    with parts.section("三个维度"):
        for dimension, points in whole.get("dimensions", {}).items():
            parts.bar(points["score"], points["max"], DIMENSIONS[Dimension(dimension)])


def _advice(card: ScorecardOut) -> None:
    advice = [finding for finding in card.findings if finding.kind == FindingKind.ADVICE]
    with parts.section(PLACES["advice"], "按能多得的分排列", place="advice"):
        if not advice:
            parts.empty("没有失分项需要建议。")
        _drawn(
            f'<div class="advice"><div class="number">{number}</div><div>{_told(finding)}</div></div>'
            for number, finding in enumerate(advice, 1)
        )


def _items(card: ScorecardOut) -> None:
    with parts.section(PLACES["items"], "展开看依据", place="items"):
        _drawn(map(_item, card.items))


def _item(item: ItemOut) -> str:
    value, word = sound.ITEM_STATUS[item.status]
    figures = "—" if item.score is None else f"{points(item.score)} / {points(item.max)}"
    body = [f"<div>{escaped(item.reason)}</div>"] if item.reason else []
    body += map(sound.proof, item.evidence[:SHOWN_PROOFS])
    if not item.evidence:
        body.append('<div class="soft">没有找到依据。</div>')
    if item.suggestion:
        body.append(f'<div class="soft">建议：{sound.pointed(item.suggestion)}</div>')
    return (
        f'<details class="item"><summary class="item-head"><span>{escaped(item.id)} '
        f"{escaped(item.label)}</span>"
        f'{listing.badge(value, word)}<span class="figures">{figures}</span>{OPENS}</summary>'
        f'<div class="item-body">{"".join(body)}</div></details>'
    )


def _findings(card: ScorecardOut) -> None:
    for kind, title, none in (
        (FindingKind.PRACTICE, "优秀实践", "没有认出值得推广的做法。"),
        (FindingKind.ISSUE, "问题", "没有发现典型问题。"),
    ):
        with parts.section(title):
            found = [finding for finding in card.findings if finding.kind == kind]
            if not found:
                parts.empty(none)
            _drawn(f'<div class="finding">{_told(finding)}</div>' for finding in found)


def _told(finding: FindingOut) -> Html:
    told = f"<div>{sound.pointed(finding.text)}</div>"
    if finding.start is not None and finding.quote:
        told += sound.proof(EvidenceOut(start=finding.start, end=finding.end, quote=finding.quote))
    return Html(told)


def _actions(view: View, code: str, actions: Sequence[ActionOut]) -> None:
    with parts.section(PLACES["actions"], "会上说定的人、事、期限", place="actions"):
        if view.may(Permission.PREPARE_MEETINGS):
            with ui.row().classes("no-print"):
                add = ui.button("添加行动项", icon="add", on_click=lambda: commitments.add(view, code))
                add.props("outline")
        if not actions:
            parts.empty("会上没有说定行动项。")
            return
        listing.folded(
            "行动项",
            [Column("事"), Column("状态"), Column("")],
            [_action(view, one) for one in sorted(actions, key=lambda one: one.doubtful)],
            shown=SHOWN_ACTIONS,
            on_action=commitments.doing(view),
        )


def _action(view: View, one: ActionOut) -> list[object]:
    who, due = one.owner_name or one.who or "未说谁", one.due_on or "未说期限"
    confirmed = one.confirmed_at is not None
    told = listing.two_lines(one.what, f"{who} · {due}")
    return [
        told if one.start is None else listing.joined([sound.at_button(one.start), told]),
        commitments.state(one.state, confirmed=confirmed, doubtful=one.doubtful),
        commitments.acts(view, one.code, one.what, one.state, confirmed=confirmed),
    ]


def _figures(compared: Sequence[dict[str, Any]]) -> None:
    """What was said beside the indicators' figures, what differs first; nothing where none were compared."""
    if not compared:
        return
    with parts.section("数字核对", "会上说的与系统里的相比；不符也可能是口径不同"):
        _drawn(map(_figure, sorted(compared, key=lambda one: bool(one["agrees"]))))


def _figure(one: dict[str, Any]) -> str:
    name, unit = INDICATORS[one["indicator"]]
    in_percent = 0.01 if unit == "%" else 1.0
    said, given = (amount(one[which] * in_percent, unit) for which in ("said", "given"))
    state = listing.badge(Status.PASS, "一致") if one["agrees"] else listing.badge(Status.WARN, "不符")
    return (
        f'<div class="finding"><div>{escaped(one["owner"])} {escaped(name)}</div>'
        f'<div class="compared"><span class="soft">会上说 {said}，系统 {given}</span>{state}</div>'
        f"{sound.proof(EvidenceOut.model_validate(one['evidence']))}</div>"
    )


def _drawn(pieces: Iterable[str]) -> None:
    """As one element: what is said of a meeting may be hundreds of lines."""
    ui.html("".join(pieces), sanitize=False).classes("w-full")


def _talk(utterances: Sequence[Utterance]) -> None:
    """Talk shares by speaker; without speakers there is nothing to draw."""
    spoken: defaultdict[str, float] = defaultdict(float)
    for utterance in utterances:
        if utterance.speaker:
            spoken[utterance.speaker] += utterance.end - utterance.start
    if len(spoken) < 2:
        return
    with parts.section("谁在说"):
        total = sum(spoken.values())
        for speaker, seconds in sorted(spoken.items(), key=lambda pair: -pair[1]):
            parts.share(seconds / total, speaker)


def _transcript(utterances: Sequence[Utterance]) -> None:
    with parts.section(PLACES["transcript"], "电话、证件、卡号已隐去", place="transcript"):
        if not utterances:
            parts.empty("还没有文字稿。")
            return
        ui.input("查找").props("dense outlined clearable type=search").classes("find no-print").on(
            "update:model-value",
            js_handler="""(text) => document.querySelectorAll('.line').forEach(line =>
              line.hidden = !!text && !line.textContent.includes(text))""",
        )
        ui.html(sound.transcript(utterances), sanitize=False)


def _downloads(code: str, card: ScorecardOut) -> None:
    base = f"/api/v1/meetings/{code}/scorecards/{card.version}"
    with parts.section(
        "下载与版本", f"第 {card.version} 版，{card.made_at:%Y-%m-%d %H:%M}，量规 {card.rubric}"
    ):
        with ui.element("div").classes("downloads no-print"):
            for title, address in (
                ("报告（HTML）", f"{base}/report.html"),
                ("表格（XLSX）", f"{base}/report.xlsx"),
                ("字幕（SRT）", f"/api/v1/meetings/{code}/transcript/file?form=srt"),
            ):
                ui.html(f'<a href="{address}" target="_blank">{title}</a>', sanitize=False)
            # The report is laid out for A4; every browser's print dialog makes a PDF of it.
            ui.button("打印或存为 PDF").props("flat dense no-caps icon=print").on(
                "click",
                js_handler=f"() => {{ const report = window.open({json.dumps(f'{base}/report.html')});"
                " report.addEventListener('load', () => report.print()); }",
            )
        for warning in card.warnings:
            ui.label(warning).classes("soft")
