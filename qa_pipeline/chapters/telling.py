"""Which words of an utterance speak for its chapter: what the topic scorer adds up, taken apart again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import numpy as np

from qa_pipeline.chapters import model, ngrams
from qa_pipeline.chapters.features import TOPICS
from qa_pipeline.values.vocabulary import Chapter

LENGTHS: Final = (1, 2, 3, 2, 3, 3)
"""Characters that the n-gram of each channel spans."""


def telling(text: str, chapter: Chapter, *, most: int = 5) -> list[tuple[str, float]]:
    """The stretches of a text (1-3 characters) that speak most for a chapter against the mean of all, and
    what each adds to its score within this text."""
    learned = model.current()
    stream = ngrams.stream([text])
    if not len(stream.codes):
        return []
    topic = TOPICS.index(Chapter.STAGE_REVIEW if chapter is Chapter.MONTHLY_REVIEW else chapter)
    found = ngrams.buckets(stream.codes, syllables=learned.scorers.syllables)
    weights = learned.scorers.topic[found]
    speaks = (weights[:, :, topic] - weights.mean(axis=2)) / np.sqrt(ngrams.CHANNELS * len(stream.codes))
    letters = "".join(map(chr, stream.codes.tolist()))
    sums: dict[str, float] = defaultdict(float)
    for at in range(len(letters)):
        for channel, length in enumerate(LENGTHS):
            if at + length <= len(letters):
                sums[letters[at : at + length]] += float(speaks[at, channel])
    return strongest(sums, most=most)


def strongest(sums: Mapping[str, float], *, most: int) -> list[tuple[str, float]]:
    """Of stretches with what each adds, the strongest that add anything and say nothing twice."""
    chosen: list[tuple[str, float]] = []
    for words, weight in sorted(sums.items(), key=lambda one: -one[1]):
        if weight <= 0 or len(chosen) == most:
            break
        if not any(_overlap(words, other) for other, _ in chosen):
            chosen.append((words, weight))
    return chosen


def _overlap(one: str, other: str) -> bool:
    pairs = {one[i : i + 2] for i in range(len(one) - 1)}
    return one in other or other in one or any(pair in other for pair in pairs)
