"""What is written correctly and still unwise: remarks for the one who writes a rubric, never refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from qa_pipeline.rubric.heard import compiled
from qa_pipeline.rubric.language import Condition, Item, Point, Quantity, Scale
from qa_pipeline.rubric.loader import Rubric, parts

ANYTHING = ("嗯", "今天天气不错", "A1", "百分之五十")
"""Lines that share nothing: a pattern found in all of them is found everywhere."""
SHARES: Final = ("share", "strength")
"""Units of measures that lie between 0 and 1."""


def lint(rubric: Rubric) -> list[str]:
    """Sentences about levels nobody can reach, bounds that always or never hold, patterns that match
    everything, items without weight, suggestion, evidence or examples, and definitions that nothing uses."""
    remarks = [f"项 {item.id}：{text}" for item in rubric.items for text in _item(item, rubric)]
    used = {c.use for c in _conditions(rubric) if c.use}
    remarks += [f"定义「{name}」没有用到" for name in rubric.definitions if name not in used]
    for condition in _conditions(rubric):
        if condition.regex is not None and all(compiled(condition.regex).search(t) for t in ANYTHING):
            remarks.append(f"正则表达式「{condition.regex}」什么都能匹配")
        remarks += _bounds(condition)
    return list(dict.fromkeys(remarks))


def _item(item: Item, rubric: Rubric) -> Iterator[str]:
    if item.weight == 0:
        yield "权重是 0，不影响总分"
    advised = bool(item.suggestions) or all(p.suggestion for p in item.points)
    if not advised or not (item.suggestions or item.points):
        yield "没有改进建议"
    if not item.examples:
        yield "没有例子（examples），改动后无从试跑"
    scales: list[Scale] = [item, *item.points]
    for scale in scales:
        name = f"「{scale.label}」" if isinstance(scale, Point) else ""
        for text in _scale(scale):
            yield f"{name}{text}"
    step = rubric.step_of(item)
    for suggestion in item.suggestions:
        if suggestion.at_most >= 1:
            yield "满分时也给建议：at_most 应小于 1"
    for cap in item.caps:
        if step and cap.level % step > 1e-9 and step - cap.level % step > 1e-9:
            yield f"封顶 {cap.level:g} 不在刻度 {step:g} 上"


def _bounds(condition: Condition) -> Iterator[str]:
    least, most = condition.at_least, condition.at_most
    name = f"（{condition.measure}）" if condition.measure else ""
    if least is not None and most is not None and least > most:
        yield f"条件{name}的 at_least {least:g} 大于 at_most {most:g}，永远不成立"
    for key, bound in (("at_least", least), ("at_most", most)):
        if bound is not None and bound > 1 and _is_share(condition):
            yield f"条件{name}测的在 0 到 1 之间，{key} {bound:g} 写大了：百分之二十写 0.2"


def _is_share(quantity: Quantity) -> bool:
    from qa_pipeline.findings.registry import specs

    if quantity.share is not None:
        return True
    return any(spec.id == quantity.measure and spec.unit in SHARES for spec in specs())


def _scale(scale: Scale) -> Iterator[str]:
    if scale.value is not None and _is_share(scale.value):
        bounds = [bound for step in scale.levels for bound in (step.at_least, step.at_most)]
        most = max((x for x in (*(x for x, _ in scale.line), *bounds) if x is not None), default=0.0)
        if most > 1:
            yield f"测的在 0 到 1 之间，{most:g} 写大了：百分之二十写 0.2"
    if scale.said is not None and _proves_nothing(scale.said):
        yield "只用 none 或事实作条件，得分时拿不出原话，永远不给分"
    if scale.line and max(level for _, level in scale.line) < 1:
        yield "折线到不了满档"
    best_at_least: float | None = None
    for step in scale.levels:
        if step.at_least is None or step.at_most is not None:
            continue
        if best_at_least is not None and step.at_least >= best_at_least:
            yield f"得分档 {step.level:g}（at_least {step.at_least:g}）排在更宽的一档之后，永远到不了"
        best_at_least = step.at_least if best_at_least is None else min(best_at_least, step.at_least)
    if scale.levels and max(step.level for step in scale.levels) < 1:
        yield "没有满分的一档"


def _proves_nothing(condition: Condition) -> bool:
    return bool(condition.none_of) or condition.fact is not None


def _conditions(rubric: Rubric) -> Iterator[Condition]:
    roots: list[Condition | None] = [*rubric.definitions.values()]
    roots += [condition for rule in rubric.criticals for condition in (rule.when, rule.doubt)]
    for item in rubric.items:
        roots += [item.evidence, *(c.when for c in item.caps), *(d.when for d in item.doubts)]
        for scale in (item, *item.points):
            roots += [scale.said, scale.when, *(step.said for step in scale.levels)]
            if scale.value is not None:
                roots += [scale.value.count, scale.value.rate, scale.value.share, scale.value.of]
    for root in roots:
        if root is not None:
            yield from parts(root)
