"""The network that reads acts: its slopes are those of its loss, and it learns what it is shown."""

from __future__ import annotations

import numpy as np
import pytest

from qa_pipeline.findings import train_net
from qa_pipeline.findings.acts import act_model
from qa_pipeline.findings.net import LONGEST, Net, Pass
from qa_pipeline.findings.train_net import TOGETHER, add_slopes, learn

TALK = ("为什么没见？", "他没空。", "那你下周几去？", "周三去。", "好。", "")
SIGNALS = np.ones((len(TALK), 3), dtype=np.float32)
LABELS = np.array([[1, 0], [0, 0], [1, 0], [0, 1], [0, 0], [0, 0]], dtype=np.float32)


@pytest.fixture(scope="module")
def learned() -> Net:
    """Of many tellings in which a question is the first act, and what follows 「周几」 the second."""
    return learn([TALK] * 60, [SIGNALS] * 60, [LABELS] * 60)


def test_it_learns_what_it_is_shown(learned: Net) -> None:
    assert ((learned.logits(TALK, SIGNALS) > 0) == (LABELS > 0)).all()


def test_it_hears_a_character_of_the_same_sound(learned: Net) -> None:
    misheard = ("为什么煤见？", "它没空。", *TALK[2:])
    assert ((learned.logits(misheard, SIGNALS) > 0) == (LABELS > 0)).all()


def test_the_same_lessons_make_the_same_network(learned: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_net, "EPOCHS", 1)
    first, second = (learn([TALK] * 20, [SIGNALS] * 20, [LABELS] * 20) for _ in range(2))
    assert all((first.weights[name] == second.weights[name]).all() for name in first.weights)


@pytest.fixture(scope="module")
def half_learned() -> Net:
    """One that is still wrong enough to have slopes; each test leaves the weights as they were."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_net, "EPOCHS", 1)
        return learn([TALK] * 20, [SIGNALS] * 20, [LABELS] * 20)


@pytest.mark.parametrize("name", list(act_model().net.weights))
def test_each_slope_is_that_of_the_loss(name: str, half_learned: Net) -> None:
    """Uphill, with the same parts left out: by the slopes, and by taking a step to either side."""
    spelt = half_learned.spelt(TALK)

    def way() -> Pass:
        return Pass(half_learned.weights, spelt, SIGNALS, np.random.default_rng(7))

    def loss() -> float:
        logits = way().logits.astype(np.float64)
        return float((np.logaddexp(0, logits) - LABELS * logits).mean()) / TOGETHER

    slopes = {each: np.zeros_like(weights) for each, weights in half_learned.weights.items()}
    add_slopes(slopes, way(), LABELS, half_learned.weights)
    weights = half_learned.weights[name]
    kept = weights.copy()
    direction = slopes[name] / np.abs(slopes[name]).max()
    step = np.float32(2e-4)
    ends = []
    for side in (1, -1):
        weights[:] = kept + side * step * direction
        ends.append(loss())
    weights[:] = kept
    expected = float((slopes[name] * direction).sum())
    assert expected > 0
    assert (ends[0] - ends[1]) / (2 * float(step)) == pytest.approx(expected, rel=0.03)


def test_of_a_long_utterance_both_ends_are_read() -> None:
    net = act_model().net
    spelt = net.spelt(["我" * 300 + "你", "好"])
    assert np.bincount(spelt.texts).tolist() == [LONGEST, len("^好$")]
    assert spelt.count == 2
