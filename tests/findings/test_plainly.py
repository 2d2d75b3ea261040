"""What is done without its name: sums worked back, gatherings, lines reached, people sent to class."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.findings import causes, plainly
from qa_pipeline.findings.coverage import triples
from qa_pipeline.findings.mentions import find_mentions
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.findings import dialogue
from tests.findings.dialogue import acted, findings, meeting, reading, value

MONTHLY = replace(dialogue.MONTHLY, host="老康")
WEEKLY = replace(dialogue.WEEKLY, host="老康")

SUMS = """
next_month_plan
老康: 翠芝，下个月你打算挣多少？
翠芝: 一万三。带人的那份两千六，剩一万零四百自己跑，两成算，五万二。
老康: 你一单平常多大？
翠芝: 一万出头，五单。三家里头成一家，十五家。
老康: 顺子呢？
顺子: 我八千就够了，津贴一千，七千自己的，三万五，四单，见二十户。
"""
READ_OUT = """
next_month_plan
老康: 下月收入目标，翠芝一万三，津贴两千六，自己一万零四百，折合保费五万二，五单，拜访十五家。
老康: 顺子八千，津贴一千，自己七千，保费三万五，四单，拜访二十户，请大家认领。
翠芝: 好的。
"""
GATHERINGS = """
next_month_plan
阿坤: 十二号礼拜天上午，河堤下边那块草坪，放风筝，喊带细路的二十五家，顺子管风筝，要留下八家。
老康: 下雨咋办？
阿坤: 下雨改到食堂里头糊灯笼。二十六号晚上，老戏院门口，请十八个手头松的，听一段戏再讲养老，要签三家。
"""


def test_r27_a_sum_of_money_taken_apart_down_to_customers_is_worked_back() -> None:
    sums = plainly.worked_back(reading(SUMS, MONTHLY))
    assert [one.where[0] for one in sums] == [1, 5]
    found = findings(SUMS, MONTHLY)
    assert value(found, "topic.decomposition") >= 0.7
    assert value(found, "topic.income_target") > 0.6


def test_r27_without_speakers_the_sum_is_found_after_its_question() -> None:
    assert plainly.worked_back(reading(SUMS, MONTHLY, speakers=False))


def test_r27_what_the_host_reads_out_about_others_is_not_their_sum() -> None:
    assert plainly.worked_back(reading(READ_OUT, MONTHLY)) == ()


@pytest.mark.parametrize(
    "answer",
    [
        "一万五吧。",
        "一万五，差不多够花了。",
        "一万五，我那个店租一个月三千，娃娃学费两千。",
    ],
)
def test_r27_a_wish_alone_is_not_worked_back(answer: str) -> None:
    text = f"next_month_plan\n老康: 翠芝，下个月你打算挣多少？\n翠芝: {answer}\n老康: 好，下一个。"
    assert plainly.worked_back(reading(text, MONTHLY)) == ()


def test_r30_a_day_a_place_and_guests_by_the_dozen_are_a_gathering() -> None:
    assert plainly.gatherings(reading(GATHERINGS, MONTHLY)) == (0, 2)
    found = findings(GATHERINGS, MONTHLY)
    assert value(found, "topic.activity_calendar") > 0.3
    assert value(found, "topic.calendar_elements") >= 0.8


@pytest.mark.parametrize(
    "visits",
    [
        "我三号去河东，挨家上门问二十户，问完记本子上。",
        "五号我在家打三十个电话，约十家见面。",
        "八号下午我陪顺子去镇上见两家。",
        "下个月搞两场，一场大的一场小的，到时候再定。",
    ],
)
def test_r30_visits_and_intentions_are_no_gathering(visits: str) -> None:
    text = f"next_month_plan\n老康: 你下个月咋安排？\n阿坤: {visits}"
    assert plainly.gatherings(reading(text, MONTHLY)) == ()


def test_r30_a_calendar_read_into_silence_is_no_plan() -> None:
    read_out = "\n".join(
        [
            "next_month_plan",
            "老康: 行事历，升温活动十二号上午在职场，邀请三十户老客户，目标签五件，物料由内勤准备。",
            "老康: 答谢会二十六号在酒店，邀请二十位，目标签八件，各室主管负责。",
            "阿坤: 收到。",
        ]
    )
    assert plainly.gatherings(reading(read_out, MONTHLY)) == ()


@pytest.mark.parametrize(
    "said", ["顺子过线了，翠芝还没到线。", "够线的六个。", "离那条线还差两千。", "大优的九个，要十二个。"]
)
def test_r20_the_line_is_u_by_another_name(said: str) -> None:
    assert "u" in named(said)


@pytest.mark.parametrize(
    "said", ["那个商场大优惠。", "上线看一下直播。", "这条路线不好走。", "离线上课还早。"]
)
def test_r20_other_lines_are_not_u(said: str) -> None:
    assert "u" not in named(said)


def named(said: str) -> set[str]:
    transcript, _ = meeting(f"stage_review\n老康: {said}")
    return {m.name for m in find_mentions(clean(transcript).utterances, WEEKLY)[0]}


def test_c3_what_somebody_counts_of_his_own_needs_no_indicator() -> None:
    text = """
