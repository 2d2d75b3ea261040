# ruff: noqa: E501 - patterns are data and read better on one line
"""What the meeting really dealt with: one strength (0-1) per topic, not one tick per keyword (C1, C2, R15-R23).

A word that is only said is worth little. It counts when a question that was answered, a cause, a measure or a
promise stands around it, a little more with figures and people, and more in the chapter where it belongs. So a
host who reads every agenda word aloud with its figures reaches about a fifth of what a host who asks does. And
who goes through a matter person by person need not say its name each time: see ``Topic.implied``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from qa_pipeline.findings import causes, commitments, plainly, sharing
from qa_pipeline.findings.catalogue import TOPICS, Topic
from qa_pipeline.findings.coverage import FIGURES, REPLY, plainness
from qa_pipeline.findings.reading import Measure, Reading
from qa_pipeline.findings.registry import measure, register
from qa_pipeline.findings.structure import PLANS, REVIEWS
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Act, Chapter

_GAP: Final = re.compile(
    r"差(?!不多|点|劲|异|别)|[没未](?:达|到|够|完成|打)|缺口|够了|达了|过(?:了|哒|咯)?(?:线|[一二两三四五六七八九\d]+[千百])|[够超上]了?线|线[上下]|空的|挂零|零蛋|光头"
)
ELSEWHERE: Final = 0.6
"""What a hit outside its own chapters is worth."""
NEAR: Final = 16
"""Utterances within which a cause still concerns the recruits spoken of."""
IMPLIED: Final = 0.6
"""What a hit that does not say the topic's name is worth."""
REPORTED: Final = 0.35
"""What a figure read out is worth where reporting is the point."""
SHOWN: Final = 0.6
"""What a report is worth that does the thing itself: a gathering laid out, with its day and its guests."""
WORKED: Final = 1.5
"""Utterances of a chain that names its indicators for which a sum of plain figures stands."""
SHARE: Final = 0.85
"""Of ``need``: even what is gone through question by question is seldom as well-grounded as can be."""


def depth(reading: Reading, index: int, topic: Topic) -> float:
    """How well-grounded an utterance is, 0-1: figures, names, an answered question, a cause, a promise."""
    value = _ground(reading)[index]
    figures = any(reading.names(i, *FIGURES) for i in reading.near(index))
    if topic.reported and figures and not reading.read_out(index, before=REPLY[0], after=REPLY[1]):
        value = max(value, SHOWN if index in _shown(reading, topic) else REPORTED)
    return value if reading.chapter_of[index] in topic.chapters else value * ELSEWHERE


@lru_cache(maxsize=4)
def _ground(reading: Reading) -> tuple[float, ...]:
    count = len(reading.utterances)
    exchanged = [0.0] * count
    for exchange in reading.exchanges:
        for index in (exchange.question, *exchange.answers):
            exchanged[index] = max(exchanged[index], exchange.substance)
    work = set(reading.at_work)
    ground = []
    for index in range(count):
        if index not in work:
            ground.append(0.0)
            continue
        around = reading.near(index, before=1, after=1)
        value = 0.05
        value += 0.1 * any(reading.names(i, *FIGURES) for i in around)
        value += 0.05 * any(reading.names(i, "person", "office", "customer") for i in around)
        # What the host reads out about others is no work done; what somebody says of their own is.
        own = not reading.is_host(index) and reading.does(
            index, Act.CAUSE, Act.MEASURE, Act.PRACTICE, Act.COMMIT, Act.CHECK
        )
        value += 0.8 * max(exchanged[index], 0.5 * own)
        if reading.does(index, Act.EVADE):
            value *= 0.4
        ground.append(min(1.0, value))
    return tuple(ground)


def hits(reading: Reading, topic: Topic) -> list[int]:
    """Where the topic comes up, off-topic talk and the wrong chapters (if it allows no others) left out."""
    named = {i for name in topic.indicators for i in _named(reading).get(name, ())}
    named |= _shown(reading, topic)
    pattern = topic.pattern
    return [
        i
        for i in (reading.at_work if pattern else sorted(named))
        if (i in named or (pattern and pattern.search(reading.utterances[i].text)))
        and (not topic.only or reading.chapter_of[i] in topic.chapters)
    ]


def _shown(reading: Reading, topic: Topic) -> set[int]:
    """Where the topic is dealt with in deed, whatever it is called."""
    return set(topic.shown(reading)) if topic.shown else set()


@lru_cache(maxsize=4)
def _named(reading: Reading) -> dict[str, list[int]]:
    """Indicator -> the utterances at work that name it."""
    named: dict[str, list[int]] = {}
    for index in reading.at_work:
        for name in reading.indicators(index):
            named.setdefault(name, []).append(index)
    return named


