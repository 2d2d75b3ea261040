"""A plan's target tree as values: what is wrong with it, and how scenarios differ (R27)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from models.base import Scope
from models.indicators.tables import Aspect
from models.planning.breakdown import buffer_at, required, step_of


@dataclass(frozen=True, slots=True)
class Node:
    """One indicator's target of one scope. The unassigned node carries the scope of its parent."""

    id: int
    parent_id: int | None
    scope: Scope
    name: str
    """Name of the scope."""
    code: str
    """Of the indicator."""
    indicator: str
    """Its name."""
    unit: str
    aspect: Aspect
    value: Decimal
    is_unassigned: bool = False


class Fault(StrEnum):
    """What may be wrong in a tree. All but the last two keep a plan from being submitted."""

    NO_ROOT = "no_root"
    NO_RESULT = "no_result"
    NO_PROCESS = "no_process"
    SUM_BELOW_PARENT = "sum_below_parent"
    BUFFER_MISSING = "buffer_missing"
    UNASSIGNED = "unassigned"


WARNINGS = frozenset({Fault.BUFFER_MISSING, Fault.UNASSIGNED})


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault at a scope, with the sentence that says what to do."""

    fault: Fault
    scope: Scope | None
    sentence: str

    @property
    def blocks(self) -> bool:
        return self.fault not in WARNINGS


def validate(nodes: Sequence[Node], *, buffer: Decimal) -> list[Problem]:
    """Every fault of the whole tree (R27): a result and a process target each, Σ children ≥ parent.

    ``buffer``: by how much the teams of an institution should exceed it together, 0.05 is 5 %.
    """
    if not nodes:
        return [Problem(Fault.NO_ROOT, None, "规划中还没有任何目标：请先设置机构目标。")]
    problems: list[Problem] = []
    aspects: dict[tuple[Scope, str], set[Aspect]] = defaultdict(set)
    children: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        if not node.is_unassigned:
            aspects[node.scope, node.name].add(node.aspect)
        if node.parent_id is not None:
            children[node.parent_id].append(node)
    for (scope, name), found in aspects.items():
        for aspect, fault, word, example in (
            (Aspect.RESULT, Fault.NO_RESULT, "结果", "期缴保费"),
            (Aspect.PROCESS, Fault.NO_PROCESS, "过程", "拜访量"),
        ):
            if aspect not in found:
                sentence = f"{name}没有{word}指标的目标：请至少补一个（例如{example}）。"
                problems.append(Problem(fault, scope, sentence))
    for node in nodes:
        problems += _sums(node, children.get(node.id, []), buffer)
    return problems


def _sums(node: Node, children: Sequence[Node], buffer: Decimal) -> Iterable[Problem]:
    if not children:
        return
    total = sum((child.value for child in children), Decimal(0))
    left = sum((child.value for child in children if child.is_unassigned), Decimal(0))
    kinds = {child.scope.kind for child in children if not child.is_unassigned}
    buffer = buffer_at(node.scope.kind, kinds, buffer=buffer)
    what = f"{node.name}的{node.indicator}"

    def say(value: Decimal) -> str:
        return f"{value.normalize():f}{node.unit}"

    if total < node.value:
        sentence = (
            f"{what}：下级目标合计{say(total)}，低于本级{say(node.value)}，还差{say(node.value - total)}："
            "请调高下级目标。"
        )
        yield Problem(Fault.SUM_BELOW_PARENT, node.scope, sentence)
    elif total < required(node.value, buffer=buffer, step=step_of(node.unit)):
        sentence = f"{what}：下级目标合计{say(total)}，不足{(buffer * 100).normalize():f}%的缓冲。"
        yield Problem(Fault.BUFFER_MISSING, node.scope, sentence)
    if left:
        yield Problem(Fault.UNASSIGNED, node.scope, f"{what}：还有{say(left)}未分配到下级。")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One node in several plans, in the plans' order; None: the plan has no such node."""

    scope: Scope
    name: str
    code: str
    is_unassigned: bool
    values: tuple[Decimal | None, ...]

    @property
    def differences(self) -> tuple[Decimal | None, ...]:
        """Each value less the first plan's."""
        first = self.values[0]
        return tuple(None if first is None or value is None else value - first for value in self.values)


def compare(plans: Sequence[Sequence[Node]]) -> list[Comparison]:
    """The scenarios node by node: first the nodes of the first plan, then those only later plans have."""
    values = [{(node.scope, node.code, node.is_unassigned): node for node in nodes} for nodes in plans]
    keys = {key: node for plan in reversed(values) for key, node in plan.items()}
    order = {key: None for plan in values for key in plan}
    return [
        Comparison(
            scope=key[0],
            name=keys[key].name,
            code=key[1],
            is_unassigned=key[2],
            values=tuple(plan[key].value if key in plan else None for plan in values),
        )
        for key in order
    ]
