"""Copies of a labelled meeting as a recogniser might hear it: wrong characters, other cuts, no speakers.

Used in training only. The measurements have their own noise generator, which shares no code with this one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from qa_pipeline.chapters.corpus import LabelledMeeting
from qa_pipeline.values import Chapter, MeetingKind, Transcript, Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A transcript with its chapter and chapter-start labels, one an utterance."""

    transcript: Transcript
    chapters: tuple[Chapter, ...]
    starts: tuple[bool, ...]
    kind: MeetingKind | None
    author: str
    host: str | None


def example(meeting: LabelledMeeting) -> Example:
    chapters: list[Chapter] = []
    starts: list[bool] = []
    for span in meeting.chapters.spans:
        chapters += [span.chapter] * (span.last - span.first)
        starts += [True] + [False] * (span.last - span.first - 1)
    return Example(
        transcript=meeting.transcript,
        chapters=tuple(chapters),
        starts=tuple(starts),
        kind=meeting.facts.kind,
        author=meeting.author,
        host=meeting.host,
    )


class Homophones:
    """Characters that sound the same among those of given texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        from pypinyin import Style, lazy_pinyin

        self._letters = sorted({c for text in texts for c in text if "\u4e00" <= c <= "\u9fa5"})
        self._sounds = {c: lazy_pinyin(c, style=Style.NORMAL)[0] for c in self._letters}
        self._groups: dict[str, list[str]] = defaultdict(list)
        for letter in self._letters:
            self._groups[self._sounds[letter]].append(letter)

    def mishear(self, text: str, *, rate: float, random: Random) -> str:
        """Replace (mostly by homophones), drop or double characters of ``text`` with probability ``rate``."""
        out: list[str] = []
        for letter in text:
            if letter not in self._sounds or random.random() >= rate:
                out.append(letter)
                continue
            way = random.random()
            if way < 0.5:
                out.append(random.choice(self._groups[self._sounds[letter]]))
            elif way < 0.75:
                out.append(random.choice(self._letters))
            elif way < 0.85:
                out += [letter, random.choice(self._letters)]
        return "".join(out)


def misheard(source: Example, *, homophones: Homophones, rate: float, random: Random) -> Example:
    utterances = tuple(
        replace(u, text=homophones.mishear(u.text, rate=rate, random=random))
        for u in source.transcript.utterances
    )
    return replace(source, transcript=replace(source.transcript, utterances=utterances))


def unlabelled(source: Example) -> Example:
    """Without speakers."""
    utterances = tuple(replace(u, speaker=None) for u in source.transcript.utterances)
    return replace(source, transcript=replace(source.transcript, utterances=utterances), host=None)


def recut(source: Example, *, shortest: int, longest: int, random: Random) -> Example:
    """Cut every utterance anew into pieces of ``shortest`` to ``longest`` characters, as recognisers do."""
    utterances: list[Utterance] = []
    chapters: list[Chapter] = []
    starts: list[bool] = []
    for u, chapter, start in zip(source.transcript.utterances, source.chapters, source.starts, strict=True):
        rate = (u.end - u.start) / max(1, len(u.text))
        at = 0
        while True:
            size = random.randint(shortest, longest)
            stop = len(u.text) if len(u.text) - at - size < shortest // 2 + 1 else at + size
            utterances.append(
                replace(u, text=u.text[at:stop], start=u.start + rate * at, end=u.start + rate * stop)
            )
            chapters.append(chapter)
            starts.append(start and at == 0)
            at = stop
            if at >= len(u.text):
                break
    return replace(
        source,
        transcript=replace(source.transcript, utterances=tuple(utterances)),
        chapters=tuple(chapters),
        starts=tuple(starts),
    )
