"""How scores, times and statuses read on every screen, and which advice comes first."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from qa_pipeline.names import INDICATORS, KINDS, THEMES
from qa_pipeline.values.findings import Action, Evidence, Measurement
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.reader import ModelUse, ReaderChoice, ReaderReport
from qa_pipeline.values.scorecard import ItemScore, Scorecard
from qa_pipeline.values.vocabulary import MANDATED, Chapter, Outcome, Status, Verdict
from qa_pipeline.values.written import UNKNOWN, clock, percent, points

GATES: Final = "关键否决"
UNSAID: Final = "未说"
DOUBTED: Final = "不一定是承诺，请先听"
UNSURE: Final = 0.5
"""Below this confidence a chapter is marked as doubtful."""
ESTIMATE: Final = 0.75
"""Below this confidence a measure is shown together with it."""

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
OUTCOMES: Final = {
    Outcome.KEPT: "兑现",
    Outcome.NOT_KEPT: "未兑现",
    Outcome.UNCLEAR: "说不清",
    Outcome.NOT_MENTIONED: "没有提到",
}
OUTCOME_STATUS: Final = {
    Outcome.KEPT: Status.PASS,
    Outcome.NOT_KEPT: Status.FAIL,
    Outcome.UNCLEAR: Status.UNKNOWN,
    Outcome.NOT_MENTIONED: Status.WARN,
}
FAMILIES: Final = {
    "structure": "章节结构",
    "held": "章节落实",
    "delivery": "时长与语音",
    "authenticity": "录音真实性",
    "interaction": "发言与追问",
    "checking": "检查与核对",
    "commitments": "承诺与行动",
    "coverage": "数据与业务",
    "figures": "数字核对",
    "topics": "主题要点",
    "causes": "根因与对策",
    "sharing": "优秀分享",
    "framing": "开场与收尾",
    "attendance": "召开与到会",
    "risk": "合规红线",
}
"""The families of measures, in the order they are read."""
UNITS: Final = {
    "count": "",
    "ratio": " 倍",
    "dB": " 分贝",
    "minutes": " 分钟",
    "per minute": " 次／分钟",
    "per 10 minutes": " 次／10 分钟",
    "per 1000 characters": " 句／千字",
    "characters/minute": " 字／分钟",
}
"""What stands behind a figure, by the unit in the registry of measures; the other units are written as the
figure itself (see ``quantity``)."""

REMEDIES: Final = {
    "R1": "按场次的召开窗口开会，不早于最早日期。",
    "R2": "月规划会在 27 日至月末之间召开。",
    "R3": "在基准日或之前召开，遇节假日只提前、不推后。",
    "R6": "把会议开满 30 分钟以上，从首句到末句计。",
    "R7": "从开场到散会全程录音，录音不少于会议时长的 95%。",
    "R8": "由当日行政经理主持；不能到会时，事先授权代理人。",
    "R9": "会前逐人确认到会，让应到的主管全部参加。",
}
"""What to do about a compliance rule that failed; the energy score (R11) is what the items advise on."""
READERS: Final = {
    ReaderChoice.LOCAL: "本地",
    ReaderChoice.LLM: "语言模型",
    ReaderChoice.BOTH: "本地与语言模型相互核对",
}
PURPOSES: Final = {"reader": "读会", "judge": "评审"}
VERSIONS: Final = {"engine": "转写", "segmenter": "分章节", "reader": "读会", "rubric": "评分标准"}


def certainty(confidence: float) -> str:
    """A confidence in whole per cent: more digits would claim more than is known."""
    return f"把握 {math.floor(confidence * 100 + 1e-6)}%"


def energy(card: Scorecard) -> float | None:
    """The energy score, or None when no item could be scored (which the scorecard holds as zero)."""
    scored = any(most > 0 for _, most in card.dimensions.values())
    return card.energy_score if scored and math.isfinite(card.energy_score) else None


def quantity(value: float | None, unit: str) -> str:
    """A measure's value with its unit, as the registry of measures names it."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if unit == "0/1":
        return "是" if value else "否"
    if unit in ("share", "strength"):
        return percent(value)
    if unit == "seconds":
        return clock(value)
    if unit == "hours":
        minutes = round(value * 60)
        return f"{minutes // 60:02}:{minutes % 60:02}"
    return points(value) + UNITS.get(unit, "")


def aside(found: Measurement) -> str:
    """What stands beside a measure: why it is unknown, or how sure it is when it is an estimate."""
    if found.value is None:
        return found.reason
    return certainty(found.confidence) if found.confidence < ESTIMATE else ""


def standing(card: Scorecard) -> Status:
    """Where the energy score stands to the pass line, whatever else decides the verdict."""
    low, high = card.band
    if energy(card) is None:
        return Status.UNKNOWN
    return Status.PASS if low >= card.pass_line else Status.FAIL if high < card.pass_line else Status.WARN


def critical_kind(*, review: bool) -> str:
    """What a gate does: it stops the meeting, or freezes the result for a person."""
    return "人工复核" if review else "一票否决"


def missing_chapters(inspection: Inspection) -> tuple[Chapter, ...]:
    """The mandated chapters that were not held, in their order (R13, R14)."""
    held = {span.chapter for span in inspection.chapters.spans}
    kind = inspection.facts.kind
    return tuple(c for c in MANDATED[kind] if c not in held) if kind else ()


