"""What a person should hear first when the machine is not sure: one passage, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qa_pipeline.names import ACTS, CHAPTERS
from qa_pipeline.rubric.heard import Heard
from qa_pipeline.rubric.loader import Rubric
from qa_pipeline.values.chapters import LikelyChapter
from qa_pipeline.values.findings import Evidence
from qa_pipeline.values.scorecard import Critical, ItemScore, Listen
from qa_pipeline.values.vocabulary import MANDATED, Chapter, MeetingKind, Seconds

UNSURE: Final = "（机器拿不准，不否决，请人听过再定）"
"""What ends the reason of a gate that only froze the result because it is doubtful."""
BEFORE: Final[Seconds] = 5.0
AFTER: Final[Seconds] = 15.0
"""Of the passage around a quote: what was asked, and what came of it."""


def first(
    rubric: Rubric,
    heard: Heard,
    items: Sequence[ItemScore],
    criticals: Sequence[Critical],
    *,
    straddling: bool,
) -> Listen | None:
    """The passage that decides most: what froze the result, else of the item with the greatest doubt in
    points. None where the result stands by itself."""
    gate = next((critical for critical in criticals if critical.review), None)
    if gate is not None:
        return _gate(heard, gate)
    if not straddling or any(not critical.review for critical in criticals):
        return None
    whole = sum(item.max for item in items if item.level is not None)
    doubts = [
        (rubric.band.swing * item.max * (1 - item.confidence) * 100 / whole, item)
        for item in items
        if item.level is not None
    ]
    if not doubts:
        return None
    swing, item = max(doubts, key=lambda one: one[0])
    return _item(heard, item, round(swing, 1))


def _gate(heard: Heard, gate: Critical) -> Listen | None:
    lacking = _lacking(heard) if gate.reason.endswith(UNSURE) else None
    if lacking is None and gate.evidence:
        start, end = _around(heard, gate.evidence[0])
        return Listen(id=gate.id, start=start, end=end, reason=f"「{gate.label}」是否属实，由这段原话定")
    if lacking is None:
        return None
    name, minutes = CHAPTERS[lacking.chapter], lacking.seconds / 60
    return Listen(
        id=gate.id,
        start=lacking.start,
        end=lacking.end,
        reason=f"没有单独的「{name}」，但按概率约有 {minutes:.0f} 分钟像是{name}：请听这段算不算",
    )


def _lacking(heard: Heard) -> LikelyChapter | None:
    """The mandated chapter that no span holds and that is most likely there all the same."""
    held = {span.chapter for span in heard.chapters.spans}
    wanted = MANDATED[heard.facts.kind or MeetingKind.WEEKLY_REVIEW]
    missing = [
        one
        for one in heard.chapters.likely
        if one.chapter in wanted and one.chapter not in held and one.chapter != Chapter.EXCELLENCE_SHARING
    ]
    return max(missing, key=lambda one: one.seconds, default=None)


def _item(heard: Heard, item: ItemScore, swing: float) -> Listen | None:
    doubt = f"「{item.label}」只有 {item.confidence:.0%} 的把握，能让能量值变动约 {swing:.1f} 分"
    if item.evidence:
        proof = min(item.evidence, key=lambda one: heard.certainty(one.utterance))
        start, end = _around(heard, proof)
        acts = heard.findings.readings[proof.utterance].acts
        read = f"机器把这句读作{ACTS[acts[0][0]]}（把握 {acts[0][1]:.0%}），" if acts else ""
        return Listen(id=item.id, start=start, end=end, reason=f"{doubt}：{read}请听是否算数", swing=swing)
    spans = heard.chapters.spans
    if not spans:
        return None
    least = min(spans, key=lambda span: span.confidence)
    told = (
        f"{doubt}，没有找到原话：请听最拿不准的一段（{CHAPTERS[least.chapter]}，把握 {least.confidence:.0%}）"
    )
    return Listen(id=item.id, start=least.start, end=least.end, reason=told, swing=swing)


def _around(heard: Heard, proof: Evidence) -> tuple[Seconds, Seconds]:
    return max(0.0, proof.start - BEFORE), min(heard.transcript.duration, proof.end + AFTER)
