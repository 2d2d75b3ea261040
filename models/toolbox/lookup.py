"""Which value of the toolbox answers for an institution, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from models.toolbox.tables import ToolboxTable

MIN_SAMPLE: Final = 5
"""A computed value that rests on fewer does not answer, unless the parameter says otherwise."""
MIN_SAMPLE_PARAMETER: Final = "toolbox_min_sample"


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored value that holds on the day asked."""

    institution_id: int
    table: ToolboxTable
    key: str
    valid_from: date
    value: Decimal | None
    sample: int | None
    is_override: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The value, whose it is, and a sentence that says so. None: no institution has one that may answer."""

    value: Decimal | None
    institution_id: int | None
    sample: int | None
    is_override: bool
    sentence: str


class Toolbox:
    """The values of an institution and those above it on a day.

    ``line`` gives their keys and names, the institution itself first. At each: a value set by hand, else the
    newest computed one with enough of a sample, else the next above.
    """

    def __init__(self, entries: Iterable[Entry], *, line: Sequence[tuple[int, str]], min_sample: int) -> None:
        self._line = line
        self._min_sample = min_sample
        self._entries: dict[tuple[int, ToolboxTable, str, bool], Entry] = {}
        for entry in sorted(entries, key=lambda entry: entry.valid_from):
            self._entries[entry.institution_id, entry.table, entry.key, entry.is_override] = entry

    def find(self, table: ToolboxTable, key: str) -> Answer:
        """The value of a rank, quadrant, platform, or ``all``."""
        skipped = ""
        for institution_id, name in self._line:
            by_hand = self._entries.get((institution_id, table, key, True))
            if by_hand is not None:
                why = f"{skipped}采用{name}手工设定的数值（自 {by_hand.valid_from} 起）。"
                return Answer(by_hand.value, institution_id, by_hand.sample, True, why)
            entry = self._entries.get((institution_id, table, key, False))
            sample = 0 if entry is None or entry.sample is None else entry.sample
            if entry is not None and entry.value is not None and sample >= self._min_sample:
                why = f"{skipped}采用{name}的计算值（样本 {sample}，自 {entry.valid_from} 起）。"
                return Answer(entry.value, institution_id, sample, False, why)
            lack = "没有计算过" if entry is None else f"样本 {sample} 不足 {self._min_sample}"
            skipped += f"{name}{lack}，"
        return Answer(None, None, None, False, f"{skipped}没有可用的数值：请先计算或手工设定。")
