"""Who speaks: by channel where channels are people, else by voice in a child process, else unknown."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.recording import open_recording
from qa_pipeline.transcript import speakers
from qa_pipeline.transcript.speakers import assign_speakers
from qa_pipeline.values.recording import Recording
from qa_pipeline.values.transcript import Transcript, Utterance
from tests.sound import silence, tone, write_sound
from tests.transcript.toy_voices import HIGH_HZ, LOW_HZ, hum, write_toy_voices

TURNS = ((0.5, 3.0), (3.5, 6.0), (6.5, 9.0), (9.5, 12.0))
"""Four utterances, seconds; two people take turns."""


def heard(*times: tuple[float, float]) -> Transcript:
    """A transcript with an utterance at each time, and nobody's name on it."""
    return Transcript(
        utterances=tuple(Utterance(start=start, end=end, text="大家好。") for start, end in times),
        duration=max(end for _, end in times) + 1,
        engine="test",
    )


def labels(transcript: Transcript) -> list[str | None]:
    return [u.speaker for u in transcript.utterances]


def turn_taking(
    *people: int, count: int, crosstalk: float = 0.0, gains: tuple[float, ...] = ()
) -> np.ndarray:
    """(count, samples): in each of TURNS one person, named by the channel, speaks into the own microphone;
    the others hear ``crosstalk`` of it."""
    channels = np.zeros((count, 13 * 16_000), np.float32)
    channels += np.random.default_rng(3).normal(0, 0.002, channels.shape).astype(np.float32)
    for person, (start, end) in zip(people, TURNS, strict=True):
        voice = tone(300, end - start)
        for channel in range(count):
            share = 1.0 if channel == person else crosstalk
            first = round(start * 16_000)
            channels[channel, first : first + len(voice)] += share * voice
    return channels * np.array(gains or (1,) * count, np.float32)[:, None]


