"""Temperature: interactions warm, warmth halves in thirty days, and it never passes 100."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.customers.parameters import CustomerParameters, customer_parameters
from models.customers.tables import InteractionKind
from models.customers.temperature import Contact, TemperatureLevel, temperature, temperature_level
from models.indicators.parameters import Parameters, Setting

DAY = date(2026, 11, 14)
WEIGHTED = CustomerParameters(
    weights={
        kind: Decimal(weight) for kind, weight in zip(InteractionKind, (30, 10, 2, 40, 20, 15), strict=True)
    }
)
NEGLIGIBLE = Decimal("1e-20")
contacts = st.lists(
    st.builds(
        Contact,
        st.sampled_from(InteractionKind),
        st.integers(0, 500).map(lambda days: DAY - timedelta(days=days)),
    ),
    max_size=12,
)


def warmth(of: list[Contact], on: date = DAY) -> Decimal:
    value = temperature(of, on=on, parameters=WEIGHTED).value
    assert value is not None
    return value


def test_a_visit_warms_by_its_weight_and_half_of_it_is_left_after_thirty_days() -> None:
    visit = [Contact(InteractionKind.VISIT, DAY)]
    assert warmth(visit) == 30
    assert warmth(visit, DAY + timedelta(days=30)) == 15
    assert warmth(visit, DAY + timedelta(days=60)) == Decimal("7.5")


def test_without_contacts_the_relation_is_cold_and_a_later_contact_does_not_count_yet() -> None:
    assert warmth([]) == 0
    assert warmth([Contact(InteractionKind.VISIT, DAY + timedelta(days=1))]) == 0


@given(contacts, st.integers(0, 200), st.integers(0, 200))
def test_warmth_only_falls_while_nothing_happens(of: list[Contact], early: int, more: int) -> None:
    before = warmth(of, DAY + timedelta(days=early))
    assert warmth(of, DAY + timedelta(days=early + more)) <= before


@given(contacts)
def test_warmth_stays_between_0_and_100(of: list[Contact]) -> None:
    assert 0 <= warmth(of) <= 100


@given(contacts, contacts)
def test_warmth_adds_up_until_the_cap(one: list[Contact], other: list[Contact]) -> None:
    together = warmth(one + other)
    assert abs(together - min(Decimal(100), warmth(one) + warmth(other))) < NEGLIGIBLE


@given(contacts)
def test_one_more_contact_never_cools(of: list[Contact]) -> None:
    assert warmth([*of, Contact(InteractionKind.CALL, DAY)]) >= warmth(of)


def test_a_missing_weight_makes_the_temperature_unknown_and_is_named() -> None:
    half_set = CustomerParameters(weights={InteractionKind.VISIT: Decimal(30)})
    found = temperature(
        [Contact(InteractionKind.VISIT, DAY), Contact(InteractionKind.CALL, DAY)], on=DAY, parameters=half_set
    )
    assert found.value is None
    assert found.missing == ("interaction_weight.call",)
    assert temperature([Contact(InteractionKind.VISIT, DAY)], on=DAY, parameters=half_set).value == 30


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("100", TemperatureLevel.HIGH),
        ("60", TemperatureLevel.HIGH),
        ("59.99", TemperatureLevel.MEDIUM),
        ("40", TemperatureLevel.MEDIUM),
        ("39.99", TemperatureLevel.LOW),
        ("0", TemperatureLevel.LOW),
    ],
)
def test_levels_begin_at_60_and_40(value: str, level: TemperatureLevel) -> None:
    assert temperature_level(Decimal(value), parameters=CustomerParameters()) == level


def test_an_unknown_temperature_has_no_level() -> None:
    assert temperature_level(None, parameters=CustomerParameters()) is None


def test_parameters_override_the_defaults_and_weights_have_none() -> None:
    day = date(2026, 1, 1)
    rows = [
        Setting("temperature_level.medium", Decimal(30), day),
        Setting("temperature_half_life_days", Decimal(15), day),
        Setting("interaction_weight.visit", Decimal(25), day),
        Setting("interaction_weight.visit", Decimal(28), day, institution_id=7),
    ]
    found = customer_parameters(Parameters(rows), path="/1/7/")
    assert (found.level_high, found.level_medium, found.half_life) == (60, 30, 15)
    assert found.weights == {InteractionKind.VISIT: Decimal(28)}
    assert temperature(
        [Contact(InteractionKind.VISIT, DAY - timedelta(days=15))], on=DAY, parameters=found
    ).value == Decimal(14)
