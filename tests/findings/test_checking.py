"""How much of the meeting checks, and last meeting's promises."""

from __future__ import annotations

import re
from time import perf_counter

import pytest

from qa_pipeline.findings import find
from qa_pipeline.findings.following import follow_up
from qa_pipeline.findings.reading import Reading
from qa_pipeline.values.findings import Action, Evidence
from qa_pipeline.values.vocabulary import Act, Outcome
from tests.findings.dialogue import EMPTY, GOOD, MONTHLY, WEEKLY, acted, findings, meeting, value


def promise(what: str) -> Action:
    return Action(who="李梅", what=what, due=None, evidence=Evidence(start=0, end=1, quote=what, utterance=0))


def test_r25_questions_answers_and_discussion_are_checking_and_reading_figures_is_not() -> None:
    assert value(findings(GOOD), "check_share") > 0.4
    assert value(findings(EMPTY), "check_share") < 0.2
    assert value(findings(GOOD, speakers=False), "check_share") > 0.4


def test_r25_applies_to_weekly_reviews_only() -> None:
    found = findings(GOOD, MONTHLY)
    assert found.measures["check_share"].value is None
    assert "月规划会" in found.measures["check_share"].reason
    assert value(found, "exchange_share") > 0.4


def test_off_topic_questions_check_nothing() -> None:
    chat = "off_topic\n" + "王建: 空调修了没有？\n李梅: 没修，说下周三来，要八百块。\n" * 10
    assert value(findings(chat), "check_share") == 0.0


def test_promises_of_last_meeting_are_looked_for_one_by_one() -> None:
    transcript, chapters = meeting(GOOD)
    before = (promise("这周见十个老客户"), promise("采购投影仪幕布"))
    found = find(transcript, chapters, WEEKLY, commitments_before=before)
    assert value(found, "followup_rate") == 0.5
    assert found.measures["followup_rate"].confidence == 1.0


def test_without_the_list_follow_up_is_estimated_and_says_so_by_its_confidence() -> None:
    found = findings(GOOD).measures["followup_rate"]
    assert found.value is not None
    assert found.value > 0
    assert found.confidence < 0.7
    assert value(findings(EMPTY), "followup_rate") == 0.0


REVIEWED = (
    ("王建", "先看数，期缴完成四十三万，比时间慢三个点。", Act.DATA),
    ("王建", "张强，三室差的两个U，人是谁？", Act.ASK),
    ("张强", "小何和老周，小何手里有两家在谈，老周这个月就拜访了三家。"),
    ("王建", "老周三家，是没客户还是没去？", Act.PROBE),
    ("张强", "客户有，他嫌远，都在镇上，来回要两个钟头。"),
    ("王建", "那就一天跑一个方向，回头你跟他排。"),
    ("张强", "行，我今天就跟他排。"),
)
REST = (
    ("王建", "陈敏，你室里的活动率怎么又掉了？", Act.ASK),
    ("陈敏", "上周下了三天雨，人都在家里打电话，拜访就少了。"),
    ("王建", "打电话也行，打了多少？", Act.PROBE),
    ("陈敏", "六个人一共打了一百二，约到十一家。"),
    ("王建", "好，下面排下周的事。"),
)


def told(*lines: tuple[str, str] | tuple[str, str, Act]) -> Reading:
    return acted(*REVIEWED, *lines, *REST)


