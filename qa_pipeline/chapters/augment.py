"""Copies of a labelled meeting as a recogniser might hear it: wrong characters, other cuts, no speakers.

Used in training only. The measurements have their own noise generator, which shares no code with this one.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from qa_pipeline.chapters import cues
from qa_pipeline.chapters.corpus import CORPUS, GAP, SPEECH_RATE, LabelledMeeting
from qa_pipeline.pinyin import syllable
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Chapter, MeetingKind


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


def other_talk() -> list[Example]:
    """Meetings of other trades and everyday talk: nothing in them belongs to a chapter."""
    examples = []
    for number, part in enumerate((CORPUS / "other_talk.txt").read_text("utf-8").split("# ")[1:]):
        clock, utterances = 0.0, []
        for line in part.splitlines()[1:]:
            speaker, _, text = line.partition(": ")
            end = clock + len(text) / SPEECH_RATE
            utterances.append(Utterance(start=clock, end=end, text=text, speaker=speaker))
            clock = end + GAP
        examples.append(
            Example(
                transcript=Transcript(utterances=tuple(utterances), duration=clock, engine="corpus"),
                chapters=(Chapter.OFF_TOPIC,) * len(utterances),
                starts=(True, *(False,) * (len(utterances) - 1)),
                kind=None,
                author=f"other talk {number}",
                host=None,
            )
        )
    return examples


class Homophones:
    """Characters that sound the same among those of given texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._letters = sorted({c for text in texts for c in text if "\u4e00" <= c <= "\u9fa5"})
        self._sounds = {c: syllable(c) for c in self._letters}
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
                replace(
                    u,
                    text=u.text[at:stop],
                    start=u.start + rate * at,
                    end=u.start + rate * stop,
                )
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


def rearranged(source: Example, *, random: Random) -> Example:
    """Leave out a chapter, or let two neighbours between the first and the last change places."""
    first = [u for u, start in enumerate(source.starts) if start]
    spans = [range(a, b) for a, b in itertools.pairwise([*first, len(source.starts)])]
    if len(spans) < 4:
        return source
    if random.random() < 0.5:
        del spans[random.randrange(len(spans))]
    else:
        at = random.randrange(1, len(spans) - 2)
        spans[at], spans[at + 1] = spans[at + 1], spans[at]
    rows = [(source.transcript.utterances[u], source.chapters[u]) for span in spans for u in span]
    return _told(source, rows)


def mentioning(source: Example, *, random: Random) -> Example:
    """The host reads out an agenda in the opening, puts something off, and looks back in the closing."""
    rows = list(zip(source.transcript.utterances, source.chapters, strict=True))
    for phrases, places, times in (
        (cues.AGENDAS, [u for u, row in enumerate(rows) if row[1] == Chapter.OPENING], 1),
        (cues.RECAPS, [u for u, row in enumerate(rows) if row[1] == Chapter.CLOSING], 1),
        (cues.PUT_OFF, range(len(rows)), 1),
    ):
        for _ in range(times):
            if places and random.random() < 0.7:
                at = random.choice(places)
                beside, chapter = rows[at]
                rows[at] = (replace(beside, text=beside.text + random.choice(phrases)), chapter)
    return _told(source, rows)


def _told(source: Example, rows: Sequence[tuple[Utterance, Chapter]]) -> Example:
    """The example told anew in the order of ``rows``, one utterance after the other."""
    clock, utterances = 0.0, []
    for said, _ in rows:
        end = clock + said.end - said.start
        utterances.append(replace(said, start=clock, end=end))
        clock = end + GAP
    chapters = tuple(chapter for _, chapter in rows)
    return replace(
        source,
        transcript=replace(source.transcript, utterances=tuple(utterances), duration=clock),
        chapters=chapters,
        starts=(True, *(a != b for a, b in itertools.pairwise(chapters))),
    )