@lru_cache(maxsize=4)
def strengths(reading: Reading) -> dict[str, tuple[float, list[int]]]:
    """Of each topic (0-1, the utterances it rests on, best-grounded first)."""
    return {topic.id: _strength(reading, topic) for topic in TOPICS}


def implied(reading: Reading, topic: Topic, said: Iterable[int]) -> list[int]:
    """Where a review speaks of the topic without saying its name (``said`` are the utterances that do)."""
    if not topic.implied and topic.plain is None:
        return []
    others = sorted({*reading.within(*REVIEWS)}.difference(said))
    return [i for i in others if _implies(reading, topic, i)]


def _implies(reading: Reading, topic: Topic, index: int) -> bool:
    text = reading.utterances[index].text
    if topic.plain is not None and topic.plain.search(text):
        return True
    return (
        bool(topic.implied)
        and reading.names(index, *FIGURES)
        and (
            reading.names(index, *topic.implied)
            or not topic.implied.isdisjoint(reading.indicators(index))
            or _GAP.search(text) is not None
        )
    )


def _strength(reading: Reading, topic: Topic) -> tuple[float, list[int]]:
    said = hits(reading, topic)
    rated = [(depth(reading, i, topic), -i) for i in said]
    rated += [(IMPLIED * depth(reading, i, topic), -i) for i in implied(reading, topic, said)]
    rated.sort(reverse=True)
    solid = [-i for value, i in rated if value >= 0.3] or [-i for value, i in rated[:1] if value > 0]
    value = sum(value for value, _ in rated) * plainness(reading)
    return _filled(reading, value, topic.need * SHARE), solid


def _filled(reading: Reading, count: float, enough: float) -> float:
    """How far a count comes to what is enough (0-1), in a meeting of this length."""
    return min(1.0, count / enough / reading.relative_length)


def _simple(topic: Topic) -> Measure:
    def taken(reading: Reading) -> Measurement:
        value, proof = strengths(reading)[topic.id]
        return reading.measured(f"topic.{topic.id}", value, proof[:6], confidence=0.8)

    return taken


for _one in TOPICS:
    register(
        id=f"topic.{_one.id}",
        label=_one.label,
        unit="strength",
        meaning=f"{_one.meaning}，满口行话的打折，0未谈，1谈透",
        function=_simple(_one),
    )

_BY_ID: Final = {topic.id: topic for topic in TOPICS}


def _taken(reading: Reading, id: str, value: float, proof: Iterable[int] = ()) -> Measurement:
    return reading.measured(f"topic.{id}", value, proof, confidence=0.8)


@measure(
    id="topic.pvkyc",
    label="PVKYC五项",
    unit="share",
    meaning="计划、拜访、成交、缘故、转介绍五项各谈到几成实处，取平均，4项谈透即0.8（R20）",
)
def _pvkyc(reading: Reading) -> Measurement:
    dealt = [strengths(reading)[topic.id] for topic in TOPICS if topic.id.startswith("pvkyc.")]
    proof = [i for _, where in dealt for i in where[:1]]
    return _taken(reading, "pvkyc", sum(value for value, _ in dealt) / 5, proof)


@measure(
    id="topic.benchmark",
    label="标杆分享",
    unit="strength",
    meaning="有标杆人讲自己的做法：有人得一部分，步骤越全越高（R16、R20-R22）",
)
def _benchmark(reading: Reading) -> Measurement:
    told = sharing.solid(reading)
    who = sharing.benchmark(reading)
    # A few scattered tips are no sharing: steps count where they stand together.
    together = [i for i in told if sum(abs(i - j) <= 12 for j in told) >= 2]
    return _taken(
        reading,
        "benchmark",
        (0.2 * bool(who) * bool(together) + 0.8 * min(1.0, len(together) / 4)),
        [*who[:1], *together[:5]],
    )


@measure(
    id="topic.root_cause",
    label="根因",
    unit="strength",
    meaning="讨论中说出团队自身可改变的根因，8条为满（R17、R21）",
)
def _root_cause(reading: Reading) -> Measurement:
    found = causes.causes(reading)
    return _taken(reading, "root_cause", _filled(reading, sum(_heavy(reading, i) for i in found), 8), found)


@measure(
    id="topic.cause_dimensions",
    label="三维根因",
    unit="share",
    meaning="团队管理、客户经营、技能辅导三个方面中有根因的比例（R17）",
)
def _dimensions(reading: Reading) -> Measurement:
    found = causes.causes(reading)
    proof = [
        next((i for i in found if pattern.search(reading.utterances[i].text)), None)
        for pattern in causes.DIMENSIONS.values()
    ]
    hit = [i for i in proof if i is not None]
    return _taken(reading, "cause_dimensions", len(hit) / 3, hit)


