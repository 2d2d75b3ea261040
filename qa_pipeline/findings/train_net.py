"""Learn the network of ``net``: logistic loss over all acts, AdamW (Loshchilov and Hutter 2019) with a rate
that rises and falls (one cycle, Smith 2018), dropout (Srivastava et al. 2014). Deterministic, about one
minute on one core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from qa_pipeline.findings.net import FILTERS, SIDE, WIDTHS, Matrix, Net, Pass, Spelt, Weights
from qa_pipeline.findings.spelling import plain, sound

CHARACTER, SOUND, LAYER = 64, 32, 96
"""Sizes of the vectors and of each layer."""
LEAST_TELLINGS: Final = 12
"""In so many tellings a character must occur to have a vector of its own."""
EPOCHS: Final = 5
TOGETHER: Final = 4
"""Tellings between two steps."""
RATE: Final = 2.5e-3
RISING: Final = 0.15
"""Share of the steps in which the rate rises."""
DECAY: Final = 1e-2
STEEPEST: Final = 1.0
"""A longer slope is cut to this length."""
UNHEARD: Final = 0.08
"""Share of the characters of which only the sound is told while learning."""


def learn(texts: Sequence[Sequence[str]], signals: Sequence[Matrix], labels: Sequence[Matrix]) -> Net:
    """From tellings of meetings: their texts, (utterances, signals) and (utterances, acts); NaN: not known,
    nothing is learned from it."""
    random = np.random.default_rng(0)
    spread = Counter(char for telling in texts for char in {c for text in telling for c in plain(text)})
    characters = "".join(sorted(char for char, count in spread.items() if count >= LEAST_TELLINGS))
    sounds = tuple(sorted({sound(char) for char in spread}))
    weights = _begin(len(characters), len(sounds), signals[0].shape[1], labels[0].shape[1], random)
    net = Net(characters=characters, sounds=sounds, weights=weights)
    spelt = [net.spelt(telling) for telling in texts]
    steps = EPOCHS * -(-len(texts) // TOGETHER)
    mean = {name: np.zeros_like(each) for name, each in weights.items()}
    square = {name: np.zeros_like(each) for name, each in weights.items()}
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(texts))
        for begin in range(0, len(order), TOGETHER):
            slopes = {name: np.zeros_like(each) for name, each in weights.items()}
            for place in order[begin : begin + TOGETHER].tolist():
                heard = _half_heard(spelt[place], random)
                add_slopes(slopes, Pass(weights, heard, signals[place], random), labels[place], weights)
            step += 1
            _step(weights, slopes, mean, square, step, _rate(step / steps))
    return net


def _begin(characters: int, sounds: int, signals: int, acts: int, random: np.random.Generator) -> Weights:
    """Vectors from a normal distribution; what is multiplied evenly within 1/sqrt(inputs) to either side."""

    def layer(inputs: int, outputs: int, share: int = 1) -> Matrix:
        bound = 1 / np.sqrt(inputs * share)
        return random.uniform(-bound, bound, (inputs, outputs)).astype(np.float32)

    def vectors(count: int, size: int) -> Matrix:
        return random.standard_normal((count + 1, size)).astype(np.float32)

    vector = CHARACTER + SOUND
    sizes = {
        "own": (len(WIDTHS) * FILTERS + signals, LAYER),
        "near": ((2 * SIDE + 1) * LAYER, LAYER),
        "far": ((2 * SIDE + 1) * LAYER, LAYER),
        "act": (2 * LAYER, acts),
    }
    return {
        "character": vectors(characters, CHARACTER),
        "sound": vectors(sounds, SOUND),
        "filters": np.hstack([layer(vector, width * FILTERS, width) for width in WIDTHS]),
        "filters_bias": np.zeros(len(WIDTHS) * FILTERS, dtype=np.float32),
        **{name: layer(*size) for name, size in sizes.items()},
        **{f"{name}_bias": np.zeros(size[1], dtype=np.float32) for name, size in sizes.items()},
    }


def _half_heard(spelt: Spelt, random: np.random.Generator) -> Spelt:
    """The same with some characters known by their sound alone: a second row of each kind."""
    kinds = len(spelt.characters)
    lost = random.random(len(spelt.places)) < UNHEARD
    return replace(
        spelt,
        characters=np.r_[spelt.characters, np.zeros(kinds, dtype=np.int64)],
        sounds=np.r_[spelt.sounds, spelt.sounds],
        places=spelt.places + kinds * lost,
    )


def add_slopes(slopes: Weights, way: Pass, labels: Matrix, weights: Weights) -> None:
    """Add the slope of the mean logistic loss of one telling, over ``TOGETHER`` of them, to each weight's."""
    told = 1 / (1 + np.exp(-np.clip(way.logits, -30, 30)))
    wrong = (np.nan_to_num(told - labels) / (labels.size * TOGETHER)).astype(np.float32)

    def back(name: str, inputs: Matrix, slope: Matrix) -> Matrix:
        slopes[name] += inputs.T @ slope
        slopes[f"{name}_bias"] += slope.sum(axis=0)
        result: Matrix = slope @ weights[name].T
        return result

    last = back("act", way.last, wrong) * way.kept_last
    around, own = last[:, :LAYER], last[:, LAYER:]
    far = back("far", way.beyond, around * (way.far > 0))
    near = around + _gathered(far) * way.kept_near
    own = own + _gathered(back("near", way.beside, near * (way.near > 0))) * way.kept_own
    seen = back("own", way.seen, own * (way.own > 0))
    found = (seen[:, : way.found.shape[1]] * way.kept_found).reshape(way.strongest.shape)
    _into_vectors(slopes, way, found, weights)


