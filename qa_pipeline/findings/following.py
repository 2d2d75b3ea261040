"""What became of the commitments of an earlier meeting (I4): where each is taken up, and what is told of it.

People rarely repeat a promise in its own words, and seldom one by one. What gives it away are the words that
few other utterances of the meeting hold: a customer, a place, a number, a thing. Pairs of characters are
compared, for they need no word list and no punctuation.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from qa_pipeline.chapters.ngrams import standard
from qa_pipeline.findings.reading import Reading
from qa_pipeline.transcript.numbers import spoken_numbers
from qa_pipeline.values.findings import Action, FollowUp
from qa_pipeline.values.vocabulary import Act, Chapter, Outcome

ENOUGH: Final = 1.48
"""From this likeness on an utterance takes the promise up. Chosen on six pairs of meetings; on six others by
another author it found three of four places, and four of five it found were right."""
BEFORE: Final = 0.75
"""How much the words of the utterance before count: the question that is answered, what is gone on with."""
CHECKED: Final = 1.2
DONE: Final = 1.5
ASKED: Final = 0.6
PLANNED: Final = 0.6
"""What a check, words of something done (or not), a question and a plan weigh: told is by who answers."""
AROUND: Final = (6, 30)
"""Characters before and after a shared pair that speak of the promise: an utterance may tell of several."""

_PLANS: Final = (Chapter.NEXT_WEEK_PLAN, Chapter.NEXT_MONTH_PLAN)
_DONE: Final = re.compile("[了过没]")
_VERBS: Final = "去签见陪打写交送碰走跑约出动排练发贴凑过达够谈问开讲报带收看拿递补装录"
_HEDGED: Final = re.compile(
    r"差不多|回去再?[翻看理查想]|下来再?细?[说讲]|搞不清|记不[得清]|不大?记得|说不[准清好]|再[说讲看]吧|不知|"
    r"大概|估计|可能|好像|一直在[接跟谈联聊推]|反正|细说|没特别记|有的.{0,8}有的|在走着|再理|怎么说"
)
_FAILED: Final = re.compile(
    r"[没未]有?能?[做办弄搞成完凑]|没有(?:出来|弄|做|成)|[还就只]是?[差欠剩]|不成|忘了|忘记|来不及|没来得及|"
    r"[两三四五六七八九几][个户家单件张位条份]没|挪到|改到|改期|推到|延到|泡汤|黄了|鸽子|空跑|落空|没顾上|对不住"
)
_NOT: Final = re.compile(rf"[没未]有?[能全再去]?([\u4e00-\u9fff])|[只才]([{_VERBS}])")
_KEPT: Final = re.compile(
    rf"(?:[{_VERBS}做办弄搞写完成改]|[好成完到有])[到好成完过]?了|过[的。，,]|完成|落实|都是?[{_VERBS}做]|"
    r"[弄办做搞谈讲约签]好|搞定|齐了|过线|那天.{0,12}[去到陪打见约]|[号天下晚][^，。]{0,6}[去见打签陪到]的"
)
_COUNTED: Final = frozenset("个户家单件张次位条份趟访人场")
"""Measure words of what one promises so many of."""


def follow_up(reading: Reading, actions: Sequence[Action]) -> tuple[FollowUp, ...]:
    """What the meeting tells of each promise, in their order. A no to what was promised, or fewer than were,
    is not kept; who hedges, or tells of both, leaves it unclear."""
    return tuple(
        FollowUp(action=action, outcome=Outcome.NOT_MENTIONED)
        if where is None
        else FollowUp(
            action=action,
            outcome=_outcome(action, reading.utterances[where].text),
            evidence=reading.proof([*_question(reading, where), where]),
        )
        for action, where in zip(actions, taken_up(reading, actions), strict=True)
    )


def taken_up(reading: Reading, actions: Sequence[Action]) -> tuple[int | None, ...]:
    """The utterance that tells most of each promise, None where nobody speaks of it."""
    said = {index: _pairs(reading.utterances[index].text) for index in reading.spoken}
    promised = [_pairs(_words(action)) for action in actions]
    common = Counter(pair for pairs in said.values() for pair in pairs)
    shared = Counter(pair for pairs in promised for pair in pairs)
    whole = math.log(len(said) + 2)
    weight = {pair: (1 - math.log(common[pair] + 0.5) / whole) / times for pair, times in shared.items()}
    bearing = {index: _bearing(reading, index) for index in said}
    found = []
    for pairs in promised:
        alike = {index: sum(weight[pair] for pair in pairs & there) for index, there in said.items()}
        length = math.sqrt(sum(weight[pair] ** 2 for pair in pairs))
        best, where, last = 0.0, None, 0.0
        for index, own in alike.items():
            score = (own + BEFORE * last) * bearing[index]
            last = own
            if score > best:
                best, where = score, index
        found.append(where if length and best / math.sqrt(length) >= ENOUGH else None)
    return tuple(found)


def _bearing(reading: Reading, index: int) -> float:
    weight = PLANNED if reading.chapter_of[index] in _PLANS else 1.0
    if reading.does(index, Act.FOLLOWUP, Act.CHECK):
        weight *= CHECKED
    if _DONE.search(standard(reading.utterances[index].text)):
        weight *= DONE
    return weight * (ASKED if reading.asks[index] else 1.0)


def _words(action: Action) -> str:
    return action.what or action.evidence.quote


def _pairs(text: str) -> frozenset[str]:
    """Neighbouring characters, none across punctuation."""
    parts = re.split(r"[^\u4e00-\u9fffA-Z0-9]+", standard(text).upper())
    return frozenset(part[i : i + 2] for part in parts for i in range(len(part) - 1))


def _question(reading: Reading, answer: int) -> tuple[int, ...]:
    return tuple(e.question for e in reading.exchanges if answer in e.answers)[-1:]


def _outcome(action: Action, text: str) -> Outcome:
    promise = standard(_words(action)).upper()
    told = _about(promise, standard(text).upper())
    if _HEDGED.search(told):
        return Outcome.UNCLEAR
    wanted, reached = _counts(promise), _counts(told)
    many = [unit for unit in reached if wanted.get(unit, 0) > 1]
    denied = any((no or only) in promise for no, only in _NOT.findall(told))
    if denied or any(reached[unit] < wanted[unit] for unit in many):
        return Outcome.NOT_KEPT
    kept, failed = bool(many or _KEPT.search(told)), bool(_FAILED.search(told))
    return Outcome.UNCLEAR if kept == failed else Outcome.KEPT if kept else Outcome.NOT_KEPT


def _about(promise: str, text: str) -> str:
    """The stretches of the text around what it shares with the promise, all of it where it shares nothing."""
    pairs, (before, after) = _pairs(promise), AROUND
    near = [(max(0, at - before), at + after) for at in range(len(text) - 1) if text[at : at + 2] in pairs]
    kept = "".join(
        letter if any(first <= at < last for first, last in near) else "|" for at, letter in enumerate(text)
    )
    return re.sub(r"\|+", "|", kept) if near else text


def _counts(text: str) -> dict[str, float]:
    """The most that is counted with each measure word: 六户, 十五家."""
    most: dict[str, float] = {}
    for number in spoken_numbers(text):
        if number.unit in _COUNTED:
            most[number.unit] = max(number.value, most.get(number.unit, 0.0))
    return most
