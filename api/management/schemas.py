"""Management actions as requests and answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.codes import Named
from api.fields import Code, Day, Given, Line, Shown, Written, example
from api.figures import Figure
from models.activities.tables import Platform
from models.management.focus import FocusReason
from models.management.tables import ActionKind


class ActionIn(Given):
    """The plan of an action; interviews and joint visits name whom, a platform set-up its event."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="joint_visit", actor="35010203007", subject="35010203011", planned_on="2026-11-06"
        )
    )

    kind: ActionKind = Field(
        description="类别：goal_interview 目标面谈，customer_inventory 客户盘点，"
        "platform_setup 平台搭建，joint_visit 陪访"
    )
    actor: Code = Field(description="执行人工号")
    planned_on: Day = Field(description="计划日期")
    subject: Code | None = Field(None, description="对象工号：面谈或陪访的")
    customer: Code | None = Field(None, description="客户代码")
    event: Code | None = Field(None, description="活动代码；平台搭建必填")


class RecordIn(Given):
    done_on: Day = Field(description="完成日期")
    record: Written = Field(description="记录")


class NewAction(ActionIn):
    code: Code | None = Field(None, description="编号；不填则自动编号")
    record: RecordIn | None = Field(None, description="已经做了的：完成日期和记录，一并登记")
    review: Written | None = Field(None, description="已经做了的：复盘，一并登记")


class ReviewIn(Given):
    review: Written = Field(description="复盘：结论与改进")


class ActionOut(BaseModel):
    """One management action. A joint visit counts once it has a record and a review (R32)."""

    code: str
    kind: ActionKind
    actor: Named
    subject: Named | None
    customer: str | None
    event: str | None
    planned_on: date | None
    done_on: date | None
    record: str | None
    review: str | None


class Behind(BaseModel):
    """Who owes how much still: a supervisor, or an institution for a platform kind."""

    institution: str
    person: Named | None
    platform: Platform | None
    required: int
    done: int
    missing: int


class CoverageOut(BaseModel):
    """Where the institution, with all below it, stands in one kind of action (R32)."""

    kind: ActionKind
    first: date = Field(description="考核期首日：当周或当月")
    last: date
    duties: int = Field(description="应做的人数（平台搭建为平台数）")
    covered: int = Field(description="至少做过一次的")
    coverage: Figure | None
    missing: int = Field(description="还差几次")
    behind: list[Behind]


class NewMark(Given):
    model_config = ConfigDict(
        json_schema_extra=example(person="35010203007", reason="团队连续两月下滑", on="2026-11-01")
    )

    person: Code = Field(description="主管工号")
    reason: Line = Field(description="原因：为什么列为重点")
    on: Day = Field(description="生效日")
    until: Day | None = Field(None, description="到哪天为止：首个不再是重点的日期；不填为直到取消")


class MarkEnd(Given):
    model_config = ConfigDict(json_schema_extra=example(on="2026-12-01"))

    on: Day = Field(description="从哪天起取消：首个不再是重点的日期；与标记的生效日同日则整条作废")


class MarkOut(BaseModel):
    """A supervisor marked by hand."""

    reason: Shown
    since: date = Field(description="标记从哪天起")
    until: date | None = Field(description="首个不再是重点的日期；null 为直到取消")


class FocusOut(BaseModel):
    """A focus supervisor and why: no U, no CT, or marked by hand."""

    person: Named
    reasons: list[FocusReason]
    mark: MarkOut | None = Field(description="手工标记；没有则为 null")


class FocusList(BaseModel):
    supervisors: list[FocusOut]
    unknown_u: list[Named] = Field(description="不知是否达 U 的主管：名单可能因此不全")
    unknown_ct: list[Named] = Field(description="不知是否达 CT 的主管")
