"""The business calendar against the 480 published vectors (2017-2026) and against its own rules."""

import itertools
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from qa_pipeline.cli import app
from qa_pipeline.compliance.calendar import (
    BaseKind,
    distance,
    is_known,
    merges,
    parse_month,
    slot_for,
    slots,
)
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import MeetingKind, Theme

VECTORS = json.loads((Path(__file__).parent / "calendar_vectors.json").read_text("utf-8"))
THEMES = {
    "LEADER_RUN": Theme.SUPERVISOR_LEAD,
    "COACHING": Theme.SUPERVISOR_COACHING,
    "RECRUIT_CHECK": Theme.RECRUITMENT_REVIEW,
    "MONTH_SPRINT": Theme.MONTH_END_SPRINT,
}
KNOWN_MONTHS = st.tuples(st.integers(2017, 2026), st.integers(1, 12))
WEEKLY, PLANNING = MeetingKind.WEEKLY_REVIEW, MeetingKind.MONTHLY_PLANNING


def named(slot_id: str):
    year, month = int(slot_id[:4]), int(slot_id[5:7])
    return next(slot for slot in slots(year, month) if slot.id == slot_id)


@pytest.mark.parametrize("row", VECTORS["rows"], ids=lambda row: row["slot"])
def test_every_vector(row):
    slot = named(row["slot"])
    first, last = date.fromisoformat(row["earliest"]), date.fromisoformat(row["latest"])
    assert slot.theme == THEMES[row["theme"]]
    assert slot.base == date.fromisoformat(row["base"])
    assert slot.base_kind == BaseKind[row["base_kind"]]
    assert slot.own == (first, last)
    if row["earliest"] in VECTORS["collision_days"]:
        assert slot.collision
    else:
        assert slot.window == (first, last)
    for day in {first, last}:
        assert slot_for(day, slot.kind, slot.theme) == slot


def test_the_vectors_are_all_there():
    assert len(VECTORS["rows"]) == 480


def test_r01_three_reviews_a_month_on_the_8th_15th_and_22nd():
    assert [slot.base.day for slot in slots(2026, 9) if slot.kind == WEEKLY] == [8, 15, 22]


def test_r02_planning_between_the_27th_and_the_months_end():
    assert named("2026-09-MP").window == (date(2026, 9, 27), date(2026, 9, 30))


def test_r02_a_window_without_a_working_day_opens_on_the_working_day_before():
    assert named("2020-01-MP").window == (date(2020, 1, 23), date(2020, 1, 23))
    assert named("2021-02-MP").window == (date(2021, 2, 26), date(2021, 2, 28))


def test_r03_a_statutory_holiday_only_moves_the_meeting_forward():
    slot = named("2025-10-W1")
    assert slot.window == (date(2025, 9, 30), date(2025, 9, 30))
    assert "2025-09-MP" in slot.collision
    assert "两段录音" in slot.collision


def test_r03_two_slots_on_one_working_day_the_later_keeps_it():
    earlier, later = named("2026-02-W2"), named("2026-02-W3")
    assert earlier.window == (date(2026, 2, 13), date(2026, 2, 13))
    assert later.window == (date(2026, 2, 14), date(2026, 2, 14))
    assert slot_for(date(2026, 2, 13), WEEKLY) == earlier
    assert slot_for(date(2026, 2, 14), WEEKLY) == later
    assert slot_for(date(2026, 2, 14), WEEKLY, Theme.SUPERVISOR_COACHING) == earlier
    assert merges(date(2026, 2, 14), earlier)
    assert not merges(date(2026, 2, 14), later)


def test_r04_the_theme_belongs_to_the_slot_not_to_the_week_it_is_held_in():
    held = slot_for(date(2025, 9, 30), WEEKLY)
    assert held is not None
    assert (held.id, held.theme) == ("2025-10-W1", Theme.SUPERVISOR_LEAD)
    assert held.covers == (date(2025, 10, 1), date(2025, 10, 7))


def test_a_day_outside_every_window_belongs_to_the_nearest_slot():
    assert slot_for(date(2026, 9, 10), WEEKLY).id == "2026-09-W1"
    assert slot_for(date(2026, 9, 14), WEEKLY).id == "2026-09-W2"
    assert slot_for(date(2026, 10, 2), PLANNING).id == "2026-09-MP"


