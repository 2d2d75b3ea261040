# ruff: noqa: E501 - patterns are data and read better on one line
"""What an utterance does: several acts at once, each with a probability.

Two readers say first what it seems to do: a logistic regression per act over character and pinyin n-grams
(tf-idf) and a few dozen signals of form and place, and a small network (see ``net``); then a second, small
regression weighs both, with what the neighbours seem to do. The weights are data (model.npz), made by
``python -m qa_pipeline.findings.train``. scikit-learn is not needed to read.

Pinyin without tones, with the confusable initials and finals merged (zh/z, l/n, ing/in), carries the meaning
over recognition errors; signals that may be unknown (speaker, host, chapter) are off when unknown, and the
model has been trained with them switched off at random.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache, reduce
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline import installed
from qa_pipeline.chapters.ngrams import standard
from qa_pipeline.chapters.telling import strongest
from qa_pipeline.findings.net import Ints, Matrix, Net, net_from
from qa_pipeline.findings.spelling import plain, sound
from qa_pipeline.lexicon import lexicon
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.findings import Mention
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Act, Chapter

VERSION: Final = "acts-8"
ACTS: Final = tuple(Act)
Known = tuple[Ints, Ints]

_QUESTION_WORDS: Final = re.compile(
    r"几|多少|好多|几多|哪|谁|什么|啥|咋|怎么|怎样|为何|干嘛|么子|么样|如何|是不是|有没有|能不能|行不行|要不要|会不会|对不对|没有$|没$"
)
_QUESTION_END: Final = re.compile(r"(?:吗|呢|么|不|没|没有|嘛|吧|咧|噻|哇|啊|没得|中不中|不是)[?？。 ]*$")
_SEQUENCE: Final = re.compile(r"第[一二三四五六]|头一|首先|其次|然后|再就是|最后|接着|一是|二是|三是")
_VAGUE: Final = re.compile(
    r"尽量|争取|努力|加油|加把劲|差不多|再看|看情况|看看|再说|慢慢|差不离|应该|可能|大概|估计|回头|到时候|没办法|不好说|抓紧|尽力|尽快|考虑"
)
_PROMISE: Final = re.compile(r"我.{0,14}(?:去|约|见|做|报|发|交|送|陪|定|完成|签|写|打|拿|带|请)")
_CAUSAL: Final = re.compile(
    r"因为|原因|根子|根源|主要是|就是没|没人|不敢|怕|所以|导致|说到底|问题出|问题就|症结|卡在"
)
_PRAISE: Final = re.compile(
    r"表扬|鼓掌|掌声|点赞|厉害|不容易|恭喜|祝贺|了不起|值得|做得好|好样|第一名|辛苦|冠军|标杆"
)
_PAST: Final = re.compile(
    r"上次|上回|上周|上个月|上礼拜|上星期|承诺|答应|应下|认的|认领|说好|讲好|旧账|纪要|欠"
)
_LAST_TIME: Final = r"(?:上|前)(?:一|个|一个)?(?:次|回|周|礼拜|星期|月底?)"
_TAKEN_UP: Final = re.compile(
    rf"(?:{_LAST_TIME}|[一二三四五六七八九十\d]号(?:那天|晚上|会上|复盘|规划)?)[^。？！，,]{{0,6}}?(?:你|您|各人|大家|谁|咱|我们|各位|各室|[一二三四五六七八]室|[哥姐总])[^。？！，,]{{0,8}}?(?:说|应|承诺|答应|报了|定了|立|拍|喊|许|认|布置|讲)"
    rf"|{_LAST_TIME}(?:会上?)?[^，。？！]{{0,4}}(?:布置|交代|安排|定|写|说|讲|留)[^，。？！]{{0,2}}的"
    rf"|{_LAST_TIME}[^。？！]{{0,14}}(?:做了|做到|完成|兑现|落实|办了|去了|打了|跑了)(?:没|吗|几|多少)"
    r"|(?<![反对适])(?:应|应下|答应|应承|许|承诺|认)了?的(?:是|事|那|账|几|[^，。？！]{0,6}(?:做|办|没|成))|拍的?胸脯|拍的板|当时(?:你|您)?(?:自己)?(?:说|应|定|报|许|答应)|说到做到了?没|(?:清|算|对|核)旧账"
    r"|承诺[^。？！]{0,8}(?:兑现|做到|核|对一|念|落实|一条|过一遍|几条)|(?:核对|对一?下|念一?下|过一?下|过一遍|回顾|清)[^。？！]{0,6}(?:承诺|旧账|上次|上周|上月)"
)
"""Where somebody takes up what was promised last time."""

WORLD: Final = 6
"""How many preceding utterances count as the current exchange."""
KINDS: Final = ("indicator", "number", "percent", "money", "person", "office", "date", "customer")
"""Kinds of mention, in the order of their signals."""
FIGURES: Final = ("number", "percent", "money")
TELLING: Final = 300
"""Known triples of sounds from which their spelling tells how well a meeting was heard."""
_PRIVATE: Final = 0xE000
"""Code point from which syllables are numbered; no text that is read holds such a character."""


def is_question(text: str) -> bool:
    """Whether the form is a question's: a mark, an interrogative word or a closing particle."""
    text = standard(text)
    return "?" in text or "？" in text or bool(_QUESTION_WORDS.search(text) or _QUESTION_END.search(text))