@measure(
    id="topic.training_barrier",
    label="未送训障碍",
    unit="strength",
    meaning="未送训营业室的障碍：为什么没送、谁拦着、卡在哪，一半看有没有对策相配（R22）",
)
def _barrier(reading: Reading) -> Measurement:
    about = set(hits(reading, _BY_ID["recruits"]))
    near = {j for i in about for j in range(i - NEAR, i + NEAR + 1)}
    found = [i for i in causes.causes(reading) if i in near]
    met = [pair for pair in causes.loops(reading) if pair[0] in near]
    value = 0.5 * _filled(reading, len(found), 4) + 0.5 * _filled(reading, len(met), 3)
    return _taken(reading, "training_barrier", value, found)


@measure(
    id="topic.ct_cause",
    label="未达CT根因",
    unit="strength",
    meaning="未达CT营业室的问题根源，一半看根因条数，一半看有没有对策相配（R21）",
)
def _ct_cause(reading: Reading) -> Measurement:
    if not hits(reading, _BY_ID["ct"]):
        return _taken(reading, "ct_cause", 0.0)
    found = causes.causes(reading)
    value = 0.4 * _filled(reading, len(found), 4) + 0.6 * _filled(reading, len(causes.loops(reading)), 6)
    return _taken(reading, "ct_cause", value, found)


@measure(
    id="topic.common_problem",
    label="共性问题",
    unit="0/1",
    meaning="研讨点明了聚焦的共性问题，且有人说出原因（R17）",
)
def _common(reading: Reading) -> Measurement:
    pattern = re.compile(
        r"共性|都(?:是|有|这样)|一(?:个题|个问题|件事|样)|研讨|聚焦|问题(?:是|就|出)|为(?:什么|啥|何)|根[子源]|卡在|毛病|疙瘩|哪[里儿块]"
    )
    said = [
        i for i in reading.within(Chapter.PROBLEM_DISCUSSION) if pattern.search(reading.utterances[i].text)
    ]
    found = [i for i in causes.causes(reading) if reading.chapter_of[i] == Chapter.PROBLEM_DISCUSSION]
    return _taken(reading, "common_problem", float(bool(said) and len(found) >= 1), [*said[:2], *found[:1]])


@measure(id="topic.countermeasure", label="对策", unit="strength", meaning="针对问题定下对策，3条为满（R17）")
def _countermeasure(reading: Reading) -> Measurement:
    found = [i for i in causes.measures(reading) if reading.chapter_of[i] == Chapter.PROBLEM_DISCUSSION]
    return _taken(reading, "countermeasure", _filled(reading, len(found), 3), found)


@measure(
    id="topic.walkthrough",
    label="逐人逐室检视",
    unit="share",
    meaning="复盘中被追问并有实质回答的人数，5人为满；说话人未知时按追问链估计",
)
def _walkthrough(reading: Reading) -> Measurement:
    review = {*reading.within(*REVIEWS)}
    asked = [e for e in reading.exchanges if e.question in review and e.substance >= 0.5]
    if reading.speakers_known:
        first: dict[str, int] = {}
        for exchange in asked:
            if exchange.respondent is not None:
                first.setdefault(exchange.respondent, exchange.question)
        return _taken(reading, "walkthrough", min(1.0, len(first) / 5), first.values())
    return _taken(
        reading,
        "walkthrough",
        _filled(reading, len(asked), 12),
        [e.question for e in asked],
    )


@measure(
    id="topic.decomposition",
    label="目标倒推",
    unit="strength",
    meaning="收入、FYC、保费、客户数、拜访量连成一条倒推链（R18、R27）",
)
def _decomposition(reading: Reading) -> Measurement:
    families = (
        {"income_target"},
        {"fyc", "new_fyc", "team_fyc"},
        {"regular_premium"},
        {"visits", "plan"},
        {"closes", "customers", "referrals"},
    )
    found = []
    for index in reading.within(*PLANS):
        if not reading.names(index, *FIGURES):
            continue
        named = {name for i in reading.near(index, before=1, after=1) for name in reading.indicators(i)}
        if sum(bool(named & family) for family in families) >= 3:
            found.append(index)
    sums = plainly.worked_back(reading)
    inside = {i for one in sums for i in one.where}
    found = [i for i in found if i not in inside]
    count = len(found) + WORKED * len(sums)
    return _taken(reading, "decomposition", _filled(reading, count, 4), sorted({*found, *inside}))


