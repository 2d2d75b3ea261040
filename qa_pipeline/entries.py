"""The mappings of a file of rules as pydantic models; what they do not know is recorded in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator

from qa_pipeline.source import Mark, Placed, Problems, Row
from qa_pipeline.values.vocabulary import Chapter

Vocabulary = tuple[str, Callable[[], Iterable[str]]]
"""What the words are called, and all of them."""
CHAPTERS: Vocabulary = ("章节", lambda: tuple(Chapter))


class Part(BaseModel):
    """One mapping of the file. Unknown keys and words are recorded with their place and the nearest word."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    vocabulary: ClassVar[dict[str, Vocabulary]] = {}

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any, info: ValidationInfo) -> Any:
        problems = (info.context or {}).get("problems")
        if not isinstance(data, Placed) or not isinstance(problems, Problems):
            return data
        allowed = {field.alias or name for name, field in cls.model_fields.items()}
        kept = dict(data)
        for key in data:
            if key not in allowed:
                problems.unknown(data.place(key), key=key, word=key, what="键", allowed=allowed)
                problems.incomplete.add(data.mark)
                del kept[key]
        for key, (what, words) in cls.vocabulary.items():
            if key in kept and not _words_known(data, key, what=what, words=words, problems=problems):
                problems.incomplete.add(data.mark)
                del kept[key]
        return kept


def _words_known(
    data: Placed, key: str, *, what: str, words: Callable[[], Iterable[str]], problems: Problems
) -> bool:
    value = data[key]
    given: list[tuple[Mark, Any]] = (
        list(zip(value.elements_at, value, strict=True))
        if isinstance(value, Row)
        else [(data.place(key), value)]
    )
    allowed = frozenset(str(word) for word in words())
    wrong = [(mark, word) for mark, word in given if word is not None and str(word) not in allowed]
    for mark, word in wrong:
        problems.unknown(mark, key=key, word=word, what=what, allowed=allowed)
    return not wrong
