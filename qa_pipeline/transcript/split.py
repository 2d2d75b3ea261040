"""Cut a long recognised line into utterances, at the ends of sentences and at pauses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from qa_pipeline.values.vocabulary import Seconds

LONG_SECONDS: Final[Seconds] = 10.0
LONG_CHARS: Final = 45
"""A line longer than either is cut where sentences end."""
_VERY_LONG_CHARS: Final = 90
"""A piece still longer than this is cut at commas too."""
_SNAP: Final[Seconds] = 0.8
"""A cut is moved to a pause this near: characters are a rough clock."""

_SENTENCE: Final = re.compile(r"[^。！？!?]+[。！？!?]*|[。！？!?]+")
_CLAUSE: Final = re.compile(r"[^，,；;、。！？!?]+[，,；;、。！？!?]*")


def split_lines(
    start: Seconds, end: Seconds, text: str, pauses: Sequence[Seconds]
) -> Iterator[tuple[Seconds, Seconds, str]]:
    """Yield (start, end, text) for one line; ``pauses`` are moments at which the voice is known to rest.

    Times inside the line follow the share of characters, moved to a pause within 0.8 s.
    """
    texts = [text]
    if end - start > LONG_SECONDS or len(text) > LONG_CHARS:
        texts = [piece for sentence in _SENTENCE.findall(text) for piece in _clauses(sentence)]
    total = sum(len(piece) for piece in texts)
    at, chars = start, 0
    for piece in texts:
        chars += len(piece)
        stop = end if chars == total else start + (end - start) * chars / total
        if chars < total:
            near = min(pauses, key=lambda pause: abs(pause - stop), default=stop)
            if abs(near - stop) <= _SNAP and at < near < end:
                stop = near
        stop = max(stop, at)
        yield at, stop, piece.strip()
        at = stop


def cut_at_gaps(
    start: Seconds, end: Seconds, text: str, gaps: Sequence[Seconds]
) -> Iterator[tuple[Seconds, Seconds, str]]:
    """Yield (start, end, text) for one line, cut at those ``gaps`` beside which (0.8 s) a clause ends.

    A gap is a moment of the window at which the meeting was silent for long: what was said before it and
    after it are two utterances, even where the recogniser, which did not hear the silence, made one line.
    """
    ends = [clause.end() for clause in _CLAUSE.finditer(text)][:-1]
    at, done = start, 0
    for gap in gaps:
        near = {abs(start + (end - start) * chars / len(text) - gap): chars for chars in ends if chars > done}
        if at < gap < end and near and min(near) <= _SNAP:
            chars = near[min(near)]
            yield at, gap, text[done:chars]
            at, done = gap, chars
    yield at, end, text[done:]


def _clauses(sentence: str) -> Iterator[str]:
    if len(sentence) <= _VERY_LONG_CHARS:
        yield sentence
        return
    held = ""
    for clause in _CLAUSE.findall(sentence):
        if held and len(held) + len(clause) > LONG_CHARS:
            yield held
            held = ""
        held += clause
    if held:
        yield held
