"""Plans and income targets as requests and answers hold them."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from api.codes import Named, ScopeOut, ScopeRef
from api.fields import Code, Given, Instant, Line, Month, Shown, Words, example
from api.figures import AmountIn, Figure, MoneyIn, RateIn
from models.base import ScopeKind
from models.indicators.tables import Aspect
from models.planning.basis import Method
from models.planning.tables import PlanState
from models.planning.tree import Fault


class PlanOut(BaseModel):
    """One scenario of an institution's month."""

    model_config = ConfigDict(
        json_schema_extra=example(
            code="3501-2026-12-A",
            name="十二月基准",
            institution="3501",
            month="2026-12",
            buffer_rate="0.05",
            state="draft",
        )
    )

    code: str
    name: str
    institution: str = Field(description="机构代码")
    month: Month
    buffer_rate: Figure = Field(
        description="机构目标分到营业室（没有则分到个人）时，下级合计应超出本级的比例；其他各级不加"
    )
    state: PlanState = Field(
        description="draft 草稿，submitted 待审批，approved 已批准，rejected 已退回，superseded 已被取代"
    )


class NewPlan(Given):
    model_config = ConfigDict(
        json_schema_extra=example(
            code="3501-2026-12-A", name="十二月基准", institution="3501", month="2026-12"
        )
    )

    code: Code
    name: Line
    institution: Code
    month: Month
    buffer_rate: RateIn | None = Field(
        None, ge=0, le=1, description="缓冲；不填则取参数 buffer_rate，未设为 5%"
    )


class PlanChange(Given):
    """What is given is changed; a draft only."""

    model_config = ConfigDict(json_schema_extra=example(name="十二月进取", buffer_rate="0.08"))

    name: Line | None = Field(None, description="名称；不填为不变")
    buffer_rate: RateIn | None = Field(
        None, ge=0, le=1, description="缓冲：营业室合计应超出机构的比例；不填为不变，改后“未分配”随之变化"
    )


class NewScenario(Given):
    """Another scenario of the same month, or the first plan of another one."""

    model_config = ConfigDict(
        json_schema_extra=example(code="3501-2027-01-A", name="一月基准", month="2027-01")
    )

    code: Code
    name: Line
    month: Month | None = Field(
        None, description="月份：复制到哪个月；不填为同月另一方案。机构在那个月已有规划时拒绝（409）"
    )


class NodeOut(BaseModel):
    """One indicator's target of one scope; the unassigned node carries what nobody below has yet."""

    id: int
    parent: int | None = Field(description="上级节点的编号；机构自身的目标为 null")
    scope: ScopeOut
    indicator: str = Field(description="指标代码")
    name: str = Field(description="指标名称")
    unit: str
    aspect: Aspect
    value: Figure
    is_unassigned: bool = Field(description="是否为“未分配”差额")


class PlanProblem(BaseModel):
    """Something wrong with the tree (R27)."""

    fault: Fault
    blocks: bool = Field(description="是否妨碍提交；false 只是提醒")
    scope: ScopeOut | None
    sentence: str


class PlanDetail(PlanOut):
    """A plan with its whole target tree, parents before children, and what is wrong with it (R27)."""

    nodes: list[NodeOut]
    problems: list[PlanProblem]


class CopiedPlan(PlanDetail):
    """The copy, a draft without decisions, and what of the source is not in it."""

    left_out: list[str] = Field(
        description="没有带入的目标，每个一句：对象当月已不在原来的上级之下，或指标没有口径"
    )


class RootTarget(Given):
    model_config = ConfigDict(json_schema_extra=example(indicator="regular_premium", value="3000000"))

    indicator: Code = Field(description="指标代码")
    value: AmountIn


class TargetValue(Given):
    model_config = ConfigDict(json_schema_extra=example(value="1200000"))

    value: AmountIn


class ScopeValue(Given):
    scope: ScopeRef
    value: AmountIn


class Assignment(Given):
    """Values for children of a node; other children keep theirs, the rest is unassigned."""

    values: list[ScopeValue] = Field(min_length=1, max_length=2000)


class ScopeWeight(Given):
    scope: ScopeRef
    weight: RateIn = Field(ge=0)


class BreakDown(Given):
    """The node's target with its buffer is split by these weights."""

    weights: list[ScopeWeight] = Field(min_length=1, max_length=2000)


class TeamBreakDown(BaseModel):
    """The plan after the attempt; nothing changed when a factor of any team is not known."""

    plan: PlanDetail
    unknown: list[str] = Field(description="缺什么因素：不为空则没有分解")


class ShareOut(BaseModel):
    """One of those right below a node."""

    scope: ScopeOut
    weight: Figure | None = Field(description="分解依据，按方法而定；数据不足为 null，不作猜测")
    proposed: Figure | None = Field(description="按此方法应得的目标；不能分解时为 null")
    value: Figure | None = Field(description="现有目标；还没有为 null")


