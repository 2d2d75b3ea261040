"""How well the shipped rubrics judge: ``python -m tests.evaluation.verdicts [--models FOLDER]``.

Each author's meetings are read by act and chapter models that have seen no meeting of that author. A meeting
counts as agreed when "score reaches the pass line and no gate closed" is what its author said; date and
roster are left aside, and so is whether a person is asked (``sent``): a gate that only asks one is no gate
here. Meetings of no kind are inspected as what they were filed as: weekly reviews, or by theme.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qa_pipeline.chapters import segment
from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.chapters.model import Model, load, save
from qa_pipeline.chapters.train import learn
from qa_pipeline.findings import find, measured, read
from qa_pipeline.findings.acts import ActModel
from qa_pipeline.learning.figures import accuracy
from qa_pipeline.rubric import load_rubric, score
from qa_pipeline.rubric.advice import passage, reproached
from qa_pipeline.rubric.heard import Heard
from qa_pipeline.rubric.scorer import straddles
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Findings, Remark
from qa_pipeline.values.scorecard import Scorecard
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Act, MeetingKind, Theme
from tests.evaluation.acts import CONDITIONS, held_out_models
from tests.evaluation.kept import held_out, model_file, note_code
from tests.evaluation.metrics import Counts

WIDE = 20
"""Points: an expert's band. The authors' own are 5 to 27 wide, 14 on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A meeting with its card; ``distance`` is how far the score lies outside the author's band.

    ``accuracy`` is the share of time whose chapter was told right; ``commitments`` counts the utterances that
    hold one, ``practices`` and ``issues`` what is remarked, against what would be if every act and chapter
    had been read as the author labelled it, ``quoted`` the passages that advice may hold up to people.
    """

    meeting: LabelledMeeting
    card: Scorecard
    accuracy: float = 1.0
    commitments: Counts = field(default_factory=Counts)
    practices: Counts = field(default_factory=Counts)
    issues: Counts = field(default_factory=Counts)
    quoted: Counts = field(default_factory=Counts)

    @property
    def gates(self) -> tuple[str, ...]:
        """The criticals that fail the meeting; those that ask a person do not."""
        return tuple(critical.id for critical in self.card.criticals if not critical.review)

    @property
    def qualified(self) -> bool:
        return self.card.energy_score >= self.card.pass_line and not self.gates

    @property
    def agreed(self) -> bool:
        return self.qualified == self.meeting.passes

    @property
    def sent(self) -> bool:
        """Whether a person is asked: `needs_review`."""
        asked = any(critical.review for critical in self.card.criticals)
        return asked or (straddles(self.card) and not self.gates)

    @property
    def covered(self) -> bool:
        """Whether our band holds what the author gave, the middle of the author's band."""
        low, high = self.card.band
        return low <= sum(self.meeting.band) / 2 <= high

    @property
    def touched(self) -> bool:
        """Whether our band and the author's have a score in common."""
        return self.card.band[0] <= self.meeting.band[1] and self.card.band[1] >= self.meeting.band[0]

    @property
    def near(self) -> bool:
        """Whether the score lies in the band of `WIDE` points around the middle of the author's."""
        return abs(self.card.energy_score - sum(self.meeting.band) / 2) <= WIDE / 2

    @property
    def distance(self) -> float:
        low, high = self.meeting.band
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
    note_code(folder, "chapters")
    everything = list(meetings())
    models = {}
    for authors in held_out(m.author for m in everything):
        path = model_file(folder, "chapters", authors) if folder else None
        if path is not None and path.exists():
            model = load(path)
        else:
            model = learn(m for m in everything if m.author not in authors)
            sys.stderr.write(f"learned chapters without {' '.join(authors)}\n")
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                save(model, path)
        models |= dict.fromkeys(authors, model)
    return models


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How the rubrics' verdicts compare with the authors'. ``wrong`` are the ids of the meetings judged
    otherwise; ``near`` is how often the score lies within 10 points of the middle of the author's band;
    ``distance`` is the mean distance of the score from that band, ``half`` the mean half width of our own
    band, both in points; ``straddling`` is how many of our bands cross the pass line. ``sent`` are the ids
    that a person is asked about; ``covered`` and ``touched`` are how often our band holds the middle of the
    author's, and has a score in common with it."""

    meetings: int
    wrong: tuple[str, ...]
    in_band: float
    near: float
    distance: float
    half: float
    straddling: int
    sent: tuple[str, ...] = ()
    covered: float = 0.0
    touched: float = 0.0
    commitments: Counts = field(default_factory=Counts)
    practices: Counts = field(default_factory=Counts)
    issues: Counts = field(default_factory=Counts)
    quoted: Counts = field(default_factory=Counts)

    @property
    def undoubted(self) -> tuple[str, ...]:
        """Judged otherwise than by the author without asking a person."""
        return tuple(id for id in self.wrong if id not in self.sent)

    @property
    def rate(self) -> float:
        return 1 - len(self.wrong) / self.meetings


def verdict_agreement(
    of: Iterable[LabelledMeeting],
    *,
    acts: Mapping[str, ActModel],
    chapters: Mapping[str, Model] | None,
    change: Callable[[Transcript], Transcript] = lambda transcript: transcript,
) -> Agreement:
    """Read, score and compare: each author's meetings by the models of that author's key, which have seen
    none of them. ``chapters`` None takes the labelled chapters; ``change`` is done to every transcript, which
    is then cleaned up as the product does."""
    return agreement(judge(of, acts=acts, chapters=chapters, change=change))


