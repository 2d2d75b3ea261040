"""What the inspection said of a generated meeting: points, verdicts, chapters, findings and the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np

from models.demo_org.words import ISSUES, PRACTICES, QUOTES
from models.demo_org.writer import Writer
from models.meetings.tables import Finding, FindingKind, MeetingChapter, Scorecard, ScorecardItem
from qa_pipeline.compliance.calendar import Slot
from qa_pipeline.values.vocabulary import MANDATED, Chapter, Dimension, MeetingKind, Status, Verdict

PASS_LINE: Final = 6_000
VERSION: Final = "demo"
ITEMS: Final = (
    ("C1", "章节要点", Dimension.CONTENT, 14),
    ("C2", "主题要点", Dimension.CONTENT, 12),
    ("C3", "数据具体", Dimension.CONTENT, 6),
    ("C4", "经验萃取", Dimension.CONTENT, 4),
    ("C5", "行动项", Dimension.CONTENT, 4),
    ("F1", "章节齐全", Dimension.PROCESS, 10),
    ("F2", "章节顺序", Dimension.PROCESS, 6),
    ("F3", "时间分配", Dimension.PROCESS, 8),
    ("F4", "开场宣示", Dimension.PROCESS, 3),
    ("F5", "收尾总结", Dimension.PROCESS, 3),
    ("I1", "追问", Dimension.INTERACTION, 10),
    ("I2", "参与", Dimension.INTERACTION, 6),
    ("I3", "因果闭环", Dimension.INTERACTION, 6),
    ("I4", "承诺跟踪", Dimension.INTERACTION, 5),
    ("I5", "认可氛围", Dimension.INTERACTION, 3),
)
"""The items of the standard rubrics with their points."""
SHARES: Final = {
    MeetingKind.WEEKLY_REVIEW: (0.38, 0.14, 0.32, 0.16),
    MeetingKind.MONTHLY_PLANNING: (0.25, 0.17, 0.22, 0.24, 0.12),
}
"""How the chapters usually divide the time."""
STATUS_WORDS: Final = {
    Status.PASS: "full",
    Status.WARN: "partial",
    Status.FAIL: "missed",
    Status.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A meeting that was held, as the inspection finds it."""

    meeting: int
    slot: Slot
    start: datetime
    seconds: int
    quality: float
    institution: str
    is_manager: bool
    is_deputy: bool
    present: int
    due: int
    kept: float | None
    """Share of the former actions that it mentions."""
    actions: Sequence[tuple[str, str, date | None]]
    """Who, what, until when."""
    is_prepared: bool

    @property
    def on_time(self) -> Status:
        """R2-R6, R24."""
        day, window = self.start.date(), self.slot.window
        if self.seconds <= 1_800 or (window and not window[0] <= day <= window[1]):
            return Status.FAIL
        if window is None:
            return Status.UNKNOWN
        return Status.WARN if self.start.hour >= 17 or not self.is_prepared else Status.PASS

    @property
    def on_roster(self) -> Status:
        """R8, R9."""
        if not (self.is_manager or self.is_deputy) or self.present * 10 < self.due * 9:
            return Status.FAIL
        return Status.PASS if self.is_manager and self.present == self.due else Status.WARN


