"""The shipped rules: which action a customer's state leads to, with reason, due date and limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.customers.parameters import CustomerParameters
from models.customers.quadrant import Quadrant, quadrant
from models.customers.temperature import TemperatureLevel, temperature_level
from models.navigator.advice import advise
from models.navigator.conditions import CONDITIONS, CustomerState, When, facts
from models.navigator.rules import load_rules

DAY = date(2026, 11, 20)
RULES = load_rules()
DEFAULTS = CustomerParameters()


def state(value: int | None = None, warmth: int | None = None, **more: object) -> CustomerState:
    v = None if value is None else Decimal(value)
    t = None if warmth is None else Decimal(warmth)
    bare = CustomerState(
        customer_id=1,
        agent_id=2,
        on=DAY,
        last_contact_on=DAY,
        value=v,
        temperature=t,
        level=temperature_level(t, parameters=DEFAULTS),
        quadrant=quadrant(v, t, parameters=DEFAULTS),
    )
    return replace(bare, **more)  # type: ignore[arg-type]


CASES = {
    "complaint": (state(80, 80, has_gap=True, complaint_open=True), "service_visit"),
    "cooling off": (state(80, 80, has_gap=True, cooling_off=True), "service_visit"),
    "HH with a gap": (state(80, 80, has_gap=True), "add_on_interview"),
    "HH near renewal": (state(80, 80, renewal_on=DAY + timedelta(days=30)), "add_on_interview"),
    "HL": (state(80, 20), "invite_warmup"),
    "LH with potential": (state(20, 80, potential=Decimal(60)), "invite_high_potential"),
    "attended unsigned": (state(attended_unsigned_on=DAY - timedelta(days=3)), "after_event_visit"),
    "ninety days of silence": (state(last_contact_on=DAY - timedelta(days=90)), "care_call"),
    "LL": (state(20, 20), "standard_service"),
}


@pytest.mark.parametrize(("given_state", "rule"), CASES.values(), ids=CASES)
def test_each_of_the_seven_rules_applies_to_its_state(given_state: CustomerState, rule: str) -> None:
    advice = advise(given_state, RULES)
    assert advice is not None
    assert advice.rule == rule


def test_the_shipped_priorities_are_those_of_the_dossier() -> None:
    assert [rule.id for rule in RULES.rules] == [
        "service_visit",
        "add_on_interview",
        "invite_warmup",
        "invite_high_potential",
        "after_event_visit",
        "care_call",
        "standard_service",
    ]


@pytest.mark.parametrize(
    "given_state",
    [
        state(80, 80),
        state(80, 80, renewal_on=DAY + timedelta(days=31)),
        state(80, 80, renewal_on=DAY - timedelta(days=1)),
        state(80, 80, has_gap=False),
        state(20, 80, potential=Decimal(59)),
        state(20, 80),
        state(attended_unsigned_on=DAY - timedelta(days=4)),
        state(last_contact_on=DAY - timedelta(days=89)),
        state(80, None),
        state(None, 20),
        state(cooling_off=None),
    ],
)
def test_just_outside_a_condition_or_unknown_nothing_is_recommended(given_state: CustomerState) -> None:
    assert advise(given_state, RULES) is None


def test_the_reason_states_the_facts_and_what_else_applies() -> None:
    advice = advise(state(20, 12, attended_unsigned_on=DAY, last_contact_on=DAY - timedelta(days=91)), RULES)
    assert advice is not None
    assert advice.rule == "after_event_visit"
    assert advice.reason == (
        "2026-11-20 到场未签：到场未签的客户三天内回访，印象还在。"
        "另符合“关怀问候”“标准服务”，按优先级先做本项。"
    )
    assert advice.due_on == DAY + timedelta(days=1)
    both = advise(state(85, 71, renewal_on=date(2026, 12, 1), has_gap=True), RULES)
    assert both is not None
    assert both.reason.startswith("高价值高温度客户（价值 85，温度 71），2026-12-01 续期，有保障缺口：")


def test_who_must_not_be_contacted_gets_service_duties_only_and_it_says_why() -> None:
    for given_state, rule in CASES.values():
        advice = advise(replace(given_state, do_not_contact=True), RULES)
        if rule != "service_visit":
            assert advice is None
        else:
            assert advice is not None
            assert advice.contact_limit == (
                "客户已退订营销联系，仅限本项服务：处理投诉和犹豫期回访是必须履行的服务义务，不属于营销。"
            )


def test_a_resting_rule_leaves_the_turn_to_the_next() -> None:
    given_state = state(20, 20, last_contact_on=DAY - timedelta(days=100))
    first, second = advise(given_state, RULES), advise(given_state, RULES, resting={"care_call"})
    assert first is not None
    assert second is not None
    assert (first.rule, second.rule) == ("care_call", "standard_service")


OPERANDS = {
    "complaint_open": True,
    "cooling_off": False,
    "quadrant": ("HH",),
    "temperature_level": ("low",),
    "has_gap": False,
    "renewal_within_days": 30,
    "potential_at_least": 0,
    "attended_unsigned_within_days": 3650,
}


@pytest.mark.parametrize("name", sorted(set(CONDITIONS) - {"no_contact_for_days"}))
def test_an_unknown_state_never_matches(name: str) -> None:
    unknown = state(cooling_off=None)
    assert facts(When(((name, OPERANDS[name]),)), unknown) is None


@pytest.mark.parametrize(
    ("name", "operand", "fits", "fact"),
    [
        ("complaint_open", False, state(), "没有未结投诉"),
        ("cooling_off", False, state(), "没有保单在犹豫期内"),
        ("temperature_level", ("medium", "low"), state(10, 45), "中温客户（温度 45）"),
        ("has_gap", False, state(has_gap=False), "没有保障缺口"),
        ("quadrant", ("HL", "LL"), state(10, 45), "低价值低温度客户（价值 10，温度 45）"),
        ("no_contact_for_days", 3, state(last_contact_on=DAY - timedelta(days=7)), "已 7 天没有接触"),
        ("potential_at_least", 50, state(potential=Decimal(72)), "潜力 72"),
    ],
)
def test_a_condition_states_its_fact(name: str, operand: object, fits: CustomerState, fact: str) -> None:
    assert facts(When(((name, operand),)), fits) == (fact,)


scores = st.none() | st.integers(0, 100)


@given(value=scores, warmth=scores, potential=scores, quiet=st.integers(0, 400), complaint=st.booleans())
def test_the_highest_applicable_priority_always_wins(
    value: int | None, warmth: int | None, potential: int | None, quiet: int, complaint: bool
) -> None:
    customer = state(
        value,
        warmth,
        potential=None if potential is None else Decimal(potential),
        last_contact_on=DAY - timedelta(days=quiet),
        complaint_open=complaint,
    )
    applying = [rule for rule in RULES.rules if facts(rule.when, customer) is not None]
    advice = advise(customer, RULES)
    if not applying:
        assert advice is None
    else:
        assert advice is not None
        assert advice.rule == max(applying, key=lambda rule: rule.priority).id


def test_levels_and_quadrants_have_a_name_each() -> None:
    for level in TemperatureLevel:
        assert facts(When((("temperature_level", (level,)),)), state(1, 50, level=level)) is not None
    for place in Quadrant:
        assert facts(When((("quadrant", (place,)),)), state(1, 50, quadrant=place)) is not None
