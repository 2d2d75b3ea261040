# ruff: noqa: E501 - patterns are data and read better on one line
"""What people promised: who, what, by when (R26, C5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Final

from qa_pipeline.findings.dates import resolve
from qa_pipeline.findings.reading import QUESTIONS, QUOTE, Reading, shortened, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.personal import unsplit
from qa_pipeline.values.findings import Action, Measurement, Mention
from qa_pipeline.values.vocabulary import Act, Chapter

_WEAK: Final = re.compile(
    r"尽量|争取|努力|尽力|加把劲|加油|多跑跑|再看看|看看|看情况|再说|差不多|应该(?:能|可以)|抓紧|跟紧|重视|认真|尽快|想办法|保持|回去想|抽时间|有空(?!的(?!时))|有时间|推一?推|催一?催|把握|进入状态|加大力度|摸清楚"
)
_UNWEAK: Final = re.compile(r"不(?:说|是|要|能|用|许)?[“\"]?(?:争取|尽量)")
_SELF: Final = re.compile(r"我|咱|俺|我们|本人|我室|我组")
_I: Final = re.compile(r"[我俺](?!们)")
_ORDER: Final = re.compile(
    r"^(?:你|您|小[\u4e00-\u9fff]|[\u4e00-\u9fff]{2,3}[,，、 ]?你)|(?:由|归|让|请|叫)(?=[\u4e00-\u9fff]{2})"
)
_EMPTY: Final = re.compile(
    r"^(?>嗯|好|行|可以|没问题|要得|中|成|是|对|晓得|知道|明白|收到|我|认|同意|保证|一定|那|就|吧|啊|哦|的|了|[,，。!！?？、 ])++$"
)
_DOING: Final = re.compile(
    r"[约见陪访送签做拿交发报打写找排练讲带请开定办盘补邀弄整跑谈拉录核回列去来贴教分导演盯守跟学完达到出投准改统汇挑过查收上]"
)

_PLEASE: Final = re.compile(
    r"^(?:嗯|好的?|行|那|中|成|要得|可以)[，,。 ]*|^(?:我|俺|咱)们?(?:这边|这个)?(?:会|就|要|来)?"
)

_REPORTS: Final = (Act.FOLLOWUP, Act.PRACTICE, Act.CAUSE)
"""What tells of work that was done: surer than the promise, it is none."""
_SUPPOSED: Final = re.compile(r"假如|假设|(?:如果|要是|就当)[我你您]是")
_CALENDAR: Final = re.compile(
    r"(?:[日号天节]|国庆|中秋|端午|清明|春节|元旦|五一|六一)(?:那天|当天)?(?:也|就|正好|刚好|都|还)?(?:是|放)(?:个|法定|国家)?(?:假|节|周末|礼拜|星期|周[一二三四五六日天]|[一二三四五六七八九十\d]+号)"
)
_NO_DEADLINE: Final = re.compile(r"当天|(?:[一二两三四五六七八九十]+|\d+)点(?!.*前)")
PLANNING: Final = (Chapter.NEXT_WEEK_PLAN, Chapter.NEXT_MONTH_PLAN)
_ENOUGH: Final = 12
"""Characters with which a sentence says itself what it is about."""
_DREW: Final = 40
"""Characters shown of what drew an answer: its end is what was asked."""
PRESSED: Final = 6
"""Utterances within which an evasion can still be pressed into a promise."""


@lru_cache(maxsize=4)
def promises(reading: Reading) -> tuple[Action, ...]:
    """Every promise of the meeting, in time order. What was not said is None; 我 becomes the speaker.

    A deadline may stand in the question that drew the promise, or in the next words of the same speaker.
    """
    said = (_action(reading, i) for i in reading.doing(Act.COMMIT, among=reading.at_work))
    return tuple(replace(a, vague=vague(reading, a), task=task(a)) for a in said)


def actions(reading: Reading) -> tuple[Action, ...]:
    """The promises as a person would write them down: no question, report or supposition, and no bare word of
    assent or number to which nobody said when; what is too short to say what it is about (六号。我室三组。) has
    the words before beside it. What a person set as a promise is one.

    How many of those listed are labelled so, and of the labelled are listed: docs/evaluation.md.
    """
    return tuple(
        action if action.what else _described(reading, action)
        for action in promises(reading)
        if reading.readings[index := action.evidence.utterance].by_person
        or (
            not _unpromised(reading, index)
            and (action.what or action.due or _SELF.search(reading.utterances[index].text))
        )
    )


def _unpromised(reading: Reading, index: int) -> bool:
    """Whether an utterance rather asks than promises (下周各人报一下), reports, supposes, or says what day a
    day is. A question mark after what somebody will do alone (我约她，你有空来吗？) does not make it one."""
    sure, text = dict(reading.readings[index].acts), reading.utterances[index].text.rstrip()
    asks, reports = (max(sure.get(act, 0.0) for act in acts) for acts in (QUESTIONS, _REPORTS))
    commits = sure.get(Act.COMMIT, 0.0)
    if text.endswith(("?", "？")) and (asks > 0 or not _I.search(text)):
        return True
    if reports > commits or _SUPPOSED.search(text):
        return True
    return not _SELF.search(text) and (asks > commits or _CALENDAR.search(text) is not None)


def _described(reading: Reading, action: Action) -> Action:
    """A promise of which no deed was made out, in its own words, and where these are few with those of somebody
    else that drew them."""
    index = action.evidence.utterance
    said = reading.utterances[index]
    own = said.text.strip()
    own = own[: unsplit(own, 0, QUOTE)[1]]
    if len(re.sub(r"\W", "", own)) >= _ENOUGH:
        told = replace(action, what=own)
        return replace(told, task=task(told))
    for other in reversed(reading.near(index, before=1, after=0)[:-1]):
        if said.speaker is None or reading.speaker(other) != said.speaker:
            drew = reading.utterances[other].text.strip()
            if len(drew) > _DREW:
                start, _ = unsplit(drew, len(drew) - _DREW, len(drew))
                drew = "…" * (start > 0) + drew[start:]
            return replace(action, what=f"{own}（{'答' if reading.asks[other] else '接'}“{drew}”）")
    return action


def vague(reading: Reading, action: Action) -> bool:
    """Whether a promise binds nobody: weak words, or neither a date nor a number nor a named person in it."""
    index = action.evidence.utterance
    weak = weakly_said(reading, index)
    firm = reading.names(index, "date", "number", "money", "percent", "customer")
    if weak:
        return action.due is None or not firm
    return action.what is None or not (firm or action.due or reading.names(index, "person", "office"))


def weakly_said(reading: Reading, index: int) -> bool:
    """Whether an utterance has words that bind nobody: 尽量, 争取, 再看看."""
    text = reading.utterances[index].text
    return bool(_WEAK.search(text)) and not _UNWEAK.search(text)


def task(action: Action) -> str:
    """A promise as a task that a manager can confirm: who, by when, what; what was not said is asked for."""
    what = _PLEASE.sub("", _WEAK.sub("", action.what or "")).strip("，,。！!吧啊呢的 ")
    return "，".join([action.who or "（谁）", action.due or "（几号之前）", what or "（做什么、做几个）"])


@lru_cache(maxsize=4)
def ducked(reading: Reading) -> tuple[int, ...]:
    """Where somebody who was to commit evaded while work was being planned, and was not brought to a firm
    promise in the next few utterances. Who only ever says 再看看 would otherwise leave no trace."""
    firm = [a.evidence.utterance for a in promises(reading) if not vague(reading, a)]

    def brought_round(index: int) -> bool:
        speaker = reading.speaker(index)
        return any(index < f <= index + PRESSED and reading.speaker(f) == speaker for f in firm)

    return tuple(
        i
        for i in reading.doing(Act.EVADE, among=reading.within(*PLANNING))
        if not reading.does(i, Act.COMMIT) and not reading.asks[i] and not brought_round(i)
    )


def completeness(reading: Reading, action: Action) -> float:
    """How much of who, what and by when was said, 0-1. Who promises is whoever speaks: where nobody knows who
    speaks, and no name was said, that is left aside."""
    parts = [action.what, action.due]
    if action.who is not None or reading.speakers_known:
        parts.append(action.who)
    return sum(part is not None for part in parts) / len(parts)


def _action(reading: Reading, index: int) -> Action:
    utterance = reading.utterances[index]
    due = _due(reading, index)
    return Action(
        who=_who(reading, index),
        what=_what(utterance.text, reading.readings[index].mentions),
        due=due.name if due else None,
        due_date=_day(reading, index, due) if due else None,
        evidence=reading.evidence(index),
        confidence=dict(reading.readings[index].acts)[Act.COMMIT],
    )


def _who(reading: Reading, index: int) -> str | None:
    utterance = reading.utterances[index]
    people = [m.name for m in reading.readings[index].mentions if m.kind in ("person", "office")]
    mine = _SELF.search(utterance.text)
    if reading.is_host(index) and not mine and people:
        return people[0]
    if mine or utterance.speaker is not None:
        return utterance.speaker if utterance.speaker is not None else "本人"
    return people[0] if people else None


def _what(text: str, mentions: Sequence[Mention]) -> str | None:
    if _EMPTY.match(text) or not _DOING.search(text):
        return None
    bare = _WEAK.sub("", text)
    substance = re.sub(
        r"[^\u4e00-\u9fffA-Za-z0-9]", "", re.sub(r"我们?|的|了|吧|呢|就|那|这个|嘛|啊", "", bare)
    )
    if len(substance) < 3 or (_WEAK.search(text) and len(substance) < 6 and not mentions):
        return None
    return shortened(text.strip())


def _due(reading: Reading, index: int) -> Mention | None:
    own = _deadline(reading, index)
    if own is not None:
        return own
    speaker = reading.speaker(index)
    for other in (index - 1, index + 1, index - 2):
        if not 0 <= other < len(reading.utterances) or reading.utterances[other].phantom:
            continue
        same = speaker is not None and reading.speaker(other) == speaker
        # 你哪天去? names no day; 二十六号之前行不行? does, and so does what the promiser adds.
        if other < index and (reading.asks[other] or same) and (found := _deadline(reading, other)):
            return found
        if (
            other > index
            and same
            and reading.does(other, Act.COMMIT)
            and (found := _deadline(reading, other))
        ):
            return found
    return None


def _day(reading: Reading, index: int, due: Mention) -> date | None:
    """The day of a deadline; of 七点之前 it is that of another date in the same breath (今天下午)."""
    meeting = reading.facts.meeting_date
    named = [due.name, *(m.name for m in reading.readings[index].mentions if m.kind == "date")]
    if "点" not in due.name:
        return resolve(due.name, meeting)
    return next((day for name in named if (day := resolve(name, meeting)) is not None), None)


def _deadline(reading: Reading, index: int) -> Mention | None:
    """The most binding date of an utterance: 之前 before a plain day before 每天 before a festival's name.
    八点半 without a day is when somebody has time, 当天 is the day of another deed, 上周三 is over: none
    binds."""
    dates = [m for m in reading.readings[index].mentions if m.kind == "date" and not m.name.startswith("上")]
    if not dates:
        return None

    def rank(mention: Mention) -> tuple[int, int]:
        name = mention.name
        if _NO_DEADLINE.match(name):
            return 4, mention.start
        if re.search(r"前|底|内", name):
            return 0, mention.start
        if re.search(r"[号日]|[周期拜][一二三四五六日天末]|今|明|后天|下午|上午|晚|点", name):
            return 1, mention.start
        return (2 if name.startswith(("每", "下", "本", "这")) else 3), mention.start

    first = min(dates, key=rank)
    return None if rank(first)[0] == 4 else first


def _none(name: str) -> Measurement:
    return unknown(name, "会上没有听到承诺")


@measure(id="commitments_count", label="承诺数", unit="count", meaning="会上作出的承诺、领受的任务条数")
def commitments_count(reading: Reading) -> Measurement:
    made = promises(reading)
    return reading.measured("commitments_count", len(made), [a.evidence.utterance for a in made])


@measure(
    id="commitments_firm",
    label="硬承诺数",
    unit="count",
    meaning="不含糊的承诺条数：有具体内容，且有数字、日期或指名的人，没有“尽量、争取”",
)
def commitments_firm(reading: Reading) -> Measurement:
    firm = [a.evidence.utterance for a in promises(reading) if not vague(reading, a)]
    return reading.measured("commitments_firm", len(firm), firm)


@measure(
    id="commitment_completeness",
    label="承诺完整率",
    unit="share",
    meaning="每条承诺说清了人、事、期限中的几样，取平均；含糊的承诺减半，安排时推脱过去的按零计；分不清说话人又没点名的不看人（C5）",
)
def commitment_completeness(reading: Reading) -> Measurement:
    made = promises(reading)
    if not made:
        return _none("commitment_completeness")
    asked = len(made) + len(ducked(reading))
    score = [completeness(reading, a) * (0.5 if vague(reading, a) else 1.0) for a in made]
    proof = [a.evidence.utterance for a, s in zip(made, score, strict=True) if s >= max(score)]
    return reading.measured("commitment_completeness", sum(score) / asked, proof, confidence=0.85)


@measure(
    id="commitments_with_due_share",
    label="承诺带期限率",
    unit="share",
    meaning="说了期限的承诺占比，安排时推脱过去的算没有期限",
)
def commitments_with_due_share(reading: Reading) -> Measurement:
    made = promises(reading)
    if not made:
        return _none("commitments_with_due_share")
    dated = [a.evidence.utterance for a in made if a.due is not None]
    asked = len(made) + len(ducked(reading))
    return reading.measured("commitments_with_due_share", len(dated) / asked, dated, confidence=0.85)


@measure(
    id="vague_share",
    label="含糊承诺占比",
    unit="share",
    meaning="“尽量、争取、再看看”一类承诺和安排时的推脱占全部承诺的比例",
    act=Act.EVADE,
)
def vague_share(reading: Reading) -> Measurement:
    made = promises(reading)
    if not made:
        return _none("vague_share")
    weak = [a.evidence.utterance for a in made if vague(reading, a)]
    evaded = ducked(reading)
    share = (len(weak) + len(evaded)) / (len(made) + len(evaded))
    shown = reading.surest([*weak, *evaded], Act.EVADE, Act.COMMIT)
    return reading.measured("vague_share", share, shown, confidence=0.85)


@measure(
    id="undated_commitments",
    label="没有期限的承诺",
    unit="count",
    meaning="说了要做、没说几号前的承诺条数（R26）",
    act=Act.COMMIT,
)
def undated_commitments(reading: Reading) -> Measurement:
    undated = [a.evidence.utterance for a in promises(reading) if a.due is None]
    shown = reading.surest(undated, Act.COMMIT)
    return reading.measured("undated_commitments", len(undated), shown)


@measure(
    id="complete_actions",
    label="完整行动项数",
    unit="count",
    meaning="人、事、期限三样齐全且不含糊的行动项条数，分不清说话人又没点名的不看人（R26）",
)
def complete_actions(reading: Reading) -> Measurement:
    full = [
        a.evidence.utterance
        for a in promises(reading)
        if completeness(reading, a) > 0.99 and not vague(reading, a)
    ]
    return reading.measured("complete_actions", len(full), full, confidence=0.85)


@measure(
    id="planned_actions",
    label="安排环节行动项",
    unit="count",
    meaning="下周安排、下月规划两章中的硬承诺条数",
)
def planned_actions(reading: Reading) -> Measurement:
    planned = {*reading.within(Chapter.NEXT_WEEK_PLAN, Chapter.NEXT_MONTH_PLAN, Chapter.CLOSING)}
    firm = [
        a.evidence.utterance
        for a in promises(reading)
        if a.evidence.utterance in planned and not vague(reading, a)
    ]
    return reading.measured("planned_actions", len(firm), firm)