def judge(
    of: Iterable[LabelledMeeting],
    *,
    acts: Mapping[str, ActModel],
    chapters: Mapping[str, Model] | None,
    change: Callable[[Transcript], Transcript] = lambda transcript: transcript,
) -> list[Judged]:
    """Every meeting with its card."""
    judged = []
    for meeting in of:
        transcript, facts = clean(change(meeting.transcript)), filed_as(meeting)
        spans = (
            segment(transcript, kind=facts.kind, using=chapters[meeting.author])
            if chapters is not None
            else meeting.chapters
        )
        findings = find(transcript, spans, facts, model=acts[meeting.author])
        ideal = _labelled(meeting, transcript, facts, model=acts[meeting.author])
        kind = facts.kind or MeetingKind.WEEKLY_REVIEW
        card = score(
            load_rubric(kind.value), transcript=transcript, chapters=spans, findings=findings, facts=facts
        )
        judged.append(
            Judged(
                meeting=meeting,
                card=card,
                accuracy=accuracy(meeting, spans),
                commitments=_commitments(meeting, findings),
                practices=_remarks(meeting, findings.practices, ideal.practices),
                issues=_remarks(meeting, findings.issues, ideal.issues),
                quoted=_quoted(
                    meeting, Heard(transcript=transcript, chapters=spans, findings=findings, facts=facts)
                ),
            )
        )
    return judged


def _commitments(meeting: LabelledMeeting, findings: Findings) -> Counts:
    """Utterances that hold a commitment: of those found, those labelled. A meeting of another kind leaves no
    work, whatever is promised in it."""
    if meeting.facts.kind is None:
        return Counts()
    found = {action.evidence.utterance for action in findings.actions}
    there = {i for i, acts in enumerate(meeting.acts) if Act.COMMIT in acts}
    return Counts(len(found & there), len(found), len(there))


def _quoted(meeting: LabelledMeeting, heard: Heard) -> Counts:
    """Passages that are quoted as an evasion, an open promise or an open cause: those labelled as one."""
    if meeting.facts.kind is None:
        return Counts()
    found = [
        (act, proof) for name, act in reproached().items() if (proof := passage(name, heard)) is not None
    ]
    there = sum(bool(heard.findings.measures[name].evidence) for name in reproached())
    return Counts(sum(act in meeting.acts[proof.utterance] for act, proof in found), len(found), there)


def _labelled(
    meeting: LabelledMeeting, transcript: Transcript, facts: MeetingFacts, *, model: ActModel
) -> Findings:
    """What a reader would find who reads every act and chapter as the author labelled it."""
    reading = read(transcript, meeting.chapters, facts, model=model)
    said = tuple(
        replace(mine, acts=tuple((act, 1.0) for act in sorted(acts)))
        for mine, acts in zip(reading.readings, meeting.acts, strict=True)
    )
    return measured(replace(reading, readings=said), reader="author")


def _remarks(meeting: LabelledMeeting, found: Sequence[Remark], there: Sequence[Remark]) -> Counts:
    if meeting.facts.kind is None:
        return Counts()
    ours, theirs = {remark.id for remark in found}, {remark.id for remark in there}
    return Counts(len(ours & theirs), len(ours), len(theirs))


def agreement(judged: Sequence[Judged]) -> Agreement:
    return Agreement(
        meetings=len(judged),
        wrong=tuple(j.meeting.id for j in judged if not j.agreed),
        in_band=statistics.mean(j.distance == 0 for j in judged),
        near=statistics.mean(j.near for j in judged),
        distance=statistics.mean(j.distance for j in judged),
        half=statistics.mean((j.card.band[1] - j.card.band[0]) / 2 for j in judged),
        straddling=sum(straddles(j.card) for j in judged),
        sent=tuple(j.meeting.id for j in judged if j.sent),
        covered=statistics.mean(j.covered for j in judged),
        touched=statistics.mean(j.touched for j in judged),
        commitments=sum((j.commitments for j in judged), Counts()),
        practices=sum((j.practices for j in judged), Counts()),
        issues=sum((j.issues for j in judged), Counts()),
        quoted=sum((j.quoted for j in judged), Counts()),
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
    everything = list(meetings())
    sys.stdout.write(
        f"{'':16s}{'agreement':>10s}{'wrong':>6s}{'in band':>9s}{'±10':>6s}{'outside':>9s}{'±':>8s}"
        f"{'straddle':>9s}{'covers':>8s}{'sent':>6s}  wrong (+ a person is asked)\n"
    )
    for name, change in CONDITIONS.items():
        if chosen.only not in (None, name):
            continue
        judged = judge(everything, acts=acts, chapters=chapters, change=change)
        if chosen.each:
            sys.stdout.writelines(f"{_row(one)}\n" for one in judged)
        sys.stdout.write(_line(name, agreement(judged)))
        sys.stdout.flush()


def _line(name: str, found: Agreement) -> str:
    return (
        f"{name:16s}{found.rate:10.3f}{len(found.wrong):6d}{found.in_band:9.2f}{found.near:6.2f}{found.distance:9.2f}"
        f"{found.half:8.1f}{found.straddling:9d}{found.covered:8.2f}{len(found.sent):6d}  "
        f"{' '.join(f'{id}+' if id in found.sent else id for id in found.wrong)}\n"
    )


def _row(one: Judged) -> str:
    meeting, card = one.meeting, one.card
    items = " ".join(f"{i.id}:{'-' if i.level is None else format(i.level, '.2f')}" for i in card.items)
    said = f"{'pass' if meeting.passes else 'fail'} {'  ' if one.agreed else '!?' if one.sent else '!!'}"
    band = f"{meeting.band[0]:.0f}-{meeting.band[1]:.0f}"
    gates = ",".join(f"{c.id}?" if c.review else c.id for c in card.criticals)
    return f"{meeting.id} {said} {card.energy_score:5.1f} {band} {gates:6s} {items}"


if __name__ == "__main__":
    main()
