"""How the recording holds up: net length (R6, K1), effective speech and repetition (K4), recognition; and how
people speak: rate, pauses, loudness. The voice is a weak sign of a live meeting and weighs little (I5)."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from qa_pipeline.findings.reading import Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Seconds
from qa_pipeline.values.written import clock, percent

REPEAT: Final = 30
"""Characters that must return word for word to count as a repeated passage."""
SILENCE: Final[Seconds] = 5.0
"""From here on nobody is pausing: nobody speaks."""
PAUSE: Final[Seconds] = 0.25
_NO_SOUND: Final = "只有文字，没有录音的声音可查"
_NO_SPEECH: Final = "没有听到说话"
_PUNCTUATION: Final = re.compile(r"[^\u4e00-\u9fffA-Za-z0-9]+")
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)


@measure(
    id="speech_minutes",
    label="净时长",
    unit="minutes",
    meaning="首次到末次说话之间的分钟数，去掉首尾静音（R6）",
)
def speech_minutes(reading: Reading) -> Measurement:
    if reading.net is None:
        return unknown("speech_minutes", _NO_SPEECH)
    return reading.measured("speech_minutes", reading.net / 60, (reading.spoken[:1] + reading.spoken[-1:]))


@measure(
    id="speech_share",
    label="有效语音占比",
    unit="share",
    meaning="有人说话的时间（2秒内的停顿不扣）占净时长的比例（K4）",
)
def speech_share(reading: Reading) -> Measurement:
    if not reading.net:
        return unknown("speech_share", _NO_SPEECH)
    if reading.transcript.speech is None:
        # Where an utterance ends is often guessed, and texts are shortened: no proof of silence.
        return unknown("speech_share", "只有文字稿，没有录音，听不出有效语音占多少")
    share = min(1.0, sum(end - start for start, end in reading.speech) / reading.net)
    start, end = max(
        ((a[1], b[0]) for a, b in pairwise(reading.speech)),
        key=lambda gap: gap[1] - gap[0],
        default=(0.0, 0.0),
    )
    before = [i for i in reading.spoken if reading.utterances[i].start < end][-1:]
    told = f"有人说话的时间占 {percent(share)}"
    if end > start:
        told += f"，其间 {clock(start)}–{clock(end)} 没有人说话"
    return reading.measured("speech_share", share, before or reading.spoken[:1], reason=told)


@measure(id="speech_rate", label="语速", unit="characters/minute", meaning="每分钟说话时间内的字数")
def speech_rate(reading: Reading) -> Measurement:
    """Articulation rate (Goldman-Eisler 1968; a character is a syllable): by the time spent talking."""
    if not reading.talk_seconds:
        return unknown("speech_rate", _NO_SPEECH)
    characters = sum(map(len, _plain(reading)))
    return reading.measured("speech_rate", characters / reading.talk_seconds * 60, reading.spoken[:1])


@measure(
    id="silence_share",
    label="冷场占比",
    unit="share",
    meaning="5秒以上没有人说话的时间占净时长的比例",
)
def silence_share(reading: Reading) -> Measurement:
    """Silence analysis as in Google's Contact Center Insights: silences over five seconds by the length."""
    if not reading.net:
        return unknown("silence_share", _NO_SPEECH)
    gaps = [(a[1], b[0]) for a, b in pairwise(reading.speech) if b[0] - a[1] >= SILENCE]
    ends = {end for _, end in gaps}
    proof = [i for i in reading.spoken if any(abs(reading.utterances[i].start - end) < 1 for end in ends)]
    exact = 1.0 if reading.transcript.speech is not None else 0.6
    silent = sum(end - start for start, end in gaps)
    return reading.measured("silence_share", silent / reading.net, proof, confidence=exact)


@measure(
    id="pause_share",
    label="停顿占比",
    unit="share",
    meaning="说话中0.25到5秒的停顿占净时长的比例（从录音测），照稿念的停顿少而匀",
)
def pause_share(reading: Reading) -> Measurement:
    """Silent pauses from a quarter of a second on (Goldman-Eisler, "Psycholinguistics", 1968)."""
    raw = reading.transcript.speech
    if raw is None or not reading.net:
        return unknown("pause_share", _NO_SOUND if raw is None else _NO_SPEECH)
    gaps = [b[0] - a[1] for a, b in pairwise(sorted(raw))]
    pauses = sum(gap for gap in gaps if PAUSE <= gap < SILENCE)
    return reading.measured("pause_share", pauses / reading.net, reading.spoken[:1])


