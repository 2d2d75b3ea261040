"""Clean-up: each step alone, all together, what is recorded, and that twice is once."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from itertools import chain, cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.chapters.corpus import meetings
from qa_pipeline.transcript.cleanup import ALL_STEPS, RUNS_ON, clean
from qa_pipeline.transcript.formats import from_json, to_json
from qa_pipeline.values.transcript import Edit, SpokenNumber, Transcript, Utterance


def heard(
    *texts: str,
    speech: tuple[tuple[float, float], ...] | None = None,
    confidence: float | None = None,
    gap: float = 1.0,
) -> Transcript:
    """Utterances of four seconds each with ``gap`` seconds between them."""
    step = 4.0 + gap
    return Transcript(
        utterances=tuple(
            Utterance(start=i * step, end=i * step + 4.0, text=text, confidence=confidence)
            for i, text in enumerate(texts)
        ),
        duration=len(texts) * step,
        engine="test",
        speech=speech,
    )


def only(text: str, *steps: str) -> Utterance:
    return clean(heard(text), steps=steps).utterances[0]


# ---------------------------------------------------------------- script


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("團隊FYC一共十六萬八", "团队FYC一共十六万八"),
        ("下個月的規劃", "下个月的规划"),
        ("这個客户", "这个客户"),
    ],
)
def test_traditional_script_becomes_simplified(before: str, after: str) -> None:
    utterance = only(before, "script")
    assert utterance.text == after
    assert utterance.edits == (Edit(step="script", before=before),)


@pytest.mark.parametrize(
    "text", ["怕他们打坏了", "升温那边先搵三十个", "著名的乾隆", "FYC 三万", "Ünïcode ①②"]
)
def test_simplified_script_is_left_alone(text: str) -> None:
    assert only(text, "script").edits == ()


# ---------------------------------------------------------------- loops, terms


def test_a_loop_is_cut_and_what_was_there_is_kept() -> None:
    utterance = only("下周安排陪访" * 5, "loops")
    assert utterance.text == "下周安排陪访"
    assert utterance.edits == (Edit(step="loops", before="下周安排陪访" * 5),)


def test_a_misheard_term_is_put_right_and_what_was_there_is_kept() -> None:
    utterance = only("三个主管打油了", "terms")
    assert utterance.text == "三个主管达U了"
    assert utterance.edits == (Edit(step="terms", before="三个主管打油了"),)


def test_a_loop_that_shows_only_after_the_terms_are_right_is_cut() -> None:
    utterance = only("安排客户陪房陪放陪访培访赔访", "loops", "terms")
    assert utterance.text == "安排客户陪访"
    assert [edit.step for edit in utterance.edits] == ["terms", "loops"]


# ---------------------------------------------------------------- phantoms

PHANTOM = "请不吝点赞 订阅 转发"


def test_a_phantom_line_is_marked_and_kept() -> None:
    transcript = heard("先看数据", PHANTOM, "好", speech=((0.0, 4.0), (10.0, 14.0)), confidence=0.9)
    before, phantom, after = clean(transcript, steps=["phantoms"]).utterances
    assert phantom.phantom
    assert phantom.text == PHANTOM
    assert phantom.edits == (Edit(step="phantoms", before=PHANTOM),)
    assert not before.phantom
    assert not after.phantom


def test_a_phantom_needs_doubt_from_the_sound() -> None:
    voiced = heard(PHANTOM, speech=((0.0, 4.0),), confidence=0.9)
    assert not clean(voiced, steps=["phantoms"]).utterances[0].phantom
    doubted = heard(PHANTOM, speech=((0.0, 4.0),), confidence=0.2)
    assert clean(doubted, steps=["phantoms"]).utterances[0].phantom
    half_silent = heard(PHANTOM, speech=((0.0, 1.0), (1.5, 2.0)), confidence=0.9)
    assert clean(half_silent, steps=["phantoms"]).utterances[0].phantom


def test_thanks_to_all_is_no_phantom_whatever_the_sound() -> None:
    transcript = heard("谢谢大家", speech=(), confidence=0.1)
    assert not clean(transcript).utterances[0].phantom


def test_a_line_imported_as_phantom_stays_one() -> None:
    utterance = Utterance(start=0, end=1, text="好的", phantom=True)
    assert clean(Transcript(utterances=(utterance,), duration=1, engine="x")).utterances[0].phantom


# ---------------------------------------------------------------- punctuation


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("三室还差两万", "三室还差两万。"),
        ("你见了几个客户", "你见了几个客户？"),
        ("名单报了没有", "名单报了没有？"),
        ("达成了吗", "达成了吗？"),
        ("送训呢", "送训呢？"),
        ("根本原因到底是什么", "根本原因到底是什么？"),
        ("我知道是谁", "我知道是谁。"),
        ("什么都没有", "什么都没有。"),
    ],
)
def test_an_utterance_without_marks_gets_one_at_its_end(text: str, after: str) -> None:
    assert only(text, "punctuation").text == after


@pytest.mark.parametrize("text", ["好，", "三室,还差两万", "对!", "谁来", ""])
def test_marks_that_are_there_stay(text: str) -> None:
    expected = text + "？" if text == "谁来" else text
    assert only(text, "punctuation").text == expected


def test_where_marks_fade_only_the_bare_utterances_get_one() -> None:
    texts = [u.text for u in clean(heard("先看数据。", "三室还差两万"), steps=["punctuation"]).utterances]
    assert texts == ["先看数据。", "三室还差两万。"]


def test_a_voice_that_goes_on_at_once_has_not_finished() -> None:
    running = heard("我们先看一下", "上个月的数据", speech=((0.0, 9.0),), gap=RUNS_ON / 2)
    assert [u.text for u in clean(running).utterances] == ["我们先看一下，", "上个月的数据。"]


def test_times_that_were_not_heard_say_nothing_of_pauses() -> None:
    imported = heard("我们先看一下", "上个月的数据", gap=0.0)
    assert [u.text for u in clean(imported).utterances] == ["我们先看一下。", "上个月的数据。"]


# ---------------------------------------------------------------- numbers


def test_numbers_point_into_the_final_text() -> None:
    utterance = only("主管達成期交五十三萬七", *ALL_STEPS)
    assert utterance.text == "主管达成期缴五十三万七。"
    (number,) = utterance.numbers
    assert utterance.text[number.start : number.end] == "五十三万七"
    assert number.value == 537_000


def test_numbers_that_no_longer_fit_the_text_are_dropped_with_it() -> None:
    stale = SpokenNumber(start=6, end=8, value=12.0)
    utterance = Utterance(start=0, end=2, text="請看期交十二件", numbers=(stale,))
    transcript = Transcript(utterances=(utterance,), duration=2, engine="x")
    assert clean(transcript, steps=["script"]).utterances[0].numbers == ()


# ---------------------------------------------------------------- all together


def test_every_step_can_be_switched_off_and_all_of_them() -> None:
    transcript = heard("團隊主管打油了" * 6, PHANTOM, confidence=0.1)
    assert clean(transcript, steps=()) == transcript
    for step in ALL_STEPS:
        edits = {e.step for u in clean(transcript, steps=set(ALL_STEPS) - {step}).utterances for e in u.edits}
        assert step not in edits


def test_a_step_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such clean-up step: phantom; known: script, loops"):
        clean(heard("好"), steps=["phantom"])


def test_edits_are_added_to_those_that_are_there() -> None:
    earlier = Edit(step="by hand", before="住管打油")
    utterance = Utterance(start=0, end=1, text="主管打油。", edits=(earlier,))
    (cleaned,) = clean(Transcript(utterances=(utterance,), duration=1, engine="x")).utterances
    assert cleaned.edits == (earlier, Edit(step="terms", before="主管打油。"))


def test_all_else_is_kept() -> None:
    meeting = next(meetings()).transcript
    cleaned = clean(meeting)
    assert replace(cleaned, utterances=()) == replace(meeting, utterances=())
    for before, after in zip(meeting.utterances, cleaned.utterances, strict=True):
        assert replace(after, text=before.text, numbers=(), edits=()) == before


def test_a_cleaned_transcript_survives_its_file() -> None:
    cleaned = clean(heard("團隊主管打油了三個", PHANTOM, confidence=0.1))
    assert from_json(to_json(cleaned)) == cleaned


def test_cleaning_labelled_meetings_twice_changes_nothing() -> None:
    for meeting in islice(meetings(), 0, None, 9):
        cleaned = clean(meeting.transcript)
        assert clean(cleaned) == cleaned
        assert not any(edit.step == "loops" for u in cleaned.utterances for edit in u.edits)


PIECES = [
    "主管",
    "打油",
    "期交",
    "团隊",
    "培访",
    "好",
    "谢谢观看",
    "点赞订阅",
    "吗",
    "什么",
    "五十三万七",
    "，",
    "。",
    " ",
]


@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), max_size=4),
    st.booleans(),
    st.sampled_from([None, 0.2, 0.9]),
    st.sampled_from([0.0, 1.0]),
)
def test_cleaning_twice_is_cleaning_once(
    texts: list[str], voiced: bool, confidence: float | None, gap: float
) -> None:
    transcript = heard(*texts, speech=((0.0, 9.0),) if voiced else None, confidence=confidence, gap=gap)
    cleaned = clean(transcript)
    assert clean(cleaned) == cleaned
    for utterance in cleaned.utterances:
        assert all(number.end <= len(utterance.text) for number in utterance.numbers)


def test_an_hour_is_cleaned_at_once() -> None:
    """Measured: 50 ms of one core for 700 utterances of 13,000 characters, after load."""
    spoken = cycle(chain.from_iterable(meeting.transcript.utterances for meeting in meetings()))
    hour: list[Utterance] = []
    for utterance in islice(spoken, 700):
        hour.append(replace(utterance, text=utterance.text[:19]))
    transcript = Transcript(utterances=tuple(hour), duration=3600.0, engine="x")
    clean(transcript)
    best = min(_seconds(transcript) for _ in range(3))
    assert best < 0.2


def _seconds(transcript: Transcript) -> float:
    before = time.process_time()
    clean(transcript)
    return time.process_time() - before


def test_importing_loads_no_dictionary() -> None:
    code = (
        "import sys, qa_pipeline.transcript.cleanup;"
        "print({'opencc', 'pypinyin', 'cn2an', 'jieba', 'ruamel.yaml'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"
