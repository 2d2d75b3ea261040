"""A small convolutional network over characters and their sounds, and over the utterances around.

Each character of an utterance becomes a vector (its own and its sound's, so that a misheard one keeps part of
it); filters look at every two, three and four of them in a row, and the strongest answer of each filter over
the utterance is kept (Kim 2014, "Convolutional Neural Networks for Sentence Classification"). With the
signals of form and place that makes the utterance's own vector; two more layers see two utterances to each
side of it. It is a first reader beside the n-grams (see ``acts``): it learns what words are alike, they what
was said word for word. numpy alone reads it and learns it (``train_net``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.findings.spelling import plain, sound

Matrix = NDArray[np.float32]
Ints = NDArray[np.int64]
Weights = dict[str, Matrix]

WIDTHS: Final = (2, 3, 4)
"""How many characters a filter looks at."""
FILTERS: Final = 96
"""Of each width."""
LONGEST: Final = 80
"""Of a longer utterance as many characters are read, half from its begin and half from its end."""
AT_ONCE: Final = 64
"""Texts that filters slide over together: what they answer stays in the processor's cache."""
SIDE: Final = 2
"""Utterances to each side that one layer sees."""


@dataclass(frozen=True, slots=True)
class Spelt:
    """Some texts as the network gets them. ``characters`` and ``sounds`` (kinds of character,) are rows of
    the vectors; ``places`` (characters,) says of which kind each character of the texts is, ``texts`` in
    which of the ``count`` texts it stands."""

    characters: Ints
    sounds: Ints
    places: Ints
    texts: Ints
    count: int


