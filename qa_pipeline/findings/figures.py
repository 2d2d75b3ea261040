# ruff: noqa: E501 - patterns are data and read better on one line
"""Figures said aloud beside those of the indicator model: who, which indicator, how much (C3).

Only a figure that surely means the attained value of one owner is compared: a target, a gap, a plan, another
month, a week's part of it, 三百多万 and 我们室 are not. What is not compared stays unknown; it is no error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from qa_pipeline.findings.reading import Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.findings.structure import REVIEWS
from qa_pipeline.names import INDICATORS
from qa_pipeline.values.facts import Figure
from qa_pipeline.values.findings import Measurement, Mention, SpokenFigure
from qa_pipeline.values.vocabulary import Chapter

SPOKEN: Final[Mapping[str, str]] = {
    "premium_per_close": r"件均(?:保费|期[交缴])?",
    "new_agent_fyc": r"新人(?:的)?(?:FYC|首佣)",
    "own_fyc": r"(?:本人|自己|个人)(?:的)?(?:FYC|首佣)",
    "regular_premium": r"期[交缴](?:保费)?|(?<!规模)(?<!标准)(?<!趸交)(?<!续期)(?<!人均)(?<!户均)(?<!单笔)(?<!总)保费",
    "fyc": r"(?<!新人)(?<!新人的)(?<!人均)(?<!团队)FYC|(?<!团队)首佣|首年佣金",
    "mean_headcount": r"月均人力",
    "u_rate": r"U率|达U率|绩优率",
    "u_headcount": r"U人力|绩优人力|(?<!未)(?<!没)(?<!不)达了?U(?:的)?(?:人数|人力)?",
    "active_headcount": r"(?:出单|举绩|活动|动)人力",
    "new_agents": r"新增人力|入职(?:人数|人力|了)?",
    "headcount": r"(?:在职|在册|总)人力",
    "activity_rate": r"活动率|举绩率|出单率",
    "ct_rate": r"CT(?:达成|达标)?率",
    "ct_progress": r"CT进度",
    "ct_attained": r"(?<!未)(?<!没)(?<!不)达CT(?:的)?(?:室|营业室)?|CT达[成标](?:的)?(?:室|营业室)?",
    "training_rate": r"送训(?:室)?率",
    "training_referral": r"送训(?:人数|人力)?",
    "customers": r"成交客户(?:数)?",
    "visits": r"拜访(?:量|客户)?|面访量?",
    "closes": r"成交(?:量|件数)?|件数|签单",
    "warm_customers": r"缘故(?:客户)?",
    "referrals": r"转介绍(?:客户)?",
    "joint_visits": r"陪访",
    "invitations": r"邀约(?:客户)?",
    "arrivals": r"到场(?:客户)?",
    "platform_events": r"平台活动",
}
"""How each indicator is called when its figure is said; a narrower one stands before a wider one."""
_WORDS: Final = re.compile("|".join(f"(?P<{code}>{pattern})" for code, pattern in SPOKEN.items()))

_COUNTED: Final[Mapping[str, frozenset[str]]] = {
    "人": frozenset(["人", "名", "个", "位"]),
    "人次": frozenset(["人", "名", "个", "位"]),
    "户": frozenset(["户", "个", "位", "家"]),
    "次": frozenset(["次", "访", "趟", "回", "个"]),
    "件": frozenset(["件", "单", "个"]),
    "室": frozenset(["个"]),
    "场": frozenset(["场", "个"]),
}
"""Unit of an indicator -> the measure words that count it."""

_NOT_ATTAINED: Final = re.compile(
    r"目标|任务|差[了着]?|缺|计划|预[计估收]|争取|打算|想[要做冲拿]|要[做冲达到完一二两三四五六七八九十\d]|折|算|应该|得[做冲达到完]|冲|保底|力争|确保|如果|假如|要是|至少|最少|再[做来签拜送]|还[要得有没]|剩"
    r"|上个?月|上周|上个?星期|去年|同期|往年|环比|同比|比|增[长加]|涨|降|下滑|少[了做]|多[了做]|翻|提[高升]|其中|每|平均|人均|今[天儿]|昨[天儿]|当[天日]|(?:本|这|上|下)个?(?:周|星期|礼拜)|下个?月|[一二三四五六七八九十]月份?"
    r"|一单|单笔|最大|有一[个件]|头一|上[期次回届]|占|主管(?:本人|个人|自己)|分别|[上中下]旬|月[初头]|第[一二三四]周|头[一二三两]天|分[解到]|才[能算]|需要|够|不到|不足|超过?|突破|以上|以下|至多|最多|没有?|多少|几|？|\?|如|按|考核|标准|门槛|线"
)
"""Said around a figure, these make it something else than what was attained up to now."""
_UP_TO_NOW: Final = re.compile(r"截[至止]?到?(?:[昨今](?:天|晚|日)|目前|现在)(?:为止)?")
_NOBODY: Final = re.compile(
    r"(?:这个?月|本月|当月|目前|现在|到[昨今]天|累计|我们?|咱们?|那|好|嗯|先看?|再看|首先|然后|第[一二三]|看|一下|[一二三四五六七八九十]{1,2}月份?|的|了|整体|数据|是|呢)*"
)
"""What the host may say before an indicator that is the institution's: nothing that names anybody."""
_OFFICE: Final = re.compile(
    r"第?[一二三四五六七八九十\d]+(?:营业)?[室组部区](?!长)|[\u4e00-\u9fff]{2}(?:营业)室|[\u4e00-\u9fff]{2}室"
)
_OURS: Final = re.compile(r"(?:我|咱)们?(?:这个|这|们)?(?:室|组|部)(?![门])")
"""The speaker's office, which nobody names."""
_EVERYBODY: Final = re.compile(
    r"全(?:司|支公司|部门|公司|机构|服务部|系统)(?!第|最|唯|前)|整个?(?:公司|支公司|机构|营服|服务部|团队|部)|整体|总[共的计]|一共|合计|(?:我们?|咱们?)(?:公司|支公司|机构|营服|服务部|团队)"
)
_ABOUT: Final = re.compile(r"大概|差不多|左右|上下|大约|约|将近|接近|近")
_CLAUSE: Final = re.compile(r"[。！？!?；;]")
_BETWEEN: Final = re.compile(
    r"[，,：:、]?(?:总共|一共|合计|累计|目前|现在|已经|这个月|本月|有|是|为|做了?|做到|完成了?|实现了?|达到?了?|达成了?|收了?|报了?|签了?|到了?|成了?|的|了|才|就|只|大概|差不多|大约|约|将近|接近|在|占|人数|人力|刚好|正好|整整){0,4}"
)
"""What may stand between an indicator and its figure."""
_ENDS: Final = re.compile(r"(?:的|了|吧|啊|呢|嘛|左右|上下)*(?:[，,。！；;、…]|\s|$)")
"""What follows a figure that stands for itself: 三位主管 counts something else."""
_MET: Final = (Chapter.OPENING, *REVIEWS, Chapter.EXCELLENCE_SHARING, Chapter.PROBLEM_DISCUSSION)
"""Where people say what was attained; in the plans they say what is to be."""
_WHOLE: Final = frozenset(["元", "%", "人", "室"])
"""Units of the indicators that a host gives for the institution without saying so."""
_SLACK: Final = 0.05
"""Nobody rounds by more than this share of an amount, however round the figure is."""


