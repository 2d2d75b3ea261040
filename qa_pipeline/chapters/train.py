"""Learn the chapters from the labelled meetings: ``python -m qa_pipeline.chapters.train`` writes model.npz.

Two storeys. Linear scorers over n-grams (topic of a window, start of a chapter, kind of meeting) are logistic
regressions. The random field above them learns from scores of meetings whose authors the scorers did not see,
so it trusts them no more than it should; the mean of those scorers is what is kept. Everything is seeded; the
same meetings give the same file.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.chapters import augment, crf, decoder, model, ngrams
from qa_pipeline.chapters.augment import Example, Homophones
from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.chapters.features import (
    AFTER,
    BEFORE,
    ELSEWHERE,
    KINDS,
    SUBJECTS,
    TOPICS,
    Evidence,
    Floats,
    Scorers,
    evidence,
)
from qa_pipeline.steps import Arrays, Step, afresh
from qa_pipeline.values.vocabulary import Chapter, Progress, silent

Ints = NDArray[np.int64]
Weights = NDArray[np.float32]
CHUNKS: Final = (20, 40, 80, 160, 320)
"""Characters of the windows that the topic scorer learns from."""
STRIDE: Final = 25
PURITY: Final = 0.85
KIND_CHUNK: Final = 400
QUIET_STARTS: Final = 0.5
"""Share of the utterances that start nothing which the start scorer learns from."""
INNER_FOLDS: Final = 5
BATCH: Final = 100
FIELD_DECAY: Final = 12.0
FIELD_STEPS: Final = 45
UNSEEN: Final = -8.0
"""Intercept of a class without an example."""
RARE_CHANGE: Final = -3.0
"""Where the search for the cost of a change starts."""
RARE: Final = 3
"""n-grams in fewer examples than this say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An example with its n-grams: ``found`` (C, CHANNELS), ``edges`` (U + 1,), ``topics`` and ``subjects``
    (U,)."""

    source: Example
    found: Ints
    edges: Ints
    topics: Ints
    subjects: Ints


def learn(
    labelled: Iterable[LabelledMeeting], *, progress: Progress = silent, step: Step = afresh
) -> model.Model:
    """Learn a model from labelled meetings of at least two authors. The scorers of each fold are a ``step``,
    and so is what rests on them all."""
    originals = [augment.example(meeting) for meeting in labelled]
    other = augment.other_talk()
    syllables = ngrams.syllable_table()
    copies = _copies(originals, other)
    prepared = {
        name: [_prepare(each, syllables=syllables, everyday=name == "other") for each in examples]
        for name, examples in copies.items()
    }
    authors = _dealt([*originals, *other])
    folds = min(INNER_FOLDS, len(authors))
    familiar = _familiar(prepared["clean"])
    seen: list[tuple[Evidence, Ints, Example]] = []
    scorers: list[Scorers] = []
    steps = folds + 1.0  # the last is the field and what rests on it
    progress("learn", 0.0, steps)
    for fold in range(folds):
        held = set(authors[fold::folds])
        weights = step(fold, partial(_weights, prepared, held=held))
        scorers.append(Scorers(syllables=syllables, familiar=familiar, **weights))
        for name, group in prepared.items():
            seen += [
                (evidence(p.source.transcript, scorers[-1]), p.topics, p.source)
                for p in group
                if p.source.author in held and name != "recut"
            ]
        progress("learn", fold + 1.0, steps)
    above = step(folds, partial(_above, seen))
    progress("learn", steps, steps)
    return model.Model(
        scorers=_mean(scorers),
        field=model.Field(**{name: above[name] for name in model.Field.__dataclass_fields__}),
        kind=above["kind"],
        misfiled=above["misfiled"],
    )


def _above(seen: Sequence[tuple[Evidence, Ints, Example]]) -> Arrays:
    """The field and what rests on it."""
    field = _field([row for row in seen if row[2].kind is not None])
    return {**asdict(field), "kind": _kinds(seen, field=field), "misfiled": _misfiled(seen)}


def _mean(scorers: Sequence[Scorers]) -> Scorers:
    """Linear scorers are averaged by their weights. Each has missed some authors, as in the field's lessons,
    and together they err less than one that was taught by all."""
    names = ("topic", "topic_bias", "after", "before", "start_bias", "kind", "kind_bias")
    weights = {name: sum(getattr(each, name) for each in scorers) / len(scorers) for name in names}
    return replace(scorers[0], **weights)


def _dealt(examples: Sequence[Example]) -> list[str]:
    """The authors, those with like kinds of meetings side by side: dealt out in turn, every fold has each."""

    def kinds(author: str) -> tuple[float, str]:
        own = [each.kind for each in examples if each.author == author]
        return sum(decoder.KIND_ORDER.index(kind) for kind in own) / len(own), author

    return sorted({each.author for each in examples}, key=kinds)


def _copies(originals: Sequence[Example], other: Sequence[Example]) -> dict[str, list[Example]]:
    """Copies by how they were made. ``recut`` teaches the scorers only, ``other`` talk the
    topics and the kinds."""
    random = Random(1)  # noqa: S311 (no secret)
    homophones = Homophones([u.text for each in originals for u in each.transcript.utterances])

    def misheard(sources: Sequence[Example], rates: tuple[float, ...]) -> list[Example]:
        return [
            augment.misheard(each, homophones=homophones, rate=random.choice(rates), random=random)
            for each in sources
        ]

    heard = misheard(originals, (0.1, 0.15, 0.2))
    mentioning = [augment.mentioning(each, random=random) for each in misheard(originals, (0.0, 0.1))]
    moved = [augment.rearranged(each, random=random) for each in mentioning]
    return {
        "clean": list(originals),
        "misheard": heard,
        "rearranged": moved,
        "unlabelled": [augment.unlabelled(each) for each in (*originals, *heard, *moved)],
        "recut": [augment.recut(each, shortest=6, longest=20, random=random) for each in mentioning],
        "other": [*other, *misheard(other, (0.1,))],
    }


def _prepare(source: Example, *, syllables: Ints, everyday: bool) -> Prepared:
    """What another kind of meeting is about is no digression; ``everyday`` talk teaches what those are."""
    text = ngrams.stream([u.text for u in source.transcript.utterances])
    topics = np.array([_topic(chapter) for chapter in source.chapters])
    elsewhere = (topics == TOPICS.index(Chapter.OFF_TOPIC)) & (source.kind is None and not everyday)
    return Prepared(
        source=source,
        found=ngrams.buckets(text.codes, syllables=syllables),
        edges=text.edges,
        topics=topics,
        subjects=np.where(elsewhere, ELSEWHERE, topics),
    )


def _topic(chapter: Chapter) -> int:
    return TOPICS.index(Chapter.STAGE_REVIEW if chapter == Chapter.MONTHLY_REVIEW else chapter)


# ---------------------------------------------------------------- scorers


def _weights(prepared: dict[str, list[Prepared]], *, held: set[str]) -> Arrays:
    """The weights of `Scorers`, learned from all authors but those who are ``held``."""
    part = {name: [p for p in group if p.source.author not in held] for name, group in prepared.items()}
    plain = part["clean"] + part["misheard"]
    topic, topic_bias = _regression(
        _topic_rows(plain + part["other"]), classes=SUBJECTS, strength=3.0, steps=30
    )
    start, start_bias = _regression(
        _start_rows(plain + part["recut"]),
        classes=len(TOPICS) + 1,
        strength=3.0,
        steps=40,
    )
    kind, kind_bias = _regression(_kind_rows(plain + part["other"]), classes=KINDS, strength=1.0, steps=30)
    width = np.sqrt(ngrams.CHANNELS * (BEFORE + AFTER))
    return {
        "topic": topic,
        "topic_bias": topic_bias,
        "after": (start[: ngrams.BUCKETS] / width).astype(np.float32),
        "before": (start[ngrams.BUCKETS :] / width).astype(np.float32),
        "start_bias": start_bias,
        "kind": kind,
        "kind_bias": kind_bias,
    }


def _familiar(prepared: Sequence[Prepared]) -> NDArray[np.bool_]:
    met = np.zeros(ngrams.HANS, dtype=bool)
    for each in prepared:
        codes = ngrams.stream([u.text for u in each.source.transcript.utterances]).codes
        met[codes[codes >= ngrams.FIRST_HAN] - ngrams.FIRST_HAN] = True
    return met


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Training rows of a scorer: the buckets of each, its class, the norm (None: the root of its size)."""

    buckets: list[Ints]
    classes: list[int]
    columns: int = ngrams.BUCKETS
    norm: float | None = None


