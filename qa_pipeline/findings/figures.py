"""Figures said aloud beside those of the indicator model: who, which indicator, how much (C3).

What is not surely the attained value of one owner is not compared and stays unknown; it is no error.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from qa_pipeline.findings.books import SLACK, Book
from qa_pipeline.findings.reading import Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.findings.structure import REVIEWS
from qa_pipeline.values.facts import Figure
from qa_pipeline.values.findings import Measurement, Mention, SpokenFigure
from qa_pipeline.values.vocabulary import Chapter

_ABOUT: Final = re.compile(r"大概|差不多|左右|上下|大约|约|将近|接近|近")
_MET: Final = (Chapter.OPENING, *REVIEWS, Chapter.EXCELLENCE_SHARING, Chapter.PROBLEM_DISCUSSION)
"""Where people say what was attained; in the plans they say what is to be."""


@lru_cache(maxsize=4)
def compared(reading: Reading) -> tuple[SpokenFigure, ...]:
    """Every figure of the meeting that belongs to a given one, in time order; the same thing said again in
    the same words of number is one."""
    if not reading.facts.figures:
        return ()
    book = Book(reading)
    found: dict[tuple[Figure, float], SpokenFigure] = {}
    for index in reading.within(*_MET):
        for given, number, text in book.said(index):
            value = number.value or 0.0
            same = agrees(text, number, given)
            found.setdefault(
                (given, value),
                SpokenFigure(given=given, value=value, agrees=same, evidence=reading.evidence(index)),
            )
    return tuple(found.values())


def agrees(text: str, number: Mention, given: Figure) -> bool:
    """Whether a figure as said is the given one but for its rounding: half of the last place that was said
    (三百二十万: fifty thousand; 百分之六十二: half a point; 两成: five), for an amount no more than 5 %; with
    大概 at least that much. Counts below a hundred are exact."""
    value, said = number.value or 0.0, text[number.start : number.end]
    about = (
        SLACK * abs(given.value) if _ABOUT.search(text[max(0, number.start - 4) : number.end + 3]) else 0.0
    )
    if given.unit == "%":
        half = (
            0.05 if re.fullmatch("[一二两三四五六七八九]成", said) else _place(round(value * 100, 4)) * 0.005
        )
    elif given.unit == "元":
        half = min(_place(value) / 2, SLACK * abs(given.value))
    else:
        half = 0.49 if value < 100 else min(_place(value) / 2, SLACK * abs(given.value))
    return abs(value - given.value) <= max(half, about) + 1e-9 * max(1.0, abs(given.value))


def _place(value: float) -> float:
    """The last place of a number that is not zero: 3200000 → 100000, 62 → 1, 62.5 → 0.1."""
    digits = f"{abs(value):.4f}".rstrip("0")
    whole, _, rest = digits.partition(".")
    if rest:
        return float(10.0 ** -len(rest))
    return float(10.0 ** (len(whole) - len(whole.rstrip("0")))) if whole.strip("0") else 1.0


_NOT_GIVEN: Final = "没有给出指标数值，无从核对"


@measure(
    id="figures_compared",
    label="核对过的数字",
    unit="count",
    meaning="会上说到、又能与给出的指标数值对上人和指标的数字个数；目标、差距、别的月份不核对（C3）",
)
def figures_compared(reading: Reading) -> Measurement:
    if not reading.facts.figures:
        return unknown("figures_compared", _NOT_GIVEN)
    found = compared(reading)
    return reading.measured("figures_compared", len(found), [f.evidence.utterance for f in found])


@measure(
    id="figures_off",
    label="与系统不符的数字",
    unit="count",
    meaning="会上说的数字与给出的指标数值相差超过四舍五入的个数，供核对，不代表说错（C3）",
)
def figures_off(reading: Reading) -> Measurement:
    if not reading.facts.figures:
        return unknown("figures_off", _NOT_GIVEN)
    found = compared(reading)
    if not found:
        return unknown("figures_off", "会上没有说到能与给出的指标数值核对的数字")
    off = [f.evidence.utterance for f in found if not f.agrees]
    return reading.measured("figures_off", len(off), off, confidence=0.8)
