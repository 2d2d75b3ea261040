"""Train what tells of earlier commitments: ``python -m qa_pipeline.findings.train_following``.

Learned from are the excerpts in ``promises/`` (FORMAT.md there) and the labelled meetings that are the next
of another one's team. Each is learned three times: as it is; without speakers; and with recognition errors.
Deterministic but for the rounding of another processor; about a minute on one core.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.chapters import segment
from qa_pipeline.chapters.corpus import GAP, SPEECH_RATE, LabelledMeeting, meetings
from qa_pipeline.findings import read
from qa_pipeline.findings.commitments import actions
from qa_pipeline.findings.following import OUTCOMES, PARTS, VERSION, FollowModel
from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.spelling import grams
from qa_pipeline.findings.taking_up import outcome_signals, places, told_of
from qa_pipeline.findings.train import Noise
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.transcript.voices import name_voices
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action, Evidence
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import MeetingKind, Outcome

MODEL: Final = Path(__file__).with_name("following.npz")
PROMISES: Final = Path(__file__).with_name("promises")
HOW: Final = ("as written", "no speakers", "10% noise")
MISHEARD: Final = 0.1
"""Share of the characters that come out wrong in the third telling."""
MEETING_WEIGHT: Final = 8.0
"""Times as much as a promise of an excerpt counts one of a whole meeting."""
LEAST: Final = 3
"""An n-gram must be told of so many promises to be learned."""
RIDGE: Final = 3.0
"""Penalty of the signals of the place; of those of nowhere a tenth."""
TOLD_WEIGHT: Final = 0.4
"""What a standard deviation of a signal counts for beside an n-gram, where the outcome is learned."""
INVERSE_PENALTY: Final = 6.0
"""Of the outcomes' weights, were each promise told but once."""

