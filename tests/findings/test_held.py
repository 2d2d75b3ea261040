"""A chapter counts by what is in it, not by its announcement."""

from __future__ import annotations

import pytest

from qa_pipeline.values.vocabulary import Chapter
from tests.findings.dialogue import EMPTY, GOOD, findings, value

WORK = (Chapter.STAGE_REVIEW, Chapter.EXCELLENCE_SHARING, Chapter.PROBLEM_DISCUSSION, Chapter.NEXT_WEEK_PLAN)


@pytest.mark.parametrize("chapter", WORK)
def test_a_chapter_that_does_its_work_has_substance(chapter: Chapter) -> None:
    name = f"chapter_substance.{chapter.value}"
    assert value(findings(GOOD), name) >= 0.5
    assert value(findings(EMPTY), name) < 0.4


def test_announced_chapters_are_worth_less_than_worked_ones() -> None:
    def long(text: str) -> str:
        return text.replace("。", "。" + "嗯" * 60)

    good, empty = findings(long(GOOD)), findings(long(EMPTY))
    assert value(good, "chapters_present") == value(empty, "chapters_present") == 1
    assert value(good, "chapters_held") > value(empty, "chapters_held") + 0.2
    assert value(good, "chapters_in_order") == pytest.approx(value(good, "chapters_held"))


def test_a_chapter_out_of_its_place_is_held_but_not_in_order() -> None:
    opening, *chapters = GOOD.strip().split("\nstage_review\n")
    body = "stage_review\n" + chapters[0]
    head, plan = body.split("\nnext_week_plan\n")
    moved = f"{opening}\nnext_week_plan\n{plan}\n{head}".replace("。", "。" + "嗯" * 60)
    found = findings(moved)
    assert value(found, "chapters_present") == 1
    assert value(found, "chapters_in_order") < value(found, "chapters_held") - 0.1


def test_evading_while_work_is_planned_counts_as_a_promise_not_made() -> None:
    firm = """
next_week_plan
王建: 李梅，下周见谁，哪天？
李梅: 我周三之前见三个老客户，带保单检视表。
王建: 赵强，你呢？
"""
    evaded = findings(firm + "赵强: 再看看吧，到时候再说。")
    met = findings(firm + "赵强: 我周五之前见五个缘故客户。")
    for name in ("commitment_completeness", "commitments_with_due_share"):
        assert value(evaded, name) <= value(met, name) * 0.6
    assert value(evaded, "vague_share") > value(met, "vague_share")


def test_an_evasion_pressed_into_a_promise_is_forgiven() -> None:
    found = findings(
        """
next_week_plan
王建: 赵强，你下周陪谁，哪天？
赵强: 看客户时间吧，到时候再看。
王建: 先说个日子。
赵强: 那我十七号上午陪小冯去见两个客户。
"""
    )
    assert value(found, "vague_share") == 0
