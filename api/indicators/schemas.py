"""Indicators, observations and parameters as requests and answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.codes import Named, ScopeOut, ScopeRef
from api.fields import Code, Day, Given, Line, Words, example
from api.figures import AmountIn, Figure, RateIn
from models.indicators.anomalies import Factor
from models.indicators.tables import Aspect, Direction


class DefinitionOut(BaseModel):
    """One version of an indicator's definition (口径)."""

    model_config = ConfigDict(
        json_schema_extra=example(
            code="regular_premium",
            version=1,
            name="期缴保费",
            unit="元",
            direction="higher",
            aspect="result",
            formula="Σ承保期交−犹豫期撤单",
            valid_from="2000-01-01",
        )
    )

    code: str
    version: int
    name: str
    unit: str
    direction: Direction
    aspect: Aspect = Field(description="result 结果指标，process 过程指标")
    formula: str
    valid_from: date


class NewDefinition(Given):
    """A new indicator, or a later version of one: what is registered never changes."""

    model_config = ConfigDict(
        json_schema_extra=example(
            code="long_term_premium",
            name="长期险保费",
            unit="元",
            aspect="result",
            formula="缴费期十年及以上的期缴新单保费之和",
            valid_from="2026-09-01",
        )
    )

    code: Code
    version: int = Field(1, ge=1, le=1000)
    name: Line
    unit: str = Field(min_length=1, max_length=16, pattern=r"^[^\x00]+$")
    direction: Direction = Direction.HIGHER
    aspect: Aspect
    formula: Words
    valid_from: Day


class ObservationIn(Given):
    """A value of an indicator for one scope, as of a day."""

    scope: ScopeRef
    indicator: Code
    as_of: Day = Field(description="截至日期")
    value: AmountIn


class Observations(Given):
    """A batch: all of it is taken, or nothing with every problem by its row."""

    source: Line = Field(description="来源系统", examples=["业务系统"])
    rows: list[ObservationIn] = Field(min_length=1, max_length=20_000)


class Appended(BaseModel):
    """What became of the batch: first values, corrections of earlier ones, and values already there."""

    added: int
    unchanged: int


class ValueOut(BaseModel):
    """The valid value of the month up to the day; scopes without one are left out."""

    scope: ScopeOut
    indicator: str
    value: Figure
    as_of: date = Field(description="截至日期")
    revision: int = Field(description="第几次更正；1 为首次")


class PlaceOut(BaseModel):
    """One line of a ranking (R15). Gaps are negative when behind; null: not known."""

    place: int | None = Field(description="名次，并列同名次；没有数据为 null，排在最后")
    scope: ScopeOut
    value: Figure | None
    as_of: date | None
    target: Figure | None = Field(description="已批准规划中的目标")
    gap_to_target: Figure | None
    gap_to_average: Figure | None
    gap_to_first: Figure | None
    achievement: Figure | None = Field(description="达成率，1 为 100%")
    progress_difference: Figure | None = Field(
        description="进度差 = 达成率 − 当月截至 as_of 那天已过工作日的占比"
    )


class RankingOut(BaseModel):
    indicator: DefinitionOut
    on: date
    average: Figure | None
    unknown: int = Field(description="没有数据的个数")
    places: list[PlaceOut]


class OfficeProgress(BaseModel):
    """CT of an office in the month to date; null: a threshold or an actual is missing."""

    office: Named
    progress: Figure | None = Field(description="CT 进度：各项实际/阈值中最小者")
    attained: bool | None


class PersonProgress(BaseModel):
    """达U of an agent in the month to date; null: the threshold or the FYC is missing."""

    person: Named
    office: str | None
    attained: bool | None


class Attainment(BaseModel):
    on: date
    offices: list[OfficeProgress]
    people: list[PersonProgress]


class AttainmentRun(Given):
    """Where and as of when U and CT are to be recorded as observations."""

    institution: Code
    on: Day


class RatesOut(BaseModel):
    """滚动单室CT率 at the end of each month, oldest first; null: no month was assessed."""

    office: Named
    rates: list[Figure | None]


class CauseOut(BaseModel):
    """A candidate cause; ``z`` is null when an absolute threshold decided."""

    factor: Factor
    value: Figure
    z: Figure | None
    sentence: str
    advice: str


class AnomalyOut(BaseModel):
    """An office whose CT rate stays below its institution's mean, with candidate causes (R33)."""

    office: Named
    causes: list[CauseOut] = Field(description="可能原因，由强到弱")
    unknown: list[str] = Field(description="无法判断的因素及缺什么")


class ParameterOut(BaseModel):
    """A threshold, rate or factor for everyone, one institution (with all below it) or one rank."""

    model_config = ConfigDict(
        json_schema_extra=example(
            code="u_threshold",
            value="3000",
            institution="35",
            rank=None,
            valid_from="2026-01-01",
            valid_to=None,
            note="分公司口径",
        )
    )

    code: str
    value: Figure
    institution: str | None
    rank: str | None
    valid_from: date
    valid_to: date | None
    note: str | None


class ParameterIn(Given):
    """A parameter from a day on; the one before it ends there."""

    model_config = ConfigDict(
        json_schema_extra=example(value="3000", institution="35", valid_from="2026-01-01")
    )

    value: RateIn = Field(ge=0)
    institution: Code | None = None
    rank: Code | None = None
    valid_from: Day
    valid_to: Day | None = None
    note: Line | None = None
