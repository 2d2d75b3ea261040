# ruff: noqa: E501 - patterns are data and read better on one line
"""What an utterance does: several acts at once, each with a probability.

One logistic regression per act over character and pinyin n-grams (tf-idf) and a few dozen signals of form and
place; then a second, small one that also sees what the neighbours seem to do. The weights are data
(model.npz), made by ``python -m qa_pipeline.findings.train``. scikit-learn is not needed to read.

Pinyin without tones, with the confusable initials and finals merged (zh/z, l/n, ing/in), carries the meaning
over recognition errors; signals that may be unknown (speaker, host, chapter) are off when unknown, and the
model has been trained with them switched off at random.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.lexicon import lexicon
from qa_pipeline.values import Act, Chapter, Chapters, Mention, Transcript

ACTS: Final = tuple(Act)
Matrix = NDArray[np.float32]

_PUNCTUATION: Final = re.compile(r"[^\u4e00-\u9fffA-Za-z0-9]+")
_DIGIT_RUN: Final = re.compile(r"[0-9零一二两三四五六七八九十百千万点]{2,}|[0-9]+")
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

WORLD: Final = 6
"""How many preceding utterances count as the current exchange."""


@cache
def syllable(char: str) -> str:
    from pypinyin import lazy_pinyin

    sound: str = lazy_pinyin(char)[0]
    for heard, meant in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if sound.startswith(heard):
            sound = meant + sound[2:]
    if sound.startswith("n") and len(sound) > 1:
        sound = "l" + sound[1:]
    return sound[:-1] if sound.endswith("ng") else sound


def grams(text: str) -> list[str]:
    """Character 1- to 3-grams and syllable 2- and 3-grams; numbers become #, punctuation is dropped."""
    plain = "^" + _DIGIT_RUN.sub("#", _PUNCTUATION.sub("", text)).upper() + "$"
    sounds = [syllable(c) if "\u4e00" <= c <= "\u9fff" else c for c in plain]
    size = len(plain)
    found = list(plain)
    found += [plain[i : i + 2] for i in range(size - 1)]
    found += [plain[i : i + 3] for i in range(size - 2)]
    found += [f"{sounds[i]}'{sounds[i + 1]}" for i in range(size - 1)]
    found += [f"{sounds[i]}'{sounds[i + 1]}'{sounds[i + 2]}" for i in range(size - 2)]
    return found


def is_question(text: str) -> bool:
    """Whether the form is a question's: a mark, an interrogative word or a closing particle."""
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
    utterances = transcript.utterances
    count = len(utterances)
    chapter_of: list[Chapter | None] = [None] * count
    for span in chapters.spans if chapters else ():
        for index in range(span.first, min(span.last, count)):
            chapter_of[index] = span.chapter
    questions = [is_question(u.text) for u in utterances]
    marked = any("?" in u.text or "？" in u.text for u in utterances)
    groups = _phrase_groups()
    kinds = ("indicator", "number", "percent", "money", "person", "office", "date", "customer")
    rows: list[list[float]] = []
    if not count:
        return np.zeros((0, 0), dtype=np.float32)
    for index, utterance in enumerate(utterances):
        text = utterance.text
        before = utterances[index - 1] if index else None
        after = utterances[index + 1] if index + 1 < count else None
        named = {m.kind for m in mentions[index]}
        length = len(text)
        row = [
            1.0,
            min(length, 100) / 100,
            float(length <= 4),
            float(length <= 10),
            float(questions[index]),
            float("?" in text or "？" in text),
            float(marked and not ("?" in text or "？" in text)),
            float(bool(_QUESTION_WORDS.search(text))),
            float(bool(_QUESTION_END.search(text))),
            float(bool(_SEQUENCE.search(text))),
            float(bool(_VAGUE.search(text))),
            float(bool(_PROMISE.search(text))),
            float(bool(_CAUSAL.search(text))),
            float(bool(_PRAISE.search(text))),
            float(bool(_PAST.search(text))),
            sum(questions[max(0, index - WORLD) : index]) / WORLD,
            sum(questions[index + 1 : index + 1 + WORLD]) / WORLD,
            float(index / count < 0.05),
            float(index / count < 0.1),
            float(index / count > 0.95),
            float(index / count > 0.85),
        ]
        row += [float(kind in named) for kind in kinds]
        row.append(min(sum(m.kind in ("number", "percent", "money") for m in mentions[index]), 4) / 4)
        row += [float(bool(group.search(text))) for group in groups]
        known = utterance.speaker is not None
        row.append(float(known))
        for other in (before, after):
            both = known and other is not None and other.speaker is not None
            row.append(float(both and other is not None and other.speaker == utterance.speaker))
            row.append(float(both and other is not None and other.speaker != utterance.speaker))
            row.append(float(other is not None and host is not None and other.speaker == host))
        row.append(float(known and host is not None and utterance.speaker == host))
        row.append(float(known and host is not None and utterance.speaker != host))
        row += [float(chapter_of[index] == chapter) for chapter in Chapter]
        rows.append(row)
    return np.asarray(rows, dtype=np.float32).reshape(count, -1)


