"""Validity of calendar entries (R30), their loop (R31), rates, the month view and the iCalendar file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from icalendar import Calendar

from models.activities.entry import Entry, LoopPart, missing_platforms, open_parts
from models.activities.ical import calendar_file
from models.activities.month_view import month_view
from models.activities.rates import Turnout
from models.activities.tables import Platform
from models.base import SHANGHAI

NOVEMBER = date(2026, 11, 1)
FULL = Entry(
    code="E1",
    institution_id=7,
    platform=Platform.WARMUP,
    month=NOVEMBER,
    starts_at=datetime(2026, 11, 12, 14, 0, tzinfo=SHANGHAI),
    ends_at=datetime(2026, 11, 12, 16, 0, tzinfo=SHANGHAI),
    place="三楼会议室",
    content="健康讲座",
    audience="中低温客户 20 人",
    goal="升温 8 人",
    preparation="讲师、请柬、礼品",
    process="到场 18 人，讲座 90 分钟",
    feedback="希望再讲一次",
    conclusion="邀约话术有效，礼品偏晚",
)
FIELDS = {
    "starts_at": "时间",
    "place": "地点",
    "content": "内容",
    "audience": "对象",
    "goal": "目标",
    "preparation": "准备",
}


@pytest.mark.parametrize(("field", "label"), FIELDS.items())
def test_r30_an_entry_without_one_of_the_six_fields_is_invalid_and_says_which(field: str, label: str) -> None:
    entry = replace(FULL, **{field: None})
    assert not entry.is_valid
    assert entry.missing == (label,)


def test_r30_a_complete_entry_is_valid_and_blank_text_is_no_text() -> None:
    assert FULL.is_valid
    assert replace(FULL, place="  ", goal="").missing == ("地点", "目标")


def test_r30_each_platform_is_due_once_a_month_and_only_valid_entries_count() -> None:
    entries = [
        FULL,
        replace(FULL, code="E2", platform=Platform.HIGH_VALUE, place=None),
        replace(FULL, code="E3", platform=Platform.HIGH_POTENTIAL, cancelled=True),
        replace(FULL, code="E4", institution_id=8),
        replace(FULL, code="E5", institution_id=8, platform=Platform.HIGH_VALUE),
        replace(FULL, code="E6", institution_id=8, platform=Platform.HIGH_POTENTIAL),
    ]
    assert missing_platforms(entries, [7, 8, 9]) == {
        7: (Platform.HIGH_VALUE, Platform.HIGH_POTENTIAL),
        9: tuple(Platform),
    }


@pytest.mark.parametrize(
    ("lost", "part", "said"),
    [
        ({"goal": None, "place": ""}, LoopPart.PLAN, "规划缺地点、目标"),
        ({"process": None}, LoopPart.EXECUTE, "执行缺活动过程"),
        ({"process": "", "feedback": None}, LoopPart.EXECUTE, "执行缺活动过程、客户反馈"),
        ({"conclusion": None}, LoopPart.REVIEW, "检视缺检视结论"),
    ],
)
def test_r31_a_loop_is_open_while_a_part_is_missing_and_says_which(
    lost: dict[str, str | None], part: LoopPart, said: str
) -> None:
    (open_part,) = open_parts(replace(FULL, **lost))
    assert open_part.part == part
    assert str(open_part) == said


def test_r31_a_loop_with_all_three_parts_is_closed_and_a_cancelled_one_is_not_asked_for() -> None:
    assert open_parts(FULL) == ()
    assert open_parts(replace(FULL, cancelled=True, process=None, conclusion=None)) == ()
    bare = Entry(code="E9", institution_id=7, platform=Platform.WARMUP, month=NOVEMBER)
    assert [part.part for part in open_parts(bare)] == list(LoopPart)


def test_rates_leave_out_what_is_not_known() -> None:
    turnout = Turnout(invited=22, unclear=2, attended=10, signed=3, unmeasured=2, warmed=4)
    assert (turnout.arrival, turnout.conversion, turnout.warming) == (
        Decimal("0.5"),
        Decimal("0.3"),
        Decimal("0.5"),
    )


def test_rates_without_denominator_are_null() -> None:
    nobody = Turnout(invited=5, unclear=5)
    assert (nobody.arrival, nobody.conversion, nobody.warming) == (None, None, None)


def test_the_calendar_file_reads_back_in_shanghai_time_with_stable_ids() -> None:
    stamp = datetime(2026, 11, 1, 9, 0, tzinfo=SHANGHAI)
    entries = [
        FULL,
        replace(FULL, code="E2", cancelled=True, goal=None, ends_at=None, content="沙龙；甜品，茶歇\n第二行"),
        replace(FULL, code="E3", starts_at=None, content=" "),
    ]
    file = calendar_file(entries, name="机构甲 2026-11", stamp=stamp)
    assert [(out.code, out.lacks) for out in file.left_out] == [("E3", ("时间", "内容"))]
    assert file.content == calendar_file(entries[::-1], name="机构甲 2026-11", stamp=stamp).content
    calendar = Calendar.from_ical(file.content)
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["Asia/Shanghai"]
    first, second = calendar.walk("VEVENT")
    assert str(first["uid"]) == "E1@activity.huijian"
    assert first["dtstart"].params["TZID"] == "Asia/Shanghai"
    assert first.decoded("dtstart") == FULL.starts_at
    assert first.decoded("dtend") - first.decoded("dtstart") == timedelta(hours=2)
    assert (str(first["status"]), str(second["status"])) == ("CONFIRMED", "CANCELLED")
    assert str(first["summary"]) == "升温平台：健康讲座"
    assert str(first["location"]) == "三楼会议室"
    assert "准备：讲师、请柬、礼品" in str(first["description"])
    assert str(second["summary"]).endswith("沙龙；甜品，茶歇\n第二行")
    assert "目标" not in str(second["description"])
    assert all(len(line.encode()) <= 75 for line in file.content.decode().split("\r\n"))


def test_the_month_view_lays_entries_on_days_and_marks_business_weeks() -> None:
    view = month_view(
        NOVEMBER,
        [
            replace(FULL, code="E2", starts_at=datetime(2026, 11, 12, 9, 0, tzinfo=SHANGHAI)),
            FULL,
            replace(FULL, code="E3", starts_at=None),
        ],
    )
    assert {len(week) for week in view.weeks} == {7}
    days = [day for week in view.weeks for day in week]
    assert (days[0].day, days[-1].day) == (date(2026, 10, 26), date(2026, 12, 6))
    assert [day.day.day for day in days if day.in_month] == list(range(1, 31))
    assert [day.day.day for day in days if day.in_month and day.starts_week] == [1, 8, 15, 22]
    twelfth = next(day for day in days if day.day == date(2026, 11, 12))
    assert twelfth.business_week == 2
    assert [entry.code for entry in twelfth.entries] == ["E2", "E1"]
    assert [entry.code for entry in view.unscheduled] == ["E3"]


def test_a_month_that_fills_four_rows_has_no_fifth() -> None:
    view = month_view(date(2027, 2, 14), [])
    assert len(view.weeks) == 4
    assert all(day.in_month for week in view.weeks for day in week)