stage_review
老康: 顺子，这几天跑了多少？
顺子: 十四家，坐下来的六家。
老康: 成了几个？
顺子: 成了俩，一个三千六，一个九百。
老康: 那头两天干啥去了？
顺子: 割麦子去了，累得直不起腰。
"""
    assert triples(reading(text, WEEKLY)) == (1, 3)


def test_c3_figures_read_into_silence_are_no_data() -> None:
    text = """
stage_review
老康: 截至七号，期缴保费二十九万，翠芝FYC八千，顺子FYC三千，计划二十访，成交一件。
老康: 一室期缴十二万，差三万，二室期缴九万，差五万。
翠芝: 收到。
"""
    assert triples(reading(text, WEEKLY)) == ()
    taken_up = text.replace("翠芝: 收到。", "顺子: 我那三千是两家，还有一家六号交钱，两千二。")
    assert 1 in triples(reading(taken_up, WEEKLY))


def test_r22_people_sent_to_class_and_what_the_new_ones_earn() -> None:
    text = """
stage_review
老康: 翠芝，月初你说送两个人去上课，进班了没有？
翠芝: 送了一个，开理发店的，十六号进的班；另外一个她婆婆不让来，我没去劝。
老康: 新来的那几个这个月挣了多少？
翠芝: 新来的三个，一个挣了两千一，一个八百，还有一个没开张。
老康: 顺子，你招的人呢？
顺子: 开了四回口，没一个肯来听，我嘴笨，不晓得咋说。
"""
    found = findings(text, WEEKLY)
    assert value(found, "topic.training_referral") > 0.3
    assert value(found, "topic.new_fyc") > 0.3
    assert value(found, "topic.recruits") > 0.3


def test_r22_a_class_at_school_or_a_present_is_no_training() -> None:
    text = """
stage_review
老康: 你老公今天上班没有，孩子进班级群了没？
翠芝: 报了，送了两个红包，送了三个月饼礼盒。
"""
    assert value(findings(text, WEEKLY), "topic.training_referral") == 0.0


def test_r17_a_cause_to_which_nobody_says_anything_counts_half() -> None:
    cause = ("老康", "根子是早会没人盯名单，计划排不出来。", Act.CAUSE)
    silence = acted(cause, ("翠芝", "对。"), chapter=Chapter.PROBLEM_DISCUSSION, facts=WEEKLY, host="老康")
    talk = acted(
        cause,
        ("翠芝", "我那八户名单是上个月抄的，一直没盘。", Act.CAUSE),
        chapter=Chapter.PROBLEM_DISCUSSION,
        facts=WEEKLY,
        host="老康",
    )
    assert causes.root_causes(silence).value == 0.5
    assert causes.root_causes(talk).value == 2.0
