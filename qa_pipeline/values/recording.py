"""The audio of a meeting."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from qa_pipeline.values.vocabulary import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPart:
    """One file of a recording: where it lies on the meeting's time line and what it is."""

    path: str
    sha256: str
    start: Seconds
    duration: Seconds
    container: str
    codec: str
    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The audio of one meeting: one or more parts in order. ``sha256`` is over the parts' hashes."""

    parts: tuple[RecordingPart, ...]
    duration: Seconds
    sha256: str
    warnings: tuple[str, ...] = ()


def joined(parts: Iterable[str]) -> str:
    """The hash of a recording from those of its parts, in order."""
    return hashlib.sha256("".join(parts).encode("ascii")).hexdigest()
