"""A wrong rubric is refused; every mistake is named with file, line, column, key and the nearest word."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.rubric import load_rubric
from tests.rubric.meeting import FRAME, rubric

GOOD = """\
items:
  - id: A
    label: 甲项
    why: 试
    dimension: content
    weight: 100
    value: {measure: probe_chains}
    line: [[0, 0], [5, 1]]
"""


def refusals(folder: Path, text: str) -> list[str]:
    """The lines of the refusal, the file's folder cut off."""
    file = folder / "试用 量规.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RubricError) as refused:
        load_rubric(file)
    return str(refused.value).replace(f"{folder}/", "").splitlines()


def test_a_good_rubric_loads(tmp_path: Path) -> None:
    assert rubric(tmp_path, GOOD).id == "trial"


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        (
            "    weight: 100",
            "    weigth: 100",
            "14:5 键「weigth」：没有「weigth」这个键，最接近的是「weight」",
        ),
        (
            "probe_chains",
            "probe_chain",
            "15:13 键「measure」：没有「probe_chain」这个测量，最接近的是「probe_chains」",
        ),
        (
            "dimension: content",
            "dimension: contents",
            "13:5 键「dimension」：没有「contents」这个维度，最接近的是「content」",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {count: {act: prob}}",
            "15:21 键「act」：没有「prob」这个言语行为，最接近的是「probe」",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {count: {act: probe, in: [stage_review, problem_discusion]}}",
            "15:52 键「in」：没有「problem_discusion」这个章节，最接近的是「problem_discussion」",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {count: {group: commitments}}",
            "15:21 键「group」：没有「commitments」这个词典分组，最接近的是「commitment」",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {count: {entity: regular_premiums}}",
            "15:21 键「entity」：没有「regular_premiums」这个实体，最接近的是「regular_premium」",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {count: {use: 追问}}",
            "15:21 键「use」：没有「追问」这个定义，这里还没有可用的词",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {count: {regex: '(见了'}}",
            "15:21 键「regex」：正则表达式 (见了 写错了（missing )）",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {count: {phrase: 见了, act: probe}}",
            "15:13 键「count」：要且只要写一个：group、phrase、regex、entity、act、longer、all、any、none、"
            "same、some、use、measure、count、rate、share、fact、item",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {rate: {act: probe}}",
            "15:5 键「value」：写了 rate 就要写 per",
        ),
        (
            "value: {measure: probe_chains}",
            "value: {measure: probe_chains, at_least: 3}",
            "15:36 键「at_least」：没有「at_least」这个键，可用的有：by_length、count、",
        ),
        (
            "    weight: 100\n",
            "    weight: 100\n    examples: [{says: [甲：见了], level: 1, measures: {probe_chain: 3}}]\n",
            "15:52 键「measures」：没有「probe_chain」这个测量，最接近的是「probe_chains」",
        ),
        ("line: [[0, 0], [5, 1]]", "line: [[5, 0], [0, 1]]", "10:5 键「A」：line 至少两个点，且数量严格递增"),
        ("line: [[0, 0], [5, 1]]", "line: [[0, 0], [5, 2]]", "16:24 键「line」：要不大于 1"),
        ("weight: 100", "weight: 很多", "14:5 键「weight」：要写数字"),
        ("    why: 试\n", "", "10:5 键「why」：缺少必填的键"),
        ("    line: [[0, 0], [5, 1]]\n", "", "10:5 键「A」：value 要配 line 或 levels（二选一）"),
        (
            "    weight: 100\n",
            "    weight: 90\n",
            "9:1 键「items」：维度 content 各项权重之和是 90，要等于该维度的 100，各维度合计 100",
        ),
        (
            "    weight: 100\n",
            "    weight: 100\n    themes: supervisor_leed\n",
            "15:5 键「themes」：没有「supervisor_leed」这个周主题，最接近的是「supervisor_lead」",
        ),
        (
            "    weight: 100\n",
            "    weight: 100\n    when: {item: A, at_most: 0}\n",
            "15:12 键「item」：只能用在 criticals 里",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, right: str, wrong: str, sentence: str) -> None:
    assert right in GOOD
    said = refusals(tmp_path, FRAME + GOOD.replace(right, wrong))
    text = "\n".join(said[1:])
    assert f"试用 量规.yaml:{sentence}" in text, text


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (
            "{count: {phrase: 数据}, at_least: 1, in: stage_review}",
            "「in」写在 count 旁边不起作用，要写到 count 里面的条件上",
        ),
        (
            "{share: {act: check}, at_least: 1, by: other}",
            "「by」写在 share 旁边不起作用，要写到 share 里面的条件上",
        ),
        (
            "{count: {act: check}, at_least: 1, times: 3}",
            "「times」写在 count 旁边不起作用，它只用于 group、phrase、regex",
        ),
        (
            "{count: {act: check}, at_least: 1, per: 10 minutes}",
            "「per」写在 count 旁边不起作用，它只用于 rate",
        ),
        (
            "{measure: speakers_heard, at_least: 0, in: closing}",
            "「in」写在 measure 旁边不起作用，它只用于 group、phrase",
        ),
        (
            "{act: [check], except: {phrase: 返点}}",
            "「except」写在 act 旁边不起作用，它只用于 group、phrase、regex",
        ),
        (
            "{longer: 8, except: {phrase: 返点}}",
            "「except」写在 longer 旁边不起作用，它只用于 group、phrase、regex",
        ),
        (
            "{any: [{phrase: 返点}], except: {phrase: 严禁}}",
            "「except」写在 any 旁边不起作用，要写到 any 里面的条件上",
        ),
        ("{phrase: 数据, is: 数据}", "「is」写在 phrase 旁边不起作用，它只用于 fact"),
        (
            "{phrase: 数据, at_least: 2}",
            "它只用于 measure、count、rate、share、fact、item；出现几句用 times",
        ),
        ("{any: [{act: check}], number: 2}", "「number」写在 any 旁边不起作用，它只用于 some"),
        ("{none: [{act: check}], times: 2}", "「times」写在 none 旁边不起作用"),
        ("{regex: 数据, pinyin: true}", "「pinyin」写在 regex 旁边不起作用，它只用于 group、phrase"),
        ("{fact: theme, is: supervisor_lead, by: host}", "「by」写在 fact 旁边不起作用"),
        (
            "{fact: institution, at_least: 1}",
            "会议事实 institution 不是数字，要用 is；at_least / at_most 只用于 duration_minutes",
        ),
        ("{fact: kind, at_most: 1}", "会议事实 kind 不是数字，要用 is"),
        ("{fact: attendees, is: '9', at_least: 3}", "fact 要配 is，或 at_least / at_most（二选一）"),
        ("{phrase: 数据, except: {regex: '(见了'}}", "键「regex」：正则表达式 (见了 写错了"),
        ("{regex: '(?:(?:a{1000}){1000,}){1000}'}", "里的重复次数太多，请写小一些"),
    ],
)
def test_what_would_mean_nothing_or_crash_is_refused_with_where_to_write_it(
    tmp_path: Path, condition: str, sentence: str
) -> None:
    gate = f"criticals:\n  - {{id: K, label: 门, reason: 试一试它, when: {condition}}}\n"
    assert sentence in "\n".join(refusals(tmp_path, FRAME + GOOD + gate)[1:])


