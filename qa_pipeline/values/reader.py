"""Who read the meeting, and where two readers part."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.findings import Evidence, Findings


class ReaderChoice(StrEnum):
    """Who reads a meeting: the local reader, a language model, or both (what they agree on counts)."""

    LOCAL = "local"
    LLM = "llm"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """What one language model was asked for: ``purpose`` is reader or judge. ``cached`` answers were known
    from before and cost nothing; tokens and ``cost`` are of this inspection, None where nobody counted or
    priced them. ``masked``: names and personal numbers were covered before anything was sent. ``unanswered``
    questions had no answer that could be used."""

    purpose: str
    model: str
    host: str
    requests: int
    cached: int
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    currency: str
    masked: bool
    unanswered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLevel:
    """The level (0-1) that a language model would give an item. It never becomes the item's level."""

    item: str
    level: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Where two readers part: ``about`` is chapter, item, critical, action, practice or issue; the passage is
    the evidence."""

    about: str
    id: str
    reason: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderReport:
    """Who was to read the meeting, and whose reading stands: ``reason`` says why it is not the one asked for.

    Agreements are shares (0-1) of time and of acts, None when nobody else read. ``review`` says why a person
    has to look (empty: no need), whatever the rubric."""

    asked: ReaderChoice = ReaderChoice.LOCAL
    used: ReaderChoice = ReaderChoice.LOCAL
    reason: str = ""
    uses: tuple[ModelUse, ...] = ()
    chapter_agreement: float | None = None
    act_agreement: float | None = None
    levels: tuple[ReaderLevel, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    review: str = ""

    @property
    def answered(self) -> bool:
        """Whether nothing is left to ask again later: read by whom it was to be, every question answered."""
        return self.asked is self.used and not any(use.unanswered for use in self.uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """How the language model read a meeting that both readers read: what agrees between this and the
    inspection's own chapters and findings counts."""

    chapters: Chapters
    findings: Findings
