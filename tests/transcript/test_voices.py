"""Voices get the names they are called by: only where the meeting leaves no doubt, and one name each."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.transcript.people import given_name
from qa_pipeline.transcript.voices import name_voices, named_voices
from qa_pipeline.values.transcript import Transcript, Utterance


def meeting(*lines: str) -> Transcript:
    said = [line.split("：", 1) for line in lines]
    utterances = (
        Utterance(start=10.0 * at, end=10.0 * at + 8, speaker=label or None, text=text)
        for at, (label, text) in enumerate(said)
    )
    return Transcript(utterances=tuple(utterances), duration=10.0 * len(lines), engine="text")


CALLED = meeting(
    "S1：彩琴，那六个人你打了没有？",
    "S2：打了四个。",
    "S1：好。建军呢？",
    "S3：我这边三家都见了。",
    "S1：彩琴，剩下两个几号打？",
    "S2：明天上午。",
    "S2：马总，那张表要交给谁？",
    "S1：交给小苏。建军，你陪她去。",
    "S3：好的马总。",
    "S1：散会。",
)


def test_who_answers_to_a_name_twice_bears_it() -> None:
    assert named_voices(CALLED) == {"S2": "彩琴", "S3": "建军"}


def test_one_call_is_enough_for_a_name_on_the_roster_which_is_written_in_full() -> None:
    people = {"马国栋", "赵彩琴", "李建军", "苏婷"}
    assert named_voices(CALLED, people=people) == {"S1": "马国栋", "S2": "赵彩琴", "S3": "李建军"}


def test_a_name_on_the_roster_is_known_by_its_sound_and_may_look_like_any_word() -> None:
    told = meeting(
        "S1：小燕，你的表呢？",
        "S2：填好了。",
        "S1：大勇，几户？",
        "S3：五户。",
        "S1：门好，关上。",
        "S2：嗯。",
    )
    assert named_voices(told, people={"周晓燕", "李大勇"}) == {"S2": "周晓燕", "S3": "李大勇"}
    assert named_voices(told) == {}


def test_two_voices_never_become_one() -> None:
    """马总 and 国栋 are one person by the roster, and two voices answered to them."""
    told = meeting("S1：马总，交给谁？", "S2：给小苏。", "S1：国栋，你去。", "S3：好。", "S1：行。")
    assert named_voices(told, people={"马国栋"}) == {}
    there = meeting("S1：建军，你说。", "S2：好。", "S1：建军？", "S2：在。", "建军：我也在。")
    assert "S2" not in named_voices(there)


def test_two_of_a_surname_are_not_told_apart_by_it() -> None:
    names = named_voices(CALLED, people={"马国栋", "马建设", "赵彩琴"})
    assert "S1" not in names


def test_no_voice_is_named_by_what_it_says_itself_or_two_voices_answer_to() -> None:
    told = meeting(
        "S1：丽萍这个月两万八。", "S2：对。", "S1：丽萍差一个U。", "S2：嗯。",
        "S1：小玲，你讲。", "S2：我讲两句。", "S1：小玲，你呢？", "S3：我没有。",
        "S2：小玲，你陪不陪？", "S1：小玲陪。",
    )  # fmt: skip
    assert named_voices(told) == {}


@pytest.mark.parametrize("call", ["十六，", "客户，", "下面，", "今天，", "老公，", "目标，", "我们，"])
def test_what_is_no_name_names_nobody(call: str) -> None:
    lines = ["S1：" + call + "你们先听。", "S2：好的。"] * 4
    assert named_voices(meeting(*lines)) == {}


def test_whoever_says_who_he_is_is_believed() -> None:
    assert named_voices(meeting("S1：大家好，我是周敏，三室的。", "S2：你好。")) == {"S1": "周敏"}


def test_the_transcript_bears_the_names_and_says_how_they_were_known() -> None:
    named = name_voices(CALLED)
    assert [u.speaker for u in named.utterances[:4]] == ["S1", "彩琴", "S1", "建军"]
    (note,) = named.warnings
    assert "S2 为彩琴、S3 为建军" in note


def test_labels_of_an_imported_transcript_stay_unless_they_are_a_recognisers() -> None:
    assert name_voices(CALLED, imported=True) == CALLED
    lines = (f"{u.speaker}：{u.text}".replace("S", "发言人 ", 1) for u in CALLED.utterances)
    numbered = meeting(*lines)
    assert name_voices(numbered, imported=True).utterances[1].speaker == "彩琴"


def test_where_nobody_knows_who_speaks_nothing_changes() -> None:
    silent = meeting(*(f"：{u.text}" for u in CALLED.utterances))
    assert name_voices(silent) == silent


def test_voices_of_labelled_meetings_get_the_names_that_their_authors_note() -> None:
    """“S1行政经理滕越 S2督训岗小芦 …” stands in most notes. A nickname is in nobody's note."""
    right = wrong = there = 0
    for meeting in meetings():
        owners = dict(noted(meeting))
        there += len(owners)
        for label, name in named_voices(meeting.transcript).items():
            core = re.sub("^[小老阿]|[总姐哥叔姨嫂]$", "", given_name(name)) or name
            mine = core in owners.get(label, "")
            right += mine
            wrong += not mine and any(core in note for other, note in owners.items() if other != label)
    assert right > 0.4 * there
    assert wrong < 0.01 * right


def noted(meeting: LabelledMeeting) -> Iterator[tuple[str, str]]:
    found = re.findall(r"(S\d+)[\s=:：]*([^S，,、;；。(（)]*)", meeting.header.get("notes", ""))
    labels = {u.speaker for u in meeting.transcript.utterances}
    return ((label, note) for label, note in found if label in labels and note.strip())
