"""C3: figures said aloud are compared with those of the indicator model; what is not sure is not compared."""

from dataclasses import replace
from datetime import date

import pytest

from qa_pipeline.facts import facts_from
from qa_pipeline.findings.figures import compared, figures_compared, figures_off
from qa_pipeline.findings.reading import Reading
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.vocabulary import Chapter, MeetingKind
from tests.findings.dialogue import acted

GIVEN = [
    {"owner": "清河支公司", "indicator": "regular_premium", "value": "320 万元", "as_of": "2026-09-07"},
    {"owner": "清河支公司", "indicator": "件均保费", "value": 8500},
    {"owner": "清河支公司", "indicator": "活动率", "value": "62%"},
    {"owner": "清河支公司", "indicator": "u_headcount", "value": 5},
    {"owner": "王秀兰", "indicator": "regular_premium", "value": 84000},
    {"owner": "王秀兰", "indicator": "ct_rate", "value": "22%"},
    {"owner": "第二营业室", "indicator": "regular_premium", "value": "1.2 亿元"},
    {"owner": "李大勇", "indicator": "送训", "value": 3},
]
FACTS = replace(
    facts_from({"figures": GIVEN, "institution": "清河支公司", "meeting_date": "2026-09-08"}),
    kind=MeetingKind.WEEKLY_REVIEW,
)


def spoken(*lines: tuple[str, str], facts: MeetingFacts = FACTS, chapter=Chapter.STAGE_REVIEW) -> Reading:
    return acted(*lines, facts=facts, chapter=chapter, host="马国强")


def told(*lines: tuple[str, str], **how) -> list[tuple[str, str, float, bool]]:
    return [(f.given.owner, f.given.indicator, f.value, f.agrees) for f in compared(spoken(*lines, **how))]


@pytest.mark.parametrize(
    ("said", "owner", "value", "agrees"),
    [
        ("全司期缴保费三百二十万。", "清河支公司", 3_200_000, True),
        ("截至昨天，整个公司期缴做了三百二十二万，还可以。", "清河支公司", 3_220_000, False),
        ("一共期缴保费大概三百三十万左右。", "清河支公司", 3_300_000, True),
        ("我们支公司九月期缴保费两百六十万。", "清河支公司", 2_600_000, False),
        ("咱们公司件均八千五。", "清河支公司", 8500, True),
        ("清河支公司件均保费九千二。", "清河支公司", 9200, False),
        ("全司活动率百分之六十二。", "清河支公司", 0.62, True),
        ("全司活动率六成五。", "清河支公司", 0.65, False),
        ("全司达U四个人。", "清河支公司", 4, False),
        ("秀兰期缴八万四。", "王秀兰", 84_000, True),
        ("王秀兰的CT率两成。", "王秀兰", 0.2, True),
        ("王秀兰的CT率三成。", "王秀兰", 0.3, False),
        ("二室期缴保费一亿二。", "第二营业室", 120_000_000, True),
        ("二室期缴保费九千八百万。", "第二营业室", 98_000_000, False),
        ("李大勇送训两个人。", "李大勇", 2, False),
    ],
)
def test_c3_a_spoken_figure_is_confirmed_within_its_rounding_and_reported_beyond(said, owner, value, agrees):
    ((who, _, heard, same),) = told(("马国强", said))
    assert (who, heard, same) == (owner, pytest.approx(value), agrees)


@pytest.mark.parametrize(
    "said",
    [
        "全司期缴目标四百万。",
        "全司期缴保费还差八十万。",
        "全司上个月期缴保费两百八十万。",
        "全司期缴保费三百多万。",
        "全司期缴保费不到三百万。",
        "秀兰昨天期缴两万。",
        "我们室期缴九万。",
        "陈玉梅期缴九万。",
        "李大勇、王秀兰，期缴九万。",
        "二室王秀兰期缴九万。",
        "全司人均保费九千。",
        "李大勇送训两个名额。",
    ],
)
def test_c3_targets_gaps_other_months_and_unsure_owners_are_not_compared(said):
    assert told(("马国强", said)) == []


def test_c3_an_answer_has_the_owner_and_the_indicator_of_its_question():
    question = ("马国强", "秀兰，你这个月期缴多少？")
    assert told(question, ("王秀兰", "九万二。")) == [("王秀兰", "regular_premium", 92_000, False)]
    assert told(("马国强", "大家先报一下？"), ("王秀兰", "我期缴八万四。")) == [
        ("王秀兰", "regular_premium", 84_000, True)
    ]
    assert told(("马国强", "这个月期缴三百二十万。")) == [("清河支公司", "regular_premium", 3_200_000, True)]
    assert told(("王秀兰", "这个月期缴三百二十万。")) == []
    assert told(("马国强", "秀兰期缴八万四。"), chapter=Chapter.NEXT_WEEK_PLAN) == []


def test_c3_the_measures_count_what_was_compared_and_know_what_they_do_not_know():
    mixed = spoken(("马国强", "全司期缴三百二十万，秀兰期缴九万。"), ("马国强", "再说一遍，秀兰期缴九万。"))
    assert (figures_compared(mixed).value, figures_off(mixed).value) == (2, 1)
    assert figures_off(mixed).evidence[0].quote.startswith("全司期缴")
    silent = spoken(("马国强", "今天就到这里。"))
    assert (figures_compared(silent).value, figures_off(silent).value) == (0, None)
    blind = spoken(("马国强", "全司期缴三百二十万。"), facts=MeetingFacts(meeting_date=date(2026, 9, 8)))
    assert (figures_compared(blind).value, figures_off(blind).value) == (None, None)
