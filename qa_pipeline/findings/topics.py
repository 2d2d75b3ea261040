# ruff: noqa: E501 - patterns are data and read better on one line
"""What the meeting really dealt with: one strength (0-1) per topic, not one tick per keyword (C1, C2, R15-R23).

A word that is only said is worth little. It counts when figures, people, a question that was answered, a cause,
a measure or a promise stand around it, and more in the chapter where it belongs. So a host who reads every
agenda word aloud reaches about a fifth of what a host who asks about one of them does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from qa_pipeline.findings import causes, commitments, sharing
from qa_pipeline.findings.coverage import FIGURES
from qa_pipeline.findings.reading import Measure, Reading
from qa_pipeline.findings.registry import measure, register
from qa_pipeline.findings.structure import PLANS, REVIEWS
from qa_pipeline.values import Act, Chapter, Measurement

TALK: Final = (*REVIEWS, Chapter.PROBLEM_DISCUSSION)
ELSEWHERE: Final = 0.6
"""What a hit outside its own chapters is worth."""
DISCUSSED: Final = 0.5
"""From this strength on a topic counts as dealt with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """``need`` is how many well-grounded utterances make full strength; ``only`` leaves other chapters out."""

    id: str
    label: str
    meaning: str
    indicators: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    chapters: tuple[Chapter, ...] = TALK
    need: float = 3.0
    only: bool = False


def _topic(
    id: str,
    label: str,
    meaning: str,
    *indicators: str,
    pattern: str = "",
    chapters: tuple[Chapter, ...] = TALK,
    need: float = 3.0,
    only: bool = False,
) -> Topic:
    return Topic(
        id=id,
        label=label,
        meaning=meaning,
        indicators=frozenset(indicators),
        pattern=re.compile(pattern) if pattern else None,
        chapters=chapters,
        need=need,
        only=only,
    )


_MONTH: Final = (Chapter.MONTHLY_REVIEW,)
_NEXT_MONTH: Final = (Chapter.NEXT_MONTH_PLAN,)
_NEXT_WEEK: Final = (Chapter.NEXT_WEEK_PLAN,)

