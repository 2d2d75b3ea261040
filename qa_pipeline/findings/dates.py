# ruff: noqa: E501 - patterns are data and read better on one line
"""Deadlines as people say them (本周五, 周三之前, 月底前, 九月八号, 明天上午) and the day each one means.

A deadline that names no day (每天, 散会后, 下次会) is found but resolves to None: said, not datable.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Final

_NUMERAL: Final = "零一二三四五六七八九十廿卅两0-9"
_PART: Final = "(?:早会|晨会|夕会|一?早上?|上午|中午|下午|晚上?|傍晚|下班|夜里)?"
_END: Final = "(?:之前|以前|前|之内|以内|内)?"
_WEEK: Final = "(?:周|星期|礼拜)"

DATE: Final = re.compile(
    # How any of these begins, looked at first: saves most of the time.
    rf"(?=[{_NUMERAL}\d今明后大当下本这上周星礼月散会开每清端中国元春年])(?:"
    + "|".join(
        (
            rf"(?:今天|今日|今儿个?|今|明天|明日|明儿个?|明(?=早|晚)|后天|大后天|当天){_PART}{_END}",
            rf"(?:(?:下下|下个?|本|这个?|上个?){_WEEK}|{_WEEK})[一二三四五六日天末]{_PART}{_END}",
            rf"(?:下个?|本|这个?){_WEEK}(?:之内|以内|内|里|头|以前|之前|前)?",
            rf"(?:[{_NUMERAL}]{{1,3}}月(?:份)?)?[{_NUMERAL}]{{1,3}}(?:号|日)(?!楼|院|线|店|门|员|机){_PART}{_END}",
            rf"(?:[{_NUMERAL}]{{1,3}}月(?:份)?|本月|这个?月|下个?月|当月|月)(?:底|末){_END}",
            r"(?:下个?月|本月|这个?月)(?:内|里|之前|前)",
            rf"[{_NUMERAL}]{{1,3}}天(?:之内|以内|内)",
            r"(?:散会|会后|开完会|下次会|下回会|下个会)(?:之?前|以后|后|上)?",
            rf"每(?:天|日|晚|{_WEEK}[一二三四五六日天]?|个?(?:星期|礼拜|月))",
            rf"(?<![{_NUMERAL}十百千万])(?:[一二两三四五六七八九]|十[一二]?|\d{{1,2}})点(?:半|钟|[{_NUMERAL}]+分|前|之前|以前)",
            r"清明|五一|端午|中秋|国庆|元旦|春节|年底" + _END,
        )
    )
    + ")"
)
"""What counts as a deadline or a time of doing; matched on text without changing it."""

_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_WEEKDAYS: Final = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6, "末": 5}


def small_number(text: str) -> int | None:
    """十二 → 12, 廿八 → 28, 31 → 31; None when it is no number below one hundred."""
    if text.isdigit():
        return int(text)
    text = text.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = text.rpartition("十")
    if ten:
        if (tens and tens not in _DIGITS) or (ones and ones not in _DIGITS):
            return None
        return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    return _DIGITS.get(text)


def resolve(said: str, meeting: date | None) -> date | None:
    """The day that ``said`` means in a meeting held on ``meeting``; None where it names no day.

    A bare or this-week weekday that has passed means the coming one: 本周五 said on a Sunday is five days
    ahead. 下周X is always in the next Monday-to-Sunday week. A day of the month that has passed is next month's.
    """
    if meeting is None:
        return None
    for word, days in (("大后天", 3), ("后天", 2), ("明", 1), ("今", 0)):
        if said.startswith(word):
            return meeting + timedelta(days=days)
    if found := re.match(rf"(下下|下个?|本|这个?|上个?)?{_WEEK}([一二三四五六日天末])", said):
        return _weekday(found[1] or "", _WEEKDAYS[found[2]], meeting)
    if re.match(rf"(?:本|这个?){_WEEK}", said):
        return meeting + timedelta(days=6 - meeting.weekday())
    if re.match(rf"下个?{_WEEK}", said):
        return meeting + timedelta(days=13 - meeting.weekday())
    if found := re.match(rf"(?:([{_NUMERAL}]+)月份?)?([{_NUMERAL}]+)[号日]", said):
        return _day_of_month(found[1], found[2], meeting)
    if found := re.match(rf"(?:([{_NUMERAL}]+)月份?|(下个?)月|(?:本|这个?|当)?月)(?:底|末)", said):
        month = small_number(found[1]) if found[1] else meeting.month + (1 if found[2] else 0)
        return _last_day(month, meeting) if month else None
    if re.match(r"(?:本|这个?)月", said):
        return _last_day(meeting.month, meeting)
    if re.match(r"下个?月", said):
        return _last_day(meeting.month + 1, meeting)
    if found := re.match(rf"([{_NUMERAL}]+)天", said):
        days_ahead = small_number(found[1])
        return meeting + timedelta(days=days_ahead) if days_ahead is not None else None
    return None


def _weekday(which: str, weekday: int, meeting: date) -> date:
    monday = meeting - timedelta(days=meeting.weekday())
    if which == "下下":
        return monday + timedelta(days=14 + weekday)
    if which.startswith("下"):
        return monday + timedelta(days=7 + weekday)
    if which.startswith("上"):
        return monday + timedelta(days=weekday - 7)
    day = monday + timedelta(days=weekday)
    return day if day >= meeting else day + timedelta(days=7)


def _day_of_month(month_said: str | None, day_said: str, meeting: date) -> date | None:
    day = small_number(day_said)
    month = small_number(month_said) if month_said else meeting.month
    if day is None or month is None or not 1 <= month <= 12:
        return None
    year = meeting.year
    if not month_said and day < meeting.day:
        month, year = (1, year + 1) if month == 12 else (month + 1, year)
    elif month_said and meeting.month - month > 6:
        year += 1
    elif month_said and month - meeting.month > 6:
        year -= 1
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return date(year, month, day)


def _last_day(month: int, meeting: date) -> date | None:
    year = meeting.year
    if month > 12:
        month, year = month - 12, year + 1
    elif meeting.month - month > 6:
        year += 1
    if not 1 <= month <= 12:
        return None
    return date(year, month, calendar.monthrange(year, month)[1])
