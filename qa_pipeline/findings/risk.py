# ruff: noqa: E501 - patterns are data and read better on one line
"""Words that cross a compliance line (K6): only ever a lead for a person to review.

Within reach of 严禁, 不得, 红线 and the like they teach the rule and are no risk.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.registry import measure
from qa_pipeline.lexicon import lexicon
from qa_pipeline.values.findings import Measurement

REACH: Final = 20
"""Characters on either side in which a negation turns a risk into education."""
_PATTERNS: Final = (
    # rebates: 返点, 答应返两千, 佣金抹回来一半; a benefit that the policy pays back (每年返的钱) is none
    r"(?<!每年)(?<!年年)返[一]?[点现佣](?!的)|返[^，,。还回程乡的工校]{0,3}佣",
    r"(?:答应|私下|悄悄|偷偷|都|现在不)[^，,。？?]{0,12}(?<!每年)返(?:了?[一二两三四五六七八九十百千\d]|谁|[，,。]|给)",
    r"佣金?[^，,。？?]{0,10}(?:抹|退|返)[^，,。？?]{0,6}(?:一半|客户|回来|他|她|点)|(?:意思了?一下|意思意思)(?!就)",
    # hyping a withdrawal from sale
    r"(?:产品(?!培训|说明|手册|资料|课)|那?款|这个|这玩意儿?|养老的|增额)[^。？?]{0,16}(?:月底|马上|就要|快要|下个?月|最后[一二三四五六七八九十两几]+天|号)[^。？?]{0,8}(?:停售|下架|没[有]?了|买不[到着])",
    r"(?:月底|马上|就要|快要|号)(?:之后)?(?:就|要|会)?(?:停售|下架)|没[有]?了[，, ]?停售|停售[^。？?]{0,14}(?:没有了|催客户|先把|赶紧|抓紧|冲一)",
    r"(?:跟|和|同|对)客户(?:说|讲|透)[^。？?]{0,14}(?:停售|肯定停|要停|可能停|有可能停|没有了|买不到)",
    # promised yields
    r"(?:保证|肯定|稳拿)[^，,。？?]{0,6}(?:收益|回报|[0-9一二三四五六七八九]个点(?!的?(?:增|提|完|进|差|达)))|稳赚|保本保息|奔着[三四五六七]个?多?点?去|(?:这|咱|我们)[^，,。]{0,6}比(?:银行|存款|存银行)(?:强|高|划算)",
    # signing for somebody, and made-up records
    r"(?:代|替|帮)(?:他|她|客户|人家)[^，,。]{0,3}(?:签[名字了]|抄录|签个字|做双录)|补[^。？?]{0,14}记录[^。？?]{0,8}(?:日期|写开|编|造)|假(?:保单|人力|名单)",
)
_NEGATION: Final = (
    r"不许|不能|不准|严禁|不得|不要|杜绝|禁止|红线|违规|别(?:去|拿|说|搞|碰|再)|(?<!可)不可以|谁(?:敢|碰|要是)|处分|查到|不允许|不让|"
    r"没有停售|不是停售|谣言|不合规|在传|没有文件|通报"
)
_PRESSING: Final = re.compile(r"(?:不要|不能|别)再?(?:犹豫|等|拖|错过|考虑|担心|怕)")
"""What presses a customer sounds like a negation, and teaches nothing: 不要再犹豫了，月底就停售."""


@cache
def _risk() -> re.Pattern[str]:
    return re.compile("|".join((*map(re.escape, lexicon().phrases["compliance_risk"]), *_PATTERNS)))


@cache
def _negated() -> re.Pattern[str]:
    return re.compile("|".join((*map(re.escape, lexicon().phrases["compliance_negation"]), _NEGATION)))


@lru_cache(maxsize=4)
def risky(reading: Reading) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(utterances that cross the line, utterances that teach it)."""
    crossing: list[int] = []
    teaching: list[int] = []
    for index in reading.spoken:
        text = reading.utterances[index].text
        for match in _risk().finditer(text):
            around = text[max(0, match.start() - REACH) : match.end() + REACH]
            taught = _negated().search(_PRESSING.sub("", around))
            (teaching if taught else crossing).append(index)
    return tuple(sorted(set(crossing))), tuple(sorted(set(teaching) - set(crossing)))


@measure(
    id="compliance_risk",
    label="合规红线线索",
    unit="count",
    meaning="返佣、炒停售、代签、许诺收益等说法的次数，前后20字内有否定的不计；命中须人工复核（K6）",
)
def compliance_risk(reading: Reading) -> Measurement:
    crossing, _ = risky(reading)
    return reading.measured("compliance_risk", len(crossing), crossing, confidence=0.7)


@measure(id="compliance_education", label="合规宣导", unit="count", meaning="以否定口吻重申合规红线的次数")
def compliance_education(reading: Reading) -> Measurement:
    _, taught = risky(reading)
    return reading.measured("compliance_education", len(taught), taught, confidence=0.7)
