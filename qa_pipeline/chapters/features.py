"""What the decoder sees of a meeting: topics in windows, chapter starts, cohesion, turns, pauses, place.

Windows are counted in characters of the stream, so they do not depend on how the recogniser cut the speech.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.chapters import cohesion, ngrams
from qa_pipeline.chapters.cohesion import Cohesion
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Chapter

Floats = NDArray[np.float64]

TOPICS: Final = (
    Chapter.OPENING,
    Chapter.STAGE_REVIEW,
    Chapter.EXCELLENCE_SHARING,
    Chapter.PROBLEM_DISCUSSION,
    Chapter.NEXT_MONTH_PLAN,
    Chapter.NEXT_WEEK_PLAN,
    Chapter.CLOSING,
    Chapter.OFF_TOPIC,
)
"""The labels of the decoder. Both reviews are one topic: they talk alike, the kind of meeting names them."""
ELSEWHERE: Final = len(TOPICS)
"""One more label of the topic scorer: what meetings of another kind are about. That is off-topic too, but
worded otherwise than the digressions of the two meetings, which are hard to tell beside it."""
SUBJECTS: Final = len(TOPICS) + 1
KINDS: Final = 3
"""Weekly review, monthly planning, other."""
BEFORE: Final = 25
AFTER: Final = 40
"""Characters read before and after a possible chapter start."""
CENTRED: Final = (20, 60, 150, 400)
FORWARD: Final = (60, 200)
BACKWARD: Final = (60, 200)
FLOOR: Final = (150, 400)
"""How far around an utterance it is read who holds the floor."""
FAMILIAR: Final = 0.5
"""Where fewer of the characters within 400 were met in training, the language is another one."""
CORPUS_CHARACTERS: Final = 3500
"""Characters of a typical meeting that was learned from."""
UTTERANCES: Final = 150
"""A meeting's evidence is weighed as if it had this many utterances, however many it was cut into."""
BASE_CHARACTERS: Final = 600
"""Meetings shorter than this are not weighed up."""


