"""How well chapters are told: found spans against an author's, over meetings the model has not seen."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from qa_pipeline.chapters.corpus import LabelledMeeting
from qa_pipeline.learning.figures import accuracy, labels, seconds
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.vocabulary import Chapter
from tests.evaluation.metrics import Counts, calibration_error, matched, pk_and_windowdiff

TOLERANCE = 30.0
"""Seconds by which a boundary may be off."""
FRAME = {Chapter.OPENING, Chapter.CLOSING, Chapter.OFF_TOPIC}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterFigures:
    """Means over meetings; the F1 are over all meetings together. ``calibration`` is the expected error of a
    span's confidence by time; ``sure`` and ``unsure`` are how often spans surer and less sure than 0.8 are
    right, by time; ``authors`` the accuracy by author."""

    accuracy: float
    boundary_f1: float
    presence_f1: float
    pk: float
    window_diff: float
    calibration: float
    sure: float | None
    unsure: float | None
    authors: dict[str, float]


def measure(read: Iterable[tuple[LabelledMeeting, Chapters]]) -> ChapterFigures:
    """Compare each meeting's labels with the chapters found in it (same utterances, maybe other words)."""
    accuracies: defaultdict[str, list[float]] = defaultdict(list)
    boundaries, presence = Counts(), Counts()
    distances: list[tuple[float, float]] = []
    claims: list[tuple[float, float, bool]] = []
    for meeting, found in read:
        true, claimed, times = labels(meeting.chapters), labels(found), seconds(meeting)
        right = [a == b for a, b in zip(true, claimed, strict=True)]
        accuracies[meeting.author].append(accuracy(meeting, found))
        gold = meeting.chapters.spans
        boundaries += matched(
            [s.start for s in found.spans[1:]], [s.start for s in gold[1:]], within=TOLERANCE
        )
        distances.append(
            pk_and_windowdiff(
                [s.first for s in found.spans[1:]], [s.first for s in gold[1:]], units=len(true)
            )
        )
        held, told = set(true) - FRAME, set(claimed) - FRAME
        presence += Counts(len(held & told), len(told), len(held))
        for span in found.spans:
            claims += [(span.confidence, times[u], right[u]) for u in range(span.first, span.last)]
    everyone = [a for group in accuracies.values() for a in group]
    return ChapterFigures(
        accuracy=statistics.mean(everyone),
        boundary_f1=boundaries.f1,
        presence_f1=presence.f1,
        pk=statistics.mean(p for p, _ in distances),
        window_diff=statistics.mean(w for _, w in distances),
        calibration=calibration_error(claims),
        sure=_share_right([c for c in claims if c[0] >= 0.8]),
        unsure=_share_right([c for c in claims if c[0] < 0.8]),
        authors={author: statistics.mean(group) for author, group in sorted(accuracies.items())},
    )


def _share_right(claims: list[tuple[float, float, bool]]) -> float | None:
    total = sum(weight for _, weight, _ in claims)
    return sum(weight for _, weight, right in claims if right) / total if total else None