def _topic_rows(prepared: Sequence[Prepared]) -> Rows:
    random = np.random.default_rng(0)
    rows, classes = [], []
    for each in prepared:
        topics = np.repeat(each.subjects, np.diff(each.edges))
        for start in range(0, len(topics), STRIDE):
            low = max(0, start + int(random.integers(-10, 10)))
            high = min(len(topics), low + int(random.choice(CHUNKS)))
            if high - low < min(CHUNKS) // 2:
                continue
            shares = np.bincount(topics[low:high]) / (high - low)
            if shares.max() >= PURITY:
                rows.append(each.found[low:high].ravel())
                classes.append(int(shares.argmax()))
    return Rows(buckets=rows, classes=classes)


def _start_rows(prepared: Sequence[Prepared]) -> Rows:
    random = np.random.default_rng(0)
    rows, classes = [], []
    for each in prepared:
        for u, starts in enumerate(each.source.starts):
            if starts or random.random() < QUIET_STARTS:
                at = each.edges[u]
                after = each.found[at : at + AFTER].ravel()
                before = each.found[max(0, at - BEFORE) : at].ravel() + ngrams.BUCKETS
                rows.append(np.concatenate([after, before]))
                classes.append(int(each.topics[u]) + 1 if starts else 0)
    norm = float(np.sqrt(ngrams.CHANNELS * (BEFORE + AFTER)))
    return Rows(buckets=rows, classes=classes, columns=2 * ngrams.BUCKETS, norm=norm)


def _kind_rows(prepared: Sequence[Prepared]) -> Rows:
    rows, classes = [], []
    for each in prepared:
        for low in range(0, len(each.found), KIND_CHUNK):
            rows.append(each.found[low : low + KIND_CHUNK].ravel())
            classes.append(decoder.KIND_ORDER.index(each.source.kind))
    return Rows(buckets=rows, classes=classes)


def _regression(rows: Rows, *, classes: int, strength: float, steps: int) -> tuple[Weights, Floats]:
    """Multinomial logistic regression over tf-idf; the idf is folded into the weights (columns, classes)."""
    from scipy.sparse import csr_matrix, diags
    from sklearn.linear_model import LogisticRegression

    ends = np.cumsum([0, *(len(row) for row in rows.buckets)])
    flat = np.concatenate(rows.buckets)
    counts: Any = csr_matrix(
        (np.ones(len(flat), dtype=np.float32), flat, ends),
        shape=(len(rows.buckets), rows.columns),
    )
    counts.sum_duplicates()
    common = np.bincount(counts.indices, minlength=rows.columns)
    kept = np.flatnonzero(common >= RARE)
    idf = np.log((len(rows.buckets) + 1) / (common[kept] + 1)).astype(np.float32)
    norms = np.sqrt(np.diff(ends)) if rows.norm is None else np.full(len(rows.buckets), rows.norm)
    scaled = diags((1 / norms).astype(np.float32)) @ counts[:, kept] @ diags(idf)
    learned = LogisticRegression(C=strength, max_iter=steps, tol=1e-3)
    with warnings.catch_warnings():
        # Stopping before convergence is part of the regularisation.
        warnings.simplefilter("ignore")
        learned.fit(scaled, rows.classes)
    weights = np.zeros((rows.columns, classes), dtype=np.float32)
    bias = np.full(classes, UNSEEN)
    weights[np.ix_(kept, learned.classes_)] = (learned.coef_ * idf).T
    bias[learned.classes_] = learned.intercept_
    return weights, bias


# ---------------------------------------------------------------- the random field


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Meetings padded to the longest: features as in Evidence with a leading B, gold labels and entries
    (B, U, K), what the kinds rule out (B, 1, K), gold changes (K, K), lengths (B,)."""

    label: Floats
    gap: Floats
    entry: Floats
    weight: Floats
    gold: Floats
    entered: Floats
    ruled_out: Floats
    changes: Floats
    lengths: Ints


def _field(seen: Sequence[tuple[Evidence, Ints, Example]]) -> model.Field:
    from scipy.optimize import minimize

    label_mean, label_scale = _spread([row[0].label for row in seen])
    gap_mean, gap_scale = _spread([row[0].gap for row in seen])
    ordered = sorted(seen, key=lambda row: len(row[1]))
    batches = [
        _batch(
            ordered[at : at + BATCH],
            label=(label_mean, label_scale),
            gap=(gap_mean, gap_scale),
        )
        for at in range(0, len(ordered), BATCH)
    ]
    topics = len(TOPICS)
    sizes = (
        len(label_mean) * topics,
        len(gap_mean),
        seen[0][0].entry.shape[2],
        topics * topics,
    )
    cuts = np.cumsum(sizes)[:-1]

    def parts(vector: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        label, gap, entry, change = np.split(vector, cuts)
        return label.reshape(-1, topics), gap, entry, change.reshape(topics, topics)

    def loss(vector: Floats) -> tuple[float, Floats]:
        label, gap, entry, change = parts(vector)
        total = 0.5 * FIELD_DECAY * float(vector @ vector)
        slopes = [np.zeros_like(part) for part in (label, gap, entry, change)]
        for batch in batches:
            emission = (batch.label @ label) * batch.weight[:, :, None]
            entering = (batch.gap @ gap)[:, :, None] + batch.entry @ entry
            expected = crf.expectations(emission + batch.ruled_out, entering, change, lengths=batch.lengths)
            total += float(
                expected.log_z.sum()
                - (emission * batch.gold).sum()
                - (entering * batch.entered).sum()
                - (change * batch.changes).sum()
            )
            inside = np.arange(batch.label.shape[1])[None, :] < batch.lengths[:, None]
            excess = (expected.label - batch.gold) * (inside * batch.weight)[:, :, None]
            slopes[0] += np.tensordot(batch.label, excess, axes=((0, 1), (0, 1)))
            excess = expected.entry - batch.entered
            slopes[1] += np.tensordot(batch.gap, excess.sum(axis=2), axes=((0, 1), (0, 1)))
            slopes[2] += np.tensordot(batch.entry, excess, axes=((0, 1, 2), (0, 1, 2)))
            slopes[3] += expected.change - batch.changes
        return total, np.concatenate([s.ravel() for s in slopes]) + FIELD_DECAY * vector

    start = np.zeros(sum(sizes))
    start[sizes[0]] = RARE_CHANGE
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": FIELD_STEPS})
    label, gap, entry, change = parts(found.x)
    return model.Field(
        label=label,
        label_mean=label_mean,
        label_scale=label_scale,
        gap=gap,
        gap_mean=gap_mean,
        gap_scale=gap_scale,
        entry=entry,
        change=change,
    )


def _spread(features: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Mean and scale of each feature; a constant one is left as it is, so it stays an intercept."""
    rows = np.concatenate(features)
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    constant = scale < 1e-6
    return np.where(constant, 0.0, mean), np.where(constant, 1.0, scale)


def _batch(
    rows: Sequence[tuple[Evidence, Ints, Example]],
    *,
    label: tuple[Floats, Floats],
    gap: tuple[Floats, Floats],
) -> Batch:
    lengths = np.array([len(topics) for _, topics, _ in rows])
    longest, topics_ = int(lengths.max()), len(TOPICS)
    shape = (len(rows), longest)
    out = Batch(
        label=np.zeros((*shape, len(label[0]))),
        gap=np.zeros((*shape, len(gap[0]))),
        entry=np.zeros((*shape, topics_, rows[0][0].entry.shape[2])),
        weight=np.zeros(shape),
        gold=np.zeros((*shape, topics_)),
        entered=np.zeros((*shape, topics_)),
        ruled_out=np.stack([model.ruled_out(source.kind) for _, _, source in rows]),
        changes=np.zeros((topics_, topics_)),
        lengths=lengths,
    )
    for i, (seen, topics, _) in enumerate(rows):
        n = len(topics)
        out.label[i, :n] = (seen.label - label[0]) / label[1]
        out.gap[i, :n] = (seen.gap - gap[0]) / gap[1]
        out.entry[i, :n] = seen.entry
        out.weight[i, :n] = seen.weight
        out.gold[i, np.arange(n), topics] = 1.0
        changed = np.flatnonzero(np.diff(topics)) + 1
        out.entered[i, changed, topics[changed]] = 1.0
        np.add.at(out.changes, (topics[changed - 1], topics[changed]), 1.0)
    return out


# ---------------------------------------------------------------- kinds of meeting


def _kinds(seen: Sequence[tuple[Evidence, Ints, Example]], *, field: model.Field) -> Floats:
    from sklearn.linear_model import LogisticRegression

    rows = np.array([decoder.kind_features(row[0], field) for row in seen])
    classes = [decoder.KIND_ORDER.index(row[2].kind) for row in seen]
    learned = LogisticRegression(C=1.0, max_iter=500, class_weight="balanced").fit(rows, classes)
    return np.concatenate([learned.coef_, learned.intercept_[:, None]], axis=1)


def _misfiled(seen: Sequence[tuple[Evidence, Ints, Example]]) -> Floats:
    """From the words alone; with the signs of ``kind_features`` added it told no better on unseen authors."""
    from sklearn.linear_model import LogisticRegression

    rows = [[decoder.otherness(row[0])] for row in seen]
    neither = [row[2].kind is None for row in seen]
    learned = LogisticRegression(C=1.0, class_weight="balanced").fit(rows, neither)
    return np.array([learned.coef_[0, 0], learned.intercept_[0]])


def main() -> None:
    learned = learn(meetings())
    path = Path(__file__).with_name(model.FILE)
    model.save(learned, path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
