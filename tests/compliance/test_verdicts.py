"""The three verdicts, rule by rule (R1-R12, R24), and the overall verdict."""

from dataclasses import replace
from datetime import date, datetime, time

import pytest

from qa_pipeline.compliance.calendar import LIBRARY_ALONE, ImportedDays
from qa_pipeline.compliance.verdicts import coverage, inspection_rate, judge
from qa_pipeline.rubric import diff
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.findings import Findings, Measurement
from qa_pipeline.values.recording import Recording, RecordingPart
from qa_pipeline.values.scorecard import Critical, Scorecard
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Dimension, MeetingKind, Status, Theme, Verdict

PEOPLE = ("王芳", "李军", "赵琴", "杨平", "何梅", "张斌", "陈静", "刘洋", "周敏", "吴刚", "郑丽")
FACTS = MeetingFacts(
    kind=MeetingKind.WEEKLY_REVIEW,
    meeting_date=date(2026, 9, 8),
    start_time=time(9, 0),
    theme=Theme.SUPERVISOR_LEAD,
    host="马国栋",
    admin_manager="马国栋",
    expected_attendees=Roster(count=11, names=PEOPLE),
    attendees=Roster(count=11, names=PEOPLE),
    prepared_at=datetime(2026, 9, 7, 18, 0),
    meeting_minutes=60.0,
)
SCORE = Scorecard(
    energy_score=72.0,
    band=(70.0, 74.0),
    pass_line=60.0,
    dimensions={Dimension.CONTENT: (30.0, 40.0)},
    items=(),
    criticals=(),
    rubric_id="weekly_review",
    rubric_version="1",
    rubric_hash="0",
)
TRANSCRIPT = Transcript(utterances=(), duration=3600.0, engine="test")


def recorded(minutes: float) -> Recording:
    part = RecordingPart(
        path="a.m4a",
        sha256="0",
        start=0.0,
        duration=minutes * 60,
        container="m4a",
        codec="aac",
        sample_rate=16000,
        channels=1,
    )
    return Recording(parts=(part,), duration=part.duration, sha256="0")


def spoke(minutes: float | None) -> Findings:
    measure = Measurement(id="speech_minutes", value=minutes, reason="" if minutes else "没有时间信息")
    return Findings(
        readings=(),
        measures={"speech_minutes": measure},
        host=None,
        practices=(),
        issues=(),
        actions=(),
        reader="test",
    )


def judged(facts=FACTS, *, recording=None, minutes=58.0, score=SCORE, imported=LIBRARY_ALONE):
    return judge(
        facts,
        recording=recording or recorded(60),
        transcript=TRANSCRIPT,
        findings=spoke(minutes),
        scorecard=score,
        imported=imported,
    )


def on(day: date, **changes):
    return judged(replace(FACTS, meeting_date=day, theme=None, prepared_at=None, **changes)).on_time


def check(verdict, rule):
    return next(c for c in verdict.checks if c.rule == rule)


def test_a_good_meeting_qualifies():
    found = judged()
    assert found.slot == "2026-09-W1"
    assert (found.on_time.status, found.on_roster.status, found.on_quality.status) == (Status.PASS,) * 3
    assert found.verdict == Verdict.QUALIFIED


def test_r03_a_year_entered_by_hand_is_judged_like_any_other():
    facts = replace(FACTS, meeting_date=date(2099, 9, 8), theme=None, prepared_at=None)
    found = judged(facts, imported=ImportedDays(years=frozenset({2099})))
    assert found.on_time.status == Status.PASS
    assert found.slot == "2099-09-W1"
    holiday = ImportedDays(years=frozenset({2099}), holidays=frozenset({date(2099, 9, 8)}))
    assert "晚于 2099-09-W1 的最迟日期 2099-09-07" in judged(facts, imported=holiday).on_time.reason


def test_r01_a_review_before_its_window_fails():
    verdict = on(date(2026, 9, 14))
    assert verdict.status == Status.FAIL
    assert "早于 2026-09-W2" in verdict.reason


