"""How much of the meeting checks (R25), and whether last meeting's promises were taken up (I4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from qa_pipeline.findings.following import follow_model, taken_up
from qa_pipeline.findings.reading import Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.findings.structure import REVIEWS
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind

WORKING: Final = (
    *REVIEWS,
    Chapter.EXCELLENCE_SHARING,
    Chapter.PROBLEM_DISCUSSION,
    Chapter.NEXT_MONTH_PLAN,
    Chapter.NEXT_WEEK_PLAN,
)
LEAST_TOLD: Final = 0.35
"""Answers below this substance are evasions: asking for them is no check that was carried out."""


@lru_cache(maxsize=4)
def checking(reading: Reading) -> dict[int, float]:
    """Utterances that check, each with its weight (0-1).

    Counted are questions that were answered, the answers, checks of promises, and what people add to
    the causes and measures under discussion. Figures that one person reads out, however many, are no check.
    """
    weight: dict[int, float] = {}

    def count(index: int, value: float) -> None:
        if reading.chapter_of[index] in WORKING:
            weight[index] = max(weight.get(index, 0.0), value)

    for exchange in reading.exchanges:
        if not exchange.answers:
            continue
        told = exchange.substance
        value = min(1.0, told / 0.7) if told >= LEAST_TOLD else 0.3 * told
        if not exchange.probing and not reading.does(exchange.question, Act.FOLLOWUP, Act.CHECK):
            value *= 0.8
        count(exchange.question, value)
        for answer in exchange.answers:
            count(answer, value)
    for index in reading.doing(Act.FOLLOWUP):
        count(index, 0.8)
    for index in reading.doing(Act.CHECK):
        # A check within three utterances of a question or a promise under review is part of the exchange.
        if any(
            reading.asks[i] or reading.does(i, Act.FOLLOWUP) for i in reading.near(index, before=3, after=0)
        ):
            count(index, 1.0)
    talk = reading.within(Chapter.PROBLEM_DISCUSSION)
    for index in reading.doing(Act.CAUSE, Act.MEASURE, among=talk):
        others = {reading.speaker(i) for i in reading.near(index, before=3, after=3)}
        if len(others) > 1 or (
            None in others and any(reading.asks[i] for i in reading.near(index, before=3, after=2))
        ):
            count(index, 0.9)
    return weight


@measure(
    id="check_share",
    label="检查占比",
    unit="share",
    meaning="追问、核对及其应答占有效发言时间的比例，跨章节计，念数据不算，敷衍回答折算（R25，仅周复盘会）",
)
def check_share(reading: Reading) -> Measurement:
    if reading.kind == MeetingKind.MONTHLY_PLANNING:
        return unknown("check_share", "月规划会不计检查占比")
    return _check_share(reading, "check_share")


@measure(
    id="exchange_share",
    label="追问研讨占比",
    unit="share",
    meaning="与检查占比算法相同，周会月会都计：追问、核对及其应答占有效发言时间的比例",
)
def exchange_share(reading: Reading) -> Measurement:
    return _check_share(reading, "exchange_share")


def _check_share(reading: Reading, name: str) -> Measurement:
    if not reading.talk_seconds:
        return unknown(name, "没有听到说话")
    weight = checking(reading)
    value = sum(reading.length(i) * w for i, w in weight.items()) / reading.talk_seconds
    strong = sorted(i for i, w in weight.items() if w >= 0.8)
    return reading.measured(name, min(1.0, value), strong, confidence=0.9 if reading.speakers_known else 0.7)


@measure(
    id="followup_rate",
    label="上次承诺核对率",
    unit="share",
    meaning="上次会议承诺中在本次会上被核对的比例；没有上次承诺清单时，按会上是否核对了旧账估计，置信低（I4）",
)
def followup_rate(reading: Reading) -> Measurement:
    if reading.commitments_before:
        places = taken_up(reading, tuple(reading.commitments_before), model=follow_model())
        found = [place for place in places if place is not None]
        return reading.measured("followup_rate", len(found) / len(places), found)
    taken = [
        i
        for i in reading.doing(Act.FOLLOWUP, among=reading.at_work)
        if reading.chapter_of[i] != Chapter.CLOSING
    ]
    answered = [i for i in taken if _answered(reading, i)]
    # Without the list: three promises taken up and answered are a full round.
    value = min(1.0, len(answered) / 3)
    return reading.measured("followup_rate", value, answered, confidence=0.6)


@measure(id="followups", label="核对旧账次数", unit="count", meaning="核对上次承诺或布置的语句数")
def followups(reading: Reading) -> Measurement:
    taken = reading.doing(Act.FOLLOWUP, among=reading.at_work)
    return reading.measured("followups", len(taken), taken)


def _answered(reading: Reading, index: int) -> bool:
    if not reading.asks[index]:
        return True
    return any(e.question == index and e.answers and e.substance >= LEAST_TOLD for e in reading.exchanges)