DEFINITIONS = """
definitions:
  三问: {count: {act: probe}, at_least: 3}
  也叫三问: {use: 三问}
  问过: {any: [{use: 三问}, {act: ask}]}
  全勤: {measure: attendance_rate, at_least: 1}
  领跑周: {fact: theme, is: supervisor_lead}
"""


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("{use: 三问, in: closing}", "「in」写在 use 旁边管不到其中的 count，要写到 count 里面的条件上"),
        ("{use: 也叫三问, by: host}", "「by」写在 use 旁边管不到其中的 count，要写到 count 里面的条件上"),
        ("{use: 问过, in: closing}", "「in」写在 use 旁边管不到其中的 count，要写到 count 里面的条件上"),
        ("{use: 三问, times: 2}", "「times」写在 use 旁边管不到其中的 count，它只用于"),
        ("{use: 全勤, in: closing}", "「in」写在 use 旁边管不到其中的 measure，它只用于 group、phrase"),
        ("{use: 领跑周, in: closing}", "「in」写在 use 旁边管不到其中的 fact，它只用于 group、phrase"),
        (
            "{all: [{rate: {act: probe}, per: 10 minutes, at_least: 1}, {act: goal}], in: closing}",
            "「in」写在 all 旁边管不到其中的 rate，要写到 rate 里面的条件上",
        ),
    ],
)
def test_a_scope_that_does_not_reach_a_number_is_refused(
    tmp_path: Path, condition: str, sentence: str
) -> None:
    gate = f"criticals:\n  - {{id: K, label: 门, reason: 试一试它, when: {condition}}}\n"
    assert sentence in "\n".join(refusals(tmp_path, FRAME + GOOD + DEFINITIONS + gate)[1:])


@pytest.mark.parametrize(
    "condition",
    [
        "{use: 三问}",
        "{all: [{use: 三问}, {act: goal}]}",
        "{all: [{use: 全勤}, {use: 领跑周}, {act: goal}], in: closing}",
        "{count: {act: probe, in: closing}, at_least: 3}",
    ],
)
def test_a_number_without_a_scope_or_with_its_own_is_taken(tmp_path: Path, condition: str) -> None:
    gate = f"criticals:\n  - {{id: K, label: 门, reason: 试一试它, when: {condition}}}\n"
    assert rubric(tmp_path, GOOD + DEFINITIONS + gate).criticals[0].id == "K"


def test_a_stray_key_beside_a_value_is_refused_too(tmp_path: Path) -> None:
    text = FRAME + GOOD.replace("{measure: probe_chains}", "{count: {act: probe}, of: {act: check}}")
    assert "「of」写在 count 旁边不起作用，它只用于 share" in refusals(tmp_path, text)[1]


