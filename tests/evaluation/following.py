"""How well the commitments of one meeting are followed up in the next one of the same team (I4), by models
that have learned nothing of the author."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from qa_pipeline.chapters import segment
from qa_pipeline.chapters.corpus import LabelledMeeting
from qa_pipeline.chapters.model import Model
from qa_pipeline.findings import read
from qa_pipeline.findings.acts import ActModel
from qa_pipeline.findings.following import FollowModel, follow_up
from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.train_following import HOW, Telling, examples, fate_of, fit, promises
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.transcript.voices import name_voices
from qa_pipeline.values.findings import FollowUp
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Outcome
from tests.evaluation.kept import held_out
from tests.evaluation.metrics import Counts

NEAR = 2
"""Utterances that the place found may lie from the labelled one: question and answer are one place."""

Told = tuple[FollowUp, int | None, Outcome]
"""What was found of a promise, the labelled place and outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """``places`` counts the promises whose place was found, ``outcomes`` those told to have come to each;
    only promises that were found in the meeting before are looked for."""

    promises: int
    places: Counts
    outcomes: Mapping[str, Counts]


def held_out_models(tellings: Sequence[Telling]) -> dict[str, FollowModel]:
    """Author -> a model that has not seen that author."""
    known = [(told.author, list(examples(told))) for told in tellings]
    models: dict[str, FollowModel] = {}
    for authors in held_out(author for author, _ in known):
        model = fit([example for author, those in known if author not in authors for example in those])
        sys.stderr.write(f"trained what follows up without {' '.join(authors)}\n")
        models |= dict.fromkeys(authors, model)
    return models


def measure(
    of: Iterable[LabelledMeeting],
    *,
    acts: Mapping[str, ActModel],
    chapters: Mapping[str, Model],
    models: Mapping[str, FollowModel],
    change: Callable[[Transcript], Transcript] = lambda transcript: transcript,
) -> Followed:
    """Every meeting that follows up another of them; each is read by the models of its author's key."""
    everything = {meeting.id: meeting for meeting in of}

    def heard(meeting: LabelledMeeting) -> Reading:
        transcript = name_voices(clean(change(meeting.transcript)))
        spans = segment(transcript, kind=meeting.facts.kind, using=chapters[meeting.author])
        return read(transcript, spans, meeting.facts, model=acts[meeting.author])

    told: list[Told] = []
    for meeting in everything.values():
        if meeting.follows is not None:
            earlier = everything[meeting.follows]
            promised = promises(earlier, heard(earlier))
            found = follow_up(heard(meeting), promised, model=models[meeting.author])
            told += [(one, *fate_of(meeting, one.action)) for one in found]
    return _counted(told)


def measure_excerpts(
    tellings: Sequence[Telling], *, models: Mapping[str, FollowModel]
) -> dict[str, Followed]:
    """The labelled excerpts (no whole meetings) in each way in which they are told."""
    told: dict[str, list[Told]] = {how: [] for how in HOW}
    for one in tellings:
        if not one.whole:
            found = follow_up(one.reading, one.promised, model=models[one.author])
            told[one.how] += [(what, *fate) for what, fate in zip(found, one.fates, strict=True)]
    return {how: _counted(those) for how, those in told.items()}


def _counted(told: Sequence[Told]) -> Followed:
    return Followed(
        promises=len(told),
        places=Counts(
            sum(
                place is not None and any(abs(e.utterance - place) <= NEAR for e in one.evidence)
                for one, place, _ in told
            ),
            sum(bool(one.evidence) for one, *_ in told),
            sum(place is not None for _, place, _ in told),
        ),
        outcomes={
            outcome.value: Counts(
                sum(one.outcome is fate is outcome for one, _, fate in told),
                sum(one.outcome is outcome for one, *_ in told),
                sum(fate is outcome for *_, fate in told),
            )
            for outcome in Outcome
        },
    )