def test_r02_planning_before_the_27th_fails_while_the_window_has_a_working_day():
    planning = replace(FACTS, kind=MeetingKind.MONTHLY_PLANNING, theme=None, prepared_at=None)
    assert judged(replace(planning, meeting_date=date(2026, 9, 26))).on_time.status == Status.FAIL
    assert judged(replace(planning, meeting_date=date(2026, 9, 27))).on_time.status == Status.PASS
    assert judged(replace(planning, meeting_date=date(2026, 9, 30))).on_time.status == Status.PASS


def test_r03_postponed_fails_and_says_by_how_much():
    verdict = on(date(2026, 9, 10))
    assert verdict.status == Status.FAIL
    assert "晚于 2026-09-W1 的最迟日期 2026-09-08 2 天" in verdict.reason
    assert judged(replace(FACTS, meeting_date=date(2026, 9, 10))).verdict == Verdict.NOT_QUALIFIED


def test_r03_a_holiday_moves_forward_and_not_back():
    assert on(date(2025, 9, 30)).status == Status.PASS
    assert on(date(2025, 10, 8)).status == Status.FAIL
    assert on(date(2025, 10, 9)).status == Status.FAIL


def test_r03_a_plain_weekend_allows_the_day_and_the_working_day_before():
    assert on(date(2026, 11, 8)).status == Status.PASS
    assert on(date(2026, 11, 6)).status == Status.PASS
    assert on(date(2026, 11, 9)).status == Status.FAIL


def test_r03_merged_collision_warns():
    facts = replace(FACTS, meeting_date=date(2026, 2, 14), theme=Theme.SUPERVISOR_COACHING, prepared_at=None)
    found = judged(facts)
    assert found.slot == "2026-02-W2"
    assert found.on_time.status == Status.WARN
    assert "合并" in found.on_time.reason


def test_r03_a_year_without_published_holidays_is_unknown_and_disqualifies_nobody():
    found = judged(replace(FACTS, meeting_date=date(2099, 9, 11), theme=None, prepared_at=None))
    assert found.slot is None
    assert found.on_time.status == Status.UNKNOWN
    assert "2099 年的法定节假日安排尚未收录" in found.on_time.reason
    assert found.verdict == Verdict.QUALIFIED


def test_r04_another_theme_than_the_slots_warns():
    found = judged(replace(FACTS, theme=Theme.RECRUITMENT_REVIEW))
    assert found.slot == "2026-09-W1"
    assert found.on_time.status == Status.WARN
    assert "应为“主管领跑周”" in found.on_time.reason


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (time(11, 59), Status.PASS),
        (time(12, 0), Status.PASS),
        (time(17, 0), Status.PASS),
        (time(17, 1), Status.WARN),
    ],
)
def test_r05_start_before_noon_preferred_by_17_right_later_warned(start, status):
    found = check(on(date(2026, 9, 8), start_time=start), "R5")
    assert found.status == status
    assert ("12:00 前召开为佳" in found.reason) == (start < time(12))


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(29.9, Status.FAIL), (30.0, Status.FAIL), (30 + 1 / 60, Status.PASS), (62.0, Status.PASS)],
)
def test_r06_strictly_longer_than_30_minutes(minutes, status):
    found = judged(minutes=minutes)
    assert check(found.on_time, "R6").status == status
    assert found.on_time.status == status


def test_r06_exactly_30_minutes_reads_so():
    assert "30:00，" in judged(minutes=30.0).on_time.reason


def test_r06_unknown_length_leaves_the_verdict_unknown():
    found = judged(minutes=None)
    assert found.on_time.status == Status.UNKNOWN
    assert "没有时间信息" in found.on_time.reason
    assert found.verdict == Verdict.QUALIFIED


@pytest.mark.parametrize(("minutes", "status"), [(57.0, Status.PASS), (56.9, Status.FAIL)])
def test_r07_the_recording_covers_95_percent(minutes, status):
    assert check(judged(recording=recorded(minutes)).on_time, "R7").status == status


def test_r07_unknown_without_the_meetings_length():
    found = judged(replace(FACTS, meeting_minutes=None)).on_time
    assert check(found, "R7").status == Status.UNKNOWN
    assert found.status == Status.PASS


