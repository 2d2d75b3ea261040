"""Which chapters the meeting held, for how long, and in what order (R13, R14)."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from qa_pipeline.findings.reading import Measure, Reading, unknown
from qa_pipeline.findings.registry import measure, register
from qa_pipeline.names import CHAPTERS
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import MANDATED, Act, Chapter, Seconds
from qa_pipeline.values.written import clock, percent

LEAST: Final[Seconds] = 60.0
"""A chapter shorter than this has not been held."""
SHORT: Final[Seconds] = 120.0
"""Of a chapter shorter than this it is said how long it was."""
REVIEWS: Final = (Chapter.STAGE_REVIEW, Chapter.MONTHLY_REVIEW)
PLANS: Final = (Chapter.NEXT_WEEK_PLAN, Chapter.NEXT_MONTH_PLAN)
NO_KIND: Final = "不知道是周复盘会还是月规划会"
_NO_SPEECH: Final = "没有听到说话"


def held(reading: Reading) -> tuple[Chapter, ...]:
    """Mandated chapters that were held (at least a minute in all), in the order of their longest span."""
    if reading.kind is None:
        return ()
    wanted = [c for c in MANDATED[reading.kind] if reading.chapter_seconds(c) >= LEAST]
    return tuple(
        sorted(wanted, key=lambda c: max(reading.chapters.of(c), key=lambda s: s.end - s.start).start)
    )


def _first(reading: Reading, chapter: Chapter) -> tuple[int, ...]:
    return reading.within(chapter)[:2]


@measure(id="chapters_present", label="章节齐全度", unit="share", meaning="规定章节中讲满60秒的占比")
def chapters_present(reading: Reading) -> Measurement:
    if reading.kind is None:
        return unknown("chapters_present", NO_KIND)
    found = held(reading)
    proof = [i for chapter in found for i in _first(reading, chapter)[:1]]
    return reading.measured("chapters_present", len(found) / len(MANDATED[reading.kind]), proof)


@measure(
    id="chapter_order",
    label="章节顺序",
    unit="share",
    meaning="检出的规定章节中，按规定先后出现的最长一串所占的比例",
)
def chapter_order(reading: Reading) -> Measurement:
    if reading.kind is None:
        return unknown("chapter_order", NO_KIND)
    found = held(reading)
    if not found:
        return unknown("chapter_order", "没有检出规定章节")
    rising: list[int] = []
    for place in (MANDATED[reading.kind].index(c) for c in found):
        at = bisect_left(rising, place)
        rising[at : at + 1] = [place]
    return reading.measured("chapter_order", len(rising) / len(found), [_first(reading, c)[0] for c in found])


@measure(
    id="largest_chapter_share", label="最长章节占比", unit="share", meaning="用时最长的章节占会议净时长的比例"
)
def largest_chapter_share(reading: Reading) -> Measurement:
    if not reading.net:
        return unknown("largest_chapter_share", _NO_SPEECH)
    longest = max(Chapter, key=reading.chapter_seconds)
    share = min(1.0, reading.chapter_seconds(longest) / reading.net)
    return reading.measured("largest_chapter_share", share, _first(reading, longest))


@measure(
    id="relative_length",
    label="篇幅倍数",
    unit="ratio",
    meaning="这场会的话比标注会议（一般3600字）多，各种条数大致多几倍（字数之比的0.75次方，短会为1；再乘听清的字所占的比例）；按条数计分时先除以它",
)
def relative_length(reading: Reading) -> Measurement:
    if not reading.spoken:
        return unknown("relative_length", _NO_SPEECH)
    return reading.measured("relative_length", reading.relative_length, reading.spoken)


@measure(
    id="neither_kind",
    label="不是二会的可能",
    unit="share",
    meaning="按用词和章节判断，这场会既不是周复盘会也不是月规划会的概率；超过0.95不再分章，全按跑题算",
)
def neither_kind(reading: Reading) -> Measurement:
    if reading.chapters.neither is None:
        return unknown("neither_kind", "章节由人划定，或分章节时没有算概率")
    return reading.measured(
        "neither_kind",
        reading.chapters.neither,
        reading.spoken[:2],
        reason=f"按用词和章节判断，是别的会的可能有 {percent(reading.chapters.neither)}",
    )


@measure(id="recap", label="环节小结", unit="count", meaning="各规定章节内出现小结、归纳的章节数")
def recap(reading: Reading) -> Measurement:
    proof: list[int] = []
    for chapter in held(reading):
        said = reading.doing(Act.SUMMARY, among=reading.within(chapter))
        proof.extend(said[-1:])
    return reading.measured("recap", len(proof), proof)


def _present(chapter: Chapter) -> Measure:
    def present(reading: Reading) -> Measurement:
        name = f"chapter_present.{chapter.value}"
        seconds = reading.chapter_seconds(chapter)
        found = seconds >= LEAST
        sure = max((s.confidence for s in reading.chapters.of(chapter)), default=1.0)
        proof = _first(reading, chapter) if found else ()
        reason = "" if found else f"{CHAPTERS[chapter]}没有讲满一分钟"
        return reading.measured(name, float(found), proof, confidence=sure, reason=reason)

    return present


def _seconds(chapter: Chapter) -> Measure:
    def seconds(reading: Reading) -> Measurement:
        name, value = f"chapter_seconds.{chapter.value}", reading.chapter_seconds(chapter)
        told = f"只讲了 {clock(value)}" if value else "没有讲"
        reason = f"{CHAPTERS[chapter]}{told}" if value < SHORT else ""
        return reading.measured(name, value, _first(reading, chapter), reason=reason)

    return seconds


def _likely(chapter: Chapter) -> Measure:
    def likely(reading: Reading) -> Measurement:
        name = f"chapter_likely.{chapter.value}"
        found = next((one for one in reading.chapters.likely if one.chapter == chapter), None)
        if found is None:
            return unknown(name, "章节由人划定，或分章节时没有算概率")
        inside = [i for i in reading.spoken if found.start <= reading.utterances[i].start < found.end]
        return reading.measured(name, found.seconds, inside[:2])

    return likely


def _share(chapter: Chapter) -> Measure:
    def share(reading: Reading) -> Measurement:
        name = f"chapter_share.{chapter.value}"
        if not reading.net:
            return unknown(name, _NO_SPEECH)
        value = min(1.0, reading.chapter_seconds(chapter) / reading.net)
        return reading.measured(name, value, _first(reading, chapter))

    return share


for _chapter in Chapter:
    register(
        id=f"chapter_present.{_chapter.value}",
        label=f"有{CHAPTERS[_chapter]}",
        unit="0/1",
        meaning=f"{CHAPTERS[_chapter]}讲满60秒为1，否则为0",
        function=_present(_chapter),
    )
    register(
        id=f"chapter_seconds.{_chapter.value}",
        label=f"{CHAPTERS[_chapter]}用时",
        unit="seconds",
        meaning=f"{CHAPTERS[_chapter]}各段合计秒数",
        function=_seconds(_chapter),
    )
    register(
        id=f"chapter_likely.{_chapter.value}",
        label=f"{CHAPTERS[_chapter]}可能用时",
        unit="seconds",
        meaning=f"按每句属于{CHAPTERS[_chapter]}的概率合计的秒数：没有单独成章，也可能掺在别的章里",
        function=_likely(_chapter),
    )
    register(
        id=f"chapter_share.{_chapter.value}",
        label=f"{CHAPTERS[_chapter]}占比",
        unit="share",
        meaning=f"{CHAPTERS[_chapter]}占会议净时长的比例",
        function=_share(_chapter),
    )
