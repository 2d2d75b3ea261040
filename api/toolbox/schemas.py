"""Toolbox values as requests and answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.fields import Code, Day, Given, Line, Month, example
from api.figures import AmountIn, Figure
from models.toolbox.tables import ToolboxTable


class ComputeIn(Given):
    """Compute all three tables from these months; the values hold from the month after the last."""

    model_config = ConfigDict(
        json_schema_extra=example(institution="350102", first="2026-08", last="2026-10")
    )

    institution: Code
    first: Month
    last: Month


class OverrideIn(Given):
    """A value set by hand; it wins over the computed one until it is ended."""

    model_config = ConfigDict(
        json_schema_extra=example(institution="350102", value="8600", valid_from="2026-11-01")
    )

    institution: Code
    value: AmountIn = Field(ge=0, description="数值")
    valid_from: Day = Field(description="从哪天起")
    note: Line | None = Field(None, description="依据")


class EndIn(Given):
    institution: Code
    on: Day = Field(description="从哪天起，恢复采用计算值")


class ValueOut(BaseModel):
    """One stored value."""

    table: ToolboxTable
    key: str
    value: Figure | None = Field(description="null：没有可除的数")
    sample: int | None = Field(description="样本量")
    period_from: date | None
    period_to: date | None = Field(description="统计期间的次日")
    is_override: bool = Field(description="是否手工设定")
    valid_from: date
    valid_to: date | None
    note: str | None


class AnswerOut(BaseModel):
    """The value that answers for the institution on the day, whose it is, and why."""

    table: ToolboxTable
    key: str = Field(description="职级代码、象限或平台；all 为全部")
    value: Figure | None
    institution: str | None = Field(description="数值来自哪家机构；不可见的上级为 null")
    sample: int | None
    is_override: bool
    sentence: str
