"""The score of a meeting that was read twice: what agrees counts, what does not is for a person.

The rubric scores each reading by itself. The levels that a language model would give have no say in the
score: they can only widen the band or call a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from qa_pipeline.rubric import Rubric, score
from qa_pipeline.rubric.scorer import Answer, nearest, status, straddles, tallied
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Evidence, Findings
from qa_pipeline.values.reader import Disagreement, ReaderChoice, ReaderReport, SecondReading
from qa_pipeline.values.scorecard import Critical, ItemScore, Listen, Scorecard
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Seconds

APART: Final = 0.5
"""Levels that lie so far apart are a disagreement: two steps of five."""
DOUBT: Final = 0.5
"""How sure an item is whose level the readers see so differently."""
GATE: Final = "READERS"
SHOWN: Final = 5
AFTER: Final[Seconds] = 15.0
"""Of the passage to hear: what came of the words that are quoted."""
SCORED: Final = ("item", "critical")
"""What a disagreement is about that came about by scoring, and does again with another rubric."""


def settled(
    rubric: Rubric,
    *,
    transcript: Transcript,
    chapters: Chapters,
    findings: Findings,
    facts: MeetingFacts,
    report: ReaderReport,
    second: SecondReading | None = None,
    judge: Answer | None = None,
) -> tuple[Scorecard, ReaderReport]:
    """Score a meeting by one rubric, whoever read it, and name what the readers disagree on.

    With a ``second`` reading an item's level is the mean of the two where they lie near, else the first one's
    and doubtful; a critical of one reading alone freezes the result instead of failing the meeting. The band
    is stretched to the scores of the single readings, and to the score that the model's own levels would give
    where they lie far from the rubric's. Where that makes it straddle the pass line, or the readings do not
    confirm one another, a person has to look: reason and passages are given.
    """

    def scored(by: Chapters, found: Findings, judge: Answer | None) -> Scorecard:
        return score(rubric, transcript=transcript, chapters=by, findings=found, facts=facts, judge=judge)

    first = card = scored(chapters, findings, judge)
    if report.used is ReaderChoice.LOCAL:
        return card, report
    disputes: tuple[Disagreement, ...] = ()
    edges = [*card.band]
    if second is not None:
        other = scored(second.chapters, second.findings, None)
        card, disputes = _agreed(card, other, rubric)
        edges += [first.energy_score, other.energy_score, *card.band]
    card, more = _doubted(card, report)
    edges.append(_as_the_model_has_it(card, report))
    band = (round(max(0.0, min(edges)), 2), round(min(100.0, max(edges)), 2))
    kept = tuple(d for d in report.disagreements if d.about not in SCORED)
    report = replace(report, disagreements=(*disputes, *more, *kept))
    stretched = replace(card, band=band)
    told = [report.review] if report.review else []
    if straddles(stretched) and not straddles(first):
        told.append(f"按不同读法能量值在合格线两侧（{band[0]:g}–{band[1]:g}）")
    fails = band[1] < card.pass_line or any(not c.review for c in card.criticals)
    if told and not (fails and report.used is ReaderChoice.BOTH):
        reason = "；".join(told) + "，请听所列段落后裁定"
        gate = Critical(
            id=GATE, label="两种读法不一致", reason=reason, evidence=_passages(report), review=True
        )
        listen = card.listen or _to_hear(report)
        stretched = replace(stretched, criticals=(*stretched.criticals, gate), listen=listen)
    return stretched, report


def _to_hear(report: ReaderReport) -> Listen | None:
    """The first passage of what tells most."""
    for one in _telling(report):
        if one.evidence:
            proof = one.evidence[0]
            return Listen(id=GATE, start=proof.start, end=proof.end + AFTER, reason=one.reason)
    return None


def _passages(report: ReaderReport) -> tuple[Evidence, ...]:
    """What to hear, the chapters first: they decide most."""
    proof = {e.utterance: e for d in _telling(report) for e in d.evidence}
    return tuple(proof.values())[:SHOWN]


def _telling(report: ReaderReport) -> list[Disagreement]:
    told = [d for d in report.disagreements if d.about in ("chapter", *SCORED)]
    return sorted(told, key=lambda d: d.about != "chapter")


# ---------------------------------------------------------------- two readings


def _agreed(first: Scorecard, other: Scorecard, rubric: Rubric) -> tuple[Scorecard, tuple[Disagreement, ...]]:
    """One card of two, as wide as the first, and where they part."""
    items, disputes = list[ItemScore](), list[Disagreement]()
    for item, one, two in zip(rubric.items, first.items, other.items, strict=True):
        if one.level is None or two.level is None:
            items.append(one)
        elif abs(one.level - two.level) >= APART:
            told = f"按本地读法是 {one.level:.2f} 档，按语言模型的读法是 {two.level:.2f} 档"
            items.append(_unsure(one, told))
            proof = (one if one.level > two.level else two).evidence
            disputes.append(
                Disagreement(about="item", id=one.id, reason=f"{one.label}：{told}", evidence=proof)
            )
        else:
            level = nearest((one.level + two.level) / 2, rubric.step_of(item))
            items.append(_at(one, two, level))
    criticals = tuple(_gates(first, other, disputes))
    energy, dimensions = tallied(items, first.dimensions)
    moved = energy - first.energy_score
    low, high = first.band
    card = replace(
        first,
        energy_score=energy,
        band=(low + moved, high + moved),
        dimensions=dimensions,
        items=tuple(items),
        criticals=criticals,
    )
    return card, tuple(disputes)


def _at(one: ItemScore, two: ItemScore, level: float) -> ItemScore:
    """The first reading's item at the level of both; the proof is that of the reading which has any."""
    return replace(
        one,
        level=level,
        score=round(one.max * level, 4),
        status=status(level),
        evidence=one.evidence or two.evidence,
        suggestion="" if level >= 1 else one.suggestion or two.suggestion,
    )


