"""Events and volumes as requests and answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.codes import Named, ScopeOut
from api.fields import Code, Day, Given, Instant, Line, Moment, Month, Shown, Words, Written, example
from api.figures import Figure, ScoreIn
from models.activities.entry import LoopPart
from models.activities.tables import Platform
from models.activities.volumes import Item, Side


class EventIn(Given):
    """One entry of the calendar; while one of the six fields is missing it is kept and INVALID (R30)."""

    model_config = ConfigDict(
        json_schema_extra=example(
            institution="350102",
            platform="warmup",
            month="2026-11",
            starts_at="2026-11-12T14:00:00+08:00",
            ends_at="2026-11-12T16:00:00+08:00",
            place="职场三楼",
            content="养老规划沙龙",
            audience="中温客户20人",
            goal="到场12人，预约面谈6人",
            preparation="邀约名单、物料、主讲人",
        )
    )

    institution: Code
    platform: Platform = Field(
        description="平台：warmup 升温平台，high_value 价值客户平台，high_potential 高潜平台"
    )
    month: Month
    office: Code | None = Field(None, description="营业室代码")
    owner: Code | None = Field(None, description="负责人工号")
    starts_at: Moment | None = Field(None, description="时间")
    ends_at: Moment | None = None
    place: Words | None = Field(None, description="地点")
    content: Words | None = Field(None, description="内容")
    audience: Words | None = Field(None, description="对象")
    goal: Words | None = Field(None, description="目标")
    preparation: Words | None = Field(None, description="准备")


class NewEvent(EventIn):
    code: Code | None = Field(None, description="活动代码；不填则自动编号")


class OpenLoop(BaseModel):
    """A part of the loop that is not done (R31)."""

    part: LoopPart = Field(description="plan 规划，execute 执行，review 检视")
    lacks: list[str]


class ReviewOut(BaseModel):
    reviewed_on: date
    reviewer: str
    conclusion: Shown
    improvement: Shown | None


class EventOut(BaseModel):
    """One entry of the calendar, with what it lacks (R30) and what of its loop is open (R31)."""

    code: str
    institution: str
    platform: Platform
    month: Month
    office: str | None
    owner: Named | None
    starts_at: Instant | None
    ends_at: Instant | None
    place: str | None
    content: str | None
    audience: str | None
    goal: str | None
    preparation: str | None
    process: Shown | None
    feedback: Shown | None
    conclusion: Shown | None
    cancelled: bool
    valid: bool = Field(description="六要素是否齐全（R30）")
    missing: list[str] = Field(description="缺的要素")
    open_parts: list[OpenLoop] = Field(description="没有闭环的部分；已取消的活动为空（R31）")


class EventDetail(EventOut):
    review: ReviewOut | None


class DayOut(BaseModel):
    day: date
    in_month: bool
    business_week: int = Field(description="当月第几经营周，1–4")
    starts_week: bool
    events: list[str] = Field(description="当日活动的代码")


class MonthOut(BaseModel):
    """Rows of seven days, Monday first, and every entry of the month by its code."""

    month: Month
    weeks: list[list[DayOut]]
    unscheduled: list[str] = Field(description="还没有时间的活动代码")
    events: list[EventOut]


class MissingPlatforms(BaseModel):
    institution: Named
    platforms: list[Platform]


class GapsOut(BaseModel):
    """What the month's calendar lacks."""

    invalid: list[EventOut] = Field(description="六要素不全的活动（R30）")
    missing_platforms: list[MissingPlatforms] = Field(description="四级机构本月缺的平台（R30）")
    open_parts: list[EventOut] = Field(description="时间已过而没有闭环的活动（R31）")


class Execution(Given):
    process: Written = Field(description="活动过程")
    feedback: Written = Field(description="客户反馈")


class ReviewIn(Given):
    on: Day = Field(description="检视日期")
    reviewer: Line = Field(description="检视人")
    conclusion: Written
    improvement: Written | None = None


class Invitation(Given):
    customers: list[Code] = Field(min_length=1, max_length=2000, description="客户代码")


class PartIn(Given):
    """What is known of a customer's part; what is not given becomes unknown."""

    customer: Code
    attended: bool | None = Field(None, description="是否到场；null 未知")
    sale: Code | None = Field(None, description="因此签下的保单号")
    feedback: Written | None = None
    temperature_before: ScoreIn | None = None
    temperature_after: ScoreIn | None = None


class PartsIn(Given):
    parts: list[PartIn] = Field(min_length=1, max_length=2000)


class PartOut(BaseModel):
    customer: str
    name: str = Field(description="姓名，默认隐去")
    agent: str
    attended: bool | None
    sale: str | None
    feedback: str | None
    temperature_before: Figure | None
    temperature_after: Figure | None


class EventTurnout(BaseModel):
    """Who was invited, came, signed and warmed up; what is not known leaves the denominators."""

    invited: int
    unclear: int = Field(description="到场与否没有记录的")
    attended: int
    signed: int
    unmeasured: int = Field(description="到场而没有前后温度的")
    warmed: int
    arrival: Figure | None = Field(description="到场率")
    conversion: Figure | None = Field(description="平台转化率")
    warming: Figure | None = Field(description="升温率")


class TurnoutOut(EventTurnout):
    """The same of a month's events, by scope and platform."""

    scope: ScopeOut
    platform: Platform


class FeedIn(Given):
    institution: Code
    office: Code | None = None


class FeedOut(BaseModel):
    id: int
    institution: str
    office: str | None
    created_at: Instant


class NewFeed(FeedOut):
    address: str = Field(description="订阅地址，只显示这一次；知道地址即可读取，请勿外传")


class CountsIn(Given):
    """One person's five counts of a week; null: not reported."""

    person: Code = Field(description="工号")
    plan: int | None = Field(None, ge=0, le=100_000, description="计划")
    visit: int | None = Field(None, ge=0, le=100_000, description="拜访")
    close: int | None = Field(None, ge=0, le=100_000, description="成交")
    warm: int | None = Field(None, ge=0, le=100_000, description="缘故客户")
    referral: int | None = Field(None, ge=0, le=100_000, description="转介绍")


class VolumesIn(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            week_ends="2026-09-07",
            side="done",
            counts=[{"person": "A1001", "plan": 5, "visit": 12, "close": 2, "warm": 4, "referral": 3}],
        )
    )

    week_ends: Day = Field(description="经营周最后一天")
    side: Side = Field(description="方面：planned 计划，done 实际")
    counts: list[CountsIn] = Field(min_length=1, max_length=20_000)


class ItemOut(BaseModel):
    planned: int | None
    done: int | None
    unreported: int = Field(description="没有上报实际的人周数")
    achievement: Figure | None


class VolumeOut(BaseModel):
    """PVKYC of a scope, and whether much was also good (量大质低)."""

    scope: ScopeOut
    expected: int = Field(description="应上报的人周数")
    items: dict[Item, ItemOut]
    conversion: Figure | None = Field(description="拜访成交率")
    referral_rate: Figure | None = Field(description="每件成交带来的转介绍")
    many_but_poor: bool | None = Field(description="是否量大质低；null 无法判断")
    sentence: str
