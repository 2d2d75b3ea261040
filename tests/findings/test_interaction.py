"""Who talks and how deep the questions go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.findings.interaction import overlap_share
from qa_pipeline.values.facts import Roster
from tests.findings.dialogue import EMPTY, GOOD, WEEKLY, acted, findings, reading, value

CHAIN = """
stage_review
王建: 李梅，你这周计划见几个客户，见了几个？
李梅: 计划十个，见了四个。
王建: 那没见的六个卡在哪里？
李梅: 三个没约上，还有三个改期了，改到周四。
王建: 改期的是哪三个，叫什么？
李梅: 开药店的周老板，还有刘会计和她表姐。
王建: 周老板上次谈到哪一步了？
李梅: 计划书给过了，年交一万，他要跟爱人商量。
"""


def test_the_host_is_told_by_what_a_host_does() -> None:
    assert findings(GOOD).host == "王建"
    assert reading(EMPTY).host == "王建"


def test_the_host_stands_at_the_hub_even_where_another_talks_more_and_asks_as_much() -> None:
    quiet = """
stage_review
李梅: 我先倒个苦水，这个礼拜我跑了十一家，有九家连门都没让我进，你们说这叫什么事，是不是产品的问题？
王建: 九家里头熟人几家？
李梅: 熟人四家，都说等过了年再看，我还能怎么问，难道逼着人家买？
王建: 赵强，你那边呢？
赵强: 我见了五家，成了一家。
王建: 成的那家怎么谈的？
赵强: 先看他家的旧保单，再说缺口。
李梅: 这个我也看了，看了有什么用，人家不认，你们谁有办法？
王建: 孙丽，你说。
孙丽: 我让客户自己念受益人那一栏，念完他就问了。
王建: 周洁，你那六家呢？
周洁: 六家都约在周四。
李梅: 周四我也有三家，可是谁知道人家在不在，是不是又要白跑一趟？
王建: 白跑的，晚上给我打电话。
"""
    assert reading(quiet).host == "王建"


def test_where_two_talk_alike_nobody_is_the_host() -> None:
    pair = "stage_review\n" + "\n".join(
        f"{name}: 我这边见了{n}个客户，你那边呢？" for n, name in enumerate(["李梅", "赵强"] * 6, 1)
    )
    assert reading(pair).host is None


def test_a_named_host_is_believed() -> None:
    assert findings(GOOD, replace(WEEKLY, host="孙丽")).host == "孙丽"


def test_three_rounds_with_one_person_are_a_probing_chain() -> None:
    found = findings(CHAIN)
    assert value(found, "probe_chains") == 1
    assert value(found, "probe_longest") >= 3
    assert value(findings(CHAIN, speakers=False), "probe_chains") == 1


def test_asking_everybody_one_question_is_no_chain() -> None:
    round_robin = "stage_review\n" + "\n".join(
        f"王建: {name}，你见了几个？\n{name}: 见了{n}个，成了一单。"
        for name, n in (("李梅", "三"), ("赵强", "五"), ("孙丽", "八"), ("周洁", "四"))
    )
    assert value(findings(round_robin), "probe_chains") == 0


def test_evasion_makes_no_chain() -> None:
    vague = """
