"""A file of rules as text with places: every key and list element knows its file, line and column.

``read`` parses YAML into ``Placed`` mappings and ``Row`` lists, ``merge`` lays a file over the one it
extends, and ``Problems`` collects everything that is wrong so that one reading names every mistake.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from qa_pipeline.errors import RubricError, reason

MOST_NODES: Final = 100_000
"""Values in a file once every alias is written out: a few lines of aliases of aliases fill any memory."""

DEEPEST: Final = 64
"""Brackets within brackets that a file may have."""
TOO_DEEP: Final = "一层套一层太深：请检查括号和引用（*名称）。"
_BRACKETS: Final = re.compile(r"[\[\]{}]")

BY_ID = ("dimensions", "items", "criticals", "points", "practices", "issues")
"""Lists whose entries carry an ``id``: an extending file overrides them entry by entry."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Placed(dict[str, Any]):
    """A mapping that knows where it and its keys stand."""

    mark: Mark
    keys_at: dict[str, Mark]

    def place(self, key: str) -> Mark:
        return self.keys_at.get(key, self.mark)


class Row(list[Any]):
    """A list that knows where it and its elements stand."""

    mark: Mark
    elements_at: list[Mark]


@dataclass(slots=True)
class Problems:
    """Everything wrong in a file, with the words that would have been right."""

    what: str = "量规"
    """What the file is to its users."""
    found: list[tuple[Mark, str]] = field(default_factory=list)
    incomplete: set[Mark] = field(default_factory=set)
    """Mappings that lost a wrong key or word: what they then lack is not a second mistake."""

    def add(self, mark: Mark, sentence: str) -> None:
        if (mark, sentence) not in self.found:
            self.found.append((mark, sentence))

    def unknown(self, mark: Mark, *, key: str, word: object, what: str, allowed: Iterable[str]) -> None:
        """Record a word that is not in the vocabulary, with the nearest one that is."""
        self.add(mark, f"键「{key}」：没有「{word}」这个{what}，{nearest(str(word), allowed)}")

    def raise_if_any(self, name: str) -> None:
        """Raise RubricError naming each problem as file:line:column, if there are any."""
        if not self.found:
            return
        lines = [f"{mark} {sentence}" for mark, sentence in sorted(self.found)]
        count = f"有 {len(lines)} 处错误" if len(lines) > 1 else "有错误"
        raise RubricError(f"{self.what} {name} {count}，请改正后再用：\n" + "\n".join(lines))


_SENTENCES = {
    "missing": "缺少必填的键",
    "string_type": "要写文字",
    "string_too_short": "写得太短",
    "string_too_long": "写得太长",
    "string_pattern_mismatch": "写法不对",
    "int_type": "要写整数",
    "int_parsing": "要写整数",
    "int_from_float": "要写整数",
    "float_type": "要写数字",
    "float_parsing": "要写数字",
    "bool_type": "要写 true 或 false",
    "bool_parsing": "要写 true 或 false",
    "date_from_datetime_parsing": "要写日期，如 2026-01-01",
    "date_type": "要写日期，如 2026-01-01",
    "date_parsing": "要写日期，如 2026-01-01",
    "tuple_type": "要写列表",
    "dict_type": "要写「键: 值」的表",
    "model_type": "要写「键: 值」的表",
    "model_attributes_type": "要写「键: 值」的表",
    "too_short": "至少要有一条",
}


def nearest(word: str, allowed: Iterable[str]) -> str:
    """The closest allowed word as the end of a sentence, or the whole list when nothing is close."""
    from rapidfuzz import fuzz, process

    words = sorted(set(allowed))
    # Below, a few letters that a long word shares with a short one would do: rate for at_least.
    best = process.extractOne(word, words, scorer=fuzz.WRatio, score_cutoff=62)
    if best is not None:
        return f"最接近的是「{best[0]}」"
    if not words:
        return "这里还没有可用的词"
    shown = "、".join(words[:12]) + ("…" if len(words) > 12 else "")
    return f"可用的有：{shown}"


