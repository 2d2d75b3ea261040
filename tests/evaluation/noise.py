"""What recognition does to a transcript: wrong characters, missing punctuation, missing speakers.

Shares no code with the copies that the readers are trained on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from random import Random

from qa_pipeline.pinyin import syllable
from qa_pipeline.values.transcript import Transcript

PUNCTUATION = re.compile(r"[，。！？；：、…—“”‘’（）《》,.!?;:()\"'\s]+")
COMMON = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之"
    "都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯"
)


def corrupt(transcript: Transcript, rate: float, seed: int) -> Transcript:
    """Each Han character is misheard with probability ``rate``: 60 % another character of the same sound,
    15 % a common character, 15 % dropped, 10 % a common character put in after it."""
    random = Random(seed)
    return replace(
        transcript,
        utterances=tuple(
            replace(u, text=_misheard(u.text, rate=rate, random=random)) for u in transcript.utterances
        ),
    )


def without_punctuation(transcript: Transcript) -> Transcript:
    return replace(
        transcript,
        utterances=tuple(replace(u, text=PUNCTUATION.sub("", u.text)) for u in transcript.utterances),
    )


def without_speakers(transcript: Transcript) -> Transcript:
    return replace(transcript, utterances=tuple(replace(u, speaker=None) for u in transcript.utterances))


def _misheard(text: str, *, rate: float, random: Random) -> str:
    out: list[str] = []
    for letter in text:
        if not "\u4e00" <= letter <= "\u9fa5" or random.random() >= rate:
            out.append(letter)
            continue
        way = random.random()
        if way < 0.6:
            same = [other for other in _homophones().get(syllable(letter), ()) if other != letter]
            out.append(random.choice(same) if same else random.choice(COMMON))
        elif way < 0.75:
            out.append(random.choice(COMMON))
        elif way >= 0.9:
            out += [letter, random.choice(COMMON)]
    return "".join(out)


@cache
def _homophones() -> dict[str, list[str]]:
    """The 3,755 everyday characters (level 1 of GB 2312) by sound."""
    groups: dict[str, list[str]] = {}
    for row in range(0xB0, 0xD8):
        for column in range(0xA1, 0xFF):
            letter = bytes((row, column)).decode("gb2312", errors="ignore")
            if letter:
                groups.setdefault(syllable(letter), []).append(letter)
    return groups
