# ruff: noqa: E501 - patterns are data and read better on one line
"""What is done without its name: a wish worked back to work (R18, R27), a gathering laid out (R30).

Many a team never says 收入目标 or 行事历. What they do shows in how the figures stand: somebody's sum of money,
taken apart until customers are left; a day, a place, and how many are bidden. Only the one whom it concerns can
do so: what the host reads out about others is none of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from qa_pipeline.findings.coverage import FIGURES
from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.structure import PLANS

_COUNT: Final = r"[一二两三四五六七八九十百几\d]+[来多几]?"
_WISH: Final = re.compile(
    r"(?:[想要拿得打报写定认]|打算|准备|指望).{0,6}(?:拿|挣|赚|搞|落|领|弄|搵|收入|到手)|(?:拿|挣|赚|带|揣|落|搵)(?:回|到|返|进)?去?(?:家|屋|手|袋|兜)|往(?:家|屋|兜)|(?:拿|挣|赚|搵|要|想)(?:个|他)?(?:多少|好多|几多|几何|多钱|几[个钱块万千])|收入|工资|养家"
)
"""How one asks what somebody wants to earn."""
_OWN_PART: Final = re.compile(
    r"津贴|管理|管人|管的|带人|带队|增员奖|续期|自己(?:要|得|的|做|挣)?[一二两三四五六七八九]+[万千]"
)
"""What comes without selling, taken off the sum."""
STEPS: Final = {
    "share": re.compile(r"百分之|[一二两三四五六七八九]成|个点|点子|佣金?率|折"),
    "policies": re.compile(rf"{_COUNT}(?:件|单|张(?:单|保单)?|份|笔|票)"),
    "customers": re.compile(
        rf"{_COUNT}(?:家|户|个?客户|位|个(?:新|老|准)客)|(?:见|约|坐|访|谈|找|跑|聊)[^，。,]{{0,6}}{_COUNT}个"
    ),
    "visits": re.compile(
        rf"{_COUNT}(?:访|趟|回|次|面|场|个电话|通)|一(?:天|周|个?礼拜|个?星期){_COUNT}(?:个|家|户|面|位)"
    ),
    "odds": re.compile(
        rf"{_COUNT}(?:家|个|户|访|份|回|面|张|人)?(?:里头?|中间?|头)?(?:出|成|签|换|折|抵|开|得){_COUNT}"
    ),
}
"""What a sum of money is taken apart into."""
PARTS: Final = {"part": 2, "rest": 3}
"""How many amounts: what is wanted and what must be sold for it; what comes without selling taken off first."""
REACH: Final = 9
"""Utterances that the sum of one person takes, at most."""
BLIND: Final = 3
"""The same where nobody knows who speaks."""
LEAST_PART: Final = 500
"""Yuan from which an amount is a part of somebody's pay."""
DEEP: Final = 3
"""Steps of a sum that was worked back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What somebody wants to earn, worked back: the utterances of the exchange that hold figures, and its
    steps."""

    where: tuple[int, ...]
    steps: frozenset[str]


@lru_cache(maxsize=4)
def worked_back(reading: Reading) -> tuple[Sum, ...]:
    """The sums of the plans, each in the words of the one whose money it is and of whoever asks him."""
    plans = reading.within(*PLANS)
    found: list[Sum] = []
    place = 0
    while place < len(plans):
        taken = _sum(reading, plans, place)
        if taken is None:
            place += 1
        else:
            found.append(taken)
            place = plans.index(taken.where[-1]) + 1
    return tuple(found)


def wishes(reading: Reading) -> tuple[int, ...]:
    """Where somebody says what he wants to earn and works it back."""
    return tuple(i for one in worked_back(reading) for i in one.where[:2])


def _sum(reading: Reading, plans: tuple[int, ...], place: int) -> Sum | None:
    first = plans[place]
    if reading.is_host(first) is True or reading.asks[first] or not _is_money(reading, first):
        return None
    if first in gatherings(reading):
        return None
    where = _exchange(reading, plans, place)
    texts = [reading.utterances[i].text for i in where]
    drew = reading.utterances[first - 1].text if first - 1 in plans else ""
    if not any(_WISH.search(text) for text in (drew, *texts)) and not any(map(_OWN_PART.search, texts)):
        return None
    steps = {name for name, pattern in STEPS.items() if any(map(pattern.search, texts))}
    amounts = {
        m.value
        for i in where
        for m in reading.readings[i].mentions
        if m.kind == "money" and (m.value or 0) >= LEAST_PART
    }
    steps |= {name for name, least in PARTS.items() if len(amounts) >= least}
    if len(steps) < DEEP or steps.isdisjoint(("policies", "customers")):
        return None
    return Sum(
        where=tuple(i for i in where if i == first or reading.names(i, *FIGURES)), steps=frozenset(steps)
    )


