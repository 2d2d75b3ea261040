"""The energy score: items to levels, levels to points, uncertainty to a band. Pure.

score = sum(weight x level), re-scaled to 100 when items leave the denominator because they do not apply or
cannot be known. A level above zero needs evidence (start, end, quote); without it the level is not granted.
Criticals fail the meeting whatever the score, which is not rewritten (rule book, section 4; K1-K6).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qa_pipeline.rubric import inwords, listening
from qa_pipeline.rubric.advice import Tip, advised
from qa_pipeline.rubric.conditions import Found, Number, Reader
from qa_pipeline.rubric.heard import Heard, Hit
from qa_pipeline.rubric.loader import Rubric
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Evidence, Findings
from qa_pipeline.values.scorecard import Critical, ItemScore, Point, Scorecard, Step
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Dimension

if TYPE_CHECKING:
    from qa_pipeline.rubric.language import Item, Judge, Scale

SHOWN = 5
"""Pieces of evidence kept per item, spread over the meeting."""
UNPROVEN = "没有可引用的原话作证，不给分"
UNMET = 0.9
"""How sure one is that something was not said, given a good transcript."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A level with its proof; None is unknown or not applicable (``applies`` False). ``rule`` is what the
    rubric asks, ``measure``, ``value`` and ``divided_by`` what it asked of: see ``Step``."""

    level: float | None
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 1.0
    reason: str = ""
    applies: bool = True
    rule: str = ""
    measure: str = ""
    value: float | None = None
    divided_by: float | None = None

    def step(self, label: str, *, weight: float | None = None) -> Step:
        return Step(
            label=label,
            rule=self.rule or self.reason,
            measure=self.measure,
            value=self.value,
            divided_by=self.divided_by,
            level=self.level,
            weight=weight,
            confidence=round(self.confidence, 3),
        )


Answer = Callable[["Judge", Heard], Graded]


def score(
    rubric: Rubric,
    *,
    transcript: Transcript,
    chapters: Chapters,
    findings: Findings,
    facts: MeetingFacts,
    judge: Answer | None = None,
) -> Scorecard:
    """Score one meeting by one rubric. ``judge`` answers the items that ask a language model; without it
    they do not apply. Nothing is raised for what cannot be measured: such items leave the denominator and
    say so."""
    heard = Heard(transcript=transcript, chapters=chapters, findings=findings, facts=facts)
    reader = Reader(rubric, heard)
    items = []
    for item in rubric.items:
        scored = _item(item, rubric, reader, judge)
        reader.levels[item.id] = (scored.level, scored.evidence)
        items.append(scored)
    energy, dimensions = tallied(items, [d.id for d in rubric.dimensions])
    measured = any(most for _, most in dimensions.values())
    half = _half_width(rubric, items, heard) if measured else rubric.band.most
    band = (round(max(0.0, energy - half), 2), round(min(100.0, energy + half), 2))
    criticals = _criticals(rubric, reader, items, reaches=band[1] >= rubric.pass_line)
    card = Scorecard(
        energy_score=energy,
        band=band,
        pass_line=rubric.pass_line,
        dimensions=dimensions,
        items=tuple(items),
        criticals=criticals,
        rubric_id=rubric.id,
        rubric_version=rubric.version,
        rubric_hash=rubric.sha256,
    )
    return replace(card, listen=listening.first(rubric, heard, items, criticals, straddling=straddles(card)))


def tallied(
    items: Sequence[ItemScore], dimensions: Iterable[Dimension]
) -> tuple[float, dict[Dimension, tuple[float, float]]]:
    """The energy score and each dimension's (score, maximum), over the items that could be measured."""
    counted = [i for i in items if i.level is not None]
    whole = sum(i.max for i in counted)
    energy = round(100 * sum(i.score for i in counted) / whole, 2) if whole else 0.0
    by_dimension = {d: [i for i in counted if i.dimension == d] for d in dimensions}
    return energy, {
        d: (round(sum(i.score for i in those), 2), sum(i.max for i in those))
        for d, those in by_dimension.items()
    }


def nearest(level: float, step: float) -> float:
    """The nearest level in such steps (0: any level); a half goes up."""
    return math.floor(level / step + 0.5) * step if step else level


