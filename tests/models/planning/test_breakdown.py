"""Breaking a target down to those below: exact sums, the buffer, the unassigned rest (R27)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import ScopeKind
from models.planning.breakdown import (
    FEN,
    WHOLE,
    Base,
    buffer_at,
    required,
    shares,
    split,
    step_of,
    unassigned,
)
from qa_pipeline.errors import InputError

D = Decimal
BUFFER = D("0.05")

steps = st.sampled_from([FEN, WHOLE])
counts = st.integers(min_value=0, max_value=10**12)
buffers = st.decimals(min_value=0, max_value=1, places=4)
weights = st.lists(st.decimals(min_value=0, max_value=10**6, places=4), min_size=1, max_size=30)


@given(counts, weights, steps)
def test_r27_a_split_sums_to_its_total_and_no_part_is_a_step_off(
    count: int, given_weights: list[Decimal], step: Decimal
) -> None:
    whole = sum(given_weights)
    if not whole:
        return
    total = count * step
    parts = split(total, dict(enumerate(given_weights)), step=step)
    assert sum(parts.values()) == total
    for key, part in parts.items():
        assert part >= 0
        assert part % step == 0
        assert abs(part - total * given_weights[key] / whole) < step + D("1e-9")


@given(counts, st.lists(counts, max_size=30), buffers, steps)
def test_r27_any_children_with_the_unassigned_one_carry_the_parent_and_its_buffer(
    target_count: int, child_counts: list[int], buffer: Decimal, step: Decimal
) -> None:
    target = target_count * step
    children = [count * step for count in child_counts]
    rest = unassigned(target, children, buffer=buffer, step=step)
    assert rest >= 0
    assert rest % step == 0
    assert sum(children) + rest >= target * (1 + buffer) >= target
    if rest:
        assert sum(children) + rest == required(target, buffer=buffer, step=step), (
            "nothing more, nothing lost"
        )


@given(counts, weights, buffers, steps)
def test_r27_a_full_break_down_leaves_nothing_unassigned(
    count: int, given_weights: list[Decimal], buffer: Decimal, step: Decimal
) -> None:
    if not any(given_weights):
        return
    total = required(count * step, buffer=buffer, step=step)
    parts = split(total, dict(enumerate(given_weights)), step=step)
    assert unassigned(count * step, list(parts.values()), buffer=buffer, step=step) == 0


@pytest.mark.parametrize(
    ("above", "below", "buffer"),
    [
        (ScopeKind.INSTITUTION, {ScopeKind.INSTITUTION}, 0),
        (ScopeKind.INSTITUTION, {ScopeKind.OFFICE}, BUFFER),
        (ScopeKind.INSTITUTION, {ScopeKind.PERSON}, BUFFER),
        (ScopeKind.INSTITUTION, {ScopeKind.INSTITUTION, ScopeKind.OFFICE}, 0),
        (ScopeKind.OFFICE, {ScopeKind.PERSON}, 0),
    ],
)
def test_r28_the_buffer_counts_where_an_institutions_target_goes_to_its_teams(
    above: ScopeKind, below: set[ScopeKind], buffer: Decimal
) -> None:
    assert buffer_at(above, below, buffer=BUFFER) == buffer


def test_r27_what_is_required_is_rounded_up_to_what_can_be_given() -> None:
    assert required(D(10), buffer=BUFFER, step=WHOLE) == 11
    assert required(D("100.01"), buffer=BUFFER, step=FEN) == D("105.02")
    assert required(D(10), buffer=D(0), step=WHOLE) == 10


def test_r27_leftover_steps_go_to_the_largest_remainders() -> None:
    assert split(D(10), {"a": D(1), "b": D(1), "c": D(1)}, step=WHOLE) == {"a": 4, "b": 3, "c": 3}
    assert split(D("0.05"), {"a": D(1), "b": D(3)}, step=FEN) == {"a": D("0.01"), "b": D("0.04")}


@pytest.mark.parametrize("wrong", [{"a": D(0)}, {}, {"a": D(2), "b": D(-1)}])
def test_r27_weights_that_cannot_share_are_refused(wrong: dict[str, Decimal]) -> None:
    with pytest.raises(InputError, match="权重"):
        split(D(10), wrong, step=WHOLE)


def test_r27_money_is_split_to_the_fen_counts_to_one_and_rates_not_at_all() -> None:
    assert step_of("元") == FEN
    assert step_of("人") == WHOLE
    with pytest.raises(InputError, match="比率指标"):
        step_of("%")


def test_r28_a_teams_share_is_base_times_rank_times_market() -> None:
    found = shares({"a": Base(D(20000), D("1.2"), D(1)), "b": Base(D(10000), D(1), D("0.6"))})
    assert found == {"a": D("0.8"), "b": D("0.2")}


@pytest.mark.parametrize(
    ("base", "missing"),
    [
        (Base(None, D(1), D(1)), ("团队基础",)),
        (Base(D(1), None, None), ("职级系数", "市场系数")),
    ],
)
def test_r28_one_unknown_factor_makes_every_share_unknown(base: Base, missing: tuple[str, ...]) -> None:
    assert base.missing == missing
    assert shares({"a": Base(D(1), D(1), D(1)), "b": base}) is None


def test_r28_teams_without_any_base_have_no_shares() -> None:
    assert shares({"a": Base(D(0), D(1), D(1))}) is None