def _exchange(reading: Reading, plans: tuple[int, ...], place: int) -> tuple[int, ...]:
    """From what somebody says first on, he and the one who asks him; what is asked last is the next one's."""
    owner, asker = reading.speaker(plans[place]), None
    where = [plans[place]]
    for other in plans[place + 1 : place + REACH]:
        speaker = reading.speaker(other)
        if other - where[-1] > 2 or (owner is None and len(where) > BLIND):
            break
        if owner is not None and speaker != owner:
            if asker not in (None, speaker) or not (reading.asks[other] or reading.is_host(other)):
                break
            asker = speaker
        where.append(other)
    while reading.speaker(where[-1]) != owner:
        where.pop()
    return tuple(where)


def _is_money(reading: Reading, index: int) -> bool:
    return any(m.kind == "money" and (m.value or 0) >= 1000 for m in reading.readings[index].mentions)


_DAY: Final = re.compile(
    r"号|[日初]|礼拜|星期|周[一二三四五六日天末]|逢[一二三四五六七八九]|元宵|端午|中秋|重阳|腊八|元旦|立[春夏秋冬]|冬至|清明"
)
_BIDDEN: Final = re.compile(
    r"(?:请|邀|喊|叫|约|带|凑|来|接|招呼|拉|到场?|坐)[^，。,;；]{0,14}?(?P<n>[一二两三四五六七八九十百\d]+)[来多几]?(?:家|户|个|位|人|名|桌|组|对)(?!月|电话|小时|钟)"
    r"|(?P<m>[一二两三四五六七八九十百\d]+)[来多几]?(?:家|户|个?人|位|桌|对|个(?:老客|新客|高|低|手头|家长|客户|名额))"
)
_OCCASION: Final = re.compile(
    r"[第头一两二三四][一二三四]?场|活动|席|宴|饭局|沙龙|讲座|联欢|聚会|(?:话|说|明|谢|谊|书|酒|交流|品鉴|座谈)会"
)
_CALLS: Final = re.compile(r"电话|上门|登门|拜访|陪访|挨家|挨户|面谈|名单")
"""What is done with many, one by one."""
_MANY: Final = 6
_CROWD: Final = 10
"""Guests from which it is a gathering and no visit; where nobody is said to be bidden, a few more."""
_PLACE: Final = re.compile(
    r"在[\u4e00-\u9fff]{2,}|公园|酒店|宾馆|职场|会议室|[楼馆园店厅院庄场村厂堂屋校摊棚河湖山坪坝滩林池寺庙边上]里?(?=[，,、。讲请办摆搞弄吃看]|$)|门口|茶[楼馆社]|社区|农家乐|礼堂|广场|食堂|饭店|大棚|院坝|祠堂|校"
)
_DONE: Final = re.compile(
    r"讲|看|吃|做|喝|摘|挖|钓|包|画|写|拍|量|查|听|玩|游|爬|走|摆|办|搞|教|学|唱|跳|烤|体检|沙龙|讲座|亲子|会|席|宴"
)
_AIM: Final = re.compile(
    rf"签{_COUNT}|(?:要|得|成|约|坐下来?|留|折|出|开|收)[^，。,]{{0,8}}{_COUNT}(?:家|户|个|件|单|位|张|人)|目标|主要看|指望|[意转]向"
)
_READY: Final = re.compile(
    r"备|领头|牵头|负责|管(?!理|人)|准备|订|定金|场地|名单|通知|买|借|谈好|说[定好]|联系|盯|招呼|我去|归[\u4e00-\u9fff]{1,3}"
)
ELEMENTS: Final = {"地点": _PLACE, "内容": _DONE, "对象": _BIDDEN, "目标": _AIM, "准备": _READY}


@lru_cache(maxsize=4)
def gatherings(reading: Reading) -> tuple[int, ...]:
    """Where a gathering is laid out: a day, guests by the dozen, and two of place, doings, aim and
    preparation. It takes more than one voice: what a host reads out into silence is no plan."""
    return tuple(
        i
        for i in reading.within(*PLANS)
        if _lays_out(reading, i) and not reading.read_out(i, before=3, after=5)
    )


def _lays_out(reading: Reading, index: int) -> bool:
    text = reading.utterances[index].text
    dated = any(_DAY.search(m.name) for m in reading.readings[index].mentions if m.kind == "date")
    if reading.asks[index] or not dated or not _bidden(reading, index):
        return False
    told = sum(bool(pattern.search(text)) for name, pattern in ELEMENTS.items() if name != "对象")
    if told < 2 or not (_PLACE.search(text) or _OCCASION.search(text)):
        return False
    return bool(_OCCASION.search(text)) or not _CALLS.search(text)


def _bidden(reading: Reading, index: int) -> bool:
    numbers = {m.start: m.value or 0.0 for m in reading.readings[index].mentions if m.kind == "number"}
    return any(
        numbers.get(match.start("n"), 0.0) >= _MANY or numbers.get(match.start("m"), 0.0) >= _CROWD
        for match in _BIDDEN.finditer(reading.utterances[index].text)
    )
