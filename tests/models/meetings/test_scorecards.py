"""Inspection results as versions of a scorecard."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from models.meetings.scorecards import points
from models.meetings.tables import ActionState, FindingKind, FollowUpOutcome
from qa_pipeline.errors import InputError
from qa_pipeline.report.json import to_json
from qa_pipeline.report.wording import advice
from qa_pipeline.values.findings import Action, Evidence
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Status
from tests.models.counting import counting_queries
from tests.models.meetings.room import SEPTEMBER, Room, at

SAID = Evidence(start=10.0, end=12.0, quote="我这周五之前拜访三位客户，电话13812345678", utterance=3)


def agreeing(inspection: Inspection, *actions: tuple[str | None, str | None, date | None]) -> Inspection:
    made = tuple(
        Action(who=who, what=what, due=None, evidence=SAID, due_date=due) for who, what, due in actions
    )
    return replace(inspection, findings=replace(inspection.findings, actions=made))


@pytest.fixture
def held(room: Room) -> Room:
    room.slots.fill_month(SEPTEMBER)
    room.held("M", institution="E4a", start=at(8))
    return room


def test_a_result_is_stored_with_all_its_parts(held: Room, good: Inspection) -> None:
    held.scorecards.store("M", good, made_at=at(9))
    held.house.session.expire_all()
    with counting_queries(held.house.session) as statements:
        card = held.scorecards.current("M")
        assert card is not None
        parts = (card.chapters, card.items, card.findings, card.result)
    assert len(statements) == 5
    compliance = good.compliance
    assert card.energy_score == points(good.scorecard.energy_score)
    assert (card.band_low, card.band_high) == tuple(points(edge) for edge in good.scorecard.band)
    assert (card.verdict, card.on_time, card.on_roster, card.on_quality) == (
        compliance.verdict,
        compliance.on_time.status,
        compliance.on_roster.status,
        compliance.on_quality.status,
    )
    assert card.rubric == f"{good.scorecard.rubric_id}@{good.scorecard.rubric_version}"
    assert [c.chapter for c in parts[0]] == [span.chapter for span in good.chapters.spans]
    assert {item.item for item in parts[1]} == {item.id for item in good.scorecard.items}
    assert parts[3] == to_json(good)


def test_r34_practices_issues_and_advice_are_kept_with_their_proof(held: Room, poor: Inspection) -> None:
    held.scorecards.store("M", poor, made_at=at(9))
    found = held.scorecards.current("M").findings
    practices = [f for f in found if f.kind == FindingKind.PRACTICE]
    issues = [f for f in found if f.kind == FindingKind.ISSUE]
    assert sorted(f.text for f in practices) == sorted(r.label for r in poor.findings.practices)
    assert sorted(f.text for f in issues) == sorted(r.label for r in poor.findings.issues)
    told = [f.text for f in found if f.kind == FindingKind.ADVICE]
    assert told == [one.text for one in advice(poor)], "what is worth most comes first, wherever it was said"
    proven = [r for r in poor.findings.issues + poor.findings.practices if r.evidence]
    assert {r.evidence[0].start for r in proven} <= {f.start for f in found}


def test_r12_a_new_result_becomes_current_and_the_older_is_kept(
    held: Room, good: Inspection, poor: Inspection
) -> None:
    held.scorecards.store("M", poor, made_at=at(9))
    held.scorecards.store("M", good, made_at=at(10))
    held.house.session.expire_all()
    versions = held.scorecards.versions("M")
    assert [(card.version, card.is_current) for card in versions] == [(1, False), (2, True)]
    assert held.scorecards.current("M").id == versions[1].id
    assert versions[0].made_at == at(9)
    assert versions[0].energy_score == points(poor.scorecard.energy_score)


@pytest.mark.parametrize(
    ("score", "kept"),
    [(59.996, "59.99"), (59.99999999999, "60"), (60.0, "60"), (0.0, "0"), (float("nan"), None), (None, None)],
)
def test_r11_a_score_is_rounded_down_so_that_it_never_passes_by_rounding(
    score: float | None, kept: str | None
) -> None:
    assert points(score) == (None if kept is None else Decimal(kept))


def test_what_could_not_be_scored_is_unknown_never_zero(held: Room, good: Inspection) -> None:
    first, *rest = good.scorecard.items
    unknown = replace(first, status="unknown", level=None, score=0.0)
    empty = replace(
        good.scorecard,
        items=(unknown, *rest),
        dimensions=dict.fromkeys(good.scorecard.dimensions, (0.0, 0.0)),
    )
    card = held.scorecards.store("M", replace(good, scorecard=empty), made_at=at(9))
    assert (card.energy_score, card.band_low, card.band_high) == (None, None, None)
    item = next(item for item in card.items if item.item == first.id)
    assert (item.score, item.status) == (None, Status.UNKNOWN)
    assert item.maximum == points(first.max)


def test_an_uninspected_meeting_has_no_scorecard_and_a_planned_one_takes_none(
    held: Room, good: Inspection
) -> None:
    assert held.scorecards.current("M") is None
    assert held.scorecards.versions("M") == ()
    held.meetings.plan("N", institution="E4b", month=SEPTEMBER, slot="W1")
    with pytest.raises(InputError, match="会议 N 未登记召开或已作废"):
        held.scorecards.store("N", good, made_at=at(9))


def test_a_manager_stores_and_reads_only_in_the_own_subtree(held: Room, good: Inspection) -> None:
    west = held.seen_from("WEST").scorecards
    for refused in (
        lambda: west.current("M"),
        lambda: west.versions("M"),
        lambda: west.store("M", good, made_at=at(9)),
    ):
        with pytest.raises(InputError, match="不在您的管辖范围内"):
            refused()


# ---------------------------------------------------------------- the actions it brings


def test_r26_actions_come_with_person_thing_and_date_as_far_as_said(held: Room, good: Inspection) -> None:
    held.house.hire("P", at="E4a")
    held.house.hire("Q", at="E4b")
    done = agreeing(
        good,
        ("人P", "拜访三位客户", date(2026, 9, 11)),
        ("人Q", "约访电话13812345678", None),
        (None, None, None),
    )
    held.scorecards.store("M", done, made_at=at(9))
    first, second, third = held.actions.of_meeting("M")
    assert (first.who, first.what, first.due_on) == ("人P", "拜访三位客户", date(2026, 9, 11))
    assert first.owner_id == held.house.people.get("P").id
    assert (second.who, second.owner_id, second.due_on) == ("人Q", None, None)  # of another institution
    assert "13812345678" not in second.what
    assert (third.who, third.what) == (None, "我这周五之前拜访三位客户，电话138****5678")
    assert {action.state for action in (first, second, third)} == {ActionState.OPEN}


def test_r26_a_name_that_two_people_bear_is_matched_to_neither(held: Room, good: Inspection) -> None:
    for code in ("P", "Q"):
        held.house.hire(code, at="E4a").name = "王芳"
    held.scorecards.store("M", agreeing(good, ("王芳", "拜访", None)), made_at=at(9))
    assert [action.owner_id for action in held.actions.of_meeting("M")] == [None]


def test_r26_a_new_result_replaces_only_actions_that_nobody_touched(held: Room, good: Inspection) -> None:
    held.scorecards.store(
        "M", agreeing(good, *((None, what, None) for what in ("甲", "乙", "丙"))), made_at=at(9)
    )
    first, second, _ = held.actions.of_meeting("M")
    held.actions.confirm(first.code, at=at(9))
    held.held("L", institution="E4a", start=at(15))
    held.actions.follow_up(second.code, meeting="L", outcome=FollowUpOutcome.NOT_MENTIONED)
    held.scorecards.store("M", agreeing(good, (None, "甲", None), (None, "丁", None)), made_at=at(10))
    found = held.actions.of_meeting("M")
    assert [action.what for action in found] == ["甲", "乙", "丁"]
    assert len({action.code for action in found}) == 3