def status(level: float) -> str:
    """Full, partial or missed."""
    return "full" if level >= 1 else "partial" if level > 0 else "missed"


def straddles(card: Scorecard) -> bool:
    """Whether the score's band lies on both sides of the pass line (which itself passes): for a person."""
    low, high = card.band
    return low < card.pass_line <= high


def _item(item: Item, rubric: Rubric, reader: Reader, judge: Answer | None) -> ItemScore:
    points: tuple[Point, ...] = ()
    steps: list[Step] = []
    tips: list[Tip] = []
    outside = _outside(item, reader)
    if outside is not None:
        graded = outside
    elif item.points:
        graded, points, steps, tips = _checklist(item, reader)
    elif item.judge is not None:
        graded = _judged(item.judge, reader.heard, judge)
    else:
        graded = _graded(item, reader)
    steps.append(graded.step("各要点合计" if points else item.label))
    if graded.level is None:
        return ItemScore(
            id=item.id,
            label=item.label,
            dimension=item.dimension,
            score=0.0,
            max=item.weight,
            level=None,
            status="unknown" if graded.applies else "not_applicable",
            reason=graded.reason,
            points=points,
            confidence=graded.confidence,
            steps=tuple(steps),
        )
    reasons = [reason] if (reason := graded.reason or _short(graded)) else []
    level, confidence = graded.level, graded.confidence
    for cap in item.caps:
        if level > cap.level and reader.found(cap.when).truth:
            level = cap.level
            reasons.append(f"封顶 {cap.level:g}：{cap.reason}")
            steps.append(Step(label="封顶", rule=f"{inwords.condition(cap.when)}：{cap.reason}", level=level))
    if step := rubric.step_of(item):
        level = nearest(level, step)
        steps.append(Step(label="取档", rule=f"按 {step:g} 一档取最近的", level=level))
    evidence = _evidence(graded, item, reader) if level > 0 else ()
    if level > 0 and not evidence:
        level = 0.0
        reasons.append(UNPROVEN)
        steps.append(Step(label="证据", rule=UNPROVEN, level=level))
    confidence *= _certainty(evidence, reader.heard)
    for doubt in item.doubts:
        if reader.found(doubt.when).truth:
            confidence = min(confidence, doubt.confidence)
            reasons.append(doubt.reason)
            steps.append(Step(label="存疑", rule=doubt.reason, level=level, confidence=round(confidence, 3)))
    general = next(
        (Tip(s.say, s.at) for s in sorted(item.suggestions, key=lambda s: s.at_most) if level <= s.at_most),
        None,
    )
    return ItemScore(
        id=item.id,
        label=item.label,
        dimension=item.dimension,
        score=round(item.weight * level, 4),
        max=item.weight,
        level=level,
        status=status(level),
        reason="；".join(reasons),
        evidence=evidence,
        points=points,
        suggestion="" if level >= 1 else advised(general, tips, reader.heard),
        confidence=round(confidence, 3),
        steps=tuple(steps),
    )


def _short(graded: Graded) -> str:
    """Of what was measured and earned nothing, how far it fell short."""
    if graded.level or graded.value is None:
        return ""
    return f"测得 {round(graded.value, 2):g}，{graded.rule}"


def _outside(scale: Scale, reader: Reader) -> Graded | None:
    """Why a scale does not apply to this meeting (or cannot be known to), or None when it applies."""
    theme = reader.heard.facts.theme
    if scale.themes and theme is None:
        return Graded(None, reason="不知道本次会议的周主题，本项不计分")
    if scale.themes and theme not in scale.themes:
        return Graded(None, reason="不是本次会议的主题", applies=False)
    if scale.when is not None:
        found = reader.found(scale.when)
        if found.truth is None:
            return Graded(None, reason=found.reason)
        if not found.truth:
            return Graded(None, reason="不具备适用条件", applies=False)
    return None


