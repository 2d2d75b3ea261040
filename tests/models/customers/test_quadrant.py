"""Quadrants and their strategies (R29), counts and movement, without a database."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models.customers.parameters import CustomerParameters
from models.customers.quadrant import STRATEGIES, Matrix, Movement, Quadrant, quadrant
from models.customers.sales import Premium, premium_per_customer

DEFAULTS = CustomerParameters()


@pytest.mark.parametrize(
    ("value", "warmth", "expected", "strategy"),
    [
        ("60", "60", "HH", "维护加保"),
        ("100", "59.99", "HL", "升温"),
        ("59.99", "60", "LH", "转化"),
        ("0", "0", "LL", "标准服务"),
    ],
)
def test_r29_each_quadrant_has_its_strategy(value: str, warmth: str, expected: str, strategy: str) -> None:
    found = quadrant(Decimal(value), Decimal(warmth), parameters=DEFAULTS)
    assert found == Quadrant(expected)
    assert STRATEGIES[found].name == strategy
    assert STRATEGIES[found].means.endswith("。")


def test_r29_the_limits_are_parameters() -> None:
    strict = CustomerParameters(value_limit=Decimal(80), temperature_limit=Decimal(70))
    assert quadrant(Decimal(79), Decimal(70), parameters=strict) == Quadrant.LH
    assert quadrant(Decimal(80), Decimal(69), parameters=strict) == Quadrant.HL


@pytest.mark.parametrize(("value", "warmth"), [(None, Decimal(90)), (Decimal(90), None), (None, None)])
def test_r29_an_unknown_value_or_temperature_has_no_quadrant(
    value: Decimal | None, warmth: Decimal | None
) -> None:
    assert quadrant(value, warmth, parameters=DEFAULTS) is None


def test_quality_is_the_share_of_high_value_customers_among_the_known() -> None:
    matrix = Matrix({Quadrant.HH: 1, Quadrant.HL: 2, Quadrant.LL: 3, None: 94})
    assert matrix.quality == Decimal("0.5")
    assert (matrix.known, matrix.unknown) == (6, 94)
    assert Matrix({None: 3}).quality is None


def test_movement_tells_warmed_from_cooled_and_stayed() -> None:
    movement = Movement(
        {
            (Quadrant.HL, Quadrant.HH): 3,
            (Quadrant.LL, Quadrant.HH): 1,
            (Quadrant.HH, Quadrant.LL): 2,
            (Quadrant.LH, Quadrant.LH): 5,
            (None, Quadrant.HH): 7,
            (Quadrant.LL, None): 1,
        }
    )
    assert (movement.warmed(), movement.cooled(), movement.stayed()) == (4, 2, 5)


def test_net_premium_is_what_was_signed_without_what_was_withdrawn() -> None:
    total = Premium(Decimal(1000), Decimal(300), 2, Decimal(50)) + Premium(Decimal(500))
    assert total.net == 1200
    assert premium_per_customer(total.net, 3) == 400
    assert premium_per_customer(Decimal(0), 0) is None
