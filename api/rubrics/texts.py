"""Rubrics given as text: loaded and checked as files are, with places that the writer can find."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from qa_pipeline.errors import RubricError
from qa_pipeline.rubric.loader import SHIPPED, Rubric, load_rubric
from qa_pipeline.source import read

FILE: Final = "rubric.yaml"
_PLACE: Final = re.compile(rf"{re.escape(FILE)}:(\d+):(\d+)\s*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake; line and column count from 1, None: concerns the whole file."""

    line: int | None
    column: int | None
    text: str


@lru_cache(maxsize=64)
def load(text: str) -> Rubric:
    """The rubric that the text says; raises RubricError naming every mistake as ``rubric.yaml:line:column``.

    ``extends`` may only name a shipped rubric: a text from outside reads no files of the server.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        file.write_text(text, encoding="utf-8")
        try:
            return _loaded(file)
        except RubricError as error:
            raise RubricError(str(error).replace(f"{folder}/", "")) from error


def problems(error: RubricError) -> list[Problem]:
    """Every mistake that the error names, with its place."""
    found = [
        Problem(line=int(match[1]), column=int(match[2]), text=match[3])
        for line in str(error).splitlines()
        if (match := _PLACE.search(line))
    ]
    return found or [Problem(line=None, column=None, text=str(error))]


def shipped_text(name: str) -> str:
    """The YAML of a shipped rubric as it stands in the program."""
    return Path(load_rubric(name).source).read_text(encoding="utf-8")


def _loaded(file: Path) -> Rubric:
    tree = read(file)
    base = tree.get("extends")
    if base is not None and base not in SHIPPED:
        at = tree.place("extends")
        raise RubricError(f"{at} 键「extends」：只能以自带量规为底（{'、'.join(SHIPPED)}）。")
    return load_rubric(file)
