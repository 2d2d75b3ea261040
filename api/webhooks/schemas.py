"""Subscriptions and deliveries as requests and answers hold them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.fields import Code, Given, Instant, Line, example
from api.webhooks.tables import Channel, DeliveryState, EventKind

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
