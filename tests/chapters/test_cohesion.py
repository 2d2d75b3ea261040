"""The boundary finder: words, turns and hand-overs, nothing learned."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_pipeline.chapters import cohesion, ngrams
from qa_pipeline.chapters.cohesion import Cohesion
from qa_pipeline.values.transcript import Transcript, Utterance

FISH = "鲈鱼涨价了，酸菜鱼一口锅出餐慢，后厨再加一口锅，活鱼要早上杀，供货商送鱼太晚。"
ROAD = "修路的钱按户摊，村口那段路下雨就陷车，拖拉机压坏了路，县里给修路的钱六成。"
TEAM = "新来的教练每天带球队跑圈，守门员扑球练习，前锋射门不准，球队下周客场比赛。"


def talk(*subjects: str, times: int = 12, speaker: str | None = None) -> Transcript:
    """Every subject ``times`` times in a row, one utterance each."""
    texts = [text for text in subjects for _ in range(times)]
    return Transcript(
        utterances=tuple(
            Utterance(start=float(i), end=i + 1.0, text=text, speaker=speaker) for i, text in enumerate(texts)
        ),
        duration=float(len(texts)),
        engine="written",
    )


def found(transcript: Transcript) -> Cohesion:
    return cohesion.find(transcript, ngrams.stream([u.text for u in transcript.utterances]))


def test_the_words_change_most_where_the_subject_changes() -> None:
    unlike = found(talk(FISH, ROAD, TEAM)).unlike
    assert set(np.argsort(unlike)[-2:]) == {12, 24}


def test_a_new_subject_begins_where_the_words_change() -> None:
    assert found(talk(FISH, ROAD, TEAM)).begins.tolist() == [12, 24]


def test_the_leader_who_hands_over_speaks_for_a_boundary() -> None:
    plain = talk(FISH, times=30)
    said = [replace(u, speaker="客" if i % 10 else "主") for i, u in enumerate(plain.utterances)]
    said[20] = replace(said[20], text="谢谢，接下来我们看下一个问题。" + FISH)
    read = found(replace(plain, utterances=tuple(said)))
    assert read.known
    assert read.leader == read.speaker[0]
    assert read.changed[[10, 11, 20, 21]].all()
    assert not read.changed[[0, 5, 15]].any()
    assert read.signs[20] > read.signs[10] > read.signs[15]


def test_without_speakers_nothing_is_said_of_turns() -> None:
    read = found(talk(FISH, ROAD))
    assert not read.known
    assert not read.changed.any()
    assert not read.speaker.any()
    assert read.begins.tolist() == [12]


@pytest.mark.parametrize(
    "texts", [[""], ["。"], ["", ""], ["好", "", "好"], ["甲乙丙丁"], ["a", "b", "c", "d"]]
)
def test_texts_without_anything_to_compare_have_no_boundary(texts: list[str]) -> None:
    utterances = tuple(Utterance(start=float(i), end=i + 1.0, text=t) for i, t in enumerate(texts))
    read = found(Transcript(utterances=utterances, duration=9.0, engine="written"))
    assert read.begins.tolist() == []
    assert np.isfinite(read.signs).all()


@given(st.lists(st.sampled_from((FISH, ROAD, TEAM, "好。", "谢谢。", "")), min_size=1, max_size=60))
@settings(max_examples=60)
def test_boundaries_are_sorted_inside_and_apart(texts: list[str]) -> None:
    utterances = tuple(Utterance(start=float(i), end=i + 1.0, text=t) for i, t in enumerate(texts))
    transcript = Transcript(utterances=utterances, duration=float(len(texts)), engine="written")
    text = ngrams.stream(texts)
    begins = cohesion.find(transcript, text).begins
    assert begins.tolist() == sorted(set(begins.tolist()))
    assert all(0 < u < len(texts) for u in begins)
    apart = min(cohesion.REACH, text.edges[-1] / 10)
    assert (np.diff(text.edges[begins]) >= apart).all()


def test_counting_a_long_meeting_span_by_span_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    transcript = talk(FISH, ROAD, TEAM, FISH, times=20)
    whole = found(transcript).unlike
    monkeypatch.setattr(cohesion, "SPAN", 7)
    assert found(transcript).unlike.tolist() == whole.tolist()


def test_memory_does_not_grow_with_the_square_of_the_length() -> None:
    """Fifteen hours of talk that hardly repeats itself; a table of it all would take 200 MB."""
    random = np.random.default_rng(7)
    letters = random.integers(0x4E00, 0x4E00 + 200, (4000, 20))
    transcript = talk(*("".join(map(chr, line)) for line in letters), times=1)
    tracemalloc.start()
    found(transcript)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100e6
