"""Conditions on what is said, evaluated over one meeting.

``Reader.found`` answers whether a condition holds (True, False, or None when it cannot be known) and the
utterances that prove it; ``Reader.quantity`` answers a number. Results are kept per condition, so a
definition used in ten items is searched once.
"""

from __future__ import annotations

import bisect
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from qa_pipeline.rubric.heard import Heard, Hit, bare, compiled, pinyin_of, positions
from qa_pipeline.rubric.loader import Rubric
from qa_pipeline.values.findings import Evidence
from qa_pipeline.values.vocabulary import Chapter

if TYPE_CHECKING:
    from qa_pipeline.rubric.language import Condition, Exclusion, Near, Quantity, Window

Truth = bool | None
PATIENCE = 2.0
"""Seconds that the regular expressions of one condition may take over a whole meeting: any but a trap such as
``(a|a)*$`` takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Found:
    """Whether a condition holds, the hits that prove it, and why it is unknown where it is (or, where a
    measure tells, why it holds)."""

    truth: Truth
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity, None when unknown (``reason`` says why), with the proof behind it. ``divided_by``: what a
    count was divided by for the meeting's length, None where it was not."""

    value: float | None
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 1.0
    reason: str = ""
    divided_by: float | None = None


class Reader:
    """Evaluates the conditions of one rubric over one meeting. ``levels`` are the item levels scored so far,
    which only criticals may ask for."""

    def __init__(self, rubric: Rubric, heard: Heard) -> None:
        self.rubric = rubric
        self.heard = heard
        self.levels: dict[str, tuple[float | None, tuple[Evidence, ...]]] = {}
        self._kept: dict[int, Found] = {}
        self._until = 0.0

    def found(self, condition: Condition) -> Found:
        kept = self._kept.get(id(condition))
        if kept is None:
            kept = self._kept[id(condition)] = self._find(condition)
        return kept

    def quantity(self, quantity: Quantity) -> Number:
        """The number a quantity stands for. Unknown measures, and a share of nothing, are None."""
        number = self._number(quantity)
        measured = self.heard.findings.measures.get("relative_length")
        if not quantity.by_length or number.value is None or measured is None or measured.value is None:
            return number
        return replace(number, value=number.value / measured.value, divided_by=measured.value)

    def _number(self, quantity: Quantity) -> Number:
        if quantity.measure is not None:
            measured = self.heard.findings.measures.get(quantity.measure)
            if measured is None:
                return Number(None, reason=f"这次没有测「{quantity.measure}」")
            return Number(
                measured.value,
                evidence=measured.evidence,
                confidence=measured.confidence,
                reason=measured.reason if measured.value is None else "",
            )
        counted = quantity.count or quantity.rate or quantity.share
        if counted is None:
            return Number(None, reason="没有可数的条件")
        found = self.found(counted)
        if found.truth is None:
            return Number(None, reason=found.reason)
        number = self._counted(quantity, (h.utterance for h in found.hits))
        sure = _sureness(found.hits)
        if quantity.count is not None:
            return Number(number, found.hits, confidence=sure)
        whole, reason = self._whole(quantity)
        if not whole:
            return Number(None, reason=reason)
        return Number(number / whole, found.hits, confidence=sure)

    def _whole(self, quantity: Quantity) -> tuple[float, str]:
        heard = self.heard
        if quantity.share is not None:
            if quantity.of is None:
                return self._counted(quantity, heard.real), "没有语句"
            found = self.found(quantity.of)
            whole = self._counted(quantity, (h.utterance for h in found.hits))
            return whole, found.reason or "没有可比的语句"
        counted = quantity.rate
        inside = counted.in_ if counted is not None else ()
        rows = [i for i in heard.real if not inside or heard.chapter_of.get(i, (None, 0))[0] in inside]
        if quantity.per == "100 utterances":
            return len(rows) / 100, "没有语句"
        if quantity.per == "1000 characters":
            return sum(len(heard.texts[i]) for i in rows) / 1000, "没有语句"
        if inside:
            seconds = sum(s.end - s.start for s in heard.chapters.spans if s.chapter in inside)
        else:
            seconds = heard.edges[1] - heard.edges[0]
        return seconds / 600, "没有语句"

    def _counted(self, quantity: Quantity, utterances: Iterable[int]) -> float:
        said, rows = self.heard.transcript.utterances, set(utterances)
        if quantity.unit == "speakers":
            return float(len({said[i].speaker for i in rows} - {None}))
        if quantity.unit == "seconds":
            return sum(said[i].end - said[i].start for i in rows)
        return float(len(rows))

    # ------------------------------------------------------------ conditions

    def _find(self, condition: Condition) -> Found:
        numeric = self._numeric(condition)
        if numeric is not None:
            return numeric
        if condition.fact is not None:
            return self._fact(condition)
        combined = self._combine(condition)
        if combined.truth is None or not combined.hits or not _narrowed(condition):
            return combined
        return self._narrow(condition, combined.hits, times=condition.times)

    def _combine(self, condition: Condition) -> Found:
        if condition.use is not None:
            return self.found(self.rubric.definitions[condition.use])
        if condition.all_of:
            return _all(self._children(condition, condition.all_of))
        if condition.any_of:
            return _some(self._children(condition, condition.any_of), number=1)
        if condition.at_least_of:
            return _some(self._children(condition, condition.at_least_of), number=condition.number)
        if condition.none_of:
            inner = _some(self._children(condition, condition.none_of), number=1)
            return Found(None if inner.truth is None else not inner.truth, reason=inner.reason)
        if condition.same:
            return self._same(condition)
        self._until = time.monotonic() + PATIENCE
        try:
            hits = tuple(self._leaf(condition))
        except TimeoutError:
            return Found(None, reason="量规里的正则表达式匹配得太慢，请改写得简单些")
        return Found(bool(hits), hits)

    def _children(self, condition: Condition, children: tuple[Condition, ...]) -> list[Found]:
        """What a combination is made of, each within the combination's own scope."""
        founds = [self.found(child) for child in children]
        if not _narrowed(condition):
            return founds
        return [self._narrow(condition, f.hits) if f.hits else f for f in founds]

    def _same(self, condition: Condition) -> Found:
        founds = [self.found(c) for c in condition.same]
        unknown = next((f for f in founds if f.truth is None), None)
        if unknown is not None:
            return Found(None, reason=unknown.reason)
        wanted = [
            (c, {h.utterance: h for h in f.hits})
            for c, f in zip(condition.same, founds, strict=True)
            if not c.none_of
        ]
        barred = {h.utterance for c in condition.same for inner in c.none_of for h in self.found(inner).hits}
        if not wanted:
            return Found(False)
        common = set.intersection(*(set(hits) for _, hits in wanted)) - barred
        first = wanted[0][1]
        hits = tuple(
            Hit(i, min(hits[i].confidence for _, hits in wanted), first[i].at) for i in sorted(common)
        )
        return Found(bool(hits), hits)

    def _leaf(self, condition: Condition) -> Iterator[Hit]:
        heard = self.heard
        if condition.act:
            best: dict[int, Hit] = {}
            for act in condition.act:
                for hit in heard.doing.get(act, ()):
                    if hit.utterance not in best or best[hit.utterance].confidence < hit.confidence:
                        best[hit.utterance] = hit
            yield from (best[i] for i in sorted(best))
        elif condition.entity:
            named = set.intersection(*(heard.naming.get(kind, set()) for kind in condition.entity))
            yield from (Hit(i) for i in sorted(named))
        elif condition.longer is not None:
            yield from (Hit(i) for i in heard.real if len(heard.texts[i]) >= condition.longer)
        else:
            yield from self._spoken(condition)

    def _spoken(self, condition: Condition) -> Iterator[Hit]:
        """Phrases, groups and regular expressions, less what ``except`` excludes; one hit per utterance."""
        text = self.heard.joined[0]
        spans = sorted(self._matches(condition, text))
        last = -1
        for start, end, sure in spans:
            index, offset = self.heard.utterance_at(start)
            if index == last or (condition.except_ and self._excluded(condition.except_, index, start, end)):
                continue
            last = index
            yield Hit(index, sure, offset)

    def _matches(self, condition: Condition, text: str) -> Iterator[tuple[int, int, float]]:
        if condition.regex is not None:
            yield from self._patterned(condition.regex)
            return
        for phrase in _phrases(condition.phrase, condition.group):
            for at in positions(text, phrase):
                yield at, at + len(phrase), 1.0
            if condition.pinyin:
                yield from self._sounding(phrase)
            if condition.fuzzy is not None:
                yield from self._resembling(phrase, condition.fuzzy)
                if condition.pinyin:
                    yield from self._sounding_alike(phrase, condition.fuzzy)

    def _patterned(self, pattern: str) -> Iterator[tuple[int, int, float]]:
        """Utterance by utterance: what two people said is no match."""
        for index, start in zip(self.heard.real, self.heard.joined[1], strict=True):
            found = compiled(pattern).finditer(self.heard.texts[index], timeout=self._seconds_left())
            for match in found:
                if match.end() > match.start():
                    yield start + match.start(), start + match.end(), 1.0

    def _seconds_left(self) -> float:
        return max(0.001, self._until - time.monotonic())

    def _sounding(self, phrase: str) -> Iterator[tuple[int, int, float]]:
        sounds, starts = self.heard.syllables
        wanted = pinyin_of(phrase)[0]
        for at in positions(sounds, wanted):
            if at == 0 or sounds[at - 1] == " ":
                position = bisect.bisect_left(starts, at)
                yield position, position + len(phrase), 0.9

    def _resembling(self, phrase: str, cutoff: int) -> Iterator[tuple[int, int, float]]:
        """Utterances with a stretch like the phrase; only those with half of its characters are compared."""
        from rapidfuzz import fuzz

        letters = set(phrase)
        for row, index in enumerate(self.heard.real):
            said = self.heard.texts[index]
            if len(said) * 2 < len(phrase) or 2 * len(letters.intersection(said)) < len(letters):
                continue
            match = fuzz.partial_ratio_alignment(phrase, said, score_cutoff=cutoff)
            if match is not None and len(said) >= len(phrase) * cutoff / 100:
                start = self.heard.joined[1][row] + match.dest_start
                yield start, start + match.dest_end - match.dest_start, match.score / 100

    def _sounding_alike(self, phrase: str, cutoff: int) -> Iterator[tuple[int, int, float]]:
        """As ``_resembling``, syllable by syllable: a misheard phrase still sounds nearly the same."""
        from rapidfuzz import fuzz

        wanted = pinyin_of(phrase)[0].split()
        for row, index in enumerate(self.heard.real):
            said = pinyin_of(self.heard.texts[index])[0].split()
            if len(said) < len(wanted) * cutoff / 100 or 2 * len({*wanted} & {*said}) < len({*wanted}):
                continue
            match = fuzz.partial_ratio_alignment(wanted, said, score_cutoff=cutoff)
            if match is not None:
                start = self.heard.joined[1][row] + match.dest_start
                yield start, start + match.dest_end - match.dest_start, 0.9 * match.score / 100

    def _excluded(self, exclusion: Exclusion, index: int, start: int, end: int) -> bool:
        if exclusion.characters is None:
            around = self.heard.texts[index]
        else:
            text = self.heard.joined[0]
            around = text[max(0, start - exclusion.characters) : end + exclusion.characters]
        if exclusion.regex is not None:
            barred = compiled(exclusion.regex).search(around, timeout=self._seconds_left())
            if barred is not None:
                return True
        words = _phrases(exclusion.phrase, exclusion.group)
        return any(word in around for word in words)

    # ------------------------------------------------------------ narrowing

    def _narrow(self, condition: Condition, hits: tuple[Hit, ...], *, times: int = 1) -> Found:
        heard = self.heard
        if condition.in_:
            hits = tuple(
                Hit(h.utterance, h.confidence * heard.chapter_of[h.utterance][1], h.at)
                for h in hits
                if heard.chapter_of.get(h.utterance, (None, 0))[0] in condition.in_
            )
        if condition.by is not None:
            if heard.host is None or not heard.speakers_known:
                return Found(None, reason="分不清说话人，无法判断谁说的")
            said = heard.transcript.utterances
            mine = condition.by == "host"
            hits = tuple(h for h in hits if (said[h.utterance].speaker == heard.host) == mine)
        if condition.window is not None:
            low, high = self._interval(condition.window)
            hits = tuple(h for h in hits if low <= heard.transcript.utterances[h.utterance].start < high)
        if condition.near is not None:
            others = self.found(condition.near.of)
            if others.truth is None:
                return Found(None, reason=others.reason)
            hits = tuple(h for h in hits if self._is_near(h, others.hits, condition.near))
        return Found(len({h.utterance for h in hits}) >= times, hits)

    def _interval(self, window: Window) -> tuple[float, float]:
        first, last = self.heard.edges

        def moment(text: str) -> float:
            return (last - first) * float(text[:-1]) / 100 if text.endswith("%") else float(text)

        low = first + moment(window.start) if window.start else first
        high = first + moment(window.end) if window.end else last + 1
        if window.first is not None:
            high = min(high, first + moment(window.first))
        if window.last is not None:
            low = max(low, last - moment(window.last))
        return low, high

    def _is_near(self, hit: Hit, others: tuple[Hit, ...], near: Near) -> bool:
        amount, unit = near.within.split()
        said = self.heard.transcript.utterances
        for other in others:
            if unit == "utterances":
                distance = float(hit.utterance - other.utterance)
            else:
                distance = said[hit.utterance].start - said[other.utterance].start
            if near.side == "after" and distance <= 0:
                continue
            if near.side == "before" and distance >= 0:
                continue
            if abs(distance) <= float(amount) and hit.utterance != other.utterance:
                return True
        return False

    # ------------------------------------------------------------ numbers and facts

    def _numeric(self, condition: Condition) -> Found | None:
        if condition.item is not None:
            level, evidence = self.levels.get(condition.item, (None, ()))
            reason = "该项没有得分" if level is None else ""
            return Found(_within(level, condition), evidence=evidence, reason=reason)
        numbers = (condition.measure, condition.count, condition.rate, condition.share)
        if all(number is None for number in numbers):
            return None
        number = self.quantity(condition)
        truth = _within(number.value, condition)
        reason = number.reason
        if truth and condition.measure is not None:
            reason = self.heard.findings.measures[condition.measure].reason
        return Found(truth, number.hits, number.evidence, reason)

    def _fact(self, condition: Condition) -> Found:
        facts, heard = self.heard.facts, self.heard
        values: dict[str, object] = {
            "kind": facts.kind,
            "theme": facts.theme,
            "institution": facts.institution,
            "host": facts.host,
            "speakers_known": "true" if heard.speakers_known else "false",
            "duration_minutes": heard.transcript.duration / 60,
            "attendees": facts.attendees.count if facts.attendees else None,
            "expected": facts.expected_attendees.count if facts.expected_attendees else None,
        }
        value = values[condition.fact or ""]
        if value is None:
            return Found(None, reason=f"不知道会议的「{condition.fact}」")
        if condition.is_:
            return Found(str(value) in condition.is_)
        return Found(_within(float(str(value)), condition))