def test_i4_a_promise_is_kept_not_kept_unclear_or_not_mentioned_each_with_its_words() -> None:
    heard = told(
        ("王建", "李梅，上周说的陪访五户增员对象做得怎么样？", Act.FOLLOWUP),
        ("李梅", "五户都已经陪访完了，记录也交了。"),
        ("王建", "转介绍中心的名单整理好交给内勤的事呢？", Act.FOLLOWUP),
        ("李梅", "名单还没来得及整理，这周忘了。"),
        ("王建", "高端客户的体检预约这件事怎么样？", Act.FOLLOWUP),
        ("李梅", "体检那边我回头再跟您细说吧，差不多。"),
    )
    first = len(REVIEWED)
    expected = {
        "陪访五户增员对象": (Outcome.KEPT, (first, first + 1)),
        "整理转介绍中心的名单交给内勤": (Outcome.NOT_KEPT, (first + 2, first + 3)),
        "高端客户的体检预约": (Outcome.UNCLEAR, (first + 4, first + 5)),
        "采购投影仪幕布": (Outcome.NOT_MENTIONED, ()),
    }
    said = zip(expected, follow_up(heard, [promise(what) for what in expected]), strict=True)
    assert {w: (f.outcome, tuple(e.utterance for e in f.evidence)) for w, f in said} == expected


@pytest.mark.parametrize(
    ("promised", "line", "outcome"),
    [
        ("镇北卖农药的孟老板我十二号去见", "农药店那头我去了，孟老板坐下来听了半个钟头", Outcome.KEPT),
        ("林场十户老客户我挨个走一遍", "林场老客户那边路翻浆了，车进不去，走了六户", Outcome.NOT_KEPT),
        ("我陪小甘走两家装修队", "小甘那边我没陪成，装修队都放假了", Outcome.NOT_KEPT),
        ("养鹿场那张单子我去谈", "养鹿场那张嘛，我下来再细说", Outcome.UNCLEAR),
        ("养鹿场那张单子我去谈", "今天中午食堂吃的是酸菜炖粉条", Outcome.NOT_MENTIONED),
    ],
)
@pytest.mark.parametrize("marks", [True, False], ids=["as written", "no punctuation"])
def test_i4_a_promise_is_known_again_in_other_words(
    promised: str, line: str, outcome: Outcome, marks: bool
) -> None:
    said = line if marks else re.sub("，", "", line)
    (found,) = follow_up(told(("王建", "李梅你呢？", Act.ASK), ("李梅", said)), [promise(promised)])
    assert found.outcome is outcome


def test_i4_who_promised_is_known_by_name_and_another_ones_like_deed_is_not_taken_for_it() -> None:
    promised = "十号之前我见三个老客户"
    heard = told(
        ("王建", "张强，老客户见了几个？", Act.ASK),
        ("张强", "老客户我见了三个，都谈了加保。"),
        ("王建", "李梅呢？", Act.ASK),
        ("李梅", "老客户我就见了一个，孩子生病，没顾上。"),
    )
    (found,) = follow_up(heard, [promise(promised)])
    assert (found.outcome, found.evidence[-1].utterance) == (Outcome.NOT_KEPT, len(REVIEWED) + 3)


def test_i4_a_whole_meeting_in_one_line_is_followed_up_in_time_that_grows_with_its_length() -> None:
    """A text without line breaks is one utterance."""
    line = "小何手里有两家在谈，老周这个月就拜访了三家，见三个老客户的事再说。" * 1000
    began = perf_counter()
    follow_up(told(("李梅", line)), [promise("这周见三个老客户")] * 10)
    assert perf_counter() - began < 10  # it took a minute; a second is enough


def test_i4_where_nothing_is_said_nothing_is_followed_up() -> None:
    silent = acted(("王建", "　"))
    assert [one.outcome for one in follow_up(silent, [promise("见三个老客户")])] == [Outcome.NOT_MENTIONED]
    assert follow_up(silent, []) == ()


def test_i4_each_promise_of_last_meeting_is_among_the_findings_in_its_order() -> None:
    transcript, chapters = meeting(GOOD)
    before = (promise("采购投影仪幕布"), promise("这周见十个老客户"))
    followed = find(transcript, chapters, WEEKLY, commitments_before=before).followed
    assert tuple(one.action for one in followed) == before
    assert followed[0].outcome is Outcome.NOT_MENTIONED
    assert followed[1].evidence