def neighbourhood(first: Matrix) -> Matrix:
    """Each utterance's own first-pass logits and those of the two before and after: (utterances, 5 x acts)."""
    count = len(first)
    padded = np.zeros((count + 4, first.shape[1]), dtype=np.float32)
    padded[2 : count + 2] = np.clip(first, -6, 6) / 3
    return np.hstack([padded[shift : shift + count] for shift in range(5)])


@dataclass(frozen=True, eq=False)
class ActModel:
    """Weights of both passes. ``vocabulary`` maps an n-gram to its row of ``gram_weights``."""

    vocabulary: dict[str, int]
    idf: Matrix
    gram_weights: Matrix
    signal_weights: Matrix
    neighbour_weights: Matrix
    second_signal_weights: Matrix
    version: str

    def first_pass(self, texts: Sequence[str], signal: Matrix) -> Matrix:
        """Logits from words and signals: (utterances, acts)."""
        rows: list[int] = []
        columns: list[int] = []
        known = self.vocabulary
        for row, text in enumerate(texts):
            found = [column for column in map(known.get, grams(text)) if column is not None]
            rows.extend([row] * len(found))
            columns.extend(found)
        logits = np.zeros((len(texts), len(ACTS)), dtype=np.float32)
        if columns:
            at = np.asarray(rows)
            column = np.asarray(columns)
            weight = self.idf[column]
            # tf-idf with unit length: repeated n-grams add up before the length is taken.
            keys, inverse = np.unique(at * len(self.idf) + column, return_inverse=True)
            mass = np.bincount(inverse, weights=weight).astype(np.float32)
            at, column = np.divmod(keys, len(self.idf))
            norm = np.sqrt(np.bincount(at, weights=mass**2, minlength=len(texts)))
            value = (mass / norm[at]).astype(np.float32)
            edges = np.flatnonzero(np.r_[True, at[1:] != at[:-1]])
            logits[at[edges]] = np.add.reduceat(self.gram_weights[column] * value[:, None], edges, axis=0)
        result: Matrix = logits + signal @ self.signal_weights
        return result

    def probabilities(self, texts: Sequence[str], signal: Matrix) -> Matrix:
        """(utterances, acts), order of ACTS; 0.5 is each act's best cut by F1."""
        if not len(texts):
            return np.zeros((0, len(ACTS)), dtype=np.float32)
        first = self.first_pass(texts, signal)
        second = neighbourhood(first) @ self.neighbour_weights + signal @ self.second_signal_weights
        result: Matrix = (1 / (1 + np.exp(-np.clip(second, -30, 30)))).astype(np.float32)
        return result

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What model.npz holds."""
        words = sorted(self.vocabulary, key=self.vocabulary.__getitem__)
        return {
            "vocabulary": np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
            "idf": self.idf.astype(np.float16),
            "gram_weights": self.gram_weights.astype(np.float16),
            "signal_weights": self.signal_weights,
            "neighbour_weights": self.neighbour_weights,
            "second_signal_weights": self.second_signal_weights,
            "version": np.frombuffer(self.version.encode(), dtype=np.uint8),
        }


def load(file: IO[bytes]) -> ActModel:
    """Read a model written from ``ActModel.arrays``."""
    with np.load(file, allow_pickle=False) as data:
        words = data["vocabulary"].tobytes().decode().split("\n")
        model = ActModel(
            vocabulary={word: index for index, word in enumerate(words)},
            idf=data["idf"].astype(np.float32),
            gram_weights=data["gram_weights"].astype(np.float32),
            signal_weights=data["signal_weights"],
            neighbour_weights=data["neighbour_weights"],
            second_signal_weights=data["second_signal_weights"],
            version=data["version"].tobytes().decode(),
        )
    for char in {c for word in words if len(word) == 1 for c in word}:
        syllable(char)
    return model


@cache
def act_model() -> ActModel:
    """The shipped model, loaded once. It is part of the package."""
    with (files("qa_pipeline.findings") / "model.npz").open("rb") as file:
        return load(file)
