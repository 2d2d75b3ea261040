"""The queue, reviews, appeals and agreement as requests and answers hold them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from api.fields import Code, Given, Instant, Shown, Words, example
from api.figures import Figure
from api.reviews.tables import AppealState, ReviewState
from qa_pipeline.values.vocabulary import Verdict


class Why(StrEnum):
    """Why a result waits for a person, most urgent first."""

    APPEALED = "appealed"
    CRITICAL = "critical"
    COPIED = "copied"
    NEEDS_REVIEW = "needs_review"
    STRADDLES = "straddles"
    LOW_CONFIDENCE = "low_confidence"
    SAMPLED = "sampled"


class QueueRow(BaseModel):
    """A result that waits for a person."""

    meeting: str
    institution: str
    institution_name: str
    held_at: Instant
    version: int
    verdict: Verdict
    energy_score: Figure | None
    band: tuple[Figure | None, Figure | None]
    why: list[Why] = Field(
        description="appealed 被申诉；critical 触发否决项；copied 录音或文字与别的会议重复；"
        "needs_review 机器判为待复核；"
        "straddles 误差范围跨合格线；"
        "low_confidence 误差范围宽于 20 分；sampled 抽检（会议编号的 SHA-256 前 8 位十六进制数模 100 小于 5）"
    )
    review: str | None = Field(description="正在复核的编号")
    reviewer: str | None


class Taking(Given):
    model_config = ConfigDict(json_schema_extra=example(meeting="350102-2026-09-W1"))

    meeting: Code


class OverrideIn(Given):
    item: Code = Field(description="项的编号，例如 C1")
    score: Decimal = Field(ge=0, le=100, max_digits=7, decimal_places=4)
    reason: Words


class DecisionIn(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            verdict="qualified",
            reason="问题研讨在 00:32:10 起，机器未识别。",
            overrides=[{"item": "C4", "score": "8", "reason": "确有研讨"}],
            confirmed=["C1", "C2"],
        )
    )

    verdict: Verdict = Field(description="结论：qualified 合格或 not_qualified 不合格")
    reason: Words
    overrides: list[OverrideIn] = Field(default_factory=list, max_length=200)
    confirmed: list[Code] = Field(
        default_factory=list,
        max_length=200,
        description="看过并认可机器得分的项；没有确认也没有改分的项不计入一致程度",
    )
    second: bool = Field(False, description="要求第二人复核；改变合格与否时必须")


class SecondIn(Given):
    model_config = ConfigDict(json_schema_extra=example(agrees=True, reason="同意"))

    agrees: bool
    reason: Words


class OverrideOut(BaseModel):
    item: str
    score: Figure
    reason: Shown


class ReviewOut(BaseModel):
    """One review; a decision makes a new version of the result, the machine's stays."""

    code: str
    meeting: str
    version: int = Field(description="所复核的版本")
    state: ReviewState
    reviewer: str
    taken_at: Instant
    verdict: Verdict | None
    reason: Shown | None
    overrides: list[OverrideOut]
    second: str | None
    second_agrees: bool | None
    second_reason: Shown | None
    decided_at: Instant | None
    result_version: int | None = Field(description="决定产生的版本")


class ReviewerPace(BaseModel):
    reviewer: str
    week: int = Field(description="近 7 天生效的复核")
    minutes: float | None = Field(description="从领取到决定的分钟数（中位数，不计等第二人的）")


class PaceOut(BaseModel):
    """How many reviews take effect, and how long the caller needs for one."""

    today: int = Field(description="今天生效的复核（全体）")
    mine_today: int = Field(description="其中本人的")
    week: int = Field(description="近 7 天（含今天）生效的复核（全体）")
    mine_week: int = Field(description="其中本人的")
    minutes: float | None = Field(
        description="本人近 7 天从领取到决定的分钟数（中位数，不计等第二人的）；没有则为 null"
    )
    reviewers: list[ReviewerPace] = Field(description="近 7 天每位质检人员，多的在前")


class AppealIn(Given):
    model_config = ConfigDict(json_schema_extra=example(reason="优秀分享在会议后半段，未被识别。"))

    reason: Words


class AnswerIn(Given):
    model_config = ConfigDict(json_schema_extra=example(upheld=False, answer="经复听，未发现优秀分享。"))

    upheld: bool = Field(description="成立与否：申诉是否成立；成立须先作出复核决定")
    answer: Words


class AppealOut(BaseModel):
    """A manager's objection to a result, and the answer."""

    code: str
    meeting: str
    institution: str
    version: int = Field(description="所申诉的版本")
    state: AppealState
    opened_by: str
    opened_at: Instant
    reason: Shown
    answered_by: str | None
    answered_at: Instant | None
    answer: Shown | None


class DifferenceOut(BaseModel):
    """How far apart the points are, machine minus person."""

    reviewed: int
    absolute: Figure = Field(description="平均绝对分差")
    bias: Figure = Field(description="平均分差（机器减人工）")
    low: Figure | None = Field(description="95% 一致性界限（Bland–Altman）的下限；不足两次为 null")
    high: Figure | None = Field(description="上限")


class ItemAgreement(BaseModel):
    item: str
    reviewed: int = Field(description="复核人确认过或改过这一项的场数")
    left_open: int = Field(
        description="其中机器没有给分的场数（未知或不适用）：没有分数可比，不计入一致率和 kappa"
    )
    agreement: Figure | None
    kappa: Figure | None = Field(description="Cohen’s kappa；无从计算时为 null")
    difference: DifferenceOut | None = Field(description="得分之差；机器没有给分时为 null")


class Cell(BaseModel):
    machine: str
    person: str
    reviews: int


class AgreementOut(BaseModel):
    """How far the machine and the reviewers agree over a period."""

    reviews: int
    left_open: int = Field(
        description="其中机器判为待人工复核的场数：机器没有给结论，不计入结论一致率和 kappa"
    )
    verdict_agreement: Figure | None
    verdict_kappa: Figure | None
    verdicts: list[Cell] = Field(description="机器结论 × 人工结论")
    energy: DifferenceOut | None = Field(description="能量值之差")
    items: list[ItemAgreement]
