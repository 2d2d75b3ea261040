"""Plans and their target trees: create, break down, edit, validate, approve, compare (R27)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import delete, func, select

from models.base import Repository, Scope, ScopeKind
from models.calendar.weeks import month_start
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.repository import IndicatorRepository
from models.indicators.scopes import ids_within
from models.indicators.tables import Indicator
from models.organisation.conditions import inside
from models.organisation.tables import Institution, Person, SalesOffice
from models.planning.approval import require_draft, require_other, require_step
from models.planning.basis import BasisRepository
from models.planning.breakdown import BUFFER_RATE, buffer_at, required, shares, split, step_of, unassigned
from models.planning.tables import Plan, PlanDecision, PlanState, Target
from models.planning.team_repository import TeamRepository
from models.planning.tree import Comparison, Node, Problem, compare, validate
from qa_pipeline.errors import InputError

BUFFER_PARAMETER = "buffer_rate"


@dataclass(frozen=True, slots=True)
class _Open:
    """A target that may be changed, with what decides how."""

    target: Target
    plan: Plan
    indicator: Indicator

    @property
    def step(self) -> Decimal:
        return step_of(self.indicator.unit)


class PlanRepository(Repository):
    """Plans of the subtree's institutions."""

    def create(
        self, *, code: str, name: str, institution_id: int, month: date, buffer_rate: Decimal | None = None
    ) -> Plan:
        """A draft without targets. The buffer is the parameter of the month, or 5 %, unless given."""
        path = self.session.scalar(
            select(Institution.path).where(Institution.id == institution_id, inside(self.within))
        )
        if path is None:
            raise InputError(f"机构（主键 {institution_id}）不存在或不在您管辖的范围内，不能建立规划。")
        if buffer_rate is None:
            buffer_rate = ParameterRepository(self.session).on(month).value(BUFFER_PARAMETER, path=path)
        plan = Plan(
            code=code,
            name=name,
            institution_id=institution_id,
            month=month_start(month),
            buffer_rate=BUFFER_RATE if buffer_rate is None else buffer_rate,
            state=PlanState.DRAFT,
        )
        self.session.add(plan)
        self.session.flush()
        return plan

    def get(self, plan_id: int) -> Plan:
        """The plan; raises InputError when it is not one of the subtree's."""
        plan = self.session.scalar(
            select(Plan)
            .join(Institution, Institution.id == Plan.institution_id)
            .where(Plan.id == plan_id, inside(self.within))
        )
        if plan is None:
            raise InputError(f"规划（主键 {plan_id}）不存在或不属于您管辖的机构：请核对后重新选择。")
        return plan

    def change(self, plan_id: int, *, name: str | None = None, buffer_rate: Decimal | None = None) -> Plan:
        """Another name or buffer for a draft (None: as it is); the unassigned nodes follow the buffer."""
        plan = require_draft(self.get(plan_id))
        plan.name = plan.name if name is None else name
        if buffer_rate is not None and buffer_rate != plan.buffer_rate:
            plan.buffer_rate = buffer_rate
            self.balance(plan)
        self.session.flush()
        return plan

    def balance(self, plan: Plan) -> None:
        """Make the unassigned nodes of a draft's whole tree anew."""
        rows = self.session.execute(
            select(Target, Indicator)
            .join(Indicator, Indicator.id == Target.indicator_id)
            .where(Target.plan_id == plan.id, ~Target.is_unassigned)
        ).all()
        for indicator in {indicator for _, indicator in rows}:
            parents = [target for target, of in rows if of is indicator]
            self._balance(parents, _Open(parents[0], plan, indicator))

    def discard(self, plan_id: int) -> None:
        """Delete a draft with its targets. Refused once it was submitted: its decisions are kept."""
        plan = require_draft(self.get(plan_id))
        if self.decisions(plan_id):
            raise InputError(f"规划“{plan.name}”提交过审批，审批记录须保留，不能删除。")
        self.session.execute(delete(Target).where(Target.plan_id == plan_id))
        self.session.delete(plan)
        self.session.flush()

    # --- targets

    def set_root(self, plan_id: int, code: str, value: Decimal) -> Target:
        """Set the plan institution's own target of an indicator; what is below it is balanced again."""
        plan = require_draft(self.get(plan_id))
        indicator = IndicatorRepository(self.session).versions([code]).on(code, plan.month)
        _require_value(value, step_of(indicator.unit), indicator)
        root = self.session.scalar(
            select(Target).where(
                Target.plan_id == plan_id,
                Target.indicator_id == indicator.id,
                Target.parent_id.is_(None),
            )
        )
        if root is not None:
            return self.edit(root.id, value)
        root = Target(
            plan_id=plan_id, indicator_id=indicator.id, institution_id=plan.institution_id, value=value
        )
        self.session.add(root)
        self.session.flush()
        return root

    def assign(self, target_id: int, values: Mapping[Scope, Decimal]) -> None:
        """Give children of the target these values; other children keep theirs, the rest is unassigned.

        Raises InputError for a scope that is not below the target's, or a value that is no whole step.
        """
        parent = self._open(target_id)
        if parent.target.is_unassigned:
            raise InputError("“未分配”没有下级：请在它的上级节点上分解目标。")
        for value in values.values():
            _require_value(value, parent.step, parent.indicator)
        BasisRepository(self.session).require_below(parent.target.scope, parent.plan.month, values)
        children = {child.scope: child for child in self._children(parent.target) if not child.is_unassigned}
        for scope, value in values.items():
            child = children.get(scope)
            if child is None:
                child = Target(
                    plan_id=parent.plan.id,
                    indicator_id=parent.indicator.id,
                    parent_id=target_id,
                    **{f"{scope.kind}_id": scope.id},
                )
                self.session.add(child)
            child.value = value
        self.session.flush()
        self._balance([parent.target, *(children[scope] for scope in values if scope in children)], parent)

    def break_down(self, target_id: int, weights: Mapping[Scope, Decimal]) -> None:
        """Split the target, with the buffer where it goes to teams, among the scopes by weight, exactly."""
        parent = self._open(target_id)
        kinds = {scope.kind for scope in weights}
        buffer = buffer_at(parent.target.scope.kind, kinds, buffer=parent.plan.buffer_rate)
        total = required(parent.target.value, buffer=buffer, step=parent.step)
        self.assign(target_id, split(total, weights, step=parent.step))

    def break_down_to_teams(self, target_id: int) -> tuple[str, ...]:
        """Split an institution's target among its offices: base × rank coefficient × market factor (R28).

        When a factor of any team is not known nothing is guessed and nothing changes: a sentence for each
        such team is returned.
        """
        parent = self._open(target_id)
        if parent.target.institution_id is None:
            raise InputError("只有机构的目标可以按团队分解：请选择机构节点。")
        teams = TeamRepository(self.session).teams(parent.target.institution_id, parent.plan.month)
        if not teams:
            raise InputError("该机构在规划月份没有营业室，无法按团队分解：请先维护营业室。")
        weights = shares({team.scope: team.base for team in teams})
        if weights is not None:
            self.break_down(target_id, weights)
            return ()
        return tuple(
            f"{team.office}缺{'、'.join(team.base.missing)}，目标没有分解：请补齐后重试。"
            for team in teams
            if team.base.missing
        ) or ("各室的团队基础、职级系数或市场系数均为零，目标没有分解：请核对。",)

    def edit(self, target_id: int, value: Decimal) -> Target:
        """Change a target; the unassigned nodes beside and below it take up the difference."""
        opened = self._open(target_id)
        if opened.target.is_unassigned:
            raise InputError("“未分配”是差额，不能直接修改：请修改它的上级或同级节点。")
        _require_value(value, opened.step, opened.indicator)
        opened.target.value = value
        self.session.flush()
        self._balance([opened.target, *self._parents([opened.target])], opened)
        return opened.target

    def remove(self, target_id: int) -> None:
        """Take a target and all below it away; its value returns to the unassigned node beside it."""
        opened = self._open(target_id)
        if opened.target.is_unassigned:
            raise InputError("“未分配”是差额，不能删除：请把它分配给下级。")
        parents = self._parents([opened.target])
        levels = [[opened.target]]
        while below := self.session.scalars(
            select(Target).where(Target.parent_id.in_([target.id for target in levels[-1]]))
        ).all():
            levels.append(list(below))
        for level in reversed(levels):
            for target in level:
                self.session.delete(target)
            self.session.flush()
        self._balance(parents, opened)

    def nodes(self, plan_id: int) -> list[Node]:
        """The plan's whole tree, parents before children, in one query."""
        return self._nodes([self.get(plan_id).id])[plan_id]

    def validate(self, plan_id: int) -> list[Problem]:
        """Everything that is wrong with the plan's tree (R27)."""
        return validate(self.nodes(plan_id), buffer=self.get(plan_id).buffer_rate)

    def compare(self, plan_ids: Sequence[int]) -> list[Comparison]:
        """Two or more scenarios node by node; differences are to the first."""
        if len(plan_ids) < 2:
            raise InputError("方案对比至少需要两份规划：请再选一份。")
        for plan_id in plan_ids:
            self.get(plan_id)
        nodes = self._nodes(plan_ids)
        return compare([nodes[plan_id] for plan_id in plan_ids])

    def approved_values(self, scopes: Iterable[Scope], code: str, month: date) -> dict[Scope, Decimal]:
        """Targets in approved plans of the month; the plan of the nearest institution wins. For rankings."""
        ids: dict[ScopeKind, list[int]] = defaultdict(list)
        for scope in scopes:
            ids[scope.kind].append(scope.id)
        found: dict[Scope, Decimal] = {}
        for kind, keys in ids.items():
            column = getattr(Target, f"{kind}_id")
            rows = self.session.execute(
                select(column, Target.value)
                .join(Plan, Plan.id == Target.plan_id)
                .join(Institution, Institution.id == Plan.institution_id)
                .join(Indicator, Indicator.id == Target.indicator_id)
                .where(
                    column.in_(keys),
                    column.in_(ids_within(kind, self.within, month_start(month))),
                    ~Target.is_unassigned,
                    Plan.state == PlanState.APPROVED,
                    Plan.month == month_start(month),
                    Indicator.code == code,
                )
                .order_by(Institution.level)
            )
            found |= {Scope(kind, key): value for key, value in rows}
        return found

    # --- approval

    def move(
        self, plan_id: int, after: PlanState, *, by: str, at: datetime, comment: str | None = None
    ) -> Plan:
        """Submit, approve, reject or take back a plan, and log it. Approval supersedes the former plan.

        Raises InputError as `require_step` does, for a rejection without reason, or a tree with faults.
        """
        plan = self.get(plan_id)
        self.require_step(plan, after, by=by)
        if after is PlanState.REJECTED and not comment:
            raise InputError("退回规划须写明原因：请填写意见。")
        if after in (PlanState.SUBMITTED, PlanState.APPROVED):
            faults = [problem.sentence for problem in self.validate(plan_id) if problem.blocks]
            if faults:
                raise InputError(f"规划有 {len(faults)} 处不符合要求，不能提交：{faults[0]}")
        if after is PlanState.APPROVED:
            former = self.session.scalar(
                select(Plan).where(
                    Plan.institution_id == plan.institution_id,
                    Plan.month == plan.month,
                    Plan.state == PlanState.APPROVED,
                )
            )
            if former is not None:
                self._log(former, PlanState.SUPERSEDED, by, at, f"由规划“{plan.name}”取代")
        self._log(plan, after, by, at, comment)
        return plan

    def require_step(self, plan: Plan, after: PlanState, *, by: str) -> None:
        """Raise InputError for a step that may not follow, or an approval by whoever submitted the plan."""
        require_step(plan.state, after)
        if after is PlanState.APPROVED:
            require_other(plan, self.submission(plan), by)

    def submission(self, plan: Plan) -> PlanDecision | None:
        """The step by which the plan waits for a decision; None when it does not wait."""
        submitted = [step for step in self.decisions(plan.id) if step.after is PlanState.SUBMITTED]
        return submitted[-1] if submitted and plan.state is PlanState.SUBMITTED else None

    def decisions(self, plan_id: int) -> list[PlanDecision]:
        """The plan's steps, oldest first."""
        query = select(PlanDecision).where(PlanDecision.plan_id == self.get(plan_id).id)
        return list(self.session.scalars(query.order_by(PlanDecision.id)))

    def _log(self, plan: Plan, after: PlanState, by: str, at: datetime, comment: str | None) -> None:
        self.session.add(
            PlanDecision(
                plan_id=plan.id,
                before=plan.state,
                after=after,
                decided_by=by,
                decided_at=at,
                comment=comment,
            )
        )
        plan.state = after
        self.session.flush()

    # --- inside the tree

    def _open(self, target_id: int) -> _Open:
        row = self.session.execute(
            select(Target, Plan, Indicator)
            .join(Plan, Plan.id == Target.plan_id)
            .join(Indicator, Indicator.id == Target.indicator_id)
            .join(Institution, Institution.id == Plan.institution_id)
            .where(Target.id == target_id, inside(self.within))
        ).first()
        if row is None:
            raise InputError(f"目标（主键 {target_id}）不存在或不属于您管辖的机构：请刷新后重试。")
        target, plan, indicator = row
        return _Open(target, require_draft(plan), indicator)

    def _children(self, *parents: Target) -> list[Target]:
        ids = [parent.id for parent in parents]
        return list(self.session.scalars(select(Target).where(Target.parent_id.in_(ids)).order_by(Target.id)))

    def _parents(self, targets: Iterable[Target]) -> list[Target]:
        ids = [target.parent_id for target in targets if target.parent_id is not None]
        return list(self.session.scalars(select(Target).where(Target.id.in_(ids))))

    def _balance(self, parents: Sequence[Target], opened: _Open) -> None:
        """Make the unassigned child of each parent what its other children leave; without children, none."""
        children: dict[int | None, list[Target]] = defaultdict(list)
        for child in self._children(*parents):
            children[child.parent_id].append(child)
        for parent in parents:
            below = [child for child in children[parent.id] if not child.is_unassigned]
            given = [child.value for child in below]
            rest = next((child for child in children[parent.id] if child.is_unassigned), None)
            kinds = {child.scope.kind for child in below}
            buffer = buffer_at(parent.scope.kind, kinds, buffer=opened.plan.buffer_rate)
            left = unassigned(parent.value, given, buffer=buffer, step=opened.step)
            if given and left:
                if rest is None:
                    rest = Target(
                        plan_id=parent.plan_id,
                        parent_id=parent.id,
                        indicator_id=parent.indicator_id,
                        is_unassigned=True,
                        **{f"{parent.scope.kind}_id": parent.scope.id},
                    )
                    self.session.add(rest)
                rest.value = left
            elif rest is not None:
                self.session.delete(rest)
        self.session.flush()

    def _nodes(self, plan_ids: Sequence[int]) -> dict[int, list[Node]]:
        rows = self.session.execute(
            select(Target, Indicator, func.coalesce(Person.name, SalesOffice.name, Institution.name))
            .join(Indicator, Indicator.id == Target.indicator_id)
            .outerjoin(Institution, Institution.id == Target.institution_id)
            .outerjoin(SalesOffice, SalesOffice.id == Target.office_id)
            .outerjoin(Person, Person.id == Target.person_id)
            .where(Target.plan_id.in_(plan_ids))
            .order_by(Target.id)
        )
        nodes: dict[int, list[Node]] = {plan_id: [] for plan_id in plan_ids}
        for target, indicator, name in rows:
            node = Node(
                id=target.id,
                parent_id=target.parent_id,
                scope=target.scope,
                name=name,
                code=indicator.code,
                indicator=indicator.name,
                unit=indicator.unit,
                aspect=indicator.aspect,
                value=target.value,
                is_unassigned=target.is_unassigned,
            )
            nodes[target.plan_id].append(node)
        return nodes


def _require_value(value: Decimal, step: Decimal, indicator: Indicator) -> None:
    if value < 0:
        raise InputError(f"{indicator.name}的目标不能为负：请核对数值。")
    if value % step:
        smallest = f"{step:f}{indicator.unit}"
        raise InputError(f"{indicator.name}的目标最小单位是 {smallest}，{value} 不是它的整数倍：请改正。")
