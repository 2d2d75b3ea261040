"""Where the talk turns to another subject, told from its words and turns alone: nothing here is learned.

Four signs are added up before each utterance: how unlike the words on both sides are (Hearst 1997, over
character bigrams), words that hand over, a change of speaker, and the leader taking the floor. Of the places
where the sum is high, the best set is kept in which no two lie too close together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.chapters import ngrams
from qa_pipeline.values.transcript import Transcript

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.float32]

REACH: Final = 800
"""Characters compared on either side; shorter transcripts, condensed ones too, are compared in tenths."""
REACHES: Final = (1.0, 1.5)
"""Times ``REACH``, all of them looked at alike; the widest is the last."""
IDF_CHARACTERS: Final = 150
"""Characters of the blocks in which bigrams are counted to tell the telling ones."""
REPEATED: Final = 3
"""Bigrams that come up less often tell nothing of what belongs together."""
SPAN: Final = 512
"""Utterances whose bigrams are counted at a time: a table of all would grow with the square of the length."""
BLOCK: Final = 32
"""Utterances compared at a time: few enough to stay in the processor's cache."""
CUE_CHARACTERS: Final = 40
HAND_OVER: Final = re.compile(
    "谢谢|感谢|接下来|下一个|下面|最后|问题|请问|想问|请教|有请|话题|总结|回到|进入"
)
CHANGED: Final = 1.0
LED: Final = 0.5
CUED: Final = 1.0
ENOUGH: Final = 1.5
"""What the signs must exceed; where speakers are known, a change of speaker alone adds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohesion:
    """Before each utterance (U,): ``unlike`` is how unlike the words on both sides are, in standard
    deviations from the transcript's mean, ``changed`` whether the speaker changed, ``signs`` the sum of all
    signs less what is enough. ``begins`` are the utterances with which a new subject begins. ``speaker``
    (U,) numbers the speakers, ``leader`` is the one with most turns; all 0 where they are not ``known``."""

    known: bool
    speaker: ngrams.Ints
    leader: int
    changed: Flags
    unlike: Floats
    signs: Floats
    begins: ngrams.Ints


def find(transcript: Transcript, text: ngrams.Stream) -> Cohesion:
    """Read the cohesion of a transcript; ``text`` is the stream of its utterances."""
    known = transcript.speakers_known
    speaker = _speakers(transcript) if known else np.zeros(len(transcript.utterances), dtype=np.int64)
    changed = np.concatenate(([False], np.diff(speaker) != 0))
    leader = int(np.bincount(speaker[changed | (np.arange(len(speaker)) == 0)]).argmax())
    unlike = _unlikeness(text)
    cued = np.array([bool(HAND_OVER.search(u.text[:CUE_CHARACTERS])) for u in transcript.utterances])
    enough = ENOUGH + CHANGED * known
    signs = unlike + CUED * cued + CHANGED * changed + LED * (changed & (speaker == leader)) - enough
    return Cohesion(
        known=known,
        speaker=speaker,
        leader=leader,
        changed=changed,
        unlike=unlike,
        signs=signs,
        begins=_best(signs, text.edges),
    )


def _speakers(transcript: Transcript) -> ngrams.Ints:
    """In the order in which they first speak; those without a label are one more."""
    numbers: dict[str | None, int] = {}
    return np.array([numbers.setdefault(u.speaker, len(numbers)) for u in transcript.utterances])


def _unlikeness(text: ngrams.Stream) -> Floats:
    """0 before the first utterance, and everywhere in a text that repeats nothing."""
    edges, bigrams = text.edges, text.codes[:-1] * (1 << 21) + text.codes[1:]
    size, count = len(bigrams), len(edges) - 1
    _, kinds, often = np.unique(bigrams, return_inverse=True, return_counts=True)
    repeated = often >= REPEATED
    if count < 3 or not repeated.any():
        return np.zeros(count)
    at = np.flatnonzero(repeated[kinds])
    column = (np.cumsum(repeated) - 1)[kinds[at]]
    columns = int(repeated.sum())
    blocks = size // IDF_CHARACTERS + 1
    spread = np.unique(at // IDF_CHARACTERS * columns + column) % columns
    telling = np.log((blocks + 1) / (np.bincount(spread, minlength=columns) + 0.5)).clip(min=0)
    owner = np.searchsorted(edges, at, side="right") - 1

    here = np.arange(1, count)
    weight = telling.astype(np.float32)
    alike = np.empty((len(REACHES), count - 1), dtype=np.float32)
    windows = [_window(edges, min(REACH, size / 10) * wider) for wider in REACHES]
    for begin in range(0, count - 1, SPAN):
        end = min(begin + SPAN, count - 1)
        first, last = windows[-1][0][begin], windows[-1][1][end - 1]
        seen = _counted(owner, column, first, last, columns)
        for row, (low, high) in zip(alike, windows, strict=True):
            for start in range(begin, end, BLOCK):
                some = slice(start, min(start + BLOCK, end))
                middle = seen[here[some] - first]
                past, coming = middle - seen[low[some] - first], seen[high[some] - first] - middle
                row[some] = _likeness(np.sqrt(past) * weight, np.sqrt(coming) * weight)
    total = np.zeros(count - 1)
    for row in alike:
        total -= _standard(row)
    return np.concatenate(([0.0], _standard(total)))


def _counted(owner: ngrams.Ints, column: ngrams.Ints, first: int, last: int, columns: int) -> Counts:
    """How often each bigram came up from utterance ``first`` to before each up to ``last``."""
    mine = slice(*np.searchsorted(owner, (first, last)))
    seen = np.zeros((last - first + 1, columns), dtype=np.float32)
    np.add.at(seen, (owner[mine] - first + 1, column[mine]), 1)
    return np.cumsum(seen, axis=0, out=seen)


def _window(edges: ngrams.Ints, reach: float) -> tuple[ngrams.Ints, ngrams.Ints]:
    """The utterances [low, high) that lie within reach of the beginning of each but the first."""
    here = np.arange(1, len(edges) - 1)
    low = np.searchsorted(edges, edges[1:-1] - reach)
    high = np.searchsorted(edges, edges[1:-1] + reach, side="right") - 1
    return np.minimum(low, here - 1), np.maximum(high, here + 1)


def _likeness(before: Counts, after: Counts) -> Counts:
    """The cosine of each row of one with the same row of the other."""
    both = np.einsum("uc,uc->u", before, after)
    norms = np.einsum("uc,uc->u", before, before) * np.einsum("uc,uc->u", after, after)
    cosine: Counts = both / np.sqrt(np.maximum(norms, 1e-9))
    return cosine


def _best(signs: Floats, edges: ngrams.Ints) -> ngrams.Ints:
    """Of all sets of utterances that lie ``REACH`` characters (a tenth of a short transcript) apart, and half
    of that from both ends, the one with the highest sum of signs."""
    apart = min(REACH, float(edges[-1]) / 10)
    inside = (edges >= apart / 2) & (edges <= edges[-1] - apart / 2)
    nearest = np.searchsorted(edges, edges[:-1] - apart, side="right")
    before = np.minimum(nearest, np.arange(len(signs))).tolist()
    best = [0.0]
    for sign, allowed, last in zip(signs.tolist(), inside[:-1].tolist(), before, strict=True):
        best.append(max(best[-1], sign + best[last]) if allowed else best[-1])
    found = []
    u = len(signs) - 1
    while u > 0:
        if best[u + 1] > best[u]:
            found.append(u)
            u = before[u] - 1
        else:
            u -= 1
    return np.array(found[::-1], dtype=np.int64)


def _standard(values: NDArray[np.floating]) -> Floats:
    standard: Floats = (values - values.mean()) / (values.std() + 1e-9)
    return standard
