"""Reading the navigator's rules: every mistake is named with its place and the nearest word."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.navigator.conditions import When
from models.navigator.rules import load_rules
from qa_pipeline.errors import RubricError

RULE = """version: 1
snapshot_max_age_days: 35
rules:
  - id: one
    label: 一
    priority: 2
    when: {quadrant: HH, any_of: [{has_gap: true}, {renewal_within_days: 30}]}
    action: 做
    because: 因
    due_in_days: 1
    rest_days: 2
  - id: two
    label: 二
    priority: 5
    when: {quadrant: [HL, LL]}
    action: 做
    because: 因
    due_in_days: 1
    rest_days: 2
    service_duty: 必须
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "navigator.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_rules_are_read_and_put_in_order_of_priority(tmp_path: Path) -> None:
    rules = load_rules(written(tmp_path, RULE))
    assert [(rule.id, rule.service_duty) for rule in rules.rules] == [("two", "必须"), ("one", None)]
    assert rules.rules[1].when == When(
        (("quadrant", ("HH",)),), (When((("has_gap", True),)), When((("renewal_within_days", 30),)))
    )


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("has_gap", "has_gaps", "7:36 没有「has_gaps」这个键，最接近的是「has_gap」"),
        ("quadrant: HH", "quadrant: HX", "7:12 键「quadrant」：没有「HX」这个词，可用的有：HH、HL、LH、LL"),
        ("has_gap: true", "has_gap: 1", "键「has_gap」：要写 true 或 false"),
        ("renewal_within_days: 30", "renewal_within_days: 很快", "要写 0 到 3650 的整数"),
        ("    priority: 2\n", "    priorty: 2\n", "6:5 没有「priorty」这个键，最接近的是「priority」"),
        ("    priority: 2\n", "", "键「priority」：要写不小于 0 的整数"),
        ("    priority: 2\n", "    priority: 5\n", "「5」重复"),
        ("id: two", "id: one", "键「id」：「one」重复"),
        (
            "    action: 做\n    because: 因\n    due_in_days: 1\n    rest_days: 2\n  -",
            "  -",
            "键「action」：要写文字",
        ),
        ("any_of: [{has_gap: true}, {renewal_within_days: 30}]", "any_of: []", "至少一组"),
        ("when: {quadrant: [HL, LL]}", "when: HL", "15:5 键「when」：要写条件，至少一项"),
        ("version: 1", "version: 一", "1:1 键「version」：要写不小于 0 的整数"),
        ("snapshot_max_age_days: 35", "snapshot_days: 35", "2:1 没有「snapshot_days」这个键"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_nearest_word(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    assert right in RULE
    file = written(tmp_path, RULE.replace(right, wrong, 1))
    with pytest.raises(RubricError) as error:
        load_rules(file)
    assert said in str(error.value)
    assert str(file) in str(error.value)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    broken = RULE.replace("has_gap", "gap").replace("quadrant: [HL, LL]", "quadrant: [HX]")
    with pytest.raises(RubricError, match="有 2 处错误"):
        load_rules(written(tmp_path, broken))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nsnapshot_max_age_days: 1\nrules: []\n", "要写规则列表"),
        ("version: 1\nsnapshot_max_age_days: 1\nrules: [一]\n", "每一条都要写成"),
        ("version: 1\nsnapshot_max_age_days: 1\n", "要写规则列表"),
        ("rules: [", "不是合法的 YAML"),
        ("- 1\n", "必须是「键: 值」的表"),
    ],
)
def test_a_file_without_rules_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RubricError, match=said):
        load_rules(written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match="找不到"):
        load_rules(tmp_path / "none.yaml")
