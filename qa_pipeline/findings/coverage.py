"""How concrete the meeting is: figures tied to an indicator and to somebody (C3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

from qa_pipeline.findings.mentions import is_domain
from qa_pipeline.findings.reading import Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.lexicon import lexicon
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Act, Chapter
from qa_pipeline.values.written import percent

FIGURES: Final = ("number", "percent", "money")
TELLING: Final = 500
"""Characters from which the share of the trade's words says how somebody talks."""
REPLY: Final = (1, 3)
"""Utterances before and after within which somebody takes up a figure that the host reads out."""
_THINGS: Final = frozenset("件单张份笔票家户访趟场次")
"""Units of policies, customers and visits."""
_HOW_MANY: Final = re.compile(r"几|多少|好多|多大|多钱|数")
USUAL: Final = 0.023
"""Share of the trade's words in a labelled meeting, the median; who piles them up has a tenth."""
PLAINNESS: Final[tuple[float, float, float]] = (0.25, 0.6, 1.5)
"""Exponent and bounds. On labelled meetings of unseen authors scores rose by 7 points from the plainest words
to the fullest, by 25 with authors whose teams never say such a word and whose hosts say nothing else."""
WHOLE: Final = 1500
"""Characters from which that holds: a stretch of a meeting may be full of such words."""
_NO_SPEECH: Final = "没有听到说话"


@lru_cache(maxsize=4)
def triples(reading: Reading) -> tuple[int, ...]:
    """Utterances that hold a figure whose indicator and owner are said there or next to it.

    What somebody counts of his own needs no indicator's name: 六件, 十八家 and 两万 say what they count, and
    so does the question how many. What the host reads out is no more than reading until somebody takes it up.
    """
    found = []
    # Without speakers an answer is known by its question.
    answers = () if reading.speakers_known else {a for e in reading.exchanges for a in e.answers}
    counted = {
        answer
        for exchange in reading.exchanges
        if _HOW_MANY.search(reading.utterances[exchange.question].text)
        for answer in exchange.answers
    }
    for index in reading.at_work:
        if not reading.names(index, *FIGURES) or reading.read_out(index, before=REPLY[0], after=REPLY[1]):
            continue
        around = reading.near(index, before=2, after=1)
        indicator = any(reading.indicators(i) for i in around)
        owner = any(reading.names(i, "person", "office", "customer") for i in around)
        # An answer in figures belongs to the one who gives it.
        answering = (reading.host is not None and reading.is_host(index) is False) or index in answers
        own = reading.is_host(index) is not True and index in counted
        own = own or (reading.is_host(index) is False and _says_what(reading, index))
        if (
            own
            or (indicator and (owner or answering))
            or (reading.does(index, Act.DATA) and (indicator or owner))
        ):
            found.append(index)
    return tuple(found)


def _proof(reading: Reading) -> list[int]:
    """The triples that name their indicator themselves, where any does: they convince at first sight."""
    found = triples(reading)
    return [i for i in found if reading.indicators(i)] or list(found)


def _says_what(reading: Reading, index: int) -> bool:
    """Whether a figure says itself what it counts: money, a share, or things of the trade."""
    return any(
        m.kind in ("money", "percent") or (m.kind == "number" and m.name in _THINGS)
        for m in reading.readings[index].mentions
    )


@measure(
    id="data_triples", label="数据三元组", unit="count", meaning="指标、数值、人或室三样相配的语句数（C3）"
)
def data_triples(reading: Reading) -> Measurement:
    return reading.measured("data_triples", len(triples(reading)), _proof(reading))


@measure(
    id="data_triples_per_1000",
    label="数据密度",
    unit="per 1000 characters",
    meaning="每千个听清的字里数据三元组的语句数，主持人念了没人接话的不算，不随会议长短和停顿变化，"
    "满口行话的打折、说家常话的加重（C3）",
)
def data_triples_per_1000(reading: Reading) -> Measurement:
    characters = sum(len(reading.utterances[i].text) for i in reading.spoken) * (1 - reading.misheard)
    if not characters:
        return unknown("data_triples_per_1000", _NO_SPEECH)
    value = 1000 * len(triples(reading)) / characters * plainness(reading)
    return reading.measured("data_triples_per_1000", value, _proof(reading))


