"""How an item becomes points, what is left out of the denominator, and how sure the score is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qa_pipeline.values.findings import Evidence, UtteranceReading
from qa_pipeline.values.vocabulary import Act, Dimension, Theme
from tests.rubric.meeting import Meeting, item, rubric

TALK = Meeting(
    "甲 stage_review 你上周见了几个客户",
    "乙 stage_review 见了六个，成了一单",
    "乙 next_week_plan 我周五之前再见四个",
    acts={0: "probe", 1: "check", 2: "commit"},
    mentions={1: "number", 2: "number date"},
    measures={"speech_minutes": 45, "probe_chains": 3, "attendance_rate": None},
)


def level(folder: Path, scale: str, meeting: Meeting = TALK) -> float | None:
    return meeting.scored(rubric(folder, item(scale))).items[0].level


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("said: {act: check}", 1),
        ("said: {act: goal}", 0),
        ("value: {measure: probe_chains}, line: [[0, 0], [4, 1]]", 0.75),
        ("value: {measure: probe_chains}, line: [[4, 0], [8, 1]]", 0),
        ("value: {measure: probe_chains}, line: [[1, 0.5], [2, 1]]", 1),
        ("value: {measure: probe_chains}, line: [[0, 1], [3, 0.5], [6, 0]]", 0.5),
        ("value: {measure: probe_chains}, levels: [{level: 1, at_least: 5}, {level: 0.5, at_least: 2}]", 0.5),
        ("value: {measure: probe_chains}, levels: [{level: 1, at_most: 2}, {level: 0.25, at_most: 3}]", 0.25),
        ("value: {count: {act: [probe, check]}}, line: [[0, 0], [4, 1]]", 0.5),
        ("levels: [{level: 1, said: {act: goal}}, {level: 0.5, said: {act: commit}}]", 0.5),
        ("points: [{id: a, label: 一, said: {act: check}}, {id: b, label: 二, said: {act: goal}}]", 0.5),
        (
            "points: [{id: a, label: 一, weight: 3, said: {act: check}},"
            " {id: b, label: 二, said: {act: goal}}]",
            0.75,
        ),
    ],
)
def test_a_level_follows_from_what_was_said(tmp_path: Path, scale: str, expected: float) -> None:
    assert level(tmp_path, scale) == pytest.approx(expected)


def test_levels_are_rounded_to_the_step_when_one_is_asked_for(tmp_path: Path) -> None:
    assert level(tmp_path, "value: {measure: probe_chains}, line: [[0, 0], [5, 1]], step: 0.25") == 0.5
    assert level(tmp_path, "value: {measure: probe_chains}, line: [[0, 0], [5, 1]]") == pytest.approx(0.6)


def test_a_score_carries_its_evidence(tmp_path: Path) -> None:
    (scored,) = TALK.scored(rubric(tmp_path, item("said: {act: check}"))).items
    (proof,) = scored.evidence
    assert (proof.start, proof.end, proof.quote) == (10, 20, "见了六个，成了一单")
    assert (scored.status, scored.score) == ("full", 100)


def test_no_evidence_no_level(tmp_path: Path) -> None:
    (scored,) = TALK.scored(rubric(tmp_path, item("said: {none: [{act: goal}]}"))).items
    assert (scored.level, scored.status) == (0, "missed")
    assert scored.reason == "没有可引用的原话作证，不给分"


def test_a_long_utterance_is_quoted_around_the_hit(tmp_path: Path) -> None:
    long = "前面的话" * 40 + "本周五之前完成" + "后面的话" * 40
    scored = Meeting(f"甲 opening {long}").scored(rubric(tmp_path, item("said: {phrase: 本周五之前完成}")))
    quote = scored.items[0].evidence[0].quote
    assert len(quote) == 80
    assert "本周五之前完成" in quote
    assert quote in long


def test_an_unknown_measure_leaves_the_denominator_and_says_so(tmp_path: Path) -> None:
    body = """\
items:
  - {id: A, label: 甲项, why: 试, dimension: content, weight: 40, said: {act: check}}
  - id: B
    label: 乙项
    why: 试
    dimension: content
    weight: 60
    value: {measure: attendance_rate}
    line: [[0, 0], [1, 1]]