@lru_cache(maxsize=4)
def compared(reading: Reading) -> tuple[SpokenFigure, ...]:
    """Every figure of the meeting that belongs to a given one, in time order; the same thing said again in
    the same words of number is one."""
    if not reading.facts.figures:
        return ()
    book = _Book(reading)
    found: dict[tuple[Figure, float], SpokenFigure] = {}
    for index in reading.within(*_MET):
        for given, value, agrees in book.said(index):
            found.setdefault(
                (given, value),
                SpokenFigure(given=given, value=value, agrees=agrees, evidence=reading.evidence(index)),
            )
    return tuple(found.values())


class _Book:
    """The given figures, by how their owners are called."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.figures = {(f.owner, f.indicator): f for f in reading.facts.figures}
        owners = {f.owner for f in reading.facts.figures}
        called: dict[str, set[str]] = {}
        for owner in owners:
            plain = re.sub(r"（.*?）$", "", owner)
            for name in {owner, plain, _office(plain), plain[1:] if len(plain) == 3 else plain}:
                called.setdefault(name, set()).add(owner)
        self.called = {name: next(iter(who)) for name, who in called.items() if len(who) == 1}
        self.institution = reading.facts.institution
        names = sorted((n for n in self.called if len(n) > 1), key=lambda n: (-len(n), n))
        self.names = re.compile("|".join(map(re.escape, names)) or r"(?!)")

    def said(self, index: int) -> Iterator[tuple[Figure, float, bool]]:
        """(given, value as said, whether they agree) of one utterance."""
        text = self.reading.utterances[index].text
        numbers = [m for m in self.reading.readings[index].mentions if m.value is not None]
        words = [(m.start(), m.end(), m.lastgroup or "") for m in _WORDS.finditer(text)]
        for place, number in enumerate(numbers):
            before = numbers[place - 1].end if place else 0
            named = _named(text, words, number, before) or self._asked(index, number, words)
            if named is None or not self._attained(text, named[0], number):
                continue
            owner = self._owner(index, text, named, number.start)
            given = self.figures.get((owner, named[1])) if owner else None
            if given is not None and number.value is not None and _fits(number, given.unit):
                yield given, number.value, agrees(text, number, given)

    def _attained(self, text: str, start: int, number: Mention) -> bool:
        """Whether nothing around the figure, within its clause, makes it a target, a gap or another time's."""
        clause = max((m.end() for m in re.finditer(r"[，,。！；;]", text[:start])), default=0)
        after = re.split(r"[，,。！；;]", text[number.end : number.end + 8])[0]
        said = _UP_TO_NOW.sub("", text[clause : number.start]) + after
        if self.reading.facts.meeting_date:
            said = re.sub(rf"(?:{_month(self.reading.facts.meeting_date.month)})月份?", "", said)
        return not _NOT_ATTAINED.search(said)

    def _asked(
        self, index: int, number: Mention, words: Sequence[tuple[int, int, str]]
    ) -> tuple[int, str] | None:
        """The indicator of the question just before, for an answer that is the figure and little else."""
        if words or number.start > 6 or not index or not self.reading.asks[index - 1]:
            return None
        asked = [m.lastgroup or "" for m in _WORDS.finditer(self.reading.utterances[index - 1].text)]
        return (0, asked[0]) if len(set(asked)) == 1 else None

    def _owner(self, index: int, text: str, named: tuple[int, str], until: int) -> str | None:
        """Whose figure it is; None where that is not sure."""
        sentence = _CLAUSE.split(text[:until])[-1]
        if (own := self._named_owner(sentence)) is not None:
            return own or None
        mine = re.search(r"我(?!们)", text[:until])
        speaker = self.called.get(self.reading.speaker(index) or "")
        if speaker and mine:
            return speaker
        before = self.reading.utterances[index - 1].text if index else ""
        # Who is asked may read out the figures of all: the question must be about the indicator, or the
        # answer about the one who gives it.
        if index and self.reading.asks[index - 1] and (mine or _WORDS.search(before)):
            return self._named_owner(before) or None
        hosting = self.reading.is_host(index) and self.reading.chapter_of[index] in REVIEWS
        start, code = named
        lead = _UP_TO_NOW.sub("", re.split(r"[，,。！；;：:、]", text[:start])[-1])
        alone = (
            INDICATORS[code][1] in _WHOLE
            and _NOBODY.fullmatch(lead)
            and not any(
                self.reading.names(i, "person", "office", "customer")
                or "你" in self.reading.utterances[i].text
                for i in self.reading.near(index, before=2, after=0)
            )
        )
        return self.called.get(self.institution or "") if hosting and alone else None

    def _named_owner(self, text: str) -> str | None:
        """The last owner named in a text; empty when that is somebody without figures, one of a list, or
        perhaps the office and perhaps its head (七室石磊); None: nobody is named."""
        found = [(m.start(), m.end(), self.called[m[0]]) for m in self.names.finditer(text)]
        offices = [(m.start(), m.end(), self.called.get(_office(m[0]), "")) for m in _OFFICE.finditer(text)]
        found += [(m.start(), m.end(), "") for m in _OURS.finditer(text)]
        whole = self.called.get(self.institution or "", "")
        found += [(m.start(), m.end(), whole) for m in _EVERYBODY.finditer(text)]
        if not found and not offices:
            return None
        start, _, owner = max([*found, *offices])
        listed = text[max(0, start - 1) : start] in ("、", "和", "跟")
        return "" if listed or any(end == start for _, end, _ in offices) else owner