@cache
def _phrase_groups() -> tuple[re.Pattern[str], ...]:
    groups = []
    for name in (
        "questioning.why",
        "questioning.which_specific",
        "questioning.how_much",
        "questioning.when_who",
        "questioning.how_next",
        "questioning.verify_depth",
        "commitment",
        "recognition",
        "act_summary",
        "weak_or_evasive",
        "one_way_reading",
    ):
        groups.append(re.compile("|".join(re.escape(p) for p in lexicon().phrases[name])))
    return tuple(groups)


def signals(
    transcript: Transcript,
    chapters: Chapters | None,
    host: str | None,
    mentions: Sequence[Sequence[Mention]],
) -> Matrix:
    """Form and place of each utterance: (utterances, signals), all within [-1, 1]."""
    texts = [standard(u.text) for u in transcript.utterances]
    count = len(texts)
    if not count:
        return np.zeros((0, 0), dtype=np.float32)
    lengths = [len(text) for text in texts]
    place = np.arange(count) / count
    marks = ["?" in text or "？" in text for text in texts]
    words, ends = _matching(_QUESTION_WORDS, texts), _matching(_QUESTION_END, texts)
    questions = [any(signs) for signs in zip(marks, words, ends, strict=True)]
    kinds = [[m.kind for m in row] for row in mentions]
    columns: list[Sequence[float] | NDArray[np.generic]] = [
        np.ones(count),
        [min(length, 100) / 100 for length in lengths],
        [length <= 4 for length in lengths],
        [length <= 10 for length in lengths],
        questions,
        marks,
        [any(marks) and not mark for mark in marks],
        words,
        ends,
        *(_matching(p, texts) for p in (_SEQUENCE, _VAGUE, _PROMISE, _CAUSAL, _PRAISE, _PAST, _TAKEN_UP)),
        [sum(questions[max(0, i - WORLD) : i]) / WORLD for i in range(count)],
        [sum(questions[i + 1 : i + 1 + WORLD]) / WORLD for i in range(count)],
        place < 0.05,
        place < 0.1,
        place > 0.95,
        place > 0.85,
        *([kind in row for row in kinds] for kind in KINDS),
        [min(sum(kind in FIGURES for kind in row), 4) / 4 for row in kinds],
        *(_matching(group, texts) for group in _phrase_groups()),
        *_turns([u.speaker for u in transcript.utterances], host),
        *_chapters(chapters, count),
    ]
    return np.ascontiguousarray(np.array(columns, dtype=np.float32).T)


