# ruff: noqa: E501 - patterns are data and read better on one line
"""Deadlines as people say them (本周五, 周三之前, 月底前, 九月八号, 明天上午) and the day each one means.

A deadline that names no day (每天, 散会后, 下次会) is found but resolves to None: said, not datable.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Final

from qa_pipeline.transcript.numbers import WEEKDAY

_NUMERAL: Final = "零一二三四五六七八九十廿卅两0-9"
_HOUR: Final = r"(?:[一二两三四五六七八九]|十[一二]?|\d{1,2})点"
_PART: Final = rf"(?:早会|晨会|夕会|下班|(?:一?早上?|上午|中午|下午|晚上?|傍晚|夜里?)(?:{_HOUR}(?:半|钟|[{_NUMERAL}]+分|[二三四五]十(?![件户个位家人]))?)?)?"
_END: Final = "(?:之前|以前|前|之内|以内|内)?"
_WEEK: Final = "(?:周|星期|礼拜)"
_WITHIN: Final = "(?:之内|以内|内)"
_TODAY: Final = r"(?:今天|今日|今儿个?|(?<![如而当至])今(?!年|后|生|世|次|个?(?:月|周|星期|礼拜)))"
_MONTH: Final = rf"(?:[{_NUMERAL}]{{1,3}}|(?:下下|下|本|这|上|当)个?)月份?"

DATE: Final = re.compile(
    # How any of these begins, looked at first: saves most of the time.
    rf"(?=[{_NUMERAL}\d今明后大当下本这上周星礼月散会开每清端中国元春年半])(?:"
    + "|".join(
        (
            rf"(?:{_TODAY}|明天|明日|明儿个?|明(?=早|晚|夜)|后天|大后天|当天){_PART}{_END}",
            rf"(?:下下|下个?|本|这个?|上个?)?{WEEKDAY}{_PART}{_END}",
            rf"(?:下个?|本|这个?){_WEEK}(?:之内|以内|内|里|头|以前|之前|前)?",
            # 一日, 三日 without a month are so many days
            rf"(?:{_MONTH}[{_NUMERAL}]{{1,3}}(?:号|日)|[{_NUMERAL}]{{1,3}}号|(?:\d|[{_NUMERAL}]{{2,3}})日)(?!楼|院|线|店|门|员|机)"
            rf"{_PART}{_END}",
            rf"(?:[{_NUMERAL}]{{1,3}}月(?:份)?|本月|这个?月|下个?月|当月|月)(?:底|末){_END}",
            r"(?:下个?月|本月|这个?月)(?:内|里|之前|前)",
            # 入司三个月以内, 三个月以内的新人: who, not when
            rf"(?<!入司)(?<!司龄)[{_NUMERAL}半]{{1,3}}(?:[天日]{_WITHIN}|(?:个?{_WEEK}|个月){_WITHIN}(?!的|那|新人))",
            r"(?:散会|会后|开完会|下次会|下回会|下个会)(?:之?前|以后|后|上)?",
            rf"每(?:天|日|晚|{WEEKDAY}|{_WEEK}|个?(?:星期|礼拜|月))",
            rf"(?<![{_NUMERAL}十百千万]){_HOUR}(?:半|钟|[{_NUMERAL}]+分|前|之前|以前)",
            r"清明|五一|端午|中秋|国庆|元旦|春节|年底" + _END,
        )
    )
    + ")"
)
"""What counts as a deadline or a time of doing; matched on text without changing it."""

_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_MONTHS_AHEAD: Final = {"本": 0, "这": 0, "当": 0, "下": 1, "下下": 2}
HALF_A_YEAR: Final = timedelta(days=184)
"""Further off, a month named without its year may as well be the last one."""
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
    """The day that ``said`` means in a meeting held on ``meeting``, never before it; None where it names none.

    A bare or this-week weekday that has passed means the coming one: 本周五 said on a Sunday is five days
    ahead. 下周X is always in the next Monday-to-Sunday week. A day of the month that has passed is next month's.
    A named month (十月二号, 三月底) is the coming one if that is within half a year, else its year is unknown.
    What was in the last week or month (上周三, 上个月15号) or earlier in this one (本月一号) is no deadline.
    """
    if meeting is None or said.startswith("上"):
        return None
    for word, days in (("大后天", 3), ("后天", 2), ("明(?![年确])", 1), (_TODAY, 0)):
        if re.match(word, said):
            return meeting + timedelta(days=days)
    if found := re.match(rf"(下下|下个?|本|这个?|上个?)?{_WEEK}([一二三四五六日天末])", said):
        return _weekday(found[1] or "", _WEEKDAYS[found[2]], meeting)
    if re.match(rf"(?:本|这个?){_WEEK}", said):
        return meeting + timedelta(days=6 - meeting.weekday())
    if re.match(rf"下个?{_WEEK}", said):
        return meeting + timedelta(days=13 - meeting.weekday())
    if found := re.match(rf"([{_NUMERAL}]+|半)(天|日|个?{_WEEK}|个月){_WITHIN}", said):
        return _within(found[1], found[2], meeting)
    if found := re.match(rf"({_MONTH})?([{_NUMERAL}]+)[号日]", said):
        return _day_of_month(found[1], found[2], meeting)
    if found := re.match(rf"([{_NUMERAL}]+)月份?(?:底|末)", said):
        return _coming(small_number(found[1]), None, meeting)
    if re.match(r"(?:本|这个?|当)?月(?:底|末)|(?:本|这个?)月", said):
        return _in_month(meeting.year, meeting.month)
    if re.match(r"下个?月", said):
        return _in_month(*_month_after(meeting, 1))
    if found := re.match(rf"([{_NUMERAL}]+)天", said):
        return _within(found[1], "天", meeting)
    return None


def _within(count: str, unit: str, meeting: date) -> date | None:
    """The last day of 三日内, 两周内, 一个月内; 半个月 is fifteen days."""
    if count == "半":
        return meeting + timedelta(days=15) if unit == "个月" else None
    number = small_number(count)
    if number is None:
        return None
    if unit == "个月":
        year, month = _month_after(meeting, number)
        return date(year, month, min(meeting.day, calendar.monthrange(year, month)[1]))
    return meeting + timedelta(days=number if unit in ("天", "日") else 7 * number)


def _month_after(meeting: date, months: int) -> tuple[int, int]:
    years, month = divmod(meeting.month - 1 + months, 12)
    return meeting.year + years, month + 1


def _weekday(which: str, weekday: int, meeting: date) -> date:
    monday = meeting - timedelta(days=meeting.weekday())
    if which == "下下":
        return monday + timedelta(days=14 + weekday)
    if which.startswith("下"):
        return monday + timedelta(days=7 + weekday)
    day = monday + timedelta(days=weekday)
    return day if day >= meeting else day + timedelta(days=7)


def _day_of_month(month_said: str | None, day_said: str, meeting: date) -> date | None:
    day = small_number(day_said)
    if day is None:
        return None
    which = month_said.rstrip("份月个") if month_said else ""
    if which in _MONTHS_AHEAD:
        found = _in_month(*_month_after(meeting, _MONTHS_AHEAD[which]), day)
        return found if found and found >= meeting else None
    if not which:
        return _in_month(*_month_after(meeting, 1 if day < meeting.day else 0), day)
    return _coming(small_number(which), day, meeting)


def _coming(month: int | None, day: int | None, meeting: date) -> date | None:
    """The next such day of a named month, the last one where ``day`` is None; None if not within half a year."""
    if month is None or not 1 <= month <= 12:
        return None
    years = (meeting.year, meeting.year + 1)
    ahead = (found for year in years if (found := _in_month(year, month, day)) and found >= meeting)
    found = next(ahead, None)
    return found if found and found - meeting <= HALF_A_YEAR else None


def _in_month(year: int, month: int, day: int | None = None) -> date | None:
    """None for a day that the month lacks; its last one without ``day``."""
    last = calendar.monthrange(year, month)[1]
    return date(year, month, last if day is None else day) if day is None or 1 <= day <= last else None
