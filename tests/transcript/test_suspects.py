"""What a recogniser invents: loops and phantom lines; and what it does not."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.chapters.corpus import meetings
from qa_pipeline.transcript.suspects import PHANTOM_CHARS, cut_loops, has_loop, is_phantom


@pytest.mark.parametrize(
    ("heard", "cut"),
    [
        ("好好好好好好好", "好"),
        ("对，对，对，对，对，对", "对"),
        ("我们我们我们我们我们走", "我们走"),
        ("下周安排陪访下周安排陪访下周安排陪访", "下周安排陪访"),
        ("先看数据，我们来看一下，我们来看一下，我们来看一下，好", "先看数据，我们来看一下，好"),
    ],
)
def test_a_loop_is_cut_to_one_round(heard: str, cut: str) -> None:
    assert has_loop(heard)
    assert cut_loops(heard) == cut
    assert not has_loop(cut)


@pytest.mark.parametrize(
    "said",
    ["对对对对", "好好好，我知道了", "一百一百一百", "加油！加油！加油！", "13800000000", "等等……………………"],
)
def test_people_repeat_themselves_too(said: str) -> None:
    assert not has_loop(said)
    assert cut_loops(said) == said


def test_no_labelled_meeting_holds_a_loop() -> None:
    some = islice(meetings(), 0, None, 5)
    assert not [u.text for m in some for u in m.transcript.utterances if has_loop(u.text)]


@given(
    st.text(alphabet="甲乙丙丁戊", min_size=2, max_size=12),
    st.integers(min_value=6, max_value=9),
    st.text(alphabet="天地人和", max_size=6),
)
def test_any_unit_said_six_times_is_found(unit: str, times: int, rest: str) -> None:
    assert has_loop(rest + unit * times)


@given(st.text(alphabet="好的，我们 6", max_size=60))
def test_cutting_never_lengthens(text: str) -> None:
    assert len(cut_loops(text)) <= len(text)
    assert has_loop(text) == (cut_loops(text) != text)


PHANTOMS = [
    "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
    "字幕由Amara.org社群提供",
    "明镜需要您的支持 欢迎订阅明镜",
    "优优独播剧场——YoYo Television Series Exclusive",
    "谢谢观看",
    "感谢您的收看",
    "词曲 李宗盛",
]


@pytest.mark.parametrize("line", PHANTOMS)
def test_a_marker_that_the_sound_does_not_vouch_for_is_a_phantom(line: str) -> None:
    assert is_phantom(line, confidence=0.2, voiced=None)
    assert is_phantom(line, confidence=None, voiced=0.1)
    assert is_phantom(line, confidence=0.9, voiced=0.1)


@pytest.mark.parametrize("line", PHANTOMS)
def test_a_marker_that_was_clearly_heard_is_speech(line: str) -> None:
    assert not is_phantom(line, confidence=0.9, voiced=0.95)
    assert not is_phantom(line, confidence=0.9, voiced=None)


def test_where_nothing_is_known_of_the_sound_only_a_bare_marker_counts() -> None:
    assert is_phantom("请不吝点赞订阅转发打赏支持明镜与点点栏目", confidence=None, voiced=None)
    assert is_phantom("中文字幕志愿者 李宗盛", confidence=None, voiced=None)
    assert not is_phantom("本期节目单我发群里了，客户都喜欢", confidence=None, voiced=None)


@pytest.mark.parametrize("line", ["谢谢大家", "谢谢", "好，散会", "大家辛苦了", "这个客户要订阅健康报"])
def test_what_people_say_in_meetings_is_no_phantom(line: str) -> None:
    assert not is_phantom(line, confidence=0.1, voiced=0.1)


def test_a_marker_inside_longer_speech_is_speech() -> None:
    line = "我们把活动照片发朋友圈请客户点赞关注，" + "每个主管都要发一条" * 2
    assert len(line) > PHANTOM_CHARS
    assert not is_phantom(line, confidence=0.1, voiced=0.1)
