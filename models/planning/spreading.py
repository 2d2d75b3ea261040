"""Breaking targets down by a method: the shares proposed for one node, or whole trees at once (R27, R28)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import select

from models.base import Repository, Scope, ScopeKind, Subtree
from models.indicators.tables import Indicator
from models.organisation.tables import Institution
from models.planning.approval import require_draft
from models.planning.basis import METHODS, BasisRepository, Family, Member, Method, Weights
from models.planning.breakdown import buffer_at, required, split, step_of
from models.planning.repository import PlanRepository
from models.planning.tables import Plan, Target
from models.planning.tree import Node
from qa_pipeline.errors import InputError

DEPTHS: Final = (ScopeKind.INSTITUTION, ScopeKind.OFFICE, ScopeKind.PERSON)
NAMED: Final = 3
"""So many of those whose share is not known are named; of more their number is told."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of those right below a node; None: not known, or no target yet."""

    member: Member
    weight: Decimal | None
    proposed: Decimal | None
    present: Decimal | None


@dataclass(frozen=True, slots=True)
class Shares:
    """What those right below a node would carry together; ``why_not`` says why nothing is proposed."""

    node: Node
    required: Decimal
    shares: tuple[Share, ...]
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Spread:
    """How many targets were added, and a sentence for each node that stayed as it was."""

    added: int
    unknown: tuple[str, ...]


