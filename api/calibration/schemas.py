"""Calibration sets as requests and answers hold them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.fields import Code, Given, Instant, Line, example
from api.figures import Figure
from api.reviews.schemas import DifferenceOut
from qa_pipeline.values.vocabulary import MeetingKind, Verdict

MOST: Final = 30
Points = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4)]


class Candidate(BaseModel):
    """A meeting whose current result a person decided on."""

    meeting: str
    institution_name: str
    kind: MeetingKind
    held_at: Instant | None
    verdict: Verdict
    reviewer: str = Field(description="作出该结论的质检人员")


class CalibrationIn(Given):
    model_config = ConfigDict(
        json_schema_extra=example(title="九月校准", meetings=["350102-2026-09-W1", "350103-2026-09-W2"])
    )

    title: Line
    meetings: list[Code] = Field(min_length=1, max_length=MOST, description="会议编号，须已由人复核")


class Progress(BaseModel):
    reviewer: str
    handed_in: int = Field(description="已交的场数")


class CalibrationOut(BaseModel):
    """One set; who gave what is shown once it is closed."""

    code: str
    title: str
    opened_by: str
    opened_at: Instant
    closed_at: Instant | None = Field(description="结束时间；还在评为空")
    meetings: int
    progress: list[Progress] = Field(description="每人交了几场")
    mine: int = Field(description="您已交的场数")
    left: int = Field(description="还等您盲评的场数；不含您自己复核过的")


class Place(BaseModel):
    """A meeting of a set, as far as whoever scores it blind may know."""

    meeting: str
    institution_name: str
    kind: MeetingKind
    held_at: Instant | None
    decided_by_me: bool = Field(description="结论由您作出或同意：您不再盲评这一场")
    handed_in_at: Instant | None = Field(description="您交的时间")


class CalibrationDetail(CalibrationOut):
    places: list[Place]


class BlindItem(BaseModel):
    """An item to score, without anybody's points."""

    id: str
    label: str
    dimension: str
    max: float
    points: list[str] = Field(description="看哪几点")
    given: Figure | None = Field(description="您给过的分")
    given_not_applicable: bool = Field(description="您判为不适用")


class BlindSheet(BaseModel):
    """What is to be scored of a meeting, and what the caller gave it already."""

    meeting: str
    items: list[BlindItem]
    verdict: Verdict | None = Field(description="您给过的结论")


class ScoreIn(Given):
    item: Code = Field(description="项的编号，例如 C1")
    score: Points | None = Field(description="得分；判为不适用时为 null")


class SheetIn(Given):
    model_config = ConfigDict(
        json_schema_extra=example(verdict="qualified", scores=[{"item": "C1", "score": "10.5"}])
    )

    verdict: Literal[Verdict.QUALIFIED, Verdict.NOT_QUALIFIED]
    scores: list[ScoreIn] = Field(min_length=1, max_length=200, description="每一项一行，不可缺")


class CalibratedRow(BaseModel):
    """Agreement on an item, on the verdict, or on the energy score."""

    item: str
    label: str
    reviewed: int = Field(description="盲评的份数")
    left_open: int = Field(description="其中复核生效的结果为未知的份数：没有判断可比，不计入与复核的比较")
    kappa: Figure | None = Field(description="评分人之间的 Fleiss’ kappa；无从计算时为 null")
    absolute: Figure | None = Field(description="评分人之间的平均绝对分差")
    reference_kappa: Figure | None = Field(description="与复核结论的 Cohen’s kappa")
    reference: DifferenceOut | None = Field(description="与复核结论的分差（复核结论减盲评）")


class CalibratedReviewer(BaseModel):
    """How far one reviewer is from the decided results."""

    reviewer: str
    meetings: int
    verdict_agreement: Figure | None
    items_kappa: Figure | None = Field(description="逐项与复核结论的 Cohen’s kappa（各项合并）")
    energy: DifferenceOut | None = Field(description="能量值分差（复核结论减盲评）")


class CalibrationResult(BaseModel):
    """What came of a closed set."""

    code: str
    verdict: CalibratedRow | None
    energy: CalibratedRow | None = Field(description="能量值的一致程度")
    items: list[CalibratedRow]
    reviewers: list[CalibratedReviewer] = Field(description="每位评分人与复核结论的一致程度")
