"""The navigator's rules: read from YAML, every mistake named with file, line, column and nearest word."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from models.navigator.conditions import CONDITIONS, Operand, When
from qa_pipeline.source import Mark, Placed, Problems, Row, nearest, read

SHIPPED: Final = "navigator.yaml"
TEXTS: Final = ("id", "label", "action", "because")
NUMBERS: Final = ("priority", "due_in_days", "rest_days")
RULE_KEYS: Final = (*TEXTS, *NUMBERS, "when", "service_duty")
WHAT: Final = "导航规则"
FILE_KEYS: Final = ("version", "snapshot_max_age_days", "rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. ``service_duty`` says why it must be done even for a customer who must not be contacted."""

    id: str
    label: str
    priority: int
    when: When
    action: str
    because: str
    due_in_days: int
    rest_days: int
    service_duty: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a file, most urgent first. Snapshots older than ``snapshot_max_age_days`` are unknown."""

    version: int
    snapshot_max_age_days: int
    rules: tuple[Rule, ...]


def load_rules(path: Path | None = None) -> Rules:
    """The rules of a file; the shipped ``rubrics/navigator.yaml`` when none is given.

    Raises RubricError that names every mistake as file:line:column with key and nearest word.
    """
    source = path or Path(str(files("rubrics") / SHIPPED))
    tree, problems = read(source, what=WHAT), Problems(what=WHAT)
    _known_keys(tree, FILE_KEYS, problems)
    numbers = {key: _number(tree, key, problems) for key in ("version", "snapshot_max_age_days")}
    rows = tree.get("rules")
    if not isinstance(rows, Row) or not rows:
        problems.add(tree.place("rules"), "键「rules」：要写规则列表，至少一条")
        rows = Row()
    found = [_rule(row, mark, problems) for row, mark in _entries(rows, "rules", problems)]
    _unique(rows, "id", problems)
    _unique(rows, "priority", problems)
    problems.raise_if_any(str(source))
    rules = sorted((rule for rule in found if rule), key=lambda rule: -rule.priority)
    return Rules(numbers["version"], numbers["snapshot_max_age_days"], tuple(rules))


def _rule(row: Placed, mark: Mark, problems: Problems) -> Rule | None:
    """The rule of an entry; None when something of it is wrong (and recorded)."""
    before = len(problems.found)
    _known_keys(row, RULE_KEYS, problems)
    texts = {key: _text(row, key, mark, problems) for key in TEXTS}
    numbers = {key: _number(row, key, problems) for key in NUMBERS}
    when = row.get("when")
    if not isinstance(when, Placed) or not when:
        problems.add(row.keys_at.get("when", mark), "键「when」：要写条件，至少一项")
        return None
    condition = _when(when, problems)
    duty = _text(row, "service_duty", mark, problems) if "service_duty" in row else None
    if len(problems.found) > before:
        return None
    return Rule(
        id=texts["id"],
        label=texts["label"],
        priority=numbers["priority"],
        when=condition,
        action=texts["action"],
        because=texts["because"],
        due_in_days=numbers["due_in_days"],
        rest_days=numbers["rest_days"],
        service_duty=duty,
    )


def _when(tree: Placed, problems: Problems) -> When:
    _known_keys(tree, (*CONDITIONS, "any_of"), problems)
    checks = tuple((name, _operand(tree, name, problems)) for name in tree if name in CONDITIONS)
    parts: tuple[When, ...] = ()
    if "any_of" in tree:
        rows = tree["any_of"]
        if not isinstance(rows, Row) or not rows:
            problems.add(tree.place("any_of"), "键「any_of」：要写条件的列表，至少一组")
        else:
            parts = tuple(_when(row, problems) for row, _ in _entries(rows, "any_of", problems))
    return When(checks, parts)


def _operand(tree: Placed, name: str, problems: Problems) -> Any:
    condition, given, mark = CONDITIONS[name], tree[name], tree.place(name)
    if condition.operand == Operand.WORDS:
        words = given if isinstance(given, Row) else [given]
        for word in words:
            if word not in condition.words:
                problems.unknown(mark, key=name, word=word, what="词", allowed=condition.words)
        return tuple(words)
    if condition.operand == Operand.FLAG:
        if not isinstance(given, bool):
            problems.add(mark, f"键「{name}」：要写 true 或 false")
        return given
    top = 100 if condition.operand == Operand.SCORE else 3650
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= top:
        problems.add(mark, f"键「{name}」：要写 0 到 {top} 的整数")
    return given


def _text(row: Placed, key: str, mark: Mark, problems: Problems) -> str:
    given = row.get(key)
    if not isinstance(given, str) or not given.strip():
        problems.add(row.keys_at.get(key, mark), f"键「{key}」：要写文字")
        return ""
    return given.strip()


def _number(row: Placed, key: str, problems: Problems) -> int:
    given = row.get(key)
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        problems.add(row.place(key), f"键「{key}」：要写不小于 0 的整数")
        return 0
    return given


def _known_keys(tree: Placed, allowed: tuple[str, ...], problems: Problems) -> None:
    for key in tree:
        if key not in allowed:
            problems.add(tree.place(key), f"没有「{key}」这个键，{nearest(key, allowed)}")


def _entries(rows: Row, key: str, problems: Problems) -> list[tuple[Placed, Mark]]:
    """The mappings of a list with their places; anything else in it is recorded as a mistake."""
    found = []
    for row, mark in zip(rows, rows.elements_at if rows else [], strict=True):
        if isinstance(row, Placed) and row:
            found.append((row, mark))
        else:
            problems.add(mark, f"键「{key}」：每一条都要写成「键: 值」的表")
    return found


def _unique(rows: Row, key: str, problems: Problems) -> None:
    seen: dict[str, Mark] = {}
    for row in rows:
        if not isinstance(row, Placed) or key not in row:
            continue
        value = str(row[key])
        if value in seen:
            problems.add(row.place(key), f"键「{key}」：「{value}」重复，{seen[value]} 已用过")
        seen.setdefault(value, row.place(key))