def _office(name: str) -> str:
    """第二营业室 and 二室 are one."""
    return re.sub(r"^第(?=.+[室组部区]$)", "", name).replace("营业室", "室")


def _named(
    text: str, words: Sequence[tuple[int, int, str]], number: Mention, before: int
) -> tuple[int, str] | None:
    """(place, indicator) of the word that a figure belongs to: the last one before it, no other figure
    between them, or the one right after it (八千五的件均, 三个人达U)."""
    ahead = [w for w in words if before <= w[0] and w[1] <= number.start]
    if ahead:
        start, end, code = ahead[-1]
        stands = _ENDS.match(text, _after(text, number, INDICATORS[code][1]))
        return (start, code) if stands and _BETWEEN.fullmatch(text, end, number.start) else None
    for start, _, code in words:
        if start >= number.end and re.fullmatch(r"[个名位件户单场次]?(?:的|人)?", text[number.end : start]):
            return number.start, code
    return None


def _month(number: int) -> str:
    """9 as people write and say it."""
    digits = "零一二三四五六七八九十"
    said = digits[number] if number <= 10 else "十" + digits[number - 10]
    return rf"(?<![十\d]){number}|(?<!十){said}"


def _after(text: str, number: Mention, unit: str) -> int:
    """Where a figure ends with its measure word and the thing that its unit counts: 三|个人, 四|个室."""
    end = number.end + (0 if number.kind == "percent" else len(number.name))
    thing = {"人": "人", "人次": "人", "室": "室", "户": "客户"}.get(unit, "")
    return end + len(thing) if number.name == "个" and thing and text.startswith(thing, end) else end


