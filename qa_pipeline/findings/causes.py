# ruff: noqa: E501 - patterns are data and read better on one line
"""From problem to cause to measure (I3): whether the discussion closes the loop, and where it lays the blame."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from qa_pipeline.findings.interaction import NO_SPEAKERS
from qa_pipeline.findings.reading import Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Act, Chapter

READ_OUT: Final = 0.5
"""What is left of a cause or measure to which nobody has anything to say."""
REACH: Final = 40
"""Utterances within which a cause must find its measure."""
OUTSIDE: Final = re.compile(
    r"(?<!菜)市场(?!门口|边上|部)|大环境|环境|行情|经济|利率|银行|天气|天热|天冷|下雨|落雨|疫情|监管|方案(?:不|没)|费用|没钱|政策|效益|竞争|产品(?:不|没)|停电|农忙|过节|放假|客户没|老百姓|形势|年轻人|收成|涨价|跌价"
)
TEAM: Final = re.compile(
    r"早会|夕会|晨会|主管.{0,6}(?:没|不|自己)|没人(?:盯|管|问|带|陪)|管理|追踪|没排|没安排|陪访|陪房|培访|没陪|带(?:人|新人|队)|日志|盯|没检查|考勤|出勤|习惯|分工|团队|属员|没布置|替打|没辅导|计划|时间"
)
CUSTOMER: Final = re.compile(
    r"客户|名单|盘点|没盘|缘故|转介绍|老客户|准增员|没人见|约不|没约|经营|升温|分类|分层|平台|活动|邀约|人脉|家属|家里|屋头"
)
SKILL: Final = re.compile(
    r"话术|不会(?:说|讲|问|约|谈|开口)|开口|讲不|说不|不敢|技能|演练|通关|没练|练|异议|促成|不熟|讲产品|需求|怕|话头|怎么(?:说|讲)|听不懂|专业|准备"
)
DIMENSIONS: Final = {"team": TEAM, "customer": CUSTOMER, "skill": SKILL}
_EMPTY_CAUSE: Final = re.compile(r"不到位|态度|思想|认识|心态|精神|懒|意识|格局|状态|信心")


@lru_cache(maxsize=4)
def causes(reading: Reading) -> tuple[int, ...]:
    """Causes that somebody can act on: within the team's own reach, no slogans, worked out among people."""
    return tuple(
        i
        for i in _said(reading)
        if not outside(reading, i) and _shared(reading, i) and not _hollow(reading, i)
    )


def outside(reading: Reading, index: int) -> bool:
    """Whether a cause blames what nobody in the room can change."""
    text = reading.utterances[index].text
    inside = any(p.search(text) for p in (TEAM, SKILL)) or re.search(r"我们?自己|咱自己|主管", text)
    return bool(OUTSIDE.search(text)) and not inside


def blamed(reading: Reading) -> tuple[int, ...]:
    """Where the market, the season or the company is said to be why, as a cause or in passing."""
    return tuple(
        i
        for i in reading.at_work
        if not reading.asks[i] and OUTSIDE.search(reading.utterances[i].text) and outside(reading, i)
    )


def _said(reading: Reading) -> tuple[int, ...]:
    return tuple(i for i in reading.doing(Act.CAUSE, among=reading.at_work))


def _hollow(reading: Reading, index: int) -> bool:
    text = reading.utterances[index].text
    return (
        bool(_EMPTY_CAUSE.search(text))
        and not reading.names(index, "number", "percent", "customer")
        and len(text) < 60
    )


def _shared(reading: Reading, index: int) -> bool:
    """Whether a cause comes out of talk: another voice within three utterances; where nobody knows who speaks,
    a question within six (recognition swallows some of the marks)."""
    if reading.speakers_known:
        return any(
            reading.speaker(i) != reading.speaker(index) for i in reading.near(index, before=3, after=3)
        )
    return any(reading.asks[i] for i in reading.near(index, before=6, after=6) if i != index)


def weight(reading: Reading, index: int) -> float:
    """What a cause or measure counts for: half of it where the host says it into 对 and 收到."""
    return READ_OUT if reading.read_out(index, before=3, after=3) else 1.0


@lru_cache(maxsize=4)
def measures(reading: Reading) -> tuple[int, ...]:
    """Countermeasures and the promises made while problems are discussed."""
    talk = set(reading.within(Chapter.PROBLEM_DISCUSSION))
    return tuple(
        i
        for i in reading.at_work
        if (reading.does(i, Act.MEASURE) or (i in talk and reading.does(i, Act.COMMIT)))
        and not (reading.does(i, Act.EVADE))
        and _shared(reading, i)
    )