_ELEMENTS: Final = {
    "地点": r"在[\u4e00-\u9fff]{2,8}(?:公园|酒店|职场|会议室|楼|馆|园|店|厅|中心|社区|村|镇|果园|茶|院|庄)|场地|地点|酒店|宾馆|公园|职场|楼[上下]?|茶楼|社区|果园|餐厅",
    "内容": r"沙龙|讲座|体检|亲子|观影|答谢|参观|产说会|说明会|踏青|采摘|茶话|年检|义诊|插花|包粽子|烧烤|读书|拍(?:照|全家福)|登山|手工|内容|主题",
    "对象": r"对象|老客户|客户|[一二三四五六七八九十\d]+[户家位个人桌]|邀请|请[一二三四五六七八九十\d]",
    "目标": r"目标|到场|签[一二三四五六七八九十\d单]|意向|转化|件|成交|二次",
    "准备": r"准备|负责|备齐|联系|横幅|邀请函|物料|名单|定(?:好|场|车)|摄影|礼品|伴手礼|通知|签到|预热|报名",
}


@measure(
    id="topic.calendar_elements",
    label="行事历要素",
    unit="share",
    meaning="行事历时间、地点、内容、对象、目标、准备六项说到几项（R30）",
)
def _elements(reading: Reading) -> Measurement:
    plan = set(reading.within(*PLANS))
    about = [i for i in hits(reading, _BY_ID["activity_calendar"]) if i in plan]
    near = sorted({j for i in about for j in reading.near(i, before=1, after=4)} & plan)
    dated = next((i for i in near if reading.names(i, "date")), None)
    proof = [dated] if dated is not None else []
    laid_out = set(plainly.gatherings(reading))
    for name, pattern in _ELEMENTS.items():
        plain = plainly.ELEMENTS[name]
        hit = next(
            (
                i
                for i in near
                if re.search(pattern, reading.utterances[i].text)
                or (i in laid_out and plain.search(reading.utterances[i].text))
            ),
            None,
        )
        if hit is not None:
            proof.append(hit)
    if len(about) < 2:
        return _taken(reading, "calendar_elements", 0.0)
    return _taken(reading, "calendar_elements", len(proof) / 6, proof)


@measure(
    id="topic.platform_kinds",
    label="三类平台",
    unit="share",
    meaning="下月升温、价值、高潜三类平台中有日期或人数安排的比例（R18、R30）",
)
def _kinds(reading: Reading) -> Measurement:
    proof = []
    for name in ("platform_warmup", "platform_high_value", "platform_high_potential"):
        for index in reading.within(*PLANS):
            if name in reading.indicators(index) and any(
                reading.names(i, "date", "number") for i in reading.near(index, before=0, after=2)
            ):
                proof.append(index)
                break
    return _taken(reading, "platform_kinds", len(proof) / 3, proof)


_FIRST_WEEK: Final = re.compile(
    r"领跑|第一周|头一?(?:周|个?礼拜|个?星期|七天)|首周|[一1]号(?:到|至)|开月|达U|月初|前[七7]天"
)


@measure(
    id="topic.first_week_plan",
    label="首周部署",
    unit="strength",
    meaning="次月第一周（领跑周）有人、有事、有日子的部署，8条为满（R19、R23）",
)
def _first_week(reading: Reading) -> Measurement:
    week = set(reading.within(Chapter.NEXT_WEEK_PLAN))
    firm = [
        a.evidence.utterance
        for a in commitments.promises(reading)
        if a.evidence.utterance in week and a.due is not None and not commitments.vague(reading, a)
    ]
    named = [i for i in sorted(week) if _FIRST_WEEK.search(reading.utterances[i].text)]
    return _taken(
        reading,
        "first_week_plan",
        min(1.0, 0.2 * bool(named) + 0.8 * _filled(reading, len(firm), 8)),
        [*named[:1], *firm],
    )


@measure(
    id="topic.week_plan",
    label="下周部署",
    unit="strength",
    meaning="下周安排中有人、有事、有日子的任务，5条为满",
)
def _week_plan(reading: Reading) -> Measurement:
    week = set(reading.within(Chapter.NEXT_WEEK_PLAN))
    planned = [a for a in commitments.promises(reading) if a.evidence.utterance in week]
    weights = [
        (0.0 if commitments.vague(reading, a) else commitments.completeness(reading, a), a.evidence.utterance)
        for a in planned
    ]
    return _taken(
        reading,
        "week_plan",
        _filled(reading, sum(w for w, _ in weights), 5),
        [i for w, i in weights if w > 0.6],
    )


def _heavy(reading: Reading, index: int) -> float:
    """A cause said at some length weighs more than a word or two."""
    return causes.weight(reading, index) * (1.0 if len(reading.utterances[index].text) >= 14 else 0.6)
