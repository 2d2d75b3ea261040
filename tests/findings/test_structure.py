"""Chapters: which, how long, in what order (R13, R14)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.values.facts import MeetingFacts
from tests.findings.dialogue import GOOD, MONTHLY, findings, reading, value

LONG = "王建: " + "我们接着说这件事情，" * 14


def chapters(*names: str) -> str:
    return "\n".join(f"{name}\n{LONG}" for name in names)


def test_r14_weekly_review_has_four_chapters() -> None:
    found = findings(chapters("stage_review", "excellence_sharing", "problem_discussion", "next_week_plan"))
    assert value(found, "chapters_present") == 1.0
    assert value(found, "chapter_order") == 1.0


def test_r13_monthly_planning_has_five_chapters() -> None:
    found = findings(chapters("monthly_review", "excellence_sharing", "next_month_plan"), MONTHLY)
    assert value(found, "chapters_present") == pytest.approx(3 / 5)


def test_only_what_is_longer_than_a_labelled_meeting_counts_as_longer() -> None:
    line = "王建: 我们接着说这件事情，"
    short, fourfold = (
        replace(reading("stage_review\n" + f"{line}\n" * lines), misheard=0.0) for lines in (40, 4 * 360)
    )
    assert short.relative_length == 1
    assert fourfold.relative_length == pytest.approx(4**0.75, rel=0.01)
    assert replace(short, misheard=0.2).relative_length == pytest.approx(0.8)


def test_order_is_the_longest_rising_run() -> None:
    found = findings(chapters("excellence_sharing", "stage_review", "problem_discussion", "next_week_plan"))
    assert value(found, "chapter_order") == pytest.approx(3 / 4)


def test_a_chapter_under_a_minute_was_not_held() -> None:
    found = findings(
        chapters("stage_review", "problem_discussion") + "\nnext_week_plan\n王建: 下周大家努力。"
    )
    assert value(found, "chapter_present.next_week_plan") == 0.0
    assert value(found, "chapters_present") == pytest.approx(2 / 4)
    assert 0 < value(found, "chapter_seconds.next_week_plan") < 60


def test_spans_of_a_chapter_that_recurs_add_up() -> None:
    once = value(findings(chapters("stage_review")), "chapter_seconds.stage_review")
    twice = findings(chapters("stage_review", "off_topic", "stage_review"))
    assert value(twice, "chapter_seconds.stage_review") == pytest.approx(2 * once)
    assert value(twice, "chapter_share.off_topic") == pytest.approx(1 / 3, abs=0.02)
    assert value(twice, "largest_chapter_share") == pytest.approx(2 / 3, abs=0.02)


def test_without_a_kind_the_mandated_chapters_are_unknown() -> None:
    found = findings(GOOD, MeetingFacts())
    assert found.measures["chapters_present"].value is None
    assert found.measures["chapter_order"].value is None
    assert value(found, "chapter_present.stage_review") == 1.0
