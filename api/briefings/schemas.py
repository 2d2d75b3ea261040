"""Briefings as requests and answers hold them."""

from __future__ import annotations

from datetime import date
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.activities.schemas import ItemOut
from api.codes import Named
from api.fields import Code, Given, Moment, Month, Words, example
from api.figures import Figure
from api.indicators.schemas import RankingOut
from api.meetings.schemas import CommitmentOut, MeetingDetail
from models.activities.volumes import Item
from models.meetings.tables import SlotName
from qa_pipeline.values.vocabulary import Chapter, MeetingKind, Theme

Entry = TypeVar("Entry")


class Part(BaseModel, Generic[Entry]):
    """One part of a briefing. What cannot be known is ``unknown`` and says why; it is never an empty list."""

    known: bool = Field(description="false：资料不足，见 reason")
    reason: str = Field(description="为什么未知，或只知道一部分；齐全时为空")
    items: list[Entry]


class NextSlot(BaseModel):
    """The slot that the briefing is for."""

    institution: str
    institution_name: str
    month: Month
    name: SlotName
    kind: MeetingKind
    theme: Theme
    earliest: date | None = Field(description="最早可开的日期；该年节假日未知时为 null")
    latest: date | None
    covers: tuple[date, date] = Field(description="检视哪个经营周（首日、末日）")
    remark: str = Field(description="与其他场次撞期等需注意之处")


class ChecklistItem(BaseModel):
    rule: str = Field(description="规则编号")
    text: str = Field(description="会上须讲到的内容")


class BelowStandard(BaseModel):
    """Somebody below the standard of their place and rank, with the PVKYC of the week under review."""

    person: Named
    supervisor: bool
    volumes: dict[Item, ItemOut] | None = Field(
        description="所检视经营周（slot.covers）的 PVKYC；该周没有资料为 null"
    )
    conversion: Figure | None = Field(description="拜访成交率")


class SegmentOut(BaseModel):
    chapter: Chapter
    label: str
    minutes: int
    checking: int = Field(description="其中用于追问、核对的分钟数（R25）")


class TimePlan(BaseModel):
    minutes: int
    checking_share: Figure | None = Field(description="追问核对占比，目标 0.7；月规划会不设为 null")
    segments: list[SegmentOut]


class BriefingOut(BaseModel):
    """All that stands ready for the next meeting of an institution."""

    slot: NextSlot
    as_of: date = Field(
        description="指标取到哪一天为止最新的（昨天）；每个值自己的日期见 rankings 各名次的 as_of"
    )
    checklist: list[ChecklistItem]
    rankings: list[Part[RankingOut]] = Field(description="本场主题涉及的指标，营业室排行与差距（R15）")
    below_standard: Part[BelowStandard] = Field(description="未达标人员，主管在前")
    commitments: Part[CommitmentOut] = Field(description="本场应核对的未结承诺（R26）")
    time_plan: TimePlan
    suggested_topic: str
    suggested_flow: str
    meeting: MeetingDetail | None = Field(description="已为本场登记的会议及其会前准备（R24）")


class ConfirmIn(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            institution="350102",
            month="2026-09",
            slot="W1",
            starts_at="2026-09-08T09:00:00+08:00",
            goal="未达U主管 3 人各定一条改进措施",
        )
    )

    institution: Code
    month: Month
    slot: SlotName
    starts_at: Moment
    goal: Words = Field(description="目标：本场要达成什么，由主持人写")
    topic: Words | None = Field(None, description="主题；不填则用简报建议的")
    flow: Words | None = Field(None, description="流程；不填则用简报建议的时间安排")
