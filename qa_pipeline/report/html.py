"""The inspection as one HTML file that needs nothing else: no network, no script, no asset.

Charts are inline SVG without text, so that they stretch to any width; their labels stand beside them as HTML.
Every number is a figure of the inspection: what is unknown reads 未知 with its reason, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.registry import specs
from qa_pipeline.names import CHAPTERS, DIMENSIONS, STATUSES, VERDICTS
from qa_pipeline.report import wording
from qa_pipeline.report.masking import masked
from qa_pipeline.values.chapters import ChapterSpan
from qa_pipeline.values.findings import Evidence, Measurement
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.scorecard import ItemScore
from qa_pipeline.values.vocabulary import MANDATED, Act, Chapter, MeetingKind, Seconds, Status
from qa_pipeline.values.written import clock, in_short, percent, points

if TYPE_CHECKING:
    from jinja2 import Template

CHECK_TARGET: Final = 0.70
"""The share of a weekly review that should check (R25)."""
VOICES: Final = 8
"""Speakers shown one by one; the others are added up."""
COLUMNS: Final = 12
"""Most columns of the chart of questions along time."""
_STEPS: Final = (60, 120, 180, 300, 600, 900, 1200, 1800, 3600)
_SPOKEN_OF: Final = ("interaction", "checking", "commitments", "causes")
"""The families of measures shown in full beside the charts; all of them stand in the appendix."""
_BESIDES: Final = (Chapter.OPENING, Chapter.CLOSING, Chapter.OFF_TOPIC)


def render_html(inspection: Inspection) -> str:
    """The report as a whole HTML document, personal numbers masked."""
    shown = masked(inspection)
    reading = Reading(
        transcript=shown.transcript,
        chapters=shown.chapters,
        facts=shown.facts,
        readings=shown.findings.readings,
        host=shown.findings.host,
    )
    families = _families(shown)
    return _template().render(
        shown=shown,
        card=shown.scorecard,
        energy=wording.energy(shown.scorecard),
        standing=wording.standing(shown.scorecard),
        compliance=shown.compliance,
        verdicts=[(name, getattr(shown.compliance, key)) for key, name in wording.COMPLIANCE.items()],
        host=shown.findings.host,
        in_short=in_short,
        title=wording.title(shown),
        details=wording.details(shown),
        advice=[(one, wording.sentences(one.text)) for one in wording.advice(shown)],
        chapters=_chapters(shown),
        figures=wording.figures(shown),
        missing=wording.missing_chapters(shown),
        length=(length := max([shown.transcript.duration, *(s.end for s in shown.chapters.spans)])),
        ticks=_ticks(length),
        voices=_voices(reading),
        questions=_questions(reading),
        check=_check(shown),
        spoken_of=[found for family, _, rows in families if family in _SPOKEN_OF for found in rows],
        families=families,
        versions=[(wording.VERSIONS.get(name, name), made) for name, made in shown.versions.items()],
        readers=wording.readers(shown.reader),
        names={"chapters": CHAPTERS, "dimensions": DIMENSIONS, "statuses": STATUSES, "verdicts": VERDICTS},
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(wording=wording, Status=Status, proof=_proof, aside=wording.aside)
    environment.filters.update(clock=clock, points=points, percent=percent, certainty=wording.certainty)
    return environment.get_template("inspection.html.jinja")


def _proof(item: ItemScore) -> list[Evidence]:
    """The item's evidence and that of its checklist, in time order, nothing twice."""
    every = (*item.evidence, *(e for point in item.points for e in point.evidence))
    return sorted({(e.utterance, e.quote): e for e in every}.values(), key=lambda e: e.start)


# ---------------------------------------------------------------- chapters along time


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of the time line. ``number`` is the mandated place (1…), None for what is not mandated."""

    label: str
    number: int | None
    spans: tuple[ChapterSpan, ...]

    @property
    def length(self) -> Seconds:
        return sum(span.end - span.start for span in self.spans)

    @property
    def confidence(self) -> float:
        """Of the whole chapter: its spans' confidences by their length."""
        weights = [(max(span.end - span.start, 1e-9), span.confidence) for span in self.spans]
        return sum(w * c for w, c in weights) / sum(w for w, _ in weights)


