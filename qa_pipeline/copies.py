"""What is the same in two meetings: their sound, or their words; and what a recording repeats of itself (K4).

Sound: pairs of spectral peaks (``transcript.hearing``) that two recordings share line up at one distance in
time only if the one was made of the other (Wang 2003). Words: shingles of eight characters, of which those
with certain hashes stand for all (Broder, "On the resemblance and containment of documents", 1997), lined up
in the same way; where the words were worked over, lined up loosely. Two meetings of the same people in the
same room share neither.

To find the few meetings worth comparing, each has ``signs``: whoever copies more than some minutes shares
several of them. They are meant for an index.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from qa_pipeline.transcript.hearing import FRAME, peaks_of
from qa_pipeline.values.transcript import Passage, Sound, Transcript
from qa_pipeline.values.vocabulary import Likeness, Seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Keys = NDArray[np.uint64]
    Places = NDArray[np.int64]
    Times = NDArray[np.float64]

Name = TypeVar("Name", bound=Hashable)

SHINGLE: Final = 8
"""Characters of a shingle: long enough to be one person's sentence, short enough to outlive corrections."""
_NEXT: Final = (1, 2, 3, 4)
"""A peak is paired with the four after it …"""
_TRIPLES: Final = ((1, 2), (1, 3), (2, 3))
_REACH: Final = 62
"""… within two seconds."""
_COMMON: Final = 40
"""A key that occurs more often than this in one recording tells nothing."""
_SCRAMBLE: Final = 0x9E3779B97F4A7C15
_SHINGLES: Final = 4
"""One shingle in so many is kept."""
_SIGNS: Final[Mapping[Likeness, int]] = {Likeness.SOUND: 32, Likeness.WORDS: 64}
"""One key in so many is a sign: about 2500 an hour of sound, 200 an hour of words."""
_COARSE: Final = 3
"""Bins and frames that are one in a sign of sound: telephone codecs move peaks by one. Of three minutes as
AMR-NB four signs are found again so (of two clips each), one or two when they had to be exact and were half
as many; two unrelated recordings of five minutes share five, of which no two lie at one distance."""
LEAST_SIGNS: Final = 3
"""Signs that two meetings must share at (nearly) one distance to be compared."""
_JOINED: Final[Seconds] = 10.0
"""Passages with less between them are one."""
_SELF: Final = 312
"""Frames (10 s) under which a repetition inside a recording is not looked for: people repeat words."""
_BEFORE: Final = 4
"""Of the earlier places of a key in its own recording, how many are looked at."""
_WORDS_NOT_SOUNDS: Final = re.compile(r"[^\u4e00-\u9fffA-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Rule:
    """When lined-up keys are a passage: distances at most ``drift`` places beside their middle, at most
    ``gap`` places between two keys, ``length`` places and ``hits`` at least, and a hit every ``every`` places
    on the average."""

    drift: int
    gap: int
    length: int
    hits: int
    every: float


_EXACT: Final[Mapping[Likeness, _Rule]] = {
    Likeness.SOUND: _Rule(drift=1, gap=400, length=312, hits=12, every=60),
    Likeness.WORDS: _Rule(drift=1, gap=80, length=60, hits=6, every=24),
}
"""What was taken as it was: a single passage tells."""
_REWORKED: Final = _Rule(drift=200, gap=300, length=300, hits=20, every=100)
"""Words that were worked over: turns that change places, fillers put in, names and figures exchanged leave
fewer shingles, and these only near one distance. All of it at once leaves 27 of them or more in one stretch
(the median is 51), each alone a hundred; in 88,410 pairs of labelled meetings, of one author or one team too,
no stretch so long holds more than 11."""
_SPREAD: Final[Mapping[Likeness, int]] = {Likeness.SOUND: 2, Likeness.WORDS: 2 * _REWORKED.drift}
"""How far apart the distances may lie at which two meetings share their signs."""


@dataclass(frozen=True, eq=False)
class Print:
    """What a meeting is known by: ``keys`` with their ``places`` (frames of sound, or characters) and
    ``times`` (seconds), sorted by key, and the signs among them."""

    kind: Likeness
    keys: Keys
    places: Places
    times: Times
    sign_keys: Keys
    sign_places: Places

    @cached_property
    def signs(self) -> tuple[tuple[int, int], ...]:
        """(key below 2**63, place) of every sign."""
        return tuple(zip(self.sign_keys.tolist(), self.sign_places.tolist(), strict=True))

    def seconds(self, place: int) -> Seconds:
        """When a place is, from its neighbours'."""
        import numpy as np

        places, times = self._in_order
        return float(round(float(np.interp(place, places, times)), 1)) if len(places) else 0.0

    @cached_property
    def _in_order(self) -> tuple[Places, Times]:
        import numpy as np

        order = np.argsort(self.places, kind="stable")
        return self.places[order], self.times[order]


def sound_print(sound: Sound) -> Print:
    """The print of a recording's sound."""
    import numpy as np

    frames, bands = peaks_of(sound)
    coarse = bands // _COARSE
    pairs, triples = [], []
    for one in _NEXT:
        first, then = _shifted(frames, one), frames[one:]
        near = then - first <= _REACH
        key = (_shifted(bands, one) << 14) | (bands[one:] << 6) | (then - first)
        pairs.append((key[near], first[near]))
    for one, other in _TRIPLES:
        first = _shifted(frames, other)
        middle, last = frames[one : one + len(first)] - first, frames[other:] - first
        near = last <= _REACH
        low, mid, high = coarse[: len(first)], coarse[one : one + len(first)], coarse[other:]
        key = (low << 28) | (mid << 20) | (high << 12) | (middle // _COARSE << 6) | last // _COARSE
        triples.append((key[near], first[near]))
    keys, places = (np.concatenate(column) for column in zip(*pairs, strict=True))
    signs, at = (np.concatenate(column) for column in zip(*triples, strict=True))
    return _print(Likeness.SOUND, keys.astype(np.uint64), places, places * FRAME, signs.astype(np.uint64), at)


def words_print(transcript: Transcript) -> Print:
    """The print of what was said, punctuation left out."""
    import numpy as np

    text, times = _said(transcript)
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.uint64)
    keys = np.zeros(max(0, len(codes) - SHINGLE + 1), np.uint64)
    for place in range(SHINGLE):
        keys = _scrambled(keys * np.uint64(31) + codes[place : place + len(keys)])
    places = np.arange(len(keys))
    kept = _sampled(keys, _SHINGLES)
    return _words(keys[kept], places[kept], np.array(times)[kept])


def prints(transcript: Transcript) -> dict[Likeness, Print]:
    """Of the sound where it was heard, of the words always."""
    found: dict[Likeness, Print] = {Likeness.WORDS: words_print(transcript)}
    if transcript.sound is not None:
        found[Likeness.SOUND] = sound_print(transcript.sound)
    return found


# ---------------------------------------------------------------- comparing


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """Places [start, end) of the one print that lie in the other from ``other`` on."""

    start: int
    end: int
    other: int


def shared(mine: Print, theirs: Print) -> tuple[Run, ...]:
    """What the two have in common, in the order of ``mine``; runs may overlap. Words are recognised though
    they were worked over."""
    import numpy as np

    left = np.searchsorted(theirs.keys, mine.keys, "left")
    count = np.searchsorted(theirs.keys, mine.keys, "right") - left
    count[count > _COMMON] = 0
    which = np.repeat(np.arange(len(count)), count)
    inside = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    here, there = mine.places[which], theirs.places[left[which] + inside]
    rules = [_EXACT[mine.kind]] + [_REWORKED] * (mine.kind is Likeness.WORDS)
    return tuple(sorted({run for rule in rules for run in _runs(here, there, rule)}))


def repeated(mine: Print) -> tuple[Run, ...]:
    """What a recording holds a second time, with where it was before."""
    import numpy as np

    order = np.lexsort((mine.places, mine.keys))
    keys, places = mine.keys[order], mine.places[order]
    span = np.int64(places.max() + _SELF + 1) if len(places) else np.int64(1)
    _, group = np.unique(keys, return_inverse=True)
    line = group.astype(np.int64) * span + places
    reach = np.searchsorted(line, line - _SELF, "right")
    here, there = [], []
    for back in range(1, _BEFORE + 1):
        at = reach - back
        fits = (at >= 0) & (group[at] == group)
        here.append(places[fits])
        there.append(places[at[fits]])
    return tuple(sorted(_runs(np.concatenate(here), np.concatenate(there), _EXACT[mine.kind])))


def _runs(here: Places, there: Places, rule: _Rule) -> set[Run]:
    """Keys that lie at (nearly) one distance, cut where too many in a row are missing."""
    import numpy as np

    if len(here) < rule.hits:
        return set()
    distance = here - there
    lowest = int(distance.min()) - 1
    count = np.append(np.bincount(distance - lowest, minlength=3), 0)
    total = np.cumsum(np.pad(count, (rule.drift + 1, rule.drift)))
    near = total[2 * rule.drift + 1 :] - total[: -2 * rule.drift - 1]
    if rule.drift == 1:
        chosen = (near == np.maximum(near, np.maximum(np.roll(near, 1), np.roll(near, -1)))) & (count > 0)
    else:  # bands that overlap by half: what drifts on and on passes through several
        chosen = np.arange(len(near)) % rule.drift == 0
    found = set()
    for centre in np.flatnonzero(chosen & (near >= rule.hits)).tolist():
        at = np.sort(here[np.abs(distance - lowest - centre) <= rule.drift])
        cuts = np.flatnonzero(np.diff(at) > rule.gap) + 1
        for piece in np.split(at, cuts):
            length = int(piece[-1] - piece[0]) + 1
            if len(piece) >= rule.hits and length >= rule.length and length <= rule.every * len(piece):
                start = int(piece[0])
                found.add(Run(start, start + length, start - centre - lowest))
    return found


class Shelf(Generic[Name]):
    """Prints of many meetings, by their signs: which of them are worth comparing with another."""

    def __init__(self) -> None:
        self._where: defaultdict[tuple[Likeness, int], list[tuple[Name, int]]] = defaultdict(list)

    def add(self, name: Name, print: Print) -> None:
        for key, place in print.signs:
            self._where[print.kind, key].append((name, place))

    def like(self, print: Print) -> list[Name]:
        """Names of the meetings that share enough signs."""
        return worth(
            print.kind,
            (
                (name, here, there)
                for key, here in print.signs
                for name, there in self._where[print.kind, key]
            ),
        )


def worth(kind: Likeness, pairs: Iterable[tuple[Name, int, int]]) -> list[Name]:
    """Names of which LEAST_SIGNS lie at (nearly) one distance, those that share most first; ``pairs`` are
    (name, place, its place)."""
    distances: defaultdict[Name, list[int]] = defaultdict(list)
    for name, here, there in pairs:
        distances[name].append(here - there)
    return [
        name
        for name, found in sorted(distances.items(), key=lambda one: -len(one[1]))
        if any(
            last - first <= _SPREAD[kind]
            for first, last in zip(sorted(found), sorted(found)[LEAST_SIGNS - 1 :], strict=False)
        )
    ]


# ---------------------------------------------------------------- in the meeting's time


def passages(
    mine: Print, theirs: Print, runs: Sequence[Run], *, other: str, mutual: bool = False
) -> tuple[Passage, ...]:
    """Runs as stretches of the meeting, joined where they overlap or follow each other."""
    found: list[Passage] = []
    for run in runs:
        start, end = mine.seconds(run.start), mine.seconds(run.end)
        last = found[-1] if found else None
        if last is not None and start <= last.end + _JOINED:
            found[-1] = replace(last, end=max(last.end, end))
        elif end > start:
            there = theirs.seconds(run.other)
            found.append(
                Passage(kind=mine.kind, start=start, end=end, other=other, other_start=there, mutual=mutual)
            )
    return tuple(found)


def loops(sound: Sound) -> tuple[Passage, ...]:
    """What the recording holds for a second time."""
    mine = sound_print(sound)
    return passages(mine, mine, repeated(mine), other="")


def covered(
    stretches: Iterable[tuple[Seconds, Seconds]], within: Iterable[tuple[Seconds, Seconds]]
) -> Seconds:
    """How many seconds of ``within`` (in order, apart) lie in the stretches (any order, may overlap)."""
    joined: list[tuple[Seconds, Seconds]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return sum(
        max(0.0, min(end, last) - max(start, first)) for first, last in within for start, end in joined
    )


def _said(transcript: Transcript) -> tuple[str, list[Seconds]]:
    """The words without punctuation, and when each character is said (evenly within its utterance)."""
    words: list[str] = []
    times: list[Seconds] = []
    for utterance in transcript.utterances:
        if utterance.phantom:
            continue
        text = _WORDS_NOT_SOUNDS.sub("", utterance.text)
        step = (utterance.end - utterance.start) / max(1, len(text))
        words.append(text)
        times.extend(utterance.start + step * place for place in range(len(text)))
    return "".join(words), times


# ---------------------------------------------------------------- keeping


def to_bytes(print: Print) -> bytes:
    """The print of words, for keeping; that of sound is the fingerprint itself."""
    import numpy as np

    columns = (print.keys, print.places.astype(np.uint64), np.round(print.times * 10).astype(np.uint64))
    return b"".join(column.astype("<u8").tobytes() for column in columns)


def from_bytes(body: bytes) -> Print:
    """The print of words that :func:`to_bytes` wrote."""
    import numpy as np

    keys, places, times = np.frombuffer(body, "<u8").reshape(3, -1)
    return _words(keys.astype(np.uint64), places.astype(np.int64), times / 10)


# ---------------------------------------------------------------- keys


def _words(keys: Keys, places: Places, times: Times) -> Print:
    return _print(Likeness.WORDS, keys, places, times, keys, places)


def _print(kind: Likeness, keys: Keys, places: Places, times: Times, signs: Keys, at: Places) -> Print:
    import numpy as np

    order = np.argsort(keys, kind="stable")
    chosen = _sampled(signs, _SIGNS[kind])
    return Print(
        kind=kind,
        keys=keys[order],
        places=places[order],
        times=times[order],
        sign_keys=signs[chosen] & np.uint64((1 << 63) - 1),
        sign_places=at[chosen],
    )


def _shifted(values: Places, by: int) -> Places:
    """All but the last ``by``."""
    return values[: max(0, len(values) - by)]


def _scrambled(keys: Keys) -> Keys:
    import numpy as np

    mixed = (keys ^ (keys >> np.uint64(29))) * np.uint64(_SCRAMBLE)
    return mixed ^ (mixed >> np.uint64(32))


def _sampled(keys: Keys, one_in: int) -> NDArray[np.intp]:
    """Indices of the keys that chance, the same for everybody, lets through."""
    import numpy as np

    return np.flatnonzero(_scrambled(keys) % np.uint64(one_in) == 0)
