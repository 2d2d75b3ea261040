"""How well the shipped rubrics judge: ``python -m tests.evaluation.verdicts [--models FOLDER]``.

Each author's meetings are read by act and chapter models that have seen no meeting of that author. A meeting
counts as agreed when "score reaches the pass line and no critical" is what its author said; date and roster
are left aside. Meetings of no kind are inspected as what they were filed as: weekly reviews, or by theme.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from qa_pipeline.chapters import segment
from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.chapters.model import Model, load, save
from qa_pipeline.chapters.train import learn
from qa_pipeline.findings import find
from qa_pipeline.findings.acts import ActModel
from qa_pipeline.rubric import Rubric, load_rubric, score
from qa_pipeline.values import Chapters, Findings, MeetingFacts, MeetingKind, Scorecard, Theme, Transcript
from tests.evaluation.acts import held_out_models
from tests.evaluation.noise import corrupt, without_punctuation, without_speakers

CONDITIONS: dict[str, Callable[[Transcript], Transcript]] = {
    "clean": lambda t: t,
    "no speakers": without_speakers,
    "no punctuation": without_punctuation,
    "10% noise": lambda t: corrupt(t, 0.1, 1),
    "20% noise": lambda t: corrupt(t, 0.2, 1),
    "all, 10%": lambda t: corrupt(without_punctuation(without_speakers(t)), 0.1, 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One meeting as read, ready to be scored."""

    meeting: LabelledMeeting
    facts: MeetingFacts
    transcript: Transcript
    chapters: Chapters
    findings: Findings

    def scored(self, rubrics: dict[MeetingKind, Rubric]) -> Scorecard:
        kind = self.facts.kind or MeetingKind.WEEKLY_REVIEW
        return score(
            rubrics[kind],
            transcript=self.transcript,
            chapters=self.chapters,
            findings=self.findings,
            facts=self.facts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A meeting with its card; ``distance`` is how far the score lies outside the author's band."""

    reading: Reading
    card: Scorecard

    @property
    def qualified(self) -> bool:
        return self.card.energy_score >= self.card.pass_line and not self.card.criticals

    @property
    def agreed(self) -> bool:
        return self.qualified == self.reading.meeting.passes

    @property
    def distance(self) -> float:
        low, high = self.reading.meeting.band
        return max(0.0, low - self.card.energy_score, self.card.energy_score - high)


def filed_as(meeting: LabelledMeeting) -> MeetingFacts:
    """The meeting's facts; a meeting of no kind takes the kind it was filed under."""
    facts = meeting.facts
    if facts.kind is not None:
        return facts
    monthly = facts.theme is Theme.MONTH_END_SPRINT
    return replace(facts, kind=MeetingKind.MONTHLY_PLANNING if monthly else MeetingKind.WEEKLY_REVIEW)


def chapter_models(folder: Path | None) -> dict[str, Model]:
    """Author -> a chapter model that has not seen that author; kept in ``folder`` where given."""
    everything = list(meetings())
    models = {}
    for author in sorted({m.author for m in everything}):
        path = folder / f"chapters-{author}.npz" if folder else None
        if path is not None and path.exists():
            models[author] = load(path)
            continue
        models[author] = learn(m for m in everything if m.author != author)
        sys.stderr.write(f"learned chapters without {author}\n")
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            save(models[author], path)
    return models


def read(
    change: Callable[[Transcript], Transcript],
    *,
    acts: dict[str, ActModel],
    chapters: dict[str, Model] | None,
) -> Iterator[Reading]:
    """Every meeting, its transcript changed by ``change``; gold chapters where ``chapters`` is None."""
    for meeting in meetings():
        transcript, facts = change(meeting.transcript), filed_as(meeting)
        spans = (
            segment(transcript, kind=facts.kind, using=chapters[meeting.author])
            if chapters is not None
            else meeting.chapters
        )
        yield Reading(
            meeting=meeting,
            facts=facts,
            transcript=transcript,
            chapters=spans,
            findings=find(transcript, spans, facts, model=acts[meeting.author]),
        )


def judge(readings: Iterator[Reading] | list[Reading], rubrics: dict[MeetingKind, Rubric]) -> list[Judged]:
    return [Judged(reading=r, card=r.scored(rubrics)) for r in readings]


def line(name: str, judged: list[Judged]) -> str:
    """Agreement, share in the author's band, mean distance to it, wrong verdicts by folder, mean half band."""
    wrong = [j for j in judged if not j.agreed]
    folders = Counter(j.reading.meeting.author for j in wrong)
    half = statistics.mean((j.card.band[1] - j.card.band[0]) / 2 for j in judged)
    straddling = sum(j.card.band[0] < j.card.pass_line <= j.card.band[1] for j in judged)
    return (
        f"{name:16s}{1 - len(wrong) / len(judged):10.3f}{len(wrong):6d}"
        f"{sum(j.distance == 0 for j in judged) / len(judged):9.2f}"
        f"{statistics.mean(j.distance for j in judged):9.2f}{half:8.1f}{straddling:9d}  "
        f"{' '.join(j.reading.meeting.id for j in wrong)}  {dict(sorted(folders.items()))}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="folder that keeps the held-out models")
    parser.add_argument("--gold-chapters", action="store_true", help="leave chapter errors out")
    parser.add_argument("--only", choices=tuple(CONDITIONS), help="measure one condition")
    parser.add_argument("--each", action="store_true", help="show every meeting and item")
    chosen = parser.parse_args()
    acts = held_out_models(chosen.models)
    chapters = None if chosen.gold_chapters else chapter_models(chosen.models)
    rubrics = {kind: load_rubric(kind.value) for kind in MeetingKind}
    sys.stdout.write(
        f"{'':16s}{'agreement':>10s}{'wrong':>6s}{'in band':>9s}{'outside':>9s}{'±':>8s}{'straddle':>9s}\n"
    )
    for name, change in CONDITIONS.items():
        if chosen.only not in (None, name):
            continue
        judged = judge(read(change, acts=acts, chapters=chapters), rubrics)
        if chosen.each:
            for one in judged:
                sys.stdout.write(f"{_row(one)}\n")
        sys.stdout.write(line(name, judged))
        sys.stdout.flush()


def _row(one: Judged) -> str:
    meeting, card = one.reading.meeting, one.card
    items = " ".join(f"{i.id}:{'-' if i.level is None else format(i.level, '.2f')}" for i in card.items)
    said = f"{'pass' if meeting.passes else 'fail'} {'  ' if one.agreed else '!!'}"
    band = f"{meeting.band[0]:.0f}-{meeting.band[1]:.0f}"
    gates = ",".join(c.id for c in card.criticals)
    return f"{meeting.id} {said} {card.energy_score:5.1f} {band} {gates:6s} {items}"


if __name__ == "__main__":
    main()
