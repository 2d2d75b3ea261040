"""Readers that a company trained on its own meetings: where they lie, and whether they fit this program.

One file each in ``readers`` beside the speech models (``transcript.store.models_folder``). It takes the place
of the shipped one as long as it was trained by a program that reads meetings in the same way; its version is
recorded in every result.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, get_args

from qa_pipeline.errors import ModelError
from qa_pipeline.files import write_atomically

Kind = Literal["chapters", "acts"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
NAMES: Final = {"chapters": "章节模型", "acts": "语句模型"}
_ABOUT: Final = "about.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an installed reader says of itself. ``base`` is the shipped version whose features it was trained
    on; ``learned`` are the ids of the meetings (SHA-256 of their text, shortened) that it has seen;
    ``figures`` what was measured on meetings it had not seen when it was installed."""

    version: str
    base: str
    trained_at: str
    learned: tuple[str, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)


def path_of(kind: Kind) -> Path:
    """Where the company's own reader of this kind lies or would lie."""
    from qa_pipeline.transcript.store import models_folder

    return models_folder() / "readers" / f"{kind}.npz"


def about(kind: Kind) -> About | None:
    """What is installed, None where nothing is. Raises ModelError for a damaged file."""
    path = path_of(kind)
    try:
        stat = path.stat()
    except OSError:
        return None
    return _read(path, kind, (stat.st_mtime_ns, stat.st_size))


def fitting(kind: Kind, *, base: str) -> Path | None:
    """The installed reader's file if this program can use it; None: the shipped one reads."""
    found = about(kind)
    return path_of(kind) if found is not None and found.base == base else None


def warnings(**bases: str) -> tuple[str, ...]:
    """What must be said of readers that lie there and are not used (Chinese sentences). ``bases``: the
    version of the shipped reader of each kind."""
    told = []
    for kind in KINDS:
        found = about(kind)
        if found is not None and found.base != bases[kind]:
            told.append(
                f"自训的{NAMES[kind]}（{found.version}）与本版程序（{bases[kind]}）不配，本次使用随附模型；"
                f"请重新运行 huijian train {kind}。"
            )
    return tuple(told)


def install(kind: Kind, arrays: bytes, told: About) -> Path:
    """Put a trained reader (the bytes of an npz) in place of the one installed; raises OutputError."""
    whole = BytesIO(arrays)
    with zipfile.ZipFile(whole, "a") as file:
        file.writestr(_ABOUT, json.dumps(asdict(told), ensure_ascii=False))
    path = path_of(kind)
    write_atomically(path, whole.getvalue())
    return path


def remove(kind: Kind) -> bool:
    """Go back to the shipped reader; False where none was installed."""
    path = path_of(kind)
    there = path.is_file()
    path.unlink(missing_ok=True)
    return there


@lru_cache(maxsize=8)
def _read(path: Path, kind: Kind, _stamp: tuple[int, int]) -> About:
    try:
        with zipfile.ZipFile(path) as file:
            whole = json.loads(file.read(_ABOUT))
        return About(
            version=str(whole["version"]),
            base=str(whole["base"]),
            trained_at=str(whole["trained_at"]),
            learned=tuple(str(one) for one in whole["learned"]),
            figures={str(name): float(value) for name, value in whole["figures"].items()},
        )
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise damaged(kind) from error


def damaged(kind: Kind) -> ModelError:
    return ModelError(
        f"自训的{NAMES[kind]} {path_of(kind)} 已损坏：请重新运行 huijian train {kind}，"
        "或删除该文件改用随附模型。"
    )
