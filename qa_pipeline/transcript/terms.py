"""Domain terms that were misheard, put right by sound: 培访 is 陪访, 营业师 is 营业室.

Three kinds of candidates: the mishearings that the lexicon lists, any other characters that sound like a
term, and Latin terms in another spelling (达u, F Y C). The lexicon's guards hold for all, and one more: a
repair never cuts a word in two. 由于期缴 holds the sound of 犹豫期 and 完成保费 that of 承保, but read as
words they are 由于|期缴 and 完成|保费, so they stay.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, TypeVar

from qa_pipeline.lexicon import Homophone, lexicon
from qa_pipeline.pinyin import syllables

_Row = TypeVar("_Row", bound=tuple[Any, ...])

_WINDOW: Final = 8
"""Characters on either side of a candidate that are read as words."""
_LONGEST_WORD: Final = 6
_SURE: Final = 3
"""From this many syllables on a term is told by its sound alone, without being listed as often misheard."""
_MARGIN: Final = 3.0
"""How much likelier (natural logarithm) the repaired words must be where the mishearing is not listed."""
_LATIN: Final = re.compile(r"[A-Za-z]")
_UNSURE: Final = re.compile(r"[A-Za-z一二三四五六七八九十百]")
"""A letter has no syllable, and 是年交 may be 十年交 but is more often just that."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    start: int
    end: int
    term: str
    guard: Homophone | None
    listed: bool


def repair(text: str, names: re.Pattern[str] | None = None) -> str:
    """The text with misheard domain terms put right; repeated until nothing changes, because one term that
    is put right can be the context that another waits for. ``names`` of people are no terms misheard."""
    while (repaired := _once(text, names)) != text:
        text = repaired
    return text


def _once(text: str, names: re.Pattern[str] | None) -> str:
    text = text.translate(_HALF_WIDTH)
    named = [found.span() for found in names.finditer(text)] if names else []
    done: list[str] = []
    at = 0
    for candidate in _candidates(text):
        if any(first < candidate.end and candidate.start < last for first, last in named):
            continue
        if candidate.start >= at and _allowed(text, candidate):
            done += [text[at : candidate.start], candidate.term]
            at = candidate.end
    return _spell_latin("".join([*done, text[at:]]))


# ---------------------------------------------------------------- candidates


def _candidates(text: str) -> Iterator[_Candidate]:
    """By place; at one place the listed before the others, and the longer before the shorter."""
    book = _book()
    spelled = text.translate(_UPPER)
    sounded = text.translate(book.sounds)
    for at, (letter, sound) in enumerate(zip(spelled, sounded, strict=True)):
        for variant, guard in book.variants.get(letter, ()):
            if spelled.startswith(variant, at):
                yield _Candidate(at, at + len(variant), guard.term, guard, listed=True)
        for sounds, term, known in book.terms.get(sound, ()):
            if sounded.startswith(sounds, at) and not text.startswith(term, at):
                yield _Candidate(at, at + len(term), term, known, listed=False)


def _allowed(text: str, candidate: _Candidate) -> bool:
    start, end, guard = candidate.start, candidate.end, candidate.guard
    if guard is not None and not _guard_passes(text, candidate, guard):
        return False
    if any(edge and _one_latin_word(text[edge - 1 : edge + 1]) for edge in (start, end)):
        return False
    left, right = max(0, start - _WINDOW), min(len(text), end + _WINDOW)
    words, cost = as_words(text[left:right])
    if not {start, end} <= set(accumulate(map(len, words), initial=left)):
        return False
    if candidate.listed:
        return True
    inside = [word for word in _inside(words, left, start, end) if len(word) > 1]
    if any(word not in candidate.term for word in inside):
        return False
    if guard is None and len(candidate.term) == _SURE and inside:  # 新人办入职 is not 新人班入职
        return False
    _, repaired = as_words(text[left:start] + candidate.term + text[end:right])
    return repaired + _MARGIN < cost


def _guard_passes(text: str, candidate: _Candidate, guard: Homophone) -> bool:
    before, after = text[: candidate.start], text[candidate.end :]
    if guard.not_followed_by and re.match(guard.not_followed_by, after):
        return False
    if text[candidate.start : candidate.end] in guard.words:
        return bool(re.match(guard.context, after))
    if guard.mode != "context":
        return True
    reach = lexicon().context_chars
    around = (before[-reach:], after[:reach])
    return bool(guard.context) and any(re.search(guard.context, side) for side in around)


def _one_latin_word(pair: str) -> bool:
    return len(pair) == 2 and pair.isascii() and pair.isalnum()


def _inside(words: list[str], at: int, start: int, end: int) -> Iterator[str]:
    for word in words:
        if start <= at < end:
            yield word
        at += len(word)


# ---------------------------------------------------------------- the book of terms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """The lexicon as it is searched: by first letter or first sound, the longest first."""

    variants: Mapping[str, tuple[tuple[str, Homophone], ...]]
    sounds: Mapping[int, str]
    """Character -> one letter of a private alphabet for its sound (str.translate keeps every place)."""
    terms: Mapping[str, tuple[tuple[str, str, Homophone | None], ...]]


