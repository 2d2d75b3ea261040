"""One meeting laid out for fast search: what was said, where, by whom and when."""

from __future__ import annotations

import bisect
import itertools
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

from qa_pipeline.personal import unsplit
from qa_pipeline.pinyin import syllable
from qa_pipeline.transcript.terms import blurred
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Evidence, Findings
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Act, Chapter

if TYPE_CHECKING:
    import regex

QUOTE = 80
"""Characters of a quote; a longer utterance is cut around the hit."""
SEPARATOR = "\n"
PATTERN_LENGTH = 500
"""Characters of a regular expression, at most."""
MOST_REPEATS = 1_000_000
"""The product of all repeats ``{m,n}`` of a regular expression, at most: compiling writes nested ones out."""
_COUNTS = re.compile(r"(\d+),?\}")
_DROPPED = re.compile(r"[^\w%.]|_|(?<!\d)\.|\.(?!\d)")


@dataclass(frozen=True, slots=True)
class Hit:
    """An utterance that meets a condition, how sure that is (0-1), and where in its bare text (if known)."""

    utterance: int
    confidence: float = 1.0
    at: int = 0


class Heard:
    """The transcript of one meeting with its chapters and findings, indexed once for all conditions.

    Lines that the recogniser most likely invented (``phantom``) are left out: they prove nothing.
    """

    def __init__(
        self, *, transcript: Transcript, chapters: Chapters, findings: Findings, facts: MeetingFacts
    ) -> None:
        self.transcript = transcript
        self.chapters = chapters
        self.findings = findings
        self.facts = facts
        self.host = findings.host
        self.speakers_known = transcript.speakers_known
        self.real = [i for i, u in enumerate(transcript.utterances) if not u.phantom]
        self.chapter_of: dict[int, tuple[Chapter, float]] = {}
        for span in chapters.spans:
            for index in range(span.first, span.last):
                self.chapter_of[index] = (span.chapter, span.confidence)

    @cached_property
    def texts(self) -> list[str]:
        """The utterances without punctuation and spaces, full width made half width, capitals."""
        return [bare(u.text) for u in self.transcript.utterances]

    @cached_property
    def joined(self) -> tuple[str, list[int]]:
        """All real utterances as one text, and where each of ``real`` starts in it."""
        starts, at = [], 0
        for index in self.real:
            starts.append(at)
            at += len(self.texts[index]) + 1
        return SEPARATOR.join(self.texts[i] for i in self.real), starts

    def utterance_at(self, position: int) -> tuple[int, int]:
        """The utterance of a position in the joined text, and the offset within it."""
        starts = self.joined[1]
        row = bisect.bisect_right(starts, position) - 1
        return self.real[row], position - starts[row]

    @cached_property
    def syllables(self) -> tuple[str, list[int]]:
        """The joined text as pinyin syllables, each followed by a space, and the position of each in it."""
        return pinyin_of(self.joined[0])

    @cached_property
    def doing(self) -> Mapping[Act, list[Hit]]:
        """Act -> the utterances that do it."""
        found: dict[Act, list[Hit]] = defaultdict(list)
        for index in self.real:
            for act, probability in self.findings.readings[index].acts:
                found[act].append(Hit(index, probability))
        return found

    @cached_property
    def naming(self) -> Mapping[str, set[int]]:
        """Kind of mention or indicator id -> the utterances that name it. A percentage or a sum of money is
        a number too."""
        found: dict[str, set[int]] = defaultdict(set)
        for index in self.real:
            for mention in self.findings.readings[index].mentions:
                found[mention.kind].add(index)
                if mention.kind in ("percent", "money"):
                    found["number"].add(index)
                if mention.kind == "indicator" and mention.name:
                    found[mention.name].add(index)
        return found

    @cached_property
    def edges(self) -> tuple[float, float]:
        """First and last second in which somebody speaks."""
        if not self.real:
            return 0.0, 0.0
        said = [self.transcript.utterances[i] for i in self.real]
        return said[0].start, max(u.end for u in said)

    def certainty(self, utterance: int) -> float:
        """How surely an utterance was read: its chapter's confidence times that of what it does."""
        acts = self.findings.readings[utterance].acts
        return self.chapter_of.get(utterance, (None, 1.0))[1] * max((p for _, p in acts), default=1.0)

    def evidence(self, hit: Hit) -> Evidence:
        said = self.transcript.utterances[hit.utterance]
        return Evidence(
            start=said.start,
            end=said.end,
            quote=quoted(said.text, hit.at),
            utterance=hit.utterance,
            speaker=said.speaker,
        )


def quoted(text: str, at: int = 0) -> str:
    """About ``QUOTE`` characters of what was said around ``at``, a place in its bare text; no personal number
    is split."""
    if len(text) <= QUOTE:
        return text
    place = bisect.bisect_right(range(len(text)), at, key=lambda raw: len(bare(text[: raw + 1])))
    start = max(0, min(place - QUOTE // 3, len(text) - QUOTE))
    start, end = unsplit(text, start, start + QUOTE)
    return text[start:end]


def bare(text: str) -> str:
    """Text as conditions match it: NFKC, capitals, no punctuation, no spaces; the point of 1.5 and % stay."""
    return _DROPPED.sub("", unicodedata.normalize("NFKC", text).upper())


def pinyin_of(text: str) -> tuple[str, list[int]]:
    """Toneless syllables, a space after each, and where each starts; other characters stay themselves."""
    syllables = [_syllable(char) for char in text]
    starts = list(itertools.accumulate((len(s) + 1 for s in syllables), initial=0))
    return "".join(s + " " for s in syllables), starts[:-1]


@cache
def _syllable(char: str) -> str:
    """The most common reading without tone; n and l, the nasals n and ng, and z and zh fall together, as they
    do in many mouths and in what a recogniser makes of them."""
    return re.sub(r"(?<=a)ng$", "n", blurred(syllable(char)))


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> regex.Pattern[str]:
    """A rubric's regular expression, to be matched with a ``timeout``; raises ValueError (Chinese) when it is
    not one, or would be long in the making."""
    import regex

    most = math.prod(int(count) for count in _COUNTS.findall(pattern) if int(count))
    if most > MOST_REPEATS:
        raise ValueError(f"正则表达式 {pattern} 里的重复次数太多，请写小一些")
    try:
        return regex.compile(pattern, regex.IGNORECASE)
    except (regex.error, RecursionError) as error:
        raise ValueError(f"正则表达式 {pattern} 写错了（{getattr(error, 'msg', '括号套得太深')}）") from error


def positions(text: str, phrase: str) -> Iterator[int]:
    at = text.find(phrase)
    while at >= 0:
        yield at
        at = text.find(phrase, at + 1)
