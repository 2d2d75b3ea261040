"""Slots, meetings, attendance and actions as requests and answers hold them."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from api.fields import Code, Day, Given, Instant, Line, Moment, Month, Words, example
from api.figures import Figure
from models.meetings.compliance import SlotState
from models.meetings.tables import ActionState, FollowUpOutcome, MeetingState, Presence, SlotName
from qa_pipeline.values.vocabulary import MeetingKind, Status, Theme, Verdict

ENDS: Final = "结束时间，须晚于开始时间且相距不超过 12 小时"


class SlotRow(BaseModel):
    """One meeting that an institution owes, and what became of it."""

    institution: str
    institution_name: str
    month: Month
    name: SlotName
    theme: Theme
    earliest: date | None
    latest: date | None
    state: SlotState
    meeting: str | None
    held_on: date | None
    verdict: Verdict | None
    energy_score: Figure | None


class Filled(BaseModel):
    """What making the month's slots did; it may be repeated at will."""

    created: int
    corrected: int = Field(description="窗口随节假日更新的场次")
    unknown: int = Field(description="该年节假日未知、没有窗口的场次")


class MeetingOut(BaseModel):
    """One meeting with its current result."""

    model_config = ConfigDict(
        json_schema_extra=example(
            code="350102-2026-09-W1",
            institution="350102",
            institution_name="福州鼓楼支公司",
            kind="weekly_review",
            month="2026-09",
            slot="W1",
            theme="supervisor_lead",
            state="held",
            started_at="2026-09-08T09:00:00+08:00",
            ended_at=None,
            host=None,
            verdict="qualified",
            energy_score="83.50",
            inspected=True,
        )
    )

    code: str
    institution: str
    institution_name: str
    kind: MeetingKind
    month: Month | None = Field(description="所属场次的月份；不属于任何场次时为 null")
    slot: SlotName | None
    theme: Theme | None
    state: MeetingState
    started_at: Instant | None
    ended_at: Instant | None
    host: str | None = Field(description="主持人工号")
    verdict: Verdict | None
    energy_score: Figure | None = Field(description="能量值 0–100；未质检或测不出为 null")
    inspected: bool


class MeetingDetail(MeetingOut):
    """One meeting with its preparation (R24)."""

    topic: str | None
    goal: str | None
    flow: str | None
    prepared_at: Instant | None
    preparation: Status
    preparation_reason: str


class NewMeeting(Given):
    model_config = ConfigDict(json_schema_extra=example(institution="350102", month="2026-09", slot="W1"))

    institution: Code
    month: Month
    slot: SlotName
    code: Code | None = Field(None, description="会议编号；不填则自动编号")


class HeldMeeting(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            institution="350102", kind="weekly_review", started_at="2026-09-08T09:00:00+08:00"
        )
    )

    institution: Code
    kind: MeetingKind
    started_at: Moment
    ended_at: Moment | None = Field(None, description=ENDS)
    host: Code | None = Field(None, description="主持人工号")
    theme: Theme | None = Field(None, description="宣布的主题；两个场次同日时用来区分")
    code: Code | None = Field(None, description="会议编号；不填则自动编号")


class Preparation(Given):
    model_config = ConfigDict(
        json_schema_extra=example(topic="主管领跑", starts_at="2026-09-08T09:00:00+08:00", goal="达U 8 人")
    )

    topic: Words | None = None
    starts_at: Moment | None = None
    goal: Words | None = None
    flow: Words | None = None


class Holding(Given):
    model_config = ConfigDict(json_schema_extra=example(started_at="2026-09-08T09:00:00+08:00", host="G1"))

    started_at: Moment
    ended_at: Moment | None = Field(None, description=f"{ENDS}；不填为不变")
    host: Code | None = Field(None, description="主持人工号；不填为不变")


class Voiding(Given):
    model_config = ConfigDict(json_schema_extra=example(reason="重复登记"))

    reason: Line


class SheetRow(BaseModel):
    """One person of the attendance sheet; ``presence`` null: not recorded yet."""

    person: str
    name: str
    due: bool = Field(description="是否应到（R9）；不应到而到会者为列席")
    presence: Presence | None