@lru_cache(maxsize=4)
def loops(reading: Reading) -> tuple[tuple[int, int], ...]:
    """Cause and measure, matched one to one: each measure answers the nearest open cause before it."""
    open_measures = list(measures(reading))
    words = {i: _words(reading, i) for i in {*open_measures, *causes(reading)}}
    found = []
    for cause in causes(reading):
        after = [m for m in open_measures if 0 <= m - cause <= REACH]
        if after:
            best = max(after, key=lambda m: (_kinship(words[cause], words[m]), cause - m))
            open_measures.remove(best)
            found.append((cause, best))
    return tuple(found)


def _words(reading: Reading, index: int) -> tuple[set[str], set[str]]:
    """The character pairs of an utterance, and the dimensions it speaks of."""
    text = re.sub(r"[^\u4e00-\u9fff]", "", reading.utterances[index].text)
    pairs = {text[i : i + 2] for i in range(len(text) - 1)}
    return pairs, {name for name, pattern in DIMENSIONS.items() if pattern.search(text)}


def _kinship(cause: tuple[set[str], set[str]], answer: tuple[set[str], set[str]]) -> float:
    """How much a measure takes up the words of a cause (0-1)."""
    shared = len(cause[0] & answer[0]) / max(1, min(len(cause[0]), len(answer[0])))
    return shared + 0.1 * len(cause[1] & answer[1])


@measure(
    id="root_causes",
    label="根因数",
    unit="count",
    meaning="讨论中说出的、团队自身可改变的原因条数，主持人念了没人接话的折半",
)
def root_causes(reading: Reading) -> Measurement:
    found = causes(reading)
    return reading.measured("root_causes", sum(weight(reading, i) for i in found), found)


@measure(
    id="countermeasures",
    label="对策数",
    unit="count",
    meaning="针对问题提出的做法、措施条数，主持人念了没人接话的折半",
)
def countermeasures(reading: Reading) -> Measurement:
    found = measures(reading)
    return reading.measured("countermeasures", sum(weight(reading, i) for i in found), found)


@measure(id="causal_loops", label="因果闭环数", unit="count", meaning="问题、根因、对策配成对的条数（I3）")
def causal_loops(reading: Reading) -> Measurement:
    found = loops(reading)
    worth = sum(min(weight(reading, i) for i in pair) for pair in found)
    return reading.measured("causal_loops", worth, [i for pair in found for i in pair])


@measure(
    id="causal_loop_rate", label="因果闭环率", unit="share", meaning="说出的根因中有对策相配的比例（I3）"
)
def causal_loop_rate(reading: Reading) -> Measurement:
    found = causes(reading)
    if not found:
        return unknown("causal_loop_rate", "会上没有听到团队自身可改变的原因")
    paired = loops(reading)
    return reading.measured(
        "causal_loop_rate", len(paired) / len(found), [i for pair in paired for i in pair]
    )


@measure(
    id="external_share",
    label="归因外部占比",
    unit="share",
    meaning="归因于市场、环境、政策等外部因素的原因占全部原因的比例",
)
def external_share(reading: Reading) -> Measurement:
    said = _said(reading)
    if not said:
        return unknown("external_share", "会上没有分析原因")
    blamed = [i for i in said if outside(reading, i)]
    return reading.measured("external_share", len(blamed) / len(said), blamed)


@measure(
    id="discussion_voices",
    label="研讨发言人数",
    unit="count",
    meaning="问题研讨章节中说出原因、对策或实质意见的不同人数",
)
def discussion_voices(reading: Reading) -> Measurement:
    if not reading.speakers_known:
        return unknown("discussion_voices", NO_SPEAKERS)
    first: dict[str, int] = {}
    for index in reading.within(Chapter.PROBLEM_DISCUSSION):
        speaker = reading.speaker(index)
        if speaker is not None and reading.does(
            index, Act.CAUSE, Act.MEASURE, Act.COMMIT, Act.CHECK, Act.PRACTICE
        ):
            first.setdefault(speaker, index)
    return reading.measured("discussion_voices", len(first), first.values())


@measure(
    id="open_causes",
    label="没有对策的根因",
    unit="count",
    meaning="说出了根因、后面没有对策相配的条数（I3）",
    act=Act.CAUSE,
)
def open_causes(reading: Reading) -> Measurement:
    met = {cause for cause, _ in loops(reading)}
    bare = [i for i in causes(reading) if i not in met]
    return reading.measured("open_causes", len(bare), bare)


@measure(
    id="outside_blame",
    label="怪到外头的话",
    unit="count",
    meaning="把原因推给市场、环境、公司的语句数，顺口一说的也算",
)
def outside_blame(reading: Reading) -> Measurement:
    found = blamed(reading)
    return reading.measured("outside_blame", len(found), found)
