"""Train the act classifier on the labelled meetings: ``python -m qa_pipeline.findings.train``.

Every meeting is learned four times: as it is; without speakers and punctuation; with recognition errors; and
cut and joined at other places, as a recogniser would; each cleaned up as a transcript is before it is read.
Deterministic; a few minutes on one core.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.findings.acts import ACTS, VERSION, ActModel, keyed, model_of, neighbourhood, signals
from qa_pipeline.findings.mentions import find_mentions
from qa_pipeline.findings.net import Matrix
from qa_pipeline.findings.spelling import grams, syllable
from qa_pipeline.findings.train_net import learn
from qa_pipeline.steps import Arrays, Step, afresh
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Act, Chapter, Progress, silent
from qa_pipeline.waiting import bar

MODEL: Final = Path(__file__).with_name("model.npz")
LEAST_MEETINGS: Final = 3
"""An n-gram must occur in this many meetings to be learned."""
GRAM_PENALTY: Final = 0.25
SIGNAL_PENALTY: Final = 0.05
SECOND_PENALTY: Final = 0.5
FOLDS: Final = 3
STEPS: Final = 60
"""Of the regressions."""
CLAIMED: Final = {
    Act.ASK: 1.29, Act.PROBE: 1.14, Act.CHECK: 1.2, Act.CAUSE: 1.4, Act.MEASURE: 2.15, Act.COMMIT: 1.06,
    Act.FOLLOWUP: 1.06, Act.PRACTICE: 1.24, Act.RECOGNIZE: 1.04, Act.EVADE: 1.12, Act.SUMMARY: 1.36,
    Act.GOAL: 1.04, Act.DATA: 1.03,
}  # fmt: skip
"""How often an act is claimed for each time that it is labelled, of what is learned from and over all
tellings. Meetings of new authors, told plainly, then have as many of each act as by the model on whose counts
the rubrics were calibrated. F1 hardly changes for a sixth more or fewer; scores do."""

Labels = tuple[frozenset[Act] | None, ...]
"""The acts of each utterance; None: nobody went through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One telling of a meeting: what the reader would see, and the labels (utterances, acts). Where nobody
    went through the acts they are NaN: it is seen around the others, and nothing is learned from it."""

    author: str
    texts: tuple[str, ...]
    signals: Matrix
    labels: Matrix

    @property
    def gone_through(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.labels[:, 0])


def examples(meeting: LabelledMeeting) -> list[Example]:
    """The tellings of one meeting, the plain one first."""
    random = Random(meeting.id)  # noqa: S311 - reproducible variety, no secret
    plain = meeting.transcript
    told: list[tuple[Transcript, Labels, list[Chapter], str | None]] = []
    chapters = [c for span in meeting.chapters.spans for c in [span.chapter] * (span.last - span.first)]
    given = zip(meeting.acts, meeting.gone_through, strict=True)
    acts = tuple(row if gone_through else None for row, gone_through in given)
    told.append((plain, acts, chapters, meeting.host))
    told.append((_map(plain, _unpunctuated, speakers=False), acts, chapters, None))
    noise = Noise(0.12, random)
    keep = random.random() < 0.5
    noisy = _map(plain, lambda text: noise(_unpunctuated(text)), speakers=keep)
    told.append((noisy, acts, chapters, meeting.host if keep else None))
    told.append((*_recut(plain, acts, chapters, random), meeting.host))
    result = []
    for index, (heard, labels, places, host) in enumerate(told):
        transcript = clean(heard)
        spans = _noisy_chapters(places, random) if index else _spans(places)
        seen = spans if index == 0 or random.random() < 0.5 else None
        mentions = find_mentions(transcript.utterances, meeting.facts)
        result.append(
            Example(
                author=meeting.author,
                texts=tuple("" if u.phantom else u.text for u in transcript.utterances),
                signals=signals(transcript, seen, host, mentions),
                labels=np.array(
                    [[np.nan if row is None else a in row for a in ACTS] for row in labels], dtype=np.float32
                ),
            )
        )
    return result


def _map(transcript: Transcript, change: Callable[[str], str], *, speakers: bool) -> Transcript:
    return replace(
        transcript,
        utterances=tuple(
            replace(u, text=change(u.text), speaker=u.speaker if speakers else None)
            for u in transcript.utterances
        ),
    )


def _unpunctuated(text: str) -> str:
    return re.sub(r"[^\u4e00-\u9fffA-Za-z0-9.%]+", "", text)


class Noise:
    """Recognition errors: a share of the characters becomes another of the same or a similar sound."""

    def __init__(self, rate: float, random: Random) -> None:
        self.rate = rate
        self.random = random
        self.sound = syllable
        self.alike: dict[str, list[str]] = {}
        for char in _characters():
            self.alike.setdefault(syllable(char), []).append(char)

    def __call__(self, text: str) -> str:
        said = []
        for char in text:
            if self.random.random() >= self.rate or not "\u4e00" <= char <= "\u9fff":
                said.append(char)
                continue
            fate = self.random.random()
            if fate < 0.8:
                said.append(self.random.choice(self.alike.get(self.sound(char)) or [char]))
            elif fate < 0.9:
                said.append(char + char)
        return "".join(said) or text


@cache
def _characters() -> list[str]:
    return sorted(
        {c for m in meetings() for u in m.transcript.utterances for c in u.text if "\u4e00" <= c <= "\u9fff"}
    )


def _recut(
    transcript: Transcript, labels: Labels, chapters: Sequence[Chapter], random: Random
) -> tuple[Transcript, Labels, list[Chapter]]:
    """Join neighbours of one speaker and split long utterances at punctuation, labels following the words."""
    pieces: list[tuple[Utterance, frozenset[Act] | None, Chapter]] = []
    for utterance, acts, chapter in zip(transcript.utterances, labels, chapters, strict=True):
        parts = [p for p in re.split(r"(?<=[。！？!?])|(?<=[,，])(?=.{12})", utterance.text) if p]
        if len(utterance.text) < 30 or len(parts) < 2 or random.random() < 0.4:
            parts = [utterance.text]
        for place, part in enumerate(parts):
            kept = acts
            if acts is not None and len(parts) > 1:
                asked = "?" in part or "？" in part or place == len(parts) - 1
                kept = frozenset(a for a in acts if a not in (Act.ASK, Act.PROBE) or asked)
                if not re.search(r"[0-9一二三四五六七八九十百千万]", part):
                    kept -= {Act.DATA}
            pieces.append((replace(utterance, text=part), kept, chapter))
    joined: list[tuple[Utterance, frozenset[Act] | None, Chapter]] = []
    for utterance, acts, chapter in pieces:
        if joined:
            last, held, place_before = joined[-1]
            same = last.speaker == utterance.speaker and chapter == place_before
            if same and len(last.text) + len(utterance.text) < 60 and random.random() < 0.5:
                text = f"{last.text} {utterance.text}"
                both = None if held is None or acts is None else held | acts
                joined[-1] = (replace(last, text=text, end=utterance.end), both, chapter)
                continue
        joined.append((utterance, acts, chapter))
    return (
        replace(transcript, utterances=tuple(u for u, _, _ in joined)),
        tuple(a for _, a, _ in joined),
        [c for _, _, c in joined],
    )


def _spans(chapters: Sequence[Chapter]) -> Chapters:
    edges = [0, *(i for i in range(1, len(chapters)) if chapters[i] != chapters[i - 1]), len(chapters)]
    return Chapters(
        spans=tuple(
            ChapterSpan(chapter=chapters[a], start=0, end=0, first=a, last=b, confidence=1.0)
            for a, b in itertools.pairwise(edges)
            if a < b
        ),
        segmenter="gold",
    )


def _noisy_chapters(chapters: Sequence[Chapter], random: Random) -> Chapters:
    """Chapters as a segmenter would give them: edges moved, some spans swallowed by a neighbour or wrong."""
    moved = list(chapters)
    edges = [i for i in range(1, len(chapters)) if chapters[i] != chapters[i - 1]]
    for edge in edges:
        shift = random.randint(-6, 6)
        low, high = sorted((edge, min(max(edge + shift, 0), len(chapters))))
        moved[low:high] = [chapters[edge] if shift < 0 else chapters[edge - 1]] * (high - low)
    for span in _spans(moved).spans:
        fate = random.random()
        if fate < 0.2:
            beside = moved[span.first - 1] if span.first else moved[min(span.last, len(moved) - 1)]
            moved[span.first : span.last] = [beside] * (span.last - span.first)
        elif fate < 0.3:
            moved[span.first : span.last] = [random.choice(list(Chapter))] * (span.last - span.first)
    return _spans(moved)


# ---------------------------------------------------------------- fitting


def fit(
    training: Sequence[Example], *, version: str, progress: Progress = silent, step: Step = afresh
) -> ActModel:
    """Fit both passes; the second learns from first-pass logits of authors the first pass had not seen. These
    are a ``step`` for each fold, and both passes are the last."""
    authors = sorted({e.author for e in training})
    folds = min(FOLDS, len(authors))
    unseen: list[Matrix] = [np.zeros((0, 0), dtype=np.float32)] * len(training)
    steps = folds + 1.0  # the last is what is kept, learned from all
    progress("learn", 0.0, steps)
    for fold in range(folds):
        held = {a for i, a in enumerate(authors) if i % folds == fold}
        for index, logits in step(fold, partial(_unseen, training, held=held)).items():
            unseen[int(index)] = logits
        progress("learn", fold + 1.0, steps)
    kept = step(folds, partial(_passes, training, unseen, version=version))
    progress("learn", steps, steps)
    return model_of(kept)


def _unseen(training: Sequence[Example], *, held: set[str]) -> Arrays:
    """First-pass logits (utterances, 2 x acts) of the examples of those who are ``held``, by place in
    ``training``, learned from all others."""
    others = _first(tuple(e for e in training if e.author not in held))
    return {
        str(index): others.first_pass(example.texts, example.signals)
        for index, example in enumerate(training)
        if example.author in held
    }


def _passes(training: Sequence[Example], unseen: Sequence[Matrix], *, version: str) -> Arrays:
    """What `ActModel` holds: the first pass learned from all, the second from the ``unseen`` logits."""
    first = _first(training)
    labels = np.vstack([e.labels[e.gone_through] for e in training])
    signal = np.vstack([e.signals[e.gone_through] for e in training])
    read = zip(unseen, training, strict=True)
    near = np.vstack([neighbourhood(logits)[e.gone_through] for logits, e in read])
    weights = _logistic(
        np.hstack([near, signal]), labels, np.full(near.shape[1] + signal.shape[1], SECOND_PENALTY)
    )
    logits = np.hstack([near, signal]) @ weights
    # The first signal is always one: it carries the bias. Move each cut to where the act is claimed as often
    # as it should be; what it was moved by makes a probability of it again, since the second pass learned
    # from scores of unseen authors.
    cuts = np.array([cut(logits[:, a], labels[:, a], CLAIMED[act]) for a, act in enumerate(ACTS)])
    weights[near.shape[1]] -= cuts
    return replace(
        first,
        neighbour_weights=weights[: near.shape[1]].astype(np.float32),
        second_signal_weights=weights[near.shape[1] :].astype(np.float32),
        shift=cuts.astype(np.float32),
        version=version,
    ).arrays()


@cache
def _grams(text: str) -> tuple[str, ...]:
    """Kept, since every fold reads the same texts again."""
    return tuple(map(sys.intern, grams(text)))


def _first(training: Sequence[Example]) -> ActModel:
    import scipy.sparse as sparse

    texts = [list(itertools.compress(e.texts, e.gone_through)) for e in training]
    rows = [Counter(_grams(text)) for telling in texts for text in telling]
    spread: Counter[str] = Counter()
    for telling in texts:
        spread.update({g for text in telling for g in _grams(text)})
    # Four tellings of one meeting are one meeting.
    known = sorted(g for g, n in spread.items() if n >= 4 * LEAST_MEETINGS)
    vocabulary = {g: i for i, g in enumerate(known)}
    documents = Counter(g for row in rows for g in row)
    idf = np.array([1 + np.log(len(rows) / documents[g]) for g in known], dtype=np.float32)
    pointers: list[int] = [0]
    columns: list[int] = []
    values: list[float] = []
    for row in rows:
        here = [(vocabulary[g], n) for g, n in row.items() if g in vocabulary]
        value = (
            np.array([n for _, n in here], dtype=np.float32) * idf[[c for c, _ in here]]
            if here
            else np.zeros(0)
        )
        norm = float(np.sqrt((value**2).sum())) or 1.0
        columns.extend(c for c, _ in here)
        values.extend((value / norm).tolist())
        pointers.append(len(columns))
    words = sparse.csr_matrix(
        (np.array(values, dtype=np.float32), columns, pointers), shape=(len(rows), len(known))
    )
    signal = np.vstack([e.signals[e.gone_through] for e in training])
    labels = np.vstack([e.labels[e.gone_through] for e in training])
    penalty = np.r_[np.full(len(known), GRAM_PENALTY), np.full(signal.shape[1], SIGNAL_PENALTY)]
    weights = _logistic(sparse.hstack([words, sparse.csr_matrix(signal)], format="csr"), labels, penalty)
    empty = np.zeros((0, len(ACTS)), dtype=np.float32)
    keys, sounds = keyed(known)
    return ActModel(
        keys=keys,
        sounds=sounds,
        idf=idf,
        gram_weights=weights[: len(known)].astype(np.float32),
        signal_weights=weights[len(known) :].astype(np.float32),
        net=learn(*zip(*((e.texts, e.signals, e.labels) for e in training), strict=True)),
        neighbour_weights=empty,
        second_signal_weights=empty,
        shift=np.zeros(len(ACTS), dtype=np.float32),
        version="",
    )


def _logistic(inputs: Any, labels: Matrix, penalty: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ridge logistic regression for all acts at once: (inputs, acts). ``penalty`` is per input."""
    from scipy.optimize import minimize

    shape = (inputs.shape[1], labels.shape[1])
    turned = inputs.T.tocsr() if hasattr(inputs, "tocsr") else inputs.T
    ridge = penalty[:, None]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        logits = np.asarray(inputs @ weights.astype(np.float32), dtype=np.float64)
        value = float((np.logaddexp(0, logits) - labels * logits).sum() + 0.5 * (ridge * weights**2).sum())
        error = (1 / (1 + np.exp(-logits)) - labels).astype(np.float32)
        slope = np.asarray(turned @ error, dtype=np.float64) + ridge * weights
        return value, slope.ravel()

    found = minimize(
        loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 6}
    )
    solution: NDArray[np.float64] = found.x.reshape(shape)
    return solution


def cut(logits: NDArray[np.float64], labels: Matrix, times: float) -> float:
    """The logit from which on an act is claimed ``times`` as often as it is labelled, once at least."""
    claimed = min(len(logits), max(1, round(times * float(labels.sum()))))
    return float(np.sort(logits)[-claimed])


def save(model: ActModel, path: Path) -> None:
    """Write a model as arrays that ``acts.load`` reads."""
    arrays: dict[str, Any] = model.arrays()
    np.savez_compressed(path, **arrays)


def main() -> None:
    training = [e for m in meetings() if "acts" in m.labels for e in examples(m)]
    with bar() as progress:
        model = fit(training, version=VERSION, progress=progress)
    save(model, MODEL)
    sys.stderr.write(f"{MODEL.name}: {MODEL.stat().st_size / 1e6:.1f} MB, {len(model.keys)} n-grams\n")


if __name__ == "__main__":
    main()
