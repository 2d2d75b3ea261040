"""What the second reading means for the score: a wider band and a call for a person, never another level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from qa_pipeline.rubric.scorer import straddles
from qa_pipeline.values import (
    Critical,
    Disagreement,
    ItemScore,
    ReaderChoice,
    ReaderReport,
    Scorecard,
)

APART: Final = 0.5
"""Levels that lie so far apart are a disagreement: two steps of five."""
DOUBT: Final = 0.5
"""How sure an item is whose level the readers see so differently."""
CRITICAL: Final = "READERS"
SHOWN: Final = 5


def weighed(
    card: Scorecard, report: ReaderReport, *, others: Sequence[float] = ()
) -> tuple[Scorecard, ReaderReport]:
    """The scorecard with what the second reading casts doubt on, and the report with the items named.

    The band is stretched to the score that the meeting would have with the model's levels where they lie far
    apart, and to ``others``, the scores of the single readings (not known when a stored reading is scored
    anew: they lie as far away as they did). Where only that makes it straddle the pass line, or the readings
    do not confirm one another, a person has to look: reason and passages are given. Levels, points and the
    score itself stay as the rubric has them.
    """
    if report.used is ReaderChoice.LOCAL:
        return card, report
    said = {level.item: level for level in report.levels}
    apart = {
        i.id: said[i.id]
        for i in card.items
        if i.id in said and i.level is not None and abs(i.level - said[i.id].level) >= APART
    }
    whole = sum(i.max for i in card.items if i.level is not None)
    moved = sum(i.max * (apart[i.id].level - (i.level or 0.0)) for i in card.items if i.id in apart)
    shifted = card.energy_score + (100 * moved / whole if whole else 0.0)
    if others:
        spread = min(others) - card.energy_score, max(others) - card.energy_score
        report = replace(report, spread=spread)
    edges = [*card.band, *(card.energy_score + points for points in report.spread), shifted]
    band = (round(max(0.0, min(edges)), 2), round(min(100.0, max(edges)), 2))
    items = tuple(_doubted(i, apart[i.id].level) if i.id in apart else i for i in card.items)
    disputes = tuple(
        Disagreement(
            about="item",
            id=i.id,
            reason=f"{i.label}：{_levels(i, apart[i.id].level)}",
            evidence=apart[i.id].evidence or i.evidence,
        )
        for i in card.items
        if i.id in apart
    )
    chapters = (d for d in report.disagreements if d.about != "item")
    report = replace(report, disagreements=(*chapters, *disputes))
    stretched = replace(card, band=band, items=items)
    told = [report.review] if report.review else []
    if straddles(stretched) and not straddles(card):
        names = "、".join(i.label for i in card.items if i.id in apart)
        items_named = f"，分歧最大的是{names}" if names else ""
        told.append(f"按不同读法能量值在合格线两侧（{band[0]:g}–{band[1]:g}）{items_named}")
    if told:
        proof = [e for d in report.disagreements for e in d.evidence][:SHOWN]
        gate = Critical(
            id=CRITICAL,
            label="两种读法不一致",
            reason="；".join(told) + "，请听所列段落后裁定",
            evidence=tuple(proof),
            review=True,
        )
        stretched = replace(stretched, criticals=(*stretched.criticals, gate))
    return stretched, report


def _doubted(item: ItemScore, level: float) -> ItemScore:
    reason = "；".join(filter(None, (item.reason, _levels(item, level))))
    return replace(item, reason=reason, confidence=min(item.confidence, DOUBT))


def _levels(item: ItemScore, level: float) -> str:
    return f"语言模型认为在 {level:g} 档，按评分标准是 {item.level or 0.0:.2f} 档"
