"""What an utterance names."""

from __future__ import annotations

import pytest

from qa_pipeline.findings.mentions import find_mentions
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.findings import Mention
from qa_pipeline.values.transcript import SpokenNumber, Utterance


def named(*texts: str, facts: MeetingFacts | None = None) -> list[list[tuple[str, str]]]:
    utterances = [Utterance(start=i, end=i + 1, text=t) for i, t in enumerate(texts)]
    rows = find_mentions(utterances, facts or MeetingFacts())
    return [[(m.kind, u.text[m.start : m.end]) for m in row] for u, row in zip(utterances, rows, strict=True)]


@pytest.mark.parametrize(
    ("said", "figure"),
    [
        ("期缴五十三万七", ("money", 537000)),
        ("收了一千二百块钱", ("money", 1200)),
        ("见了六个", ("number", 6)),
        ("达成率百分之四十七点六", ("percent", 0.476)),
        ("完成六成", ("percent", 0.6)),
    ],
)
def test_a_figure_has_a_kind_and_the_value_that_was_meant(said: str, figure: tuple[str, float]) -> None:
    (row,) = find_mentions([Utterance(start=0, end=1, text=said)], MeetingFacts())
    (found,) = [m for m in row if m.kind in ("number", "money", "percent")]
    assert (found.kind, found.value) == (figure[0], pytest.approx(figure[1]))


@pytest.mark.parametrize("said", ["对练三分钟", "跑了七天", "干了三年", "七月开门红"])
def test_a_length_of_time_is_no_figure(said: str) -> None:
    assert not [m for m in named(said)[0] if m[0] in ("number", "money", "percent")]


def test_indicator_figure_and_person_are_found_together() -> None:
    (row,) = named("何玉梅FYC九千二，二室期缴十二万，达成率百分之六十")
    assert ("indicator", "FYC") in row
    assert ("money", "九千二") in row
    assert ("office", "二室") in row
    assert ("percent", "百分之六十") in row
    assert ("indicator", "期缴") in row


def test_indicators_have_canonical_names() -> None:
    utterance = Utterance(start=0, end=1, text="没达U的主管报五个数，拜访六访，转介绍两个，新人FYC一万")
    names = {m.name for m in find_mentions([utterance], MeetingFacts())[0] if m.kind == "indicator"}
    assert {"u", "pvkyc", "visits", "referrals", "new_fyc"} <= names


@pytest.mark.parametrize("heard", ["打油的三个", "其交完成二十万", "送信两个人"])
def test_mishearings_of_imported_transcripts_still_name_the_indicator(heard: str) -> None:
    assert any(kind == "indicator" for kind, _ in named(heard)[0])


def test_people_come_from_the_roster_titles_and_calls() -> None:
    facts = MeetingFacts(attendees=Roster(count=1, names=("欧阳美兰",)))
    rows = named(
        "欧阳美兰没来",
        "王经理你说",
        "彩琴，你见了几个",
        "彩琴，还有呢",
        "彩琴明天去",
        "小崔你记一下",
        facts=facts,
    )
    assert ("person", "欧阳美兰") in rows[0]
    assert ("person", "王经理") in rows[1]
    assert ("person", "彩琴") in rows[2]
    assert ("person", "彩琴") in rows[4]
    assert ("person", "小崔") in rows[5]


@pytest.mark.parametrize(
    "text", ["高兴得很", "今天大家都来了", "好的，没问题", "办公室里开会", "各营业室都要报", "管理上的事"]
)
def test_common_words_are_neither_people_nor_offices(text: str) -> None:
    assert not [m for m in named(text, text)[0] if m[0] in ("person", "office")]


def test_figures_parsed_by_the_transcript_are_used() -> None:
    utterance = Utterance(
        start=0,
        end=1,
        text="期缴五十三万七",
        numbers=(SpokenNumber(start=2, end=7, value=537000.0, unit="元"),),
    )
    (row,) = find_mentions([utterance], MeetingFacts())
    assert Mention(kind="money", start=2, end=7, name="元", value=537000.0) in row


def test_days_and_clock_times_are_dates_not_figures() -> None:
    (row,) = named("九月八号下午三点半见，周五之前报")
    assert [kind for kind, _ in row] == ["date", "date"]


def test_customers_are_named() -> None:
    (row,) = named("姓夏的开窗帘店，还有刘会计和周老板")
    assert sum(kind == "customer" for kind, _ in row) >= 3
