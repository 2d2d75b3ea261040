"""Batches as requests and answers hold them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.fields import Code, Line, Month, example
from api.jobs.tables import JobState

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Csv = Annotated[str, StringConstraints(min_length=1, max_length=2_000_000, pattern=r"^[^\x00]+$")]


class NewBatch(BaseModel):
    """Which recordings; at least one of month, manifest and pattern."""

    model_config = ConfigDict(
        json_schema_extra=example(
            name="2026年9月归档",
            month="2026-09",
            manifest="文件名,机构代码,日期\n鼓楼0908.m4a,350102,2026-09-08\n",
            dry_run=True,
        )
    )

    name: Line
    month: Month | None = Field(None, description="只取该月场次的会议")
    institution: Code | None = Field(None, description="只取该机构及其下级；不填为全部可见机构")
    manifest: Csv | None = Field(
        None, description="CSV，首行为表头：文件名,机构代码,日期（机构代码、日期可空，用来核对）"
    )
    pattern: Pattern | None = Field(None, description="文件名通配，如 *周复盘*.m4a")
    again: bool = Field(False, description="已有结论的会议也重新质检")
    dry_run: bool = Field(False, description="只列出会怎样，不开始")


class MatchedFile(BaseModel):
    file: str
    meeting: str
    institution: str
    day: date


class UnmatchedFile(BaseModel):
    line: int | None = Field(description="清单第几行；不来自清单为 null")
    file: str
    reason: str


class BatchOut(BaseModel):
    """A batch with its progress."""

    code: str
    name: str
    created_by: str
    created_at: datetime
    paused: bool
    jobs: dict[JobState, int]
    progress: float = Field(ge=0, le=1, description="已结束的任务的比例")
    finished: bool
    done_by: datetime | None = Field(description="按目前速度预计何时完成；未知或已暂停为 null")


class BatchAnswer(BaseModel):
    """What was found, and the batch unless it was a dry run or nothing is to be done."""

    batch: BatchOut | None
    matched: list[MatchedFile]
    unmatched: list[UnmatchedFile]
    inspected: list[str] = Field(description="已有结论而跳过的会议")
