"""How what was said is spelt and sounds, as far as an act depends on it."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from qa_pipeline import pinyin
from qa_pipeline.chapters.ngrams import standard

_PUNCTUATION: Final = re.compile(r"[^\u4e00-\u9fffA-Za-z0-9]+")
_DIGIT_RUN: Final = re.compile(r"[0-9零一二两三四五六七八九十百千万点]{2,}|[0-9]+")


@cache
def syllable(char: str) -> str:
    """How a character is read by those who do not tell zh from z, n from l and ing from in."""
    sound = pinyin.syllable(char)
    for heard, meant in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if sound.startswith(heard):
            sound = meant + sound[2:]
    if sound.startswith("n") and len(sound) > 1:
        sound = "l" + sound[1:]
    return sound[:-1] if sound.endswith("ng") else sound


def plain(text: str) -> str:
    """What n-grams are taken of: numbers become #, punctuation is dropped, ^ and $ mark the ends."""
    return "^" + _DIGIT_RUN.sub("#", _PUNCTUATION.sub("", standard(text))).upper() + "$"


def sound(char: str) -> str:
    """The syllable of a Chinese character; any other one is its own sound."""
    return syllable(char) if "\u4e00" <= char <= "\u9fff" else char


def grams(text: str) -> list[str]:
    """Character 1- to 3-grams and syllable 2- and 3-grams."""
    spelt = plain(text)
    sounds = [sound(char) for char in spelt]
    size = len(spelt)
    found = list(spelt)
    found += [spelt[i : i + 2] for i in range(size - 1)]
    found += [spelt[i : i + 3] for i in range(size - 2)]
    found += [f"{sounds[i]}'{sounds[i + 1]}" for i in range(size - 1)]
    found += [f"{sounds[i]}'{sounds[i + 1]}'{sounds[i + 2]}" for i in range(size - 2)]
    return found
