"""Spoken numbers: what was said stays, what was meant is added.

五十三万七 and 53万7 are 537000, 百分之四十五 is 0.45, 六成五 is 0.65, 五千一个月 is 5000. What is not exact
(十来个, 几十, 三四个, 三到五个) and what is no quantity (一下, 一起, 第三营业室, 周五, 四级机构, 四月八号,
三点二十, 10:15, a telephone number) is left out: unknown, never guessed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from qa_pipeline.values.transcript import SpokenNumber

_DIGIT: Final = "零〇一二两三四五六七八九"
_HAN: Final = rf"[{_DIGIT}十百千万亿]"
_ANY: Final = rf"[{_DIGIT}十百千万亿\d]"
_UNIT: Final = (
    r"个百分点|百分点|个点|个月|个|万元|元|块钱|块|件|单|人|名|位|户|次|场|家|倍|天|周|月|年|号|日|点|分钟|小时|趟|回"
    r"|岁|访|份|张|台|套|组|轮|条|项|步|通|期|课|班|桌|盒|箱|公里|平"
)

_EACH: Final = rf"(?:(?!万元|元|块|号|日|点|倍|岁)(?:{_UNIT})|季|晚|节|顿)"
"""What an amount is paid for, with 一: 五千一个月, 三百一天, 五百一件. 一百一块 is money."""

_VAGUE: Final = (
    rf"{_ANY}*(?:几|数|多少|若干){_HAN}*"
    rf"|(?:百分之)?{_ANY}++(?:[点.][{_DIGIT}\d]++[百千万亿]*+)?[wW成%％]?(?:来(?![自说了])|多|余(?!额))"
)
_ADJACENT: Final = "一两|两三|三四|三五|四五|五六|六七|七八|八九"
"""Two digits in a row that mean "about": 三四个, 十七八个, 二三十人."""

_MINUTES: Final = rf"[{_DIGIT}]十[{_DIGIT}]?|十[{_DIGIT}]|零[{_DIGIT}](?=[出散开到就集准])"
"""八点四十, 两点零八就开: the digits of a decimal are said one by one."""
_WAN: Final = r"[wW](?!\d*[A-Za-z])"
"""3w, 3.5W; not 5W1H."""

_WEEK: Final = "(?:周|星期|礼拜)"
_PER_WEEK: Final = (
    rf"(?<=[{_DIGIT}十每个本下上这]){_WEEK}[一二三四五六](?:个(?![个别险性案]|人(?:总结|计划|目标|业绩|工作))|件(?!均)"
    r"|户(?![外口型])|家(?![里访属长人庭政园中])|单(?![位独子])|访(?:(?=[的都半没要])|(?![\u4e00-\u9fff]))"
    r"|次(?![日序要])|场(?![地馆次面所景])|位(?![于置])|条(?![件款例])|样(?![本品板])|天(?![天气晴黑亮热冷])"
    r"|组(?![织长员内里会建团训合])|张(?=[保名图表海票照卡纸]|[^\u4e00-\u9fff]|$)|份(?!额))"
)
WEEKDAY: Final = rf"(?!{_PER_WEEK}){_WEEK}[一二三四五六日天末]"
"""周三, but not that of 下周三个客户, 一周三次 or 本周六件: so many in a week."""

_CANDIDATE: Final = re.compile(
    rf"""
    (?=[{_DIGIT}十百千万亿\d第周星礼几数多若统唯专上下早中晚凌])  # how any of these begins: saves time
    (?:
    (?P<skip>
        第{_HAN}+ | 第\d+                                  # an ordinal names, it does not count
      | {WEEKDAY}
      | \d{{10,}}+(?![.百千万亿元wW%％]) | \d+(?:-\d+){{2,}} | \d{{3}}[ ]\d{{4}}[ ]\d{{4}}  # telephones, days
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
      | [{_DIGIT}十]+点(?:半|钟|[{_DIGIT}十]+分|{_MINUTES})
      | \d{{1,2}}点(?:半|钟|\d{{1,2}}分|\d\d(?!\d)) | \d{{1,2}}[:：][0-5]\d(?![\d.百千万亿wW%％])
    )
  | (?P<tenths>[一二两三四五六七八九])成(?![员立为功果长交本绩就分熟型了])
    (?P<hundredths>半(?![个天年月])|[{_DIGIT}](?!{_UNIT}|十))?
  | (?P<mixed>\d++(?:{_WAN}|[百千万亿]++)(?:零?\d+(?:[百千万亿]+|(?![\d.:：%％点号日成]|{_EACH})))+)
  | (?P<latin>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<scale>{_WAN}|[百千万亿]*)(?P<sign>[%％])?
  | (?P<decimal>[{_DIGIT}十百千万]*[{_DIGIT}十百千]点[{_DIGIT}]+)(?P<tail>[百千万亿]*)
  | 零?(?P<whole>[{_DIGIT}十](?:{_HAN}*[百千万亿](?=一{_EACH}|两(?!{_HAN}))|{_HAN}*))  # 四万两个人: for two
    )
    """,
    re.VERBOSE,
)
_AFTER: Final = re.compile("个亿|" + _UNIT)
_CALENDAR: Final = frozenset("月号日点")
"""四月八号 is a day and no quantity; 五点 may be a time, five remarks or five percent."""
_ONES: Final = frozenset(
    ["件", "单", "名", "户", "场", "元", "块钱", "人", "访", "个点", "个百分点", "百分点"]
)
_ONE: Final = re.compile(r"(?:送训|增员|新增|招募|入职|签|出|差|约|见|访|招|来|到)了?$")
_SCALES: Final = {"百": 1e2, "千": 1e3, "万": 1e4, "w": 1e4, "W": 1e4, "亿": 1e8}
_TO: Final = frozenset("到至-~～–—")
_AMOUNT: Final = frozenset("百千万亿0123456789")
_ABOUT: Final = frozenset("个次块倍")
_SOME: Final = re.compile("多(?!少)")
"""After these measure words it means "and some": 两个多亿, 一周三次多."""


def spoken_numbers(text: str) -> tuple[SpokenNumber, ...]:
    """The numbers in a text, in order, with their values; a percentage is a share (0.45, unit "%")."""
    found: list[SpokenNumber] = []
    guarded: list[tuple[int, int]] | None = None
    low: re.Match[str] | None = None
    for match in _CANDIDATE.finditer(text):
        if match["skip"] is not None:
            low = None
            if match["skip"] == "一个人" and _ONE.search(text, 0, match.start()):
                found.append(SpokenNumber(start=match.start(), end=match.start() + 1, value=1.0, unit="个"))
            continue
        if guarded is None:
            guarded = _names(text)
        if guarded and any(start < match.end() and match.start() < end for start, end in guarded):
            continue
        number = _number(text, match)
        if number is not None and not (
            low and match.start() - low.end() == 1 and _is_range(text, low, number, found)
        ):
            found.append(number)
        low = match
    return tuple(found)


def _is_range(text: str, low: re.Match[str], high: SpokenNumber, found: list[SpokenNumber]) -> bool:
    """Whether two numbers mean "about so many" (三到五个, 3-5个); the lower is then taken out of ``found``.
    从六千到三万 goes from one exact number to another, and so does 邀六十到四十."""
    if text[low.end()] not in _TO or text[low.start() - 1 : low.start()] in ("从", "由"):
        return False
    if found and found[-1].end == low.end():
        if found[-1].value >= high.value:
            return False
        found.pop()
    return True


def _number(text: str, match: re.Match[str]) -> SpokenNumber | None:
    start, end = match.span()
    whole = match["whole"]
    if whole is None:  # most are whole: the other groups are not asked for then
        if match["clock"] is not None:
            return None
        share = _share(match)
        if share is not None:
            return SpokenNumber(start=start, end=end, value=round(share, 6), unit="%")
    after = _AFTER.match(text, end)
    unit = after[0] if after else ""
    hundred_millions = unit == "个亿"  # 目标两个亿
    if after and hundred_millions:
        end, after = after.end(), _AFTER.match(text, after.end())
        unit = after[0] if after else ""
    if unit in _CALENDAR or (unit in _ABOUT and _SOME.match(text, end + len(unit))):
        return None
    if whole is not None:
        start = match.start("whole")
        value = _value(whole) if hundred_millions or _is_quantity(text, match, unit) else None
    elif match["mixed"] is not None:
        value = _mixed(match["mixed"])
    elif match["latin"] is not None:
        value = float(match["latin"].replace(",", "")) * _scale(match["scale"])
    else:
        value = _value(match["decimal"]) if match["decimal"] is not None else None
        value = None if value is None else value * _scale(match["tail"])
    if value is None:
        return None
    if hundred_millions:
        value *= _SCALES["亿"]
    if after and text.startswith("半", after.end()):  # 两个半
        value, end = value + 0.5, after.end() + 1
    return SpokenNumber(start=start, end=end, value=value, unit=unit)


def _share(match: re.Match[str]) -> float | None:
    """百分之四十五 and 45% are 0.45, 六成五 is 0.65, 二分之一 is 0.5; None for what is no share."""
    if match["percent"] is not None:
        percent = 100.0 if match["percent"] == "百" else _value(match["percent"])
        return None if percent is None else percent / 100
    if match["hundred"] is not None:
        return 1.0
    if match["below"] is not None:
        below, above = _value(match["below"]), _value(match["above"])
        return None if not below or above is None else above / below
    if match["tenths"] is not None:
        tens = match["tenths"] + (match["hundredths"] or "零")
        return int(_digits(tens.replace("半", "五"))) / 100
    return float(match["latin"].replace(",", "")) / 100 if match["sign"] else None


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
        if text[match.start() - 1 : match.start()] in _AMOUNT:  # 五百一件: each
            return False
        return unit in _ONES or (unit in {"个", "位"} and bool(_ONE.search(text, 0, match.start())))
    return True


def _mixed(said: str) -> float | None:
    """The value of digits with Chinese scales (1万2, 3万5千, 1亿零50万); None if not sure (1万25, 3万5万)."""
    value, place = 0.0, float("inf")
    for zero, digits, scale in _PIECE.findall(said):
        shorthand = not scale and not zero and len(digits) == 1  # 1万2: the place below
        piece = float(digits) * (place / 10 if shorthand else _scale(scale))
        if piece >= place or not (scale or zero or piece * 100 >= place):
            return None
        value += piece
        place = _scale(scale)
    return value


_PIECE: Final = re.compile(r"(零?)(\d+)([百千万亿wW]*)")


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
