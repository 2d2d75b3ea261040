"""How scores, times and statuses read on every screen, and which advice comes first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from qa_pipeline.names import KINDS, THEMES
from qa_pipeline.values import Inspection, ItemScore, Status, Verdict

STATUS_MARKS: Final = {Status.PASS: "✓", Status.WARN: "!", Status.FAIL: "✗", Status.UNKNOWN: "?"}
VERDICT_MARKS: Final = {Verdict.QUALIFIED: "✓", Verdict.NOT_QUALIFIED: "✗", Verdict.NEEDS_REVIEW: "!"}
VERDICT_STATUS: Final = {
    Verdict.QUALIFIED: Status.PASS,
    Verdict.NOT_QUALIFIED: Status.FAIL,
    Verdict.NEEDS_REVIEW: Status.WARN,
}
COMPLIANCE: Final = {"on_time": "按时召开", "on_roster": "按人到位", "on_quality": "按质达标"}
ITEM_STATUSES: Final = {
    "full": "达标",
    "partial": "部分",
    "missed": "缺失",
    "not_applicable": "不适用",
    "unknown": "未知",
}
ITEM_MARKS: Final = {"full": "✓", "partial": "◐", "missed": "✗", "not_applicable": "–", "unknown": "?"}
ITEM_STATUS: Final = {
    "full": Status.PASS,
    "partial": Status.WARN,
    "missed": Status.FAIL,
    "not_applicable": Status.UNKNOWN,
    "unknown": Status.UNKNOWN,
}


def clock(seconds: float) -> str:
    """5:07 or 1:02:03, from the start of the meeting; rounded down, as a player shows it."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def points(score: float | None) -> str:
    """One decimal at most, rounded down, so that 59.99 never reads as 60."""
    if score is None or not math.isfinite(score):
        return "未知"
    return f"{math.floor(score * 10 + 1e-6) / 10:g}"


def title(inspection: Inspection) -> str:
    facts = inspection.facts
    kind = KINDS[facts.kind] if facts.kind else "会议"
    return f"{facts.institution or '未注明机构'} {kind}"


def details(inspection: Inspection) -> tuple[tuple[str, str], ...]:
    """(name, value) of what is known of the meeting, in the order people ask for it."""
    facts = inspection.facts
    rows = [
        ("日期", f"{facts.meeting_date:%Y-%m-%d}" if facts.meeting_date else ""),
        ("开始", f"{facts.start_time:%H:%M}" if facts.start_time else ""),
        ("时长", clock(inspection.transcript.duration)),
        ("场次", inspection.compliance.slot or ""),
        ("主题", THEMES[facts.theme] if facts.theme else ""),
        ("主持", facts.host or ""),
        ("应到", f"{facts.expected_attendees.count} 人" if facts.expected_attendees else ""),
        ("实到", f"{facts.attendees.count} 人" if facts.attendees else ""),
    ]
    return tuple((name, value) for name, value in rows if value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do next time. ``gain`` is how many energy points the item has to give (None: not scored)."""

    label: str
    text: str
    gain: float | None = None


def advice(inspection: Inspection, *, most: int = 3) -> tuple[Advice, ...]:
    """The most valuable suggestions: items by the points they lost, then issues no item speaks of."""
    card = inspection.scorecard
    whole = sum(item.max for item in card.items if item.level is not None)
    lost = sorted(
        (item for item in card.items if item.suggestion and item.level is not None and _lost(item) > 0),
        key=lambda item: (-_lost(item), item.id),
    )
    found = [Advice(label=item.label, text=item.suggestion, gain=100 * _lost(item) / whole) for item in lost]
    said = {one.text for one in found}
    found += [
        Advice(label=issue.label, text=issue.suggestion)
        for issue in inspection.findings.issues
        if issue.suggestion and issue.suggestion not in said
    ]
    return tuple(found[:most])


def _lost(item: ItemScore) -> float:
    return item.max - item.score
