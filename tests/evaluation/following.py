"""How well the commitments of one meeting are followed up in the next one of the same team (I4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from qa_pipeline.chapters import segment
from qa_pipeline.chapters.corpus import LabelledMeeting
from qa_pipeline.chapters.model import Model
from qa_pipeline.findings import find
from qa_pipeline.findings.acts import ActModel
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values.findings import Action, Findings, FollowUp
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Outcome
from tests.evaluation.metrics import Counts

NEAR = 2
"""Utterances that the place found may lie from the labelled one: question and answer are one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """``places`` counts the promises whose place was found, ``outcomes`` those told to have come to each;
    only promises that were found in the meeting before are looked for."""

    promises: int
    places: Counts
    outcomes: Mapping[str, Counts]


def measure(
    of: Iterable[LabelledMeeting],
    *,
    acts: Mapping[str, ActModel],
    chapters: Mapping[str, Model],
    change: Callable[[Transcript], Transcript] = lambda transcript: transcript,
) -> Followed:
    """Every meeting that follows up another of them; each is read by the models of its author's key."""
    everything = {meeting.id: meeting for meeting in of}

    def read(meeting: LabelledMeeting, before: tuple[Action, ...] = ()) -> Findings:
        transcript = clean(change(meeting.transcript))
        spans = segment(transcript, kind=meeting.facts.kind, using=chapters[meeting.author])
        model = acts[meeting.author]
        return find(transcript, spans, meeting.facts, commitments_before=before, model=model)

    told: list[tuple[FollowUp, Outcome, list[int]]] = []
    for meeting in everything.values():
        if meeting.follows is None:
            continue
        earlier = everything[meeting.follows]
        promised = tuple(a for a in read(earlier).actions if earlier.commitments[a.evidence.utterance])
        for one in read(meeting, promised).followed:
            which = one.action.evidence.utterance
            places = [place for place, fates in enumerate(meeting.fates) if which in fates]
            fate = meeting.fates[places[-1]][which] if places else Outcome.NOT_MENTIONED
            told.append((one, fate, places))
    return Followed(
        promises=len(told),
        places=Counts(
            sum(any(abs(e.utterance - p) <= NEAR for e in one.evidence for p in ps) for one, _, ps in told),
            sum(bool(one.evidence) for one, *_ in told),
            sum(bool(places) for *_, places in told),
        ),
        outcomes={
            outcome.value: Counts(
                sum(one.outcome is fate is outcome for one, fate, _ in told),
                sum(one.outcome is outcome for one, *_ in told),
                sum(fate is outcome for _, fate, _ in told),
            )
            for outcome in Outcome
        },
    )
