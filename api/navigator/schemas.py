"""Recommendations as requests and answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.codes import Named, ScopeOut
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


class LoadOut(BaseModel):
    """How many recommendations are open."""

    open: int = Field(description="待办的条数")
    due_today: int = Field(description="其中当天到期的")
    overdue: int = Field(description="其中已逾期的")


class ActionLoad(LoadOut):
    """Of one rule."""

    rule: str = Field(description="规则编号，可作列表的 rule 参数")
    label: str = Field(description="行动的名称")


class PartLoad(LoadOut):
    """Of one institution right below, or of one agent."""

    scope: ScopeOut


class WorkloadOut(BaseModel):
    """What is open at or below an institution, by action and by whose it is."""

    total: LoadOut
    actions: list[ActionLoad] = Field(description="按行动，优先级高的在前；不受 rule 参数限制")
    parts: list[PartLoad] = Field(
        description="按直接下级机构，四级机构按服务人员；逾期多的在前，没有待办的不列出"
    )


class ClosingIn(Given):
    on: Day | None = Field(None, description="办结日期；不填为今天")
