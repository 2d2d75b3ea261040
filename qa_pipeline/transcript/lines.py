"""Lines of text with a time and a name, as meeting apps write them: ``00:12:31 张三：`` and its like.

Where the time is told now and then only, each turn is placed between the times around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from qa_pipeline.errors import TranscriptError
from qa_pipeline.values.vocabulary import Seconds

_LABEL_CHARS: Final = 20
PACE: Final = 4.5
"""Characters a second where nothing tells when the words end."""
SLOWEST: Final = 2.0
"""Fewer characters a second than this are followed by silence."""
_OPEN: Final = (540, 3)
"""As many characters (two minutes), or as few turns, may always follow the last time."""

_MANY: Final = 10
"""More lines than this, each with a label, are no list that one person reads out."""

CLOCK: Final = r"(?<![\d:])(?:(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)(?![\d:])"
_DATE: Final = r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[ T]+)?"
_TIMES: Final = (
    rf"[\[(（【]?\s*{_DATE}(?P<start>{CLOCK})(?:\s*(?:-->|[-–—~～至到])\s*{_DATE}(?P<end>{CLOCK}))?"
    r"\s*(?P<closed>[\])）】]?)"
)
_WORD: Final = r"[^:：，。！？,?!\s]+"
_NAME: Final = rf"(?=[^:：]{{1,{_LABEL_CHARS}}}(?:[:：]|$))(?=[^:：]*[^\W\d_]){_WORD}(?: {_WORD})?"
"""A label: one word, or two (发言人 1), with a letter in it."""
_TIME_FIRST: Final = re.compile(rf"\s*(?:\d{{1,4}}[.、)]\s*)?{_TIMES}(?P<gap>\s*)(?P<words>.*)")
_TIME_LAST: Final = re.compile(
    rf"\s*(?P<name>\S.{{0,{_LABEL_CHARS}}}?)(?:\s+|(?=[\[(（【])){_TIMES}\s*(?:[:：]\s*(?P<words>.*))?"
)
"""张三 00:12:31 or 张三(00:12:31)：…… but not 明天早上8:30准时到, which is speech."""
_ALONE: Final = re.compile(rf"[^:：，。！？,.!?\s]{{1,{_LABEL_CHARS}}}(?: \d{{1,3}})?[:：]?")
"""What may be a label with its words on the next line."""
LABEL: Final = re.compile(rf"({_NAME})\s*[:：]\s*(.+)", re.DOTALL)
_OF_DAY: Final[Seconds] = 6 * 3600.0
"""Nobody waits six hours for the first word: a text that begins later tells the time of day."""
_SHORTEST: Final[Seconds] = 0.5
"""Two times lie this far apart, at least, where what is said between them is placed."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is said from ``start`` on, in seconds; ``where`` names its place in the file (第 12 行).

    Without an ``end`` it lasts until the next begins, or as long as its words take."""

    where: str
    start: Seconds
    end: Seconds | None
    text: str
    speaker: str | None = None
    confidence: float | None = None
    placed: bool = False
    """Whether the time is only an estimate, from the times around it."""


@dataclass(slots=True)
class _Head:
    """A line with a time, and the lines under it."""

    number: int
    start: Seconds
    end: Seconds | None
    name: str
    words: str
    below: list[str]

    def turns(self, names: Set[str]) -> list[_Turn]:
        """What is said here, begun anew at every line with a name; its own name goes before its words."""
        turns: list[_Turn] = []
        for number, line in enumerate((self.words, *self.below), self.number):
            found = LABEL.fullmatch(line)
            if found and found[1] in names:
                turns.append(_Turn(number, found[1], found[2].strip()))
            elif turns:
                turns[-1].words += line
            elif line:
                turns.append(_Turn(number, self.name.rstrip(":：") or None, line))
        return turns


@dataclass(slots=True)
class _Turn:
    """What one person says without a time of its own."""

    number: int
    name: str | None
    words: str


def is_talk(text: str) -> bool:
    """Whether a text may be what was said in a meeting: a line begins with a time, two have one after a name
    (a notice may have one: 开会时间 9:00), or somebody speaks twice."""
    lines = text.splitlines()
    if any(map(_TIME_FIRST.fullmatch, lines)):
        return True
    named = Counter(map(_label, lines))
    del named[None]
    return sum(map(bool, map(_TIME_LAST.fullmatch, lines))) > 1 or max(named.values(), default=0) > 1


def read_lines(text: str, path: Path) -> Iterator[Row]:
    """``00:12:31 张三：`` with the words after it or below it; ``张三 00:12:31`` is read too.

    One file has one shape, the one most of its lines have: in the others a time is something said.
    Raises TranscriptError where the first 50 lines have no time, or nobody can tell how long the last took.
    """
    lines = text.splitlines()
    shapes = [[shape.fullmatch(line) for line in lines] for shape in (_TIME_FIRST, _TIME_LAST)]
    found = max(shapes, key=lambda shape: sum(match is not None for match in shape))
    first = next((match for match in found if match), None)
    heads: list[_Head] = []
    for number, (line, match) in enumerate(zip(lines, found, strict=True), 1):
        if match is not None and first is not None and _alike(match, first):
            named = match.groupdict()
            end = seconds(match["end"]) if match["end"] else None
            name, words = named.get("name", ""), (match["words"] or "").strip()
            heads.append(_Head(number, seconds(match["start"]), end, name, words, []))
        elif heads:
            heads[-1].below.append(line.strip())
        elif line.strip() and number > 50:
            raise TranscriptError(
                f"文字稿 {path} 的前 50 行没有时间：每段发言应以时间开头，例如“00:12:31 张三：……”。"
            )
    labelled = [any(head.below) and _ALONE.fullmatch(head.words) is not None for head in heads]
    if sum(labelled) * 2 > len(heads):
        for head, alone in zip(heads, labelled, strict=True):
            if alone and not head.name:
                head.name, head.words = head.words.rstrip(":："), ""
    began = heads[0].start if heads and heads[0].start >= _OF_DAY else 0.0
    if names := _untimed(heads):
        yield from _placed(heads, names, began, path)
        return
    for head in heads:
        said = head.words + "".join(head.below)
        if said:
            end = None if head.end is None else head.end - began
            yield Row(f"第 {head.number} 行", head.start - began, end, said, head.name.strip() or None)


def _untimed(heads: Sequence[_Head]) -> frozenset[str]:
    """Who speaks in lines without a time, of a file that tells the time now and then only; else nobody.

    At least half of the lines between the times name one of two or more people, each named again. In lines
    that run over, 目标：二十万 names nobody: where the times have names, one of these is found below too, or
    so much lies below each time that it is nobody's words alone (under the time in the head of the minutes).
    """
    below = [line for head in heads for line in head.below if line]
    found = Counter(match[1] for line in below if (match := LABEL.fullmatch(line)))
    first = {head.name.rstrip(":：") or _label(head.words) for head in heads} - {None}
    names = frozenset(name for name, times in found.items() if times > 1 or name in first)
    spoken = sum(found[name] for name in names)
    known = not first or not first.isdisjoint(names) or spoken > _MANY * len(heads)
    return names if len(names) > 1 and spoken * 2 >= len(below) and known else frozenset()


def _label(line: str) -> str | None:
    found = LABEL.fullmatch(line)
    return found[1] if found else None


def _placed(heads: Sequence[_Head], names: Set[str], began: Seconds, path: Path) -> Iterator[Row]:
    """Lines without a time, each placed between the times around it by the length of what is said.

    Raises TranscriptError when more is said after the last time than ever between two: nobody knows how long
    that took.
    """
    longest, most = _OPEN
    for head, after in zip_longest(heads, heads[1:]):
        turns = head.turns(names)
        length = sum(len(turn.words) for turn in turns)
        end = head.end if head.end is not None else after.start if after else None
        if end is not None:
            pace = max(SLOWEST, length / max(end - head.start, _SHORTEST))
            longest, most = max(longest, length), max(most, len(turns))
        elif length <= longest or len(turns) <= most:
            pace = PACE
        else:
            raise TranscriptError(
                f"文字稿 {path} 第 {head.number} 行以后的 {len(turns)} 段发言没有时间："
                "每段发言应以时间开头，例如“00:12:31 张三：……”。"
            )
        start = head.start - began
        for turn in turns:
            placed = start > head.start - began
            yield Row(f"第 {turn.number} 行", start, None, turn.words, turn.name, placed=placed)
            start += len(turn.words) / pace


def _alike(match: re.Match[str], first: re.Match[str]) -> bool:
    """Whether a time is written as the first one is: 8:30准时到 is no new utterance among 00:00:05 张三."""
    hours = match["start"].count(":") == 2 or first["start"].count(":") == 1
    apart = ("gap" not in match.re.groupindex) or bool(match["gap"] or not match["words"]) or not first["gap"]
    return hours and apart and bool(match["closed"]) == bool(first["closed"])


def seconds(clock: str) -> Seconds:
    """1:02:03.5 or 02:03 in seconds."""
    total = 0.0
    for part in clock.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total
