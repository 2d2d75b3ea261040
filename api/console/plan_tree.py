"""A plan's targets as one table: the scopes of its tree down, its indicators across."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from api.codes import ScopeOut
from api.plans.schemas import NodeOut, PlanDetail
from models.base import ScopeKind
from models.indicators.tables import Aspect
from models.planning.breakdown import buffer_at, required, step_of
from qa_pipeline.values.vocabulary import Status

ASPECTS: Final[Mapping[Aspect, str]] = {Aspect.RESULT: "结果", Aspect.PROCESS: "过程"}
MANY: Final = 40
"""Lines above which the lower levels are left out until somebody asks for a part."""


def figure(value: Decimal, unit: str) -> str:
    """``1,200,000.00`` yuan, ``35`` of what is counted: so that a column stands aligned."""
    return f"{value:,.{-int(step_of(unit).as_tuple().exponent)}f}"


@dataclass(frozen=True, slots=True)
class Heading:
    """One indicator of the plan."""

    code: str
    name: str
    unit: str
    aspect: Aspect


@dataclass(frozen=True, slots=True)
class Cell:
    """One target; ``total`` is what those below carry together, None where there are none, and ``left`` what
    of it nobody has yet."""

    id: int
    parent: int | None
    value: Decimal
    total: Decimal | None = None
    required: Decimal | None = None
    left: Decimal = Decimal(0)

    @property
    def verdict(self) -> tuple[Status, str] | None:
        """How the sum of those below stands to the target and its buffer (R27)."""
        if self.total is None or self.required is None:
            return None
        if self.total < self.value:
            return Status.FAIL, "低于本级"
        if self.total < self.required:
            return Status.WARN, "缓冲不足"
        if self.left:
            return Status.WARN, "未分完"
        return Status.PASS, "已含缓冲" if self.required > self.value else "已分完"


@dataclass(slots=True)
class Line:
    """One scope in its place in the tree, or what nobody below a scope has yet."""

    key: str
    depth: int
    scope: ScopeOut
    is_unassigned: bool
    above: tuple[str, ...]
    """Keys of the lines above it, the uppermost first."""
    cells: dict[str, Cell] = field(default_factory=dict)


def headings(detail: PlanDetail) -> list[Heading]:
    """Result indicators first, each kind in the order in which the plan has them."""
    found = {
        node.indicator: Heading(node.indicator, node.name, node.unit, node.aspect) for node in detail.nodes
    }
    return sorted(found.values(), key=lambda each: list(ASPECTS).index(each.aspect))


def lines(detail: PlanDetail) -> list[Line]:
    """Every line under the one it belongs to; the unassigned one stands last among its siblings."""
    total: dict[int, Decimal] = defaultdict(Decimal)
    left: dict[int, Decimal] = defaultdict(Decimal)
    kinds: dict[int, set[ScopeKind]] = defaultdict(set)
    for node in detail.nodes:
        if node.parent is not None:
            total[node.parent] += node.value
            if node.is_unassigned:
                left[node.parent] += node.value
            else:
                kinds[node.parent].add(node.scope.kind)
    of_node: dict[int, Line] = {}
    found: dict[str, Line] = {}
    for node in detail.nodes:
        upper = None if node.parent is None else of_node[node.parent]
        line = _line(node, upper)
        of_node[node.id] = line = found.setdefault(line.key, line)
        buffer = buffer_at(node.scope.kind, kinds[node.id], buffer=detail.buffer_rate)
        line.cells[node.indicator] = _cell(node, total.get(node.id), left[node.id], buffer)
    return _ordered(found.values())


def part_of(all_lines: list[Line], key: str) -> list[Line]:
    """The line of the key (without: the top) with those above it, and as many levels below it as can be read.

    At least one level, however many lines it has.
    """
    chosen = next((line for line in all_lines if line.key == key), None) if key else None
    top = chosen.depth if chosen else 0
    above = [line for line in all_lines if chosen and line.key in chosen.above]
    part = [line for line in all_lines if not key or line.key == key or key in line.above]
    for depth in range(max((line.depth for line in part), default=0), top, -1):
        shown = [line for line in part if line.depth <= depth]
        if len(shown) <= MANY or depth == top + 1:
            return above + shown
    return above + part


def _line(node: NodeOut, upper: Line | None) -> Line:
    above = () if upper is None else (*upper.above, upper.key)
    own = f"{node.scope.kind}:{node.scope.code}" + ("-rest" if node.is_unassigned else "")
    return Line("/".join([*above[-1:], own]), len(above), node.scope, node.is_unassigned, above)


def _cell(node: NodeOut, total: Decimal | None, left: Decimal, buffer: Decimal) -> Cell:
    if total is None:
        return Cell(node.id, node.parent, node.value)
    needed = required(node.value, buffer=buffer, step=step_of(node.unit))
    return Cell(node.id, node.parent, node.value, total, needed, left)


def _ordered(found: Iterable[Line]) -> list[Line]:
    below: dict[str, list[Line]] = defaultdict(list)
    for line in found:
        below[line.above[-1] if line.above else ""].append(line)

    def walk(key: str) -> Iterable[Line]:
        for line in sorted(below[key], key=lambda each: (each.is_unassigned, each.scope.code)):
            yield line
            yield from walk(line.key)

    return list(walk(""))
