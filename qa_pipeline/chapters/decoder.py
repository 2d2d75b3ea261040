"""From a transcript to its chapters: the best label sequence, with how sure each span is."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from qa_pipeline.chapters import crf, model
from qa_pipeline.chapters.features import TOPICS, Evidence, Floats, evidence
from qa_pipeline.values.chapters import Chapters, ChapterSpan, LikelyChapter
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Chapter, MeetingKind

TEMPERATURE: Final = 1.5
"""Probabilities are read at this temperature: windows overlap, so the field counts the same words repeatedly
and is too sure of itself. ``tests.evaluation`` measures how far confidence and truth lie apart."""
REFUSED: Final = 0.97
"""What was filed as one of the two meetings but is this surely neither has their chapters no more than
another meeting has. Chosen on unseen authors: no weekly or monthly meeting was refused at this bar, at 0.95
one was that digressed for two thirds of its time."""
DOUBTED: Final = 0.5
NEITHER: Final = 0.9
"""From this doubt on by the words alone, words and chapters together are asked, and this sure of neither they
must be. On unseen authors, as written and with all that degrades them, one weekly or monthly meeting of 275
came above it (it digresses for most of its time), no other above 0.7 as written and 0.89 at 20 % wrong
characters; of the 71 of another kind six lay below. What lies close below the rubrics leave to a person
(K7)."""
TRACE: Final = 0.35
"""A chapter's likely stretch is where its probability is above this on the whole."""
KIND_ORDER: Final = (MeetingKind.WEEKLY_REVIEW, MeetingKind.MONTHLY_PLANNING, None)


def segment(
    transcript: Transcript,
    *,
    kind: MeetingKind | None = None,
    using: model.Model | None = None,
) -> Chapters:
    """Divide a meeting into chapters (R13, R14). Spans tile the utterances; a chapter may be missing,
    recur or come out of order. ``kind`` None: told from the words; a meeting of neither kind
    is all off-topic but for its opening and closing, and so is one that was given a ``kind`` (a calendar may
    name it) but whose words say otherwise. A span's confidence is the mean probability of its chapter, by
    length."""
    learned = using or model.current()
    if not transcript.utterances:
        return Chapters(spans=(), segmenter=learned.version)
    seen = evidence(transcript, learned.scorers)
    neither = _neither(seen, learned)
    if kind is None:
        kind, _ = _kind(seen, learned)
    elif neither > NEITHER:
        kind = None
    emission, entry = model.potentials(seen, learned.field)
    if kind is None:
        emission = _off_topic_whatever(emission)
    emission = emission + model.ruled_out(kind, seen.foreign)
    change = learned.field.change
    path = crf.viterbi(emission, entry, change)
    label, _ = crf.posterior(emission / TEMPERATURE, entry / TEMPERATURE, change / TEMPERATURE)
    return Chapters(
        spans=_spans(transcript, path, label, seen.weight, kind),
        segmenter=learned.version,
        likely=_likely(transcript, label, kind),
        neither=round(neither, 3),
    )


def _off_topic_whatever(emission: Floats) -> Floats:
    """In a meeting of another kind what would be a chapter in one of ours is off topic as well: its talk of
    figures and plans is neither opening nor closing only because it is no digression (U, K)."""
    merged = emission.copy()
    inside = [TOPICS.index(topic) for topic in TOPICS if topic not in {Chapter.OPENING, Chapter.CLOSING}]
    merged[:, TOPICS.index(Chapter.OFF_TOPIC)] = emission[:, inside].max(axis=1)
    return merged


def infer_kind(
    transcript: Transcript, *, using: model.Model | None = None
) -> tuple[MeetingKind | None, float]:
    """Which of the two meetings this is, None for neither, and how probable that is (0-1)."""
    learned = using or model.current()
    if not transcript.utterances:
        return None, 1.0
    return _kind(evidence(transcript, learned.scorers), learned)


def kind_features(seen: Evidence, field: model.Field) -> Floats:
    """What tells the kinds apart (6,): the words, how much better the meeting is explained with its mandated
    chapters than without, and the share of time in the chapters that only one kind has."""
    emission, entry = model.potentials(seen, field)
    explained, shares = [], []
    for kind in KIND_ORDER:
        label, log_z = crf.posterior(emission + model.ruled_out(kind), entry, field.change)
        explained.append(log_z / seen.weight.sum())
        shares.append(seen.weight @ label / seen.weight.sum())
    month, rest = TOPICS.index(Chapter.NEXT_MONTH_PLAN), TOPICS.index(Chapter.OFF_TOPIC)
    return np.array(
        [
            *(seen.kind[:2] - seen.kind[2]),
            explained[0] - explained[2],
            explained[1] - explained[0],
            shares[1][month],
            shares[0][rest],
        ]
    )


