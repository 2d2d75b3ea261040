"""Minutes as answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from api.fields import Given, Instant
from models.meetings.tables import ActionState
from qa_pipeline.values.vocabulary import Chapter, MeetingKind, Theme


class ChapterMinutes(BaseModel):
    """One stretch of a chapter; seconds from the start of the recording."""

    chapter: Chapter
    label: str
    start: float
    end: float
    sure: bool = Field(description="false：章节由机器划分，把握不大，请核对")


class Decision(Given):
    """Words that settle something: a goal, a measure, a conclusion."""

    chapter: Chapter
    kind: str = Field(description="目标、对策或总结")
    text: str
    speaker: str | None
    start: float


class ActionMinutes(BaseModel):
    """人 + 事 + 期限 (R26)."""

    code: str
    what: str
    owner: str | None = Field(description="责任人；会上未说清为 null")
    due_on: date | None
    state: ActionState
    confirmed: bool = Field(description="false：由录音自动识别，尚未经人确认")


class Quote(BaseModel):
    text: str
    speaker: str | None
    start: float
    end: float


class PracticeMinutes(BaseModel):
    """A practice worth copying; its sound is at ``…/practices/{number}/audio``."""

    number: int
    text: str
    quotes: list[Quote]


class MinutesOut(BaseModel):
    """The minutes of an inspected meeting."""

    meeting: str
    institution: str
    kind: MeetingKind
    theme: Theme | None
    topic: str | None
    goal: str | None
    started_at: Instant | None
    ended_at: Instant | None
    host: str | None
    due: int | None = Field(description="应到人数；未知为 null")
    present: int | None = Field(description="实到人数；未登记签到为 null")
    chapters: list[ChapterMinutes]
    decisions: list[Decision]
    actions: list[ActionMinutes]
    practices: list[PracticeMinutes]
    masked: bool = Field(description="号码和客户姓名是否已隐去")
    scorecard_version: int
