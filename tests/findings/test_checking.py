"""How much of the meeting checks, and last meeting's promises."""

from __future__ import annotations

from qa_pipeline.findings import find
from qa_pipeline.values.findings import Action, Evidence
from tests.findings.dialogue import EMPTY, GOOD, MONTHLY, WEEKLY, findings, meeting, value


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