def test_all_mistakes_are_named_at_once_in_order(tmp_path: Path) -> None:
    text = (FRAME + GOOD).replace("kinds: [weekly_review]", "kinds: [weekly_reviews]")
    text = text.replace("why:", "wy:").replace("measure: probe_chains", "measure: probechain")
    said = refusals(tmp_path, text)
    assert said == [
        "量规 试用 量规.yaml 有 3 处错误，请改正后再用：",
        "试用 量规.yaml:4:22 键「kinds」：没有「weekly_reviews」这个会议类型，最接近的是「weekly_review」",
        "试用 量规.yaml:12:5 键「wy」：没有「wy」这个键，最接近的是「why」",
        "试用 量规.yaml:15:13 键「measure」：没有「probechain」这个测量，最接近的是「probe_chains」",
    ]


def test_dimension_weights_sum_to_100(tmp_path: Path) -> None:
    text = (FRAME + GOOD).replace("label: 内容, weight: 100", "label: 内容, weight: 90")
    assert "试用 量规.yaml:7:1 键「dimensions」：各维度权重之和是 90，要等于 100" in refusals(tmp_path, text)


def test_weights_sum_for_every_theme(tmp_path: Path) -> None:
    extra = GOOD.replace("items:\n", "").replace("id: A", "id: B") + "    themes: supervisor_lead\n"
    said = refusals(tmp_path, FRAME + GOOD + extra)
    assert "（主题 supervisor_lead）是 200" in "".join(said)


def test_an_id_is_used_once(tmp_path: Path) -> None:
    twice = (FRAME + GOOD + GOOD.replace("items:\n", "")).replace(
        "weight: 100\n    value", "weight: 50\n    value"
    )
    assert "键「items」：id「A」重复，试用 量规.yaml:10:5 已用过" in refusals(tmp_path, twice)[1]


def test_a_definition_that_uses_itself_is_refused(tmp_path: Path) -> None:
    body = "definitions:\n  圈: {any: [{use: 圈}, {act: probe}]}\n" + GOOD
    assert "试用 量规.yaml:10:3 键「圈」：定义引用了自己，请拆开" in refusals(tmp_path, FRAME + body)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id: [", "1:6 不是合法的 YAML（"),
        ("id: a: b\n", "1:6 不是合法的 YAML（这里不能再写冒号，上一行没写完或文字里的冒号没加引号）"),
        ("id:\n\t- a\n", "2:1 不是合法的 YAML（缩进用了制表符，要用空格）"),
        ("id: a\nb\nc: d\n", "3:1 不是合法的 YAML（少了冒号）"),
        ("a:\n   b: 1\n  c: 2\n", "3:3 不是合法的 YAML（缩进没有对齐）"),
        ("a: [1, 2\nb: 3\n", "2:2 不是合法的 YAML（括号没有配对，或少了逗号）"),
        ('id: "没写完\n', "2:1 不是合法的 YAML（引号没有配对）"),
        ("id: *没有\n", "1:5 不是合法的 YAML（引用了没有起过名的锚点）"),
        ("id: a\nid: b\n", "2:1 不是合法的 YAML（同一个键写了两次）"),
        ("- 一\n- 二\n", "1:1 量规必须是「键: 值」的表"),
        ("", "1:1 量规必须是「键: 值」的表"),
    ],
)
def test_a_file_that_is_no_rubric_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    assert f"试用 量规.yaml:{sentence}" in refusals(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: " + "[" * 2000, "一层套一层太深：请检查括号和引用（*名称）"),
        ("&a {b: *a}\n", "一层套一层太深：请检查括号和引用（*名称）"),
        (
            "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)),
            "展开引用（*名称）之后内容过多：请直接写出内容，少用引用",
        ),
    ],
)
def test_a_file_that_would_grow_without_end_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in refusals(tmp_path, text)[0]


def test_nesting_is_refused_before_the_parser_takes_its_seconds_over_it(tmp_path: Path) -> None:
    begun = process_time()
    assert "一层套一层太深" in refusals(tmp_path, "a: " + "[" * 20_000)[0]
    assert process_time() - begun < 1


def test_brackets_in_words_and_patterns_are_no_nesting(tmp_path: Path) -> None:
    assert "太深" not in refusals(tmp_path, "a: '" + "[" * 100 + "'\n# " + "{" * 100)[0]


@pytest.mark.parametrize(
    "text", ["version: 2026-11-31\n", f"version: 1{'0' * 5000}\n", "version: !!int 一\n"]
)
def test_a_day_or_number_that_there_is_not_is_refused(tmp_path: Path, text: str) -> None:
    assert "里有不成立的日期或数字：请改正，或加上引号写成文字" in refusals(tmp_path, text)[0]


def test_a_missing_file_a_folder_and_a_binary_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "二进制.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RubricError, match="找不到量规文件"):
        load_rubric(tmp_path / "没有.yaml")
    with pytest.raises(RubricError, match="是文件夹，不是量规文件"):
        load_rubric(tmp_path)
    with pytest.raises(RubricError, match="不是 UTF-8 文本：请另存为 UTF-8 后重试"):
        load_rubric(binary)
