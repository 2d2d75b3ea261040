"""What shows that an utterance takes a promise up, and that it was kept or not.

People rarely repeat a promise in its own words, and seldom one by one. What gives it away are the words that
few other utterances hold, who speaks, who was just called, the day and the number that were named. Pairs of
characters are compared, for they need no word list and no punctuation; pairs of sounds carry them over
recognition errors.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.chapters.ngrams import standard
from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.spelling import sound
from qa_pipeline.transcript.numbers import spoken_numbers
from qa_pipeline.transcript.people import given_name
from qa_pipeline.values.findings import Action
from qa_pipeline.values.vocabulary import Act, Chapter

Column = NDArray[np.float64]
Pairs = frozenset[tuple[str, str]]

_PLANS: Final = (Chapter.NEXT_WEEK_PLAN, Chapter.NEXT_MONTH_PLAN)
_TOLD: Final = (Act.FOLLOWUP, Act.CHECK, Act.COMMIT, Act.EVADE)
_DONE: Final = re.compile("[了过没]")
_FUTURE: Final = re.compile("明天|后天|下周|下礼拜|下个礼拜|下星期|今天下午|今晚|准备|打算|争取|要去|会去")
_PAST: Final = re.compile(
    "那天|第二天|当天|上周|上礼拜|上个礼拜|上回|上次|昨天|前天|散会|礼拜[一二三四五六日天]"
)
_DENIED: Final = re.compile("没|未|莫得|不|忘|差|只|才")
_COUNT: Final = re.compile("[一二两三四五六七八九十]+(?=[^点号月日周楼年])")
_DAY: Final = re.compile("[一二三四五六七八九十廿]+号|(?:礼拜|周|星期)[一二三四五六日天]")
_NOBODY: Final = re.compile(r".*\d.*|本人|我|.")
"""An owner of a promise who bears no name: S3, 我."""
_SHORT: Final = 5
"""Characters up to which an utterance hardly tells anything."""
_NUMERALS: Final = "零一二三四五六七八九十"

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
_WANTING: Final = re.compile("[没未不差欠剩忘只才就还]|莫得")
"""Without one of these hardly anybody tells of a promise that was not kept."""
_COUNTED: Final = frozenset("个户家单件张次位条份趟访人场")
"""Measure words of what one promises so many of."""
AROUND: Final = (12, 40)
"""Characters before and after a shared pair that speak of the promise: an utterance may tell of several."""
WHOLE: Final = 70
"""Characters up to which all of an utterance is taken to speak of it."""
BESIDE: Final = 30
"""Characters of the utterance before (the question) and after (what is said to it) that are looked at."""


def promise_text(action: Action) -> str:
    """What was promised, as it was said."""
    return action.what or action.evidence.quote


# ---------------------------------------------------------------- where


def places(reading: Reading, actions: Sequence[Action]) -> list[tuple[NDArray[np.float64], Column]]:
    """For each promise the signals of every spoken utterance (spoken, signals) that it is taken up there, and
    those of the meeting (signals,) that it is nowhere."""
    texts = [standard(reading.utterances[index].text) for index in reading.spoken]
    promised = [standard(promise_text(action)) for action in actions]
    spelt = _Alike([_pairs(t, str) for t in texts], [_pairs(t, str) for t in promised])
    heard = _Alike([_pairs(t, sound) for t in texts], [_pairs(t, sound) for t in promised])
    said = _said(reading, texts)
    return [
        _place(said, action, promised[at], spelt.of(at), heard.of(at)) for at, action in enumerate(actions)
    ]


class _Alike:
    """How much of each promise's pairs each utterance shares; a pair weighs more the fewer hold it."""

    def __init__(self, said: Sequence[Pairs], promised: Sequence[Pairs]) -> None:
        self._promised, self._rows = promised, len(said)
        self._holding: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for row, pairs in enumerate(said):
            for pair in pairs:
                self._holding[pair].append(row)
        shared = Counter[tuple[str, str]](pair for pairs in promised for pair in pairs)
        whole = math.log(len(said) + 2)
        self._weight = {
            pair: max(0.0, 1 - math.log(len(self._holding.get(pair, ())) + 0.5) / whole) / times
            for pair, times in shared.items()
        }

    def of(self, at: int) -> tuple[Column, Column]:
        """(utterances,): the weight shared with the promise by its length, and its heaviest pair."""
        total, heaviest, squares = np.zeros(self._rows), np.zeros(self._rows), 0.0
        for pair in sorted(self._promised[at]):  # sums come out alike in every process
            weight = self._weight[pair]
            squares += weight**2
            rows = self._holding.get(pair, [])
            total[rows] += weight
            heaviest[rows] = np.maximum(heaviest[rows], weight)
        return total / (squares**0.25 or 1.0), heaviest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the meeting's utterances hold, whatever was promised: who speaks (``speakers``, by given name) and
    where that changes (``turned``), ``common`` signals, ``counts`` and ``days`` named, and in ``answers``
    pairs of rows: an answer, its question."""

    texts: Sequence[str]
    speakers: Sequence[str | None]
    turned: Column
    common: dict[str, Column]
    counts: Sequence[frozenset[str]]
    days: Sequence[frozenset[str]]
    answers: Sequence[tuple[int, int]]

    def asked(self, values: Column) -> Column:
        """The most of the questions that each utterance answers."""
        found = np.zeros(len(values))
        for answer, question in self.answers:
            found[answer] = max(found[answer], values[question])
        return found


def _said(reading: Reading, texts: Sequence[str]) -> _Said:
    rows = {index: row for row, index in enumerate(reading.spoken)}
    labels = [reading.speaker(index) for index in reading.spoken]
    turned = [float(a is not None and a != b) for a, b in zip(labels, [None, *labels], strict=False)]
    return _Said(
        texts=texts,
        speakers=[None if label is None else given_name(label) for label in labels],
        turned=np.array(turned),
        common=_common(reading, texts),
        counts=[frozenset(_COUNT.findall(text)) for text in texts],
        days=[frozenset(_DAY.findall(text)) for text in texts],
        answers=[
            (rows[answer], rows[exchange.question])
            for exchange in reading.exchanges
            if exchange.question in rows
            for answer in exchange.answers
        ],
    )


def _common(reading: Reading, texts: Sequence[str]) -> dict[str, Column]:
    """What an utterance is like, whatever was promised."""
    likely = [dict(reading.readings[index].acts) for index in reading.spoken]
    length = np.array([len(text) for text in texts], dtype=np.float64)
    return {
        "plans": np.array([float(reading.chapter_of[index] in _PLANS) for index in reading.spoken]),
        **{act.value: np.array([acts.get(act, 0.0) for acts in likely]) for act in _TOLD},
        "asks": np.array([float(reading.asks[index]) for index in reading.spoken]),
        "done": _has(_DONE, texts),
        "future": _has(_FUTURE, texts),
        "past": _has(_PAST, texts),
        "denied": _has(_DENIED, texts),
        "length": np.log1p(length) / 4,
        "short": (length <= _SHORT).astype(np.float64),
        "late": np.linspace(0.0, 1.0, len(texts)),
    }


def _place(
    said: _Said,
    action: Action,
    promised: str,
    spelt: tuple[Column, Column],
    heard: tuple[Column, Column],
) -> tuple[NDArray[np.float64], Column]:
    texts, turned, common, asked = said.texts, said.turned, said.common, said.asked
    words, rarest = spelt
    sounds, _ = heard
    most = float(words.max(initial=0.0))
    who = given_name(action.who) if action.who and not _NOBODY.fullmatch(action.who) else None
    own = np.array([float(who is not None and speaker == who) for speaker in said.speakers])
    known = float(own.any())
    named = np.array([float(who is not None and who in text) for text in texts]) * (1 - own)
    called = np.maximum(_before(named), 0.5 * _before(named, 2))
    number = _shares(_COUNT.findall(promised), said.counts)
    day = _shares(_DAY.findall(promised + _due(action)), said.days)
    before, done, past = _before(words), common["done"], common["past"]
    columns = (
        *(words, asked(words), before, _before(words, 2), _before(words, 3), _after(words)),
        *(sounds, asked(sounds), _before(sounds), rarest, asked(rarest), _before(rarest)),
        *(words / most if most else words, turned, turned * before, turned * _before(rarest)),
        *(own, (1 - own) * known, own * words, own * asked(words), own * before, own * turned, called, named),
        *(number, number * words, number * own, day),
        *common.values(),
        *(_before(common["followup"]), words * done, words * past, own * done, own * past),
        *(own * common["commit"], words * common["future"]),
    )
    owned = float((own * words).max(initial=0.0))
    nowhere = (1.0, math.log(len(texts) + 1) / 5, known, math.log1p(len(promised)) / 4, most, owned)
    return np.stack(columns, axis=1), np.array((*nowhere, float(named.any())))


def _pairs(text: str, spelling: Callable[[str], str]) -> Pairs:
    """Neighbouring characters, none across punctuation."""
    parts = re.split(r"[^\u4e00-\u9fffA-Z0-9]+", text.upper())
    letters = ([spelling(char) for char in part] for part in parts)
    return frozenset(pair for part in letters for pair in itertools.pairwise(part))


def _has(pattern: re.Pattern[str], texts: Sequence[str]) -> Column:
    return np.array([float(pattern.search(text) is not None) for text in texts])


def _shares(mine: Iterable[str], held: Sequence[frozenset[str]]) -> Column:
    sought = frozenset(mine)
    return np.array([float(not sought.isdisjoint(each)) for each in held])


def _due(action: Action) -> str:
    """The deadline's words, and its day as it is spoken: 十五号."""
    day = action.due_date.day if action.due_date else 0
    tens = ("", "十", "二十", "三十")[day // 10]
    spoken = f"，{tens}{_NUMERALS[day % 10] if day % 10 else ''}号" if day else ""
    return f"，{action.due or ''}{spoken}"


def _before(values: Column, by: int = 1) -> Column:
    """The value of the utterance so many before."""
    return np.concatenate((np.zeros(min(by, len(values))), values[:-by]))


def _after(values: Column) -> Column:
    return np.concatenate((values[1:], np.zeros(min(1, len(values)))))


# ---------------------------------------------------------------- what is told


def told_of(reading: Reading, action: Action, index: int) -> tuple[str, str, str]:
    """What the utterance says of the promise; the end of the one before, the beginning of the one after."""
    utterances = reading.utterances
    text = standard(utterances[index].text).upper()
    told = text if len(text) <= WHOLE else _about(standard(promise_text(action)).upper(), text)
    before = standard(utterances[index - 1].text)[-BESIDE:] if index else ""
    after = standard(utterances[index + 1].text)[:BESIDE] if index + 1 < len(utterances) else ""
    return told, before, after


def outcome_signals(reading: Reading, action: Action, index: int) -> Column:
    """(signals,) of the utterance that what was promised was done, was not, or cannot be told."""
    promised = standard(promise_text(action)).upper()
    told = _about(promised, standard(reading.utterances[index].text).upper())
    wanted, reached = _counts(promised), _counts(told)
    many = [unit for unit in reached if wanted.get(unit, 0) > 1]
    verbs = set(re.findall(f"[{_VERBS}]", promised))
    numbers = set(_COUNT.findall(promised))
    counted = re.findall(rf"({_COUNT.pattern})[{''.join(_COUNTED)}]", told)
    wanting = _WANTING.search(told) is not None
    signs = (
        any(reached[unit] < wanted[unit] for unit in many),
        any(reached[unit] >= wanted[unit] for unit in many),
        any((no or only) in promised for no, only in _NOT.findall(told)),
        bool(_HEDGED.search(told)),
        bool(_KEPT.search(told)),
        bool(_FAILED.search(told)),
        sum(f"{verb}了" in told or f"{verb}过" in told for verb in verbs),
        sum(bool(re.search(f"[没未]有?能?{verb}", told)) for verb in verbs),
        any(number in told for number in numbers),
        any(number not in numbers for number in counted),
        min(len(re.findall("[没未不]|莫得", told)), 4),
        not wanting,
        not wanting and bool(_DONE.search(told)),
        bool(re.search("[就才只]", told)),
        bool(re.search("没|莫得", told[:12])),
        "了" in told[:14],
    )
    return np.array([float(sign) for sign in signs])


def _about(promised: str, text: str) -> str:
    """The stretches of the text around what it shares with the promise, all of it where it shares nothing."""
    shared, (before, after) = {"".join(pair) for pair in _pairs(promised, str)}, AROUND
    hits = [at for at in range(len(text) - 1) if text[at : at + 2] in shared]
    near = {place for at in hits for place in range(at - before, at + after)}
    kept = "".join(letter if at in near else "|" for at, letter in enumerate(text))
    return re.sub(r"\|+", "|", kept) if near else text


def _counts(text: str) -> dict[str, float]:
    """The most that is counted with each measure word: 六户, 十五家."""
    most: dict[str, float] = {}
    for number in spoken_numbers(text):
        if number.unit in _COUNTED:
            most[number.unit] = max(number.value, most.get(number.unit, 0.0))
    return most
