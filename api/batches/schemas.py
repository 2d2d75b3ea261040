"""Batches as requests and answers hold them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.batches.tables import FileState
from api.fields import Code, Given, Instant, Line, Moment, Month, example
from api.figures import Figure
from api.jobs.tables import JobState
from qa_pipeline.values.vocabulary import Verdict

MOST_FILES = 5000
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Csv = Annotated[str, StringConstraints(min_length=1, max_length=2_000_000, pattern=r"^[^\x00]+$")]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]
Folder = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class OfferedFile(Given):
    """A file that a client is going to send."""

    file: FilePath = Field(description="文件名，可带子文件夹（用 / 分开）", examples=["福州/鼓楼0908.m4a"])
    size: int = Field(ge=1, le=1 << 50, description="字节数")
    created: Moment | None = Field(None, description="录音机记下的开始时间，如文件中有")


class NewBatch(Given):
    """Which recordings: those that were uploaded (at least one of month, manifest and pattern), those of a
    folder of the service's archive, or those that the client is going to send."""

    model_config = ConfigDict(
        json_schema_extra=example(
            name="2026年9月归档",
            month="2026-09",
            manifest="文件名,机构代码,日期\n鼓楼0908.m4a,350102,2026-09-08\n",
            dry_run=True,
        )
    )

    name: Line
    folder: Folder | None = Field(
        None,
        description="服务器归档根目录（HUIJIAN_ARCHIVE_ROOT：文件夹或 s3://桶/前缀）下的子目录，"
        "空串为根目录本身；不填则从已上传的录音中选",
    )
    files: list[OfferedFile] | None = Field(
        None,
        min_length=1,
        max_length=MOST_FILES,
        description="文件：由客户端随后断点续传；与 folder 只能选一项",
    )
    month: Month | None = Field(None, description="月份：只取该月的会议（已上传的按场次，其他按日期）")
    institution: Code | None = Field(None, description="机构代码：只取该机构及其下级；不填为全部可见机构")
    manifest: Csv | None = Field(
        None,
        description="清单：CSV，首行为表头：文件名,机构代码,日期，另可有 开始时间、类别、段号；"
        "除文件名外都可空，空的从文件名和录音中找",
    )
    pattern: Pattern | None = Field(
        None,
        description="文件名通配（* 和 ?），并可用 {institution}、{date}、{time}、{part} 指出机构、日期、"
        "开始时间和段号在哪里，如 {institution}_{date}_{time}*.m4a",
    )
    again: bool = Field(False, description="重新质检：已有结论的会议也做，由人复核过的除外")
    dry_run: bool = Field(False, description="试运行：只列出会怎样，不开始")


class MatchedFile(BaseModel):
    file: str
    meeting: str | None = Field(description="会议编号；null：登记时新建")
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
    folder: str | None = Field(description="从归档的哪个子目录取文件")
    created_by: str
    created_at: Instant
    paused: bool
    files: dict[FileState, int] = Field(description="还要收的、已收下的、不能收的文件；已上传的不计")
    jobs: dict[JobState, int]
    inspected: int | None = Field(description="已有结论而跳过几场会议；早先的批次没有记下，为 null")
    unmatched: int | None = Field(
        description="对不上任何会议的文件和清单行有几个；早先的批次没有记下，为 null"
    )
    progress: float = Field(ge=0, le=1, description="已结束的会议的比例")
    finished: bool
    done_by: Instant | None = Field(description="按目前速度预计何时完成；未知或已暂停为 null")


class BatchFileOut(BaseModel):
    """A file that a batch fetches or waits for."""

    file: str
    size: int
    state: FileState
    error: str | None = Field(description="为什么不能收")
    meeting: str | None = Field(description="收下后属于哪场会议")


class BatchMeetingOut(BaseModel):
    """A meeting of a batch: how far its inspection is, and its verdict once that is done."""

    meeting: str
    institution: str
    institution_name: str
    started_at: Instant | None = Field(description="会议开始时间；没有登记为 null")
    job: str = Field(description="任务编号")
    state: JobState = Field(description="质检任务的状态")
    error: str | None = Field(description="为什么等待重试、失败或取消")
    verdict: Verdict | None = Field(description="现行结论；质检未完成为 null")
    energy_score: Figure | None = Field(description="能量值 0–100；测不出或质检未完成为 null")


class LeftOut(BaseModel):
    """What a batch does not inspect, and why."""

    inspected: list[str] | None = Field(description="已有结论而跳过的会议；早先的批次没有记下，为 null")
    unmatched: list[UnmatchedFile] | None = Field(
        description="对不上任何会议的文件和清单行；早先的批次没有记下，为 null"
    )


class BatchAnswer(BaseModel):
    """What was found, and the batch unless it was a dry run or nothing is to be done."""

    batch: BatchOut | None
    matched: list[MatchedFile]
    unmatched: list[UnmatchedFile]
    inspected: list[str] = Field(description="已有结论而跳过的会议")