class SharesOut(BaseModel):
    """What a method would give to those right below a node; nothing is changed."""

    method: Method
    target: Figure = Field(description="本级目标")
    required: Figure = Field(description="下级合计应达到的数：本级目标；机构分到营业室或个人时加缓冲")
    shares: list[ShareOut] = Field(description="下级机构；没有则为营业室；再没有则为外勤人员")
    why_not: str | None = Field(description="不能按此方法分解的原因；能分解为 null")


class Spreading(Given):
    """Break every target that has none below it down, level by level."""

    model_config = ConfigDict(json_schema_extra=example(method="headcount", down_to="person"))

    method: Method = Field(
        description="方法：even 平均，headcount 按月初外勤人力，history 按前三个月实绩，"
        "history_or_mean 同上而缺实绩者按同级平均，teams 按团队基础、职级、市场（R28）"
    )
    down_to: ScopeKind = Field(description="分到哪一级：institution 机构，office 营业室，person 个人")
    indicators: list[Code] = Field(
        default_factory=list, max_length=100, description="指标：只分解这些；不填为全部"
    )


class SpreadOut(BaseModel):
    """The plan after it; targets that were broken down before stay as they were."""

    plan: PlanDetail
    added: int = Field(description="新增的目标数")
    unknown: list[str] = Field(description="没有分解的节点，每个一句原因")


class ComparedNode(BaseModel):
    """One node in every plan, in the order of the plans; null: that plan has no such node."""

    scope: ScopeOut
    indicator: str
    is_unassigned: bool
    values: list[Figure | None]
    differences: list[Figure | None] = Field(description="各方案减第一个方案")


class PlanComparison(BaseModel):
    plans: list[PlanOut]
    nodes: list[ComparedNode]


class TierOut(BaseModel):
    rank: str = Field(description="职级代码")
    headcount: int = Field(description="月末外勤人数")
    productivity: Figure | None = Field(description="分层队伍产能（工具箱），元/人月")


class CapacityOut(BaseModel):
    """产能缺口: what the force is expected to sell short of the plan's premium target."""

    target: Figure | None = Field(description="机构期缴保费目标；null：规划中还没有")
    expected: Figure | None = Field(description="按现有人力与产能的预期；有职级缺产能时为 null")
    gap: Figure | None = Field(description="缺口；负数为盈余")
    tiers: list[TierOut]
    missing: list[str] = Field(description="缺产能的职级")


class Decision(Given):
    model_config = ConfigDict(json_schema_extra=example(comment="与分公司口径一致"))

    comment: Words | None = Field(None, description="意见；退回时必填")


class DecisionOut(BaseModel):
    """One step of a plan's approval."""

    before: PlanState
    after: PlanState
    by: str
    at: Instant
    comment: Shown | None


class IncomeParts(Given):
    """What an income is made of besides the management allowance, yuan a month."""

    income: MoneyIn = Field(gt=0, description="收入目标，元/月")
    own_fyc: MoneyIn = Field(ge=0, description="本人 FYC")
    recruiting_allowance: MoneyIn = Field(Decimal(0), ge=0, description="招募津贴")
    bonus: MoneyIn = Field(Decimal(0), ge=0, description="奖金")


class IncomeQuestion(IncomeParts):
    model_config = ConfigDict(
        json_schema_extra=example(person="35010203007", month="2026-12", income="20000", own_fyc="6000")
    )

    person: Code = Field(description="主管工号")
    month: Month


class IncomePath(BaseModel):
    """过程反推 (R28): what the team must do; null where a parameter is missing."""

    team_fyc: Figure | None = Field(description="团队需要的 FYC")
    premium: Figure | None = Field(description="期缴保费")
    customers: Figure | None = Field(description="成交客户数")
    platform_customers: Figure | None = Field(description="其中由平台活动成交")
    visit_customers: Figure | None = Field(description="其中由拜访成交")
    arrivals: Figure | None = Field(description="到场客户数")
    invitations: Figure | None = Field(description="邀约客户数")
    visits: Figure | None = Field(description="拜访量")
    missing: list[str] = Field(description="缺哪些参数，逐项点名")


class IncomeAnswer(BaseModel):
    """The three factors (R28), what they give today, and the way to the target."""

    person: Named
    month: Month
    rank: str | None = Field(description="职级代码")
    team_base: Figure | None = Field(description="团队基础：前三个月团队 FYC 月均")
    market_factor: Figure | None = Field(description="市场系数")
    allowance_rate: Figure | None = Field(description="管理津贴率")
    expected: Figure | None = Field(description="按现有团队基础可得的收入")
    path: IncomePath
    missing: list[str] = Field(description="三因素中缺的，逐项点名")


class IncomeTargetOut(BaseModel):
    """A supervisor's stored income target with the factors it rests on."""

    income: Figure
    rank: str
    team_base: Figure
    market_factor: Figure
    own_fyc: Figure
    recruiting_allowance: Figure
    bonus: Figure


class IncomeLineOut(BaseModel):
    """A supervisor and the month's income target; null: not set yet (R18)."""

    person: Named
    rank: str
    target: IncomeTargetOut | None
