"""The compliance table, its summaries and scores as answers hold them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.fields import Month, example
from api.figures import Figure
from models.meetings.compliance import SlotState
from models.meetings.tables import SlotName
from qa_pipeline.values.vocabulary import Status, Theme, Verdict


class SlotCell(BaseModel):
    """One slot of one institution, with the meeting that counts and its current result."""

    slot: SlotName
    theme: Theme
    earliest: date | None
    latest: date | None
    state: SlotState = Field(
        description="unknown 未知、pending 待召开、missing 未召开、late 迟开、early 早开、"
        "low 不达标、held 已召开"
    )
    meeting: str | None
    held_on: date | None
    verdict: Verdict | None
    on_time: Status | None
    on_roster: Status | None
    on_quality: Status | None
    energy_score: Figure | None
    duplicate_recording: bool = Field(description="录音与另一场会议相同（K4）")


class InstitutionLine(BaseModel):
    """One line of the table: an institution and its slots of the month."""

    institution: str
    name: str
    slots: list[SlotCell]


class InstitutionRef(BaseModel):
    code: str
    name: str


class CoverageOut(BaseModel):
    """R10 for one slot; pending and unknown slots are not due yet."""

    slot: SlotName
    due: int
    held: int
    rate: Figure | None = Field(description="覆盖率；无应召开时为 null")
    status: Status
    missing: list[InstitutionRef] = Field(description="应开未开的机构")
    pending: int
    unknown: int


class InspectionOut(BaseModel):
    """R12: inspected / held, with the meetings that still wait."""

    held: int
    inspected: int
    rate: Figure | None
    status: Status
    missing: list[str] = Field(description="已召开而未质检的会议")


class AttendanceOut(BaseModel):
    """Attendance over the month's meetings of which a sheet was recorded (R9)."""

    meetings: int = Field(description="已登记签到的会议数")
    due: int
    present: int
    rate: Figure | None


class KeptOut(BaseModel):
    """Commitments that fell due in the month and before the day asked for; those dropped are left out. One
    that the machine read out of a recording counts for the rate only after a person confirmed it."""

    due: int = Field(description="到期的承诺（已经人确认的）")
    kept: int = Field(description="按期兑现的承诺")
    rate: Figure | None = Field(description="兑现率 = 按期兑现 / 到期；没有到期的承诺时为 null")
    unconfirmed: int = Field(description="到期而无人确认过的承诺，不计入兑现率")


class ScoreBand(BaseModel):
    """How many meetings scored in ``[low, high)`` (the last one includes 100)."""

    low: int
    high: int
    meetings: int


class Aggregate(BaseModel):
    """What a subtree's month comes to."""

    institutions: int = Field(description="本月有应召开场次的机构数")
    due: int = Field(description="到期场次")
    held: int
    coverage: Figure | None = Field(description="覆盖率 = 已召开 / 到期（R10）")
    on_schedule: Figure | None = Field(description="窗口内召开的场次 / 到期")
    inspected: int
    inspection_rate: Figure | None = Field(description="质检率 = 已质检 / 已召开（R12）")
    qualified: int
    not_qualified: int
    needs_review: int
    qualified_rate: Figure | None = Field(description="合格 / 已质检")
    mean_score: Figure | None = Field(description="已测能量值的平均")


class Summary(BaseModel):
    """The month of a subtree at a glance."""

    month: Month
    as_of: date
    totals: Aggregate
    coverage: list[CoverageOut]
    inspections: InspectionOut
    attendance: AttendanceOut
    commitments: KeptOut
    scores: list[ScoreBand]
    states: dict[SlotState, int]


class ChildLine(BaseModel):
    """One institution of the next level, with all below it added up."""

    institution: str
    name: str
    level: int
    totals: Aggregate
    commitments: KeptOut


class TrendPoint(BaseModel):
    month: Month
    totals: Aggregate


class ComplianceScore(BaseModel):
    """One institution's compliance in one month as one number, for systems that count with it.

    Of every slot that fell due, 按时, 按人 and 按质 count 1 when passed, 0.5 with a warning, 0 when failed; a
    meeting not held counts 0 for all three; what an inspection could not tell leaves the denominator. The
    score is 100 times the mean. While any meeting that was due and held has not been inspected it is null,
    whatever the others come to: who does not record has no score, never a better one (R7, R12).
    """

    model_config = ConfigDict(
        json_schema_extra=example(
            institution="350102",
            name="福州鼓楼支公司",
            month="2026-09",
            score="83.33",
            due=4,
            held=4,
            on_schedule=4,
            inspected=4,
            qualified=3,
            parts={"on_time": "1", "on_roster": "0.75", "on_quality": "0.75"},
            reason=None,
        )
    )

    institution: str
    name: str
    month: Month
    score: Figure | None = Field(
        description="合规得分 0–100：到期场次按时、按人、按质的平均；到期并已召开的会议有一场未质检即为 null"
    )
    due: int = Field(description="到期场次")
    held: int = Field(description="到期场次中已召开的")
    on_schedule: int = Field(description="到期场次中在窗口内召开的")
    inspected: int = Field(description="到期场次中已质检的")
    qualified: int = Field(description="到期场次中合格的")
    parts: dict[str, Figure | None] = Field(
        description="按时、按人、按质三项各自的平均（0–1），只计已知的；都未知为 null"
    )
    reason: str | None = Field(description="得分未知的原因；有得分时为 null")