def _matching(pattern: re.Pattern[str], texts: Sequence[str]) -> list[bool]:
    return [pattern.search(text) is not None for text in texts]


def _turns(speakers: Sequence[str | None], host: str | None) -> Iterator[list[bool]]:
    """Who speaks, before and after whom; all off where it is not known."""
    yield [speaker is not None for speaker in speakers]
    for others in ([None, *speakers[:-1]], [*speakers[1:], None]):
        pairs = list(zip(speakers, others, strict=True))
        yield [a is not None and a == b for a, b in pairs]
        yield [a is not None and b is not None and a != b for a, b in pairs]
        yield [b is not None and b == host for b in others]
    yield [speaker is not None and speaker == host for speaker in speakers]
    yield [speaker is not None and host is not None and speaker != host for speaker in speakers]


def _chapters(chapters: Chapters | None, count: int) -> Iterator[NDArray[np.bool_]]:
    """Which chapter it is, one row for each."""
    held: list[Chapter | None] = [None] * count
    for span in chapters.spans if chapters else ():
        last = min(span.last, count)
        held[span.first : last] = [span.chapter] * (last - span.first)
    for chapter in Chapter:
        yield np.array([other is chapter for other in held])


def neighbourhood(first: Matrix) -> Matrix:
    """Each utterance's own first-pass logits and those of the two before and after: (utterances, 10 x acts)."""
    count = len(first)
    padded = np.zeros((count + 4, first.shape[1]), dtype=np.float32)
    padded[2 : count + 2] = np.clip(first, -6, 6) / 3
    return np.hstack([padded[shift : shift + count] for shift in range(5)])


def keyed(words: Sequence[str]) -> tuple[Ints, tuple[str, ...]]:
    """N-grams as numbers, 16 bits a character, and the syllables among them, each a private character of its
    own. What is no syllable of these is the first private character."""
    sounds = tuple(dict.fromkeys(part for word in words if "'" in word for part in word.split("'")))
    letters = _letters(sounds)
    spelt = (map(letters.__getitem__, w.split("'")) if "'" in w else map(ord, w) for w in words)
    keys = [reduce(lambda key, code: key << 16 | code, codes) for codes in spelt]
    return np.array(keys, dtype=np.int64), sounds


def _letters(sounds: Sequence[str]) -> dict[str, int]:
    return {sound: _PRIVATE + number for number, sound in enumerate(sounds, 1)}


