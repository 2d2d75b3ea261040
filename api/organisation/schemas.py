"""Institutions, offices, people and the calendar as requests and answers hold them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.fields import Code, Day, Given, Line, Month, example
from models.calendar.tables import SpecialDay
from models.meetings.tables import SlotName
from models.organisation.tables import PersonKind
from qa_pipeline.compliance.calendar import BaseKind
from qa_pipeline.values.vocabulary import MeetingKind, Theme

Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+][0-9 -]{4,30}$")]


class Standing(StrEnum):
    """Whether an institution exists, or a person serves, on the day asked."""

    CURRENT = "current"
    ENDED = "ended"
    COMING = "coming"


class InstitutionOut(BaseModel):
    """One institution; dates are half-open: ``valid_to`` is the first day it is no more."""

    model_config = ConfigDict(
        json_schema_extra=example(
            code="350102",
            name="福州鼓楼支公司",
            level=4,
            parent="3501",
            must_hold=True,
            valid_from="2020-01-01",
            valid_to=None,
        )
    )

    code: str
    name: str
    level: int = Field(description="1 总公司，2 分公司，3 中心支公司，4 四级机构")
    parent: str | None = Field(description="上级机构代码；总公司或上级不可见时为 null")
    must_hold: bool = Field(description="是否应召开二会")
    valid_from: date
    valid_to: date | None


class PersonRef(BaseModel):
    """A person by number and name."""

    code: str
    name: str


class InstitutionDetail(InstitutionOut):
    """One institution with its place in the tree and those who may host its meetings today (R8)."""

    above: list[str] = Field(description="可见的上级机构代码，自上而下")
    manager: PersonRef | None = Field(description="当日行政经理")
    deputies: list[PersonRef] = Field(description="当日获书面授权的代理人")


class NewInstitution(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            code="350104", name="福州仓山支公司", parent="3501", valid_from="2026-09-01", must_hold=True
        )
    )

    code: Code
    name: Line
    parent: Code | None = Field(None, description="上级机构代码；仅设立总公司时为空")
    valid_from: Day
    must_hold: bool = False


class Renaming(Given):
    model_config = ConfigDict(json_schema_extra=example(name="福州仓山支公司"))

    name: Line = Field(description="新名称；对历史一并生效")


class Move(Given):
    model_config = ConfigDict(json_schema_extra=example(parent="3502"))

    parent: Code = Field(description="新的上级机构代码")


class Ending(Given):
    model_config = ConfigDict(json_schema_extra=example(on="2026-10-01"))

    on: Day = Field(description="首个不再有效的日期")


class MustHold(Given):
    model_config = ConfigDict(json_schema_extra=example(must_hold=True))

    must_hold: bool


class Appointment(Given):
    model_config = ConfigDict(json_schema_extra=example(person="A1001", on="2026-09-01"))

    person: Code = Field(description="工号")
    on: Day = Field(description="生效日")


class Deputation(Appointment):
    until: Day | None = Field(None, description="授权终止日：首个不再授权的日期；不填为长期")


class OfficeOut(BaseModel):
    """One sales office."""

    code: str
    name: str
    institution: str
    lead: PersonRef | None = Field(description="所问之日的负责人")
    market_factor: Decimal | None = Field(description="市场系数（R28）；未知为 null")
    valid_from: date
    valid_to: date | None


class NewOffice(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            code="350102-01", name="营业一室", institution="350102", valid_from="2026-09-01"
        )
    )

    code: Code
    name: Line
    institution: Code
    valid_from: Day
    market_factor: Decimal | None = Field(None, gt=0, le=100, max_digits=8, decimal_places=6)


class OfficeChange(Given):
    """What is given is changed, also for the time before."""

    model_config = ConfigDict(json_schema_extra=example(name="营业一室", market_factor="1.1"))

    name: Line | None = Field(None, description="名称；不填为不变")
    market_factor: Decimal | None = Field(
        None,
        gt=0,
        le=100,
        max_digits=8,
        decimal_places=6,
        description="市场系数（R28）；null 为未知，不填为不变",
    )


class RankOut(BaseModel):
    """职级."""

    code: str
    name: str
    order: int
    is_supervisor: bool = Field(description="主管及以上，须参会（R9）")


class PersonOut(PersonRef):
    """A person as they stood on the day asked."""

    kind: PersonKind
    rank: str
    is_supervisor: bool
    institution: str
    office: str | None
    joined_on: date
    left_on: date | None


class CareerStep(BaseModel):
    """One row of the rank history."""

    rank: str
    institution: str
    office: str | None
    valid_from: date
    valid_to: date | None


class PersonDetail(PersonRef):
    """One person with the whole rank history, oldest first."""

    kind: PersonKind
    joined_on: date
    left_on: date | None
    phone: str | None = Field(description="已掩码")
    upline: str | None = Field(description="上线工号；不可见时为 null")
    career: list[CareerStep]


class Recruit(PersonRef):
    """Somebody below a person in the line of recruitment."""

    generation: int = Field(description="第几代下线；1 为直接下线")
    upline: str | None = Field(description="上线工号；不可见时为 null")


class NewPerson(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            code="A1001",
            name="张三",
            kind="agent",
            joined_on="2026-09-01",
            rank="SALES",
            institution="350102",
        )
    )

    code: Code
    name: Line
    kind: PersonKind
    joined_on: Day
    rank: Code
    institution: Code
    office: Code | None = None
    upline: Code | None = None


class PersonChange(Given):
    """What was entered wrongly; what is given is changed."""

    model_config = ConfigDict(json_schema_extra=example(name="张三", joined_on="2026-09-01"))

    name: Line | None = Field(None, description="姓名；不填为不变")
    phone: Phone | None = Field(None, description="电话；null 为删除，不填为不变")
    joined_on: Day | None = Field(None, description="入职日，职级经历随之从该日开始；不填为不变")
    upline: Code | None = Field(None, description="上线工号；null 为没有上线，不填为不变")


class Promotion(Given):
    model_config = ConfigDict(json_schema_extra=example(rank="CHIEF", on="2026-09-01"))

    rank: Code
    on: Day


class Transfer(Given):
    model_config = ConfigDict(json_schema_extra=example(institution="350103", on="2026-09-01"))

    institution: Code
    on: Day
    office: Code | None = None
    rank: Code | None = Field(None, description="同时变更的职级；不填为不变")


class RosterOut(BaseModel):
    """Who must attend a meeting of the institution on the day (R9), and who may host it (R8)."""

    institution: str
    on: date
    due: list[PersonRef] = Field(description="应到人员：当日在职的主管及以上")
    manager: PersonRef | None
    deputies: list[PersonRef]


class DayOut(BaseModel):
    day: date
    kind: SpecialDay
    name: str


class YearOut(BaseModel):
    """A year whose special days were entered here instead of being taken from the library."""

    year: int
    source: str
    days: list[DayOut]


class SpecialDayIn(Given):
    day: Day
    name: Line


class YearIn(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            source="国务院办公厅关于2028年部分节假日安排的通知",
            holidays=[{"day": "2028-10-01", "name": "国庆节"}],
            lieu_workdays=[{"day": "2028-10-08", "name": "国庆节调休"}],
        )
    )

    source: Line = Field(description="依据")
    holidays: list[SpecialDayIn] = Field(max_length=366)
    lieu_workdays: list[SpecialDayIn] = Field(max_length=366)


class RequirementOut(BaseModel):
    rule: str
    text: str


class SlotOut(BaseModel):
    """One of the four meetings of a month and the days on which it may be held (R1-R4)."""

    id: str
    name: SlotName
    kind: MeetingKind
    kind_name: str
    theme: Theme
    theme_name: str
    base: date
    base_kind: BaseKind
    earliest: date | None = Field(description="最早合规日；该年节假日未知时为 null")
    latest: date | None = Field(description="最晚合规日（含）；该年节假日未知时为 null")
    covers: tuple[date, date] = Field(description="复盘的业务周，首末日均含")
    collision: str
    requirements: list[RequirementOut]


class MonthOut(BaseModel):
    """The month's business calendar."""

    month: Month
    known: bool = Field(description="该年节假日是否已知")
    slots: list[SlotOut]
