"""The scorecard on a terminal: complete at 80 columns, readable without colour, never markup."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from qa_pipeline.findings.registry import FAMILIES, specs
from qa_pipeline.report import wording
from qa_pipeline.report.terminal import ACTIONS, render
from qa_pipeline.report.wording import advice, quantity, sentences, standing
from qa_pipeline.values.findings import Action, Evidence
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.scorecard import Critical
from qa_pipeline.values.vocabulary import Chapter, Status
from qa_pipeline.values.written import clock, in_short, points

ALL = ["good", "poor", "monthly", "speakerless", "unscored"]


def shown(inspection: Inspection, *, width: int = 80) -> str:
    out = io.StringIO()
    render(inspection, Console(file=out, width=width, color_system=None))
    return out.getvalue()


def joined(text: str) -> str:
    """The text without its line breaks and indents, as a reader reads it."""
    return "".join(line.strip() for line in text.splitlines())


@pytest.mark.parametrize("which", ALL)
@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(which: str, width: int, request: pytest.FixtureRequest) -> None:
    for line in shown(request.getfixturevalue(which), width=width).splitlines():
        assert cell_len(line) <= width, line


def test_the_score_the_verdict_and_the_three_reasons_come_first(poor: Inspection) -> None:
    head = joined(shown(poor).partition("起止")[0])
    assert f"能量值 {points(poor.scorecard.energy_score)} / 100" in head
    assert "✗ 不合格" in head
    compliance = poor.compliance
    for verdict in (compliance.on_time, compliance.on_roster, compliance.on_quality):
        told = in_short(verdict.reason, poor.scorecard.criticals)
        assert told.replace(" ", "") in head.replace(" ", "")


def test_a_fact_is_not_torn_from_its_name(good: Inspection) -> None:
    lines = shown(good).splitlines()
    assert any("应到 8 人" in line for line in lines)
    assert any("实到 8 人" in line for line in lines)


def test_the_gauge_marks_the_pass_line_and_fills_up_to_the_score(good: Inspection) -> None:
    card = replace(good.scorecard, energy_score=50.0, band=(45.0, 55.0), pass_line=60.0)
    gauge = next(line for line in shown(replace(good, scorecard=card)).splitlines() if line.startswith("0 "))
    assert gauge == f"0 {'█' * 30}{'▒' * 3}{'·' * 3}┃{'·' * 24} 100"


def test_an_unknown_score_is_not_drawn_as_zero(unscored: Inspection) -> None:
    text = shown(unscored)
    assert "能量值 未知 " in text
    assert "┃" not in text


def test_missing_and_doubtful_chapters_are_named(good: Inspection) -> None:
    spans = tuple(
        replace(s, confidence=0.3) for s in good.chapters.spans if s.chapter != Chapter.PROBLEM_DISCUSSION
    )
    text = shown(replace(good, chapters=replace(good.chapters, spans=spans)))
    assert "✗ 缺少章节  问题研讨" in text
    assert "阶段复盘（存疑）" in text


def test_items_show_points_status_and_words_with_their_time(poor: Inspection) -> None:
    text = joined(shown(poor))
    for item in poor.scorecard.items:
        assert f"{item.id} {item.label}" in text
        for piece in item.evidence[:2]:
            assert f"[{clock(piece.start)}]" in text
            assert piece.quote[:8] in text


def test_gates_tell_stopping_from_freezing(good: Inspection) -> None:
    gates = (
        Critical(id="K1", label="时长不足", reason="不到 30 分钟"),
        Critical(id="K6", label="合规红线", reason="说到返佣", review=True),
    )
    text = shown(replace(good, scorecard=replace(good.scorecard, criticals=gates)))
    assert "✗ 一票否决  时长不足：不到 30 分钟" in text
    assert "! 人工复核  合规红线：说到返佣" in text


def test_actions_say_what_was_not_said_and_how_many_more_there_are(good: Inspection) -> None:
    proof = Evidence(start=3723, end=3725, quote="我尽量。", utterance=0)
    action = Action(who="王芳", what=None, due=None, evidence=proof)
    text = shown(replace(good, findings=replace(good.findings, actions=(action,) * (ACTIONS + 3))))
    assert text.count("[1:02:03] 王芳 | 未说 | 未说") == ACTIONS
    assert "其余 3 条" in text


def test_what_is_doubtful_comes_after_what_is_surely_promised(good: Inspection) -> None:
    proof = Evidence(start=65, end=70, quote="我写十万。", utterance=0)
    doubtful = Action(who="王芳", what="写十万", due=None, evidence=proof, confidence=0.3)
    sure = replace(doubtful, what="见三户", confidence=0.8)
    text = shown(replace(good, findings=replace(good.findings, actions=(doubtful, sure))))
    assert text.index("见三户 | 未说") < text.index("写十万 | 未说（不一定是承诺，请先听）")


def test_c3_figures_that_differ_are_told_and_the_others_counted(
    good: Inspection, checked: Inspection
) -> None:
    told = joined(shown(checked)).replace(" ", "")
    assert "数字核对对上1个，与系统不符1个" in told
    assert "≠[02:05]王芳霞期缴保费：会上说320万元，系统300万元（截至04-07），多说20万元" in told
    assert "芳霞期缴三百二十万" in told
    assert "数字核对" not in shown(good)


def test_i4_each_earlier_commitment_has_its_outcome_and_its_words(
    good: Inspection, followed: Inspection
) -> None:
    told = joined(shown(followed)).replace(" ", "")
    assert "上次承诺共4条：兑现1，未兑现1，说不清1，没有提到1" in told
    assert "✓兑现陪访五户|王芳霞|2026-04-03" in told
    assert "✗未兑现交名单|王芳霞|周五" in told
    assert "[01:05]“名单还没有交。”" in told
    assert "13812345678" not in told
    assert "上次承诺共" not in shown(good).replace(" ", "")


def test_what_people_said_is_never_read_as_markup(good: Inspection) -> None:
    hostile = "[/red][bold]x[link=http://x]y"
    item = replace(good.scorecard.items[0], label=hostile, reason=hostile)
    told = replace(
        good,
        facts=replace(good.facts, institution=hostile, host=hostile),
        scorecard=replace(good.scorecard, items=(item,)),
        warnings=(hostile,),
    )
    assert shown(told, width=120).count(hostile) >= 5


def test_personal_numbers_are_masked(good: Inspection) -> None:
    text = shown(replace(good, warnings=("打13812345678",)))
    assert "138****5678" in text


# ---------------------------------------------------------------- wording


def test_measures_read_in_their_unit_and_unknown_as_unknown() -> None:
    assert quantity(None, "share") == "未知"
    assert quantity(float("nan"), "count") == "未知"
    assert quantity(9.999, "hours") == "10:00"
    assert quantity(1.0, "0/1") == "是"
    assert quantity(12.0, "per 10 minutes") == "12 次／10 分钟"
    assert quantity(3.27, "per minute") == "3.2 次／分钟"
    assert quantity(7.0, "dB") == "7 分贝"
    assert quantity(4.0, "per 1000 characters") == "4 句／千字"
    assert quantity(1.5, "ratio") == "1.5 倍"


def test_every_measure_reads_in_its_unit() -> None:
    written = {"0/1", "share", "strength", "seconds", "hours"}
    assert {spec.unit for spec in specs()} <= written | set(wording.UNITS)


def test_every_family_of_measures_has_its_title_in_the_report() -> None:
    assert set(wording.FAMILIES) == set(FAMILIES)


def test_a_critical_tells_its_reason_once(poor: Inspection) -> None:
    """Beside its own line the reason of the verdict only names it."""
    gate = poor.scorecard.criticals[0]
    whole = poor.compliance.on_quality.reason
    assert f"{gate.label}：{gate.reason.rstrip('。')}" in whole
    said = in_short(whole, poor.scorecard.criticals)
    assert gate.label in said
    assert gate.reason.rstrip("。") not in said


def test_advice_is_what_failed_then_what_costs_most(poor: Inspection) -> None:
    found = advice(poor, most=20)
    assert found[0].label == "按人到位"
    gains = [one.gain for one in found if one.gain is not None]
    assert gains == sorted(gains, reverse=True)
    issues = {issue.label for issue in poor.findings.issues}
    assert {one.label for one in found if one.gain is None} - {"按人到位"} <= issues


def test_advice_is_split_into_steps_without_losing_a_word() -> None:
    text = "先报全体。报完问：「哪天去？」再问「见谁」。最后复述"
    assert sentences(text) == ("先报全体。", "报完问：「哪天去？」", "再问「见谁」。", "最后复述")
    assert "".join(sentences(text)) == text


@pytest.mark.parametrize(
    ("band", "status"),
    [((60.0, 70.0), Status.PASS), ((50.0, 59.9), Status.FAIL), ((55.0, 65.0), Status.WARN)],
)
def test_a_score_stands_above_below_or_across_the_line(
    good: Inspection, band: tuple[float, float], status: Status
) -> None:
    assert standing(replace(good.scorecard, band=band)) is status
