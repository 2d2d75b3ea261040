"""Customers as requests and answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.codes import ScopeOut
from api.fields import Code, Day, Given, example
from api.figures import Figure, ScoreIn
from models.customers.quadrant import Quadrant
from models.customers.tables import CustomerSource, InteractionKind, InventoryLabel
from models.customers.temperature import TemperatureLevel


class WeekOut(BaseModel):
    """What is known of a customer in the business week that ends on the day; null: not known."""

    week_ends: date
    value: Figure | None = Field(description="价值 0–100")
    temperature: Figure | None = Field(description="温度 0–100")
    potential: Figure | None = Field(description="潜力 0–100")
    level: TemperatureLevel | None = Field(description="温度高、中、低")
    quadrant: Quadrant | None = Field(description="象限：前一字母为价值，后一字母为温度（R29）")


class CustomerOut(BaseModel):
    """One customer; the name is masked unless the full text was asked for and may be seen."""

    model_config = ConfigDict(
        json_schema_extra=example(
            code="K20260001",
            name="示**",
            agent="35010203007",
            source="warm",
            week={
                "week_ends": "2026-11-07",
                "value": "72",
                "temperature": "48",
                "potential": None,
                "level": "medium",
                "quadrant": "HL",
            },
        )
    )

    code: str
    name: str
    agent: str = Field(description="服务人员工号")
    source: CustomerSource = Field(description="warm 缘故，referral 转介绍，event 活动，other 其他")
    week: WeekOut


class CustomerDetail(CustomerOut):
    institution: str = Field(description="服务人员所在机构")
    phone: str | None
    known_since: date
    do_not_contact: bool
    complaint_open: bool
    has_gap: bool | None = Field(description="有无保障缺口；null 未知")
    renewal_on: date | None
    strategy: str | None = Field(description="所在象限的经营策略（R29）")


class MatrixOut(BaseModel):
    """How many customers of a scope are in each quadrant (R29)."""

    scope: ScopeOut
    counts: dict[Quadrant, int]
    unknown: int = Field(description="象限未知的客户数")
    quality: Figure | None = Field(description="客户质量：HH 与 HL 占已知客户的比例")


class Move(BaseModel):
    before: Quadrant | None
    after: Quadrant | None
    customers: int


class MovementOut(BaseModel):
    """From which quadrant to which customers went between two weeks."""

    before: date
    after: date
    counts: list[Move]
    stayed: int
    warmed: int = Field(description="温度由低转高")
    cooled: int = Field(description="温度由高转低")


class AssessmentIn(Given):
    """Value and potential that somebody gave a customer; null: not known."""

    customer: Code
    value: ScoreIn | None
    potential: ScoreIn | None = None


class SnapshotOrder(Given):
    """Calculate the week's temperatures and keep them with value and potential."""

    model_config = ConfigDict(
        json_schema_extra=example(
            institution="350102", week_ends="2026-11-07", assessed=[{"customer": "K20260001", "value": "72"}]
        )
    )

    institution: Code
    week_ends: Day = Field(description="经营周最后一天：7、14、21 日或月末")
    assessed: list[AssessmentIn] = Field([], max_length=20_000, description="本次评定的；其余沿用上次")


class SnapshotRunOut(BaseModel):
    customers: int
    without_value: int
    missing: dict[str, int] = Field(description="因缺参数而没有温度的客户数，按参数代码")


class LabelIn(Given):
    customer: Code
    label: InventoryLabel = Field(description="分类：regular 普客，warming 升温客户")


class InventoryIn(Given):
    """An inventory: each customer's label of the day."""

    taken_on: Day
    labels: list[LabelIn] = Field(min_length=1, max_length=20_000)


class InventoryOut(BaseModel):
    """What inventories of the period covered; of several labels the latest counts (R32)."""

    scope: ScopeOut
    customers: int
    regular: int = Field(description="普客")
    warming: int = Field(description="升温客户")
    missing: int = Field(description="没有盘点到的")
    coverage: Figure | None = Field(description="盘点覆盖率")


class Written(BaseModel):
    """How many rows the request wrote."""

    rows: int


class InteractionIn(Given):
    customer: Code
    happened_on: Day
    kind: InteractionKind = Field(description="方式：visit 拜访，call 电话，message 微信，event 活动…")


class InteractionsIn(Given):
    """Contacts; one that is recorded already stays."""

    rows: list[InteractionIn] = Field(min_length=1, max_length=20_000)


class PremiumOut(BaseModel):
    """Regular premium of the policies signed in the period."""

    scope: ScopeOut
    net: Figure = Field(description="期缴保费 = 签单 − 犹豫期撤单")
    signed: Figure
    withdrawn: Figure
    policies: int
    fyc: Figure


class BuyerOut(BaseModel):
    """A customer's net regular premium of the period."""

    code: str
    name: str
    agent: str
    premium: Figure
    policies: int


class BuyersOut(BaseModel):
    customers: int = Field(description="成交客户数")
    premium_per_customer: Figure | None = Field(description="客均保费贡献")
    largest: list[BuyerOut]


class Withdrawal(Given):
    on: Day = Field(description="撤单日期，须在犹豫期内")
