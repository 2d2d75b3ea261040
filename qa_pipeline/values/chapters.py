"""Which part of the meeting is which."""

from __future__ import annotations

from dataclasses import dataclass

from qa_pipeline.values.vocabulary import Chapter, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterSpan:
    """A stretch of the meeting that belongs to one chapter: utterances[first:last], seconds [start, end)."""

    chapter: Chapter
    start: Seconds
    end: Seconds
    first: int
    last: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyChapter:
    """How long a chapter lasted by the segmenter's probabilities, in its spans or not, and the stretch
    [start, end) in which it most likely is."""

    chapter: Chapter
    seconds: Seconds
    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapters:
    """Spans in time order that tile the utterances; a chapter may be missing, or recur in several spans.
    ``likely`` is empty and ``neither`` None where nobody counted probabilities (borders set by hand)."""

    spans: tuple[ChapterSpan, ...]
    segmenter: str
    likely: tuple[LikelyChapter, ...] = ()
    neither: float | None = None
    """The probability (0-1) that the meeting is of neither kind, whatever it was filed as."""

    def of(self, chapter: Chapter) -> tuple[ChapterSpan, ...]:
        return tuple(s for s in self.spans if s.chapter == chapter)
