"""Long recognised lines are cut at sentences and pauses; nothing is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.transcript.split import LONG_CHARS, LONG_SECONDS, split_lines

TEXT = "我们先看数据。三室还差两万！谁来说说原因？好，下一个。"


def test_a_short_line_stays_whole() -> None:
    assert list(split_lines(3.0, 7.5, TEXT, [])) == [(3.0, 7.5, TEXT)]


def test_a_long_line_is_cut_where_sentences_end() -> None:
    pieces = list(split_lines(0.0, 27.0, TEXT, []))
    assert [text for _, _, text in pieces] == [
        "我们先看数据。",
        "三室还差两万！",
        "谁来说说原因？",
        "好，下一个。",
    ]
    assert [start for start, _, _ in pieces] == [0.0, 7.0, 14.0, 21.0]
    assert pieces[-1][1] == 27.0


def test_a_cut_moves_to_a_pause_nearby_and_to_none_far_off() -> None:
    near = list(split_lines(0.0, 27.0, TEXT, [7.6, 17.0]))
    assert [start for start, _, _ in near][:3] == [0.0, 7.6, 14.0]


def test_a_long_sentence_is_cut_at_commas_only_when_it_is_very_long() -> None:
    clause = "这个客户我上周已经陪着去过两次了，"
    assert len(list(split_lines(0.0, 20.0, clause * 3 + "好。", []))) == 1
    pieces = [text for _, _, text in split_lines(0.0, 60.0, clause * 8 + "好。", [])]
    assert len(pieces) > 1
    assert all(len(piece) <= LONG_CHARS for piece in pieces)


def test_speech_without_marks_is_not_cut() -> None:
    text = "没有标点的一大段话" * 8
    assert [piece for _, _, piece in split_lines(0.0, 30.0, text, [10.0])] == [text]


@given(
    st.text(alphabet="好的我们看。，？！ ", min_size=1, max_size=300).filter(
        lambda text: text.strip() == text
    ),
    st.floats(min_value=0, max_value=5000),
    st.floats(min_value=0.01, max_value=90),
    st.lists(st.floats(min_value=0, max_value=5100), max_size=5),
)
def test_pieces_keep_every_word_and_follow_each_other(
    text: str, start: float, length: float, pauses: list[float]
) -> None:
    pieces = list(split_lines(start, start + length, text, pauses))
    assert "".join(piece for _, _, piece in pieces).replace(" ", "") == text.replace(" ", "")
    assert pieces[0][0] == start
    assert pieces[-1][1] == start + length
    for (_, end, _), (following, _, _) in pairwise(pieces):
        assert end == following
    assert all(begin <= end for begin, end, _ in pieces)


@pytest.mark.parametrize("seconds", [LONG_SECONDS, LONG_SECONDS + 0.1])
def test_a_line_is_long_from_ten_seconds_on(seconds: float) -> None:
    assert (len(list(split_lines(0.0, seconds, TEXT, []))) > 1) == (seconds > LONG_SECONDS)