def _gates(first: Scorecard, other: Scorecard, disputes: list[Disagreement]) -> Iterator[Critical]:
    """The criticals of both; one that a single reading has is for a person."""
    there = {c.id: c for c in other.criticals}
    for critical in first.criticals:
        if there.pop(critical.id, None) is not None:
            yield critical
        else:
            yield _alone(critical, "本地", disputes)
    for critical in there.values():
        yield _alone(critical, "语言模型", disputes)


def _alone(critical: Critical, reader: str, disputes: list[Disagreement]) -> Critical:
    reason = f"{critical.reason}（只有{reader}的读法这样，不否决，请人听过再定）"
    disputes.append(
        Disagreement(
            about="critical",
            id=critical.id,
            reason=f"{critical.label}：只有{reader}的读法触发",
            evidence=critical.evidence,
        )
    )
    return replace(critical, reason=reason, review=True)


# ---------------------------------------------------------------- the model's own levels


def _doubted(card: Scorecard, report: ReaderReport) -> tuple[Scorecard, Sequence[Disagreement]]:
    """The card with the items doubtful that the model would grade quite differently."""
    said = {level.item: level for level in report.levels}
    items, disputes = list[ItemScore](), list[Disagreement]()
    for item in card.items:
        level = said.get(item.id)
        if level is None or item.level is None or abs(item.level - level.level) < APART:
            items.append(item)
            continue
        told = f"语言模型认为在 {level.level:g} 档，按评分标准是 {item.level:.2f} 档"
        items.append(_unsure(item, told))
        disputes.append(
            Disagreement(
                about="item",
                id=item.id,
                reason=f"{item.label}：{told}",
                evidence=level.evidence or item.evidence,
            )
        )
    return replace(card, items=tuple(items)), disputes


def _as_the_model_has_it(card: Scorecard, report: ReaderReport) -> float:
    """The energy score with the model's levels where they lie far from the rubric's."""
    said = {level.item: level.level for level in report.levels}
    counted = [(i, i.level) for i in card.items if i.level is not None]
    whole = sum(i.max for i, _ in counted)
    moved = sum(
        i.max * (said[i.id] - level)
        for i, level in counted
        if i.id in said and abs(said[i.id] - level) >= APART
    )
    return card.energy_score + (100 * moved / whole if whole else 0.0)


def _unsure(item: ItemScore, told: str) -> ItemScore:
    reason = "；".join(filter(None, (item.reason, told)))
    return replace(item, reason=reason, confidence=min(item.confidence, DOUBT))