def otherness(seen: Evidence) -> float:
    """How much more likely another kind of meeting is by the words than the two together, logarithmic."""
    return float(seen.kind[2] - np.logaddexp(seen.kind[0], seen.kind[1]))


def _misfiled(seen: Evidence, learned: model.Model) -> float:
    """The probability that a meeting said to be one of the two is neither."""
    slope, intercept = learned.misfiled
    return float(1 / (1 + np.exp(-slope * otherness(seen) - intercept)))


def _neither(seen: Evidence, learned: model.Model) -> float:
    """The probability that a meeting is neither of the two, whatever it was filed as."""
    if _is_foreign(seen):
        return 1.0
    doubt = _misfiled(seen, learned)
    if DOUBTED < doubt <= REFUSED:
        return float(_kinds(seen, learned)[KIND_ORDER.index(None)])
    return doubt


def _kind(seen: Evidence, learned: model.Model) -> tuple[MeetingKind | None, float]:
    likely = _kinds(seen, learned)
    best = int(likely.argmax())
    return KIND_ORDER[best], float(likely[best])


def _is_foreign(seen: Evidence) -> bool:
    """Whether most of it is in a language the reader does not know."""
    return bool(seen.foreign @ seen.weight > seen.weight.sum() / 2)


def _kinds(seen: Evidence, learned: model.Model) -> Floats:
    """(3,) probabilities in ``KIND_ORDER``, by words and chapters together."""
    if _is_foreign(seen):
        return np.array([kind is None for kind in KIND_ORDER], dtype=float)
    weights = learned.kind
    scores = weights[:, :-1] @ kind_features(seen, learned.field) + weights[:, -1]
    likely = np.exp(scores - scores.max())
    shares: Floats = likely / likely.sum()
    return shares


def _likely(transcript: Transcript, label: Floats, kind: MeetingKind | None) -> tuple[LikelyChapter, ...]:
    starts = np.array([*(u.start for u in transcript.utterances), transcript.duration])
    times = np.diff(starts)
    found = []
    for topic, chapter in enumerate(TOPICS):
        if chapter == Chapter.STAGE_REVIEW and kind == MeetingKind.MONTHLY_PLANNING:
            chapter = Chapter.MONTHLY_REVIEW
        seconds = times @ label[:, topic]
        first, last = _densest((label[:, topic] - TRACE) * times)
        found.append(
            LikelyChapter(
                chapter=chapter,
                seconds=round(float(seconds), 1),
                start=round(float(starts[first]), 2),
                end=round(float(starts[last]), 2),
            )
        )
    return tuple(found)


def _densest(gains: Floats) -> tuple[int, int]:
    """The stretch [first, last) with the greatest sum (J. Kadane)."""
    best, found, since, total = -np.inf, (0, 0), 0, 0.0
    for at, gain in enumerate(gains.tolist()):
        if total <= 0:
            since, total = at, 0.0
        total += gain
        if total > best:
            best, found = total, (since, at + 1)
    return found


def _spans(
    transcript: Transcript,
    path: np.ndarray[tuple[int], np.dtype[np.int64]],
    label: Floats,
    weight: Floats,
    kind: MeetingKind | None,
) -> tuple[ChapterSpan, ...]:
    utterances = transcript.utterances
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    spans = []
    for first, last in itertools.pairwise(edges):
        topic = int(path[first])
        chapter = TOPICS[topic]
        if chapter == Chapter.STAGE_REVIEW and kind == MeetingKind.MONTHLY_PLANNING:
            chapter = Chapter.MONTHLY_REVIEW
        share = weight[first:last]
        spans.append(
            ChapterSpan(
                chapter=chapter,
                start=utterances[first].start,
                end=utterances[last].start if last < len(utterances) else transcript.duration,
                first=first,
                last=last,
                confidence=float(np.clip(label[first:last, topic] @ share / share.sum(), 0.0, 1.0)),
            )
        )
    return tuple(spans)