@cache
def _book() -> _Book:
    variants = [(v.upper(), h) for h in lexicon().homophones for v in h.variants]
    misspelled = {v for v, _ in variants}
    terms: dict[str, Homophone | None] = {
        term: None
        for group in lexicon().terms.values()
        for term in group
        if len(term) >= _SURE and not _UNSURE.search(term) and term not in misspelled
    }
    terms |= {h.term: h for h in lexicon().homophones if not _LATIN.search(h.term)}
    sounds = _sounds()
    return _Book(
        variants=_by_first(variants),
        sounds=sounds,
        terms=_by_first([(term.translate(sounds), term, guard) for term, guard in terms.items()]),
    )


def _by_first(rows: list[_Row]) -> Mapping[str, tuple[_Row, ...]]:
    grouped: dict[str, list[_Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: -len(row[0])):
        grouped[row[0][0]].append(row)
    return {first: tuple(group) for first, group in grouped.items()}


def sounds(text: str, *, alike: bool) -> str:
    """One letter for the toneless sound of each character, its own where it has none. ``alike``: z is as zh,
    n as l and in as ing, which many speakers do not tell apart."""
    return text.translate(_alike() if alike else _sounds())


@cache
def _sounds() -> dict[int, str]:
    return _lettered(str)


@cache
def _alike() -> dict[int, str]:
    return _lettered(blurred)


def blurred(syllable: str) -> str:
    """A toneless syllable as those say it who do not tell z from zh, n from l and in from ing."""
    syllable = re.sub(r"^([zcs])h", r"\1", syllable)
    return re.sub(r"(?<=[ie])ng$", "n", re.sub(r"^n(?=.)", "l", syllable))


def _lettered(sound: Callable[[str], str]) -> dict[int, str]:
    """Each ``sound`` of a syllable is a letter of the private use area."""
    heard = {syllable: sound(syllable) for syllable in dict.fromkeys(syllables().values())}
    letters = {one: chr(0xE000 + number) for number, one in enumerate(dict.fromkeys(heard.values()))}
    return {ord(char): letters[heard[syllable]] for char, syllable in syllables().items()}


# ---------------------------------------------------------------- words


def as_words(text: str) -> tuple[list[str], float]:
    """The likeliest words of a short text and their cost, the negative logarithm of their probability."""
    costs, unseen = _word_costs()
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(text) + 1):
        best.append(
            min(
                (best[start][0] + costs.get(text[start:end], unseen if end - start == 1 else math.inf), start)
                for start in range(max(0, end - _LONGEST_WORD), end)
            )
        )
    words = []
    end = len(text)
    while end:
        start = best[end][1]
        words.append(text[start:end])
        end = start
    return words[::-1], best[-1][0]


@cache
def _word_costs() -> tuple[Mapping[str, float], float]:
    """Word -> cost, by how often jieba's word list and the lexicon have it; and that of an unseen letter."""
    text = Path(str(distribution("jieba").locate_file("jieba/dict.txt"))).read_text("utf-8")
    # Words counted less than ten times in it are mostly no words of today.
    counts = {word: int(n) for word, n in re.findall(r"^(\S{1,6}) (\d\d+) ", text, re.MULTILINE)}
    book = lexicon()
    spelled = {v for h in book.homophones if h.mode == "normalize" for v in h.variants}
    for term in (term for group in book.terms.values() for term in group):
        if term in spelled or not any(v in term for v in spelled):
            counts[term] = max(counts.get(term, 0), book.term_frequency)
    total = math.log(sum(counts.values()))
    return {word: total - math.log(n) for word, n in counts.items()}, total


# ---------------------------------------------------------------- Latin letters


def _spell_latin(text: str) -> str:
    """Latin terms in their one spelling: fyc and F Y C are FYC, 达 u is 达U."""
    if not _LATIN.search(text):
        return text
    spelling, terms = _latin()
    return spelling.sub(lambda found: terms[found[0].replace(" ", "").upper()], text)


_UPPER: Final = {ord(small): ord(small) - 32 for small in "abcdefghijklmnopqrstuvwxyz"}
_HALF_WIDTH: Final = {
    code: code - 0xFEE0
    for first, last in ("０９", "ａｚ", "ＡＺ")
    for code in range(ord(first), ord(last) + 1)
}


@cache
def _latin() -> tuple[re.Pattern[str], Mapping[str, str]]:
    terms = {
        term.upper(): term for group in lexicon().terms.values() for term in group if _LATIN.search(term)
    }
    patterns = []
    for term in sorted(terms, key=len, reverse=True):
        # A space may stand between letters and where letters meet characters.
        spaced = re.sub(r"(?<=[A-Z])(?=.)|(?<=[^A-Z])(?=[A-Z])", " ?", term)
        patterns.append(rf"(?<![A-Za-z0-9]){spaced}(?![A-Za-z0-9])")
    return re.compile("|".join(patterns), re.IGNORECASE), terms
