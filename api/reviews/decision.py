"""A person's decision laid over the machine's inspection: pure, from one `Inspection` to the next."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from qa_pipeline.errors import InputError
from qa_pipeline.report.wording import COMPLIANCE
from qa_pipeline.values.compliance import Check, ComplianceVerdict
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.scorecard import ItemScore, Scorecard
from qa_pipeline.values.vocabulary import Status, Verdict

COUNTED: Final = ("full", "partial", "missed")
"""Statuses in which an item is in the denominator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a person gives an item in place of the machine's points."""

    item: str
    score: Decimal
    reason: str


def decided(
    machine: Inspection, *, verdict: Verdict, reason: str, overrides: Sequence[Override], by: str
) -> Inspection:
    """The inspection with the person's points and verdict; its band is a point, for nobody doubts it now.

    Raises InputError for an item that is not there or points beyond its maximum, and for a verdict that the
    facts forbid: what failed on time or on roster is put right in the meeting's facts, not here.
    """
    if verdict == Verdict.NEEDS_REVIEW:
        raise InputError("复核结论须为合格或不合格：请选择其一。")
    compliance = machine.compliance
    failed = [
        name
        for key, name in COMPLIANCE.items()
        if key != "on_quality" and getattr(compliance, key).status == Status.FAIL
    ]
    if verdict == Verdict.QUALIFIED and failed:
        raise InputError(f"{'、'.join(failed)}不通过，不能判为合格：如事实有误，请先更正会议信息再重新评分。")
    card = _rescored(machine.scorecard, overrides)
    low = card.energy_score < card.pass_line
    if verdict == Verdict.QUALIFIED and low:
        raise InputError(
            f"改分后能量值 {card.energy_score:g} 仍低于合格线 {card.pass_line:g}，"
            "不能判为合格：请核对改分（R11）。"
        )
    quality = Status.FAIL if verdict == Verdict.NOT_QUALIFIED and (low or not failed) else Status.PASS
    told = f"人工复核（{by}）：{reason}"
    return replace(
        machine,
        scorecard=card,
        compliance=replace(
            compliance,
            on_quality=ComplianceVerdict(
                status=quality,
                reason=told,
                checks=(*compliance.on_quality.checks, Check(rule="R11", status=quality, reason=told)),
            ),
            verdict=verdict,
        ),
    )


def judged(
    machine: Inspection, person: Inspection, *, overrides: Sequence[Override], confirmed: Sequence[str]
) -> Mapping[str, list[str]]:
    """Item -> [machine's status, person's status] of what the person changed or confirmed and counted:
    silence is no judgement. Raises InputError for a confirmed item that is not there."""
    before = {item.id: item.status for item in machine.scorecard.items}
    _there(confirmed, before)
    said = {*confirmed, *(override.item for override in overrides)}
    after = {item.id: item.status for item in person.scorecard.items}
    return {
        item: [status, after[item]]
        for item, status in before.items()
        if item in said and after[item] in COUNTED
    }


def _rescored(card: Scorecard, overrides: Sequence[Override]) -> Scorecard:
    given = {override.item: override for override in overrides}
    if len(given) < len(overrides):
        raise InputError("同一项改了两次分：请每项只保留一行。")
    _there(given, {item.id for item in card.items})
    items = tuple(_given(item, given[item.id]) if item.id in given else item for item in card.items)
    counted = [item for item in items if item.level is not None]
    whole = sum(item.max for item in counted)
    energy = round(100 * sum(item.score for item in counted) / whole, 2) if whole else card.energy_score
    return replace(
        card,
        items=items,
        energy_score=energy,
        band=(energy, energy),
        dimensions={
            dimension: (
                round(sum(i.score for i in counted if i.dimension == dimension), 2),
                sum(i.max for i in counted if i.dimension == dimension),
            )
            for dimension in card.dimensions
        },
    )


def _there(named: Iterable[str], items: Container[str]) -> None:
    if unknown := sorted({item for item in named if item not in items}):
        raise InputError(f"本次评分没有项 {'、'.join(unknown)}：请核对项的编号。")


def _given(item: ItemScore, override: Override) -> ItemScore:
    score = float(override.score)
    if not 0 <= score <= item.max:
        raise InputError(f"项 {item.id} 的得分须在 0 到 {item.max:g} 之间：请核对。")
    level = score / item.max if item.max else 0.0
    return replace(
        item,
        score=score,
        level=level,
        status="full" if level >= 1 else "partial" if level > 0 else "missed",
        reason=f"人工改分：{override.reason}",
        confidence=1.0,
        suggestion="" if level >= 1 else item.suggestion,
    )
