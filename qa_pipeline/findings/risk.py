"""Words that cross a compliance line (K6): only ever a lead for a person to review.

Within reach of 严禁, 不得, 红线 and the like they teach the rule and are no risk.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.registry import measure
from qa_pipeline.lexicon import lexicon
from qa_pipeline.values import Measurement

REACH: Final = 20
"""Characters on either side in which a negation turns a risk into education."""
_PATTERNS: Final = (
    r"(?:佣金|首佣|提成|红包)[^，,。？?]{0,6}(?:返|退)(?:给|一|点|他|她|客户)|返[^，,。还回程乡]{0,4}(?:佣|点|现|钱)|(?:私下|悄悄|偷偷)[^，,。]{0,8}(?:返|给|退)[^，,。]{0,4}(?:钱|点|客户)",
    r"(?:马上|就要|快要?|月底|下个?月|这批|号|最后[一二三四五六七八九十两几]+天)[^，,。？?]{0,8}(?:停售|下架|没有了|买不到|停了)",
    r"(?:停售|下架)[^，,。？?]{0,10}(?:赶紧|抓紧|冲|催|逼|最后|发朋友圈|发群|客户)",
    r"(?:保证|肯定|稳拿|百分之?百)[^，,。？?]{0,6}(?:收益|回报|[0-9一二三四五六七八九]个?点)|稳赚|保本保息|比(?:银行|存款|存银行)[^，,。]{0,6}(?:高|划算|强)[^，,。]{0,6}(?:保证|肯定|一定)",
    r"(?:代|替|帮)(?:他|她|客户|人家)?[^，,。]{0,3}(?:签[名字了]|抄录|签个字|做双录)|(?:补|编|造)[^，,。]{0,6}(?:假|陪访记录)|假(?:保单|人力|名单)",
)
_NEGATION: Final = r"不许|不能|不准|严禁|不得|不要|杜绝|禁止|红线|违规|别(?:去|拿|说|搞|碰|发|再)|莫|不可以|不敢|谁(?:敢|碰|要是)|处分|罚|查到|不允许|不讲|不说|不提|没有停售|不是停售|谣言|乱说|不合规|不信"


@cache
def _risk() -> re.Pattern[str]:
    return re.compile("|".join((*map(re.escape, lexicon().phrases["compliance_risk"]), *_PATTERNS)))


@cache
def _negated() -> re.Pattern[str]:
    return re.compile("|".join((*map(re.escape, lexicon().phrases["compliance_negation"]), _NEGATION)))


def risky(reading: Reading) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(utterances that cross the line, utterances that teach it)."""
    crossing, teaching = [], []
    for index in reading.spoken:
        text = reading.utterances[index].text
        for match in _risk().finditer(text):
            around = text[max(0, match.start() - REACH) : match.end() + REACH]
            (teaching if _negated().search(around) else crossing).append(index)
    taught = set(teaching) - set(crossing)
    return tuple(sorted(set(crossing))), tuple(sorted(taught))


@measure(
    id="compliance_risk",
    label="合规红线线索",
    unit="count",
    meaning="返佣、炒停售、代签、许诺收益等说法的次数，前后20字内有否定的不计；命中须人工复核(K6)",
)
def compliance_risk(reading: Reading) -> Measurement:
    crossing, _ = risky(reading)
    return reading.measured("compliance_risk", len(crossing), crossing, confidence=0.7)


@measure(id="compliance_education", label="合规宣导", unit="count", meaning="以否定口吻重申合规红线的次数")
def compliance_education(reading: Reading) -> Measurement:
    _, taught = risky(reading)
    return reading.measured("compliance_education", len(taught), taught, confidence=0.7)