def _gathered(slope: Matrix) -> Matrix:
    """Back through ``beside``: what each row gave to those around it."""
    count, width = len(slope), slope.shape[1] // (2 * SIDE + 1)
    padded = np.zeros((count + 2 * SIDE, width), dtype=np.float32)
    for shift in range(2 * SIDE + 1):
        padded[shift : shift + count] += slope[:, shift * width : (shift + 1) * width]
    return padded[SIDE : SIDE + count]


def _into_vectors(slopes: Weights, way: Pass, found: Matrix, weights: Weights) -> None:
    """Back through the strongest answers only: all others had no part in what was found."""
    kinds = len(way.vectors)
    answers = np.zeros((kinds, sum(WIDTHS), FILTERS), dtype=np.float32)
    offset = 0
    for index, width in enumerate(WIDTHS):
        rows, filters = np.nonzero(way.strongest[:, index] >= 0)
        begins, slope = way.strongest[rows, index, filters], found[rows, index, filters]
        bias = np.bincount(filters, weights=slope, minlength=FILTERS)
        slopes["filters_bias"][index * FILTERS : (index + 1) * FILTERS] += bias.astype(np.float32)
        for step in range(width):
            cells = way.spelt.places[begins + step] * FILTERS + filters
            added = np.bincount(cells, weights=slope, minlength=kinds * FILTERS)
            answers[:, offset + step] = added.reshape(kinds, FILTERS)
        offset += width
    flat = answers.reshape(kinds, -1)
    slopes["filters"] += way.vectors.T @ flat
    vectors = flat @ weights["filters"].T * way.kept_vectors
    np.add.at(slopes["character"], way.spelt.characters, vectors[:, :CHARACTER])
    np.add.at(slopes["sound"], way.spelt.sounds, vectors[:, CHARACTER:])


def _rate(done: float) -> float:
    """The learning rate when so much (0-1) is done: up along a half cosine, down along another."""
    begin, end, part = 1 / 25, 1.0, done / RISING
    if done >= RISING:
        begin, end, part = 1.0, 4e-6, (done - RISING) / (1 - RISING)
    return RATE * (end + (begin - end) * (1 + float(np.cos(np.pi * part))) / 2)


def _step(weights: Weights, slopes: Weights, mean: Weights, square: Weights, step: int, rate: float) -> None:
    """One of AdamW, with its usual constants."""
    length = float(np.sqrt(sum(float((slope**2).sum()) for slope in slopes.values())))
    shrink = min(1.0, STEEPEST / (length + 1e-6))
    for name, weight in weights.items():
        slope: Any = slopes[name] * np.float32(shrink)
        mean[name] += 0.1 * (slope - mean[name])
        square[name] += 0.001 * (slope**2 - square[name])
        wide = np.sqrt(square[name] / (1 - 0.999**step)) + 1e-8
        weight *= 1 - rate * DECAY
        weight -= rate * (mean[name] / (1 - 0.9**step)) / wide