def recorded(path: Path, channels: np.ndarray, codec: str = "flac") -> Recording:
    return open_recording([write_sound(path, channels, codec=codec)])


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model store; returns the folder in which the models for telling voices apart would lie."""
    monkeypatch.setenv("HUIJIAN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models" / "diarization"


# ---------------------------------------------------------------- by channel


def test_each_utterance_belongs_to_the_channel_that_is_clearly_louder(tmp_path: Path) -> None:
    source = recorded(tmp_path / "a.flac", turn_taking(1, 0, 1, 0, count=2, crosstalk=0.2))
    told = assign_speakers(heard(*TURNS), source, roster=None)
    assert labels(told) == ["S1", "S2", "S1", "S2"]
    assert told.warnings == ()


def test_labels_are_numbered_by_first_appearance_not_by_channel(tmp_path: Path) -> None:
    source = recorded(tmp_path / "a.opus", turn_taking(6, 3, 0, 6, count=8), codec="libopus")
    assert labels(assign_speakers(heard(*TURNS), source, roster=8)) == ["S1", "S2", "S3", "S1"]


def test_an_utterance_that_no_channel_owns_stays_unknown(tmp_path: Path) -> None:
    channels = turn_taking(0, 1, 0, 1, count=2)
    both = slice(round(TURNS[2][0] * 16_000), round(TURNS[2][1] * 16_000))
    channels[:, both] = tone(300, TURNS[2][1] - TURNS[2][0])
    source = recorded(tmp_path / "a.flac", channels)
    assert labels(assign_speakers(heard(*TURNS), source, roster=None)) == ["S1", "S2", None, "S2"]


def test_a_hum_on_one_channel_does_not_make_it_the_speaker(tmp_path: Path) -> None:
    channels = turn_taking(0, 1, 0, 1, count=2, gains=(0.3, 1.0))
    channels[1] += tone(50, 13, level=0.25)
    source = recorded(tmp_path / "a.flac", channels)
    assert labels(assign_speakers(heard(*TURNS), source, roster=None)) == ["S1", "S2", "S1", "S2"]


def test_the_channels_of_several_parts_follow_the_meeting_clock(tmp_path: Path) -> None:
    parts = [
        write_sound(tmp_path / f"{n}.flac", turn_taking(*people, count=2), codec="flac")
        for n, people in enumerate(((0, 1, 0, 1), (1, 1, 0, 0)))
    ]
    later = tuple((start + 13, end + 13) for start, end in TURNS)
    told = assign_speakers(heard(*TURNS, *later), open_recording(parts), roster=None)
    assert labels(told) == ["S1", "S2", "S1", "S2", "S2", "S2", "S1", "S1"]


@pytest.mark.parametrize(
    "channels",
    [
        np.stack([turn_taking(0, 0, 0, 0, count=1)[0]] * 2),
        np.stack([turn_taking(0, 0, 0, 0, count=1)[0]] * 2) * np.array([[1.0], [0.1]], np.float32),
        np.stack([turn_taking(0, 0, 0, 0, count=1)[0], silence(13)]),
        turn_taking(0, 1, 0, 1, count=2, crosstalk=0.7),
        turn_taking(0, 0, 0, 0, count=1),
    ],
    ids=["the same sound twice", "once louder", "one silent", "one room from two sides", "mono"],
)
def test_channels_that_are_not_people_leave_the_speakers_unknown(
    tmp_path: Path, channels: np.ndarray
) -> None:
    transcript = heard(*TURNS)
    source = recorded(tmp_path / "a.flac", channels)
    assert assign_speakers(transcript, source, roster=2) == transcript


def test_speakers_that_are_known_already_are_left_alone(tmp_path: Path) -> None:
    transcript = heard(*TURNS)
    named = replace(transcript, utterances=(replace(transcript.utterances[0], speaker="张三"),))
    source = recorded(tmp_path / "a.flac", turn_taking(0, 1, 0, 1, count=2))
    assert assign_speakers(named, source, roster=None) is named


def test_a_recording_that_has_gone_costs_the_labels_and_a_warning(tmp_path: Path) -> None:
    source = recorded(tmp_path / "a.flac", turn_taking(0, 1, 0, 1, count=2))
    (tmp_path / "a.flac").unlink()
    told = assign_speakers(heard(*TURNS), source, roster=None)
    assert labels(told) == [None] * 4
    (warning,) = told.warnings
    assert warning.startswith("没能区分发言人：打不开录音文件")


# ---------------------------------------------------------------- by voice

VOICES = ((0.5, 11.5), (13.5, 20.5), (22.5, 30.5), (31.2, 31.8))
"""Low, high, low, and an utterance in the silence at the end."""


@pytest.fixture
def two_voices(tmp_path: Path) -> Recording:
    sound = np.concatenate(
        [hum(LOW_HZ, 12), silence(1), hum(HIGH_HZ, 8), silence(1), hum(LOW_HZ, 9), silence(1)]
    )
    return recorded(tmp_path / "会议 一.flac", sound)


@pytest.mark.parametrize("roster", [None, 2, 9])
def test_voices_are_told_apart_by_sherpa_onnx_in_a_child_process(
    models: Path, two_voices: Recording, roster: int | None
) -> None:
    """A roster of nine makes no more than the two voices that speak."""
    write_toy_voices(models)
    told = assign_speakers(heard(*VOICES), two_voices, roster=roster)
    assert told.warnings == ()
    assert labels(told) == ["S1", "S2", "S1", None]


def test_no_more_voices_are_told_apart_than_people_took_part(models: Path, two_voices: Recording) -> None:
    write_toy_voices(models)
    assert labels(assign_speakers(heard(*VOICES), two_voices, roster=1)) == ["S1", "S1", "S1", None]


def test_parts_with_a_gap_keep_their_place_on_the_clock(models: Path, tmp_path: Path) -> None:
    write_toy_voices(models)
    files = [
        write_sound(tmp_path / "1.m4a", hum(LOW_HZ, 11), codec="aac", created="2026-09-08T01:00:00Z"),
        write_sound(tmp_path / "2.m4a", hum(HIGH_HZ, 11), codec="aac", created="2026-09-08T01:00:20Z"),
    ]
    told = assign_speakers(heard((1, 10), (12, 19), (21, 30)), open_recording(files), roster=None)
    assert labels(told) == ["S1", None, "S2"]


def test_a_stereo_recording_of_one_room_falls_through_to_the_voices(models: Path, tmp_path: Path) -> None:
    write_toy_voices(models)
    sound = np.concatenate([hum(LOW_HZ, 11), silence(1), hum(HIGH_HZ, 11)])
    source = recorded(tmp_path / "a.flac", np.stack([sound, sound]))
    assert labels(assign_speakers(heard((1, 10), (13, 22)), source, roster=None)) == ["S1", "S2"]


def test_damaged_models_are_a_warning(models: Path, two_voices: Recording) -> None:
    write_toy_voices(models)
    (models / "segmentation.onnx").write_bytes(b"damaged")
    told = assign_speakers(heard(*VOICES), two_voices, roster=None)
    assert labels(told) == [None] * 4
    (warning,) = told.warnings
    assert warning.startswith("没能区分发言人：发言人模型用不了（")
    assert warning.endswith(
        "请用 huijian asr check diarization 检查；与发言人有关的各项按问答交替近似，把握较低。"
    )


def test_a_fault_that_ends_the_process_is_a_warning(models: Path, two_voices: Recording) -> None:
    """Models without metadata make the library call exit(), or crash: the reason for the child process."""
    write_toy_voices(models, metadata=False)
    told = assign_speakers(heard(*VOICES), two_voices, roster=None)
    assert labels(told) == [None] * 4
    assert "发言人模型用不了" in told.warnings[0]


def test_missing_models_are_no_warning(models: Path, two_voices: Recording) -> None:
    write_toy_voices(models)
    (models / "embedding.onnx").unlink()
    transcript = heard(*VOICES)
    assert assign_speakers(transcript, two_voices, roster=None) == transcript


def test_telling_voices_apart_that_takes_too_long_is_stopped_with_a_warning(
    models: Path, two_voices: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toy_voices(models)
    monkeypatch.setattr(speakers, "START_UP", 0.05)
    monkeypatch.setattr(speakers, "PATIENCE", 0.0)
    told = assign_speakers(heard(*VOICES), two_voices, roster=None)
    assert labels(told) == [None] * 4
    assert "仍未完成，已停止；" in told.warnings[0]


def test_a_child_that_the_system_kills_is_a_warning(
    models: Path, two_voices: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toy_voices(models)
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nkill -9 $$\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    told = assign_speakers(heard(*VOICES), two_voices, roster=None)
    assert told.warnings == (
        "没能区分发言人：子进程被系统终止（可能内存不足）；与发言人有关的各项按问答交替近似，把握较低。",
    )


def test_a_recording_of_more_than_four_hours_is_left_alone(models: Path, two_voices: Recording) -> None:
    write_toy_voices(models)
    told = assign_speakers(heard(*VOICES), replace(two_voices, duration=5 * 3600.0), roster=None)
    assert labels(told) == [None] * 4
    assert told.warnings[0].startswith("没能区分发言人：录音长 5.0 小时，超过 4 小时；")
