"""A supervisor's income target, and the way back to activity (R18, R28)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.indicators.parameters import Parameters, Setting
from models.planning.capacity import Tier, capacity
from models.planning.income import (
    Conversions,
    Income,
    conversions_of,
    income,
    path_from_income,
    path_from_premium,
    team_fyc_for,
)

D = Decimal
PARTS = Income(own_fyc=D(3000), recruiting_allowance=D(500), bonus=D(500))
CONVERSIONS = Conversions(
    fyc_rate=D("0.25"),
    premium_per_customer=D(8000),
    platform_share=D("0.4"),
    platform_conversion=D("0.2"),
    arrival_rate=D("0.5"),
    closing_rate=D("0.1"),
)
money = st.decimals(min_value=0, max_value=10**7, places=2)


def test_r28_the_income_is_own_fyc_allowance_recruiting_and_bonus() -> None:
    assert income(PARTS, team_fyc=D(40000), allowance_rate=D("0.15")) == 10000
    assert income(PARTS, team_fyc=D(40000), allowance_rate=None) is None
    assert income(PARTS, team_fyc=None, allowance_rate=D("0.15")) is None


def test_r28_the_team_fyc_follows_from_the_income_target() -> None:
    assert team_fyc_for(D(10000), PARTS, allowance_rate=D("0.15")) == 40000
    assert team_fyc_for(D(4000), PARTS, allowance_rate=D("0.15")) == 0, "reached without the team"


@pytest.mark.parametrize("rate", [None, D(0)])
def test_r28_without_an_allowance_rate_the_team_fyc_is_unknown(rate: Decimal | None) -> None:
    assert team_fyc_for(D(10000), PARTS, allowance_rate=rate) is None


@given(money, money, st.decimals(min_value="0.01", max_value=1, places=4))
def test_r28_the_team_fyc_found_reaches_the_income_it_was_found_for(
    target: Decimal, own: Decimal, rate: Decimal
) -> None:
    parts = Income(own_fyc=own)
    reached = income(parts, team_fyc=team_fyc_for(target, parts, allowance_rate=rate), allowance_rate=rate)
    assert reached is not None
    assert reached >= target


def test_r18_the_income_target_leads_back_to_visits_and_invitations() -> None:
    path = path_from_income(D(10000), PARTS, allowance_rate=D("0.15"), conversions=CONVERSIONS)
    assert (path.team_fyc, path.premium, path.customers) == (40000, 160000, 20)
    assert (path.platform_customers, path.visit_customers) == (8, 12)
    assert (path.arrivals, path.invitations, path.visits) == (40, 80, 120)
    assert path.missing == ()


@given(money, st.decimals(min_value=0, max_value=1, places=3))
def test_r18_no_customer_is_counted_on_both_paths(premium: Decimal, share: Decimal) -> None:
    conversions = Conversions(None, D(8000), share, D("0.2"), D("0.5"), D("0.1"))
    path = path_from_premium(premium, conversions)
    assert path.platform_customers is not None
    assert path.visit_customers is not None
    assert path.customers == path.platform_customers + path.visit_customers
    assert min(path.platform_customers, path.visit_customers) >= 0


def test_r18_a_path_without_customers_asks_for_no_parameter() -> None:
    only_visits = path_from_premium(D(80000), Conversions(None, D(8000), D(0), None, None, D("0.1")))
    assert (only_visits.invitations, only_visits.visits, only_visits.missing) == (0, 100, ())
    only_events = path_from_premium(D(80000), Conversions(None, D(8000), D(1), D("0.2"), D("0.5"), None))
    assert (only_events.invitations, only_events.visits, only_events.missing) == (100, 0, ())


def test_r18_what_cannot_be_said_is_unknown_and_names_the_parameter() -> None:
    path = path_from_income(D(10000), PARTS, allowance_rate=None, conversions=CONVERSIONS)
    assert (path.team_fyc, path.premium, path.customers, path.visits) == (None, None, None, None)
    assert path.missing == ("管理津贴率",)
    half = path_from_premium(D(80000), Conversions(None, D(8000), D("0.5"), None, D("0.5"), None))
    assert (half.customers, half.arrivals, half.invitations, half.visits) == (10, None, None, None)
    assert half.missing == ("平台转化率", "拜访成交率")
    without_fyc_rate = path_from_income(
        D(10000),
        PARTS,
        allowance_rate=D("0.15"),
        conversions=Conversions(None, D(8000), D(0), None, None, D("0.1")),
    )
    assert (without_fyc_rate.premium, without_fyc_rate.missing) == (None, ("FYC率",))


def test_the_conversions_come_from_the_parameters_of_the_institution() -> None:
    codes = ("fyc_rate", "platform_share", "arrival_rate")
    parameters = Parameters(
        Setting(code, D(number), date(2026, 1, 1), 1) for number, code in enumerate(codes)
    )
    found = conversions_of(parameters, path="/1/2/", premium_per_customer=D(9), platform_conversion=None)
    assert found == Conversions(D(0), D(9), D(1), None, D(2), None)


def test_the_capacity_gap_is_the_target_less_what_every_tier_sells() -> None:
    found = capacity(D(100000), [Tier("业务员", 10, D(5000)), Tier("主任", 2, D(12000))])
    assert (found.expected, found.gap) == (74000, 26000)
    assert capacity(D(10), [Tier("业务员", 1, D(25))]).gap == -15


def test_a_tier_without_productivity_makes_the_gap_unknown_unless_it_is_empty() -> None:
    unknown = capacity(D(100), [Tier("业务员", 10, D(5)), Tier("主任", 2, None)])
    assert (unknown.gap, unknown.missing) == (None, ("主任",))
    assert capacity(D(100), [Tier("业务员", 10, D(5)), Tier("主任", 0, None)]).gap == 50
