"""Why an item got its points: the steps as they were taken, the proof, and the words that decided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.errors import InputError
from qa_pipeline.findings.acts import current
from qa_pipeline.report.explain import explain, read_result
from qa_pipeline.report.json import inspection_to_json, to_json, write_json
from qa_pipeline.rubric.inwords import question
from qa_pipeline.rubric.language import Judge
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Act
from qa_pipeline.values.written import points


@pytest.fixture
def result(poor: Inspection) -> dict[str, Any]:
    return to_json(poor)


def told(result: dict[str, Any], item: str) -> str:
    return "\n".join(f"{line.lead}{line.text}" for line in explain(result, item))


@pytest.mark.parametrize("which", ["good", "poor", "monthly", "speakerless", "unscored"])
def test_the_steps_of_every_item_lead_to_its_level(which: str, request: pytest.FixtureRequest) -> None:
    """The last step's level is the item's; that of a checklist is the mean of its lines by weight."""
    inspection: Inspection = request.getfixturevalue(which)
    for item in inspection.scorecard.items:
        if which == "unscored":
            break
        assert item.steps
        assert item.steps[-1].level == pytest.approx(item.level)
        lines = [s for s in item.steps if s.weight is not None and s.level is not None]
        if lines:
            whole = next(s for s in item.steps if s.label == "各要点合计")
            mean = sum((s.weight or 0) * (s.level or 0) for s in lines) / sum(s.weight or 0 for s in lines)
            assert whole.level == pytest.approx(mean)
    result = to_json(inspection)
    for item_id in (item["id"] for item in result["items"]):
        assert told(result, item_id).startswith(item_id)


def test_an_explanation_names_rule_value_points_proof_and_words(result: dict[str, Any]) -> None:
    text = told(result, "C1")
    item = next(one for one in result["items"] if one["id"] == "C1")
    step = next(one for one in item["steps"] if one["measure"] == "practice_steps")
    assert f"规则  {step['rule']}" in text
    assert f"实测  {points(step['value'])}" in text
    assert f"＝ {item['max']:g} × {item['level']:.4g} ＝ {item['score']:.2f} 分" in text
    assert item["evidence"][0]["quote"] in text
    acts = result["acts"][str(item["evidence"][0]["utterance"])]
    assert all(f"{probability:.0%}" in text for probability in acts.values())
    assert "字词：「" in text
    assert "K2" in text
    assert result["versions"]["rubric"] in text


def test_a_cap_and_a_missing_proof_are_steps(result: dict[str, Any]) -> None:
    """The poor meeting's actions are too few: the cap is the step that decided."""
    capped = [item for item in result["items"] if any(step["label"] == "封顶" for step in item["steps"])]
    assert capped
    for item in capped:
        assert "封顶" in told(result, item["id"])
        assert item["steps"][-1]["level"] == item["level"]


def test_the_words_add_up_to_what_the_reader_of_words_saw(poor: Inspection) -> None:
    """What is listed is a part of the logit: all stretches together make the difference to silence."""
    import numpy as np

    model = current()
    text = poor.transcript.utterances[10].text
    nothing = np.zeros((1, len(model.signal_weights)), dtype=np.float32)
    logit = float(model.by_words([text], nothing)[0, list(Act).index(Act.DATA)])
    strongest = model.telling(text, Act.DATA, most=1000)
    assert strongest == sorted(strongest, key=lambda one: -one[1])
    assert all(weight > 0 for _, weight in strongest)
    whole = model.contributions(text, Act.DATA)
    assert sum(whole.values()) == pytest.approx(logit, abs=1e-3)
    assert set(strongest) <= set(whole.items())


def test_a_level_that_was_changed_after_scoring_is_said_to_be(poor: Inspection) -> None:
    first, *others = poor.scorecard.items
    person = replace(first, level=1.0, score=first.max, reason="人工改分：确有")
    changed = replace(poor, scorecard=replace(poor.scorecard, items=(person, *others)))
    assert "改定为 1 档" in told(to_json(changed), first.id)
    assert "改定为" not in told(to_json(poor), first.id)


def test_points_are_the_product_that_is_written(poor: Inspection) -> None:
    first, *others = poor.scorecard.items
    between = replace(first, level=0.8457, score=round(first.max * 0.8457, 4))
    changed = replace(poor, scorecard=replace(poor.scorecard, items=(between, *others)))
    assert f"{first.max:g} × 0.8457 ＝ {between.score:.2f} 分" in told(to_json(changed), first.id)


