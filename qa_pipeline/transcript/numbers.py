"""Spoken numbers: what was said stays, what was meant is added.

五十三万七 is 537000, 百分之四十五 is 0.45, 六成五 is 0.65. What is not exact (十来个, 几十, 三四个)
and what is no quantity (一下, 一起, 第三营业室, 周五, 四级机构, 四月八号, 八点半) is left out: unknown, never
guessed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from qa_pipeline.values.transcript import SpokenNumber

_DIGIT: Final = "零〇一二两三四五六七八九"
_HAN: Final = rf"[{_DIGIT}十百千万亿]"
_UNIT: Final = (
    r"个百分点|百分点|个点|个月|个|万元|元|块钱|块|件|单|人|名|位|户|次|场|家|倍|天|周|月|年|号|日|点|分钟|小时|趟|回"
    r"|岁|访|份|张|台|套|组|轮|条|项|步|通|期|课|班|桌|盒|箱|公里|平"
)

_VAGUE: Final = rf"(?:{_HAN}|\d)*(?:几|数|多少|若干)(?:{_HAN})*|(?:{_HAN}|\d)+(?:来|多|余)"
_ADJACENT: Final = "一两|两三|三四|三五|四五|五六|六七|七八|八九"
"""Two digits in a row that mean "about": 三四个, 十七八个, 二三十人."""

_CANDIDATE: Final = re.compile(
    rf"""
    (?=[{_DIGIT}十百千万亿\d第周星礼几数多若统唯专上下早中晚凌])  # how any of these begins: saves time
    (?:
    (?P<skip>
        第{_HAN}+ | 第\d+                                  # an ordinal names, it does not count
      | (?:周|星期|礼拜)[一二三四五六日天]
      | {_VAGUE}
      | (?:{_HAN})*(?:{_ADJACENT}|二三)(?:{_HAN})*
      | 万一|千万(?=[不别要记])|统一|唯一|专一|百姓|百货|万能|万事|千言|十足|十全|十分(?!钟|之)
      | 一点(?![{_DIGIT}])
      | 一(?:下|起|定|些|样|直|般|边|切|共|致|律|旦|方面|向|手|对一|把|会儿|时|回事)
      | 一(?:个人|遍|旁|线|流|心|口气)
      | [二两]会|二维码|百八十|三三两两|一五一十|五一|六一|十一(?=[假期长黄])
    )
  | 百分之(?P<percent>{_HAN}+(?:点[{_DIGIT}]+)?|\d+(?:\.\d+)?)
  | (?P<hundred>百分之?百)
  | (?P<below>[{_DIGIT}十百]+)分之(?P<above>[{_DIGIT}十百]+)
  | (?P<clock>
        (?:上午|下午|早上|晚上|中午|凌晨|早|晚)[{_DIGIT}十\d]+点(?:半|钟|[{_DIGIT}十\d]+分?)?
      | [{_DIGIT}十]+点(?:半|钟|[{_DIGIT}十]+分)
    )
  | (?P<tenths>[一二两三四五六七八九])成(?![员立为功果长交本绩就分熟型了])
    (?P<hundredths>[{_DIGIT}](?!{_UNIT}|十))?
  | (?P<latin>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<scale>[百千万亿]*)(?P<sign>[%％])?
  | (?P<decimal>[{_DIGIT}十百千万]*[{_DIGIT}十百千]点[{_DIGIT}]+)(?P<tail>[百千万亿]*)
  | 零?(?P<whole>[{_DIGIT}十]{_HAN}*)
    )
    """,
    re.VERBOSE,
)
_AFTER: Final = re.compile(_UNIT)
_CALENDAR: Final = frozenset("月号日点")
"""四月八号 is a day and no quantity; 五点 may be a time, five remarks or five percent."""
_ONES: Final = frozenset(
    ["件", "单", "名", "户", "场", "元", "块钱", "人", "访", "个点", "个百分点", "百分点"]
)
_ONE: Final = re.compile(r"(?:送训|增员|新增|招募|入职|签|出|差|约|见|访|招|来|到)了?$")
_SCALES: Final = {"百": 100.0, "千": 1000.0, "万": 10_000.0, "亿": 100_000_000.0}


def spoken_numbers(text: str) -> tuple[SpokenNumber, ...]:
    """The numbers in a text, in order, with their values; a percentage is a share (0.45, unit "%")."""
    found = []
    guarded: list[tuple[int, int]] | None = None
    for match in _CANDIDATE.finditer(text):
        if match["skip"] is not None:
            if match["skip"] == "一个人" and _ONE.search(text, 0, match.start()):
                found.append(SpokenNumber(start=match.start(), end=match.start() + 1, value=1.0, unit="个"))
            continue
        if guarded is None:
            guarded = _names(text)
        if any(start < match.end() and match.start() < end for start, end in guarded):
            continue
        number = _number(text, match)
        if number is not None:
            found.append(number)
    return tuple(found)


def _number(text: str, match: re.Match[str]) -> SpokenNumber | None:
    start, end = match.span()
    if match["clock"] is not None:
        return None
    if match["percent"] is not None:
        share = 100.0 if match["percent"] == "百" else _value(match["percent"])
        return None if share is None else _share(start, end, share / 100)
    if match["hundred"] is not None:
        return _share(start, end, 1.0)
    if match["below"] is not None:
        below, above = _value(match["below"]), _value(match["above"])
        return None if not below or above is None else _share(start, end, above / below)
    if match["tenths"] is not None:
        return _share(start, end, int(_digits(match["tenths"] + (match["hundredths"] or "零"))) / 100)
    if match["sign"]:
        return _share(start, end, float(match["latin"].replace(",", "")) / 100)
    after = _AFTER.match(text, end)
    unit = after[0] if after else ""
    if unit in _CALENDAR:
        return None
    if match["latin"] is not None:
        value: float | None = float(match["latin"].replace(",", "")) * _scale(match["scale"])
    elif match["decimal"] is not None:
        value = _value(match["decimal"])
        value = None if value is None else value * _scale(match["tail"])
    else:
        start = match.start("whole")
        value = _value(match["whole"]) if _is_quantity(text, match, unit) else None
    if value is None:
        return None
    if after and text.startswith("半", after.end()):  # 两个半
        value, end = value + 0.5, after.end() + 1
    return SpokenNumber(start=start, end=end, value=value, unit=unit)


def _share(start: int, end: int, value: float) -> SpokenNumber:
    return SpokenNumber(start=start, end=end, value=round(value, 6), unit="%")


def _is_quantity(text: str, match: re.Match[str], unit: str) -> bool:
    """A bare digit or a bare 十 counts something only when a measure word follows; 一 needs a business one.

    Digit by digit people say years and telephone numbers, and now and then a count: 一零八次.
    """
    said = match["whole"]
    if len(said) > 1:
        digits_only = all(char in _DIGIT for char in said)
        return not digits_only or ("零" in said and unit not in ("", "年"))
    if not unit:
        return False
    if said == "一":
        return unit in _ONES or (unit in {"个", "位"} and bool(_ONE.search(text, 0, match.start())))
    return True


@lru_cache(maxsize=4096)
def _value(said: str) -> float | None:
    """The value of a Chinese number, or None when it is not one."""
    from cn2an import cn2an

    if said[0].isascii():
        return float(said)
    whole, point, tail = said.partition("点")
    try:
        if point:
            return float(f"{int(cn2an(whole, 'smart'))}.{_digits(tail)}")
        head, hundred_million, rest = said.partition("亿")
        if hundred_million and len(rest) == 1 and rest in _DIGIT[2:]:  # 一亿二: cn2an refuses it
            return (float(cn2an(head, "smart")) + int(_digits(rest)) / 10) * _SCALES["亿"]
        return float(cn2an(said, "smart"))
    except (ValueError, KeyError):  # 六十六六十六: cn2an looks up a unit that does not exist
        return None


def _digits(said: str) -> str:
    return "".join(_TO_ASCII[char] for char in said)


_TO_ASCII: Final = dict(zip(_DIGIT, "001223456789", strict=True))


def _scale(units: str) -> float:
    factor = 1.0
    for unit in units:
        factor *= _SCALES[unit]
    return factor


@lru_cache(maxsize=1)
def _names_pattern() -> re.Pattern[str]:
    """Domain terms that merely contain a number: 四级机构, 二次早会, 十三个月继续率."""
    from qa_pipeline.lexicon import lexicon

    terms = {term for group in lexicon().terms.values() for term in group if re.search(f"{_HAN}|\\d", term)}
    terms |= {"四级", "三级", "二级", "四象限", "两手", "三讲"}
    return re.compile("|".join(sorted(map(re.escape, terms), key=len, reverse=True)))


def _names(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _names_pattern().finditer(text)]
