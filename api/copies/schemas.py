"""Copies as answers hold them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from qa_pipeline.values.vocabulary import Likeness


class CopyOut(BaseModel):
    """A stretch of the meeting that was taken from another one."""

    kind: Likeness = Field(description="sound：同一段录音（音频指纹相同）；words：同一份文字")
    start: float = Field(description="本场从第几秒起")
    end: float = Field(description="到第几秒为止")
    meeting: str | None = Field(description="另一场会议；不在您的管辖范围内则为 null")
    other_start: float | None = Field(description="在另一场的第几秒；不知道或不在管辖范围内则为 null")
