"""The rubric language: load a rubric, score a meeting by it.

``load_rubric`` reads and checks a file, ``rubric_for`` chooses the one that applies, ``score`` gives the
energy score. Importing this package is quick: the language itself (pydantic) loads with the first rubric.
"""

from __future__ import annotations

from qa_pipeline.rubric.loader import Rubric, load_rubric, rubric_for
from qa_pipeline.rubric.scorer import score

__all__ = ["Rubric", "load_rubric", "rubric_for", "score"]
