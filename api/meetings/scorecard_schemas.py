"""Scorecards, their differences, and transcripts as requests and answers hold them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.copies.schemas import CopyOut
from api.fields import Given, Instant, Line, Words, example
from api.figures import Figure
from models.meetings.tables import FindingKind
from qa_pipeline.values.reader import ReaderChoice
from qa_pipeline.values.vocabulary import Act, Chapter, Status, Verdict


class EvidenceOut(BaseModel):
    """Words that prove something, with the seconds at which they were said."""

    start: float | None
    end: float | None
    quote: str
    speaker: str | None = None


class ItemOut(BaseModel):
    """One item of the rubric; unknown and not applicable ones leave the denominator."""

    id: str
    label: str
    dimension: str
    score: float | None
    max: float
    status: str = Field(
        description="full 得满分、partial 得部分分、missed 没有得分、not_applicable 不适用、unknown 未知"
    )
    reason: str
    confidence: float | None
    suggestion: str
    evidence: list[EvidenceOut]


class CriticalOut(BaseModel):
    id: str
    label: str
    reason: str
    review: bool = Field(description="true：冻结结论、转人工复核")
    evidence: list[EvidenceOut]


class ListenOut(BaseModel):
    """The one passage that a person should hear before deciding, and why."""

    id: str = Field(description="所关系到的评分项或关键项")
    start: float = Field(description="从会议开始起的秒数")
    end: float = Field(description="到第几秒为止")
    reason: str = Field(description="为什么听这一段")
    swing: float | None = Field(description="能让能量值变动约多少分；关键项为 null")


class DisagreementOut(BaseModel):
    """Where the local reader and a language model read a meeting otherwise."""

    about: str = Field(description="chapter、item、critical、action、practice 或 issue")
    id: str
    reason: str
    evidence: list[EvidenceOut]


class ReadersOut(BaseModel):
    """Who read the meeting beside the local reader, and where the two part."""

    asked: ReaderChoice = Field(description="要求的读法：local、llm 或 both")
    used: ReaderChoice = Field(description="实际采用的读法")
    reason: str = Field(description="没有照要求读的原因；照办了为空")
    review: str = Field(description="为什么须由人裁定；不须为空")
    chapter_agreement: float | None = Field(description="章节一致的时间占比")
    act_agreement: float | None = Field(description="语句标签一致的占比")
    disagreements: list[DisagreementOut] = Field(description="不一致的各处，附原话")


class ChapterOut(BaseModel):
    chapter: Chapter
    start: float
    end: float
    confidence: float


class FindingOut(BaseModel):
    """A practice, an issue or a piece of advice (R34)."""

    kind: FindingKind
    text: str
    start: float | None
    end: float | None
    quote: str | None


class VersionOut(BaseModel):
    """One version of a meeting's result, without its parts."""

    version: int
    is_current: bool
    made_at: Instant
    rubric: str
    energy_score: Figure | None
    band: tuple[Figure | None, Figure | None] = Field(description="能量值的误差范围")
    verdict: Verdict
    on_time: Status
    on_roster: Status
    on_quality: Status


class Reviewed(BaseModel):
    """The human decision that this version records; the machine's version stays."""

    by: str
    second: str | None
    reason: str
    of_version: int = Field(description="所复核的版本")
    overridden: list[str] = Field(description="改分的项")


class ScorecardOut(VersionOut):
    """One version of a meeting's result with everything that a reader sees."""

    meeting: str
    pass_line: Figure = Field(description="合格线，在其上（含）为达标")
    items: list[ItemOut]
    criticals: list[CriticalOut]
    attendance_changed: bool | None = Field(
        description="签到（R9）是否在这一版之后改过：true 时“到人”和结论仍按原来的签到；"
        "这一版没有记下所依据的签到为 null"
    )
    copies: list[CopyOut] = Field(description="与别的会议重复的录音或文字，按现在所知（K4）")
    listen: ListenOut | None = Field(description="拿不准时先听哪一段；不必听为 null")
    readers: ReadersOut | None = Field(description="语言模型的读法；只有本地读会为 null")
    chapters: list[ChapterOut]
    findings: list[FindingOut]
    warnings: list[str]
    review: Reviewed | None = Field(description="人工复核；机器结论为 null")


class ItemChange(BaseModel):
    """An item that two versions judge differently; null: not in that version."""

    id: str
    label: str
    before: float | None
    after: float | None
    status_before: str | None
    status_after: str | None


class Comparison(BaseModel):
    """Two versions of one meeting's result side by side."""

    before: VersionOut
    after: VersionOut
    verdict_changed: bool
    items: list[ItemChange] = Field(description="只列出有变化的项")


Result = dict[str, Any]
"""The whole result as ``huijian inspect --json`` writes it."""


class UtteranceOut(BaseModel):
    index: int
    start: float
    end: float
    speaker: str | None
    text: str
    phantom: bool = Field(description="识别器可能凭空生成，不作证据")
    edited: bool = Field(description="文字经人修改")
    acts: list[Act] | None = Field(description="人工核对的语句标签，空为没有；无人核对为 null")


class BorderOut(BaseModel):
    first: int = Field(description="本章第一句的序号")
    chapter: Chapter


class TranscriptHead(BaseModel):
    """One version of a transcript."""

    version: int
    base_version: int | None = Field(description="在哪一版上修改；机器转写为 null")
    edited_by: str | None
    edited_at: Instant
    note: str | None


class TranscriptOut(TranscriptHead):
    """A transcript with its chapter borders; personal numbers are masked unless ``full``."""

    meeting: str
    full: bool
    borders: list[BorderOut] | None = Field(description="人工设定的章节边界；未设定为 null")
    utterances: list[UtteranceOut]


class ChangeIn(Given):
    utterance: int = Field(ge=0, le=1_000_000, description="句子序号，从 0 数起")
    text: Words | None = None
    speaker: str | None = Field(
        None, max_length=64, pattern=r"^[^\x00]*$", description="说话人；空串为去掉标签"
    )


class BorderIn(Given):
    first: int = Field(ge=0, le=1_000_000)
    chapter: Chapter


class DoingIn(Given):
    utterance: int = Field(ge=0, le=1_000_000, description="句子序号，从 0 数起")
    acts: list[Act] = Field(max_length=len(Act), description="这一句的语句标签；空为没有")


class TranscriptEdit(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            changes=[{"utterance": 3, "text": "本月期缴保费完成五十三万七。"}],
            speakers={"说话人1": "马建军"},
            acts=[{"utterance": 3, "acts": ["data"]}],
            note="更正数字",
        )
    )

    changes: list[ChangeIn] = Field(default_factory=list, max_length=5000)
    speakers: dict[Line, Line] = Field(default_factory=dict, description="说话人：旧标签 → 新标签，全文生效")
    chapters: list[BorderIn] | None = Field(
        None, max_length=500, description="全部章节边界；空数组为撤回人工边界、由机器划分；不填为不变"
    )
    acts: list[DoingIn] | None = Field(
        None,
        max_length=20_000,
        description="人工核对过语句标签的全部句子，未列出的视为无人核对；不填为不变",
    )
    note: Line | None = None