"""
    card = TALK.scored(rubric(tmp_path, body))
    assert (card.items[1].status, card.items[1].level) == ("unknown", None)
    assert card.items[1].reason == "没有花名册"
    assert card.energy_score == 100
    assert card.dimensions[Dimension.CONTENT] == (40, 40)


def test_a_measure_that_was_not_taken_is_unknown(tmp_path: Path) -> None:
    (scored,) = TALK.scored(
        rubric(tmp_path, item("value: {measure: check_share}, line: [[0, 0], [1, 1]]"))
    ).items
    assert (scored.status, scored.reason) == ("unknown", "这次没有测「check_share」")


def test_an_item_that_does_not_apply_leaves_the_denominator(tmp_path: Path) -> None:
    scale = "when: {measure: speech_minutes, at_least: 60}, said: {act: check}"
    (scored,) = TALK.scored(rubric(tmp_path, item(scale))).items
    assert (scored.status, scored.level) == ("not_applicable", None)


def test_points_of_other_themes_do_not_count(tmp_path: Path) -> None:
    scale = (
        "points: [{id: a, label: 一, themes: supervisor_lead, said: {act: check}},"
        " {id: b, label: 二, themes: supervisor_coaching, said: {act: goal}}]"
    )
    loaded = rubric(tmp_path, item(scale))
    lead = Meeting("乙 stage_review 见了六个", acts={0: "check"}, theme=Theme.SUPERVISOR_LEAD)
    unknown = Meeting("乙 stage_review 见了六个", acts={0: "check"})
    assert [p.id for p in lead.scored(loaded).items[0].points] == ["a"]
    assert lead.scored(loaded).energy_score == 100
    assert unknown.scored(loaded).items[0].reason == "不知道本次会议的周主题，本项不计分"


def test_why_points_of_a_checklist_are_unknown_is_one_chinese_sentence(tmp_path: Path) -> None:
    made = Meeting("甲 stage_review 好", speakers=False, measures={"attendance_rate": None})
    scale = (
        "points: [{id: a, label: 一, value: {measure: attendance_rate}, line: [[0, 0], [1, 1]]},"
        " {id: b, label: 二, said: {longer: 1, by: host}}, {id: c, label: 三, said: {longer: 1}}]"
    )
    (scored,) = made.scored(rubric(tmp_path, item(scale))).items
    assert scored.reason == "不计“一”：没有花名册；不计“二”：分不清说话人，无法判断谁说的"


def test_a_cap_limits_the_level_and_says_why(tmp_path: Path) -> None:
    scale = "said: {act: check}, caps: [{when: {act: probe}, level: 0.5, reason: 只问不帮}]"
    (scored,) = TALK.scored(rubric(tmp_path, item(scale))).items
    assert (scored.level, scored.reason) == (0.5, "封顶 0.5：只问不帮")


def test_the_suggestion_of_the_level_and_of_every_unmet_point_is_given(tmp_path: Path) -> None:
    scale = (
        "points: [{id: a, label: 一, said: {act: check}, suggestion: 甲。},"
        " {id: b, label: 二, said: {act: goal}, suggestion: 乙。}],"
        " suggestions: [{at_most: 0.2, say: 从头来过。}, {at_most: 0.7, say: 还差一截。}]"
    )
    (scored,) = TALK.scored(rubric(tmp_path, item(scale))).items
    assert scored.suggestion == "还差一截。乙。"
    assert [(p.id, p.met) for p in scored.points] == [("a", True), ("b", False)]


def test_what_was_measured_and_earned_nothing_says_how_far_it_fell_short(tmp_path: Path) -> None:
    scale = "value: {measure: probe_chains}, line: [[4, 0], [8, 1]]"
    (scored,) = TALK.scored(rubric(tmp_path, item(scale))).items
    assert scored.reason == "测得 3，「追问链数」：4 得 0 档、8 得满档，中间按比例"


def test_advice_points_at_what_was_said(tmp_path: Path) -> None:
    """先指出哪一分哪一秒说了哪句话，再说下次怎么做；没有原话可指的只说做法。"""
    made = Meeting(
        "乙 stage_review 在跟进。电话13912345678那户也快了，还有三户要等下个月发了工资再说",
        measures={"accepted_evasions": 1, "vague_share": None},
        acts={0: "evade"},
    )
    scale = (
        "points: [{id: a, label: 一, said: {act: goal}, suggestion: 问到人名为止。, at: accepted_evasions},"
        " {id: b, label: 二, said: {act: goal}, suggestion: 改成日期。, at: vague_share}],"
        " suggestions: [{at_most: 0.5, say: 多问一轮。}]"
    )
    (scored,) = made.scored(rubric(tmp_path, item(scale))).items
    assert scored.suggestion == "多问一轮。00:00 说到「在跟进…」：问到人名为止。改成日期。"


def test_advice_names_the_moment_as_the_report_does(tmp_path: Path) -> None:
    made = Meeting("乙 stage_review 在跟进", measures={"accepted_evasions": 1}, acts={0: "evade"})
    found = made.findings.measures["accepted_evasions"]
    late = replace(found, evidence=tuple(replace(e, start=4503.0) for e in found.evidence))
    made.findings = replace(made.findings, measures={"accepted_evasions": late})
    scale = "said: {act: goal}, suggestions: [{at_most: 0.5, say: 多问一轮。, at: accepted_evasions}]"
    (scored,) = made.scored(rubric(tmp_path, item(scale))).items
    assert scored.suggestion == "1:15:03 说到「在跟进」：多问一轮。"


def talk_of(said: dict[str, float], measures: dict[str, list[int]]) -> Meeting:
    """A review in which each sentence is so surely evasive, and the measures rest on some of them."""
    made = Meeting(*(f"乙 stage_review {each}" for each in said), measures=dict.fromkeys(measures, 1.0))
    at = [
        Evidence(start=u.start, end=u.end, quote=u.text, utterance=i)
        for i, u in enumerate(made.transcript.utterances)
    ]
    made.findings = replace(
        made.findings,
        readings=tuple(UtteranceReading(acts=((Act.EVADE, sure),)) for sure in said.values()),
        measures={
            id: replace(made.findings.measures[id], evidence=tuple(at[i] for i in indices))
            for id, indices in measures.items()
        },
    )
    return made


def test_advice_points_at_what_is_most_surely_meant_and_at_nothing_doubtful(tmp_path: Path) -> None:
    said = {"四十来天吧": 0.4, "在跟进": 0.9}
    scale = "said: {act: goal}, suggestions: [{at_most: 0.5, say: 多问一轮。, at: evasive_share}]"
    (scored,) = talk_of(said, {"evasive_share": [0, 1]}).scored(rubric(tmp_path, item(scale))).items
    assert scored.suggestion == "00:10 说到「在跟进」：多问一轮。"
    (scored,) = talk_of(said, {"evasive_share": [0]}).scored(rubric(tmp_path, item(scale))).items
    assert scored.suggestion == "多问一轮。"


def test_advice_names_what_costs_most_first_three_things_at_most_and_no_passage_twice(tmp_path: Path) -> None:
    made = talk_of({"收到": 0.9}, {"evasive_share": [0], "accepted_evasions": [0]})
    scale = (
        "points: [{id: a, label: 一, weight: 1, said: {act: goal}, suggestion: 甲。},"
        " {id: b, label: 二, weight: 2, said: {act: goal}, suggestion: 乙。, at: evasive_share},"
        " {id: c, label: 三, weight: 3, said: {act: goal}, suggestion: 丙。, at: accepted_evasions},"
        " {id: d, label: 四, weight: 2, said: {act: goal}, suggestion: 丁。}]"
    )
    (scored,) = made.scored(rubric(tmp_path, item(scale))).items
    assert scored.suggestion == "00:00 说到「收到」：丙。乙。丁。"


def test_a_critical_item_fails_the_meeting_and_leaves_the_score(tmp_path: Path) -> None:
    body = (
        item("said: {act: goal}, critical: true").replace("weight: 100", "weight: 10")
        + "  - {id: B, label: 乙项, why: 试, dimension: content, weight: 90, said: {act: check}}\n"
    )
    card = TALK.scored(rubric(tmp_path, body))
    assert [c.id for c in card.criticals] == ["A"]
    assert card.energy_score == 90


def test_a_judged_item_without_a_model_does_not_apply(tmp_path: Path) -> None:
    (scored,) = TALK.scored(rubric(tmp_path, item("judge: {question: 追问够不够深？}"))).items
    assert (scored.status, scored.reason) == ("not_applicable", "没有配置语言模型评审，本项不适用")


def test_the_band_is_tight_when_sure_and_wide_when_not(tmp_path: Path) -> None:
    def half(meeting: Meeting) -> float:
        card = meeting.scored(rubric(tmp_path, item("value: {count: {act: check}}, line: [[0, 0], [2, 1]]")))
        return (card.band[1] - card.band[0]) / 2

    said = "乙 stage_review 见了六个"
    sure = half(Meeting(said, acts={0: "check"}))
    doubtful = half(Meeting(said, acts={0: "check"}, sure=0.7))
    blurred = half(Meeting(said, acts={0: "check"}, measures={"recognition_confidence": 0.5}))
    assert sure == 2
    assert doubtful > sure
    assert blurred == pytest.approx(7)


def test_a_doubt_widens_the_band_and_not_the_score(tmp_path: Path) -> None:
    scale = (
        "value: {measure: probe_chains}, line: [[0, 0], [6, 1]],"
        " doubts: [{when: {fact: speakers_known, is: 'false'}, confidence: 0.6, reason: 分不清说话人}]"
    )
    known = Meeting("甲 opening 好", measures={"probe_chains": 3})
    unknown = Meeting("甲 opening 好", measures={"probe_chains": 3}, speakers=False)
    loaded = rubric(tmp_path, item(scale))
    assert known.scored(loaded).energy_score == unknown.scored(loaded).energy_score == 50
    assert known.scored(loaded).band == (48, 52)
    assert unknown.scored(loaded).band == (30, 70)
    assert unknown.scored(loaded).items[0].reason == "分不清说话人"


def test_an_empty_transcript_scores_zero_with_the_widest_band(tmp_path: Path) -> None:
    loaded = rubric(tmp_path, item("value: {share: {act: check}}, line: [[0, 0], [1, 1]]"))
    card = Meeting().scored(loaded)
    assert (card.energy_score, card.band) == (0, (0, 20))


def test_a_score_is_pinned_to_its_rubric(tmp_path: Path) -> None:
    loaded = rubric(tmp_path, item("said: {act: check}"))
    card = TALK.scored(loaded)
    assert (card.rubric_id, card.rubric_version, card.rubric_hash) == ("trial", "1", loaded.sha256)
