"""How far the machine and people agree: pure arithmetic, for reviews of the service and for files alike.

Sources: J. Cohen, A coefficient of agreement for nominal scales, 1960; J. M. Bland and D. G. Altman,
Statistical methods for assessing agreement between two methods of clinical measurement, 1986.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from qa_pipeline.values.vocabulary import Verdict

Pair = tuple[str, str]
"""(machine's judgement, person's judgement) of the same thing."""
Scores = tuple[Decimal, Decimal]
"""(machine's points, person's points) of the same thing."""

VERDICT: Final = "verdict"
ENERGY: Final = "energy_score"
NO_JUDGEMENT: Final = frozenset((Verdict.NEEDS_REVIEW.value, "unknown", "not_applicable"))
"""What a side says that leaves the verdict to a person, or an item without points."""
WIDTH: Final = Decimal("1.96")
"""Standard deviations within which 95 % of normally spread differences lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One thing that the machine and a person judged: ``item`` is a rubric item's id, VERDICT or ENERGY;
    ``words`` are statuses or verdicts, ``scores`` points. Either may be unknown."""

    meeting: str
    item: str
    words: Pair | None = None
    scores: Scores | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Of the points: mean absolute difference, mean difference (machine - person), and the limits between
    which 95 % of the differences lie (None with fewer than two)."""

    judged: int
    absolute: Decimal
    bias: Decimal
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAgreement:
    """How far the two agree on one item. ``judged`` is in how many meetings either kind of judgement is;
    ``left_open`` in how many more a side left it open (``NO_JUDGEMENT``, or no energy score): that is nothing
    to agree with."""

    item: str
    judged: int
    left_open: int
    agreement: Decimal | None
    kappa: Decimal | None
    difference: Difference | None


def agreement(pairs: Iterable[Pair]) -> Decimal | None:
    """Share of equal judgements; None without any."""
    found = list(pairs)
    return Decimal(sum(a == b for a, b in found)) / len(found) if found else None


def kappa(pairs: Iterable[Pair]) -> Decimal | None:
    """Cohen's kappa = (p_o - p_e) / (1 - p_e): agreement beyond what chance alone would give.

    None without pairs, and where both always say the same one word, so that chance explains everything.
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


def difference(scores: Iterable[Scores]) -> Difference | None:
    """None without scores. Limits of agreement after Bland and Altman: bias +- 1.96 s, s with n - 1."""
    apart = [machine - person for machine, person in scores]
    if not apart:
        return None
    count = len(apart)
    bias = sum(apart, Decimal(0)) / count
    low = high = None
    if count > 1:
        spread = (sum(((one - bias) ** 2 for one in apart), Decimal(0)) / (count - 1)).sqrt()
        low, high = bias - WIDTH * spread, bias + WIDTH * spread
    return Difference(
        judged=count,
        absolute=sum((abs(one) for one in apart), Decimal(0)) / count,
        bias=bias,
        low=low,
        high=high,
    )


def by_item(judged: Iterable[Judged]) -> list[ItemAgreement]:
    """One row an item, verdict and energy score first."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.item].append(one)
    order = {VERDICT: 0, ENERGY: 1}
    return [_of(item, groups[item]) for item in sorted(groups, key=lambda i: (order.get(i, 2), i))]


def _of(item: str, rows: Sequence[Judged]) -> ItemAgreement:
    told = [one for one in rows if not is_open(one)]
    pairs = [one.words for one in told if one.words is not None]
    return ItemAgreement(
        item=item,
        judged=len(told),
        left_open=len(rows) - len(told),
        agreement=agreement(pairs),
        kappa=kappa(pairs),
        difference=difference(one.scores for one in rows if one.scores is not None),
    )


def is_open(one: Judged) -> bool:
    """Whether a side gave no judgement, so that there is nothing to agree with."""
    return one.scores is None if one.words is None else not NO_JUDGEMENT.isdisjoint(one.words)
