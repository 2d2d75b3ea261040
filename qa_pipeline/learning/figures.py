"""How well chapters and acts are told, against labels that a person gave."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.chapters.corpus import LabelledMeeting
from qa_pipeline.findings.acts import ACTS, ActModel, signals
from qa_pipeline.findings.mentions import find_mentions
from qa_pipeline.findings.roles import find_host
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Chapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How one label is told: ``there`` is how much of it there is (seconds of a chapter, utterances of an
    act), ``claimed`` how much was said to be it, ``right`` what of that was."""

    there: float = 0.0
    claimed: float = 0.0
    right: float = 0.0

    @property
    def precision(self) -> float | None:
        return self.right / self.claimed if self.claimed else None

    @property
    def recall(self) -> float | None:
        return self.right / self.there if self.there else None

    @property
    def f1(self) -> float | None:
        whole = self.there + self.claimed
        return 2 * self.right / whole if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """``score`` decides: of chapters the mean accuracy by time, of acts the F1 over all of them together.
    ``by_label`` has a row for each chapter or act that is there or was claimed."""

    meetings: int
    score: float
    by_label: dict[str, Told]


def labels(chapters: Chapters) -> list[Chapter]:
    """The chapter of each utterance."""
    return [span.chapter for span in chapters.spans for _ in range(span.first, span.last)]


def seconds(meeting: LabelledMeeting) -> list[float]:
    """The time of each utterance, the pause after it included."""
    starts = [u.start for u in meeting.transcript.utterances]
    return [b - a for a, b in itertools.pairwise([*starts, meeting.transcript.duration])]


def accuracy(meeting: LabelledMeeting, found: Chapters) -> float:
    """Share of the time whose chapter is told right."""
    times = seconds(meeting)
    rows = zip(labels(meeting.chapters), labels(found), times, strict=True)
    return sum(time for true, claimed, time in rows if true == claimed) / sum(times)


def chapter_figures(read: Iterable[tuple[LabelledMeeting, Chapters]]) -> Figures:
    accuracies = []
    there: defaultdict[str, float] = defaultdict(float)
    claimed: defaultdict[str, float] = defaultdict(float)
    right: defaultdict[str, float] = defaultdict(float)
    for meeting, found in read:
        accuracies.append(accuracy(meeting, found))
        for true, told, time in zip(labels(meeting.chapters), labels(found), seconds(meeting), strict=True):
            there[true.value] += time
            claimed[told.value] += time
            right[true.value] += time if true == told else 0.0
    return Figures(
        meetings=len(accuracies),
        score=sum(accuracies) / len(accuracies) if accuracies else 0.0,
        by_label={
            chapter.value: Told(
                there=there[chapter.value], claimed=claimed[chapter.value], right=right[chapter.value]
            )
            for chapter in Chapter
            if there[chapter.value] or claimed[chapter.value]
        },
    )


def act_probabilities(meeting: LabelledMeeting, heard: Transcript, model: ActModel) -> NDArray[np.float32]:
    """(utterances, acts), read within the labelled chapters; 0.5 is the cut. ``heard`` is the meeting's
    transcript, maybe with other words."""
    transcript = clean(heard)
    mentions = find_mentions(transcript.utterances, meeting.facts)
    host = find_host(transcript, meeting.facts, mentions)
    seen = signals(transcript, meeting.chapters, host, mentions)
    return model.probabilities([u.text for u in transcript.utterances], seen)


def act_figures(read: Iterable[LabelledMeeting], model: ActModel) -> Figures:
    """Over the utterances whose acts a person went through."""
    total = np.zeros((len(ACTS), 3))
    count = 0
    for meeting in read:
        sure = np.array(meeting.gone_through)
        claimed = (act_probabilities(meeting, meeting.transcript, model) >= 0.5)[sure]
        labelled = np.array([[a in row for a in ACTS] for row in meeting.acts])[sure]
        total += np.stack([(claimed & labelled).sum(0), claimed.sum(0), labelled.sum(0)], axis=1)
        count += 1
    return Figures(
        meetings=count,
        score=float(2 * total[:, 0].sum() / max(1.0, total[:, 1:].sum())),
        by_label={
            act.value: Told(right=row[0], claimed=row[1], there=row[2])
            for act, row in zip(ACTS, total.tolist(), strict=True)
            if row[1] or row[2]
        },
    )
