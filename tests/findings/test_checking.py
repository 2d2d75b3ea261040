"""How much of the meeting checks, and last meeting's promises."""

from __future__ import annotations

import re

import pytest

from qa_pipeline.findings import find
from qa_pipeline.findings.following import follow_up
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
    before = (promise("这周见十个老客户"), promise("给内勤交送训名单和体检报告"))
    found = find(transcript, chapters, WEEKLY, commitments_before=before)
    assert value(found, "followup_rate") == 0.5
    assert found.measures["followup_rate"].confidence == 1.0


def test_without_the_list_follow_up_is_estimated_and_says_so_by_its_confidence() -> None:
    found = findings(GOOD).measures["followup_rate"]
    assert found.value is not None
    assert found.value > 0
    assert found.confidence < 0.7
    assert value(findings(EMPTY), "followup_rate") == 0.0


def test_i4_a_promise_is_kept_not_kept_unclear_or_not_mentioned_each_with_its_words() -> None:
    heard = acted(
        ("王建", "李梅，上周说的陪访五户增员对象做得怎么样？", Act.FOLLOWUP),
        ("李梅", "五户都已经陪访完了。"),
        ("王建", "转介绍中心的名单整理好交给内勤的事呢？", Act.FOLLOWUP),
        ("李梅", "这件事我还没来得及弄，主要是客户一直在外地。"),
        ("王建", "高端客户的体检预约这件事怎么样？", Act.FOLLOWUP),
        ("李梅", "体检中心那边的电话一直占线，等他们回话再说。"),
    )
    expected = {
        "陪访五户增员对象": (Outcome.KEPT, (0, 1)),
        "整理转介绍中心的名单交给内勤": (Outcome.NOT_KEPT, (2, 3)),
        "高端客户的体检预约": (Outcome.UNCLEAR, (4, 5)),
        "采购投影仪幕布": (Outcome.NOT_MENTIONED, ()),
    }
    said = zip(expected, follow_up(heard, [promise(what) for what in expected]), strict=True)
    assert {w: (f.outcome, tuple(e.utterance for e in f.evidence)) for w, f in said} == expected


@pytest.mark.parametrize(
    ("promised", "told", "outcome"),
    [
        ("镇北卖农药的孟老板我十二号去见", "农药店那头我去了，孟老板坐下来听了半个钟头", Outcome.KEPT),
        ("林场十户老客户我挨个走一遍", "林场老客户那边路翻浆了，车进不去，走了六户", Outcome.NOT_KEPT),
        ("我陪小甘走两家装修队", "小甘那边我没陪成，装修队都放假了", Outcome.NOT_KEPT),
        ("养鹿场那张单子我去谈", "养鹿场那张嘛，我下来再细说", Outcome.UNCLEAR),
        ("体检表我印四十份发给大家", "体检表我印了，发了，还差着十来份呢", Outcome.UNCLEAR),
        ("养鹿场那张单子我去谈", "今天中午食堂吃的是酸菜炖粉条", Outcome.NOT_MENTIONED),
    ],
)
@pytest.mark.parametrize("marks", [True, False], ids=["as written", "no punctuation"])
def test_i4_a_promise_is_known_again_in_other_words(
    promised: str, told: str, outcome: Outcome, marks: bool
) -> None:
    rest = ("期缴完成四十三万，比时间慢三个点", "活动率这周掉下来了", "人都去送训了", "下面排下周的事")
    lines = [told, *rest] if marks else [re.sub("，", "", line) for line in (told, *rest)]
    (found,) = follow_up(acted(*(("李梅", line) for line in lines)), [promise(promised)])
    assert found.outcome is outcome


def test_i4_each_promise_of_last_meeting_is_among_the_findings_in_its_order() -> None:
    transcript, chapters = meeting(GOOD)
    before = (promise("给内勤交送训名单和体检报告"), promise("这周见十个老客户"))
    followed = find(transcript, chapters, WEEKLY, commitments_before=before).followed
    assert tuple(one.action for one in followed) == before
    assert followed[0].outcome is Outcome.NOT_MENTIONED
    assert followed[1].evidence