def test_words_are_those_of_the_scoring_though_a_language_model_read_too(result: dict[str, Any]) -> None:
    versions = {**result["versions"], "segmenter": f"{result['versions']['segmenter']}&qwen@prompt-1"}
    assert "与评分时的不同" not in told({**result, "versions": versions}, "C1")
    older = {**versions, "segmenter": "chapters-1&qwen@prompt-1"}
    assert "与评分时的不同" in told({**result, "versions": older}, "C1")


def test_a_triggered_critical_is_explained_too(result: dict[str, Any]) -> None:
    assert told(result, "K2").startswith("K2 缺必备章节  一票否决")


def test_the_case_of_an_id_does_not_matter(result: dict[str, Any]) -> None:
    assert explain(result, "c1") == explain(result, "C1")


def test_a_wrong_item_is_refused_with_the_nearest(result: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="没有评分项「C11」，最接近的是 C1"):
        explain(result, "C11")
    with pytest.raises(InputError, match="最接近的是 F2（章节顺序）"):
        explain(result, "章节顺序")


def test_of_a_gate_that_did_not_close_it_is_said_that_it_did_not(result: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="没有触发关键否决「K5」"):
        explain(result, "K5")


def test_stored_inspections_and_results_explain_alike(poor: Inspection, tmp_path: Path) -> None:
    write_json(poor, tmp_path / "result.json")
    (tmp_path / "stored.json").write_text(inspection_to_json(poor), encoding="utf-8")
    first, second = (read_result(tmp_path / f"{name}.json") for name in ("result", "stored"))
    assert explain(first, "F3") == explain(second, "F3")


def test_an_old_result_says_that_it_holds_no_steps(poor: Inspection) -> None:
    items = tuple(replace(item, steps=()) for item in poor.scorecard.items)
    old = to_json(replace(poor, scorecard=replace(poor.scorecard, items=items)))
    for item in old["items"]:
        del item["steps"]
    del old["acts"]
    old["versions"]["reader"] = "reader-0+acts-1"
    text = told(old, "C1")
    assert "旧版程序写出" in text
    assert "与评分时的不同" in text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "不是完整的 JSON"),
        (b"[" * 100_000, "不是完整的 JSON"),
        (b"\xff\xfe", "不是文本文件"),
        (b"[]", "不是质检结果（缺少 items"),
        (b'{"items": [], "findings": {}}', "不是质检结果（缺少 chapters、criticals"),
    ],
)
def test_a_foreign_file_is_refused_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_result(tmp_path / "x.json")
    with pytest.raises(InputError, match="读不到结果文件"):
        read_result(tmp_path / "nothing.json")


def test_the_results_of_a_batch_are_no_single_one_and_the_sentence_says_where_that_lies(
    tmp_path: Path,
) -> None:
    (tmp_path / "results.jsonl").touch()
    for given in (tmp_path, tmp_path / "results.jsonl"):
        with pytest.raises(
            InputError, match=r"里不止一场会议的结果：请给出一场的文件，批量质检的在.*inspections"
        ):
            read_result(given)


def test_a_result_with_other_parts_is_refused_in_a_sentence(result: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(result))
    del broken["items"][0]["evidence"]
    with pytest.raises(InputError, match="写法与本版程序不合"):
        explain(broken, broken["items"][0]["id"])


def test_a_count_that_is_divided_by_the_length_shows_the_count_and_by_what(result: dict[str, Any]) -> None:
    text = told(result, "C1")
    times = result["findings"]["relative_length"]["value"]
    counted = result["findings"]["root_causes"]["value"]
    assert f"：数到 {counted:g}，除以篇幅倍数 {times:.2f}" in text
    assert "篇幅倍数  " in text
    assert "除以篇幅倍数" not in told(result, "F3")


def test_a_gate_on_chapters_says_which_one_lacks_what(result: dict[str, Any]) -> None:
    assert "。问题研讨没有讲满一分钟；下周安排里没有多少说定的事。" in told(result, "K2")


def test_what_a_language_model_judged_names_the_model_and_no_words_of_the_local_reader(
    result: dict[str, Any],
) -> None:
    """The words by which the local reader told what is done in a passage decided nothing here."""
    item = next(one for one in result["items"] if one["id"] == "C1")
    asked = question(Judge(question="追问够不够深？"))
    item["steps"] = [{**item["steps"][-1], "rule": asked, "measure": "", "value": None}]
    use = {"purpose": "judge", "model": "qwen", "host": "models.example.com"}
    result["reader"] = {**result["reader"], "models": [{**use, "purpose": "reader", "model": "other"}, use]}
    text = told(result, "C1")
    assert "评审  语言模型 qwen（models.example.com）" in text
    assert "other" not in text
    assert item["evidence"][0]["quote"] in text
    assert "字词" not in text.replace("字词按现在的模型", "")
