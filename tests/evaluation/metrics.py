"""Measures of a division into parts, against one made by hand. Positions are sorted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of the found are right, how many were found, how many there are; adds up over meetings."""

    right: int = 0
    found: int = 0
    there: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.right + other.right, self.found + other.found, self.there + other.there)

    @property
    def recall(self) -> float | None:
        """None where there is nothing to find."""
        return self.right / self.there if self.there else None

    @property
    def precision(self) -> float | None:
        """None where nothing was found."""
        return self.right / self.found if self.found else None

    @property
    def f1(self) -> float:
        """1 where there is nothing to find and nothing was found."""
        return 2 * self.right / (self.found + self.there) if self.found + self.there else 1.0


def matched(found: Sequence[float], there: Sequence[float], *, within: float) -> Counts:
    """The most pairs, one to one, that lie at most ``within`` apart."""
    i = j = right = 0
    while i < len(found) and j < len(there):
        if abs(found[i] - there[j]) <= within:
            right, i, j = right + 1, i + 1, j + 1
        elif found[i] < there[j]:
            i += 1
        else:
            j += 1
    return Counts(right, len(found), len(there))


def pk_and_windowdiff(found: Sequence[int], there: Sequence[int], *, units: int) -> tuple[float, float]:
    """Beeferman's Pk and Pevzner and Hearst's WindowDiff over ``units`` utterances, 0 is best. Positions are
    the utterances with which a part begins, 0 left out; the window is half the mean length of a true part."""
    if units < 2:
        return 0.0, 0.0
    from nltk.metrics.segmentation import pk, windowdiff  # brings all of scipy.stats, which takes seconds

    window = min(max(2, int(units / (2 * (len(there) + 1)) + 0.5)), units - 1)
    true, claimed = (
        "".join("1" if u in set(places) else "0" for u in range(1, units)) for places in (there, found)
    )
    return pk(true, claimed, k=window), windowdiff(true, claimed, window)


def calibration_error(claims: Sequence[tuple[float, float, bool]], *, bins: int = 10) -> float:
    """Expected calibration error of (confidence, weight, right): the mean distance between how sure and how
    often right, over equal ``bins`` of confidence, by weight."""
    total = sum(weight for _, weight, _ in claims)
    error = 0.0
    by_bin = sorted(claims, key=lambda claim: _bin(claim[0], bins))
    for _, group in itertools.groupby(by_bin, key=lambda claim: _bin(claim[0], bins)):
        error += abs(sum(weight * (sure - right) for sure, weight, right in group))
    return error / total if total else 0.0


def _bin(sure: float, bins: int) -> int:
    return min(bins - 1, int(sure * bins))
