"""Rates and attainments: the formulas of the dossier on given numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models.indicators.rates import (
    Share,
    achievement,
    ct_progress,
    is_ct,
    is_u,
    progress_difference,
    rolling_ct_rate,
)

D = Decimal


def test_a_denominator_of_zero_gives_none() -> None:
    assert Share(D(0), D(0)).rate is None
    assert achievement(D(5), D(0)) is None
    assert progress_difference(D(1), worked=0, working=0) is None


@pytest.mark.parametrize(
    ("actual", "threshold", "reached"),
    [(D(3000), D(3000), True), (D("2999.99"), D(3000), False), (None, D(3000), None), (D(9), None, None)],
)
def test_u_is_reached_at_the_threshold_and_unknown_without_one(
    actual: Decimal | None, threshold: Decimal | None, reached: bool | None
) -> None:
    assert is_u(actual, threshold) is reached


def test_ct_progress_is_the_weakest_part() -> None:
    assert ct_progress({"fyc": D(90), "heads": D(6)}, {"fyc": D(100), "heads": D(3)}) == D("0.9")
    assert is_ct(D("0.9")) is False
    assert is_ct(D(1)) is True


@pytest.mark.parametrize(
    ("actuals", "thresholds"),
    [
        ({"fyc": D(90)}, {}),
        ({"fyc": D(90)}, {"fyc": D(100), "heads": D(3)}),
        ({"fyc": None}, {"fyc": D(100)}),
        ({"fyc": D(90)}, {"fyc": None}),
        ({"fyc": D(90)}, {"fyc": D(0)}),
    ],
)
def test_ct_progress_is_unknown_when_a_part_is(
    actuals: dict[str, Decimal | None], thresholds: dict[str, Decimal | None]
) -> None:
    assert ct_progress(actuals, thresholds) is None
    assert is_ct(None) is None


def test_the_rolling_ct_rate_looks_at_six_months_and_leaves_out_the_unassessed() -> None:
    assert rolling_ct_rate([True, True, False, True, None, True, False, False]) == Share(D(2), D(5))
    assert rolling_ct_rate([None, None]).rate is None
    assert rolling_ct_rate([True, False], months=1).rate == 0