_PROMISE: Final = re.compile(r"promise (P\d+) ([^:]+): (.+)")
_SAID: Final = re.compile(r"(S\d+) ([^:]+): (.*?)(?: \{([^{}]*)\})?")
_FATE: Final = re.compile(r"(P\d+) (\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A stretch of a meeting, its speakers known by name, and the promises of the meeting before with their
    fates (see ``Telling``)."""

    author: str
    id: str
    held: date
    promises: tuple[Action, ...]
    transcript: Transcript
    fates: tuple[tuple[int | None, Outcome], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A meeting, or a stretch of one, read in one of ``HOW``, with the promises it follows up and their
    ``fates``: (utterance, outcome) of each, the utterance None where nobody speaks of it."""

    author: str
    how: str
    whole: bool
    """Whether this is a meeting from its beginning to its end."""
    reading: Reading
    promised: tuple[Action, ...]
    fates: tuple[tuple[int | None, Outcome], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One promise as the models see it; ``place`` is the row of ``signals`` that takes it up."""

    signals: NDArray[np.float64]
    nowhere: NDArray[np.float64]
    place: int | None
    told: tuple[str, str, str] | None
    told_signals: NDArray[np.float64] | None
    outcome: Outcome
    weight: float


def excerpts(folder: Path = PROMISES) -> Iterator[Excerpt]:
    """All labelled excerpts, a file for each author. Raises ValueError with file and line for a line that
    breaks the format."""
    for path in sorted(folder.glob("*.txt")):
        lines = path.read_text("utf-8").splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("# excerpt:")]
        for first, last in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield _excerpt(path, lines, first, last)


def _excerpt(path: Path, lines: Sequence[str], first: int, last: int) -> Excerpt:
    header: dict[str, str] = {}
    promised: dict[str, Action] = {}
    told: dict[str, tuple[int, Outcome]] = {}
    utterances: list[Utterance] = []
    clock = 0.0
    for number in range(first, last):
        line = lines[number].strip()
        if line.startswith("#"):
            key, _, value = line[1:].partition(":")
            header[key.strip()] = value.strip()
        elif promise := _PROMISE.fullmatch(line):
            quoted = Evidence(start=0.0, end=0.0, quote=promise[3], utterance=0)
            promised[promise[1]] = Action(who=promise[2], what=promise[3], due=None, evidence=quoted)
        elif said := _SAID.fullmatch(line):
            end = clock + max(1.0, len(said[3]) / SPEECH_RATE)
            for name, outcome in _FATE.findall(said[4] or ""):
                if name not in promised or outcome not in set(OUTCOMES):
                    raise ValueError(f"{path}:{number + 1}: no promise or no outcome: {name} {outcome}")
                told[name] = len(utterances), Outcome(outcome)
            utterances.append(Utterance(start=clock, end=end, speaker=said[2], text=said[3]))
            clock = end + GAP
        elif line:
            raise ValueError(f"{path}:{number + 1}: neither a promise nor an utterance: {line[:40]}")
    return Excerpt(
        author=path.stem,
        id=header["excerpt"],
        held=date.fromisoformat(header["held"]),
        promises=tuple(promised.values()),
        transcript=Transcript(utterances=tuple(utterances), duration=clock, engine="text"),
        fates=tuple(told.get(name, (None, Outcome.NOT_MENTIONED)) for name in promised),
    )


def tellings() -> Iterator[Telling]:
    """Every excerpt and every labelled meeting that is the next of another one's team, in each of ``HOW``."""
    for excerpt in excerpts():
        facts = MeetingFacts(kind=MeetingKind.WEEKLY_REVIEW, meeting_date=excerpt.held)
        name = f"{excerpt.author} {excerpt.id}"
        yield from _told(
            excerpt.author, name, excerpt.transcript, facts, excerpt.promises, excerpt.fates, whole=False
        )
    everything = {meeting.id: meeting for meeting in meetings()}
    for meeting in everything.values():
        if meeting.follows is not None:
            earlier = everything[meeting.follows]
            promised = promises(earlier, heard(name_voices(earlier.transcript), earlier.facts))
            fates = tuple(fate_of(meeting, promise) for promise in promised)
            said = name_voices(meeting.transcript)
            yield from _told(meeting.author, meeting.id, said, meeting.facts, promised, fates, whole=True)


def heard(transcript: Transcript, facts: MeetingFacts) -> Reading:
    """The meeting read by the shipped models."""
    transcript = clean(transcript)
    return read(transcript, segment(transcript, kind=facts.kind), facts)


def promises(meeting: LabelledMeeting, reading: Reading) -> tuple[Action, ...]:
    """The commitments found in a labelled meeting that its author labelled as such, too."""
    return tuple(a for a in actions(reading) if meeting.commitments[a.evidence.utterance])


def fate_of(meeting: LabelledMeeting, promise: Action) -> tuple[int | None, Outcome]:
    """Where the meeting tells last of a promise of the one it follows, and what."""
    which = promise.evidence.utterance
    told = [place for place, fates in enumerate(meeting.fates) if which in fates]
    return (told[-1], meeting.fates[told[-1]][which]) if told else (None, Outcome.NOT_MENTIONED)


def _told(
    author: str,
    name: str,
    said: Transcript,
    facts: MeetingFacts,
    promised: tuple[Action, ...],
    fates: tuple[tuple[int | None, Outcome], ...],
    *,
    whole: bool,
) -> Iterator[Telling]:
    noise = Noise(MISHEARD, Random(name))  # noqa: S311 - reproducible variety, no secret
    nobodys = replace(said, utterances=tuple(replace(u, speaker=None) for u in said.utterances))
    wrong = replace(said, utterances=tuple(replace(u, text=noise(u.text)) for u in said.utterances))
    for how, transcript in zip(HOW, (said, nobodys, wrong), strict=True):
        reading = heard(transcript, facts)
        yield Telling(author=author, how=how, whole=whole, reading=reading, promised=promised, fates=fates)


def examples(told: Telling) -> Iterator[Example]:
    """Each promise of a telling. There are few whole meetings, and they are what is read later."""
    rows = {index: row for row, index in enumerate(told.reading.spoken)}
    seen = zip(told.promised, told.fates, places(told.reading, told.promised), strict=True)
    for promise, (where, outcome), (signals, nowhere) in seen:
        there = where if where in rows else None
        yield Example(
            signals=signals,
            nowhere=nowhere,
            place=None if there is None else rows[there],
            told=None if there is None else told_of(told.reading, promise, there),
            told_signals=None if there is None else outcome_signals(told.reading, promise, there),
            outcome=outcome,
            weight=MEETING_WEIGHT if told.whole else 1.0,
        )


# ---------------------------------------------------------------- fitting


def fit(training: Sequence[Example]) -> FollowModel:
    """Learn both models."""
    everywhere = np.concatenate([e.signals for e in training])
    mean, scale = everywhere.mean(axis=0), everywhere.std(axis=0) + 1e-6
    weights, nowhere = _conditional_logit(training, mean, scale)
    return replace(
        _outcomes([e for e in training if e.told is not None]),
        place_mean=mean.astype(np.float32),
        place_scale=scale.astype(np.float32),
        place_weights=weights.astype(np.float32),
        nowhere_weights=nowhere.astype(np.float32),
    )


def _conditional_logit(
    training: Sequence[Example], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """McFadden's: one of the meeting's utterances, or nowhere, takes the promise up. The neighbours of the
    right one are neither right nor wrong."""
    from scipy.optimize import minimize

    training = [_alone(example) for example in training]
    seen = [(example.signals - mean) / scale for example in training]
    width, beside = training[0].signals.shape[1], len(training[0].nowhere)
    # Each promise's utterances, then a row for nowhere, which has signals of its own.
    inputs = np.concatenate(
        [
            np.block([[one, np.zeros((len(one), beside))], [np.zeros((1, width)), e.nowhere[None]]])
            for one, e in zip(seen, training, strict=True)
        ]
    )
    sizes = np.array([len(one) + 1 for one in seen])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    right = starts + [len(e.signals) if e.place is None else e.place for e in training]
    weight = np.array([example.weight for example in training])
    everywhere = np.repeat(weight, sizes)
    ridge = np.concatenate((np.full(width, RIDGE), np.full(beside, RIDGE / 10)))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = inputs @ weights
        most = np.repeat(np.maximum.reduceat(logits, starts), sizes)
        odds = np.exp(logits - most)
        total = np.add.reduceat(odds, starts)
        likely = odds / np.repeat(total, sizes)
        value = weight @ (np.log(total) - (logits - most)[right]) + 0.5 * ridge @ weights**2
        likely[right] -= 1
        return float(value), (everywhere * likely) @ inputs + ridge * weights

    found = minimize(loss, np.zeros(width + beside), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return found.x[:width], found.x[width:]


def _alone(example: Example) -> Example:
    """Without the neighbours of its place."""
    if example.place is None:
        return example
    away = abs(np.arange(len(example.signals)) - example.place)
    kept = np.flatnonzero(away != 1)
    return replace(example, signals=example.signals[kept], place=int(np.searchsorted(kept, example.place)))


def _outcomes(training: Sequence[Example]) -> FollowModel:
    """A model that knows outcomes and no places: a multinomial regression over what is told."""
    import scipy.sparse as sparse
    from sklearn.linear_model import LogisticRegression

    met = Counter(
        gram
        for e in training
        for gram in {part + g for part, text in zip(PARTS, e.told or (), strict=True) for g in grams(text)}
    )
    # The tellings of one promise are one promise.
    known = sorted(gram for gram, times in met.items() if times >= len(HOW) * LEAST)
    signals = np.array([e.told_signals for e in training])
    mean, scale = signals.mean(axis=0), signals.std(axis=0) + 1e-6
    nothing = np.zeros(0, dtype=np.float32)
    model = FollowModel(
        place_mean=nothing,
        place_scale=nothing,
        place_weights=nothing,
        nowhere_weights=nothing,
        vocabulary=tuple(known),
        idf=np.array([1 + np.log(len(training) / met[gram]) for gram in known], dtype=np.float32),
        gram_weights=np.zeros((len(known), len(OUTCOMES)), dtype=np.float32),
        told_mean=mean.astype(np.float32),
        told_scale=(scale / TOLD_WEIGHT).astype(np.float32),
        told_weights=np.zeros((signals.shape[1], len(OUTCOMES)), dtype=np.float32),
        bias=np.zeros(len(OUTCOMES), dtype=np.float32),
        version=VERSION,
    )
    rows = [model.weighed(e.told) for e in training if e.told is not None]
    pointers = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    words = sparse.csr_matrix(
        ([v for row in rows for v in row.values()], [c for row in rows for c in row], pointers),
        shape=(len(rows), len(known)),
    )
    inputs = sparse.hstack([words, sparse.csr_matrix((signals - mean) / scale * TOLD_WEIGHT)], format="csr")
    learned = LogisticRegression(C=INVERSE_PENALTY / len(HOW), max_iter=2000)
    outcomes = [OUTCOMES.index(e.outcome) for e in training]
    learned.fit(inputs, outcomes, sample_weight=[e.weight for e in training])
    weights = learned.coef_.T.astype(np.float32)
    return replace(
        model,
        gram_weights=weights[: len(known)],
        told_weights=weights[len(known) :],
        bias=learned.intercept_.astype(np.float32),
    )


def main() -> None:
    model = fit([example for told in tellings() for example in examples(told)])
    arrays: dict[str, Any] = model.arrays()
    np.savez_compressed(MODEL, **arrays)
    size = MODEL.stat().st_size / 1e6
    sys.stderr.write(f"{MODEL.name}: {size:.1f} MB, {len(model.vocabulary)} n-grams\n")


if __name__ == "__main__":
    main()
