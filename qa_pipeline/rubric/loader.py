"""From a rubric file to a ``Rubric``: read, extend, check everything, hash.

Every mistake of a file is named at once with file, line, column, key and the nearest allowed word.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import RubricError
from qa_pipeline.source import Placed, Problems, marks, merge, nodes, plain, read, record, unique_ids
from qa_pipeline.values.vocabulary import MeetingKind, Theme

if TYPE_CHECKING:
    from qa_pipeline.rubric.language import (
        AppliesTo,
        Band,
        Condition,
        CriticalRule,
        DimensionWeight,
        Item,
        Quantity,
        RubricFile,
    )

SHIPPED = ("weekly_review", "monthly_planning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """A rubric that was checked and can score. ``sha256`` is over its content after ``extends``, without
    comments and layout, so a score stays pinned to what was judged and not to how it was typed."""

    id: str
    version: str
    label: str
    applies_to: AppliesTo
    pass_line: float
    level_step: float
    dimensions: tuple[DimensionWeight, ...]
    band: Band
    definitions: Mapping[str, Condition]
    items: tuple[Item, ...]
    criticals: tuple[CriticalRule, ...]
    sha256: str
    source: str
    extends: str | None = None

    def step_of(self, item: Item) -> float:
        """What an item's level is rounded to; 0: to nothing."""
        return self.level_step if item.step is None else item.step


def load_rubric(path_or_name: str | Path) -> Rubric:
    """The rubric of a file, or a shipped one by its name (``weekly_review``, ``monthly_planning``).

    Raises RubricError that names every mistake as file:line:column with key and nearest word.
    """
    path = _find(path_or_name)
    stat = path.stat() if path.exists() else None
    if str(path_or_name) in SHIPPED and stat is not None:
        return _load_shipped(path)
    return _load(path)


def rubric_for(
    kind: MeetingKind | None,
    theme: Theme | None,
    *,
    institution: str | None = None,
    on: date | None = None,
    rubrics: Iterable[Rubric] | None = None,
) -> Rubric:
    """The rubric that applies to a meeting: of those that fit kind, theme, institution and date, the most
    specific (institution before theme before the general one), then the latest in force.

    ``rubrics`` defaults to the shipped one of the kind. Raises RubricError when none applies.
    """
    offered = rubrics if rubrics is not None else [load_rubric(kind)] if kind else []
    fits = [r for r in offered if _applies(r.applies_to, kind, theme, institution, on)]
    if not fits:
        known = {"会议类型": kind, "主题": theme, "机构": institution, "日期": on}
        what = "、".join(f"{name}「{value or '未知'}」" for name, value in known.items())
        raise RubricError(f"没有适用于{what}的量规，请给出会议类型，或用 --rubric 指定量规文件。")
    return max(
        fits,
        key=lambda r: (
            bool(r.applies_to.institutions),
            bool(r.applies_to.themes),
            r.applies_to.start or date.min,
            _natural(r.version),
        ),
    )


def _natural(version: str) -> tuple[tuple[int, str], ...]:
    """A version as people order it: 1.10 after 1.9."""
    return tuple((int(n), "") if n else (-1, text) for n, text in re.findall(r"([0-9]+)|([^0-9]+)", version))


def _applies(
    to: AppliesTo, kind: MeetingKind | None, theme: Theme | None, institution: str | None, on: date | None
) -> bool:
    return (
        kind in to.kinds
        and (not to.themes or theme in to.themes)
        and (not to.institutions or institution in to.institutions)
        and (on is None or to.start is None or on >= to.start)
        and (on is None or to.until is None or on <= to.until)
    )


def _find(path_or_name: str | Path) -> Path:
    if str(path_or_name) in SHIPPED:
        return Path(str(files("rubrics") / f"{path_or_name}.yaml"))
    return Path(path_or_name)


@cache
def _load_shipped(path: Path) -> Rubric:
    return _load(path)


def _load(path: Path) -> Rubric:
    from pydantic import ValidationError

    from qa_pipeline.rubric.language import RubricFile

    tree = _extended(path, seen=())
    problems = Problems()
    try:
        parsed = RubricFile.model_validate(tree, context={"problems": problems})
    except ValidationError as error:
        record(error.errors(), tree, problems)
    problems.raise_if_any(str(path))
    parsed = RubricFile.model_validate(tree, context={"problems": problems})
    unique_ids(tree, problems)
    _check_weights(parsed, tree, problems)
    _check_references(parsed, tree, problems)
    problems.raise_if_any(str(path))
    _check_scopes(tree, problems)
    problems.raise_if_any(str(path))
    content = json.dumps(plain(tree), ensure_ascii=False, sort_keys=True, default=str)
    return Rubric(
        id=parsed.id,
        version=parsed.version,
        label=parsed.label,
        applies_to=parsed.applies_to,
        pass_line=parsed.pass_line,
        level_step=parsed.level_step,
        dimensions=parsed.dimensions,
        band=parsed.band,
        definitions=parsed.definitions,
        items=parsed.items,
        criticals=parsed.criticals,
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        source=str(path),
        extends=parsed.extends,
    )


