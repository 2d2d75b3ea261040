"""``huijian rubric``: what each command prints and how it ends; schema, linter and comparison."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from qa_pipeline.cli import app
from qa_pipeline.errors import RubricError
from qa_pipeline.findings.registry import specs
from qa_pipeline.rubric import load_rubric
from qa_pipeline.rubric.archive import read_archive
from qa_pipeline.rubric.diff import diff
from qa_pipeline.rubric.jsonschema import schema_text
from qa_pipeline.rubric.linter import lint
from qa_pipeline.transcript.formats import to_json
from qa_pipeline.values.vocabulary import MeetingKind, Theme
from tests.rubric.meeting import FRAME, Meeting, item, rubric
from tests.rubric.test_errors import GOOD

TALK = Meeting("甲 stage_review 见了六个", acts={0: "check"}, measures={"probe_chains": 3})


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["rubric", *(str(a) for a in arguments)], env={"COLUMNS": "200"})


def written(folder: Path, name: str, body: str) -> Path:
    file = folder / name
    file.write_text(FRAME + body, encoding="utf-8")
    return file


def archive(folder: Path, *meetings: Meeting) -> Path:
    where = folder / "档案 一"
    where.mkdir()
    for number, meeting in enumerate(meetings):
        stored = {
            "transcript": asdict(meeting.transcript),
            "chapters": asdict(meeting.chapters),
            "findings": {**asdict(meeting.findings), "measures": {}},
            "facts": asdict(meeting.facts),
        }
        stored["findings"]["measures"] = {k: asdict(m) for k, m in meeting.findings.measures.items()}
        (where / f"会议{number}.json").write_text(
            json.dumps(stored, ensure_ascii=False, default=str), "utf-8"
        )
    return where


def test_no_id_of_a_measure_is_broken_in_a_narrow_terminal() -> None:
    listed = CliRunner().invoke(app, ["rubric", "measures"], env={"COLUMNS": "80"})
    assert all(spec.id in listed.output for spec in specs())


def test_measures_lists_every_measure_with_unit_and_meaning() -> None:
    listed = run("measures")
    assert listed.exit_code == 0
    assert "probe_chains" in listed.output
    assert "追问链数" in listed.output


def test_measures_of_one_family() -> None:
    listed = run("measures", "--family", "risk").output
    assert "compliance_risk" in listed
    assert "probe_chains" not in listed


def test_check_accepts_a_shipped_rubric() -> None:
    assert "写法正确，0 条提醒" in run("check", "weekly_review").output


def test_check_refuses_a_wrong_rubric_with_exit_code_2(tmp_path: Path) -> None:
    ended = run("check", written(tmp_path, "wrong.yaml", GOOD.replace("why:", "wy:")))
    assert ended.exit_code == 2
    assert "12:5 键「wy」：没有「wy」这个键，最接近的是「why」" in ended.output


@pytest.mark.parametrize("command", ["check", "test", "show"])
def test_a_missing_file_ends_with_exit_code_2(tmp_path: Path, command: str) -> None:
    ended = run(command, tmp_path / "没有.yaml")
    assert ended.exit_code == 2
    assert "找不到量规文件" in ended.output


def test_test_names_the_example_that_fails(tmp_path: Path) -> None:
    body = GOOD + "    examples:\n      - {level: 1, says: ['甲：大家好']}\n"
    ended = run("test", written(tmp_path, "t.yaml", body))
    assert ended.exit_code == 1
    assert "不符 A 第 1 例：应得 1.00，实得 0.00" in ended.output


def test_test_refuses_an_example_that_is_no_dialogue(tmp_path: Path) -> None:
    for says, sentence in (("大家好", "不是「甲：文字」的写法"), ("== 开场", "没有「开场」这一章")):
        body = GOOD + f"    examples:\n      - {{level: 1, says: ['{says}']}}\n"
        ended = run("test", written(tmp_path, "t.yaml", body))
        assert ended.exit_code == 2
        assert sentence in ended.output


def test_a_rubric_without_examples_does_not_pass_its_test(tmp_path: Path) -> None:
    assert run("test", written(tmp_path, "t.yaml", GOOD)).exit_code == 1


def test_show_lists_items_and_gates() -> None:
    shown = run("show", "monthly_planning").output
    assert "章节要点" in shown
    assert "合规红线" in shown


def test_show_says_what_a_rubric_extends(tmp_path: Path) -> None:
    file = tmp_path / "branch.yaml"
    file.write_text('id: branch\nversion: "2"\nlabel: 分公司量规\nextends: weekly_review\n', "utf-8")
    assert "分公司量规 2（以 weekly_review 为底）" in run("show", str(file)).output


def test_diff_shows_whose_score_and_verdict_would_change(tmp_path: Path) -> None:
    old = written(tmp_path, "old.yaml", GOOD)
    new = written(tmp_path, "new.yaml", GOOD.replace("[5, 1]", "[6, 1]"))
    stored = archive(tmp_path, TALK, Meeting("甲 stage_review 好", measures={"probe_chains": 9}))
    ended = run("diff", old, new, "--on", stored)
    assert ended.exit_code == 0
    assert "共 2 场，1 场分数或结论变动，其中 1 场结论变动" in ended.output
    (row, same) = diff(load_rubric(old), load_rubric(new), read_archive(stored))
    assert (row.meeting, row.old_score, row.new_score) == ("会议0", 60, 50)
    # A score of 60 passes, but its band reaches below the line: that is for a person.
    assert (row.old_verdict, row.new_verdict, row.items) == ("待人工复核", "不合格", ("A",))
    assert same.new_verdict == "合格"
    assert same.changed is False


def test_diff_says_how_many_meetings_it_left_out(tmp_path: Path) -> None:
    stored = archive(tmp_path, TALK, TALK)
    ended = run("diff", "weekly_review", "monthly_planning", "--on", stored)
    assert "共 0 场" in ended.output
    assert "另有 2 场没有比较：它们的会议类别不是两份量规都适用的。" in ended.output


def test_diff_never_shows_a_score_below_the_line_as_on_it(tmp_path: Path) -> None:
    old = written(tmp_path, "old.yaml", GOOD)
    new = written(tmp_path, "new.yaml", GOOD.replace("[5, 1]", "[5.0034, 1]"))
    stored = archive(tmp_path, TALK)
    (row,) = diff(load_rubric(old), load_rubric(new), read_archive(stored))
    assert row.new_score == 59.96
    shown = run("diff", old, new, "--on", stored).output
    assert "59.9" in shown
    assert "60.0" not in shown


def test_an_archive_survives_the_journey_through_json(tmp_path: Path) -> None:
    (stored,) = read_archive(archive(tmp_path, TALK))
    assert (stored.transcript, stored.chapters) == (TALK.transcript, TALK.chapters)
    assert stored.findings == TALK.findings


def test_the_inspections_of_a_batch_are_an_archive(tmp_path: Path) -> None:
    archive(tmp_path, TALK).rename(tmp_path / "inspections")
    (tmp_path / "transcripts").mkdir()
    (tmp_path / "transcripts" / "x.json").write_text("{}", "utf-8")
    assert [s.name for s in read_archive(tmp_path)] == ["会议0"]


def test_a_bare_transcript_is_read_anew_with_the_facts_beside_it(tmp_path: Path) -> None:
    (tmp_path / "甲.json").write_text(to_json(TALK.transcript), "utf-8")
    (tmp_path / "甲.meeting.yaml").write_text("kind: weekly_review\ntheme: supervisor_lead\n", "utf-8")
    (stored,) = read_archive(tmp_path / "甲.json")
    assert stored.transcript.utterances[0].text.startswith("见了六个")
    assert stored.transcript.utterances[0].numbers[0].value == 6
    assert (stored.facts.kind, stored.facts.theme) == (MeetingKind.WEEKLY_REVIEW, Theme.SUPERVISOR_LEAD)
    assert "probe_chains" in stored.findings.measures


def test_a_line_of_a_jsonl_archive_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    for text, sentence in (
        ('{"transcript": 1}', r"a\.jsonl:2 缺少 chapters、findings、facts"),
        ("{", r"a\.jsonl:2 不是合法的 JSON"),
        ('{"transcript": 1, "chapters": 1, "findings": 1, "facts": 1}', r"a\.jsonl:2 的「.*」不合格式"),
    ):
        file.write_text("\n" + text, "utf-8")
        with pytest.raises(RubricError, match=sentence):
            list(read_archive(file))


def test_an_archive_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match="找不到档案"):
        list(read_archive(tmp_path / "没有"))
    with pytest.raises(RubricError, match=r"没有 \.json"):
        list(read_archive(tmp_path))


def test_the_schema_file_is_in_step_with_the_language() -> None:
    shipped = (files("rubrics") / "rubric.schema.json").read_text("utf-8")
    assert shipped == schema_text(), (
        "run python -m qa_pipeline.rubric.jsonschema > rubrics/rubric.schema.json"
    )
    assert run("schema").output == shipped


@pytest.mark.parametrize("name", ["weekly_review", "monthly_planning"])
def test_the_shipped_rubrics_satisfy_the_schema(name: str) -> None:
    tree = YAML(typ="safe").load((files("rubrics") / f"{name}.yaml").read_text("utf-8"))
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(tree)


def test_measures_of_a_family_are_listed_and_a_family_there_is_not_is_refused() -> None:
    listed = run("measures", "--family", "risk").output
    risky = {spec.id for spec in specs() if spec.family == "risk"}
    assert {spec.id for spec in specs() if spec.id in listed} == risky
    refused = run("measures", "--family", "risks")
    assert refused.exit_code == 2
    assert "没有「risks」这一类测量：可写 structure、" in refused.stderr


@pytest.mark.parametrize("name", ["weekly_review", "monthly_planning"])
def test_the_linter_has_nothing_to_remark_on_the_shipped_rubrics(name: str) -> None:
    assert lint(load_rubric(name)) == []


@pytest.mark.parametrize(
    ("scale", "remark"),
    [
        ("said: {act: check}", "项 A：没有改进建议"),
        ("said: {act: check}", "项 A：没有例子（examples），改动后无从试跑"),
        ("said: {none: [{act: check}]}", "只用 none 或事实作条件，得分时拿不出原话，永远不给分"),
        ("said: {regex: '.*'}", "正则表达式「.*」什么都能匹配"),
        ("value: {measure: probe_chains}, line: [[0, 0], [5, 0.5]]", "折线到不了满档"),
        (
            "value: {measure: probe_chains}, levels: [{level: 0.5, at_least: 2}, {level: 1, at_least: 5}]",
            "得分档 1（at_least 5）排在更宽的一档之后，永远到不了",
        ),
        ("value: {measure: probe_chains}, levels: [{level: 0.5, at_least: 2}]", "没有满分的一档"),
        (
            "value: {measure: exchange_share}, line: [[0, 0], [20, 1]]",
            "测的在 0 到 1 之间，20 写大了：百分之二十写 0.2",
        ),
        (
            "value: {share: {act: check}}, levels: [{level: 1, at_least: 70}, {level: 0, at_least: 0}]",
            "测的在 0 到 1 之间，70 写大了：百分之二十写 0.2",
        ),
        (
            "said: {act: check}, when: {measure: exchange_share, at_most: 20}",
            "条件（exchange_share）测的在 0 到 1 之间，at_most 20 写大了：百分之二十写 0.2",
        ),
        (
            "said: {act: check}, when: {measure: probe_chains, at_least: 5, at_most: 3}",
            "条件（probe_chains）的 at_least 5 大于 at_most 3，永远不成立",
        ),
        (
            "said: {act: check}, suggestions: [{at_most: 1, say: 继续努力。}]",
            "满分时也给建议：at_most 应小于 1",
        ),
    ],
)
def test_the_linter_remarks(tmp_path: Path, scale: str, remark: str) -> None:
    assert any(remark in said for said in lint(rubric(tmp_path, item(scale)))), lint(
        rubric(tmp_path, item(scale))
    )


def test_the_linter_remarks_on_an_item_without_weight_and_an_unused_definition(tmp_path: Path) -> None:
    body = "definitions:\n  追问: {act: probe}\n" + item("said: {act: check}")
    body += "  - {id: B, label: 乙项, why: 试, dimension: content, weight: 0, said: {act: check}}\n"
    said = lint(rubric(tmp_path, body))
    assert "定义「追问」没有用到" in said
    assert "项 B：权重是 0，不影响总分" in said
