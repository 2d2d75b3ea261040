"""Whether the recording is what it seems: padded, looped, joined, used before, or of another meeting (K4).

What repeats is found by ``qa_pipeline.copies``; here it is weighed against the time people speak. A minute of
the company's song or a head-office notice is in many meetings and proves nothing: the rubric says from which
share on it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qa_pipeline.copies import covered, loops
from qa_pipeline.findings.reading import Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.transcript import Passage, Sound
from qa_pipeline.values.vocabulary import Likeness, Seconds
from qa_pipeline.values.written import clock

ELSEWHERE: Final = ("reused_share", "copied_words_share", "copied_either_way")
"""Measures that need other meetings to compare with."""
MOST_TOLD: Final = 3
_NO_SOUND: Final = "只有文字，没有录音的声音可查"
_NO_SPEECH: Final = "没有听到说话"
_NO_ROOM: Final = "没有听到足够长的背景声（录音太短，或停顿被软件静音）"
_ALONE: Final = "没有与别的会议比对"


@measure(
    id="digital_silence_share",
    label="数字静音占比",
    unit="share",
    meaning="30秒以上的数字静音（低于-82dBFS，话筒录不出来，是软件填的）占净时长的比例，高则疑似垫时长（K4）",
)
def digital_silence_share(reading: Reading) -> Measurement:
    sound = reading.transcript.sound
    if sound is None or not reading.net:
        return unknown("digital_silence_share", _NO_SPEECH if sound else _NO_SOUND)
    meeting = (reading.speech[0][0], reading.speech[-1][1])
    inside = [(start, end) for start, end in sound.silences if end > meeting[0] and start < meeting[1]]
    before = [i for start, _ in inside for i in reading.spoken if reading.utterances[i].end <= start + 1][-1:]
    told = "、".join(f"{clock(start)}–{clock(end)}" for start, end in inside[:MOST_TOLD])
    return reading.measured(
        "digital_silence_share",
        min(1.0, covered(inside, [meeting]) / reading.net),
        before,
        reason=f"{told} 是软件填的静音" if told else "",
    )


@measure(
    id="looped_share",
    label="自我重复占比",
    unit="share",
    meaning="与同一份录音前面某段声音完全相同（10秒以上）的时间占说话时间的比例，高则疑似循环拼接（K4）",
)
def looped_share(reading: Reading) -> Measurement:
    sound = reading.transcript.sound
    if sound is None:
        return unknown("looped_share", _NO_SOUND)
    return _share(reading, "looped_share", loops(sound))


@measure(
    id="reused_share",
    label="录音重复占比",
    unit="share",
    meaning="与别的会议的录音是同一段声音（音频指纹相同，转码、剪裁、调音量都认得出）的时间占说话时间的比例（K4）",
)
def reused_share(reading: Reading) -> Measurement:
    if reading.transcript.sound is None:
        return unknown("reused_share", _NO_SOUND)
    return _elsewhere(reading, "reused_share", Likeness.SOUND)


@measure(
    id="copied_words_share",
    label="文字雷同占比",
    unit="share",
    meaning="与别的会议逐字相同（连续60字以上）、或改头换面（调换发言、加口头语、换人名数字）仍看得出是同一份稿子的话占说话时间的比例，同一份稿子不能算两场会（K4）",
)
def copied_words_share(reading: Reading) -> Measurement:
    return _elsewhere(reading, "copied_words_share", Likeness.WORDS)


@measure(
    id="copied_either_way",
    label="雷同先后不明",
    unit="0/1",
    meaning="与别的会议雷同，而两场在同一天开或日期不明，分不清谁用了谁的，须由人判定（K4）",
)
def copied_either_way(reading: Reading) -> Measurement:
    if reading.copies is None:
        return unknown("copied_either_way", _ALONE)
    mutual = [one for one in reading.copies if one.mutual]
    return reading.measured("copied_either_way", float(bool(mutual)))


@measure(
    id="room_changes",
    label="背景声突变",
    unit="count",
    meaning="停顿里的背景声在一处突然换了音色、前后又各自稳定一分钟以上的次数；可能是两段录音拼接，也可能只是换了房间、"
    "开关了空调，只供复核时去听，不是结论（K4）",
)
def room_changes(reading: Reading) -> Measurement:
    sound = reading.transcript.sound
    if sound is None or sound.room_changes is None:
        return unknown("room_changes", _NO_ROOM if sound else _NO_SOUND)
    moments = [when for when, _ in sound.room_changes]
    proof = [
        i
        for when in moments
        for i in (
            *[i for i in reading.spoken if reading.utterances[i].start <= when][-1:],
            *[i for i in reading.spoken if reading.utterances[i].start > when][:1],
        )
    ]
    return reading.measured(
        "room_changes", len(moments), proof, confidence=0.6, reason="；".join(doubts(sound)[:MOST_TOLD])
    )


def doubts(sound: Sound | None) -> tuple[str, ...]:
    """What a person should listen to before the recording is taken for one piece, a sentence each."""
    return tuple(
        f"{clock(when)} 前后的背景声突然不同（音色相差 {apart:g} 分贝）：可能是两段录音拼在一起，"
        "也可能是换了房间、开关了空调或门窗，请听这一处。"
        for when, apart in (sound.room_changes if sound and sound.room_changes else ())
    )


def _elsewhere(reading: Reading, name: str, kind: Likeness) -> Measurement:
    if reading.copies is None:
        return unknown(name, _ALONE)
    return _share(reading, name, [one for one in reading.copies if one.kind == kind])


def _share(reading: Reading, name: str, passages: Sequence[Passage]) -> Measurement:
    spoken = tuple((reading.utterances[i].start, reading.utterances[i].end) for i in reading.spoken)
    within = spoken if name == "copied_words_share" else reading.speech
    whole = sum(end - start for start, end in within)
    if not whole:
        return unknown(name, _NO_SPEECH)
    stretches = [(one.start, one.end) for one in passages]
    proof = [
        i
        for i in reading.spoken
        if any(start <= reading.utterances[i].start < end for start, end in stretches)
    ]
    return reading.measured(
        name,
        min(1.0, covered(stretches, within) / whole),
        proof,
        reason="；".join(map(told, sorted(passages, key=_length, reverse=True)[:MOST_TOLD])),
    )


def told(passage: Passage) -> str:
    """Where a passage is and where it is again, in Chinese: 12:10–24:30 与 9月8日周复盘会的录音重复."""
    here = f"{clock(passage.start)}–{clock(passage.end)}"
    unclear = "，分不清谁用了谁的" if passage.mutual else ""
    if not passage.other:
        return f"{here} 与本录音 {clock(passage.other_start or 0.0)} 起的一段完全相同"
    if passage.kind is Likeness.WORDS:
        return f"{here} 与{passage.other}的文字雷同{unclear}"
    there = "" if passage.other_start is None else f"（该录音 {clock(passage.other_start)} 起）"
    return f"{here} 与{passage.other}的录音重复{there}{unclear}"


def _length(passage: Passage) -> Seconds:
    return passage.end - passage.start