def _checklist(item: Item, reader: Reader) -> tuple[Graded, tuple[Point, ...], list[Step], list[Tip]]:
    """Share of the checklist met, by weight, over the points that apply and are known."""
    points: list[Point] = []
    steps: list[Step] = []
    tips: list[Tip] = []
    graded: list[tuple[float, Graded]] = []
    for point in item.points:
        outside = _outside(point, reader)
        if outside is not None and not outside.applies:
            continue
        result = outside or _graded(point, reader)
        evidence = result.evidence[:1] or tuple(reader.heard.evidence(h) for h in _spread(result.hits, 1))
        met = None if result.level is None else result.level >= 0.5
        points.append(
            Point(id=point.id, label=point.label, met=met, evidence=evidence if result.level else ())
        )
        steps.append(result.step(point.label, weight=point.weight))
        graded.append((point.weight, result))
        if result.level is not None and result.level < 1 and point.suggestion:
            tips.append(Tip(point.suggestion, point.at, point.weight * (1 - result.level)))
    known = [(w, g) for w, g in graded if g.level is not None]
    whole = sum(w for w, _ in known)
    if not whole:
        reason = next((g.reason for _, g in graded if g.reason), "不是本次会议的主题")
        return Graded(None, reason=reason, applies=bool(graded)), tuple(points), steps, []
    total = Graded(
        sum(w * (g.level or 0.0) for w, g in known) / whole,
        hits=tuple(h for _, g in known if g.level for h in _spread(g.hits, 2)),
        evidence=tuple(e for _, g in known if g.level for e in g.evidence[:2]),
        confidence=sum(w * g.confidence for w, g in known) / whole,
        reason=_uncounted((p.label, g) for p, (_, g) in zip(points, graded, strict=True)),
        rule="按权重平均，测不出来的要点不计",
    )
    return total, tuple(points), steps, tips


def _uncounted(points: Iterable[tuple[str, Graded]]) -> str:
    """Which points of a list are not known, and why: the others were counted."""
    why: dict[str, list[str]] = {}
    for label, graded in points:
        if graded.level is None and graded.reason:
            why.setdefault(graded.reason, []).append(label)
    return "；".join(f"不计“{'”“'.join(labels)}”：{reason}" for reason, labels in why.items())


def _graded(scale: Scale, reader: Reader) -> Graded:
    """The level of one scale that is no checklist and no question."""
    if scale.said is not None:
        found = reader.found(scale.said)
        rule = inwords.condition(scale.said)
        if found.truth is None:
            return Graded(None, reason=found.reason, rule=f"{rule}（{found.reason}）")
        return Graded(float(found.truth), found.hits, found.evidence, _sure(found), rule=rule)
    number = reader.quantity(scale.value) if scale.value is not None else None
    if number is not None and number.value is None:
        graded = Graded(None, reason=number.reason or "测不出来", confidence=0.0)
        graded = replace(graded, rule=graded.reason)
    elif scale.line and number is not None and number.value is not None:
        graded = Graded(_on_line(scale, number.value), number.hits, number.evidence, number.confidence)
        graded = replace(graded, rule=inwords.line(scale))
    else:
        graded = _stepped(scale, number, reader)
    if scale.value is None or number is None:
        return graded
    rule = f"{inwords.quantity(scale.value)}：{graded.rule}"
    return replace(
        graded,
        rule=rule,
        measure=scale.value.measure or "",
        value=number.value,
        divided_by=number.divided_by,
    )


def _stepped(scale: Scale, number: Number | None, reader: Reader) -> Graded:
    for step in scale.levels:
        if step.said is not None:
            found = reader.found(step.said)
            if found.truth is None:
                return Graded(None, reason=found.reason, rule=f"{inwords.step(step)}（{found.reason}）")
            if found.truth:
                graded = Graded(step.level, found.hits, found.evidence, _sure(found))
                return replace(graded, rule=inwords.step(step))
        elif number is not None and number.value is not None:
            enough = step.at_least is None or number.value >= step.at_least
            if enough and (step.at_most is None or number.value <= step.at_most):
                graded = Graded(step.level, number.hits, number.evidence, number.confidence)
                return replace(graded, rule=inwords.step(step))
    return Graded(0.0, confidence=number.confidence if number else UNMET, rule="各档都不成立，得 0 档")


def _on_line(scale: Scale, value: float) -> float:
    """Piecewise linear between the written points, flat outside them."""
    points = scale.line
    if value <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if value <= x1:
            return y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return points[-1][1]


