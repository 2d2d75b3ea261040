"""The energy score, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa_pipeline.values.findings import Evidence
from qa_pipeline.values.vocabulary import Dimension, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One line of an item's checklist, and whether it was met."""

    id: str
    label: str
    met: bool | None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on the way to an item's points, in order: the ``rule`` as the rubric has it (Chinese), the
    ``measure`` it reads (empty: what was said) with the ``value`` found, and the ``level`` (0-1) it gave
    (None: unknown). ``divided_by``: the meeting's length that the value is already divided by (None: not).
    ``weight`` is that of a checklist's line among the others."""

    label: str
    rule: str
    measure: str = ""
    value: float | None = None
    divided_by: float | None = None
    level: float | None = None
    weight: float | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScore:
    """One scored rubric item. ``status`` is full, partial, missed, not_applicable or unknown; the last two
    leave the denominator. ``level`` is the share of ``max`` reached (0-1)."""

    id: str
    label: str
    dimension: Dimension
    score: float
    max: float
    level: float | None
    status: str
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    points: tuple[Point, ...] = ()
    suggestion: str = ""
    confidence: float = 1.0
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Critical:
    """A gate that fails the meeting whatever its score (``review`` True: freezes it for a person instead)."""

    id: str
    label: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """The one passage [start, end) that a person should hear before deciding, and why (Chinese): it is about
    the item or critical ``id``, which may move the score by ``swing`` points (None: it decides by itself)."""

    id: str
    start: Seconds
    end: Seconds
    reason: str
    swing: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The energy score (0-100), how sure it is (band), and what it is made of, pinned to one rubric."""

    energy_score: float
    band: tuple[float, float]
    pass_line: float
    dimensions: Mapping[Dimension, tuple[float, float]]
    """Dimension -> (score, maximum) after items that do not apply left the denominator."""
    items: tuple[ItemScore, ...]
    criticals: tuple[Critical, ...]
    rubric_id: str
    rubric_version: str
    rubric_hash: str
    listen: Listen | None = None
    """What a person should hear first; None where nothing has to be heard."""
