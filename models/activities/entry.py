"""One entry of the activity calendar: what it must say (R30), and whether its loop is closed (R31)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from models.activities.tables import Platform

PLATFORM_LABELS: Final = {
    Platform.WARMUP: "升温平台",
    Platform.HIGH_VALUE: "价值客户平台",
    Platform.HIGH_POTENTIAL: "高潜平台",
}

MANDATORY: Final = {
    "starts_at": "时间",
    "place": "地点",
    "content": "内容",
    "audience": "对象",
    "goal": "目标",
    "preparation": "准备",
}
"""The six fields without which an entry is invalid (R30)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An activity as planned, and what was recorded of it since."""

    code: str
    institution_id: int
    platform: Platform
    month: date
    office_id: int | None = None
    owner_id: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    place: str | None = None
    content: str | None = None
    audience: str | None = None
    goal: str | None = None
    preparation: str | None = None
    process: str | None = None
    feedback: str | None = None
    conclusion: str | None = None
    cancelled: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Which of time, place, content, audience, goal and preparation are not there (R30)."""
        return tuple(label for name, label in MANDATORY.items() if not _said(getattr(self, name)))

    @property
    def is_valid(self) -> bool:
        """R30: an entry is INVALID while one of the six fields is missing."""
        return not self.missing


class LoopPart(StrEnum):
    """规划, 执行, 检视."""

    PLAN = "plan"
    EXECUTE = "execute"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A part of the loop that is not done, and what it lacks."""

    part: LoopPart
    lacks: tuple[str, ...]

    def __str__(self) -> str:
        names = {LoopPart.PLAN: "规划", LoopPart.EXECUTE: "执行", LoopPart.REVIEW: "检视"}
        return f"{names[self.part]}缺{'、'.join(self.lacks)}"


def open_parts(entry: Entry) -> tuple[OpenPart, ...]:
    """What keeps an activity's loop open: plan, execution (process and feedback) or review missing (R31).

    Empty: closed. A cancelled activity has no loop to close.
    """
    if entry.cancelled:
        return ()
    lacks = {
        LoopPart.PLAN: entry.missing,
        LoopPart.EXECUTE: tuple(
            label
            for label, text in (("活动过程", entry.process), ("客户反馈", entry.feedback))
            if not _said(text)
        ),
        LoopPart.REVIEW: () if _said(entry.conclusion) else ("检视结论",),
    }
    return tuple(OpenPart(part, names) for part, names in lacks.items() if names)


def missing_platforms(
    entries: Iterable[Entry], institutions: Collection[int]
) -> dict[int, tuple[Platform, ...]]:
    """Which platform kinds an institution's month lacks (R30: each at least once).

    Only valid entries that were not cancelled count. Institutions that lack none are left out.
    """
    held: dict[int, set[Platform]] = defaultdict(set)
    for entry in entries:
        if entry.is_valid and not entry.cancelled:
            held[entry.institution_id].add(entry.platform)
    lacking = {key: tuple(kind for kind in Platform if kind not in held[key]) for key in institutions}
    return {key: kinds for key, kinds in lacking.items() if kinds}


def _said(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None