class SpreadRepository(Repository):
    """Plans of the subtree's institutions."""

    def shares(self, plan_id: int, target_id: int, method: Method) -> Shares:
        """Those right below the node and what the method gives them; nothing changes.

        Raises InputError for a node that is not the plan's, or has nobody below.
        """
        plans = PlanRepository(self.session, within=self.within)
        plan, nodes = plans.get(plan_id), plans.nodes(plan_id)
        node = next((node for node in nodes if node.id == target_id), None)
        if node is None or node.is_unassigned:
            raise InputError("“未分配”没有下级：请在它的上级节点上分解目标。")
        basis = self._basis(plan)
        family = basis.members({node.scope}, plan.month).get(node.scope)
        if family is None:
            raise InputError(f"{node.name}在 {plan.month:%Y-%m} 没有下级：请先维护机构、营业室或人员。")
        weights = basis.weights({node.scope: family}, method, code=node.code, month=plan.month)[node.scope]
        proposed = _proposed(node, plan, family, weights, method)
        present = {
            child.scope: child.value
            for child in nodes
            if child.parent_id == node.id and not child.is_unassigned
        }
        return Shares(
            node=node,
            required=_required(node, plan, family),
            shares=tuple(
                Share(
                    member=member,
                    weight=weights[member.scope],
                    proposed=None if isinstance(proposed, str) else proposed[member.scope],
                    present=present.get(member.scope),
                )
                for member in family
            ),
            why_not=proposed if isinstance(proposed, str) else None,
        )

    def spread(
        self, plan_id: int, method: Method, *, down_to: ScopeKind, codes: Collection[str] = ()
    ) -> Spread:
        """Break every target that has none below it down, level by level; those broken down already stay.

        ``codes``: only these indicators. Where a share is not known nothing is guessed: the node stays as it
        is, and a sentence says why. Raises InputError for a plan that is no draft or has no such target.
        """
        plans = PlanRepository(self.session, within=self.within)
        plan = require_draft(plans.get(plan_id))
        if method is Method.TEAMS and down_to is ScopeKind.PERSON:
            raise InputError("个人没有团队基础和市场系数：按团队因素只能分到营业室。")
        nodes = plans.nodes(plan_id)
        carrying = {node.parent_id for node in nodes}
        leaves = [
            node
            for node in nodes
            if not node.is_unassigned and node.id not in carrying and (not codes or node.code in codes)
        ]
        if not leaves:
            raise InputError("规划中没有可以往下分解的目标：请先设置机构目标。")
        taken = {(node.code, node.scope) for node in nodes}
        added, unknown = 0, list[str]()
        while leaves:
            leaves = self._below(plan, leaves, method, down_to, taken, unknown)
            added += len(leaves)
        return Spread(added, tuple(unknown))

    def _below(
        self,
        plan: Plan,
        leaves: Sequence[Node],
        method: Method,
        down_to: ScopeKind,
        taken: set[tuple[str, Scope]],
        unknown: list[str],
    ) -> list[Node]:
        """Add the next level; ``taken`` and ``unknown`` grow."""
        basis = self._basis(plan)
        below = basis.members({leaf.scope for leaf in leaves}, plan.month)
        depth = DEPTHS.index(down_to)
        below = {
            parent: family for parent, family in below.items() if DEPTHS.index(family[0].scope.kind) <= depth
        }
        rows: list[tuple[Node, Member, Target]] = []
        for code, indicator in self._indicators(leaves).items():
            part = [leaf for leaf in leaves if leaf.code == code and leaf.scope in below]
            weights = basis.weights(
                {leaf.scope: below[leaf.scope] for leaf in part}, method, code=code, month=plan.month
            )
            for leaf in part:
                family = below[leaf.scope]
                elsewhere = [member.name for member in family if (code, member.scope) in taken]
                if elsewhere:
                    unknown.append(_left(leaf, f"{_named(elsewhere)}已在本规划的别处有目标"))
                    continue
                proposed = _proposed(leaf, plan, family, weights[leaf.scope], method)
                if isinstance(proposed, str):
                    unknown.append(proposed)
                    continue
                for member in family:
                    taken.add((code, member.scope))
                    target = Target(
                        plan_id=plan.id,
                        parent_id=leaf.id,
                        indicator_id=indicator,
                        value=proposed[member.scope],
                        **{f"{member.scope.kind}_id": member.scope.id},
                    )
                    rows.append((leaf, member, target))
        self.session.add_all(target for _, _, target in rows)
        self.session.flush()
        return [
            Node(
                id=target.id,
                parent_id=leaf.id,
                scope=member.scope,
                name=member.name,
                code=leaf.code,
                indicator=leaf.indicator,
                unit=leaf.unit,
                aspect=leaf.aspect,
                value=target.value,
            )
            for leaf, member, target in rows
        ]

    def _basis(self, plan: Plan) -> BasisRepository:
        path = self.session.scalars(
            select(Institution.path).where(Institution.id == plan.institution_id)
        ).one()
        return BasisRepository(self.session, within=Subtree(path))

    def _indicators(self, leaves: Sequence[Node]) -> dict[str, int]:
        """Code -> key of the version that the leaves are targets of."""
        query = select(Indicator.code, Indicator.id).join(Target, Target.indicator_id == Indicator.id)
        ids = {leaf.code: leaf.id for leaf in leaves}
        query = query.where(Target.id.in_(ids.values())).order_by(Indicator.code)
        return dict(self.session.execute(query).tuples().all())


def _required(node: Node, plan: Plan, family: Family) -> Decimal:
    kinds = {member.scope.kind for member in family}
    buffer = buffer_at(node.scope.kind, kinds, buffer=plan.buffer_rate)
    return required(node.value, buffer=buffer, step=step_of(node.unit))


def _proposed(
    node: Node, plan: Plan, family: Family, weights: Weights, method: Method
) -> Mapping[Scope, Decimal] | str:
    """What each gets; or the sentence that says why nothing is proposed."""
    known = {scope: weight for scope, weight in weights.items() if weight is not None}
    if len(known) < len(weights):
        lacking = [member.name for member in family if weights[member.scope] is None]
        return _left(node, f"{_named(lacking)}缺{METHODS[method].removeprefix('按')}所需的数据")
    if not sum(known.values(), Decimal(0)):
        return _left(node, f"下级{METHODS[method].removeprefix('按')}的合计为零")
    return split(_required(node, plan, family), known, step=step_of(node.unit))


def _left(node: Node, why: str) -> str:
    return f"{node.name}的{node.indicator}没有分解：{why}，请改用其他方法或逐个填写。"


def _named(names: Sequence[str]) -> str:
    more = f"等 {len(names)} 个" if len(names) > NAMED else ""
    return "、".join(names[:NAMED]) + more
