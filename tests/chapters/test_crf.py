"""The random field against enumeration of every label sequence."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_pipeline.chapters import crf
from qa_pipeline.chapters.crf import Floats


class Scores(NamedTuple):
    emission: Floats
    entry: Floats
    change: Floats


@st.composite
def scores(draw: st.DrawFn) -> Scores:
    steps, labels = draw(st.integers(1, 5)), draw(st.integers(2, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from((0.1, 1.0, 5.0)))
    return Scores(
        random.normal(size=(steps, labels)) * scale,
        random.normal(size=(steps, labels)) * scale,
        random.normal(size=(labels, labels)) * scale,
    )


def score(given: Scores, path: tuple[int, ...]) -> float:
    """The definition at the top of crf.py, word by word."""
    total = sum(given.emission[u, label] for u, label in enumerate(path))
    for u, (before, after) in enumerate(itertools.pairwise(path), 1):
        if before != after:
            total += given.entry[u, after] + given.change[before, after]
    return float(total)


def every_path(given: Scores) -> dict[tuple[int, ...], float]:
    steps, labels = given.emission.shape
    return {path: score(given, path) for path in itertools.product(range(labels), repeat=steps)}


@given(scores())
@settings(max_examples=60)
def test_viterbi_finds_a_path_that_none_surpasses(given: Scores) -> None:
    path = tuple(int(label) for label in crf.viterbi(*given))
    paths = every_path(given)
    assert paths[path] == pytest.approx(max(paths.values()))


@given(scores())
@settings(max_examples=60)
def test_posterior_sums_over_all_paths(given: Scores) -> None:
    label, log_z = crf.posterior(*given)
    paths = every_path(given)
    total = np.logaddexp.reduce(list(paths.values()))
    assert log_z == pytest.approx(total)
    expected = np.zeros_like(label)
    for path, value in paths.items():
        expected[np.arange(len(path)), path] += np.exp(value - total)
    assert label == pytest.approx(expected)


@given(scores(), scores())
@settings(max_examples=40)
def test_expectations_of_a_padded_batch_are_those_of_its_meetings(one: Scores, other: Scores) -> None:
    labels = min(one.emission.shape[1], other.emission.shape[1])
    change = one.change[:labels, :labels]
    rows = [Scores(s.emission[:, :labels], s.entry[:, :labels], change) for s in (one, other)]
    lengths = np.array([len(s.emission) for s in rows])
    padded = [np.full((2, lengths.max(), labels), 7.0) for _ in range(2)]
    for i, row in enumerate(rows):
        padded[0][i, : lengths[i]], padded[1][i, : lengths[i]] = row.emission, row.entry
    found = crf.expectations(padded[0], padded[1], change, lengths=lengths)
    changes = np.zeros((labels, labels))
    for i, row in enumerate(rows):
        label, log_z = crf.posterior(*row)
        assert found.log_z[i] == pytest.approx(log_z)
        assert found.label[i, : lengths[i]] == pytest.approx(label)
        entered = np.zeros_like(label)
        for path, value in every_path(row).items():
            for u, (before, after) in enumerate(itertools.pairwise(path), 1):
                if before != after:
                    entered[u, after] += np.exp(value - log_z)
                    changes[before, after] += np.exp(value - log_z)
        assert found.entry[i, : lengths[i]] == pytest.approx(entered, abs=1e-9)
    assert found.change == pytest.approx(changes, abs=1e-9)


def test_an_impossible_label_is_never_chosen_and_has_no_probability() -> None:
    emission = np.zeros((4, 3))
    emission[:, 2] = crf.IMPOSSIBLE
    entry, change = np.full((4, 3), 3.0), np.zeros((3, 3))
    assert 2 not in crf.viterbi(emission, entry, change)
    assert crf.posterior(emission, entry, change)[0][:, 2].max() == 0.0
