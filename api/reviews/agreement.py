"""How far machine and reviewers agree: pure arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

Pair = tuple[str, str]
"""(machine's judgement, person's judgement) of the same thing."""


def agreement(pairs: Iterable[Pair]) -> Decimal | None:
    """Share of equal judgements; None without any."""
    found = list(pairs)
    return Decimal(sum(a == b for a, b in found)) / len(found) if found else None


def kappa(pairs: Iterable[Pair]) -> Decimal | None:
    """Cohen's kappa = (p_o - p_e) / (1 - p_e): agreement beyond what chance alone would give.

    None without pairs, and where both always say the same one word, so that chance explains everything.
    Source: J. Cohen, A coefficient of agreement for nominal scales, 1960.
    """
    found = list(pairs)
    if not found:
        return None
    machine, person = (Counter(pair[side] for pair in found) for side in (0, 1))
    total = len(found)
    expected = Decimal(sum(machine[word] * person[word] for word in machine)) / (total * total)
    if expected == 1:
        return None
    observed = Decimal(sum(a == b for a, b in found)) / total
    return (observed - expected) / (1 - expected)
