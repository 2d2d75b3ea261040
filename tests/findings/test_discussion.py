"""Causes and measures, shared practice, recognition, opening and closing, compliance."""

from __future__ import annotations

import pytest

from tests.findings.dialogue import EMPTY, GOOD, findings, value


def test_causes_find_their_measures() -> None:
    found = findings(GOOD)
    assert value(found, "root_causes") >= 2
    assert value(found, "causal_loops") >= 1
    assert value(found, "causal_loop_rate") > 0.3
    assert value(found, "open_causes") == value(found, "root_causes") - value(found, "causal_loops")


def test_blaming_the_market_is_no_root_cause() -> None:
    text = """
problem_discussion
王建: 大家说说为什么没达成？
李梅: 主要是市场不好，客户没钱，银行利率又降了。
赵强: 今年行情确实差，天气又热，老百姓不愿意买。
"""
    found = findings(text)
    assert value(found, "root_causes") == 0
    assert found.measures["causal_loop_rate"].value is None
    assert value(found, "external_share") > 0.5
    assert value(found, "outside_blame") == 2


def test_r16_practice_with_person_doing_steps_and_distillation_is_complete() -> None:
    assert value(findings(GOOD), "practice_complete") >= 0.75
    assert value(findings(EMPTY), "practice_complete") <= 0.25
    assert value(findings(EMPTY), "practice_steps") <= 1


def test_r16_a_moving_story_without_a_move_of_the_trade_is_no_practice() -> None:
    text = """
excellence_sharing
王建: 有请李梅，给大家分享一下。
李梅: 我觉得做保险，最要紧的是一片真心。我在公司八年了，风里来雨里去，苦也吃过，也哭过。
李梅: 有一年冷天，我坐车去看一个客户，路上下大雪。到了她家，她给我倒了一杯热水，我都快哭了。
李梅: 现在每天早上，我都对自己笑一笑，说一声加油，然后就出门了。
王建: 总结一下，大家要学习李梅的这种精神，不怕苦，不怕远。
"""
    assert value(findings(text), "practice_complete") == 0


def test_recognition_names_somebody() -> None:
    assert value(findings(GOOD), "named_recognition") >= 1


def test_r24_opening_says_theme_goal_and_agenda() -> None:
    assert value(findings(GOOD), "opening_goal") == 1.0
    assert value(findings("opening\n王建: 人来了没有？\n李梅: 来了。\n王建: 开始吧。"), "opening_goal") == 0.0


def test_closing_says_what_was_learned_what_changes_and_when_it_is_checked() -> None:
    assert value(findings(GOOD), "closing_summary") >= 2 / 3 - 1e-9
    assert value(findings(EMPTY), "closing_summary") <= 1 / 3 + 1e-9


@pytest.mark.parametrize(
    "said",
    [
        "你就跟客户说这款产品月底就停售，先把保费弄上来",
        "客户要返佣，你就给他返点",
        "头年佣金抹回来一半给客户",
        "我帮客户签字就行了",
        "这个产品稳赚不赔",
    ],
)
def test_words_that_cross_the_line_are_a_lead(said: str) -> None:
    assert value(findings(f"stage_review\n李梅: {said}。"), "compliance_risk") >= 1


@pytest.mark.parametrize(
    "said",
    [
        "再强调一遍，严禁返佣，谁碰谁负责",
        "不许拿停售去催客户，这是红线",
        "绝对不能代签名，发现一个处分一个",
        "正月里返乡的客户多",
        "每年返的钱够他喝早茶",
        "我十六号往后就停了，家里有事",
    ],
)
def test_teaching_the_rule_and_everyday_words_are_no_lead(said: str) -> None:
    assert value(findings(f"stage_review\n王建: {said}。"), "compliance_risk") == 0