def read(path: Path, *, what: str = "量规") -> Placed:
    """Parse one file; raises RubricError with line and column when it is not readable YAML.

    ``what``: what the file is to its users.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RubricError(f"找不到{what}文件 {path}，请检查路径。") from None
    except IsADirectoryError:
        raise RubricError(f"{path} 是文件夹，不是{what}文件。") from None
    except OSError as error:
        raise RubricError(f"{what}文件 {path} 读不出来（{reason(error)}）：请检查路径和权限。") from error
    except UnicodeDecodeError as error:
        raise RubricError(f"{what}文件 {path} 不是 UTF-8 文本：请另存为 UTF-8 后重试。") from error
    try:
        require_shallow(text)
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        at = error.problem_mark
        where = f"{path}:{at.line + 1}:{at.column + 1}" if at else str(path)
        raise RubricError(
            f"{where} 不是合法的 YAML（{_yaml_problem(error)}），请检查缩进、冒号和引号。"
        ) from error
    except (YAMLError, AttributeError) as error:  # the latter for an alias merged into itself
        raise RubricError(f"{path} 不是合法的 YAML，请检查缩进、冒号和引号。") from error
    except ValueError as error:
        raise RubricError(f"{path} 里有不成立的日期或数字：请改正，或加上引号写成文字。") from error
    except RecursionError as error:
        raise RubricError(f"{path} {TOO_DEEP}") from error
    if not isinstance(tree, Mapping):
        raise RubricError(f"{path}:1:1 {what}必须是「键: 值」的表，请从 version 写起。")
    try:
        placed = _place(tree, file=str(path), mark=Mark(str(path), 1, 1), count=itertools.count())
    except RecursionError as error:  # an alias within what it stands for
        raise RubricError(f"{path} {TOO_DEEP}") from error
    return placed if isinstance(placed, Placed) else Placed()


def require_shallow(text: str) -> None:
    """To be asked before YAML from outside is parsed, which takes seconds to nest too deep by itself.

    Raises RecursionError, as the parser does, for brackets nested deeper than ``DEEPEST``; YAMLError where
    that cannot be told because the text is none.
    """
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(0, depth - 1)
        if depth > DEEPEST:  # or as many stand open in words and patterns: the tokens tell
            _require_shallow_tokens(text)
            return


def _require_shallow_tokens(text: str) -> None:
    from ruamel.yaml import YAML
    from ruamel.yaml.tokens import (
        FlowMappingEndToken,
        FlowMappingStartToken,
        FlowSequenceEndToken,
        FlowSequenceStartToken,
    )

    depth = 0
    for token in YAML().scan(text):
        if isinstance(token, FlowMappingStartToken | FlowSequenceStartToken):
            depth += 1
        elif isinstance(token, FlowMappingEndToken | FlowSequenceEndToken):
            depth -= 1
        if depth > DEEPEST:
            raise RecursionError


def merge(base: Placed, over: Placed) -> Placed:
    """``over`` laid on ``base``: scalars and plain lists are replaced, entries with an ``id`` are merged by
    it (``remove: true`` takes one out; new ones go to the end), mappings are merged key by key."""
    merged = _copy(base)
    for key, value in over.items():
        old = merged.get(key)
        if key in BY_ID and isinstance(value, Row) and isinstance(old, Row):
            merged[key] = _merge_rows(old, value)
        elif key in ("definitions", "band") and isinstance(value, Placed) and isinstance(old, Placed):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
        merged.keys_at[key] = over.place(key)
    return merged


def record(errors: Iterable[Any], tree: Placed, problems: Problems) -> None:
    """What pydantic found wrong in the tree, as problems in their places."""
    for error in errors:
        kind, place = error["type"], error["loc"]
        mark, key, given = locate(tree, place)
        if kind in ("missing", "value_error") and mark in problems.incomplete:
            continue
        if (kind == "missing" and given is not None) or (kind == "too_short" and given):
            continue  # what was written there is wrong itself and was named
        limits = error.get("ctx", {})
        if kind == "value_error":
            sentence = str(limits["error"])
        elif kind in ("literal_error", "enum"):
            words = [w.strip().strip("'") for w in str(limits["expected"]).replace(" or ", ",").split(",")]
            sentence = f"没有「{error['input']}」这个词，{nearest(str(error['input']), words)}"
        elif kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
            sign = {"greater_than_equal": "不小于", "greater_than": "大于", "less_than_equal": "不大于"}
            bound = next(iter(limits.values()))
            sentence = f"要{sign.get(kind, '小于')} {bound:g}"
        elif kind == "string_pattern_mismatch":
            sentence = f"「{error['input']}」写法不对，要符合 {limits['pattern']}"
        else:
            sentence = _SENTENCES.get(kind, f"值不合要求（{error['msg']}）")
        problems.add(mark, f"键「{key}」：{sentence}" if key else sentence)


def unique_ids(tree: Placed, problems: Problems) -> None:
    """Record every id that a list has twice; their entries are known to have one."""
    for _, key, rows in list(marks(tree)):
        if key not in BY_ID or not isinstance(rows, Row):
            continue
        seen: dict[str, Mark] = {}
        for row, mark in zip(rows, rows.elements_at, strict=True):
            name = str(row["id"])
            if name in seen:
                problems.add(mark, f"键「{key}」：id「{name}」重复，{seen[name]} 已用过")
            seen.setdefault(name, mark)


def locate(root: Placed, path: Iterable[int | str]) -> tuple[Mark, str, Any]:
    """Where a path into the tree (as pydantic reports it) leads: the place, the last key (or the id of a
    list's entry), and what stands there, None when the key is missing."""
    node: Any = root
    mark, key = root.mark, ""
    for step in path:
        if isinstance(node, Placed) and isinstance(step, str):
            if step not in node:
                return mark, step, None
            mark, key, node = node.place(step), step, node[step]
        elif isinstance(node, Row) and isinstance(step, int) and step < len(node):
            mark, node = node.elements_at[step], node[step]
            if isinstance(node, Placed) and "id" in node:
                key = str(node["id"])
    return mark, key, node


def plain(node: Any) -> Any:
    """The tree without places, for hashing and for storing."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node


def _merge_rows(base: Row, over: Row) -> Row:
    merged = Row(base)
    merged.mark, merged.elements_at = base.mark, list(base.elements_at)
    for entry, mark in zip(over, over.elements_at, strict=True):
        name = entry.get("id") if isinstance(entry, Placed) else None
        at = next((i for i, e in enumerate(merged) if isinstance(e, Placed) and e.get("id") == name), None)
        if name is None or at is None:
            merged.append(entry)
            merged.elements_at.append(mark)
        elif entry.get("remove") is True:
            del merged[at], merged.elements_at[at]
        else:
            merged[at] = merge(merged[at], entry)
            merged.elements_at[at] = mark
    return merged


def _copy(node: Placed) -> Placed:
    copied = Placed(node)
    copied.mark, copied.keys_at = node.mark, dict(node.keys_at)
    return copied


def _place(node: Any, *, file: str, mark: Mark, count: Iterator[int]) -> Any:
    if next(count) >= MOST_NODES:
        raise RubricError(f"{mark} 展开引用（*名称）之后内容过多：请直接写出内容，少用引用。")
    if isinstance(node, Mapping):
        placed = Placed()
        placed.mark, placed.keys_at = mark, {}
        for key, value in node.items():
            found = (node.lc.data or {}).get(key)  # type: ignore[attr-defined]
            at = Mark(file, found[0] + 1, found[1] + 1) if found else mark
            placed.keys_at[str(key)] = at
            placed[str(key)] = _place(value, file=file, mark=at, count=count)
        return placed
    if isinstance(node, list):
        row = Row()
        row.mark, row.elements_at = mark, []
        for index, value in enumerate(node):
            line, column = node.lc.item(index)  # type: ignore[attr-defined]
            at = Mark(file, line + 1, column + 1)
            row.elements_at.append(at)
            row.append(_place(value, file=file, mark=at, count=count))
        return row
    return _scalar(node)


def _scalar(node: Any) -> Any:
    """ruamel's round-trip scalars as the plain values they stand for."""
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


_YAML_PROBLEMS = {
    "mapping values are not allowed": "这里不能再写冒号，上一行没写完或文字里的冒号没加引号",
    "found character '\\t'": "缩进用了制表符，要用空格",
    "could not find expected ':'": "少了冒号",
    "expected <block end>": "缩进没有对齐",
    "expected ',' or": "括号没有配对，或少了逗号",
    "found unexpected end of stream": "引号没有配对",
    "found undefined alias": "引用了没有起过名的锚点",
}


def _yaml_problem(error: Any) -> str:
    if type(error).__name__ == "DuplicateKeyError":
        return "同一个键写了两次"
    said = str(error.problem)
    return next((ours for theirs, ours in _YAML_PROBLEMS.items() if said.startswith(theirs)), "结构不完整")


def marks(node: Any) -> Iterator[tuple[Mark, str, Any]]:
    """Every (place, key, value) in the tree."""
    for each in nodes(node):
        for key, value in each.items():
            yield each.place(key), key, value


def nodes(node: Any) -> Iterator[Placed]:
    """Every mapping in the tree, depth first."""
    if isinstance(node, Placed):
        yield node
    if isinstance(node, Placed | Row):
        for value in node.values() if isinstance(node, Placed) else node:
            yield from nodes(value)