TOPICS: Final = (
    _topic("u_attainment", "达U情况", "主管达U、未U谁差多少（R20）", "u"),
    _topic("ct", "CT情况", "各营业室CT达成与差距（R21）", "ct"),
    _topic("training_referral", "送训情况", "各室送训人数、名单、到班（R22）", "training_referral"),
    _topic("recruits", "增员进展", "准增员名单、面谈、邀约到哪一步（R22）", "recruits", "training_referral"),
    _topic("new_fyc", "新人FYC", "新人的首佣、出单、开张情况（R22）", "new_fyc", need=2),
    _topic(
        "team_fyc",
        "团队FYC",
        "团队首佣总量与增长（R22）",
        "team_fyc",
        pattern=r"FYC.{0,16}(?:增|涨|同期|环比|上个?月|比)|(?:涨|增长|环比|同期).{0,16}FYC|各?室.{0,8}FYC",
        need=1.5,
    ),
    _topic(
        "pvkyc.plan",
        "PVKYC之计划",
        "未U主管的计划：计划几访、排没排（R20）",
        "plan",
        pattern=r"计划|排(?:访|了|满|出)|行程|约了几|应该见|打算见|日志|名单",
        need=1.5,
    ),
    _topic("pvkyc.visit", "PVKYC之拜访", "未U主管实际见了几个、见到哪一步（R20）", "visits", pattern=r"见了|跑了|见(?:到|上)|面访|去了几", need=2),
    _topic("pvkyc.close", "PVKYC之成交", "未U主管成交、签单几件，没成卡在哪（R20）", "closes", pattern=r"成了|没成|签(?:了|单|下|没签)|促成|拿下", need=2),
    _topic("pvkyc.warm", "PVKYC之缘故", "未U主管缘故客户有几个、谈没谈（R20）", "warm_leads", need=1),
    _topic("pvkyc.referral", "PVKYC之转介绍", "未U主管要没要转介绍、要到几个（R20）", "referrals", need=1),
    _topic(
        "goal_gap",
        "目标与差距",
        "目标多少、做了多少、差多少",
        "attainment",
        pattern=r"还差|差[一二两三四五六七八九十\d]|目标[一二两三四五六七八九十\d]",
        chapters=REVIEWS,
    ),
    _topic("premium_review", "期缴复盘", "期缴保费的达成、排行、差距（R15）", "regular_premium", pattern=r"[一二三四五六七八九十\d]万", chapters=REVIEWS),
    _topic("u_review", "U人力复盘", "U人力达成、排行、差距（R15）", "u", chapters=REVIEWS, need=2.5),
    _topic("ct_review", "CT复盘", "CT达成、排行、差距（R15）", "ct", chapters=REVIEWS, need=2),
    _topic(
        "ranking",
        "排行",
        "各室、各人的排行（R15）",
        pattern=r"排(?:名|行|第|在|位)|第[一二三四五六七八]名?(?:是|,|，|、|[一二三四五六七八]室)|最(?:高|低|好|差|多)的|垫底|倒数",
        chapters=REVIEWS,
        need=1.5,
    ),
    _topic(
        "company_target",
        "公司目标",
        "公司下达的下月目标及其分解到室（R18）",
        pattern=r"(?:公司|市里|中支|分公司|省里|上面|总部|机构|支公司|营服|全[司部]).{0,14}(?:任务|目标|下达|给咱|给我们|派)|(?:任务|目标).{0,8}[一二三四五六七八九十百\d]+万?|分(?:解|到|下去|给)",
        chapters=_NEXT_MONTH,
        need=2,
        only=True,
    ),
    _topic(
        "income_target",
        "收入目标",
        "主管本人想拿多少收入、算到FYC（R18）",
        "income_target",
        pattern=r"FYC.{0,20}(?:收入|津贴)|收入",
        chapters=_NEXT_MONTH,
        need=3,
    ),
    _topic(
        "activity_calendar",
        "客经行事历",
        "下月客户经营活动的时间、地点、对象、目标、准备（R18、R30）",
        "activity_calendar",
        "platform_warmup",
        "platform_high_value",
        "platform_high_potential",
        pattern=r"行事历|[第三两]场|活动(?:放|定|安排|排)在",
        chapters=_NEXT_MONTH,
        need=3,
    ),
    _topic(
        "joint_visit_plan",
        "陪访安排",
        "下周谁陪谁、见谁、哪天（R32）",
        "joint_visits",
        chapters=PLANS,
        need=2,
        only=True,
    ),
    _topic("customer_inventory", "客户盘点", "盘点客户、普客与升温客户分开跟进（R32）", "customer_inventory", chapters=(*TALK, *PLANS), need=2),
    _topic("goal_interview", "目标面谈", "重点主管一对一目标面谈（R32）", "goal_interview", chapters=(*TALK, *PLANS), need=1.5),
    _topic("joint_visits", "陪访", "陪访做了几次、有没有记录复盘（R32）", "joint_visits", chapters=(*TALK, *PLANS)),
    _topic("platforms", "平台搭建", "升温、价值、高潜三类平台的搭建与追踪（R30）", "platforms", "platform_warmup", "platform_high_value", "platform_high_potential", chapters=(*TALK, *PLANS)),
)  # fmt: skip


def depth(reading: Reading, index: int, chapters: tuple[Chapter, ...] = ()) -> float:
    """How well-grounded an utterance is, 0-1: figures, names, an answered question, a cause, a promise."""
    value = _ground(reading)[index]
    return value if not chapters or reading.chapter_of[index] in chapters else value * ELSEWHERE


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
        value = 0.1
        value += 0.2 * any(reading.names(i, *FIGURES) for i in around)
        value += 0.1 * any(reading.names(i, "person", "office", "customer") for i in around)
        own = reading.does(index, Act.CAUSE, Act.MEASURE, Act.PRACTICE, Act.COMMIT, Act.CHECK)
        value += 0.6 * max(exchanged[index], 0.5 * own)
        if reading.does(index, Act.EVADE):
            value *= 0.4
        ground.append(min(1.0, value))
    return tuple(ground)


def hits(reading: Reading, topic: Topic) -> list[int]:
    """Where the topic comes up, off-topic talk and the wrong chapters (if it allows no others) left out."""
    named = {i for name in topic.indicators for i in _named(reading).get(name, ())}
    pattern = topic.pattern
    return [
        i
        for i in (reading.at_work if pattern else sorted(named))
        if (i in named or (pattern and pattern.search(reading.utterances[i].text)))
        and (not topic.only or reading.chapter_of[i] in topic.chapters)
    ]


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