@dataclass(frozen=True, eq=False)
class ActModel:
    """Weights of both passes. ``keys`` are the n-grams as ``keyed`` numbers them, one for each row of
    ``gram_weights``, and ``sounds`` its syllables; ``net`` is the other first reader."""

    keys: Ints
    sounds: tuple[str, ...]
    idf: Matrix
    gram_weights: Matrix
    signal_weights: Matrix
    net: Net
    neighbour_weights: Matrix
    second_signal_weights: Matrix
    shift: Matrix
    """(acts,): what to add to a logit for the probability on meetings by people unknown to the model."""
    version: str

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The n-grams as ``spelling.grams`` writes them."""
        spelt = (
            [chr(key >> bits & 0xFFFF) for bits in (32, 16, 0) if key >> bits] for key in self.keys.tolist()
        )
        return tuple(
            "".join(word)
            if word[0] < chr(_PRIVATE)
            else "'".join(self.sounds[ord(c) - _PRIVATE - 1] for c in word)
            for word in spelt
        )

    @cached_property
    def _letters(self) -> dict[str, int]:
        return _letters(self.sounds)

    @cached_property
    def _sorted(self) -> tuple[Ints, Ints]:
        """The keys in order, and the row of each; the last is no n-gram."""
        keys = np.append(self.keys, 1 << 62)
        order = np.argsort(keys)
        return keys[order], order

    def known(self, texts: Sequence[str]) -> Known:
        """(row of ``texts``, row of ``keys``) of all known ``grams``, found for all texts at once."""
        if not texts:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        plains = [plain(text) for text in texts]
        rows = np.repeat(np.arange(len(plains)), [len(plain) for plain in plains])
        codes = np.frombuffer("".join(plains).encode("utf-16-le"), dtype="<u2").astype(np.int64)
        met, places = np.unique(codes, return_inverse=True)
        sounds = np.array([self._letters.get(sound(chr(code)), _PRIVATE) for code in met.tolist()])[places]
        found = [(rows, codes)]
        for spelling in (codes, sounds):
            pairs = spelling[:-1] << 16 | spelling[1:]
            triples = pairs[:-1] << 16 | spelling[2:]
            for size, keys in ((2, pairs), (3, triples)):
                inside = rows[size - 1 :] == rows[: 1 - size]
                found.append((rows[: 1 - size][inside], keys[inside]))
        rows, keys = (np.concatenate(parts) for parts in zip(*found, strict=True))
        known, order = self._sorted
        said, which = np.unique(keys, return_inverse=True)
        at = np.searchsorted(known, said)
        columns = np.where(known[at] == said, order[at], -1)[which]
        return rows[columns >= 0], columns[columns >= 0]

    @cached_property
    def _triples(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of the ``keys`` are three characters, and which are three sounds."""
        first = self.keys >> 32
        return (first > 0) & (first < _PRIVATE), first >= _PRIVATE

    def familiar(self, known: Known) -> float | None:
        """Of the triples of sounds that the vocabulary knows, how many are spelt as it knows them, too; about
        0.75 where people the model does not know were heard well, less where words were misheard. None where
        too little is said to tell."""
        spelt, sounding = (int(which[known[1]].sum()) for which in self._triples)
        return spelt / sounding if sounding >= TELLING else None

    def telling(self, text: str, act: Act, *, most: int = 5) -> list[tuple[str, float]]:
        """Of ``contributions``, those that spoke most for the act, none of them twice."""
        return strongest(self.contributions(text, act), most=most)

    def contributions(self, text: str, act: Act) -> dict[str, float]:
        """What each stretch of a text (1-3 characters, as ``plain`` writes them) added to an act's logit
        ``by_words``, by its characters and its sound together."""
        spelt = plain(text)
        sounds = [sound(char) for char in spelt]
        column = ACTS.index(act)
        mass: Counter[int] = Counter()
        said: dict[str, list[int]] = {}
        for size in (1, 2, 3):
            for i in range(len(spelt) - size + 1):
                words = spelt[i : i + size]
                names = [words, "'".join(sounds[i : i + size])] if size > 1 else [words]
                rows = [self._rows[name] for name in names if name in self._rows]
                mass.update(rows)
                said.setdefault(words, []).extend(rows)
        norm = float(np.sqrt(sum((self.idf[row] * times) ** 2 for row, times in mass.items()))) or 1.0
        return {
            words: sum(float(self.idf[row] * self.gram_weights[row, column]) for row in rows) / norm
            for words, rows in said.items()
        }

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.vocabulary)}

    def by_words(self, texts: Sequence[str], signal: Matrix, known: Known | None = None) -> Matrix:
        """Logits from n-grams and signals: (utterances, acts). ``known`` saves looking the texts up again."""
        width = len(self.idf)
        row, column = known or self.known(texts)
        cells, times = np.unique(row * width + column, return_counts=True)
        row, column = np.divmod(cells, width)
        mass = self.idf[column] * times.astype(np.float32)
        norm = np.sqrt(np.bincount(row, weights=mass**2, minlength=len(texts)))
        value = (mass / norm[row]).astype(np.float32)
        edges = np.flatnonzero(np.diff(row, prepend=-1))
        logits = np.zeros((len(texts), len(ACTS)), dtype=np.float32)
        weighed = self.gram_weights.take(column, axis=0)
        weighed *= value[:, None]
        logits[row[edges]] = np.add.reduceat(weighed, edges, axis=0)
        result: Matrix = logits + signal @ self.signal_weights
        return result

    def first_pass(self, texts: Sequence[str], signal: Matrix, known: Known | None = None) -> Matrix:
        """Logits of both first readers: (utterances, 2 x acts)."""
        return np.hstack([self.by_words(texts, signal, known), self.net.logits(texts, signal)])

    def probabilities(self, texts: Sequence[str], signal: Matrix, known: Known | None = None) -> Matrix:
        """(utterances, acts), order of ACTS; from 0.5 on an act is claimed. How probable it is:
        ``calibrated``."""
        if not len(texts):
            return np.zeros((0, len(ACTS)), dtype=np.float32)
        first = self.first_pass(texts, signal, known)
        second = neighbourhood(first) @ self.neighbour_weights + signal @ self.second_signal_weights
        result: Matrix = (1 / (1 + np.exp(-np.clip(second, -30, 30)))).astype(np.float32)
        return result

    def calibrated(self, cut: Matrix) -> Matrix:
        """How often people say so too, of what ``probabilities`` gives."""
        inside = np.clip(cut, 1e-6, 1 - 1e-6)
        odds = inside / (1 - inside) * np.exp(self.shift)
        result: Matrix = (odds / (1 + odds)).astype(np.float32)
        return result

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What model.npz holds; the n-grams' weights in 127 steps to the heaviest of each act."""
        scale = np.maximum(np.abs(self.gram_weights).max(axis=0), 1e-9) / 127
        return {
            "keys": self.keys,
            "sounds": np.frombuffer("\n".join(self.sounds).encode(), dtype=np.uint8),
            "idf": self.idf.astype(np.float16),
            "gram_scale": scale.astype(np.float32),
            "gram_steps": np.round(self.gram_weights / scale).astype(np.int8),
            "signal_weights": self.signal_weights,
            **self.net.arrays(),
            "neighbour_weights": self.neighbour_weights,
            "second_signal_weights": self.second_signal_weights,
            "shift": self.shift,
            "version": np.frombuffer(self.version.encode(), dtype=np.uint8),
        }


