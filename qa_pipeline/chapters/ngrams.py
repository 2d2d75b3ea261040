"""A transcript as one stream of characters, and its character and pinyin n-grams as hash buckets.

Punctuation and spaces are dropped and n-grams run across utterances, so the reading is the same with and
without punctuation and however the recogniser cut the speech. The pinyin channel survives homophones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.pinyin import syllable

BUCKETS: Final = 1 << 18
CHANNELS: Final = 6
"""n-grams that start at each character: character 1, 2, 3; syllable 2, 3; syllable, gap, syllable."""
FIRST_HAN: Final = 0x4E00
HANS: Final = 0x9FA6 - FIRST_HAN
NUMERALS: Final = "0123456789零一二三四五六七八九十百千万亿两"

DIALECT: Final = dict(
    zip(
        "喺冇嘅咁噉佢哋乜嘢咗仲睇畀俾嚟嗰唔啲瞓揾搵攞谂嗌咩覅侬勿弗忒啷",
        "在没的这这他们什么了还看给给来那不些睡找找拿想叫吗别你不不太怎",
        strict=True,
    )
)
"""Characters that only dialect is written with, and the standard ones of the same meaning: who writes 冇 is
learned from with all who write 没."""
_STANDARD: Final = str.maketrans(DIALECT)

Ints = NDArray[np.int64]


def standard(text: str) -> str:
    """The text with standard characters for those of dialect, one for one."""
    return text.translate(_STANDARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The letters, digits and Han characters of a transcript. ``codes`` are code points (C,), ``edges``
    (U + 1,) the character at which each utterance begins, and the end."""

    codes: Ints
    edges: Ints


def stream(texts: Sequence[str]) -> Stream:
    """Join texts to one stream; full-width letters and digits become half-width, case is folded, and
    characters of dialect become standard ones."""
    joined = np.frombuffer(standard("".join(texts)).encode("utf-32-le", "replace"), dtype=np.uint32).astype(
        np.int64
    )
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    joined = np.where((joined >= 0xFF01) & (joined <= 0xFF5E), joined - 0xFEE0, joined)
    joined = np.where((joined >= ord("A")) & (joined <= ord("Z")), joined + 32, joined)
    kept = (
        ((joined >= FIRST_HAN) & (joined < FIRST_HAN + HANS))
        | ((joined >= ord("a")) & (joined <= ord("z")))
        | ((joined >= ord("0")) & (joined <= ord("9")))
    )
    before = np.concatenate(([0], np.cumsum(kept)))
    edges = before[np.concatenate(([0], np.cumsum(lengths)))]
    return Stream(codes=joined[kept], edges=edges)


def buckets(codes: Ints, *, syllables: Ints) -> Ints:
    """Hash buckets (C, CHANNELS) of the n-grams that start at each character.

    ``syllables`` (HANS,) gives each Han character's toneless, accent-folded syllable as a number.
    """
    han = (codes >= FIRST_HAN) & (codes < FIRST_HAN + HANS)
    sound = np.where(han, syllables[np.where(han, codes - FIRST_HAN, 0)], codes)
    numerals = np.fromiter((ord(c) for c in NUMERALS), dtype=np.int64)
    shape = np.where(np.isin(codes, numerals), ord("0"), codes)
    s0, s1, s2 = shape, _shift(shape, 1), _shift(shape, 2)
    p0, p1, p2 = sound, _shift(sound, 1), _shift(sound, 2)
    zero = np.zeros_like(codes)
    columns = (
        _hash(codes, zero, zero, 1),
        _hash(s0, s1, zero, 2),
        _hash(s0, s1, s2, 3),
        _hash(p0, p1, zero, 4),
        _hash(p0, p1, p2, 5),
        _hash(p0, p2, zero, 6),
    )
    return np.stack(columns, axis=1)


def _shift(values: Ints, by: int) -> Ints:
    out = np.zeros_like(values)
    out[: len(values) - by] = values[by:]
    return out


def _hash(a: Ints, b: Ints, c: Ints, seed: int) -> Ints:
    mixed = (a.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) ^ (
        b.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F) + np.uint64(seed * 0x165667B19E3779F9 % (1 << 64))
    )
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed + c.astype(np.uint64) * np.uint64(0x94D049BB133111EB)) & np.uint64((1 << 64) - 1)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    bucket: Ints = ((mixed >> np.uint64(40)) & np.uint64(BUCKETS - 1)).astype(np.int64)
    return bucket


def syllable_table() -> Ints:
    """Each Han character's syllable as a number above all code points; confusable sounds are one. Used in
    training only: the table is stored with the model."""
    names: dict[str, int] = {}
    table = np.zeros(HANS, dtype=np.int64)
    for index in range(HANS):
        name = syllable(chr(FIRST_HAN + index))
        name = name.replace("zh", "z").replace("ch", "c").replace("sh", "s")
        if name.endswith(("ang", "eng", "ing")):
            name = name[:-1]
        table[index] = 0x110000 + names.setdefault(name, len(names))
    return table