def write_scorecard(writer: Writer, rng: np.random.Generator, held: Held) -> None:
    """Write the current scorecard of a meeting with its parts; about one in fifty replaced an earlier one."""
    scores = _scores(rng, held)
    known = [
        (score, most * 100) for (_, _, _, most), score in zip(ITEMS, scores, strict=True) if score is not None
    ]
    energy = sum(score for score, _ in known) * 10_000 // sum(most for _, most in known)
    width = 150 + 100 * (len(scores) - len(known))
    on_quality = Status.PASS if energy >= PASS_LINE else Status.FAIL
    statuses = (held.on_time, held.on_roster, on_quality)
    if Status.FAIL in statuses:
        verdict = Verdict.NOT_QUALIFIED
    elif Status.UNKNOWN in statuses or energy - width < PASS_LINE:
        verdict = Verdict.NEEDS_REVIEW
    else:
        verdict = Verdict.QUALIFIED
    chapters = _chapters(rng, held)
    remarks = _remarks(rng, held)
    common: dict[str, Any] = {
        "meeting_id": held.meeting,
        "made_at": held.start + timedelta(hours=5),
        "rubric": f"{held.slot.kind}@{VERSION}",
        "energy_score": energy,
        "band_low": max(energy - width, 0),
        "band_high": min(energy + width, 10_000),
        "verdict": verdict,
        "on_time": held.on_time,
        "on_roster": held.on_roster,
        "on_quality": on_quality,
    }
    version = 1
    if rng.random() < 0.02:
        writer.row(Scorecard, version=1, is_current=False, result={}, **common)
        version = 2
        common["made_at"] += timedelta(days=1)
    result = _result(held, common, scores, chapters, remarks)
    card = writer.row(Scorecard, version=version, is_current=True, result=result, **common)
    writer.columns(
        ScorecardItem,
        len(ITEMS),
        id=writer.ids(ScorecardItem, len(ITEMS)),
        scorecard_id=card,
        item=[item for item, *_ in ITEMS],
        score=scores,
        maximum=[most * 100 for *_, most in ITEMS],
        status=[_status(score, item[3]) for item, score in zip(ITEMS, scores, strict=True)],
    )
    for chapter, begins, ends in chapters:
        writer.row(MeetingChapter, scorecard_id=card, chapter=chapter, start=begins, end=ends, confidence=0.9)
    for kind, text, start in remarks:
        writer.row(
            Finding,
            scorecard_id=card,
            kind=kind,
            text=text,
            start=start,
            end=None if start is None else start + 8,
            quote=None if start is None else QUOTES[int(start) % len(QUOTES)],
        )


def _scores(rng: np.random.Generator, held: Held) -> list[int | None]:
    """Points of each item, in quarters of its maximum as the rubric's levels are; None: unknown."""
    form = 0.73 + 0.09 * held.quality + float(rng.normal(0, 0.05))
    levels = np.clip(np.round((form + rng.normal(0, 0.17, len(ITEMS))) * 4) / 4, 0, 1)
    scores: list[int | None] = [
        round(float(level) * most * 100) for level, (*_, most) in zip(levels, ITEMS, strict=True)
    ]
    if held.kept is not None:
        scores[13] = round(min(round(held.kept * 4) / 4, 1.0) * ITEMS[13][3] * 100)
    if rng.random() < 0.1:
        scores[11] = None  # the speakers could not be told apart
    return scores


def _status(score: int | None, most: int) -> Status:
    if score is None:
        return Status.UNKNOWN
    return Status.PASS if score == most * 100 else Status.WARN if score else Status.FAIL


def _chapters(rng: np.random.Generator, held: Held) -> list[tuple[Chapter, float, float]]:
    """Opening, the mandated chapters (a weak meeting may lack one), closing; they tile the recording."""
    kind = held.slot.kind
    names = list(MANDATED[kind])
    shares = [share * float(rng.uniform(0.75, 1.3)) for share in SHARES[kind]]
    if rng.random() < 0.07 * np.exp(-0.6 * held.quality):
        gone = int(rng.integers(0, len(names)))
        del names[gone], shares[gone]
    names = [Chapter.OPENING, *names, Chapter.CLOSING]
    shares = [0.03 * sum(shares), *shares, 0.03 * sum(shares)]
    edges = np.round(np.cumsum([0.0, *shares]) / sum(shares) * held.seconds, 1).tolist()
    return list(zip(names, edges[:-1], edges[1:], strict=True))