def _judged(question: Judge, heard: Heard, judge: Answer | None) -> Graded:
    if judge is None:
        return Graded(None, reason="没有配置语言模型评审，本项不适用", applies=False)
    graded = judge(question, heard)
    failed = f"（{graded.reason}）" if graded.reason else ""
    return replace(graded, rule=f"{inwords.question(question)}{failed}")


def _sure(found: Found) -> float:
    if not found.truth:
        return UNMET
    best = sorted((h.confidence for h in found.hits), reverse=True)[:3]
    return sum(best) / len(best) if best else 1.0


def _evidence(graded: Graded, item: Item, reader: Reader) -> tuple[Evidence, ...]:
    hits = graded.hits
    if not hits and not graded.evidence and item.evidence is not None:
        hits = reader.found(item.evidence).hits
    said = [reader.heard.evidence(h) for h in _spread(hits, SHOWN)]
    proof = {(e.utterance, e.quote): e for e in (*graded.evidence, *said) if e.quote}
    ordered = sorted(proof.values(), key=lambda e: e.start)
    return tuple(ordered[i] for i in _indices(len(ordered), SHOWN))


def _certainty(evidence: tuple[Evidence, ...], heard: Heard) -> float:
    """How surely the proof was read, on the whole."""
    sure = [heard.certainty(e.utterance) for e in evidence]
    return sum(sure) / len(sure) if sure else 1.0


def _spread(hits: tuple[Hit, ...], number: int) -> list[Hit]:
    """At most ``number`` hits: the surest, in time order, one per utterance."""
    best = {h.utterance: h for h in sorted(hits, key=lambda h: h.confidence)}
    return sorted(sorted(best.values(), key=lambda h: -h.confidence)[:number], key=lambda h: h.utterance)


def _indices(length: int, number: int) -> list[int]:
    if length <= number:
        return list(range(length))
    return sorted({round(i * (length - 1) / (number - 1)) for i in range(number)})


def _half_width(rubric: Rubric, items: list[ItemScore], heard: Heard) -> float:
    """Half the band: independent doubts of the items add in squares; poor recognition moves all together."""
    band = rubric.band
    whole = sum(i.max for i in items if i.level is not None)
    spread = math.sqrt(
        sum(
            (band.swing * i.max * (1 - i.confidence) * 100 / whole) ** 2 for i in items if i.level is not None
        )
    )
    measured = heard.findings.measures.get("recognition_confidence")
    heard_well = (
        measured.value if measured is not None and measured.value is not None else band.recognition_good
    )
    blurred = max(0.0, band.recognition_good - heard_well) * band.recognition_slope
    return min(band.most, max(band.least, spread + blurred))


def _criticals(
    rubric: Rubric, reader: Reader, items: list[ItemScore], *, reaches: bool
) -> tuple[Critical, ...]:
    """The gates that closed. Doubtful ones are left to a person where all else would do (``reaches``) and no
    other gate decides."""
    closed = [(rule, found) for rule in rubric.criticals if (found := reader.found(rule.when)).truth]
    doubtful = {
        rule.id for rule, _ in closed if rule.doubt is not None and reader.found(rule.doubt).truth is True
    }
    certain = any(not rule.review and rule.id not in doubtful for rule, _ in closed)
    if certain or not reaches or any(map(_zero, rubric.items, items)):
        doubtful = set()
    gates = [
        Critical(
            id=rule.id,
            label=rule.label,
            reason=rule.reason
            + (f"{found.reason}。" if found.reason else "")
            + (listening.UNSURE if rule.id in doubtful else ""),
            evidence=found.evidence[:SHOWN]
            or tuple(reader.heard.evidence(hit) for hit in _spread(found.hits, SHOWN)),
            review=rule.review or rule.id in doubtful,
        )
        for rule, found in closed
    ]
    gates += [
        Critical(id=item.id, label=item.label, reason=f"「{item.label}」为零分档，一票否决")
        for item, scored in zip(rubric.items, items, strict=True)
        if _zero(item, scored)
    ]
    return tuple(gates)


def _zero(item: Item, scored: ItemScore) -> bool:
    """Whether an item that may not be missed was missed."""
    return item.critical and scored.level == 0
