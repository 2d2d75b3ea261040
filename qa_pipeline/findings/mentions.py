# ruff: noqa: E501 - patterns are data and read better on one line
"""What utterances name: indicators, numbers, people, offices, deadlines and customers.

The text of a whole meeting is searched in one pass per kind, then cut back into utterances: a 60-minute meeting
takes some tens of milliseconds.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from qa_pipeline.findings.dates import DATE
from qa_pipeline.lexicon import lexicon
from qa_pipeline.transcript.numbers import spoken_numbers
from qa_pipeline.transcript.people import SURNAMES, find_names
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Mention
from qa_pipeline.values.transcript import SpokenNumber, Utterance

# Spellings beyond the lexicon, with the mishearings that reach imported transcripts unrepaired.
INDICATORS: Final[dict[str, str]] = {
    "regular_premium": r"[期其七齐]?[交缴]?保费|[期其][缴交]|[其旗期]叫(?!我|他|她|你|什|做|人|到|来|去|上)|标保|FYP|规模保费|件均保费",
    "fyc": r"FYC|F ?Y ?C|首佣|首年佣金|佣金",
    "u": r"(?:[达打冲保差过没未进]|达到)\s?[了到过]?U|U人力|U率|未U|[打达未没]油|油人力|优人力|U[作有]?优|绩优|U线|U标|几个U|个U\b|U(?=了|没|的|还|差)"
    r"|[够过到达]了?(?:[U那这]?[条根]?)?线(?![上下索路头])|[离差]那?[条根]?线(?![上下索路头])|够U|[打搭]优|大[优油](?![惠势秀点质先漆腻])",
    "ct": r"C[. ]?T|西提|希替|西踢|西替|达标室",
    "pvkyc": r"P\s?V\s?K\s?Y\s?C|五个数|PV",
    "training_referral": r"送训|送[信讯迅](?=的|人|训|了|几|目标|没|\d|[一二两三四五])|岗前班|岗前培训|新人班|参训|进班(?!级)",
    "recruits": r"准?增员|[曾赠][元员]|增[援元](?=名单|人|面谈|目标|活动)|招募|优增|引荐|面试|签约人",
    "new_fyc": r"新人(?:的)?(?:FYC|首佣|业绩|保费)|新人.{0,6}(?:FYC|挣|开单|出单|开张)",
    "team_fyc": r"团队(?:的)?(?:FYC|首佣)|整个?(?:团队|服务部|支公司|营业部).{0,4}FYC|全(?:司|部|支).{0,4}FYC",
    "visits": r"拜访|面访|走访|约访|[陪跑见了]?[访见]了?(?=[一二两三四五六七八九十\d]+(?:个|家|户|次|访))|[一二两三四五六七八九十\d]+访(?!谈)",
    "plan": r"计划(?=写|是|里|呢|了|做|拜|[一二两三四五六七八九十\d])|行程表|日志|排访|工作日志|活动计划",
    "closes": r"成交|签了?[单下]|签[了]?(?=[一二两三四五六七八九十\d]+[件单])|出单|开单|促成|成了?[一二两三四五六七八九十\d]+[单件个]|件数",
    "warm_leads": r"缘故|[原元]故|熟人|亲戚|老同学|战友|同学",
    "referrals": r"转介绍|转接绍|转介|介绍(?:了|来|的|给|人|客户|过)|引见",
    "joint_visits": r"[陪培][访房坊防放]|陪(?=着?[\u4e00-\u9fff]{1,4}(?:去|见|跑|访))|陪同",
    "goal_interview": r"面谈|一对一",
    "customer_inventory": r"盘点|判点|盘客户|客户盘|盘了|四象限|普客|[升生]温客户|高价值|低温|高温",
    "platform_warmup": r"[升生声]温",
    "platform_high_value": r"价值客户|高端客户|高客活动|康养|养老社区|高净值|答谢会",
    "platform_high_potential": r"高潜|产说会|说明会|沙龙",
    "platforms": r"三类平台|平台|活动(?!量|率)|场次|邀约|到场",
    "activity_calendar": r"行事历|形[势式事]历|行[使市式]历|形势例|活动日历|活动安排表",
    "income_target": r"收入目标|想[拿挣赚]|收入(?:是|要|想|定|写|报|目)|挣多少|拿多少钱|津贴",
    "activity_volume": r"活动量|活动率|出勤率?|举绩率?|出单人|动人力|活动人力",
    "headcount": r"人力|人均|产能|留存|脱落",
    "attainment": r"达成率?|完成率?|时间进度|进度|目标|任务|缺口|差距",
    "customers": r"客户|准客户|名单|老客户",
}
_DOMAIN: Final = frozenset(INDICATORS) - {
    "customers",
    "attainment",
    "plan",
    "platforms",
    "closes",
    "goal_interview",
}

_OFFICE: Final = re.compile(
    r"第?[一二三四五六七八九十\d]+(?:营业)?[室组部区](?!长|里|的人都|分)"
    r"|(?:[\u4e00-\u9fff]{2}(?:[一二三四五六七八九十])?)(?:营业室|营业部|服务部|支公司)"
    r"|(?<![办会教卧浴病科休息候梯])[\u4e00-\u9fff]{1,2}室(?=[,，、。:： 的未没达差]|[一二两三四五六七八九十\d]|$)",
    re.M,
)
_NOT_OFFICES: Final = re.compile(
    r"[办会教卧浴病科候密]室|公室|议室|温室|息室|各个?室|每个?室|哪个?室|个室|业室$|们室"
)
_CUSTOMER: Final = re.compile(
    rf"(?:姓[{SURNAMES}]的|[{SURNAMES}](?:先生|女士|太太|老板|大姐|阿姨|大哥|会计|老师|医生|院长|校长|厂长)|老[{SURNAMES}](?=[家他她的那，,。 ])"
    r"|(?:开|做|卖|搞)[\u4e00-\u9fff]{1,5}(?:店|厂|馆|生意|的)?(?:老板|客户|那个)|(?:客户|老客户|同学|表[姐哥弟妹]|邻居|亲家|战友)(?:姓|叫)[\u4e00-\u9fff]{1,3})"
)


_TIMES: Final = frozenset(["个月", *"月年周天号日点岁期课班", "小时", "分钟"])
"""Units of time and of order: a length or a moment is no figure."""
_MONEY: Final = frozenset(["元", "万元", "块", "块钱"])


_SMALL: Final = re.compile("[a-z]+")


@cache
def _families() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """(canonical id, spellings), the narrower families first: 新人FYC is both new_fyc and fyc, and is meant as
    the first; lexicon terms that are no family of their own come last. One pattern each: an alternation of
    alternations is an order of magnitude slower."""
    narrow = ("new_fyc", "team_fyc", "income_target", "platform_high_value", "customer_inventory")
    ordered = [*narrow, *(name for name in INDICATORS if name not in narrow)]
    terms = {*lexicon().terms["indicators_result"], *lexicon().terms["indicators_process"]}
    longest_first = sorted((term.upper() for term in terms), key=lambda term: (-len(term), term))
    return (
        *((name, re.compile(INDICATORS[name])) for name in ordered),
        ("other", re.compile("|".join(map(re.escape, longest_first)))),
    )


def _indicators(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, canonical id) of the indicators named, leftmost first; none overlaps another."""
    capitals = _SMALL.sub(lambda letters: letters[0].upper(), text)
    hits = sorted(
        (match.start(), rank, match.end(), name)
        for rank, (name, pattern) in enumerate(_families())
        for match in pattern.finditer(capitals)
    )
    last = 0
    for start, _, end, name in hits:
        if start >= last:
            last = end
            yield start, end, name


