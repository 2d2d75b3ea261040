"""The measures against values worked out by hand and against other implementations."""

from __future__ import annotations

import itertools
import random

import pytest
import segeval

from tests.evaluation.metrics import Counts, calibration_error, matched, pk_and_windowdiff


def test_f1_of_counts_adds_up_over_meetings() -> None:
    assert (Counts(1, 2, 4) + Counts(3, 4, 2)).f1 == pytest.approx(8 / 12)
    assert Counts(0, 3, 0).f1 == 0.0
    assert Counts().f1 == 1.0


@pytest.mark.parametrize(
    ("found", "there", "right"),
    [
        ([100, 200], [100, 200], 2),
        ([100], [130], 1),
        ([100], [130.5], 0),
        ([100, 110], [105], 1),  # one boundary is not found twice
        ([90, 120], [100, 125], 2),
        ([100, 130], [125, 155], 2),  # the greedy nearest match would find one
        ([], [100], 0),
    ],
)
def test_boundaries_match_one_to_one_within_the_tolerance(
    found: list[float], there: list[float], right: int
) -> None:
    assert matched(found, there, within=30) == Counts(right, len(found), len(there))


def test_pk_and_windowdiff_of_known_divisions() -> None:
    assert pk_and_windowdiff([5], [5], units=10) == (0.0, 0.0)
    # Ten utterances, true part 0-4 and 5-9, so the window is max(2, round(10 / 4)) = 3 gaps (2.5 rounds up);
    # without a boundary the 3 windows of 7 that hold the true one differ.
    assert pk_and_windowdiff([], [5], units=10) == pytest.approx((3 / 7, 3 / 7))
    assert pk_and_windowdiff([], [], units=1) == (0.0, 0.0)
    # WindowDiff counts boundaries, Pk only asks whether there is one: a doubled boundary escapes Pk longer.
    pk, window_diff = pk_and_windowdiff([5, 6], [5], units=10)
    assert pk < window_diff


def test_windowdiff_is_segevals_on_random_divisions() -> None:
    draw = random.Random(0)
    for _ in range(20):
        units = draw.randint(20, 60)
        there = sorted(draw.sample(range(1, units), 4))
        found = sorted(draw.sample(range(1, units), draw.randint(0, 6)))
        window = max(2, int(units / 10 + 0.5))
        expected = segeval.window_diff(
            _masses(found, units), _masses(there, units), window_size=window, lamprier_et_al_2007_fix=False
        )
        assert pk_and_windowdiff(found, there, units=units)[1] == pytest.approx(float(expected), abs=0.05)


def _masses(begins: list[int], units: int) -> tuple[int, ...]:
    edges = [0, *begins, units]
    return tuple(b - a for a, b in itertools.pairwise(edges))


def test_calibration_error_is_the_distance_of_claim_and_truth_by_weight() -> None:
    assert calibration_error([(0.9, 9.0, True), (0.9, 1.0, False)]) == pytest.approx(0.0)
    assert calibration_error([(0.95, 1.0, True), (0.95, 1.0, False)]) == pytest.approx(0.45)
    assert calibration_error([(1.0, 1.0, True), (0.2, 3.0, True)]) == pytest.approx(0.6)
    assert calibration_error([]) == 0.0
