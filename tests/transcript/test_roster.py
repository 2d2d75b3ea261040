"""Names of the roster that were misheard are put right by sound, and nothing that is right is touched."""

from __future__ import annotations

from random import Random

import pytest

from qa_pipeline.chapters.corpus import CORPUS, read_meeting
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.transcript.roster import put_right, roster
from qa_pipeline.values.transcript import Transcript, Utterance

PEOPLE = ("王秀兰", "李建军", "陈玉梅", "张斌", "周志强", "何一鸣（A7）", "欧阳文清")


def heard(text: str, *people: str) -> str:
    known = roster(frozenset(people or PEOPLE))
    assert known is not None
    return put_right(text, known)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("王修栏上来分享", "王秀兰上来分享"),
        ("请李件均讲讲", "请李建军讲讲"),
        ("陈我梅这个月八万三", "陈玉梅这个月八万三"),
        ("欧阳闻青先来", "欧阳文清先来"),
        ("秀栏，你差多少", "秀兰，你差多少"),
        ("让修兰陪他去", "让秀兰陪他去"),
        ("张彬那一个见了没有", "张斌那一个见了没有"),
        ("周自强报了三个", "周志强报了三个"),
    ],
)
def test_a_misheard_name_is_put_right(said: str, meant: str) -> None:
    assert heard(said) == meant
    assert heard(meant) == meant


@pytest.mark.parametrize(
    "said",
    [
        "一名主管没来",
        "件均保费八千五",
        "我们要自强不息",
        "沉郁没有用",
        "今天建军节",
        "长宾馆门口等",
        "王秀兰和李建军都在",
    ],
)
def test_words_and_what_is_right_stay(said: str) -> None:
    assert heard(said) == said


def test_of_two_names_that_sound_alike_neither_is_put_right() -> None:
    assert heard("王秀岚，你说", "王秀兰", "王绣岚") == "王秀岚，你说"
    assert roster(frozenset({"A7", "Tom"})) is None


def test_a_name_on_the_roster_is_no_term_misheard() -> None:
    """建军保费 is 件均保费 misheard, unless 李建军 is one of us."""
    told = Transcript(
        utterances=(Utterance(start=0, end=3, text="建军保费八千五。"),), duration=3, engine="t"
    )
    assert clean(told).utterances[0].text == "件均保费八千五。"
    kept = clean(told, people=PEOPLE)
    assert kept.utterances[0].text == "建军保费八千五。"
    assert clean(kept, people=PEOPLE) == kept


def test_each_change_is_kept_beside_what_was_heard() -> None:
    told = Transcript(
        utterances=(Utterance(start=0, end=3, text="修兰，陪房几次？"),), duration=3, engine="t"
    )
    utterance = clean(told, people=PEOPLE).utterances[0]
    assert utterance.text == "秀兰，陪访几次？"
    assert [(e.step, e.before[:2]) for e in utterance.edits] == [("names", "修兰"), ("terms", "秀兰")]


def test_a_meeting_that_was_heard_right_keeps_every_word_whoever_is_on_the_roster() -> None:
    surnames, given = "王李张刘陈杨赵黄周吴", "秀英建国志强玉梅海燕晓东文斌丽华永红桂芳"
    random = Random(4)
    people = {random.choice(surnames) + "".join(random.sample(given, 2)) for _ in range(40)}
    meeting = read_meeting(CORPUS / "C" / "C05.txt").transcript
    changed = [
        u.text
        for u, plain in zip(clean(meeting, people=people).utterances, clean(meeting).utterances, strict=True)
        if u.text != plain.text
    ]
    assert changed == []
