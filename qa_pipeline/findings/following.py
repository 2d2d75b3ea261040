"""What became of the commitments of an earlier meeting (I4): where each is taken up, and what is told of it.

Two small models that learned from excerpts of meetings whose every promise has a labelled fate
(``promises/``): a conditional logit over the utterances and "nowhere" (McFadden 1974) tells the place, and a
multinomial regression over the n-grams of what is said there tells the outcome. The weights are data
(following.npz), made by ``python -m qa_pipeline.findings.train_following``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.spelling import grams
from qa_pipeline.findings.taking_up import outcome_signals, places, told_of
from qa_pipeline.values.findings import Action, FollowUp
from qa_pipeline.values.vocabulary import Outcome

VERSION: Final = "following-1"
OUTCOMES: Final = (Outcome.KEPT, Outcome.NOT_KEPT, Outcome.UNCLEAR)
"""What may be told of a promise that is taken up, in the order of the weights."""
PARTS: Final = ("", "<", ">")
"""Marks of the n-grams of what is said itself, before and after."""
BESIDE_WEIGHT: Final = 0.4
"""What an n-gram of before and after counts for."""
SURER: Final = 2.0
"""Times as likely as nowhere the likeliest place must be."""
SURE: Final = 0.65
"""How likely an outcome must be to be told: nobody is said to have broken a promise by a guess."""
NEAR: Final = 1
"""Utterances beside the likeliest one that count as the same place: the question, a second breath."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FollowModel:
    """Weights of both models, of signals less ``mean`` over ``scale``."""

    place_mean: Matrix
    place_scale: Matrix
    place_weights: Matrix
    nowhere_weights: Matrix
    vocabulary: tuple[str, ...]
    idf: Matrix
    gram_weights: Matrix
    """(n-grams, outcomes)."""
    told_mean: Matrix
    told_scale: Matrix
    told_weights: Matrix
    """(signals, outcomes)."""
    bias: Matrix
    version: str = VERSION

    def place(self, signals: NDArray[np.float64], nowhere: NDArray[np.float64]) -> NDArray[np.float64]:
        """(spoken + 1,): how likely each utterance takes the promise up, and last that none does."""
        logits = (signals - self.place_mean) / self.place_scale @ self.place_weights
        logits = np.append(logits, nowhere @ self.nowhere_weights)
        odds = np.exp(logits - logits.max())
        likely: NDArray[np.float64] = odds / odds.sum()
        return likely

    def outcome(self, told: tuple[str, str, str], signals: NDArray[np.float64]) -> Outcome:
        """Of what ``told_of`` and ``outcome_signals`` give."""
        logits = (signals - self.told_mean) / self.told_scale @ self.told_weights + self.bias
        for row, value in self.weighed(told).items():
            logits = logits + value * self.gram_weights[row]
        odds = np.exp(logits - logits.max())
        best = int(np.argmax(odds))
        return OUTCOMES[best] if odds[best] >= SURE * odds.sum() else Outcome.UNCLEAR

    def weighed(self, told: tuple[str, str, str]) -> dict[int, float]:
        """Row of the vocabulary -> tf-idf (sublinear), of length one in each of the three parts."""
        values: dict[int, float] = {}
        for part, text in zip(PARTS, told, strict=True):
            met = Counter(row for gram in grams(text) if (row := self._rows.get(part + gram)) is not None)
            mass = {row: float((1 + np.log(times)) * self.idf[row]) for row, times in met.items()}
            norm = float(np.sqrt(sum(value**2 for value in mass.values()))) or 1.0
            weight = BESIDE_WEIGHT if part else 1.0
            values.update((row, weight * value / norm) for row, value in mass.items())
        return values

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.vocabulary)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What following.npz holds."""
        return {
            "place_mean": self.place_mean,
            "place_scale": self.place_scale,
            "place_weights": self.place_weights,
            "nowhere_weights": self.nowhere_weights,
            "vocabulary": np.frombuffer("\n".join(self.vocabulary).encode(), dtype=np.uint8),
            "idf": self.idf.astype(np.float16),
            "gram_weights": self.gram_weights.astype(np.float16),
            "told_mean": self.told_mean,
            "told_scale": self.told_scale,
            "told_weights": self.told_weights,
            "bias": self.bias,
            "version": np.frombuffer(self.version.encode(), dtype=np.uint8),
        }


def load(file: IO[bytes]) -> FollowModel:
    """Read a model written from ``FollowModel.arrays``."""
    with np.load(file, allow_pickle=False) as data:
        held = {name: data[name] for name in data.files}
    return FollowModel(
        **{name: held[name].astype(np.float32) for name in held.keys() - {"vocabulary", "version"}},
        vocabulary=tuple(held["vocabulary"].tobytes().decode().split("\n")),
        version=held["version"].tobytes().decode(),
    )


@cache
def follow_model() -> FollowModel:
    """The shipped model, loaded once. It is part of the package."""
    with (files("qa_pipeline.findings") / "following.npz").open("rb") as file:
        return load(file)


def follow_up(
    reading: Reading, actions: Sequence[Action], *, model: FollowModel | None = None
) -> tuple[FollowUp, ...]:
    """What the meeting tells of each promise, in their order. Only in part done is not kept; what is
    hedged or does not tell is unclear."""
    model, actions = model or follow_model(), tuple(actions)
    return tuple(
        FollowUp(action=action, outcome=Outcome.NOT_MENTIONED)
        if where is None
        else FollowUp(
            action=action,
            outcome=model.outcome(told_of(reading, action, where), outcome_signals(reading, action, where)),
            evidence=reading.proof([*_question(reading, where), where]),
        )
        for action, where in zip(actions, taken_up(reading, actions, model=model), strict=True)
    )


@lru_cache(maxsize=4)
def taken_up(reading: Reading, actions: tuple[Action, ...], *, model: FollowModel) -> tuple[int | None, ...]:
    """The utterance that tells most of each promise, None where nobody speaks of it."""
    if not actions or not reading.spoken:
        return (None,) * len(actions)
    found = []
    for signals, nowhere in places(reading, actions):
        likely = model.place(signals, nowhere)
        best = int(np.argmax(likely[:-1]))
        there = likely[:-1][max(0, best - NEAR) : best + NEAR + 1].sum()
        found.append(reading.spoken[best] if there > SURER * likely[-1] else None)
    return tuple(found)


def _question(reading: Reading, answer: int) -> tuple[int, ...]:
    return tuple(e.question for e in reading.exchanges if answer in e.answers)[-1:]