def _fits(number: Mention, unit: str) -> bool:
    if unit == "%":
        return number.kind == "percent"
    if unit == "元":
        return number.kind == "money"
    return number.kind == "number" and number.name in _COUNTED.get(unit, ())


def agrees(text: str, number: Mention, given: Figure) -> bool:
    """Whether a figure as said is the given one but for its rounding: half of the last place that was said
    (三百二十万: fifty thousand; 百分之六十二: half a point; 两成: five), for an amount no more than 5 %; with
    大概 at least that much. Counts below a hundred are exact."""
    value, said = number.value or 0.0, text[number.start : number.end]
    about = (
        _SLACK * abs(given.value) if _ABOUT.search(text[max(0, number.start - 4) : number.end + 3]) else 0.0
    )
    if given.unit == "%":
        half = (
            0.05 if re.fullmatch("[一二两三四五六七八九]成", said) else _place(round(value * 100, 4)) * 0.005
        )
    elif given.unit == "元":
        half = min(_place(value) / 2, _SLACK * abs(given.value))
    else:
        half = 0.49 if value < 100 else min(_place(value) / 2, _SLACK * abs(given.value))
    return abs(value - given.value) <= max(half, about) + 1e-9 * max(1.0, abs(given.value))


def _place(value: float) -> float:
    """The last place of a number that is not zero: 3200000 → 100000, 62 → 1, 62.5 → 0.1."""
    digits = f"{abs(value):.4f}".rstrip("0")
    whole, _, rest = digits.partition(".")
    if rest:
        return float(10.0 ** -len(rest))
    return float(10.0 ** (len(whole) - len(whole.rstrip("0")))) if whole.strip("0") else 1.0


_NOT_GIVEN: Final = "没有给出指标数值，无从核对"


@measure(
    id="figures_compared",
    label="核对过的数字",
    unit="count",
    meaning="会上说到、又能与给出的指标数值对上人和指标的数字个数；目标、差距、别的月份不核对（C3）",
)
def figures_compared(reading: Reading) -> Measurement:
    if not reading.facts.figures:
        return unknown("figures_compared", _NOT_GIVEN)
    found = compared(reading)
    return reading.measured("figures_compared", len(found), [f.evidence.utterance for f in found])


@measure(
    id="figures_off",
    label="与系统不符的数字",
    unit="count",
    meaning="会上说的数字与给出的指标数值相差超过四舍五入的个数，供核对，不代表说错（C3）",
)
def figures_off(reading: Reading) -> Measurement:
    if not reading.facts.figures:
        return unknown("figures_off", _NOT_GIVEN)
    found = compared(reading)
    if not found:
        return unknown("figures_off", "会上没有说到能与给出的指标数值核对的数字")
    off = [f.evidence.utterance for f in found if not f.agrees]
    return reading.measured("figures_off", len(off), off, confidence=0.8)
