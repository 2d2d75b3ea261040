"""A rubric's conditions and scales as Chinese sentences, for people who ask why an item got its points."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from qa_pipeline.names import ACTS, CHAPTERS

if TYPE_CHECKING:
    from qa_pipeline.rubric.language import Condition, Judge, Quantity, Scale, Step

ENTITIES: Final = {
    "indicator": "指标",
    "number": "数值",
    "percent": "百分比",
    "money": "金额",
    "person": "人",
    "office": "室",
    "date": "日期",
    "customer": "客户",
}
PER: Final = {"10 minutes": "每 10 分钟", "100 utterances": "每 100 句", "1000 characters": "每千字"}
ASKED: Final = "请语言模型评："
"""Begins what a language model was asked."""
UNITS: Final = {"utterances": "句数", "speakers": "人数", "seconds": "秒数"}


def measure_label(id: str) -> str:
    """What a measure is called; its id where the code does not offer it."""
    return _labels().get(id, id)


@cache
def _labels() -> dict[str, str]:
    from qa_pipeline.findings.registry import specs

    return {spec.id: spec.label for spec in specs()}


def quantity(asked: Quantity) -> str:
    return _quantity(asked) + ("（按篇幅折算）" if asked.by_length else "")


def _quantity(asked: Quantity) -> str:
    if asked.measure is not None:
        return f"「{measure_label(asked.measure)}」"
    if asked.count is not None:
        return f"{condition(asked.count)}的{UNITS[asked.unit]}"
    if asked.rate is not None:
        return f"{PER[asked.per or '10 minutes']}里{condition(asked.rate)}的{UNITS[asked.unit]}"
    if asked.share is not None:
        whole = condition(asked.of) if asked.of is not None else "全部语句"
        return f"{condition(asked.share)}占{whole}的比例（按{UNITS[asked.unit]}）"
    return ""


def condition(asked: Condition) -> str:
    told = _matter(asked) + _scope(asked)
    return told + (f"，至少 {asked.times} 句" if asked.times > 1 else "")


def line(scale: Scale) -> str:
    """``line`` as 「0 得 0 档、8 得满档，中间按比例」."""
    points = "、".join(f"{x:g} 得{_level(y)}" for x, y in scale.line)
    return f"{points}，中间按比例"


def step(chosen: Step) -> str:
    """The one level that was chosen."""
    if chosen.said is not None:
        return f"{condition(chosen.said)}，得{_level(chosen.level)}"
    return f"{bounds(chosen.at_least, chosen.at_most)}，得{_level(chosen.level)}"


def question(asked: Judge) -> str:
    """What a language model is asked; holds ``ASKED``."""
    where = f"在{'、'.join(CHAPTERS[chapter] for chapter in asked.in_)}里，" if asked.in_ else ""
    return f"{where}{ASKED}{asked.question}（可取 {'、'.join(f'{level:g}' for level in asked.scale)} 档）"


def bounds(at_least: float | None, at_most: float | None) -> str:
    parts = [f"不低于 {at_least:g}"] if at_least is not None else []
    return "、".join([*parts, *([f"不高于 {at_most:g}"] if at_most is not None else [])])


def _level(level: float) -> str:
    return "满档" if level == 1 else f" {level:g} 档"


def _matter(asked: Condition) -> str:
    if asked.use is not None:
        return f"「{asked.use}」"
    for parts, joined in ((asked.all_of, "，且"), (asked.any_of, "，或")):
        if parts:
            return f"（{joined.join(condition(part) for part in parts)}）"
    if asked.at_least_of:
        return f"（至少 {asked.number} 条成立：{'；'.join(condition(part) for part in asked.at_least_of)}）"
    if asked.none_of:
        return f"没有（{'，也没有'.join(condition(part) for part in asked.none_of)}）"
    if asked.same:
        return f"同一句里（{'，且'.join(condition(part) for part in asked.same)}）"
    compared = bounds(asked.at_least, asked.at_most)
    if asked.fact is not None:
        return f"会议信息 {asked.fact} {'或'.join(asked.is_) or compared}"
    if asked.item is not None:
        return f"{asked.item} 的得分档{compared}"
    if told := quantity(asked):
        return f"{told}{compared}"
    if asked.act:
        return f"{'或'.join(ACTS[act] for act in asked.act)}的话"
    if asked.entity:
        return f"提到{'和'.join(ENTITIES.get(name, name) for name in asked.entity)}的话"
    if asked.longer is not None:
        return f"不少于 {asked.longer} 字的话"
    if asked.regex is not None:
        return f"说法符合 {asked.regex} 的话"
    said = [f"词典「{'、'.join(asked.group)}」"] if asked.group else []
    return f"说到{'或'.join([*said, *(f'「{phrase}」' for phrase in asked.phrase)])}"


def _scope(asked: Condition) -> str:
    scope = [f"在{'、'.join(CHAPTERS[chapter] for chapter in asked.in_)}里"] if asked.in_ else []
    if asked.by is not None:
        scope.append("主持人说" if asked.by == "host" else "主持人以外的人说")
    if (window := asked.window) is not None:
        edges = {"从": window.start, "到": window.end, "开头": window.first, "末尾": window.last}
        scope.append("".join(f"{name} {value}" for name, value in edges.items() if value))
    if asked.near is not None:
        scope.append(f"靠近{condition(asked.near.of)}")
    return f"（{'，'.join(scope)}）" if scope else ""