@measure(
    id="loudness_range",
    label="响度起伏",
    unit="dB",
    meaning="说话响度起伏的范围（从录音测），平铺直叙约3到5，有问有答约6到12；声学旁证，只占很小的分",
)
def loudness_range(reading: Reading) -> Measurement:
    """LRA of EBU Tech 3342, not weighted by frequency; see ``transcript.hearing``."""
    sound = reading.transcript.sound
    if sound is None or sound.loudness_range is None:
        return unknown("loudness_range", _NO_SPEECH if sound else _NO_SOUND)
    middle = reading.spoken[len(reading.spoken) // 2 :][:1]
    return reading.measured("loudness_range", sound.loudness_range, middle, confidence=0.5)


@measure(id="longest_pause", label="最长停顿", unit="seconds", meaning="两次说话之间最长的间隔")
def longest_pause(reading: Reading) -> Measurement:
    if not reading.speech:
        return unknown("longest_pause", _NO_SPEECH)
    gaps = [(b[0] - a[1], b[0]) for a, b in zip(reading.speech, reading.speech[1:], strict=False)]
    longest, after = max(gaps, default=(0.0, 0.0))
    proof = [i for i in reading.spoken if reading.utterances[i].start >= after - 1][:1] if longest else []
    return reading.measured("longest_pause", longest, proof)


@measure(
    id="repetition_share",
    label="重复段落占比",
    unit="share",
    meaning="前面已经整段说过（连续30字以上相同）的文字占比，高则疑似录音重复或拼接（K4）",
)
def repetition_share(reading: Reading) -> Measurement:
    if not reading.spoken:
        return unknown("repetition_share", _NO_SPEECH)
    said = _plain(reading)
    text = "".join(said)
    owner = [index for index, words in zip(reading.spoken, said, strict=True) for _ in words]
    seen: dict[str, int] = {}
    repeated = bytearray(len(text))
    proof: list[int] = []
    told = ""
    for start in _recurring(text):
        window = text[start : start + REPEAT]
        first = seen.setdefault(window, start)
        # One sentence said over and over within a breath is a stutter or a loop, not a spliced recording.
        if start - first >= 4 * REPEAT and len(set(window)) > 8:
            repeated[start : start + REPEAT] = b"\x01" * REPEAT
            if not proof or owner[start] != proof[-1]:
                proof.append(owner[start])
            here, there = (reading.utterances[owner[at]].start for at in (start, first))
            told = told or f"{clock(here)} 起有话与 {clock(there)} 起说过的整段相同"
    return reading.measured("repetition_share", sum(repeated) / max(1, len(text)), proof, reason=told)


@measure(id="recognition_confidence", label="识别置信度", unit="share", meaning="转写置信度按字数的平均")
def recognition_confidence(reading: Reading) -> Measurement:
    rated = [(u.confidence, len(u.text)) for u in reading.utterances if u.confidence is not None and u.text]
    if not rated:
        return unknown("recognition_confidence", "转写没有给出置信度")
    value = sum(c * n for c, n in rated) / sum(n for _, n in rated)
    worst = sorted(reading.spoken, key=lambda i: reading.utterances[i].confidence or 0.0)
    return reading.measured("recognition_confidence", value, worst[:3])


@measure(id="phantom_share", label="幻听占比", unit="share", meaning="疑似识别器凭空写出的语句占比")
def phantom_share(reading: Reading) -> Measurement:
    if not reading.utterances:
        return unknown("phantom_share", "没有转写文字")
    return reading.measured(
        "phantom_share", sum(u.phantom for u in reading.utterances) / len(reading.utterances)
    )


@lru_cache(maxsize=4)
def _plain(reading: Reading) -> tuple[str, ...]:
    """The spoken utterances without punctuation."""
    return tuple(_PUNCTUATION.sub("", reading.utterances[i].text) for i in reading.spoken)


def _recurring(text: str) -> list[int]:
    """Where ``REPEAT`` characters begin that come up more than once.

    They are told by a number made of them; that two others share a number by chance does no harm.
    """
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    numbers = np.zeros(max(0, len(codes) - REPEAT + 1), dtype=np.uint64)
    for place in range(REPEAT):
        numbers = numbers * _MULTIPLIER + codes[place : place + len(numbers)]
    _, which, times = np.unique(numbers, return_inverse=True, return_counts=True)
    return np.flatnonzero(times[which] > 1).tolist()