@measure(
    id="data_share",
    label="数据语句占比",
    unit="share",
    meaning="数据三元组的语句占全部语句（跑题除外）的比例",
)
def data_share(reading: Reading) -> Measurement:
    if not reading.at_work:
        return unknown("data_share", _NO_SPEECH)
    return reading.measured("data_share", len(triples(reading)) / len(reading.at_work), _proof(reading))


@measure(id="indicators_covered", label="涉及指标数", unit="count", meaning="会上带着数值说到的不同指标数")
def indicators_covered(reading: Reading) -> Measurement:
    first: dict[str, int] = {}
    for index in reading.at_work:
        if any(reading.names(i, *FIGURES) for i in reading.near(index, before=0, after=1)):
            for name in reading.indicators(index):
                first.setdefault(name, index)
    return reading.measured("indicators_covered", len(first), first.values())


@measure(
    id="domain_density",
    label="业务浓度",
    unit="share",
    meaning="说到寿险个险经营专有事项（FYC、达U、CT、送训、陪访等）的语句占比，低则可能不是二会",
)
def domain_density(reading: Reading) -> Measurement:
    if not reading.spoken:
        return unknown("domain_density", _NO_SPEECH)
    found = [i for i in reading.spoken if any(is_domain(m) for m in reading.readings[i].mentions)]
    share = len(found) / len(reading.spoken)
    return reading.measured("domain_density", share, found, reason=f"说到个险经营的话占 {percent(share)}")


@measure(id="off_topic_share", label="跑题占比", unit="share", meaning="跑题语句时长占全部说话时间的比例")
def off_topic_share(reading: Reading) -> Measurement:
    if not reading.talk_seconds:
        return unknown("off_topic_share", _NO_SPEECH)
    return reading.measured(
        "off_topic_share",
        reading.astray,
        reading.within(Chapter.OFF_TOPIC),
        reason=f"不是二会内容的话占说话时间的 {percent(reading.astray)}",
    )


@measure(
    id="keyword_share",
    label="行话套话占比",
    unit="share",
    meaning="词典里的行话和流程套话占全部字数的比例；一般会议百分之二三，报流程、堆关键词的到一成",
)
def keyword_share(reading: Reading) -> Measurement:
    inside, characters = _keywords(reading)
    if characters < TELLING:
        return unknown("keyword_share", "说的话太少，看不出是不是在堆词")
    share = sum(inside.values()) / characters
    return reading.measured("keyword_share", share, sorted(inside, key=lambda i: -inside[i])[:4])


@lru_cache(maxsize=4)
def _keywords(reading: Reading) -> tuple[dict[int, int], int]:
    """How many characters of each utterance are words of the lexicon; and all characters."""
    inside = {i: _in_words(reading.utterances[i].text) for i in reading.spoken}
    return inside, sum(len(reading.utterances[i].text) for i in inside)


def plainness(reading: Reading) -> float:
    """What a hit by the trade's words is worth (0.6 to 1.5), by how freely they are used: where each sentence
    is full of them it says little, where they hardly fall each one tells; 1 where that is not known."""
    inside, characters = _keywords(reading)
    if characters < WHOLE:
        return 1.0
    exponent, least, most = PLAINNESS
    sparing: float = (USUAL * characters / max(sum(inside.values()), 1)) ** exponent
    return min(most, max(least, sparing))


def _in_words(text: str) -> int:
    """Characters of a text that lie in words of the lexicon, longest words first, none counted twice."""
    found, place, words = 0, 0, _words()
    while place < len(text) - 1:
        word = next((w for w in words.get(text[place : place + 2], ()) if text.startswith(w, place)), "?")
        found += len(word) if len(word) > 1 else 0
        place += len(word)
    return found


@cache
def _words() -> Mapping[str, tuple[str, ...]]:
    """The words of the lexicon by their first two characters, the longest first."""
    book = lexicon()
    groups = (*book.terms.values(), *book.phrases.values(), *book.chapter_cues.values())
    found: dict[str, list[str]] = {}
    for word in sorted({w for group in groups for w in group if len(w) > 1}, key=len, reverse=True):
        found.setdefault(word[:2], []).append(word)
    return {start: tuple(words) for start, words in found.items()}
