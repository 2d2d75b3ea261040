"""Subscriptions and deliveries as requests and answers hold them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.fields import Code, Given, Instant, Line, example
from api.webhooks.tables import Channel, DeliveryState, EventKind
from qa_pipeline.values.vocabulary import Verdict

Target = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000, pattern=r"^[\x21-\x7e]+$")
]


class NewSubscription(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            name="人力系统",
            channel="webhook",
            target="https://hr.example.com/huijian",
            events=["inspection.finished", "meeting.missing"],
            institution="3501",
        )
    )

    name: Line
    channel: Channel
    target: Target = Field(description="接收地址，或机器人的地址；邮件为收件人，用英文逗号分隔")
    events: list[EventKind] = Field(min_length=1, max_length=len(EventKind))
    institution: Code | None = Field(
        None, description="机构代码：只通知该机构及其下级；不填为您的全部管辖范围"
    )
    secret: Annotated[str, StringConstraints(max_length=128, pattern=r"^[\x21-\x7e]+$")] | None = Field(
        None, description="加签密钥：钉钉机器人的；webhook 的密钥由系统生成"
    )


class SubscriptionOut(BaseModel):
    """One receiver; the address is shown without what it keeps secret."""

    code: str
    name: str
    channel: Channel
    target: str
    events: list[EventKind]
    institution: str | None
    active: bool
    created_at: Instant


class CreatedSubscription(BaseModel):
    subscription: SubscriptionOut
    secret: str | None = Field(description="签名密钥，只显示这一次；仅 webhook 有")


class StateIn(Given):
    model_config = ConfigDict(json_schema_extra=example(active=False))

    active: bool = Field(description="启用：false 为暂停，暂停期间的事件不补发")


class DeliveryOut(BaseModel):
    """One line of the delivery log."""

    code: str
    event: str
    sentence: str
    state: DeliveryState
    attempts: int
    next_at: Instant | None = Field(description="下次尝试的时间；不再尝试为 null")
    created_at: Instant
    delivered_at: Instant | None
    status: int | None = Field(description="对方最近一次回答的 HTTP 状态")
    error: str | None


class EventData(BaseModel):
    """What a webhook tells of its event: only the fields that the event has."""

    meeting: str = Field("", description="会议编号；inspection、review、appeal 的事件有")
    job: str = Field("", description="质检任务编号；inspection 的事件有")
    version: int = Field(0, description="第几版结论；inspection.finished 有")
    verdict: Verdict | None = Field(None, description="结论；inspection.finished 和 review.decided 有")
    energy_score: str | None = Field(
        None, description="能量值，十进制数；inspection.finished 有，未知为 null"
    )
    error: str = Field("", description="失败的原因；inspection.failed 有")
    slot: str = Field("", description="场次，如 2026-09-W1；meeting.missing 和 recording.missing 有")
    due_on: date | None = Field(
        None, description="最晚应在哪一天完成；meeting.missing 和 recording.missing 有"
    )
    review: str = Field("", description="复核编号；review.decided 有")
    appeal: str = Field("", description="申诉编号；appeal.opened 有")


class EventMessage(BaseModel):
    """The body of a webhook."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id="D5f2c9a0b7e1d3468",
            event="inspection.finished",
            at="2026-09-08T11:02:31+08:00",
            institution="350102",
            text="鼓楼支公司的会议 350102-2026-09-W1 质检完成：合格，能量值 78.5。",
            data={
                "meeting": "350102-2026-09-W1",
                "job": "J0c1d2e3f4a5b6978",
                "version": 1,
                "verdict": "qualified",
                "energy_score": "78.5",
            },
        )
    )

    id: str = Field(description="消息编号；重发时不变，据此去重")
    event: EventKind | Literal["ping"] = Field(description="发生了什么；ping 为试发")
    at: Instant = Field(description="何时发生")
    institution: str | None = Field(description="在哪个机构，为其代码；ping 为 null")
    text: str = Field(description="写给人看的一句话")
    data: EventData
