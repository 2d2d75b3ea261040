"""Recommendations as requests and answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.codes import Named
from api.fields import Code, Day, Given, Shown, example


class RunIn(Given):
    """Make the day's recommendations."""

    model_config = ConfigDict(json_schema_extra=example(institution="350102", on="2026-11-06"))

    institution: Code
    on: Day | None = Field(None, description="日期；不填为今天")
    agent: Code | None = Field(None, description="工号：只为这位服务人员的客户生成")


class RunOut(BaseModel):
    on: date
    customers: int = Field(description="看过的客户数")
    made: int = Field(description="当日的建议数")
    standing: int = Field(description="此前仍然有效的")
    superseded: int = Field(description="被取代的")


class RecommendationOut(BaseModel):
    """One open recommendation: what to do for a customer, why, and until when."""

    id: int
    customer: str
    name: str = Field(description="姓名，默认隐去")
    agent: Named
    rule: str
    action: Shown
    reason: Shown
    contact_limit: str | None = Field(description="客户勿扰时仅限的服务；null 没有限制")
    made_on: date
    due_on: date
    overdue: bool


class ClosingIn(Given):
    on: Day | None = Field(None, description="办结日期；不填为今天")