def _strength(reading: Reading, topic: Topic) -> tuple[float, list[int]]:
    rated = sorted(((depth(reading, i, topic.chapters), -i) for i in hits(reading, topic)), reverse=True)
    solid = [-i for value, i in rated if value >= 0.3] or [-i for value, i in rated[:1] if value > 0]
    return min(1.0, sum(value for value, _ in rated) / (topic.need * 1.2)), solid


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
        meaning=f"{_one.meaning}，0未谈，1谈透",
        function=_simple(_one),
    )

_BY_ID: Final = {topic.id: topic for topic in TOPICS}


def _taken(reading: Reading, id: str, value: float, proof: Iterable[int] = ()) -> Measurement:
    return reading.measured(f"topic.{id}", value, proof, confidence=0.8)


@measure(
    id="topic.pvkyc",
    label="PVKYC五项",
    unit="share",
    meaning="计划、拜访、成交、缘故、转介绍五项中谈到实处的比例，4项即0.8（R20）",
)
def _pvkyc(reading: Reading) -> Measurement:
    found, proof = 0, []
    for topic in TOPICS:
        if topic.id.startswith("pvkyc."):
            value, where = strengths(reading)[topic.id]
            if value >= DISCUSSED:
                found += 1
                proof.extend(where[:1])
    return _taken(reading, "pvkyc", found / 5, proof)


@measure(
    id="topic.benchmark",
    label="标杆分享",
    unit="strength",
    meaning="有标杆人讲自己的做法：有人得一部分，步骤越全越高（R16、R20-R22）",
)
def _benchmark(reading: Reading) -> Measurement:
    told = sharing.steps(reading)
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
    meaning="讨论中说出团队自身可改变的根因，3条为满（R17、R21）",
)
def _root_cause(reading: Reading) -> Measurement:
    found = causes.causes(reading)
    return _taken(reading, "root_cause", min(1.0, sum(_heavy(reading, i) for i in found) / 3), found)


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
    meaning="未送训营业室的障碍：为什么没送、谁拦着、卡在哪（R22）",
)
def _barrier(reading: Reading) -> Measurement:
    about = set(hits(reading, _BY_ID["recruits"]))
    near = {j for i in about for j in range(i - 6, i + 7)}
    found = [i for i in causes.causes(reading) if i in near]
    return _taken(reading, "training_barrier", min(1.0, len(found) / 2.5), found)


@measure(id="topic.ct_cause", label="未达CT根因", unit="strength", meaning="未达CT营业室的问题根源（R21）")
def _ct_cause(reading: Reading) -> Measurement:
    if not hits(reading, _BY_ID["ct"]):
        return _taken(reading, "ct_cause", 0.0)
    found = causes.causes(reading)
    return _taken(reading, "ct_cause", min(1.0, sum(_heavy(reading, i) for i in found) / 3), found)


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
    return _taken(reading, "countermeasure", min(1.0, len(found) / 3), found)


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
    return _taken(reading, "walkthrough", min(1.0, len(asked) / 12), [e.question for e in asked])


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
    return _taken(reading, "decomposition", min(1.0, len(found) / 4), found)


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
    for pattern in _ELEMENTS.values():
        hit = next((i for i in near if re.search(pattern, reading.utterances[i].text)), None)
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
    meaning="次月第一周（领跑周）有人、有事、有日子的部署，4条为满（R19、R23）",
)
def _first_week(reading: Reading) -> Measurement:
    week = set(reading.within(Chapter.NEXT_WEEK_PLAN))
    firm = [
        a.evidence.utterance
        for a in commitments.actions(reading)
        if a.evidence.utterance in week and a.due is not None and not commitments.vague(reading, a)
    ]
    named = [i for i in sorted(week) if _FIRST_WEEK.search(reading.utterances[i].text)]
    return _taken(
        reading,
        "first_week_plan",
        min(1.0, 0.2 * bool(named) + 0.8 * min(1.0, len(firm) / 4)),
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
    planned = [a for a in commitments.actions(reading) if a.evidence.utterance in week]
    weights = [
        (0.0 if commitments.vague(reading, a) else commitments.completeness(a), a.evidence.utterance)
        for a in planned
    ]
    return _taken(
        reading, "week_plan", min(1.0, sum(w for w, _ in weights) / 5), [i for w, i in weights if w > 0.6]
    )


def _heavy(reading: Reading, index: int) -> float:
    """A cause said at some length weighs more than a word or two."""
    return 1.0 if len(reading.utterances[index].text) >= 14 else 0.6
