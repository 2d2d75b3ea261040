"""Deadlines, as said on a Tuesday, a Sunday and at the end of a year."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.findings.dates import DATE, resolve, small_number

TUESDAY = date(2026, 9, 8)
SUNDAY = date(2026, 9, 13)
WEDNESDAY = date(2026, 9, 2)


@pytest.mark.parametrize(
    ("said", "meeting", "day"),
    [
        ("今天下班前", TUESDAY, date(2026, 9, 8)),
        ("今晚", TUESDAY, date(2026, 9, 8)),
        ("今夜", TUESDAY, date(2026, 9, 8)),
        ("明夜", TUESDAY, date(2026, 9, 9)),
        ("明天上午", TUESDAY, date(2026, 9, 9)),
        ("后天之前", TUESDAY, date(2026, 9, 10)),
        ("大后天", TUESDAY, date(2026, 9, 11)),
        ("本周五", TUESDAY, date(2026, 9, 11)),
        ("周三之前", TUESDAY, date(2026, 9, 9)),
        ("周一", TUESDAY, date(2026, 9, 14)),
        ("礼拜天", TUESDAY, date(2026, 9, 13)),
        ("本周五", SUNDAY, date(2026, 9, 18)),
        ("下周三", SUNDAY, date(2026, 9, 16)),
        ("下周三", TUESDAY, date(2026, 9, 16)),
        ("下下周一", TUESDAY, date(2026, 9, 21)),
        ("九月八号", TUESDAY, date(2026, 9, 8)),
        ("十二号之前", TUESDAY, date(2026, 9, 12)),
        ("五号", TUESDAY, date(2026, 10, 5)),
        ("月底前", TUESDAY, date(2026, 9, 30)),
        ("二月底", date(2026, 1, 28), date(2026, 2, 28)),
        ("下个月底", date(2026, 12, 29), date(2027, 1, 31)),
        ("一月五号", date(2026, 12, 29), date(2027, 1, 5)),
        ("三天之内", TUESDAY, date(2026, 9, 11)),
        ("三日内", WEDNESDAY, date(2026, 9, 5)),
        ("三日之内", WEDNESDAY, date(2026, 9, 5)),
        ("三日以内", WEDNESDAY, date(2026, 9, 5)),
        ("三天内", WEDNESDAY, date(2026, 9, 5)),
        ("两周内", WEDNESDAY, date(2026, 9, 16)),
        ("一个礼拜之内", WEDNESDAY, date(2026, 9, 9)),
        ("一个月内", WEDNESDAY, date(2026, 10, 2)),
        ("一个月内", date(2026, 1, 31), date(2026, 2, 28)),
        ("半个月内", WEDNESDAY, date(2026, 9, 17)),
        ("下个月五号之前", WEDNESDAY, date(2026, 10, 5)),
        ("下月五号", date(2026, 12, 29), date(2027, 1, 5)),
        ("下下个月五号", WEDNESDAY, date(2026, 11, 5)),
        ("本月25号", WEDNESDAY, date(2026, 9, 25)),
        ("这个月一号", WEDNESDAY, None),
        ("这个月二号", WEDNESDAY, WEDNESDAY),
        ("十月二号", date(2026, 11, 28), None),
        ("九月底", date(2026, 11, 28), None),
        ("五月一号", date(2026, 11, 28), date(2027, 5, 1)),
        ("三月底", date(2026, 11, 28), date(2027, 3, 31)),
        ("十一月底", date(2026, 11, 30), date(2026, 11, 30)),
        ("十二月二十号", date(2027, 1, 12), None),
        ("二十二号", date(2026, 11, 27), date(2026, 12, 22)),
        ("二十二号", date(2026, 12, 27), date(2027, 1, 22)),
        ("月底", date(2026, 11, 30), date(2026, 11, 30)),
        ("下个月内", date(2026, 12, 27), date(2027, 1, 31)),
        ("二月二十九号", date(2027, 12, 27), date(2028, 2, 29)),
        ("上个月15号", WEDNESDAY, None),
        ("上周三", WEDNESDAY, None),
        ("每天", TUESDAY, None),
        ("散会", TUESDAY, None),
        ("三十一号", date(2026, 9, 8), None),
    ],
)
def test_a_deadline_means_a_day(said: str, meeting: date, day: date | None) -> None:
    found = DATE.search(said)
    assert found
    assert found[0] == said
    assert resolve(found[0], meeting) == day


@pytest.mark.parametrize(
    "said",
    [
        "今晚",
        "明儿个",
        "后天",
        "大后天",
        "当天",
        "下下周一",
        "本周五",
        "这个星期天",
        "上周三",
        "周二",
        "星期三",
        "礼拜六前",
        "下周",
        "九月八号",
        "廿八号",
        "卅号",
        "8日",
        "月底",
        "下个月末",
        "这个月内",
        "本月内",
        "三天内",
        "散会后",
        "会后",
        "开完会",
        "下次会",
        "每天",
        "每周五",
        "十点半",
        "12点半",
        "清明",
        "五一",
        "端午",
        "中秋",
        "国庆",
        "元旦",
        "春节",
        "年底前",
    ],
)
def test_a_deadline_is_found_among_other_words(said: str) -> None:
    found = DATE.search(f"我{said}，把事办完")
    assert found
    assert found[0] == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我下周三个客户都去拜访", ["下周"]),
        ("我本周六件保单", ["本周"]),
        ("这周一个都没送", ["这周"]),
        ("每周五个客户", ["每周"]),
        ("陪访一周三次", []),
        ("那几户我一日走一家", []),
        ("头三日没人来，十二日来了", ["十二日"]),
        ("今夜八点打视频", ["今夜八点"]),
        ("三个名儿今天下午五点前给小齐", ["今天下午五点前"]),
        ("明天五点要求都记住", ["明天"]),
        ("一个礼拜四家", []),
        ("下周三家访", ["下周三"]),
        ("下周五单独谈", ["下周五"]),
        ("周三个人总结", ["周三"]),
        ("领跑周一天一天过", ["周一"]),
    ],
)
def test_a_week_with_a_count_is_no_weekday(text: str, found: list[str]) -> None:
    assert [match[0] for match in DATE.finditer(text)] == found


def test_next_week_with_a_count_is_due_at_its_end() -> None:
    found = DATE.search("我下周三个客户都去拜访")
    assert found
    assert resolve(found[0], WEDNESDAY) == date(2026, 9, 13)


@pytest.mark.parametrize("said", ["今后多打电话", "今年底", "明年三月"])
def test_from_now_on_and_another_year_are_not_today_or_tomorrow(said: str) -> None:
    assert resolve(said, WEDNESDAY) is None


def test_without_a_meeting_date_no_day_is_guessed() -> None:
    assert resolve("本周五", None) is None


@pytest.mark.parametrize(
    "text",
    [
        "百分之四十七点六",
        "三号楼",
        "一点意见",
        "差一点",
        "今后多打电话",
        "今年",
        "如今",
        "三个月以内的新人",
        "入司三个月以内",
    ],
)
def test_what_is_no_deadline(text: str) -> None:
    assert DATE.search(text) is None


@given(st.integers(0, 99))
def test_small_numbers_round_trip(number: int) -> None:
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    said = (
        digits[number]
        if number < 10
        else (digits[tens] if tens > 1 else "") + "十" + (digits[ones] if ones else "")
    )
    assert small_number(said) == number
    assert small_number(str(number)) == number