def load(file: IO[bytes]) -> ActModel:
    """Read a model written from ``ActModel.arrays``."""
    with np.load(file, allow_pickle=False) as data:
        return model_of(dict(data))


def model_of(arrays: dict[str, NDArray[Any]]) -> ActModel:
    """The model that ``ActModel.arrays`` came from, but for what rounding takes. Raises KeyError where
    something is missing."""
    return ActModel(
        keys=arrays["keys"],
        sounds=tuple(arrays["sounds"].tobytes().decode().split("\n")),
        idf=arrays["idf"].astype(np.float32),
        gram_weights=arrays["gram_steps"].astype(np.float32) * arrays["gram_scale"],
        signal_weights=arrays["signal_weights"],
        net=net_from(arrays),
        neighbour_weights=arrays["neighbour_weights"],
        second_signal_weights=arrays["second_signal_weights"],
        shift=arrays["shift"],
        version=arrays["version"].tobytes().decode(),
    )


@cache
def act_model() -> ActModel:
    """The shipped model, loaded once. It is part of the package."""
    with (files("qa_pipeline.findings") / "model.npz").open("rb") as file:
        return load(file)


def current() -> ActModel:
    """The model that a company trained itself where one is installed (see ``installed``), else the shipped
    one. Raises ModelError for a damaged file."""
    path = installed.fitting("acts", base=VERSION)
    if path is None:
        return act_model()
    return _installed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _installed(path: Path, _stamp: int) -> ActModel:
    told = installed.about("acts")
    try:
        with path.open("rb") as file:
            return replace(load(file), version=told.version if told else VERSION)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise installed.damaged("acts") from error
