"""Every measure the code offers, with its unit and meaning; one list, filled by the family modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final

from qa_pipeline.findings.reading import Measure, Reading
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureSpec:
    """What ``huijian rubric measures`` lists: id, Chinese label, unit and meaning, and the family's name."""

    id: str
    label: str
    unit: str
    meaning: str
    family: str
    act: Act | None = None
    """What the utterances do that are its evidence, where they are found by that."""


FAMILIES: Final = (
    "structure",
    "held",
    "delivery",
    "authenticity",
    "interaction",
    "checking",
    "commitments",
    "coverage",
    "figures",
    "topics",
    "causes",
    "sharing",
    "framing",
    "attendance",
    "risk",
)
"""The modules that hold the measures; each registers its own when it is imported."""

_SPECS: dict[str, MeasureSpec] = {}
_MEASURES: dict[str, Measure] = {}


def register(
    *, id: str, label: str, unit: str, meaning: str, function: Measure, act: Act | None = None
) -> None:
    """Add one measure; raises ValueError when the id is taken."""
    if id in _SPECS:
        raise ValueError(f"measure id taken: {id}")
    family = function.__module__.rpartition(".")[2]
    _SPECS[id] = MeasureSpec(id=id, label=label, unit=unit, meaning=meaning, family=family, act=act)
    _MEASURES[id] = function


def measure(
    *, id: str, label: str, unit: str, meaning: str, act: Act | None = None
) -> Callable[[Measure], Measure]:
    """Decorator: register a pure function of the reading as the measure ``id``."""

    def add(function: Measure) -> Measure:
        register(id=id, label=label, unit=unit, meaning=meaning, function=function, act=act)
        return function

    return add


@cache
def _fill() -> None:
    for family in FAMILIES:
        import_module(f"qa_pipeline.findings.{family}")


def specs() -> tuple[MeasureSpec, ...]:
    """Every measure, family by family."""
    _fill()
    return tuple(_SPECS.values())


def take(reading: Reading, ids: Iterable[str] | None = None) -> dict[str, Measurement]:
    """All measures of a meeting (or those named), by id."""
    _fill()
    return {id: _MEASURES[id](reading) for id in (_MEASURES if ids is None else ids)}