@lru_cache(maxsize=4096)
def _phrases(phrases: tuple[str, ...], groups: tuple[str, ...]) -> tuple[str, ...]:
    """The phrases and what the lexicon groups hold, as they are matched."""
    from qa_pipeline.lexicon import lexicon

    book = lexicon()
    words = list(phrases)
    for group in groups:
        if group.startswith("cues."):
            words += book.chapter_cues[Chapter(group.removeprefix("cues."))]
        else:
            words += book.phrases.get(group) or book.terms[group]
    return tuple(b for b in dict.fromkeys(bare(w) for w in words) if b)


def _within(value: float | None, condition: Condition) -> Truth:
    if value is None:
        return None
    return (condition.at_least is None or value >= condition.at_least) and (
        condition.at_most is None or value <= condition.at_most
    )


def _narrowed(condition: Condition) -> bool:
    return bool(condition.in_ or condition.by or condition.window or condition.near or condition.times > 1)


def _all(founds: list[Found]) -> Found:
    if any(f.truth is False for f in founds):
        return Found(False)
    unknown = next((f for f in founds if f.truth is None), None)
    if unknown is not None:
        return Found(None, reason=unknown.reason)
    return Found(True, _merged(founds), tuple(e for f in founds for e in f.evidence), _reasons(founds))


def _some(founds: list[Found], *, number: int) -> Found:
    held = [f for f in founds if f.truth]
    if len(held) >= number:
        return Found(True, _merged(held), tuple(e for f in held for e in f.evidence), _reasons(held))
    unknown = [f for f in founds if f.truth is None]
    if len(held) + len(unknown) >= number:
        return Found(None, reason=unknown[0].reason)
    return Found(False)


def _reasons(founds: list[Found]) -> str:
    return "；".join(dict.fromkeys(f.reason for f in founds if f.reason))


def _merged(founds: list[Found]) -> tuple[Hit, ...]:
    best: dict[int, Hit] = {}
    for found in founds:
        for hit in found.hits:
            if hit.utterance not in best or best[hit.utterance].confidence < hit.confidence:
                best[hit.utterance] = hit
    return tuple(best[i] for i in sorted(best))


def _sureness(hits: Iterable[Hit]) -> float:
    sure = [h.confidence for h in hits]
    return sum(sure) / len(sure) if sure else 1.0
