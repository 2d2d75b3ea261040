"""What would change if a rubric were replaced: stored meetings scored by both, nothing rewritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qa_pipeline.names import VERDICTS
from qa_pipeline.rubric.archive import Stored
from qa_pipeline.rubric.loader import Rubric
from qa_pipeline.rubric.scorer import score, straddles
from qa_pipeline.values.scorecard import Scorecard
from qa_pipeline.values.vocabulary import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One meeting under the old and the new rubric. ``items`` are the ids whose points changed."""

    meeting: str
    old_score: float
    new_score: float
    old_verdict: str
    new_verdict: str
    items: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return self.old_score != self.new_score or self.old_verdict != self.new_verdict


def diff(old: Rubric, new: Rubric, archive: Iterable[Stored]) -> list[Row]:
    """One row per meeting that both rubrics apply to by kind, largest change first."""
    rows = []
    for stored in archive:
        if stored.facts.kind not in old.applies_to.kinds or stored.facts.kind not in new.applies_to.kinds:
            continue
        before, after = (_score(rubric, stored) for rubric in (old, new))
        points = {i.id: round(i.score, 4) for i in before.items}
        moved = tuple(i.id for i in after.items if points.pop(i.id, None) != round(i.score, 4))
        rows.append(
            Row(
                meeting=stored.name,
                old_score=before.energy_score,
                new_score=after.energy_score,
                old_verdict=verdict(before),
                new_verdict=verdict(after),
                items=(*moved, *points),
            )
        )
    return sorted(rows, key=lambda r: (-abs(r.new_score - r.old_score), r.meeting))


def verdict(card: Scorecard) -> str:
    """What the score alone says (compliance on time and roster apart), in the words of `VERDICTS`. As where
    meetings are judged, what freezes the result is heard before anything fails it."""
    if any(critical.review for critical in card.criticals):
        return VERDICTS[Verdict.NEEDS_REVIEW]
    if card.criticals:
        return VERDICTS[Verdict.NOT_QUALIFIED]
    if straddles(card) or not any(most > 0 for _, most in card.dimensions.values()):
        return VERDICTS[Verdict.NEEDS_REVIEW]
    passed = card.energy_score >= card.pass_line
    return VERDICTS[Verdict.QUALIFIED if passed else Verdict.NOT_QUALIFIED]


def _score(rubric: Rubric, stored: Stored) -> Scorecard:
    return score(
        rubric,
        transcript=stored.transcript,
        chapters=stored.chapters,
        findings=stored.findings,
        facts=stored.facts,
    )
