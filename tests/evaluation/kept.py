"""Who is held out together, and models kept from an earlier run: usable as long as code and meetings are
those they were learned with."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

import qa_pipeline
from qa_pipeline.chapters.corpus import CORPUS

ROOT = Path(qa_pipeline.__file__).parent
CODE = {
    "chapters": ("chapters/*.py",),
    "acts": tuple(
        f"findings/{name}.py" for name in ("acts", "mentions", "net", "spelling", "train", "train_net")
    ),
}
"""What decides how a model comes out, beside the meetings."""

UNCALIBRATED = frozenset({"AG", "AH", "AO", "AP", "AQ", "AR", "AS", "AT", "AU", "AV", "AW", "AX"})
"""Authors whose meetings the rubrics were calibrated without: on theirs, scores are those of strangers."""

FOLDS = 5
"""As often are the models learned anew: without a fifth of the authors each time."""


def held_out(authors: Iterable[str]) -> list[tuple[str, ...]]:
    """The authors dealt into folds: for each fold a model is learned that has seen none of them."""
    ordered = sorted(set(authors), key=lambda author: (len(author), author))
    return [tuple(ordered[fold::FOLDS]) for fold in range(min(FOLDS, len(ordered)))]


def model_file(folder: Path, kind: str, authors: Iterable[str]) -> Path:
    """Where the model is kept that has seen none of the authors."""
    return folder / f"{kind}-{'-'.join(authors)}.npz"


def note_code(folder: Path | None, kind: str) -> bool:
    """Write down what the models of the folder are learned with, and say so when those that lie there were
    learned with something else (they are used all the same). Whether they fit."""
    if folder is None:
        return True
    now, note = _digest(kind), folder / f"{kind}.learned-with"
    there = any(folder.glob(f"{kind}-*.npz"))
    before = note.read_text("utf-8") if note.is_file() else ""
    if there and before != now:
        sys.stderr.write(
            f"{folder}: the {kind} models were learned with other code or meetings; "
            "remove them to learn anew\n"
        )
        return False
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(now, "utf-8")
    return True


def _digest(kind: str) -> str:
    digest = hashlib.sha256()
    code = [path for pattern in CODE[kind] for path in sorted(ROOT.glob(pattern))]
    for path in (*code, *sorted(CORPUS.glob("*/*.txt")), CORPUS / "other_talk.txt"):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