def speaker(label: str | None, *, host: str | None) -> str:
    """A speaker as reports name them; empty when unknown."""
    if label is None:
        return ""
    return f"{label}（主持）" if label == host else label


def deadline(action: Action) -> str:
    """When an earlier meeting's commitment is due: by its date, for 周五 was said in another week."""
    return action.due_date.isoformat() if action.due_date else action.due or UNSAID


def sentences(text: str) -> tuple[str, ...]:
    """The single steps of a piece of advice."""
    return tuple(re.findall(r"[^。！？]+[。！？]?[」”]*", text))


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
class FigureRow:
    """A figure of the meeting beside the given one, as both are read aloud; ``gap`` is empty where they
    agree."""

    owner: str
    indicator: str
    said: str
    given: str
    gap: str
    evidence: Evidence


def figures(inspection: Inspection) -> tuple[FigureRow, ...]:
    """The figures that were compared, those that differ first."""
    rows = []
    for found in sorted(inspection.findings.figures, key=lambda f: f.agrees):
        given = found.given
        until = f"（截至 {given.as_of:%m-%d}）" if given.as_of else ""
        more = "多" if found.value > given.value else "少"
        gap = amount(abs(found.value - given.value), given.unit)
        rows.append(
            FigureRow(
                owner=given.owner,
                indicator=INDICATORS[given.indicator][0],
                said=amount(found.value, given.unit),
                given=amount(given.value, given.unit) + until,
                gap="" if found.agrees else f"{more}说 {gap.replace('%', ' 个百分点')}",
                evidence=found.evidence,
            )
        )
    return tuple(rows)


def amount(value: float, unit: str) -> str:
    """An indicator's value: 320 万元, 62.5%, 3 人."""
    if unit == "%":
        return f"{round(value * 100, 2):g}%"
    scale, word = (1e8, "亿") if abs(value) >= 1e8 else (1e4, "万") if abs(value) >= 1e4 else (1.0, "")
    return f"{round(value / scale, 4):.10g} {word}{unit}"


def readers(report: ReaderReport) -> tuple[tuple[str, str], ...]:
    """(name, value): who read the meeting, how far the readers agree, and what language models were asked and
    have cost. Empty when the local reader read alone and no model was asked."""
    if report.asked is ReaderChoice.LOCAL and not report.uses:
        return ()
    who = READERS[report.used]
    if report.asked is not report.used:
        who += f"（本应由{READERS[report.asked]}读：{report.reason}）"
    rows = [("读法", who)]
    if report.chapter_agreement is not None:
        told = f"章节 {percent(report.chapter_agreement)} 的时间一致"
        if report.act_agreement is not None:
            told += f"，言语行为 {percent(report.act_agreement)} 相同"
        rows.append(("两种读法", told))
    rows += [(f"语言模型（{PURPOSES[use.purpose]}）", _use(use)) for use in report.uses]
    return tuple(rows)


def _use(use: ModelUse) -> str:
    asked = f"请求 {use.requests} 次" + (f"，另有 {use.cached} 次用已存的回答" if use.cached else "")
    unknown = use.tokens_in is None or use.tokens_out is None
    tokens = f"词元{UNKNOWN}" if unknown else f"输入 {use.tokens_in}、输出 {use.tokens_out} 词元"
    cost = f"费用{UNKNOWN}" if use.cost is None else f"费用 {use.cost:.4f} {use.currency}"
    masked = "姓名与号码已隐去" if use.masked else "可信主机，原文发送"
    return f"{use.model}（{use.host}）；{asked}；{tokens}；{cost}；{masked}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do next time. ``gain`` is how many energy points the item has to give (None: not scored);
    ``evidence`` is what was heard of it."""

    id: str
    label: str
    text: str
    gain: float | None = None
    evidence: tuple[Evidence, ...] = ()


def advice(inspection: Inspection, *, most: int = 5) -> tuple[Advice, ...]:
    """The most valuable suggestions: rules that failed (no score makes up for them), items by the points they
    lost, then issues no item speaks of."""
    card, compliance = inspection.scorecard, inspection.compliance
    whole = sum(item.max for item in card.items if item.level is not None)
    lost = sorted(
        (item for item in card.items if item.suggestion and item.level is not None and _lost(item) > 0),
        key=lambda item: (-_lost(item), item.id),
    )
    found = [
        Advice(id=check.rule, label=name, text=REMEDIES[check.rule])
        for key, name in COMPLIANCE.items()
        for check in getattr(compliance, key).checks
        if check.status is Status.FAIL and check.rule in REMEDIES
    ]
    found += [
        Advice(
            id=item.id,
            label=item.label,
            text=item.suggestion,
            gain=100 * _lost(item) / whole,
            evidence=item.evidence,
        )
        for item in lost
    ]
    said = {one.text for one in found}
    found += [
        Advice(id=issue.id, label=issue.label, text=issue.suggestion, evidence=issue.evidence)
        for issue in inspection.findings.issues
        if issue.suggestion and issue.suggestion not in said
    ]
    return tuple(found[:most])


def _lost(item: ItemScore) -> float:
    return item.max - item.score