@pytest.mark.parametrize(
    ("host", "deputies", "status"),
    [
        ("马国栋", (), Status.PASS),
        ("王芳", ("王芳",), Status.WARN),
        ("王芳", (), Status.FAIL),
        (None, (), Status.UNKNOWN),
    ],
)
def test_r08_hosted_by_the_administrative_manager(host, deputies, status):
    assert check(judged(replace(FACTS, host=host, deputies=deputies)).on_roster, "R8").status == status


def test_r08_unknown_manager_is_unknown():
    assert check(judged(replace(FACTS, admin_manager=None)).on_roster, "R8").status == Status.UNKNOWN


def attended(present: int, **changes):
    roster = Roster(count=present, names=PEOPLE[:present])
    return judged(replace(FACTS, attendees=roster, **changes)).on_roster


def test_r09_full_attendance_passes():
    assert attended(11).status == Status.PASS


def test_r09_an_absence_warns_and_names_the_absent():
    verdict = attended(10)
    assert verdict.status == Status.WARN
    assert "参会率 90.9%；缺席：郑丽" in verdict.reason


def test_r09_below_90_percent_fails():
    verdict = attended(9)
    assert verdict.status == Status.FAIL
    assert "缺席：吴刚、郑丽" in verdict.reason


def test_r09_exactly_90_percent_warns():
    facts = replace(FACTS, expected_attendees=Roster(count=10), attendees=Roster(count=9))
    assert judged(facts).on_roster.status == Status.WARN


def test_r09_leave_is_told_apart_and_stays_in_the_denominator():
    verdict = attended(10, on_leave=("郑丽",))
    assert verdict.status == Status.WARN
    assert "郑丽（请假）" in verdict.reason


def test_r09_the_on_site_rate_is_told_apart():
    assert "现场 8 人，现场参会率 72.7%" in attended(11, on_site=8).reason


def test_r09_the_on_site_rate_counts_all_who_were_due():
    told = [check.reason for check in attended(10, on_site=8).checks]
    assert "现场 8 人，现场参会率 72.7%" in told


def test_r09_guests_do_not_replace_the_absent():
    guests = Roster(count=11, names=(*PEOPLE[:8], "客1", "客2", "客3"))
    assert judged(replace(FACTS, attendees=guests)).on_roster.status == Status.FAIL


def test_r09_unknown_roster_is_unknown_and_disqualifies_nobody():
    found = judged(replace(FACTS, expected_attendees=None))
    assert found.on_roster.status == Status.UNKNOWN
    assert "未提供应到人数" in found.on_roster.reason
    assert found.verdict == Verdict.QUALIFIED


def test_r10_coverage_names_the_institutions_without_a_valid_meeting():
    found = coverage("2026-09-W1", must_hold=["甲", "乙", "丙", "丁"], held=["甲", "丙", "戊"])
    assert (found.held, found.must_hold, found.rate) == (2, 4, 0.5)
    assert set(found.missing) == {"乙", "丁"}
    assert found.status == Status.WARN
    assert coverage("2026-09-W1", must_hold=["甲"], held=["甲"]).status == Status.PASS
    assert coverage("2026-09-W1", must_hold=[], held=[]).rate is None


@pytest.mark.parametrize(
    ("energy", "status", "verdict"),
    [
        (60.0, Status.PASS, Verdict.QUALIFIED),
        (59.99, Status.FAIL, Verdict.NOT_QUALIFIED),
        (100.0, Status.PASS, Verdict.QUALIFIED),
    ],
)
def test_r11_60_itself_passes(energy, status, verdict):
    found = judged(score=replace(SCORE, energy_score=energy, band=(energy, energy)))
    assert found.on_quality.status == status
    assert found.verdict == verdict


def test_r11_a_score_just_below_never_reads_as_60():
    found = judged(score=replace(SCORE, energy_score=59.999, band=(59.999, 59.999)))
    assert "能量值 59.9，低于" in found.on_quality.reason


def test_r11_the_line_lies_in_the_rubric():
    assert judged(score=replace(SCORE, pass_line=75.0)).verdict == Verdict.NOT_QUALIFIED