def is_domain(mention: Mention) -> bool:
    """Whether an indicator belongs to a life insurer's agency force, not to any sales team."""
    return mention.kind == "indicator" and mention.name in _DOMAIN


def find_mentions(utterances: Sequence[Utterance], facts: MeetingFacts) -> list[tuple[Mention, ...]]:
    """The mentions of each utterance, in order of place. Phantom utterances name nothing."""
    texts = ["" if u.phantom else u.text for u in utterances]
    starts = [0]
    for text in texts:
        starts.append(starts[-1] + len(text) + 1)
    whole = "\n".join(texts)
    found: list[list[Mention]] = [[] for _ in texts]

    def add(kind: str, start: int, end: int, name: str) -> None:
        index = bisect.bisect_right(starts, start) - 1
        base = starts[index]
        found[index].append(Mention(kind=kind, start=start - base, end=end - base, name=name))

    dated: set[int] = set()
    for match in DATE.finditer(whole):
        if "\n" not in match[0]:
            dated.update(range(match.start(), match.end()))
            add("date", match.start(), match.end(), match[0])
    for start, end, name in _indicators(whole):
        add("indicator", start, end, name)
    for row, start, numbers in zip(found, starts, _numbers(utterances), strict=False):
        row.extend(_figure(n) for n in numbers if n.unit not in _TIMES and start + n.start not in dated)
    for match in _OFFICE.finditer(whole):
        if not _NOT_OFFICES.search(match[0]) and match.start() not in dated:
            add("office", match.start(), match.end(), match[0])
    for match in _CUSTOMER.finditer(whole):
        add("customer", match.start(), match.end(), match[0])
    if names := find_names(whole, facts):
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        for match in re.finditer("|".join(map(re.escape, longest_first)), whole):
            add("person", match.start(), match.end(), match[0])
    return [tuple(sorted(row, key=lambda m: (m.start, m.end))) for row in found]


def _numbers(utterances: Sequence[Utterance]) -> list[tuple[SpokenNumber, ...]]:
    """What the clean-up of the transcript parsed; a transcript that carries no number at all was not cleaned."""
    if any(u.numbers for u in utterances):
        return [() if u.phantom else u.numbers for u in utterances]
    return [() if u.phantom else spoken_numbers(u.text) for u in utterances]


def _figure(number: SpokenNumber) -> Mention:
    if number.unit == "%":
        kind = "percent"
    elif number.unit in _MONEY or (not number.unit and number.value >= 1000):
        kind = "money"
    else:
        kind = "number"
    return Mention(kind=kind, start=number.start, end=number.end, name=number.unit, value=number.value)
