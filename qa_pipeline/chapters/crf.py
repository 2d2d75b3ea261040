"""A linear-chain conditional random field over utterances, with features on the change between two.

For a label sequence y of U utterances, with K labels:

    score(y) = sum_u emission[u, y_u] + sum_{u >= 1, y_u != y_{u-1}} (entry[u, y_u] + change[y_{u-1}, y_u])

Staying costs nothing, so the score does not depend on how finely the speech was cut, provided that emissions
are weighed by the length of the utterances. ``emission`` and ``entry`` are (U, K), ``change`` is (K, K); in a
batch of B meetings padded to the longest they are (B, U, K). All are logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
IMPOSSIBLE: Final = -1e6
"""The emission of a label that cannot be."""


def viterbi(emission: Floats, entry: Floats, change: Floats) -> NDArray[np.int64]:
    """The best label sequence (U,)."""
    steps, labels = emission.shape
    ways = np.empty((steps, labels, labels))
    best = emission[0]
    for u in range(1, steps):
        np.add(best[:, None] + change, entry[u], out=ways[u])
        ways[u].flat[:: labels + 1] = best
        best = np.maximum.reduce(ways[u]) + emission[u]
    back = ways.argmax(axis=1)
    path = np.empty(steps, dtype=np.int64)
    path[-1] = best.argmax()
    for u in range(steps - 1, 0, -1):
        path[u - 1] = back[u, path[u]]
    return path


def posterior(emission: Floats, entry: Floats, change: Floats) -> tuple[Floats, float]:
    """The probability of each label at each utterance (U, K), and log Z."""
    top = emission.max(axis=1)
    local = np.exp(emission - top[:, None])
    step = _steps(entry, change) * local[:, None, :]
    forward = np.empty_like(emission)
    backward = np.empty_like(emission)
    scale = np.empty(len(emission))
    state = local[0]
    scale[0] = state.sum()
    forward[0] = state / scale[0]
    for u in range(1, len(emission)):
        state = forward[u - 1] @ step[u]
        scale[u] = state.sum()
        forward[u] = state / scale[u]
    backward[-1] = 1.0
    for u in range(len(emission) - 1, 0, -1):
        backward[u - 1] = step[u] @ backward[u] / scale[u]
    return forward * backward, float(np.log(scale).sum() + top.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """``log_z`` (B,); ``label`` and ``entry`` (B, U, K): the probability to be in a label, and to enter it
    from another; ``change`` (K, K): the expected number of changes in the whole batch."""

    log_z: Floats
    label: Floats
    entry: Floats
    change: Floats


def expectations(
    emission: Floats, entry: Floats, change: Floats, *, lengths: NDArray[np.int64]
) -> Expectations:
    """What training needs, over a padded batch; what lies past a meeting's length is ignored."""
    batch, steps, labels = emission.shape
    different = ~np.eye(labels, dtype=bool)
    inside = np.arange(steps)[None, :] < lengths[:, None]
    top = emission.max(axis=2)
    local = np.where(inside[:, :, None], np.exp(emission - top[:, :, None]), 1.0)
    step = np.where(inside[:, :, None, None], _steps(entry, change), np.eye(labels))
    forward = np.empty((batch, steps, labels))
    scale = np.empty((batch, steps))
    state = local[:, 0]
    for u in range(steps):
        if u:
            state = np.einsum("bi,bij->bj", forward[:, u - 1], step[:, u]) * local[:, u]
        scale[:, u] = state.sum(axis=1)
        forward[:, u] = state / scale[:, u, None]
    backward = np.ones((batch, labels))
    label = np.empty_like(forward)
    enter = np.zeros_like(forward)
    changes = np.zeros((labels, labels))
    label[:, -1] = forward[:, -1]
    for u in range(steps - 1, 0, -1):
        ahead = backward * local[:, u] / scale[:, u, None]
        pair = forward[:, u - 1, :, None] * step[:, u] * ahead[:, None, :]
        pair = np.where(different & inside[:, u, None, None], pair, 0.0)
        enter[:, u] = pair.sum(axis=1)
        changes += pair.sum(axis=0)
        backward = np.einsum("bij,bj->bi", step[:, u], ahead)
        label[:, u - 1] = forward[:, u - 1] * backward
    log_z = np.log(scale).sum(axis=1) + np.where(inside, top, 0.0).sum(axis=1)
    return Expectations(log_z=log_z, label=label, entry=enter, change=changes)


def _steps(entry: Floats, change: Floats) -> Floats:
    """exp of the cost to go from one label to the next, (…, U, K, K)."""
    different = ~np.eye(change.shape[0], dtype=bool)
    return np.where(different, np.exp(change + entry[..., None, :]), 1.0)
