"""Promises: who, what, by when (R26)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from qa_pipeline.findings import commitments
from qa_pipeline.findings.reading import Reading
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.findings.dialogue import EMPTY, GOOD, acted, findings, value


def test_r26_actions_name_who_what_and_when() -> None:
    actions = {a.evidence.quote[:8]: a for a in findings(GOOD).actions}
    lin = next(a for a in findings(GOOD).actions if "没约上的三个见完" in a.evidence.quote)
    assert lin.who == "李梅"
    assert lin.what is not None
    assert lin.due == "周五之前"
    assert lin.due_date == date(2026, 9, 11)
    assert len(actions) >= 3


def test_what_was_not_said_is_none_and_not_guessed() -> None:
    found = findings("next_week_plan\n王建: 李梅，你呢？\n李梅: 我去把周老板的计划书送过去。\n王建: 好。")
    for action in found.actions:
        assert action.due is None
        assert action.due_date is None


def test_a_deadline_in_the_question_belongs_to_the_promise() -> None:
    asked = ("王建", "名单十二号之前交得上来吗？")
    promised = ("李梅", "交得上，我把二十个准客户名单报给你。", Act.COMMIT)
    (action,) = commitments.actions(acted(asked, promised, chapter=Chapter.NEXT_WEEK_PLAN))
    assert (action.due, action.due_date) == ("十二号之前", date(2026, 9, 12))


def test_without_speakers_the_one_who_promises_stays_nameless_but_somebody() -> None:
    found = findings(GOOD, speakers=False)
    mine = next(a for a in found.actions if "没约上的三个见完" in a.evidence.quote)
    assert mine.who == "本人"


def test_weak_words_bind_nobody() -> None:
    good, empty = findings(GOOD), findings(EMPTY)
    assert value(good, "complete_actions") >= 3
    assert value(good, "vague_share") < 0.35
    assert value(empty, "complete_actions") == 0
    assert value(empty, "commitments_firm") == 0


def test_a_vague_promise_is_called_so_and_written_as_a_task_to_confirm() -> None:
    made = acted(
        ("王建", "下周各人报一下。", Act.ASK),
        ("李梅", "我尽量多约几个客户吧。", Act.COMMIT),
        ("赵强", "我周三之前去见刘姐，带检视表。", Act.COMMIT),
        chapter=Chapter.NEXT_WEEK_PLAN,
    )
    vague, firm = commitments.actions(made)
    assert (vague.vague, firm.vague) == (True, False)
    assert vague.task == "李梅，下周，多约几个客户"
    assert firm.task == "赵强，周三之前，周三之前去见刘姐，带检视表"
    alone = ("李梅", "我去把周老板的计划书送过去。", Act.COMMIT)
    (bare,) = commitments.actions(acted(alone, chapter=Chapter.NEXT_WEEK_PLAN))
    assert bare.task == "李梅，（几号之前），去把周老板的计划书送过去"


def test_no_promise_at_all_leaves_the_rates_unknown() -> None:
    found = findings("stage_review\n王建: 我念一下数据，期缴保费三十万。\n王建: 达成率百分之五十。")
    assert value(found, "commitments_count") == 0
    for name in ("commitment_completeness", "vague_share", "commitments_with_due_share"):
        assert found.measures[name].value is None
        assert found.measures[name].reason


@pytest.mark.parametrize("chapter", ["off_topic"])
def test_promises_off_topic_are_no_actions(chapter: str) -> None:
    assert findings(f"{chapter}\n李梅: 我明天上午去把空调滤网拿来换了。").actions == ()


def test_a_meeting_of_another_kind_is_measured_whole_but_leaves_us_no_work() -> None:
    """业委会的会也有追问和安排：测得到，但不是我们的行动项、优秀做法和问题。"""
    talk = "off_topic\n方志平: 电梯的事谁来跑？\n许姐: 我周五之前把三家报价都拿回来。\n"
    found = findings(talk)
    assert found.measures["commitments_count"].value == 1
    assert found.measures["off_topic_share"].value == 1
    assert (found.actions, found.practices) == ((), ())
    assert {issue.id for issue in found.issues} == {"strayed"}
    digressing = findings(talk + "next_week_plan\n" + "李梅: 我周三之前见五个老客户，带检视表。\n" * 2)
    assert [a.who for a in digressing.actions] == ["李梅"] * 2


def test_what_is_listed_is_no_question_and_says_what_was_promised() -> None:
    """六号 alone is no task; with its question it is. 嗯 to nothing in particular is none at all."""
    found = acted(
        ("王建", "二号那家哪天去？", Act.ASK),
        ("李梅", "六号。", Act.COMMIT),
        ("赵强", "那我们一号到三号先干点啥？", Act.COMMIT),
        ("王建", "先不说这个。"),
        ("王建", "我们往下走。"),
        ("李梅", "嗯。", Act.COMMIT),
        ("王建", "好。"),
        ("孙丽", "我周五之前见三家。", Act.COMMIT),
        chapter=Chapter.NEXT_WEEK_PLAN,
    )
    assert [(a.who, a.what, a.due) for a in commitments.actions(found)] == [
        ("李梅", "六号。（答“二号那家哪天去？”）", "六号"),
        ("孙丽", "我周五之前见三家。", "周五之前"),
    ]
    assert len(commitments.promises(found)) == 4


def test_a_long_sentence_says_itself_what_was_promised_and_a_short_one_with_the_words_before() -> None:
    found = acted(
        ("王建", "二号那家哪天去？", Act.ASK),
        ("李梅", "三个名儿今天下午五点前给小齐，少一个都不中。", Act.COMMIT),
        ("王建", "高敏那三家别落下。"),
        ("李梅", "我二号。", Act.COMMIT),
        chapter=Chapter.NEXT_WEEK_PLAN,
    )
    listed = commitments.actions(found)
    assert [a.what for a in listed] == [
        "三个名儿今天下午五点前给小齐，少一个都不中。",
        "我二号。（接“高敏那三家别落下。”）",
    ]
    assert listed[0].task == "李梅，今天下午五点前，三个名儿今天下午五点前给小齐，少一个都不中"


def spoken(said: str, acts: list[tuple[Act, float]]) -> Reading:
    """One utterance that is heard so surely as each act."""
    reading = acted(("李梅", said), chapter=Chapter.NEXT_WEEK_PLAN)
    return replace(reading, readings=(replace(reading.readings[0], acts=tuple(acts)),))


@pytest.mark.parametrize(
    ("said", "acts"),
    [
        ("假如我是客户，您这么一讲，我下周签。", [(Act.COMMIT, 0.9)]),
        ("要是你是客户，下周三给我签单。", [(Act.COMMIT, 0.9)]),
        ("国庆是假期。", [(Act.COMMIT, 0.8)]),
        ("八号是礼拜天，早点到。", [(Act.COMMIT, 0.8)]),
        ("上次说的十号前见六个，我见了四个。", [(Act.FOLLOWUP, 0.7), (Act.COMMIT, 0.5)]),
        ("我每天晚上八点给他发语音，讲今天见了谁。", [(Act.PRACTICE, 0.7), (Act.COMMIT, 0.5)]),
        ("我十八号办一场，叫什么名？", [(Act.COMMIT, 0.6), (Act.ASK, 0.4)]),
        ("二十二号晚上办？", [(Act.COMMIT, 0.6)]),
    ],
)
def test_what_is_supposed_told_or_asked_is_not_listed(said: str, acts: list[tuple[Act, float]]) -> None:
    assert commitments.actions(spoken(said, acts)) == ()


@pytest.mark.parametrize(
    ("said", "acts"),
    [
        ("国庆是假期，我三号去陪老李。", [(Act.COMMIT, 0.8)]),
        ("我扮客户，二号早会带他们对练。", [(Act.COMMIT, 0.8)]),
        ("上次差两个，我十号前补上。", [(Act.COMMIT, 0.8), (Act.FOLLOWUP, 0.5)]),
        ("我二十五号约她喝茶，你有空来吗？", [(Act.COMMIT, 0.8)]),
    ],
)
def test_what_somebody_promises_beside_it_is_listed(said: str, acts: list[tuple[Act, float]]) -> None:
    assert len(commitments.actions(spoken(said, acts))) == 1


def test_an_hour_without_a_day_binds_nobody_but_has_the_day_said_with_it() -> None:
    def due(text: str) -> tuple[str | None, date | None]:
        reading = acted(("李梅", text, Act.COMMIT), chapter=Chapter.NEXT_WEEK_PLAN)
        return next((a.due, a.due_date) for a in commitments.actions(reading))

    assert due("我去见她，她晚上八点半以后有空。") == (None, None)
    assert due("我见了客户当天写记录。") == (None, None)
    assert due("我今天下午七点之前把单子录进去。")[1] == date(2026, 9, 8)
    assert due("我明天早会就盯。")[0] == "明天早会"
    assert due("我三日内回访十个老客户。") == ("三日内", date(2026, 9, 11))
    assert due("我今后每天打五个电话。") == ("每天", None)


@pytest.mark.parametrize(
    "said",
    [
        "我去见隔壁的老彭，他家孩子今年上一年级。",
        "我上午见一个，晚上再约一个有空的，一周六天，都排满。",
        "我去见上个月15号见过的老彭，把计划书送过去。",
    ],
)
def test_this_year_last_month_and_six_days_a_week_are_no_deadline(said: str) -> None:
    (action,) = commitments.actions(acted(("李梅", said, Act.COMMIT), chapter=Chapter.NEXT_WEEK_PLAN))
    assert (action.due, action.due_date) == (None, None)
    assert said[1:].rstrip("。") in action.task
