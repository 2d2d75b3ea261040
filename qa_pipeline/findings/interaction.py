# ruff: noqa: E501 - patterns are data and read better on one line
"""Who talks, who asks, and how deep the questions go (I1, I2, K5).

Where a measure has a published definition, its function names it. Without speakers, measures of turns are
unknown; those of questions and answers take a question with what answers it for two turns, at half the
confidence (dossier, section 4).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from qa_pipeline.findings.reading import Chain, Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.findings.structure import REVIEWS
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Act, Chapter

ROUNDS: Final = 3
"""Rounds of question and answer that make a probing chain (I1)."""
HELD: Final = 0.45
"""How much its answers must hold on the average."""
BLIND_HELD: Final = 0.65
"""The same where nobody knows who speaks: some of the rounds will be with somebody else."""
RALLY: Final = 4
"""Turns that two people take in alternation (A, B, A, B) before it is a rally."""
NO_SPEAKERS: Final = "不知道谁在说话（没有说话人信息）"
_NO_SPEECH: Final = "没有听到说话"
_UNMET: Final = re.compile(
    r"(?:[没未][有]?(?:达|到|打|过|送)[A-Za-z\u4e00-\u9fff]{0,4}?的?(?:主管|室|人|伙伴|是|有|还有)?|零的|挂零)[^，,。]{0,6}?"
    r"([一二两三四五六七八九十\d]+)(?:个|位|名|室)|([一二两三四五六七八九十\d]+)(?:个|位|名)?(?:室|主管|人)?(?:都)?[没未](?:有)?(?:达|送|打)"
)
_SHORT: Final = re.compile(
    r"[没未](?:有)?(?:达|打|送|到|完成|做)|还差|差了?[一二两三四五六七八九十\d]|挂零|是零|[^\d]零[^\d点]"
)


def deep_chains(reading: Reading) -> tuple[Chain, ...]:
    """Chains of three or more rounds, at least two of whose questions dig and half of whose answers hold something."""
    least = HELD if reading.speakers_known else BLIND_HELD
    return tuple(
        chain
        for chain in reading.chains
        if chain.rounds >= ROUNDS
        and sum(e.probing for e in chain.exchanges) >= 2
        and sum(e.substance for e in chain.exchanges) / chain.rounds >= least
    )


def _start(chains: Sequence[Chain]) -> list[int]:
    return [chain.first for chain in chains]


@measure(
    id="host_talk_share", label="主持发言占比", unit="share", meaning="主持人说话时间占全部说话时间的比例"
)
def host_talk_share(reading: Reading) -> Measurement:
    """Talk ratio (Gong): the host's talk time by everybody's; silence is in neither."""
    if not reading.speakers_known:
        return unknown("host_talk_share", NO_SPEAKERS)
    if reading.host is None:
        return unknown("host_talk_share", "认不出谁是主持人")
    total = sum(reading.talk_by.values())
    mine = [i for i in reading.spoken if reading.is_host(i)]
    return reading.measured(
        "host_talk_share", reading.talk_by.get(reading.host, 0.0) / max(total, 1e-9), mine[:2]
    )


@measure(
    id="top_talk_share",
    label="最多一人发言占比",
    unit="share",
    meaning="说话最多的一人占全部说话时间的比例（K5）",
)
def top_talk_share(reading: Reading) -> Measurement:
    """Talk ratio of whoever talks most: the Berger-Parker dominance index (1970) of talk time."""
    if not reading.speakers_known or not reading.talk_by:
        return unknown("top_talk_share", NO_SPEAKERS)
    top = max(reading.talk_by, key=lambda s: (reading.talk_by[s], s))
    share = reading.talk_by[top] / max(sum(reading.talk_by.values()), 1e-9)
    mine = sorted((i for i in reading.spoken if reading.speaker(i) == top), key=reading.length)
    return reading.measured("top_talk_share", share, mine[-2:])


@measure(
    id="pair_talk_share",
    label="最多两人发言占比",
    unit="share",
    meaning="说话最多的两人占全部说话时间的比例；两人各占一半、别人几乎不说，是面谈不是会议",
)
def pair_talk_share(reading: Reading) -> Measurement:
    if not reading.speakers_known or not reading.talk_by:
        return unknown("pair_talk_share", NO_SPEAKERS)
    first = sorted(reading.talk_by.values(), reverse=True)[:2]
    share = sum(first) / max(sum(reading.talk_by.values()), 1e-9)
    return reading.measured("pair_talk_share", share, reading.spoken[-2:])


@measure(
    id="speakers_heard",
    label="发言人数",
    unit="count",
    meaning="说过实际内容（4字以上的话累计15字）的人数，只会应声的不算",
)
def speakers_heard(reading: Reading) -> Measurement:
    if not reading.speakers_known:
        return unknown("speakers_heard", NO_SPEAKERS)
    said: dict[str, int] = {}
    first: dict[str, int] = {}
    for index in reading.spoken:
        speaker, length = reading.speaker(index), len(reading.utterances[index].text.rstrip("。！？，,.!?"))
        if speaker is not None and length >= 4:
            said[speaker] = said.get(speaker, 0) + length
            first.setdefault(speaker, index)
    voices = [speaker for speaker, length in said.items() if length >= 15]
    return reading.measured("speakers_heard", len(voices), [first[speaker] for speaker in voices])


@measure(
    id="speakers_heard_share", label="发言面", unit="share", meaning="发言人数占实到人数的比例，最多为1（I2）"
)
def speakers_heard_share(reading: Reading) -> Measurement:
    if not reading.speakers_known:
        return unknown("speakers_heard_share", NO_SPEAKERS)
    if reading.facts.attendees is None or not reading.facts.attendees.count:
        return unknown("speakers_heard_share", "没有给出实到人数")
    heard = speakers_heard(reading)
    share = min(1.0, (heard.value or 0.0) / reading.facts.attendees.count)
    return reading.measured("speakers_heard_share", share, [e.utterance for e in heard.evidence])


@measure(
    id="turn_entropy",
    label="发言均衡度",
    unit="share",
    meaning="各人说话时间分布的熵，0为一人独讲，1为人人均等",
)
def turn_entropy(reading: Reading) -> Measurement:
    """Pielou's evenness J' = H / ln S (1966): Shannon entropy H of the shares in talk time by its maximum, for
    the S people who speak."""
    if not reading.speakers_known or not reading.talk_by:
        return unknown("turn_entropy", NO_SPEAKERS)
    total = sum(reading.talk_by.values()) or 1e-9
    shares = [t / total for t in reading.talk_by.values() if t > 0]
    entropy = -sum(p * math.log(p) for p in shares)
    value = entropy / math.log(len(shares)) if len(shares) > 1 else 0.0
    return reading.measured("turn_entropy", value, reading.spoken[:1])


@measure(
    id="longest_monologue", label="最长独白", unit="seconds", meaning="同一人不被别人打断连续说话的最长秒数"
)
def longest_monologue(reading: Reading) -> Measurement:
    """Longest monologue (Gong): the longest turn, where a turn lasts until somebody else takes the floor
    (Sacks, Schegloff, Jefferson 1974); its pauses are not counted."""
    if not reading.speakers_known:
        return unknown("longest_monologue", NO_SPEAKERS)
    best, best_at, length, start = 0.0, 0, 0.0, 0
    previous: str | None = None
    for index in reading.spoken:
        speaker = reading.speaker(index)
        if speaker is None or speaker != previous:
            length, start = 0.0, index
        length += reading.length(index)
        previous = speaker
        if length > best:
            best, best_at = length, start
    return reading.measured("longest_monologue", best, [best_at] if best else ())


@measure(id="overlap_share", label="抢话占比", unit="share", meaning="两人同时说话的时间占净时长的比例")
def overlap_share(reading: Reading) -> Measurement:
    """Overlap (Heldner, Edlund, "Pauses, gaps and overlaps in conversations", 2010): time in which a second
    voice speaks, by the net length. Lines of a recogniser that cannot hear two voices at once show none."""
    if not reading.speakers_known or not reading.net:
        return unknown("overlap_share", NO_SPEAKERS if reading.net else _NO_SPEECH)
    overlap, counted, until, proof = 0.0, 0.0, 0.0, []
    for index in reading.spoken:
        utterance = reading.utterances[index]
        if utterance.start < until:
            both = min(until, utterance.end)
            overlap += max(0.0, both - max(counted, utterance.start))  # a third voice makes it no longer
            counted = max(counted, both)
            proof.append(index)
        until = max(until, utterance.end)
    return reading.measured("overlap_share", min(1.0, overlap / reading.net), proof)


@measure(
    id="interactivity",
    label="换人频率",
    unit="per minute",
    meaning="每分钟换人说话的次数；一人独讲接近0",
)
def interactivity(reading: Reading) -> Measurement:
    """Interactivity (Gong): speaker switches a minute of net length."""
    if not reading.speakers_known or not reading.net:
        return unknown("interactivity", NO_SPEAKERS if reading.net else _NO_SPEECH)
    turns = _turns(reading)
    return reading.measured("interactivity", max(0, len(turns) - 1) / (reading.net / 60), turns[1:])


@measure(
    id="rallies",
    label="连续对答",
    unit="count",
    meaning="两个人一来一往至少两个回合（甲乙甲乙）的次数；说话人未知时按连着的问答近似",
)
def rallies(reading: Reading) -> Measurement:
    """Runs of AB-BA participation shifts (Gibson, "Participation Shifts", 2003) of RALLY turns or more: the
    floor goes back and forth between the same two."""
    if not reading.speakers_known:
        return reading.measured("rallies", len(reading.chains), _start(reading.chains), confidence=0.5)
    turns = _turns(reading)
    found, start = [], 0
    for place in range(len(turns) + 1):
        back = (
            place < len(turns)
            and place - start >= 2
            and reading.speaker(turns[place]) == reading.speaker(turns[place - 2])
        )
        if place - start < 2 or back:
            continue
        if place - start >= RALLY:
            found.append(turns[start])
        start = place - 1
    return reading.measured("rallies", len(found), found, confidence=0.9)


@measure(
    id="patience",
    label="耐心",
    unit="seconds",
    meaning="别人说完到主持人接话的平均秒数，抢话按0算；只有文字时起止时间粗，置信低",
)
def patience(reading: Reading) -> Measurement:
    """Patience (Gong): how long the host waits after another has stopped; a gap below zero is an overlap
    (Heldner, Edlund 2010) and counts as no wait."""
    if not reading.speakers_known:
        return unknown("patience", NO_SPEAKERS)
    if reading.host is None:
        return unknown("patience", "认不出谁是主持人")
    pairs = list(pairwise(reading.spoken))
    taken = [
        (before, after)
        for before, after in pairs
        if reading.is_host(after) and reading.is_host(before) is False
    ]
    if not taken:
        return unknown("patience", "主持人没有接过别人的话")
    waits = [max(0.0, reading.utterances[b].start - reading.utterances[a].end) for a, b in taken]
    heard = 0.9 if reading.transcript.speech is not None else 0.5
    return reading.measured("patience", sum(waits) / len(waits), [b for _, b in taken], confidence=heard)


def _turns(reading: Reading) -> list[int]:
    """The first utterance of every turn: of what one person says until another takes the floor."""
    said = [i for i in reading.spoken if reading.speaker(i) is not None]
    return said[:1] + [b for a, b in pairwise(said) if reading.speaker(a) != reading.speaker(b)]


@measure(
    id="questions_per_10min", label="提问密度", unit="per 10 minutes", meaning="每10分钟提问次数，跑题不计"
)
def questions_per_10min(reading: Reading) -> Measurement:
    """Question rate (Gong counts questions an hour): questions of anybody by the net length."""
    if not reading.net:
        return unknown("questions_per_10min", _NO_SPEECH)
    asked = [i for i in reading.at_work if reading.asks[i]]
    return reading.measured("questions_per_10min", len(asked) / (reading.net / 600), asked)


@measure(
    id="probes_per_10min",
    label="追问密度",
    unit="per 10 minutes",
    meaning="每10分钟有实质回答的追问次数，跑题不计",
)
def probes_per_10min(reading: Reading) -> Measurement:
    if not reading.net:
        return unknown("probes_per_10min", _NO_SPEECH)
    dug = [e for e in reading.exchanges if e.probing]
    weight = sum(min(1.0, e.substance / 0.6) for e in dug)
    return reading.measured(
        "probes_per_10min", weight / (reading.net / 600), [e.question for e in dug if e.substance > 0]
    )


@measure(
    id="probe_chains",
    label="追问链数",
    unit="count",
    meaning="对同一人连续追问3轮以上、回答有实质内容的链数（I1）；说话人未知时按问答交替近似",
)
def probe_chains(reading: Reading) -> Measurement:
    chains = deep_chains(reading)
    return reading.measured("probe_chains", len(chains), _start(chains), confidence=_sure(reading))


@measure(id="probe_longest", label="最长追问链", unit="count", meaning="一条追问链最多的问答轮数")
def probe_longest(reading: Reading) -> Measurement:
    longest = max(reading.chains, key=lambda c: c.rounds, default=None)
    if longest is None:
        return reading.measured("probe_longest", 0, confidence=_sure(reading))
    proof = [e.question for e in longest.exchanges]
    return reading.measured("probe_longest", longest.rounds, proof, confidence=_sure(reading))


def unmet(reading: Reading) -> tuple[int | None, tuple[int, ...]]:
    """How many people or offices were said to be below standard, and where; None when that was not said."""
    from qa_pipeline.findings.dates import small_number

    said: list[tuple[int, int]] = []
    named: set[str] = set()
    where: list[int] = []
    for index in reading.within(Chapter.STAGE_REVIEW, Chapter.MONTHLY_REVIEW, Chapter.OPENING):
        text = reading.utterances[index].text
        for match in _UNMET.finditer(text):
            number = small_number(match[1] or match[2])
            if number is not None and 0 < number <= 15:
                said.append((number, index))
        if _SHORT.search(text):
            people = {m.name for m in reading.readings[index].mentions if m.kind in ("person", "office")}
            if people:
                named |= people
                where.append(index)
    if said:
        number, index = max(said)
        return number, (index,)
    return (len(named), tuple(where)) if named else (None, ())


@measure(
    id="probe_chains_per_unmet",
    label="追问覆盖",
    unit="share",
    meaning="追问链数除以会上点到的未达标人（室）数，最多为1；会上没说有几个未达标则未知（I1）",
)
def probe_chains_per_unmet(reading: Reading) -> Measurement:
    number, _ = unmet(reading)
    if number is None:
        return unknown("probe_chains_per_unmet", "会上没有说有哪些人或营业室未达标")
    chains = deep_chains(reading)
    share = min(1.0, len(chains) / number)
    return reading.measured("probe_chains_per_unmet", share, _start(chains), confidence=0.7 * _sure(reading))


@measure(
    id="alternation",
    label="问答交替度",
    unit="share",
    meaning="处于“追问—有实质回答”之中的语句占全部语句（跑题除外）的比例；说话人未知时近似I1、I2，置信低",
)
def alternation(reading: Reading) -> Measurement:
    work = reading.at_work
    if not work:
        return unknown("alternation", _NO_SPEECH)
    involved: set[int] = set()
    for exchange in reading.exchanges:
        if exchange.answers and exchange.substance >= 0.4:
            involved |= {exchange.question, *exchange.answers}
    sure = 0.8 if reading.speakers_known else 0.5
    return reading.measured("alternation", len(involved) / len(work), sorted(involved), confidence=sure)


@measure(
    id="answers_substance",
    label="回答实质度",
    unit="share",
    meaning="追问得到的回答有多实在（数字、人名、原因、承诺），0为全是应付，1为句句落地",
)
def answers_substance(reading: Reading) -> Measurement:
    dug = [e for e in reading.exchanges if e.probing and e.answers]
    if not dug:
        return unknown("answers_substance", "没有追问，谈不上回答")
    value = sum(e.substance for e in dug) / len(dug)
    return reading.measured("answers_substance", value, [e.answers[0] for e in dug if e.substance > 0])


@measure(
    id="evasive_share",
    label="敷衍占比",
    unit="share",
    meaning="敷衍、空泛的语句占全部语句（跑题除外）的比例",
    act=Act.EVADE,
)
def evasive_share(reading: Reading) -> Measurement:
    if not reading.at_work:
        return unknown("evasive_share", _NO_SPEECH)
    evasive = reading.doing(Act.EVADE, among=reading.at_work)
    shown = reading.surest(evasive, Act.EVADE)
    return reading.measured("evasive_share", len(evasive) / len(reading.at_work), shown)


@measure(
    id="accepted_evasions",
    label="放过的敷衍",
    unit="count",
    meaning="答得敷衍，问的人没有再追的次数（接下来三句里没有人再问）",
    act=Act.EVADE,
)
def accepted_evasions(reading: Reading) -> Measurement:
    let_pass = [
        i
        for i in reading.doing(Act.EVADE, among=reading.at_work)
        if not reading.asks[i]
        and not reading.does(i, Act.CHECK, Act.CAUSE, Act.DATA, Act.MEASURE)
        and not any(reading.asks[j] for j in reading.near(i, before=0, after=3) if j != i)
    ]
    shown = reading.surest(let_pass, Act.EVADE)
    return reading.measured("accepted_evasions", len(let_pass), shown)


@measure(
    id="unasked_figures",
    label="报了没问的数",
    unit="count",
    meaning="复盘里报出的数字，前后三句都没有人问（R25）",
)
def unasked_figures(reading: Reading) -> Measurement:
    read_out = [
        i
        for i in reading.doing(Act.DATA, among=reading.within(*REVIEWS))
        if not any(reading.asks[j] for j in reading.near(i, before=3, after=3))
    ]
    return reading.measured("unasked_figures", len(read_out), read_out)


def _sure(reading: Reading) -> float:
    return 0.9 if reading.speakers_known else 0.5