@dataclass(frozen=True)
class Net:
    """``weights`` by name, as `learn` makes them. Row 0 of the vectors is for what is not known, the others
    are in the order of ``characters`` and ``sounds``."""

    characters: str
    sounds: tuple[str, ...]
    weights: Weights

    @cached_property
    def _rows(self) -> tuple[dict[str, int], dict[str, int]]:
        return (
            {char: row for row, char in enumerate(self.characters, 1)},
            {one: row for row, one in enumerate(self.sounds, 1)},
        )

    def spelt(self, texts: Sequence[str]) -> Spelt:
        cut = [_shortened(plain(text)) for text in texts]
        kinds, places = np.unique(np.array(list("".join(cut))), return_inverse=True)
        characters, sounds = self._rows
        return Spelt(
            characters=np.array([characters.get(char, 0) for char in kinds.tolist()], dtype=np.int64),
            sounds=np.array([sounds.get(sound(char), 0) for char in kinds.tolist()], dtype=np.int64),
            places=places.astype(np.int64),
            texts=np.repeat(np.arange(len(cut)), [len(text) for text in cut]),
            count=len(cut),
        )

    def logits(self, texts: Sequence[str], signals: Matrix) -> Matrix:
        """(utterances, acts)."""
        return Pass(self.weights, self.spelt(texts), signals).logits

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file holds; see `net_from`."""
        words = {"characters": self.characters, "sounds": "\n".join(self.sounds)}
        return {
            **{f"net_{name}": np.frombuffer(text.encode(), dtype=np.uint8) for name, text in words.items()},
            **{f"net_{name}": weights.astype(np.float16) for name, weights in self.weights.items()},
        }


def net_from(arrays: dict[str, NDArray[Any]]) -> Net:
    """Read what `Net.arrays` wrote; raises KeyError where something is missing."""
    mine = {name.removeprefix("net_"): array for name, array in arrays.items() if name.startswith("net_")}
    characters, sounds = (mine.pop(name).tobytes().decode() for name in ("characters", "sounds"))
    weights = {name: array.astype(np.float32) for name, array in mine.items()}
    return Net(characters=characters, sounds=tuple(sounds.split("\n")), weights=weights)


class Pass:
    """One way through the network, with all that is needed to go back (``train_net``). With ``random`` parts
    of vectors, answers and layers are left out (dropout); without it only reads."""

    def __init__(
        self, weights: Weights, spelt: Spelt, signals: Matrix, random: np.random.Generator | None = None
    ) -> None:
        self.spelt, self.signals, self.random = spelt, signals, random
        vectors = np.hstack([weights["character"][spelt.characters], weights["sound"][spelt.sounds]])
        self.kept_vectors = self._kept(vectors.shape, 0.2)
        self.vectors: Matrix = vectors * self.kept_vectors
        answers = (self.vectors @ weights["filters"]).reshape(len(vectors), -1, FILTERS)
        self.strongest = np.full((spelt.count, len(WIDTHS), FILTERS), -1)
        """Where in the texts each filter answered most, -1: nowhere above 0."""
        found = np.zeros((spelt.count, len(WIDTHS), FILTERS), dtype=np.float32)
        offset = 0
        for index, width in enumerate(WIDTHS):
            bias = weights["filters_bias"][index * FILTERS : (index + 1) * FILTERS]
            self._slide(answers[:, offset : offset + width], bias, found, index, width)
            offset += width
        self.found = found.reshape(spelt.count, -1)
        self.kept_found = self._kept(self.found.shape, 0.4)
        self.seen = np.hstack([self.found * self.kept_found, signals])
        self.own = np.maximum(self.seen @ weights["own"] + weights["own_bias"], 0)
        self.kept_own = self._kept(self.own.shape, 0.4)
        self.beside = beside(self.own * self.kept_own)
        self.near = np.maximum(self.beside @ weights["near"] + weights["near_bias"], 0)
        self.kept_near = self._kept(self.near.shape, 0.4)
        self.beyond = beside(self.near * self.kept_near)
        self.far = np.maximum(self.beyond @ weights["far"] + weights["far_bias"], 0)
        last = np.hstack([self.near + self.far, self.own])
        self.kept_last = self._kept(last.shape, 0.4)
        self.last = last * self.kept_last
        self.logits: Matrix = self.last @ weights["act"] + weights["act_bias"]

    def _kept(self, shape: tuple[int, ...], drop: float) -> Matrix:
        if self.random is None:
            return np.ones((1, 1), dtype=np.float32)
        stays = self.random.random(shape, dtype=np.float32) >= drop
        return stays.astype(np.float32) / np.float32(1 - drop)

    def _slide(self, answers: Matrix, bias: Matrix, found: Matrix, index: int, width: int) -> None:
        """The strongest answer to ``width`` characters in a row within each text, above 0."""
        texts = self.spelt.texts
        begins = np.flatnonzero(texts[: len(texts) - width + 1] == texts[width - 1 :])
        edges = np.flatnonzero(np.diff(texts[begins], prepend=-1))
        parts = [np.ascontiguousarray(answers[:, step]) for step in range(width)]
        for some in range(0, len(edges), AT_ONCE):
            inside = edges[some : some + AT_ONCE]
            last = edges[some + AT_ONCE] if some + AT_ONCE < len(edges) else len(begins)
            self._strongest(parts, bias, found, index, begins[inside[0] : last], inside - inside[0])

    def _strongest(
        self, parts: list[Matrix], bias: Matrix, found: Matrix, index: int, begins: Ints, edges: Ints
    ) -> None:
        """The same for some texts: where each window ``begins``, and at which of the ``edges`` a text."""
        texts, places = self.spelt.texts, self.spelt.places
        total = parts[0].take(places[begins], axis=0)
        for step, part in enumerate(parts[1:], 1):
            total += part.take(places[begins + step], axis=0)
        most = np.maximum.reduceat(total, edges, axis=0)
        found[texts[begins[edges]], index] = np.maximum(most + bias, 0)
        if self.random is not None:
            sizes = np.diff(edges, append=len(begins))
            above = np.repeat(most + bias > 0, sizes, axis=0)
            rows, filters = np.nonzero(above & (total == np.repeat(most, sizes, axis=0)))
            # Of several as strong ones the first: written last.
            self.strongest[texts[begins[rows[::-1]]], index, filters[::-1]] = begins[rows[::-1]]


def beside(rows: Matrix) -> Matrix:
    """Each row with those ``SIDE`` before and after it: (rows, (2 SIDE + 1) x width)."""
    padded = np.pad(rows, ((SIDE, SIDE), (0, 0)))
    return np.hstack([padded[shift : shift + len(rows)] for shift in range(2 * SIDE + 1)])


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST // 2] + text[-LONGEST // 2 :]
