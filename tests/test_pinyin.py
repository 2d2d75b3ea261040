"""The shipped table of readings says what pypinyin says; ``python -m tests.test_pinyin`` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypinyin import Style, lazy_pinyin

from qa_pipeline.pinyin import TABLE, syllable, syllables

HAN = [chr(code) for code in (0x3007, *range(0x4E00, 0xA000))]


def table() -> str:
    spelt: dict[str, str] = {}
    for char in HAN:
        reading = lazy_pinyin(char, style=Style.NORMAL)[0]
        if reading != char:
            spelt[reading] = spelt.get(reading, "") + char
    return "".join(f"{reading} {chars}\n" for reading, chars in sorted(spelt.items()))


def test_the_table_is_what_pypinyin_reads() -> None:
    assert TABLE.read_text("utf-8") == table(), "run: python -m tests.test_pinyin"


@pytest.mark.parametrize(("char", "read"), [("周", "zhou"), ("率", "lv"), ("女", "nv"), ("〇", "ling")])
def test_a_character_has_its_most_common_reading(char: str, read: str) -> None:
    assert syllable(char) == read


@pytest.mark.parametrize("char", ["A", "7", "，", "😀", "\ue000"])
def test_what_is_no_chinese_character_stands_for_itself(char: str) -> None:
    assert syllable(char) == char


def test_nearly_all_han_characters_have_a_reading() -> None:
    assert len(syllables()) > 20_000


if __name__ == "__main__":
    Path(TABLE).write_text(table(), "utf-8")
