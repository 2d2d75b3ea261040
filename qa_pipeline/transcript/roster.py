"""Names of the people who were to come, put right by sound: 王修栏 is 王秀兰, when she is on the roster.

A full name is told by its sound, a z like a zh and an n like an l, or by all but one of its characters. A
given name alone (秀兰) is two syllables, and many pairs of words sound like one: it needs the exact sound, in
characters that are no word, where people are called or spoken of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

from qa_pipeline.transcript.terms import as_words, sounds

_FULL: Final = 3
_WINDOW: Final = 8
_HAN: Final = re.compile(r"[\u4e00-\u9fff]{2,4}")
_CALLED_AFTER: Final = re.compile(
    r"(?:^|[，。！？、：；…,.!?\s]|请|让|叫|给|跟|和|找|问|陪|带|由|听|像|有|是|的|室|姐|哥|总|经理|主管|说|对|向|恭喜|感谢|谢谢|表扬|比如)$"
)
_CALLED_BEFORE: Final = re.compile(
    r"$|[，。！？、：；…,.!?\s]|你|说|讲|报|这|那|的|来|去|先|也|和|跟|陪|她|他|姐|哥|总|主[管任]|经理|室|组|家|今|明|上[周个次]|没|做|送|签|差|有|在"
)
"""What stands before and after somebody who is spoken of."""
_NO_NAME: Final = frozenset(
    "的了吗呢吧啊哦嘛是不没有你我他她它们这那就都要会去来说做个和跟把被给对在到从也还又再很太最更先后前上下里外中大小多少几什么"
    "一二两三四五六七八九十百千万元块件单年月日号天点人名位"
)
"""A pair with one of these is talk and no name misheard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Names as they are searched: full ones (two to four characters) and given ones, each with its sound.
    ``spelled`` are all of them: where one stands, nothing is put right."""

    full: tuple[tuple[str, str], ...]
    nearly: tuple[tuple[str, re.Pattern[str]], ...]
    """Full names, and what is one but for one character."""
    given: tuple[tuple[str, str], ...]
    spelled: re.Pattern[str]


@lru_cache(maxsize=64)
def roster(names: frozenset[str]) -> Roster | None:
    """The names as they are searched; None without any. Of two that sound alike neither is put right."""
    plain = {re.sub(r"[（(].*$", "", name) for name in names}
    whole = sorted(name for name in plain if _HAN.fullmatch(name))
    if not whole:
        return None
    given = sorted({name[1:] for name in whole if len(name) == _FULL})
    every = sorted({*whole, *given}, key=lambda name: (-len(name), name))
    full = _alone([name for name in whole if len(name) >= _FULL], alike=True)
    return Roster(
        full=full,
        nearly=tuple((name, _nearly(name)) for name, _ in full),
        given=_alone([*given, *(n for n in whole if len(n) < _FULL)], alike=False),
        spelled=re.compile("|".join(map(re.escape, every))),
    )


def _nearly(name: str) -> re.Pattern[str]:
    """Each of its characters may be another one; places may overlap."""
    but_one = "|".join(
        f"{re.escape(name[:at])}[\u4e00-\u9fff]{re.escape(name[at + 1 :])}" for at in range(len(name))
    )
    return re.compile(f"(?=(?:{but_one}))")


def _alone(names: list[str], *, alike: bool) -> tuple[tuple[str, str], ...]:
    heard = [(name, sounds(name, alike=alike)) for name in names]
    return tuple((n, s) for n, s in heard if sum(s == other for _, other in heard) == 1)


def put_right(text: str, people: Roster) -> str:
    """The text with misheard names as the roster spells them."""
    taken = [found.span() for found in people.spelled.finditer(text)]
    done: list[str] = []
    at = 0
    for start, end, name in sorted(_candidates(text, people), key=lambda c: (c[0], c[0] - c[1])):
        if start >= at and not any(first < end and start < last for first, last in taken):
            done += [text[at:start], name]
            at = end
    return "".join([*done, text[at:]])


def _candidates(text: str, people: Roster) -> Iterator[tuple[int, int, str]]:
    alike, exact = sounds(text, alike=True), sounds(text, alike=False)
    for name, sound in people.full:
        for start in _places(alike, sound):
            if _apart(text, start, start + len(name)):
                yield start, start + len(name), name
    for name, nearly in people.nearly:
        for found in nearly.finditer(text):
            start = found.start()
            if _apart(text, start, start + len(name), single=True):
                yield start, start + len(name), name
    for name, sound in people.given:
        for start in _places(exact, sound):
            if _spoken_of(text, start, name):
                yield start, start + len(name), name


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _apart(text: str, start: int, end: int, *, single: bool = False) -> bool:
    """Whether no word is cut in two at the edges; ``single``: nor stands whole between them."""
    left = max(0, start - _WINDOW)
    found, _ = as_words(text[left : min(len(text), end + _WINDOW)])
    edges = list(accumulate(map(len, found), initial=left))
    if not {start, end} <= set(edges):
        return False
    return not single or all(
        len(word) == 1 for word, at in zip(found, edges, strict=False) if start <= at < end
    )


def _spoken_of(text: str, start: int, name: str) -> bool:
    """Whether a pair that sounds like a name is one: no word, and people are called or spoken of on both
    sides of it; on one, where one of its characters is right."""
    end = start + len(name)
    if _NO_NAME.intersection(text[start:end]):
        return False
    sides = bool(_CALLED_AFTER.search(text[:start])) + bool(_CALLED_BEFORE.match(text, end))
    right = any(a == b for a, b in zip(text[start:end], name, strict=True))
    return sides >= (1 if right else 2) and _apart(text, start, end, single=True)
