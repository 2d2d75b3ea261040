"""Which value answers, and the three tables' formulas, on given numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from models.activities.rates import Turnout
from models.activities.tables import Platform
from models.customers.quadrant import Quadrant
from models.toolbox.lookup import Entry, Toolbox
from models.toolbox.measures import (
    Purchase,
    platform_conversion,
    premium_by_quadrant,
    tier_productivity,
)
from models.toolbox.tables import ToolboxTable

D = Decimal
TABLE = ToolboxTable.PREMIUM_PER_CUSTOMER
LINE = [(4, "支公司"), (3, "中支"), (1, "总公司")]


def entry(
    institution: int, value: int | None, sample: int | None = 9, *, month: int = 1, by_hand: bool = False
) -> Entry:
    worth = None if value is None else D(value)
    return Entry(institution, TABLE, "all", date(2026, month, 1), worth, sample, by_hand)


@pytest.mark.parametrize(
    ("entries", "value", "sentence"),
    [
        ([entry(4, 10), entry(3, 20)], 10, "采用支公司的计算值（样本 9，自 2026-01-01 起）。"),
        ([entry(4, 10), entry(4, 11, month=2)], 11, "采用支公司的计算值（样本 9，自 2026-02-01 起）。"),
        (
            [entry(4, 10), entry(4, 99, None, by_hand=True)],
            99,
            "采用支公司手工设定的数值（自 2026-01-01 起）。",
        ),
        (
            [entry(4, 10, 4), entry(3, 20, 5)],
            20,
            "支公司样本 4 不足 5，采用中支的计算值（样本 5，自 2026-01-01 起）。",
        ),
        (
            [entry(4, None, 0), entry(1, 30)],
            30,
            "支公司样本 0 不足 5，中支没有计算过，采用总公司的计算值（样本 9，自 2026-01-01 起）。",
        ),
        (
            [entry(4, 10, 4), entry(3, 77, None, by_hand=True), entry(3, 20)],
            77,
            "支公司样本 4 不足 5，采用中支手工设定的数值（自 2026-01-01 起）。",
        ),
        (
            [entry(4, 10, 4)],
            None,
            "支公司样本 4 不足 5，中支没有计算过，总公司没有计算过，没有可用的数值：请先计算或手工设定。",
        ),
    ],
)
def test_the_nearest_value_with_enough_of_a_sample_answers_and_says_so(
    entries: list[Entry], value: int | None, sentence: str
) -> None:
    answer = Toolbox(entries, line=LINE, min_sample=5).find(TABLE, "all")
    assert (answer.value, answer.sentence) == (value, sentence)


def test_tier_productivity_is_premium_a_head_and_month() -> None:
    found = tier_productivity(
        {"agent": D(60000), "supervisor": D(30000)},
        {"agent": D("24"), "supervisor": D("3"), "director": D(0)},
        months=3,
    )
    assert {value.key: (value.value, value.sample) for value in found} == {
        "agent": (2500, 8),
        "supervisor": (10000, 1),
        "director": (None, 0),
        "all": (D(90000) / 27, 9),
    }


def test_premium_per_customer_counts_customers_once_in_all_and_in_each_quadrant() -> None:
    found = premium_by_quadrant(
        [
            Purchase(1, D(1000), Quadrant.HH),
            Purchase(1, D(3000), Quadrant.HL),
            Purchase(2, D(2000), Quadrant.HH),
            Purchase(3, D(600), None),
        ]
    )
    assert {value.key: (value.value, value.sample) for value in found} == {
        "all": (2200, 3),
        "HH": (1500, 2),
        "HL": (3000, 1),
        "LH": (None, 0),
        "LL": (None, 0),
    }


def test_platform_conversion_is_who_signed_of_who_came() -> None:
    found = platform_conversion(
        {
            Platform.WARMUP: Turnout(invited=20, attended=10, signed=1),
            Platform.HIGH_VALUE: Turnout(invited=9, attended=5, signed=2),
        }
    )
    assert {value.key: (value.value, value.sample) for value in found} == {
        "warmup": (D("0.1"), 10),
        "high_value": (D("0.4"), 5),
        "high_potential": (None, 0),
        "all": (D("0.2"), 15),
    }
