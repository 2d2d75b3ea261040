"""Whether good practice is made repeatable (R16, C4), and whether people are recognised by name (I5)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.registry import measure
from qa_pipeline.findings.structure import REVIEWS
from qa_pipeline.personal import mask_personal
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Act, Chapter
from qa_pipeline.values.written import clock

STEPS: Final = 3
"""Steps that make a practice repeatable."""
STEPS_SHOWN: Final = 5
STEP_SHOWN: Final = 60
SUMMED_SHOWN: Final = 120
"""Steps on a practice card, and characters of each and of their summary."""
_STORY: Final = 14
"""Characters with which something is told, at least."""
_RUN: Final = 6
"""Utterances between two steps of one story, at most."""
_MARKER: Final = re.compile(
    r"第[一二三四五六七]步|第[一二三四五六](?:个|件|条|招|点|样)?(?=[,，、是就]|[\u4e00-\u9fff])|头一[步件个条]|首先|其次|然后|再就是|接着|最后一步|一是|二是|三是|先.{2,14}再"
)
_TOLD_OFF: Final = re.compile(
    r"第[一二三四五六七](?:步|个|件|条|招|点|样|[,，、])|头一[步件个条]|最后一步|[一二三]是[,，、]|先.{2,14}再"
)
"""Markers that number steps; 然后 and 接着 tell any story."""
_DISTIL: Final = re.compile(
    r"归[纳总拢]|提炼|总结|收一下|我给(?:大家|他|她|你们)|[一二三四五六两]句话|(?<!第)[三四五六两]步|[三四五六]个字|记下来|拿笔|复述|重复一遍|谁都能|可复制|照着(?:做|来)|学得会|发(?:到)?群|演一遍|套路|就[是这][一二三四五六两三]"
)
_SUMS_UP: Final = re.compile(
    r"归[成纳总拢一]|收一[下收]|捋|总结|翻译一下|(?<!第)[两三四五六](?:步|条|样|招)|[一二三]是"
)
_DOING: Final = re.compile(
    r"我(?:就|先|把|去|打|问|说|讲|拿|带|给|是|会|让|请|一般|每)|[做问打拿发带请翻写约送](?:了|一|个|的|给|到|他|她)"
)

_CRAFT: Final = re.compile(
    r"名单|电话|微信|短信|视频|朋友圈|拜访|登门|上门|见面|回访|面[谈访]|家访|约[了好在她他到]|保单|检视|计划书|方案|建议书|表格|本子|本本"
    r"|记[录下在]|写[下在上成到]|话术|开口|转介绍|介绍[人给一了]|邀|请(?:他|她|客户|人家)|活动|说明会|产说|沙龙|陪[访着他她]|演练|对练|练[一两三习]"
    r"|分[类成层]|筛|盘点|摸排|资料|跟进|提前|隔[天一两三]|第[一二三四五六]步|先.{1,16}再|问[她他客了的三两]|只问|发(?:给|个|到)"
    r"|送[她他份]|带(?:着|上|了|他|她)|算[账给出清]|对照|缺口|保障|理赔|三讲|KYC|需求|清单|时间表"
    r"|[二两三四五六七八九十几\d]+(?:家|户|访|位|条|张|遍)|[一那这]张"
    r"|写[了出三两一]|画[了一个给]|填[了一个好]|翻[出到开了]|问(?:了|过)?一句|念给"
)
"""Tools and moves of the trade: a story without any teaches nobody what to do."""
_CRAFT_EVERY: Final = 60
"""Characters in which one of them comes at least."""

SENTIMENT: Final = re.compile(
    r"[哭泪]|感动|坚持|精神|用心|真心|真情|真诚|诚心|初心|感恩|热爱|爱心|一[颗个]心|相信(?!度)|不容易"
    r"|放弃|委屈|吃苦|辛酸|梦想|信念|缘分"
    r"|鼻子.?酸|拿心|掏心|空落落|守[住着得]|人品|努力|拼(?:搏|劲|命)|正能量|奇迹|最棒|天道酬勤|勤快"
)
"""Words of feeling and attitude, which nobody can copy."""

_DEEDS: Final = (Act.PRACTICE, Act.CHECK, Act.COMMIT, Act.MEASURE, Act.DATA)
"""What a person is praised for: something done, reached or taken on."""
_INTRODUCES: Final = re.compile(r"分享|讲讲|说说|请|标杆|经验|怎么做|咋|做到|第一")


@lru_cache(maxsize=4)
def steps(reading: Reading) -> tuple[int, ...]:
    """Utterances that tell a step somebody else could take: by their act, and, in the sharing, where anybody
    but the host tells what he did with a tool or move of the trade."""
    told = reading.doing(Act.PRACTICE, among=reading.at_work)
    sharing = (i for i in reading.within(Chapter.EXCELLENCE_SHARING) if _narrates(reading, i))
    return tuple(sorted({*told, *sharing}))


def _narrates(reading: Reading, index: int) -> bool:
    text = reading.utterances[index].text
    return (
        len(text) >= _STORY
        and not reading.asks[index]
        and not reading.is_host(index)
        and bool(_DOING.search(text))
        and _of_the_trade(text)
    )


def _of_the_trade(text: str) -> bool:
    """Whether it speaks of tools and moves: a long story that names one by chance teaches none."""
    return len(_CRAFT.findall(text)) * _CRAFT_EVERY >= len(text) and not SENTIMENT.search(text)


@lru_cache(maxsize=4)
def solid(reading: Reading) -> tuple[int, ...]:
    """Steps that name a tool or move of the trade, or are told off as steps: no mere feelings."""
    return tuple(
        i
        for i in steps(reading)
        if _TOLD_OFF.search(text := reading.utterances[i].text) or _of_the_trade(text)
    )


@lru_cache(maxsize=4)
def shared(reading: Reading) -> tuple[int, ...]:
    """The steps of what was shared: those of its chapter, or, where it has too few, of the best run of them
    while figures were gone through. What is told off while problems are discussed or work is given out is a
    demand (第一，认识不到位) and no practice."""
    told = solid(reading)
    inside = tuple(i for i in told if reading.chapter_of[i] == Chapter.EXCELLENCE_SHARING)
    if len(inside) >= STEPS:
        return inside
    runs: list[list[int]] = []
    for index in told:
        if reading.chapter_of[index] not in (*REVIEWS, Chapter.EXCELLENCE_SHARING):
            continue
        if not runs or index - runs[-1][-1] > _RUN:
            runs.append([])
        runs[-1].append(index)
    longest: list[int] = max(runs, key=len, default=[])
    return tuple(longest)


def stirring(reading: Reading) -> tuple[int, ...]:
    """Utterances of the sharing that speak of feelings and attitude."""
    return tuple(
        i for i in reading.within(Chapter.EXCELLENCE_SHARING) if SENTIMENT.search(reading.utterances[i].text)
    )


def card(reading: Reading) -> str:
    """The practice as a card to pass on: who, the steps in their own words, where they were told, and how
    somebody else summed them up; empty when no step was told that others could take. What others ask or say
    in between is no step."""
    said: dict[str, int] = {}
    speakers = [reading.speaker(i) for i in shared(reading)]
    sharer = max(sorted({s for s in speakers if s}), key=speakers.count, default=None)
    for i in shared(reading):  # a step that is repeated is one
        if reading.speaker(i) == sharer and not reading.asks[i]:
            said.setdefault(reading.utterances[i].text, i)
    told = tuple(said.values())
    if not told:
        return ""
    steps = [f"{number}. {_step(reading, i)}" for number, i in enumerate(told[:STEPS_SHOWN], 1)]
    if (summed := _summed_up(reading, sharer)) is not None:
        steps.append(
            f"归纳（{clock(reading.utterances[summed].start)}）：{_step(reading, summed, SUMMED_SHOWN)}"
        )
    where = " 至 ".join(clock(reading.utterances[i].start) for i in (told[0], told[-1]))
    who = _sharer(reading, before=told[0]) or sharer or "分享人"
    return f"实践卡：{who}的做法（{where}）：{'；'.join(steps)}".removesuffix("…") + "。"


def _sharer(reading: Reading, *, before: int) -> str | None:
    """Who was named last before the first step, rather where somebody was asked to share than where one was
    talked about, and rather in the sharing than before it."""
    named = [
        (
            bool(_INTRODUCES.search(reading.utterances[i].text)),
            reading.chapter_of[i] == Chapter.EXCELLENCE_SHARING,
            i,
            mention.name,
        )
        for i in benchmark(reading)
        for mention in reading.readings[i].mentions
        if mention.kind == "person" and i <= before
    ]
    return max(named)[-1] if named else None


def _step(reading: Reading, index: int, most: int = STEP_SHOWN) -> str:
    """What fits on a card, to the end of a clause where there is one."""
    text = mask_personal(reading.utterances[index].text).strip().rstrip("。！!？?；;，,")
    if len(text) <= most:
        return text
    shown = text[:most]
    clause = max(shown.rfind(mark) for mark in "，。；：、,;")
    return (shown[:clause] if clause >= most // 2 else shown) + "…"


def _summed_up(reading: Reading, sharer: str | None) -> int | None:
    """Where somebody else than the sharer tells what is to be done in one breath, most fully."""

    def parts(index: int) -> int:
        return len(re.findall(r"[，,；;、：:]", reading.utterances[index].text))

    others = (
        i
        for i in distilled(reading)
        if (sharer is None or reading.speaker(i) != sharer)
        and _SUMS_UP.search(text := reading.utterances[i].text)
        and not SENTIMENT.search(text)
    )
    return max((i for i in others if parts(i) >= STEPS), key=parts, default=None)


def distilled(reading: Reading) -> tuple[int, ...]:
    """Where somebody boils the practice down or has it repeated: near its steps, mostly by the host."""
    told = steps(reading)
    if not told:
        return ()
    near = {i for s in told for i in range(s - 2, s + 9)}
    sharing = set(reading.within(Chapter.EXCELLENCE_SHARING))
    return tuple(
        i
        for i in reading.at_work
        if (i in near or i in sharing)
        and _DISTIL.search(reading.utterances[i].text)
        and (reading.does(i, Act.SUMMARY, Act.PRACTICE, Act.RECOGNIZE) or reading.is_host(i) is not False)
        and len(reading.utterances[i].text) >= 10
    )


@measure(id="practice_steps", label="做法步骤数", unit="count", meaning="分享中说到的、别人能照做的步骤条数")
def practice_steps(reading: Reading) -> Measurement:
    found = steps(reading)
    return reading.measured("practice_steps", len(found), found)


@lru_cache(maxsize=4)
def benchmark(reading: Reading) -> tuple[int, ...]:
    """Where the person who shares is named or introduced with results."""
    sharing = reading.within(Chapter.EXCELLENCE_SHARING)
    told = steps(reading)
    lead = {i for s in told[:3] for i in range(max(0, s - 8), s + 1)} | set(sharing[:8])
    # A name that recognition has spoilt is no name any more: the chapter's first words must do.
    unheard = () if reading.speakers_known else sharing[:4]
    return tuple(
        i
        for i in sorted(lead.intersection(reading.at_work))
        if reading.does(i, Act.RECOGNIZE)
        or (
            (i in unheard or reading.names(i, "person", "office"))
            and _INTRODUCES.search(reading.utterances[i].text)
        )
    )


@measure(
    id="practice_complete",
    label="经验萃取完整度",
    unit="share",
    meaning="标杆人、做了什么、步骤、提炼成可复制四样各占四分之一；业务动作或成步骤的话不足三句按比例折减，只讲心情的为0（R16、C4）",
)
def practice_complete(reading: Reading) -> Measurement:
    told = steps(reading)
    firm = solid(reading)
    if not firm:
        return reading.measured("practice_complete", 0.0, ())
    who = benchmark(reading) or (told[:1] if reading.speakers_known and len(told) >= 2 else ())
    marked = [i for i in told if _MARKER.search(reading.utterances[i].text)]
    done = [i for i in told if _DOING.search(reading.utterances[i].text)]
    reached = min(1.0, max(len(told) / (STEPS + 1), len(marked) / STEPS)) if len(told) >= 2 else 0.0
    boiled = distilled(reading)
    value = (bool(who) + min(1.0, len(done) / 2) + reached + bool(boiled)) / 4
    # A word of two characters is heard right as often as both of them are.
    value *= min(1.0, len(firm) / (STEPS * (1 - reading.misheard) ** 2))
    return reading.measured("practice_complete", value, [*who[:1], *told[:4], *boiled[:1]])


@measure(
    id="named_recognition",
    label="具名认可",
    unit="count",
    meaning="点名表扬、感谢的次数：要点到人，或说出他做了多少；分不清说话人时名字多半听错，改看前后有没有说到做法、成绩（I5）",
)
def named_recognition(reading: Reading) -> Measurement:
    found = [
        i
        for i in reading.doing(Act.RECOGNIZE, among=reading.at_work)
        if (
            any(reading.names(j, "person", "office") for j in reading.near(i, before=1, after=1))
            or reading.names(i, "number", "money", "percent")
            if reading.speakers_known
            else any(reading.does(j, *_DEEDS) for j in reading.near(i, before=2, after=1))
        )
    ]
    return reading.measured("named_recognition", len(found), found)


@measure(
    id="stirring_words",
    label="讲情怀的话",
    unit="count",
    meaning="优秀分享里讲心情、讲精神的语句数，别人学不走（R16）",
)
def stirring_words(reading: Reading) -> Measurement:
    found = stirring(reading)
    return reading.measured("stirring_words", len(found), found)