@dataclass(frozen=True, kw_only=True)
class Scorers:
    """Linear scorers over n-gram buckets: ``topic`` (BUCKETS, SUBJECTS), ``after`` and ``before``
    (BUCKETS, K + 1) for the start of no chapter or of one of K, ``kind`` (BUCKETS, KINDS); each with its
    intercept."""

    syllables: ngrams.Ints
    familiar: NDArray[np.bool_]
    """The Han characters met in training, (HANS,)."""
    topic: NDArray[np.float32]
    topic_bias: Floats
    after: NDArray[np.float32]
    before: NDArray[np.float32]
    start_bias: Floats
    kind: NDArray[np.float32]
    kind_bias: Floats

    @cached_property
    def table(self) -> NDArray[np.float32]:
        """The weights of all scorers side by side, so that a bucket is looked up once."""
        return np.hstack([self.topic, self.after, self.before, self.kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """``label`` (U, F): features of being in a chapter; ``gap`` (U, G): of any change before the utterance;
    ``entry`` (U, K, E): of entering a given chapter; ``weight`` (U,): the share of an utterance; ``kind``
    (KINDS,): log-probabilities of the meeting kinds by its words; ``foreign`` (U,): whether the talk around
    the utterance is in no language that was learned."""

    label: Floats
    gap: Floats
    entry: Floats
    weight: Floats
    kind: Floats
    foreign: NDArray[np.bool_]


def evidence(transcript: Transcript, scorers: Scorers) -> Evidence:
    utterances = transcript.utterances
    text = ngrams.stream([u.text for u in utterances])
    found = ngrams.buckets(text.codes, syllables=scorers.syllables)
    size = len(text.codes)
    first, last = text.edges[:-1], text.edges[1:]
    middle = (first + last) // 2
    stretch = float(np.clip(np.sqrt(size / CORPUS_CHARACTERS), 1.0, 2.0))
    columns = np.cumsum([w.shape[1] for w in (scorers.topic, scorers.after, scorers.before)])
    topic, after, before, kinds = np.split(_cumulated(found, scorers.table), columns, axis=1)

    def window(low: ngrams.Ints, high: ngrams.Ints) -> Floats:
        low, high = np.clip(low, 0, size), np.clip(high, 0, size)
        norm = np.sqrt(ngrams.CHANNELS * np.maximum(high - low, 1))
        return _log_softmax((topic[high] - topic[low]) / norm[:, None] + scorers.topic_bias)

    reach = [int(x * stretch) for x in CENTRED]
    windows = [window(first, last)]
    windows += [window(middle - x, middle + x) for x in reach]
    windows += [window(first, first + int(x * stretch)) for x in FORWARD]
    windows += [window(last - int(x * stretch), last) for x in BACKWARD]
    since, until = middle / max(size, 1), 1 - middle / max(size, 1)
    position = [np.ones(len(first)), since, since**2]
    position += [np.exp(-x / scale) for scale in (0.02, 0.06) for x in (since, until)]

    kind = kinds[-1] / np.sqrt(ngrams.CHANNELS * max(size, 1)) + scorers.kind_bias
    familiar = np.concatenate(([0], np.cumsum(_familiar(text.codes, scorers.familiar))))
    low, high = np.clip(middle - 400, 0, size), np.clip(middle + 400, 0, size)

    start = _log_softmax(
        after[np.minimum(size, first + AFTER)]
        - after[first]
        + before[first]
        - before[np.maximum(0, first - BEFORE)]
        + scorers.start_bias
    )
    past = window(first - int(100 * stretch), first)
    coming = window(first, first + int(100 * stretch))
    length = last - first
    talk = cohesion.find(transcript, text)
    begins = np.zeros(len(first))
    begins[talk.begins] = 1.0
    gap = np.stack(
        [
            np.ones(len(first)),
            1 - np.exp((past + coming) / 2).sum(axis=1),
            talk.changed,
            talk.known & (talk.speaker == talk.leader),
            np.full(len(first), talk.known),
            talk.unlike,
            talk.signs,
            begins,
            _pauses(transcript),
            np.log1p(length),
            np.log1p(np.concatenate(([0], length[:-1]))),
            start[:, 0],
            np.log1p(-np.exp(np.minimum(start[:, 0], -1e-9))),
        ],
        axis=1,
    )
    return Evidence(
        label=np.concatenate(
            [*windows, _floor(talk, text.edges, stretch), np.stack(position, axis=1)], axis=1
        ),
        gap=gap,
        entry=np.stack(
            [start[:, 1:] - start[:, :1], start[:, 1:], (coming - past)[:, : len(TOPICS)]], axis=2
        ),
        weight=np.maximum(length, 3) * UTTERANCES / max(size, BASE_CHARACTERS),
        kind=_log_softmax(kind),
        foreign=familiar[high] - familiar[low] < FAMILIAR * (high - low),
    )


def _floor(talk: Cohesion, edges: ngrams.Ints, stretch: float) -> Floats:
    """Who holds the floor around each utterance, for each of ``FLOOR``: the leader's share of the characters,
    the largest share of another, how many speak, how often the speaker changes; and whether any of this is
    known. All zero where it is not."""
    count = len(edges) - 1
    if not talk.known:
        return np.zeros((count, 4 * len(FLOOR) + 1))
    middle = (edges[:-1] + edges[1:]) / 2
    said = np.zeros((count + 1, talk.speaker.max() + 1))
    said[np.arange(count) + 1, talk.speaker] = np.diff(edges)
    said = np.cumsum(said, axis=0)
    changes = np.concatenate(([0], np.cumsum(talk.changed)))
    columns = [np.ones(count)]
    for reach in FLOOR:
        low = np.clip(np.searchsorted(edges, middle - reach * stretch, side="right") - 1, 0, count - 1)
        high = np.maximum(np.clip(np.searchsorted(edges, middle + reach * stretch), 1, count), low + 1)
        shares = said[high] - said[low]
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)
        columns.append(shares[:, talk.leader].copy())
        columns.append((shares > 0.05).sum(axis=1) / 5)
        columns.append((changes[high] - changes[low]) / (high - low))
        shares[:, talk.leader] = 0
        columns.append(shares.max(axis=1))
    return np.stack(columns, axis=1)


def _familiar(codes: ngrams.Ints, met: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Digits count as met, letters do not."""
    han = codes - ngrams.FIRST_HAN
    return np.where(han >= 0, met[np.clip(han, 0, None)], codes <= ord("9"))


def _pauses(transcript: Transcript) -> Floats:
    """How much longer than usual the pause before each utterance is, logarithmic."""
    utterances = transcript.utterances
    ends = [utterances[0].start, *(u.end for u in utterances[:-1])]
    pauses = np.array([max(0.0, u.start - end) for u, end in zip(utterances, ends, strict=True)])
    longer: Floats = np.log1p(np.maximum(0.0, pauses - np.median(pauses)) / 5)
    return longer


def _cumulated(found: ngrams.Ints, weights: NDArray[np.float32]) -> Floats:
    """Scores of the first c characters together, (C + 1, columns)."""
    total = np.zeros((len(found) + 1, weights.shape[1]))
    for channel in range(found.shape[1]):
        total[1:] += weights.take(found[:, channel], axis=0)
    return np.cumsum(total, axis=0, out=total)


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    normalised: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised
