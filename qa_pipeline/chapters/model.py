"""The learned model of the chapters: what it holds, how it is stored, and how it scores a meeting."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from qa_pipeline import installed
from qa_pipeline.chapters import crf
from qa_pipeline.chapters.features import TOPICS, Evidence, Floats, Scorers
from qa_pipeline.values.vocabulary import Chapter, MeetingKind

FILE: Final = "model.npz"
VERSION: Final = "chapters-10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Parameters of the random field: ``label`` (F, K), ``gap`` (G,), ``entry`` (E,), ``change`` (K, K);
    means and scales of the label and gap features."""

    label: Floats
    label_mean: Floats
    label_scale: Floats
    gap: Floats
    gap_mean: Floats
    gap_scale: Floats
    entry: Floats
    change: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    scorers: Scorers
    field: Field
    kind: Floats
    """(3, features + 1): weights of the meeting kinds over ``kind_features``, and intercepts."""
    misfiled: Floats
    """(2,): slope and intercept of the probability to be neither kind over ``otherness``."""
    version: str = VERSION


def potentials(evidence: Evidence, field: Field) -> tuple[Floats, Floats]:
    """Emission and entry scores (U, K), before what the kind of meeting rules out."""
    label = (evidence.label - field.label_mean) / field.label_scale
    gap = (evidence.gap - field.gap_mean) / field.gap_scale
    emission = (label @ field.label) * evidence.weight[:, None]
    return emission, (gap @ field.gap)[:, None] + evidence.entry @ field.entry


def ruled_out(kind: MeetingKind | None, foreign: NDArray[np.bool_] | None = None) -> Floats:
    """What is added to the emissions (U or 1, K): a meeting of another kind, and talk in a ``foreign``
    language (U,), has no chapters but its frame."""
    frame = {Chapter.OPENING, Chapter.CLOSING, Chapter.OFF_TOPIC}
    possible = {
        MeetingKind.WEEKLY_REVIEW: set(TOPICS) - {Chapter.NEXT_MONTH_PLAN},
        MeetingKind.MONTHLY_PLANNING: set(TOPICS),
        None: frame,
    }[kind]
    by_kind = np.array([0.0 if topic in possible else crf.IMPOSSIBLE for topic in TOPICS])
    if foreign is None:
        return by_kind[None, :]
    by_language = np.array([0.0 if topic in frame else crf.IMPOSSIBLE for topic in TOPICS])
    ruled: Floats = np.minimum(by_kind, np.where(foreign[:, None], by_language, 0.0))
    return ruled


def save(model: Model, path: Path | IO[bytes]) -> None:
    """Write the model; the same model gives the same bytes."""
    parts: dict[str, NDArray[np.generic]] = {
        "syllables": model.scorers.syllables.astype(np.int32),
        "familiar": model.scorers.familiar,
    }
    for name in ("topic", "after", "before", "kind"):
        weights = getattr(model.scorers, name)
        scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
        parts[f"{name}_scale"] = scale.astype(np.float32)
        parts[f"{name}_steps"] = np.round(weights / scale).astype(np.int8)
    for name in ("topic_bias", "start_bias", "kind_bias"):
        parts[name] = getattr(model.scorers, name)
    for name in Field.__dataclass_fields__:
        parts[f"field_{name}"] = getattr(model.field, name)
    parts["kind_of"] = model.kind
    parts["misfiled"] = model.misfiled
    if isinstance(path, Path):
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **parts)
    else:
        np.savez_compressed(path, allow_pickle=False, **parts)


def load(path: Path | IO[bytes]) -> Model:
    """Read a model that ``save`` wrote."""
    with np.load(path, allow_pickle=False) as parts:
        columns = {
            name: parts[f"{name}_steps"].astype(np.float32) * parts[f"{name}_scale"]
            for name in ("topic", "after", "before", "kind")
        }
        biases = {name: parts[name] for name in ("topic_bias", "start_bias", "kind_bias")}
        return Model(
            scorers=Scorers(
                syllables=parts["syllables"].astype(np.int64),
                familiar=parts["familiar"],
                **columns,
                **biases,
            ),
            field=Field(**{name: parts[f"field_{name}"] for name in Field.__dataclass_fields__}),
            kind=parts["kind_of"],
            misfiled=parts["misfiled"],
        )


@cache
def shipped() -> Model:
    """The model that is part of the package, read once."""
    return load(Path(str(files("qa_pipeline.chapters") / FILE)))


def current() -> Model:
    """The model that a company trained itself where one is installed (see ``installed``), else the shipped
    one. Raises ModelError for a damaged file."""
    path = installed.fitting("chapters", base=VERSION)
    if path is None:
        return shipped()
    return _installed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _installed(path: Path, _stamp: int) -> Model:
    told = installed.about("chapters")
    try:
        return replace(load(path), version=told.version if told else VERSION)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise installed.damaged("chapters") from error