class SheetOut(BaseModel):
    """A meeting's attendance sheet, prefilled with who is due (R9)."""

    meeting: str
    rows: list[SheetRow]
    due: int
    present: int
    rate: Figure | None = Field(description="参会率；未登记为 null")
    on_site_rate: Figure | None = Field(description="现场率；未登记为 null")
    status: Status


class Present(Given):
    person: Code
    presence: Presence


class SheetIn(Given):
    model_config = ConfigDict(json_schema_extra=example(rows=[{"person": "S1", "presence": "on_site"}]))

    rows: list[Present] = Field(max_length=2000, description="整张签到表；未列出的人视为未登记")


class ActionOut(BaseModel):
    """One action that a meeting agreed on (R26)."""

    code: str
    meeting: str
    institution: str
    what: str
    who: str | None = Field(description="会上所说的责任人")
    owner: str | None = Field(description="责任人工号")
    owner_name: str | None
    due_on: date | None
    state: ActionState
    confirmed_at: Instant | None
    closed_on: date | None
    start: float | None = Field(description="录音里说到此事的起点（秒）；由人写下的为 null")
    end: float | None = Field(description="录音里说到此事的终点（秒）")
    quote: str | None = Field(description="会上原话")
    confidence: float | None = Field(description="是承诺的把握，0 到 1；由人写下的为 null")
    doubtful: bool = Field(description="把握不到一半，也还没有人确认：不一定是承诺")


class ActionIn(Given):
    """An action that a person writes down."""

    model_config = ConfigDict(
        json_schema_extra=example(
            meeting="350102-2026-09-W1", what="陪访绩优客户三户", owner="S1", due_on="2026-09-14"
        )
    )

    meeting: Code = Field(description="会议编号：会上定下此事的会议")
    what: Words
    who: Line | None = Field(None, description="责任人的称呼；不填则为责任人姓名")
    owner: Code | None = Field(None, description="责任人工号")
    due_on: Day | None = Field(None, description="期限")


class Confirmation(Given):
    model_config = ConfigDict(json_schema_extra=example(owner="S1", due_on="2026-09-14"))

    what: Words | None = Field(None, description="内容；不填为不变，改了则另记一条，原来的记为已取消")
    owner: Code | None = Field(None, description="责任人工号；不填为不变")
    due_on: Day | None = Field(None, description="期限；不填为不变")


class Closing(Given):
    model_config = ConfigDict(json_schema_extra=example(state="kept", on="2026-09-14"))

    state: ActionState = Field(description="状态：kept 已兑现、broken 未兑现、dropped 已取消")
    on: Day


class FollowUp(Given):
    model_config = ConfigDict(json_schema_extra=example(meeting="350102-2026-09-W2", outcome="kept"))

    meeting: Code = Field(description="会议编号：跟进此行动项的会议")
    outcome: FollowUpOutcome
    quote: Words | None = Field(None, description="会上原话")


class CommitmentOut(BaseModel):
    """An open commitment that a meeting on the day must check."""

    code: str
    what: str
    who: str | None
    owner: str | None
    due_on: date | None
    confirmed: bool
    meeting: str
    passed_over: int = Field(description="应跟进而未提及的会议数")
    overdue_days: int


class PracticeOut(BaseModel):
    """A good practice that a meeting shared (R34), with the place that proves it."""

    meeting: str
    number: int = Field(description="会上的第几条做法，录音片段和实践卡的地址用它")
    institution: str
    institution_name: str
    held_on: date
    text: str = Field(description="做法的名称，同名的是同一种")
    suggestion: str | None = Field(description="怎样推广，可能附有实践卡；没有记下为 null")
    start: float | None
    end: float | None
    quote: str | None
    recorded: bool = Field(description="会议是否有录音")


class PracticeKindOut(BaseModel):
    """A kind of practice and how often it was found (R34)."""

    text: str = Field(description="做法的名称")
    meetings: int = Field(description="在几场会议中出现")
    institutions: int = Field(description="在几家机构出现")
    last_on: date = Field(description="最近一次在哪天的会议上")