def test_r11_a_band_across_the_line_goes_to_a_person():
    found = judged(score=replace(SCORE, energy_score=61.0, band=(57.0, 65.0)))
    assert found.on_quality.status == Status.WARN
    assert "跨合格线" in found.on_quality.reason
    assert found.verdict == Verdict.NEEDS_REVIEW


def test_r11_a_failed_check_stands_whatever_the_band():
    score = replace(SCORE, energy_score=61.0, band=(57.0, 65.0))
    assert judged(minutes=20.0, score=score).verdict == Verdict.NOT_QUALIFIED


def test_r11_a_critical_fails_whatever_the_score():
    stop = Critical(id="K2", label="章节缺失", reason="缺问题研讨")
    found = judged(score=replace(SCORE, energy_score=95.0, band=(93.0, 97.0), criticals=(stop,)))
    assert found.on_quality.status == Status.FAIL
    assert "缺问题研讨" in found.on_quality.reason
    assert found.verdict == Verdict.NOT_QUALIFIED


def test_r11_a_review_critical_freezes_the_result():
    frozen = Critical(id="K6", label="合规红线", reason="提到返佣", review=True)
    found = judged(minutes=20.0, score=replace(SCORE, criticals=(frozen,)))
    assert found.verdict == Verdict.NEEDS_REVIEW
    assert "结论冻结" in found.on_quality.reason


FROZEN = Critical(id="K6", label="合规红线", reason="提到返佣", review=True)
GATE = Critical(id="K5", label="全程宣读", reason="一个人讲了 95% 以上")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"energy_score": 55.0, "band": (53.0, 57.0)},
        {"energy_score": 61.0, "band": (58.0, 64.0)},
        {"criticals": (GATE,)},
        {"criticals": (FROZEN,)},
        {"criticals": (GATE, FROZEN)},
        {"energy_score": 0.0, "band": (0.0, 0.0), "dimensions": {}},
    ],
    ids=["passes", "fails", "straddles", "gate", "frozen", "gate and frozen", "nothing scored"],
)
def test_r11_where_rubrics_are_compared_a_score_means_what_it_means_where_meetings_are_judged(changes):
    card = replace(SCORE, **changes)
    said = {"合格": Verdict.QUALIFIED, "不合格": Verdict.NOT_QUALIFIED, "待人工复核": Verdict.NEEDS_REVIEW}
    assert said[diff.verdict(card)] == judged(score=card).verdict


def test_r11_nothing_scored_is_unknown_and_goes_to_a_person():
    found = judged(score=replace(SCORE, energy_score=0.0, band=(0.0, 0.0), dimensions={}))
    assert found.on_quality.status == Status.UNKNOWN
    assert found.verdict == Verdict.NEEDS_REVIEW


def test_r12_every_meeting_held_is_inspected():
    found = inspection_rate(held=["m1", "m2", "m3"], inspected=["m1", "m3"])
    assert found.missing == ("m2",)
    assert found.rate == pytest.approx(2 / 3)
    assert found.status == Status.WARN
    assert inspection_rate(held=["m1"], inspected=["m1", "m9"]).rate == 1.0
    assert inspection_rate(held=[], inspected=[]).rate is None


@pytest.mark.parametrize(
    ("prepared", "status"),
    [
        (datetime(2026, 9, 8, 8, 59), Status.PASS),
        (datetime(2026, 9, 8, 9, 0), Status.WARN),
        (None, Status.UNKNOWN),
    ],
)
def test_r24_prepared_before_the_start(prepared, status):
    assert check(judged(replace(FACTS, prepared_at=prepared)).on_time, "R24").status == status


def test_nothing_known_is_unknown_with_reasons():
    found = judge(
        MeetingFacts(), recording=None, transcript=TRANSCRIPT, findings=spoke(None), scorecard=SCORE
    )
    assert found.slot is None
    assert found.on_time.status == found.on_roster.status == Status.UNKNOWN
    assert "未提供会议日期" in found.on_time.reason
    assert found.verdict == Verdict.QUALIFIED