stage_review
王建: 李梅，你们室现在什么情况？
李梅: 还可以吧，差不多。
王建: 大概差多少？
李梅: 差得不多，没细算。
王建: 那有意思的客户有几个？
李梅: 有那么几个吧，再看看。
王建: 具体什么时候能成？
李梅: 这个不好说，到时候再看。
"""
    found = findings(vague)
    assert value(found, "probe_chains") == 0
    assert value(found, "answers_substance") < 0.35
    assert value(found, "evasive_share") > 0.2


def test_an_evasion_that_nobody_presses_was_let_pass() -> None:
    """最后一句「到时候再看」之后没有人再问，就是放过；再追一句就不算。"""
    asked = "\n".join(
        f"王建: {question}\n李梅: {answer}"
        for question, answer in (
            ("具体什么时候能成？", "这个不好说，到时候再看。"),
            ("那有意思的客户有几个？", "有那么几个吧，再看看。"),
        )
    )
    let_go = findings(f"stage_review\n{asked}\n王建: 嗯，知道了。\n赵强: 我这边FYC六千。")
    pressed = findings(f"stage_review\n{asked}\n王建: 几个是几个？叫什么名字？\n赵强: 我这边FYC六千。")
    passed = {e.quote for e in let_go.measures["accepted_evasions"].evidence}
    assert "有那么几个吧，再看看。" in passed
    assert "这个不好说，到时候再看。" not in passed
    assert "有那么几个吧，再看看。" not in {e.quote for e in pressed.measures["accepted_evasions"].evidence}


def test_shares_of_talk() -> None:
    found = findings("stage_review\n王建: " + "我" * 30 + "\n李梅: " + "好" * 10)
    assert value(found, "top_talk_share") == pytest.approx(0.75)
    assert value(found, "longest_monologue") == pytest.approx(15.0)
    assert 0 < value(found, "turn_entropy") < 1


def test_two_who_talk_and_one_who_looks_in() -> None:
    talk = "stage_review\n" + "王建: 你这个月到底差多少？\n李梅: 差两千八，我晓得的。\n" * 20 + "赵强: 茶好了"
    assert value(findings(talk), "pair_talk_share") == pytest.approx(1 - 3 / 363, abs=0.01)
    assert value(findings(talk), "top_talk_share") == pytest.approx(0.5, abs=0.05)
    assert findings(talk, speakers=False).measures["pair_talk_share"].value is None


def test_one_person_reading_everything() -> None:
    alone = findings("stage_review\n" + "王建: 我给大家念一下数据，期缴保费三十万，达成率百分之五十。\n" * 20)
    assert value(alone, "top_talk_share") == 1.0
    assert value(alone, "turn_entropy") == 0.0


def test_speakers_heard_against_those_present() -> None:
    assert value(findings(GOOD), "speakers_heard") == 4
    assert value(findings(GOOD, replace(WEEKLY, attendees=Roster(count=8))), "speakers_heard_share") == 0.5
    unknown = findings(GOOD, replace(WEEKLY, attendees=None)).measures["speakers_heard_share"]
    assert unknown.value is None
    assert "实到" in unknown.reason


def test_chains_per_unmet_needs_to_know_who_is_below_standard() -> None:
    assert findings(CHAIN.replace("没约上", "约")).measures["probe_chains_per_unmet"].value is None
    named = CHAIN.replace("stage_review\n", "stage_review\n王建: 没达U的两个主管，李梅和赵强。\n")
    assert value(findings(named), "probe_chains_per_unmet") == 0.5


TURNS = """
stage_review
王建: 李梅，你见了几个客户？
李梅: 见了四个，签了一单。
王建: 没见的卡在哪里？
李梅: 改期了，改到周四。
赵强: 我这边见了三个客户。
王建: 好，记下来。
"""


def test_turns_are_measured_by_their_published_definitions() -> None:
    found = findings(TURNS)
    minutes = value(found, "speech_minutes")
    assert value(found, "interactivity") * minutes == pytest.approx(5)  # who speaks changes five times
    assert value(found, "rallies") == 1  # 王建, 李梅, 王建, 李梅
    assert value(found, "patience") == pytest.approx(0.4)  # the pause before each turn of the host
    assert found.measures["patience"].confidence == 0.5  # times are those of a text
    one_voice = findings("stage_review\n" + "王建: 大家听我说，这个月目标是一百万。\n" * 6)
    assert value(one_voice, "interactivity") == 0
    assert value(one_voice, "rallies") == 0
    assert value(one_voice, "turn_entropy") == 0
    assert one_voice.measures["patience"].value is None


def test_time_in_which_three_speak_at_once_counts_once() -> None:
    """王建 0–9, 李梅 5–9, 赵强 6–12, 王建 10–18: two voices or more from 5 to 9 and from 10 to 12."""
    made = acted(("王建", "我先说。"), ("李梅", "我也说。"), ("赵强", "我还说。"), ("王建", "听我说。"))
    times = ((0, 9), (5, 9), (6, 12), (10, 18))
    utterances = tuple(
        replace(u, start=start, end=end) for u, (start, end) in zip(made.utterances, times, strict=True)
    )
    spoken = replace(made, transcript=replace(made.transcript, utterances=utterances))
    assert overlap_share(spoken).value == pytest.approx((4 + 2) / 18)
    together = tuple(replace(u, start=0, end=60) for u in utterances)
    chorus = replace(made, transcript=replace(made.transcript, utterances=together))
    assert overlap_share(chorus).value == 1


def test_without_speakers_turns_are_unknown_and_what_approximates_them_is_unsure() -> None:
    found = findings(CHAIN, speakers=False).measures
    for measure in ("interactivity", "patience", "turn_entropy", "longest_monologue", "overlap_share"):
        assert found[measure].value is None
        assert found[measure].reason
    for measure in ("rallies", "alternation", "probe_chains"):
        assert found[measure].value is not None
        assert found[measure].confidence <= 0.5
