"""What an item tells to do next time, each piece with the words that it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Final

from qa_pipeline.findings.registry import specs
from qa_pipeline.personal import mask_personal
from qa_pipeline.rubric.heard import Heard
from qa_pipeline.values.findings import Evidence
from qa_pipeline.values.vocabulary import Act
from qa_pipeline.values.written import clock

MOST: Final = 3
"""Nobody changes more than this at once."""
SURE: Final = 0.6
"""Words are held up to people when they are this surely what they are reproached with; how often they are
labelled so stands in docs/evaluation.md."""
POINTED: Final = 30
"""Characters of the words that a piece of advice points at."""


@dataclass(frozen=True, slots=True)
class Tip:
    """What to do next time; ``at`` names the measure whose passage it is about, or is empty."""

    say: str
    at: str = ""
    lost: float = 0.0
    """How much of the item hangs on it."""


def advised(general: Tip | None, tips: Sequence[Tip], heard: Heard) -> str:
    """The general tip and those that cost most, ``MOST`` together; no passage is pointed at twice."""
    costly = sorted(tips, key=lambda tip: -tip.lost)
    told: set[int] = set()
    said = []
    for tip in [*([general] if general else []), *costly][:MOST]:
        proof = passage(tip.at, heard, told) if tip.at else None
        if proof is not None:
            told.add(proof.utterance)
        said.append(f"{_quoted(proof)}：{tip.say}" if proof else tip.say)
    return "".join(said)


def passage(measure: str, heard: Heard, told: Set[int] = frozenset()) -> Evidence | None:
    """The passage of a measure to point at: that which most surely does what it counts; ``told`` has the
    utterances that were pointed at before."""
    found = heard.findings.measures.get(measure)
    left = [proof for proof in found.evidence if proof.utterance not in told] if found else []
    act = reproached().get(measure)
    if act is None or not left:
        return left[0] if left else None

    def sure(proof: Evidence) -> float:
        return dict(heard.findings.readings[proof.utterance].acts).get(act, 0.0)

    best = max(left, key=sure)
    return best if sure(best) >= SURE else None


@cache
def reproached() -> dict[str, Act]:
    """The measures whose evidence people are told of, with what is said there."""
    return {spec.id: spec.act for spec in specs() if spec.act is not None}


def _quoted(proof: Evidence) -> str:
    # Masked before it is cut: half a telephone number would pass for none.
    said = mask_personal(proof.quote.strip("。！？!?，, "))
    first = re.split(r"[。！？!?]", said)[0][:POINTED]
    return f"{clock(proof.start)} 说到「{first}{'…' if len(first) < len(said) else ''}」"