def test_an_announced_theme_claims_its_slot_outside_every_window():
    assert slot_for(date(2026, 9, 13), WEEKLY).id == "2026-09-W2"
    assert slot_for(date(2026, 9, 13), WEEKLY, Theme.SUPERVISOR_LEAD).id == "2026-09-W1"


def test_a_year_without_published_holidays_is_unknown_never_guessed():
    assert not is_known(2099)
    assert {slot.base_kind for slot in slots(2099, 3)} == {BaseKind.UNKNOWN}
    assert {slot.window for slot in slots(2099, 3)} == {None}
    assert slot_for(date(2099, 3, 11), WEEKLY) is None
    on_base = slot_for(date(2099, 3, 8), WEEKLY)
    assert on_base is not None
    assert on_base.window is None


@pytest.mark.parametrize(
    ("slot_id", "rules"),
    [
        ("2026-11-W1", {"R14", "R16", "R17", "R20"}),
        ("2026-11-W2", {"R14", "R16", "R17", "R21"}),
        ("2026-11-W3", {"R14", "R16", "R17", "R22"}),
        ("2026-11-MP", {"R13", "R15", "R16", "R17", "R18", "R19", "R23"}),
    ],
)
def test_what_a_slot_must_cover(slot_id, rules):
    assert {requirement.rule for requirement in named(slot_id).requirements} == rules


@given(KNOWN_MONTHS)
def test_windows_are_in_order_never_later_than_the_base_and_never_overlap(month):
    found = slots(*month)
    weekly = [slot for slot in found if slot.kind == WEEKLY]
    for slot in weekly:
        assert slot.earliest <= slot.latest <= slot.base
        assert slot.base - slot.earliest < timedelta(days=11)
    for earlier, later in itertools.pairwise(weekly):
        assert earlier.latest < later.earliest
    assert sorted(slot.id for slot in found) == sorted({slot.id for slot in found})


@given(st.dates(date(2017, 2, 1), date(2026, 11, 30)), st.sampled_from(MeetingKind))
def test_every_day_has_a_nearest_slot_of_its_kind(day, kind):
    slot = slot_for(day, kind)
    assert slot is not None
    assert slot.kind == kind
    others = [s for m in (-31, 0, 31) for s in slots(*_month(day, m)) if s.kind == kind]
    assert distance(day, slot) <= min(distance(day, other) for other in others)


def _month(day: date, shift: int) -> tuple[int, int]:
    moved = day.replace(day=15) + timedelta(days=shift)
    return moved.year, moved.month


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026", "十一月", "1899-01", "2026-11-08", ""])
def test_a_wrong_month_is_refused(text):
    with pytest.raises(InputError, match="月份"):
        parse_month(text)


@pytest.mark.parametrize("text", ["2026-11", "2026-1", "2026/11", "2026年11月"])
def test_months_as_people_write_them(text):
    assert parse_month(text)[0] == 2026


def test_the_calendar_command_prints_windows_themes_and_duties():
    result = CliRunner().invoke(app, ["calendar", "2026-02"])
    assert result.exit_code == 0
    for words in ("2026-02-W1", "主管领跑周", "02-13", "撞期", "R20", "月末冲刺周"):
        assert words in result.output


def test_the_calendar_command_as_json():
    result = CliRunner().invoke(app, ["calendar", "2026-11", "--json"])
    found = json.loads(result.output)
    assert [slot["id"] for slot in found] == ["2026-11-W1", "2026-11-W2", "2026-11-W3", "2026-11-MP"]
    assert found[0]["earliest"] == "2026-11-06"
    assert found[0]["must_cover"][0]["rule"] == "R14"


def test_the_calendar_command_says_that_a_year_is_unknown_and_what_to_do():
    result = CliRunner().invoke(app, ["calendar", "2099-03"])
    assert result.exit_code == 0
    assert "未知" in result.output
    assert "法定节假日安排尚未收录" in result.output
    assert "pip install -U chinesecalendar" in result.output


def test_the_calendar_command_refuses_a_wrong_month():
    result = CliRunner().invoke(app, ["calendar", "2026-13"])
    assert result.exit_code == 2
    assert "不是有效的月份" in result.output
