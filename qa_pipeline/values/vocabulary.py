"""The words that every stage shares: the ids of meetings, themes, chapters, dimensions, acts and verdicts.

Times are seconds from the start of the meeting's first recording part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

Seconds = float
Progress = Callable[[str, float, float], None]
"""Called as (stage, done, total); the caller draws a bar, writes a row or says nothing."""


def silent(stage: str, done: float, total: float) -> None:
    """Progress nobody asked for."""


class MeetingKind(StrEnum):
    WEEKLY_REVIEW = "weekly_review"
    MONTHLY_PLANNING = "monthly_planning"


class Theme(StrEnum):
    """The weekly themes; a theme belongs to the slot, not to the day the meeting was held (R4)."""

    SUPERVISOR_LEAD = "supervisor_lead"
    SUPERVISOR_COACHING = "supervisor_coaching"
    RECRUITMENT_REVIEW = "recruitment_review"
    MONTH_END_SPRINT = "month_end_sprint"


class Chapter(StrEnum):
    OPENING = "opening"
    STAGE_REVIEW = "stage_review"
    MONTHLY_REVIEW = "monthly_review"
    EXCELLENCE_SHARING = "excellence_sharing"
    PROBLEM_DISCUSSION = "problem_discussion"
    NEXT_MONTH_PLAN = "next_month_plan"
    NEXT_WEEK_PLAN = "next_week_plan"
    CLOSING = "closing"
    OFF_TOPIC = "off_topic"


class Dimension(StrEnum):
    CONTENT = "content"
    PROCESS = "process"
    INTERACTION = "interaction"


class Act(StrEnum):
    """What an utterance does in the meeting."""

    ASK = "ask"
    PROBE = "probe"
    CHECK = "check"
    CAUSE = "cause"
    MEASURE = "measure"
    COMMIT = "commit"
    FOLLOWUP = "followup"
    PRACTICE = "practice"
    RECOGNIZE = "recognize"
    EVADE = "evade"
    SUMMARY = "summary"
    GOAL = "goal"
    DATA = "data"


class Likeness(StrEnum):
    """In what two meetings are the same: the sound of their recordings, or what was said."""

    SOUND = "sound"
    WORDS = "words"


class Outcome(StrEnum):
    """What a meeting says of a promise of an earlier one; unclear: taken up, but not said whether kept."""

    KEPT = "kept"
    NOT_KEPT = "not_kept"
    UNCLEAR = "unclear"
    NOT_MENTIONED = "not_mentioned"


class Status(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    QUALIFIED = "qualified"
    NOT_QUALIFIED = "not_qualified"
    NEEDS_REVIEW = "needs_review"


MANDATED: Final[Mapping[MeetingKind, tuple[Chapter, ...]]] = {
    MeetingKind.WEEKLY_REVIEW: (
        Chapter.STAGE_REVIEW,
        Chapter.EXCELLENCE_SHARING,
        Chapter.PROBLEM_DISCUSSION,
        Chapter.NEXT_WEEK_PLAN,
    ),
    MeetingKind.MONTHLY_PLANNING: (
        Chapter.MONTHLY_REVIEW,
        Chapter.EXCELLENCE_SHARING,
        Chapter.PROBLEM_DISCUSSION,
        Chapter.NEXT_MONTH_PLAN,
        Chapter.NEXT_WEEK_PLAN,
    ),
}
"""The chapters each kind of meeting must hold, in order (R13, R14)."""


def chapters_of(kind: MeetingKind) -> tuple[Chapter, ...]:
    """The chapters that a meeting of this kind can have."""
    frame = (Chapter.OPENING, Chapter.CLOSING, Chapter.OFF_TOPIC)
    return tuple(c for c in Chapter if c in MANDATED[kind] or c in frame)
