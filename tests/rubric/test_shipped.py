"""The shipped rubrics: weights as the rule book has them, a test per content rule and per critical."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.rubric import load_rubric
from qa_pipeline.rubric.examples import run_examples
from qa_pipeline.rubric.linter import lint
from qa_pipeline.values.facts import Roster
from qa_pipeline.values.findings import Evidence, Measurement
from qa_pipeline.values.scorecard import Critical, ItemScore, Point
from qa_pipeline.values.vocabulary import MeetingKind, Theme
from tests.rubric.meeting import Meeting

NAMES = ("weekly_review", "monthly_planning")
GOOD = {
    "speech_minutes": 45.0,
    "speech_share": 0.95,
    "top_talk_share": 0.5,
    "exchange_share": 0.6,
    "compliance_risk": 0.0,
    "domain_density": 0.15,
    "causal_loops": 4.0,
    "chapter_present.stage_review": 1.0,
    "chapter_present.problem_discussion": 1.0,
    "chapter_present.next_week_plan": 1.0,
    "chapter_present.monthly_review": 1.0,
    "chapter_seconds.next_month_plan": 900.0,
    "topic.u_attainment": 0.8,
    "topic.ct": 0.8,
    "topic.training_referral": 0.8,
    "topic.premium_review": 0.8,
}


def meeting(
    name: str, *, theme: Theme | None = Theme.SUPERVISOR_LEAD, say: str = "我们开会", **changed: float | None
) -> Meeting:
    """A meeting with the measures of a sound one, but for what is changed (``__`` stands for a dot)."""
    measures: dict[str, float | None] = dict(GOOD)
    measures.update({key.replace("__", "."): value for key, value in changed.items()})
    made = Meeting(f"甲 stage_review {say}", measures=measures, theme=theme)
    made.facts = replace(made.facts, kind=MeetingKind(name))
    return made


def scored(name: str, id: str, **how: object) -> ItemScore:
    card = meeting(name, **how).scored(load_rubric(name))  # type: ignore[arg-type]
    return next(i for i in card.items if i.id == id)


def points(name: str, id: str, **how: object) -> dict[str, Point]:
    return {p.id: p for p in scored(name, id, **how).points}


def gates(name: str, **how: object) -> dict[str, Critical]:
    card = meeting(name, **how).scored(load_rubric(name))  # type: ignore[arg-type]
    return {c.id: c for c in card.criticals}


# ---------------------------------------------------------------- the frame


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_those_of_the_rule_book(name: str) -> None:
    rubric = load_rubric(name)
    assert {i.id: i.weight for i in rubric.items} == {
        "C1": 14,
        "C2": 12,
        "C3": 6,
        "C4": 4,
        "C5": 4,
        "F1": 10,
        "F2": 6,
        "F3": 8,
        "F4": 3,
        "F5": 3,
        "I1": 10,
        "I2": 6,
        "I3": 6,
        "I4": 5,
        "I5": 3,
    }
    assert [d.weight for d in rubric.dimensions] == [40, 30, 30]
    assert rubric.pass_line == 60


@pytest.mark.parametrize("name", NAMES)
def test_every_item_has_advice_examples_and_no_remark_of_the_linter(name: str) -> None:
    assert lint(load_rubric(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_example_earns_its_level(name: str) -> None:
    outcomes = run_examples(load_rubric(name))
    assert len(outcomes) >= 30
    assert [o for o in outcomes if not o.passed] == []


def test_chapter_points_weigh_as_the_rule_book_has_them() -> None:
    weights = {
        p.id: p.weight for p in next(i for i in load_rubric("weekly_review").items if i.id == "C1").points
    }
    assert weights["review_numbers"] + weights["review_walkthrough"] == 4
    assert weights["sharing_steps"] == 3
    assert weights["discussion_causes"] + weights["discussion_measures"] == 4
    assert weights["next_week_tasks"] == 3


@pytest.mark.parametrize(
    "theme", [Theme.SUPERVISOR_LEAD, Theme.SUPERVISOR_COACHING, Theme.RECRUITMENT_REVIEW]
)
def test_theme_points_weigh_12_in_every_week(theme: Theme) -> None:
    item = next(i for i in load_rubric("weekly_review").items if i.id == "C2")
    assert sum(p.weight for p in item.points if theme in p.themes) == 12


# ---------------------------------------------------------------- content rules


def test_r15_the_month_is_reviewed_by_premium_u_and_ct() -> None:
    good = {"topic__premium_review": 1.0, "topic__u_review": 0.6, "topic__ct_review": 0.6}
    met = points("monthly_planning", "C1", **good)
    assert all(met[p].met for p in ("review_premium", "review_u", "review_ct"))
    lacking = points("monthly_planning", "C1", **{**good, "topic__ct_review": 0.0})
    assert lacking["review_ct"].met is False


@pytest.mark.parametrize("name", NAMES)
def test_r16_sharing_needs_steps_that_can_be_followed(name: str) -> None:
    assert points(name, "C1", practice_steps=8.0)["sharing_steps"].met is True
    assert points(name, "C1", practice_steps=1.0)["sharing_steps"].met is False
    assert scored(name, "C4", practice_complete=1.0).level == 1


@pytest.mark.parametrize("name", NAMES)
def test_r17_discussion_needs_causes_and_measures(name: str) -> None:
    met = points(name, "C1", root_causes=12.0, countermeasures=3.0)
    assert met["discussion_causes"].met is True
    assert met["discussion_measures"].met is False


def test_r18_the_plan_needs_income_targets_and_the_activity_calendar() -> None:
    met = points("monthly_planning", "C1", topic__income_target=1.0, topic__activity_calendar=0.0)
    assert met["plan_income"].met is True
    assert met["plan_calendar"].met is False


def test_r19_the_first_week_is_deployed() -> None:
    assert points("monthly_planning", "C1", topic__first_week_plan=1.0)["next_week_tasks"].met is True
    assert points("monthly_planning", "C1", topic__first_week_plan=0.2)["next_week_tasks"].met is False


def test_r20_the_lead_week_needs_u_pvkyc_and_a_model() -> None:
    good = {"topic__u_attainment": 1.0, "topic__pvkyc": 0.8, "topic__benchmark": 1.0}
    assert scored("weekly_review", "C2", **good).level == 1
    assert scored("weekly_review", "C2", **{**good, "topic__pvkyc": 0.0}).level == pytest.approx(7 / 12)
    assert set(points("weekly_review", "C2", **good)) == {"u_reviewed", "pvkyc", "lead_model"}


def test_r20_four_of_the_five_pvkyc_points_are_full_marks() -> None:
    assert points("weekly_review", "C2", topic__pvkyc=0.8)["pvkyc"].met is True
    assert points("weekly_review", "C2", topic__pvkyc=0.2)["pvkyc"].met is False


def test_r21_the_coaching_week_needs_ct_causes_and_a_model() -> None:
    theme = Theme.SUPERVISOR_COACHING
    good = {"topic__ct": 1.0, "topic__ct_cause": 1.0, "topic__root_cause": 1.0, "topic__benchmark": 1.0}
    assert scored("weekly_review", "C2", theme=theme, **good).level == 1
    without = {**good, "topic__ct_cause": 0.0}
    assert scored("weekly_review", "C2", theme=theme, **without).level == pytest.approx(9 / 12)


def test_r22_the_recruitment_week_needs_training_fyc_barriers_and_a_model() -> None:
    theme = Theme.RECRUITMENT_REVIEW
    good = {
        "topic__training_referral": 1.0,
        "topic__new_fyc": 0.5,
        "topic__team_fyc": 0.5,
        "topic__training_barrier": 1.0,
        "topic__root_cause": 1.0,
        "topic__benchmark": 1.0,
    }
    assert scored("weekly_review", "C2", theme=theme, **good).level == 1
    without = {**good, "topic__new_fyc": 0.0, "topic__team_fyc": 0.0}
    assert scored("weekly_review", "C2", theme=theme, **without).level == pytest.approx(10 / 12)


def test_r23_the_month_is_reviewed_planned_and_its_first_week_deployed() -> None:
    theme = Theme.MONTH_END_SPRINT
    good = {
        "topic__premium_review": 1.0,
        "topic__u_review": 0.6,
        "topic__ct_review": 0.6,
        "topic__decomposition": 0.8,
        "topic__calendar_elements": 0.9,
        "planned_actions": 34.0,
    }
    assert scored("monthly_planning", "C2", theme=theme, **good).level == 1
    without = {**good, "planned_actions": 0.0}
    assert scored("monthly_planning", "C2", theme=theme, **without).level == pytest.approx(9 / 12)


def test_r24_the_opening_states_theme_goal_and_agenda() -> None:
    assert scored("weekly_review", "F4", opening_goal=2 / 3).level == pytest.approx(2 / 3)


def test_r25_seven_tenths_of_the_review_is_checking() -> None:
    assert scored("weekly_review", "F3", check_share=0.7).level == 1
    assert scored("weekly_review", "F3", check_share=0.9).level == 1
    assert scored("weekly_review", "F3", check_share=0.05).level == 0


def test_r26_actions_need_who_what_and_when() -> None:
    assert scored("weekly_review", "C5", complete_actions=20.0, commitment_completeness=0.95).level == 1
    promised = scored("weekly_review", "C5", complete_actions=1.0, commitment_completeness=0.9)
    assert (promised.level, promised.reason) == (0, "封顶 0：人、事、期限齐全的行动项不到两条")


def test_chapters_that_are_only_read_out_earn_half() -> None:
    read = scored("weekly_review", "F1", chapters_held=1.0, exchange_share=0.1)
    assert (read.level, read.reason) == (0.5, "封顶 0.5：章节有名无实，全程念稿，没有追问和研讨")


def test_the_month_takes_its_time_for_a_plan_that_holds_something() -> None:
    times = {"chapter_share__next_month_plan": 0.4, "largest_chapter_share": 0.4, "exchange_share": 0.6}
    assert scored("monthly_planning", "F3", chapter_substance__next_month_plan=0.8, **times).level == 1
    assert scored("monthly_planning", "F3", chapter_substance__next_month_plan=0.2, **times).level == 0.5


@pytest.mark.parametrize("name", NAMES)
def test_chapters_count_by_what_is_in_them_and_by_their_order(name: str) -> None:
    for item, measure in (("F1", "chapters_held"), ("F2", "chapters_in_order")):
        assert scored(name, item, **{measure: 1.0}).level == 1
        level = scored(name, item, **{measure: 0.4}).level
        assert level is not None
        assert level < 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "sign",
    [{"off_topic_share": 0.85}, {"domain_density": 0.01}, {"neither_kind": 0.96}],
    ids=["off topic", "another trade", "another kind by its words"],
)
def test_a_meeting_of_another_kind_earns_two_to_four_tenths_at_most_and_fails(
    name: str, sign: dict[str, float]
) -> None:
    rubric = load_rubric(name)
    full = dict.fromkeys(("opening_goal", "closing_summary", "chapters_held", "commitments_firm"), 1.0)
    ours, other = meeting(name, **full).scored(rubric), meeting(name, **full, **sign).scored(rubric)
    assert {c.id: c.review for c in other.criticals} == {"K3": False}
    most = dict.fromkeys(("F4", "F5"), 1.0) | dict.fromkeys(("C5", "I1", "I2", "I3", "I4", "I5"), 0.4)
    assert any((i.level or 0.0) > most.get(i.id, 0.2) for i in ours.items)
    assert all((i.level or 0.0) <= most.get(i.id, 0.2) for i in other.items)
    assert other.energy_score <= 40


@pytest.mark.parametrize("name", NAMES)
def test_k7_a_meeting_that_may_be_of_another_kind_counts_as_filed_and_a_person_is_asked(name: str) -> None:
    rubric = load_rubric(name)
    ours, doubtful = meeting(name).scored(rubric), meeting(name, neither_kind=0.85).scored(rubric)
    assert {c.id: c.review for c in doubtful.criticals} == {"K7": True}
    assert doubtful.energy_score == ours.energy_score
    assert gates(name, neither_kind=0.7) == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("expected", "present", "talk", "closed"),
    [
        (2, 2, {"pair_talk_share": 0.97, "top_talk_share": 0.55}, {"K3"}),
        (2, 4, {"pair_talk_share": 0.87, "top_talk_share": 0.45}, {"K3"}),
        (9, 8, {"pair_talk_share": 0.97, "top_talk_share": 0.55}, set()),
        (3, 3, {"pair_talk_share": 0.8, "top_talk_share": 0.5}, set()),
        (2, 2, {"pair_talk_share": None, "top_talk_share": None}, set()),
    ],
    ids=["two", "two, and two who look in", "voices not told apart", "three who talk", "voices not known"],
)
def test_k3_a_talk_between_two_is_no_meeting(
    name: str, expected: int, present: int, talk: dict[str, float | None], closed: set[str]
) -> None:
    made = meeting(name, **talk)
    made.facts = replace(
        made.facts, expected_attendees=Roster(count=expected), attendees=Roster(count=present)
    )
    assert {c.id for c in made.scored(load_rubric(name)).criticals} == closed


def test_an_outside_excuse_limits_the_causal_loop() -> None:
    loops = {"causal_loop_rate": 1.0, "causal_loops": 14.0, "commitments_firm": 25.0}
    assert scored("weekly_review", "I3", external_share=0.0, **loops).level == 1
    assert scored("weekly_review", "I3", external_share=0.5, **loops).level == 0.5


def test_without_speakers_participation_is_read_from_question_and_answer() -> None:
    made = meeting("weekly_review", alternation=0.5, speakers_heard_share=None, host_talk_share=None)
    alone = Meeting("甲 stage_review 我们开会", measures={"alternation": 0.5}, speakers=False)
    rubric = load_rubric("weekly_review")
    known = next(i for i in made.scored(rubric).items if i.id == "I2")
    unknown = next(i for i in alone.scored(rubric).items if i.id == "I2")
    assert "alternating" not in {p.id for p in known.points}
    assert (round(unknown.level or 0, 2), unknown.confidence) == (0.93, 0.5)
    assert "把握低" in unknown.reason


# ---------------------------------------------------------------- criticals


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_meeting_meets_no_gate(name: str) -> None:
    assert gates(name) == {}


@pytest.mark.parametrize("name", NAMES)
def test_k1_a_meeting_of_thirty_minutes_fails(name: str) -> None:
    assert set(gates(name, speech_minutes=30.0)) == {"K1"}
    assert gates(name, speech_minutes=30 + 1 / 60) == {}


@pytest.mark.parametrize("chapter", ["stage_review", "problem_discussion", "next_week_plan"])
def test_k2_a_weekly_review_needs_its_chapters(chapter: str) -> None:
    assert set(gates("weekly_review", **{f"chapter_present__{chapter}": 0.0})) == {"K2"}


def test_k2_a_problem_worked_out_office_by_office_within_the_review_is_discussed() -> None:
    assert gates("weekly_review", chapter_present__problem_discussion=0.0, causal_loops=8.0) == {}


@pytest.mark.parametrize("chapter", ["stage_review", "problem_discussion", "next_week_plan"])
def test_k2_a_chapter_held_in_name_only_is_lacking(chapter: str) -> None:
    assert set(gates("weekly_review", **{f"chapter_substance__{chapter}": 0.0})) == {"K2"}
    assert gates("weekly_review", **{f"chapter_substance__{chapter}": 0.5}) == {}


def test_k2_a_month_planned_without_income_targets_or_calendar_is_not_planned() -> None:
    assert set(gates("monthly_planning", chapter_substance__next_month_plan=0.1)) == {"K2"}
    assert gates("monthly_planning", chapter_substance__next_month_plan=0.4) == {}


def test_k2_a_weekly_review_may_lack_the_sharing() -> None:
    assert gates("weekly_review", chapter_present__excellence_sharing=0.0) == {}


def test_k2_a_month_needs_its_review_and_two_minutes_of_plan() -> None:
    assert set(gates("monthly_planning", chapter_present__monthly_review=0.0)) == {"K2"}
    assert set(gates("monthly_planning", chapter_seconds__next_month_plan=100.0)) == {"K2"}


def test_k3_a_meeting_off_its_theme_fails_whatever_its_score() -> None:
    off = gates("weekly_review", topic__u_attainment=0.0, topic__pvkyc=0.0, topic__benchmark=0.0)
    assert set(off) == {"K3"}


def test_k3_is_silent_when_the_theme_is_unknown() -> None:
    assert gates("weekly_review", theme=None) == {}


@pytest.mark.parametrize("name", NAMES)
def test_k3_a_meeting_of_another_trade_fails_whatever_its_theme(name: str) -> None:
    assert set(gates(name, theme=None, domain_density=0.01)) == {"K3"}


@pytest.mark.parametrize("name", NAMES)
def test_k4_a_recording_without_speech_or_with_repeats_fails(name: str) -> None:
    assert set(gates(name, speech_share=0.49)) == {"K4"}
    assert set(gates(name, repetition_share=0.4)) == {"K4"}


@pytest.mark.parametrize("name", NAMES)
def test_k5_one_voice_throughout_fails(name: str) -> None:
    assert set(gates(name, top_talk_share=0.96)) == {"K5"}
    assert gates(name, top_talk_share=0.9) == {}


@pytest.mark.parametrize("name", NAMES)
def test_k6_a_red_line_freezes_the_verdict_for_a_person(name: str) -> None:
    crossed = gates(name, say="这单给客户返佣两个点")
    assert set(crossed) == {"K6"}
    assert crossed["K6"].review is True
    assert crossed["K6"].evidence[0].quote == "这单给客户返佣两个点"


@pytest.mark.parametrize("name", NAMES)
def test_k6_is_silent_when_the_red_line_is_taught(name: str) -> None:
    assert gates(name, say="严禁返佣，也不得代签名") == {}


def test_a_single_doubtful_risk_measure_does_not_freeze() -> None:
    assert gates("weekly_review", compliance_risk=1.0) == {}
    assert set(gates("weekly_review", compliance_risk=2.0)) == {"K6"}


def test_measurements_carry_the_proof_into_the_card() -> None:
    made = meeting("weekly_review")
    proof = Evidence(start=3.0, end=4.0, quote="我们开会", utterance=0)
    measures = {**made.findings.measures, "probe_chains": Measurement(id="x", value=6, evidence=(proof,))}
    made.findings = replace(made.findings, measures=measures)
    card = made.scored(load_rubric("weekly_review"))
    assert proof in next(i for i in card.items if i.id == "I1").evidence