def _extended(path: Path, *, seen: tuple[Path, ...]) -> Placed:
    tree = read(path)
    base = tree.get("extends")
    if not isinstance(base, str):
        return tree
    at = tree.place("extends")
    other = _find(base) if base in SHIPPED else path.parent / base
    if other.resolve() in (*seen, path.resolve()):
        raise RubricError(f"{at} 键「extends」：量规互相引用成了环（{base}），请去掉其中一处。")
    if not other.exists():
        raise RubricError(
            f"{at} 键「extends」：找不到「{base}」，请写自带量规的名字（{'、'.join(SHIPPED)}）或文件路径。"
        )
    return merge(_extended(other, seen=(*seen, path.resolve())), tree)


def _check_weights(rubric: RubricFile, tree: Placed, problems: Problems) -> None:
    total = sum(d.weight for d in rubric.dimensions)
    if abs(total - 100) > 1e-6:
        problems.add(tree.place("dimensions"), f"键「dimensions」：各维度权重之和是 {total:g}，要等于 100")
    known = {d.id: d.weight for d in rubric.dimensions}
    for index, item in enumerate(rubric.items):
        if item.dimension not in known:
            entry = tree["items"][index]
            problems.unknown(
                entry.place("dimension"),
                key="dimension",
                word=item.dimension,
                what="维度（本量规的 dimensions 里）",
                allowed=known,
            )
    themes = sorted(rubric.applies_to.themes or {t for i in rubric.items for t in i.themes})
    each: list[Theme | None] = [*themes] or [None]
    for dimension in rubric.dimensions:
        for theme in each:
            weights = [
                i.weight
                for i in rubric.items
                if i.dimension == dimension.id and (not i.themes or theme in i.themes)
            ]
            if abs(sum(weights) - dimension.weight) > 1e-6:
                during = f"（主题 {theme}）" if theme else ""
                problems.add(
                    tree.place("items"),
                    f"键「items」：维度 {dimension.id} 各项权重之和{during}是 {sum(weights):g}，"
                    f"要等于该维度的 {dimension.weight:g}，各维度合计 100",
                )


def _check_references(rubric: RubricFile, tree: Placed, problems: Problems) -> None:
    """``use``, ``item`` and the measures of an example name what exists, ``item`` only in criticals; no
    definition uses itself."""
    from qa_pipeline.rubric.language import measures

    items = {item.id for item in rubric.items}
    for section, node in tree.items():
        for mark, key, value in marks(node):
            if key == "use" and value not in rubric.definitions:
                problems.unknown(mark, key=key, word=value, what="定义", allowed=rubric.definitions)
            if key == "item" and section != "criticals":
                problems.add(mark, "键「item」：只能用在 criticals 里")
            elif key == "item" and value not in items:
                problems.unknown(mark, key=key, word=value, what="项", allowed=items)
            if key == "measures":
                for name in value.keys() - measures():
                    problems.unknown(value.place(name), key=key, word=name, what="测量", allowed=measures())
    for name in rubric.definitions:
        if name in _reached(name, rubric.definitions):
            mark = tree["definitions"].place(name)
            problems.add(mark, f"键「{name}」：定义引用了自己，请拆开")


def _check_scopes(tree: Placed, problems: Problems) -> None:
    """A scope beside ``use`` or a combination narrows what is said; a number in it was taken without."""
    from qa_pipeline.rubric.language import COMBINED, SCOPE, where_to

    for node in nodes(tree):
        matter = next((m for m in ("use", *COMBINED) if m in node), None)
        key = next((k for k in SCOPE if k in node), None)
        if matter is None or key is None:
            continue
        if number := _unscoped(node, matter, tree.get("definitions", {})):
            told = f"「{key}」写在 {matter} 旁边管不到其中的 {number}，{where_to(key, number)}"
            problems.add(node.place(key), f"键「{key}」：{told}")


def _unscoped(
    node: Placed, matter: str, definitions: Mapping[str, Placed], *, alone: bool = True
) -> str | None:
    """The number in a condition that no scope around it reaches. A measure or fact beside others in a
    combination is meant of the whole meeting; ``alone`` it has no place in a scope."""
    from qa_pipeline.rubric.language import BESIDE, COMBINED, COUNTED

    alone = alone and matter == "use"
    for inner in [definitions[node[matter]]] if matter == "use" else node[matter]:
        own = next(m for m in BESIDE if m in inner)
        if own in COUNTED or (alone and "in" not in BESIDE[own]):
            return own
        deeper = _unscoped(inner, own, definitions, alone=alone) if own in ("use", *COMBINED) else None
        if deeper is not None:
            return deeper
    return None


def _reached(name: str, definitions: Mapping[str, Condition]) -> set[str]:
    reached: set[str] = set()
    waiting = [definitions[name]]
    while waiting:
        for part in parts(waiting.pop()):
            if part.use is not None and part.use in definitions and part.use not in reached:
                reached.add(part.use)
                waiting.append(definitions[part.use])
    return reached


def parts(condition: Quantity) -> Iterator[Condition]:
    """A condition and every condition inside it."""
    from qa_pipeline.rubric.language import Condition

    if isinstance(condition, Condition):
        yield condition
        for inner in (*condition.all_of, *condition.any_of, *condition.none_of, *condition.same):
            yield from parts(inner)
        for inner in condition.at_least_of:
            yield from parts(inner)
        if condition.near is not None:
            yield from parts(condition.near.of)
    for counted in (condition.count, condition.rate, condition.share, condition.of):
        if counted is not None:
            yield from parts(counted)
