"""What uploads answer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.fields import Given, Instant, Line, example
from api.jobs.tables import JobState


class DuplicateOut(BaseModel):
    """The same sound elsewhere (K4)."""

    meeting: str | None = Field(description="另一场会议的编号；null：在您看不到的会议里")
    part: int | None


class PartOut(BaseModel):
    """One part of a meeting's recording."""

    part: int = Field(description="段号，从 1 开始")
    file_name: str
    size: int = Field(description="字节数")
    duration: float = Field(description="秒")
    sha256: str = Field(description="文件内容的 SHA-256")
    started_at: Instant | None = Field(description="录音机记下的开始时间")
    duplicates: list[DuplicateOut] = Field(description="相同的声音还出现在哪里；不为空则触发一票否决 K4")


class GapOut(BaseModel):
    after_part: int
    seconds: float = Field(description="与下一段之间没有录音的秒数；小于 0 表示两段重叠")


class RecordingOut(BaseModel):
    """All parts of a meeting's recording, in order."""

    meeting: str
    parts: list[PartOut]
    missing: list[int] = Field(description="缺少的段号")
    gaps: list[GapOut]
    duration: float = Field(description="录音总长（秒），同一声音只计一次")


class JobRef(BaseModel):
    code: str
    state: JobState


class RecordingWithdrawal(Given):
    """Why a part is taken back."""

    model_config = ConfigDict(json_schema_extra=example(reason="是另一场会议的录音"))

    reason: Line = Field(description="撤回原因，记入审计")


class WithdrawnOut(RecordingOut):
    """The parts that remain."""

    job: JobRef | None = Field(
        description="其余录音的质检任务；没有其余录音、或结论本就不依据这一段时为 null"
    )


class UploadAnswer(RecordingOut):
    """What became of an upload."""

    model_config = ConfigDict(
        json_schema_extra=example(
            meeting="350102-20260908",
            parts=[
                {
                    "part": 1,
                    "file_name": "周复盘会20260908.m4a",
                    "size": 10485760,
                    "duration": 3480.5,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "started_at": "2026-09-08T09:00:00+08:00",
                    "duplicates": [],
                }
            ],
            missing=[],
            gaps=[],
            duration=3480.5,
            received=[1],
            new=True,
            job={"code": "J5f0c2d9a1b3e4f60", "state": "queued"},
        )
    )

    received: list[int] = Field(description="本次上传的文件各是第几段，按上传顺序")
    new: bool = Field(True, description="false：这些文件此前都已登记，没有新的")
    job: JobRef | None = Field(description="质检任务；inspect=false 时为 null")


class UploadOut(BaseModel):
    """A resumable upload."""

    code: str
    file_name: str
    length: int | None = Field(description="总字节数；边录边传、尚未结束时为 null")
    offset: int = Field(description="已收到的字节数")
    expires_at: Instant
    answer: UploadAnswer | None = Field(description="收齐并登记后的结果")


class UnfinishedOut(BaseModel):
    """A resumable upload of the caller that has not become a part of a recording yet."""

    code: str
    file_name: str
    meeting: str | None = Field(description="开始时指明的会议；没有指明则为 null")
    live: bool = Field(description="true：在浏览器里边录边传")
    length: int | None = Field(description="总字节数；边录边传、尚未结束时为 null")
    offset: int = Field(description="已收到的字节数；与 length 相等而仍在此处的，没能登记到会议")
    created_at: Instant
    expires_at: Instant


class WaveformOut(BaseModel):
    """How loud the recording is over its time, all parts one after another."""

    duration: float = Field(description="秒")
    columns: list[int] = Field(description="等分成的各小段里最响的一处，0 到 100")
