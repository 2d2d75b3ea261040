"""How much of the meeting checks, and last meeting's promises."""

from __future__ import annotations

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


def test_i4_each_promise_of_last_meeting_is_among_the_findings_in_its_order() -> None:
    transcript, chapters = meeting(GOOD)
    before = (promise("给内勤交送训名单和体检报告"), promise("这周见十个老客户"))
    followed = find(transcript, chapters, WEEKLY, commitments_before=before).followed
    assert tuple(one.action for one in followed) == before
    assert followed[0].outcome is Outcome.NOT_MENTIONED
    assert followed[1].evidence
