"""How a Chinese character is read: its most common syllable without the tone, ü written v.

A table made from pypinyin, which takes a quarter of a second to load and knows words and tones that nobody
here asks for; ``tests/test_pinyin.py`` holds the two together.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("pinyin.txt")
"""A line for each syllable: the syllable and all characters that are read so."""


@cache
def syllables() -> dict[str, str]:
    """Character -> syllable, for the characters from U+4E00 to U+9FFF and 〇."""
    lines = TABLE.read_text("utf-8").splitlines()
    return {char: syllable for syllable, chars in map(str.split, lines) for char in chars}


def syllable(char: str) -> str:
    """The syllable of one character; a character that has none is its own."""
    return syllables().get(char, char)