def _remarks(rng: np.random.Generator, held: Held) -> list[tuple[FindingKind, str, float | None]]:
    """Practices, issues with their advice (R34): the better the institution, the more of the first."""
    found: list[tuple[FindingKind, str, float | None]] = []

    def moment() -> float:
        return round(float(rng.uniform(0.05, 0.9)) * held.seconds, 1)

    good = int(np.clip(rng.poisson(1.3 * np.exp(0.3 * held.quality)), 0, len(PRACTICES)))
    bad = int(np.clip(rng.poisson(1.4 * np.exp(-0.3 * held.quality)), 0, len(ISSUES)))
    for number in rng.permutation(len(PRACTICES))[:good].tolist():
        found.append((FindingKind.PRACTICE, PRACTICES[number][0], moment()))
        found.append((FindingKind.ADVICE, PRACTICES[number][1], None))
    for number in rng.permutation(len(ISSUES))[:bad].tolist():
        found.append((FindingKind.ISSUE, ISSUES[number][0], moment()))
        found.append((FindingKind.ADVICE, ISSUES[number][1], None))
    return found


def _result(
    held: Held,
    common: dict[str, Any],
    scores: Sequence[int | None],
    chapters: Sequence[tuple[Chapter, float, float]],
    remarks: Sequence[tuple[FindingKind, str, float | None]],
) -> dict[str, Any]:
    """The shape of ``huijian inspect --json`` with what a generated meeting has."""
    advice = dict((*PRACTICES, *ISSUES))

    def named(kind: FindingKind) -> list[dict[str, Any]]:
        return [
            {
                "id": text,
                "label": text,
                "suggestion": advice[text],
                "evidence": [{"start": start, "end": start + 8, "quote": QUOTES[int(start) % len(QUOTES)]}],
            }
            for one, text, start in remarks
            if one is kind and start is not None
        ]

    dimensions = {
        dimension.value: {
            "score": sum(
                s / 100
                for (_, _, d, _), s in zip(ITEMS, scores, strict=True)
                if d is dimension and s is not None
            ),
            "max": sum(
                most
                for (_, _, d, most), s in zip(ITEMS, scores, strict=True)
                if d is dimension and s is not None
            ),
        }
        for dimension in Dimension
    }
    return {
        "energy_score": common["energy_score"] / 100,
        "band": [common["band_low"] / 100, common["band_high"] / 100],
        "pass_line": PASS_LINE / 100,
        "verdict": common["verdict"].value,
        "slot": held.slot.id,
        "compliance": {
            name: {"status": common[name].value, "reason": "", "checks": []}
            for name in ("on_time", "on_roster", "on_quality")
        },
        "dimensions": dimensions,
        "items": [
            {
                "id": item,
                "label": label,
                "dimension": dimension.value,
                "score": None if score is None else score / 100,
                "max": most,
                "level": None if score is None else score / 100 / most,
                "status": STATUS_WORDS[_status(score, most)],
                "reason": "",
                "confidence": 1.0,
                "evidence": [],
                "points": [],
                "suggestion": "",
            }
            for (item, label, dimension, most), score in zip(ITEMS, scores, strict=True)
        ],
        "criticals": [],
        "chapters": [
            {"chapter": chapter.value, "start": start, "end": end, "confidence": 0.9}
            for chapter, start, end in chapters
        ],
        "findings": {},
        "practices": named(FindingKind.PRACTICE),
        "issues": named(FindingKind.ISSUE),
        "actions": [
            {"who": who, "what": what, "due": day, "due_date": day, "evidence": None}
            for who, what, due in held.actions
            for day in [due.isoformat() if due else None]
        ],
        "facts": {
            "kind": held.slot.kind.value,
            "meeting_date": held.start.date().isoformat(),
            "start_time": f"{held.start:%H:%M}",
            "institution": held.institution,
            "theme": held.slot.theme.value,
            "expected_attendees": held.due,
            "attendees": held.present,
        },
        "recording": None,
        "duration": held.seconds,
        "versions": {"rubric": common["rubric"]},
        "warnings": ["示例数据：没有录音，结果为生成。"],
    }
