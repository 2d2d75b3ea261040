"""How the minutes of a meeting may be divided so that its process can score fully (R13, R14, R25)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from qa_pipeline.names import CHAPTERS
from qa_pipeline.values.vocabulary import Chapter, MeetingKind


@dataclass(frozen=True, slots=True)
class Segment:
    """Minutes of a chapter; ``checking`` of them ask, probe or go through commitments (R25)."""

    chapter: Chapter
    minutes: int
    checking: int = 0


TIME_PLANS: Final[Mapping[MeetingKind, tuple[Segment, ...]]] = {
    MeetingKind.WEEKLY_REVIEW: (
        Segment(Chapter.OPENING, 3),
        Segment(Chapter.STAGE_REVIEW, 20, 16),
        Segment(Chapter.EXCELLENCE_SHARING, 8, 2),
        Segment(Chapter.PROBLEM_DISCUSSION, 21, 20),
        Segment(Chapter.NEXT_WEEK_PLAN, 8, 4),
    ),
    MeetingKind.MONTHLY_PLANNING: (
        Segment(Chapter.OPENING, 5),
        Segment(Chapter.MONTHLY_REVIEW, 25),
        Segment(Chapter.EXCELLENCE_SHARING, 20),
        Segment(Chapter.PROBLEM_DISCUSSION, 25),
        Segment(Chapter.NEXT_MONTH_PLAN, 30),
        Segment(Chapter.NEXT_WEEK_PLAN, 12),
        Segment(Chapter.CLOSING, 3),
    ),
}
"""By dossier section 6: 60 minutes, 70 % of them checking; 120 minutes, for which no share is asked."""


def minutes(plan: tuple[Segment, ...]) -> int:
    return sum(segment.minutes for segment in plan)


def checking_share(plan: tuple[Segment, ...]) -> Fraction | None:
    """Share of the minutes that check (R25); None for a plan that sets none aside."""
    checking = sum(segment.checking for segment in plan)
    return Fraction(checking, minutes(plan)) if checking else None


def as_flow(plan: tuple[Segment, ...]) -> str:
    """The plan as one line, as the flow of a preparation holds it."""
    return " → ".join(
        f"{CHAPTERS[s.chapter]} {s.minutes} 分钟" + (f"（追问核对 {s.checking}）" if s.checking else "")
        for s in plan
    )