def _chapters(shown: Inspection) -> list[_Row]:
    """Opening, the mandated chapters in their order whether held or not, then all else that was held."""
    mandated = MANDATED[shown.facts.kind] if shown.facts.kind else ()
    order = [Chapter.OPENING, *mandated]
    order += [c for c in Chapter if c not in order and c not in _BESIDES]
    order += [Chapter.CLOSING, Chapter.OFF_TOPIC]
    return [
        _Row(
            label=CHAPTERS[chapter],
            number=mandated.index(chapter) + 1 if chapter in mandated else None,
            spans=shown.chapters.of(chapter),
        )
        for chapter in order
        if chapter in mandated or shown.chapters.of(chapter)
    ]


def _ticks(duration: Seconds) -> list[tuple[float, str]]:
    """Full minutes under a time line: (share of the duration, label), at most seven."""
    if duration <= 0:
        return []
    step = next((s for s in _STEPS if duration / s <= 6), duration / 6)
    return [(i * step / duration, f"{i * step / 60:g}") for i in range(int(duration / step) + 1)]


# ---------------------------------------------------------------- interaction


def _voices(reading: Reading) -> list[tuple[str, float, bool]]:
    """(speaker, share of the talk, whether hosting), most first; empty when speakers are unknown."""
    total = sum(reading.talk_by.values())
    if not reading.speakers_known or total <= 0:
        return []
    ranked = sorted(reading.talk_by.items(), key=lambda pair: (-pair[1], pair[0]))
    alone = ranked if len(ranked) <= VOICES else ranked[: VOICES - 1]
    rest = ranked[len(alone) :]
    voices = [
        (wording.speaker(label, host=reading.host), seconds / total, label == reading.host)
        for label, seconds in alone
    ]
    if rest:
        voices.append((f"其余 {len(rest)} 人", sum(seconds for _, seconds in rest) / total, False))
    return voices


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """How many questions were asked in [start, end), and how many of them probed."""

    start: Seconds
    end: Seconds
    asked: int
    probed: int


def _questions(reading: Reading) -> list[_Column]:
    """Questions along time, off-topic talk left out; empty when nothing was said."""
    if not reading.spoken:
        return []
    duration = max(reading.transcript.duration, reading.utterances[reading.spoken[-1]].end)
    step = next((s for s in _STEPS if duration / s <= COLUMNS), duration / COLUMNS)
    asked = [i for i in reading.at_work if reading.asks[i]]
    probed = [i for i in asked if reading.does(i, Act.PROBE)]
    edges = [i * step for i in range(max(1, -int(-duration // step)))]
    return [
        _Column(
            start=edge,
            end=min(edge + step, duration),
            asked=_within(reading, asked, edge, edge + step),
            probed=_within(reading, probed, edge, edge + step),
        )
        for edge in edges
    ]


def _within(reading: Reading, indices: Iterable[int], start: Seconds, end: Seconds) -> int:
    return sum(start <= reading.utterances[i].start < end for i in indices)


def _check(shown: Inspection) -> tuple[str, Measurement, float | None]:
    """What the chart of checking shows: its name, the measure, and the target that applies (R25)."""
    if shown.facts.kind is MeetingKind.MONTHLY_PLANNING:
        return "追问研讨占比", _measure(shown, "exchange_share"), None
    return "检查占比", _measure(shown, "check_share"), CHECK_TARGET


def _measure(shown: Inspection, id: str) -> Measurement:
    return shown.findings.measures.get(id) or Measurement(id=id, value=None, reason="这次质检没有测这一项")


def _families(shown: Inspection) -> list[tuple[str, str, Sequence[tuple[str, str, Measurement]]]]:
    """All measures: (family, its name, (label, unit, measure) …). One of a newer version keeps its id."""
    known = {spec.id: spec for spec in specs()}
    grouped: dict[str, list[tuple[str, str, Measurement]]] = {family: [] for family in wording.FAMILIES}
    for id, found in shown.findings.measures.items():
        spec = known.get(id)
        row = (spec.label, spec.unit, found) if spec else (id, "", found)
        grouped.setdefault(spec.family if spec else "", []).append(row)
    return [(family, wording.FAMILIES.get(family, "其他"), rows) for family, rows in grouped.items() if rows]
