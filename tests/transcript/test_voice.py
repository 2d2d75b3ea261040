"""The streaming voice detector against faster-whisper's own on the whole audio."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from faster_whisper.vad import VadOptions, get_speech_timestamps

from qa_pipeline.recording import SAMPLE_RATE, decode, open_recording
from qa_pipeline.transcript.profile import VadParameters
from qa_pipeline.transcript.voice import Voiced, VoiceStream
from tests.sound import SPEECH, silence, tone

SECONDS = 90


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """The first minute and a half of a sample meeting."""
    blocks = []
    for block in decode(open_recording([SPEECH]).parts[0]):
        blocks.append(block)
        if len(blocks) * 10 >= SECONDS:
            break
    return np.concatenate(blocks)


def streamed(
    audio: np.ndarray, parameters: VadParameters, *, longest: float, block: int = 160_000
) -> list[Voiced]:
    stream = VoiceStream(parameters, longest=longest)
    found = [voiced for at in range(0, len(audio), block) for voiced in stream.feed(audio[at : at + block])]
    return [*found, *stream.finish()]


def expected(audio: np.ndarray, parameters: VadParameters, *, longest: float) -> list[tuple[int, int]]:
    options = VadOptions(
        **{**parameters.model_dump(exclude={"max_speech_duration_s"}), "max_speech_duration_s": longest}
    )
    return [(found["start"], found["end"]) for found in get_speech_timestamps(audio, options)]


SETTINGS = {
    "the engine's own": (VadParameters(), 30.0),
    "the demo model's": (VadParameters(min_silence_duration_ms=250, speech_pad_ms=150), 9.5),
    "cut short": (VadParameters(speech_pad_ms=30), 2.0),
    "wide pads that meet": (VadParameters(min_silence_duration_ms=100, speech_pad_ms=1000), 20.0),
    "long pauses bridged": (VadParameters(min_silence_duration_ms=2000), 30.0),
    "short speech dropped": (VadParameters(min_speech_duration_ms=1500, threshold=0.7), 30.0),
    "own release threshold": (VadParameters(neg_threshold=0.2, speech_pad_ms=0), 30.0),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_stretches_are_those_of_the_whole_audio(speech: np.ndarray, setting: str) -> None:
    parameters, longest = SETTINGS[setting]
    found = [(v.start, v.end) for v in streamed(speech, parameters, longest=longest)]
    wanted = expected(speech, parameters, longest=longest)
    assert len(wanted) > 3
    assert found == wanted


@pytest.mark.parametrize("block", [512, 1000, 16_000, 10_000_000])
def test_the_size_of_the_blocks_changes_nothing(speech: np.ndarray, block: int) -> None:
    audio, parameters = speech[: 30 * SAMPLE_RATE], VadParameters()
    found = [(v.start, v.end) for v in streamed(audio, parameters, longest=10.0, block=block)]
    assert found == expected(audio, parameters, longest=10.0)


@pytest.mark.parametrize("length", [14 * SAMPLE_RATE, 14 * SAMPLE_RATE + 100, 27_000 * 8 // 512 * 512])
def test_speech_that_the_end_cuts_off_is_kept(speech: np.ndarray, length: int) -> None:
    audio = speech[:length]
    found = [(v.start, v.end) for v in streamed(audio, VadParameters(), longest=30.0)]
    assert found == expected(audio, VadParameters(), longest=30.0)


def test_each_stretch_carries_its_own_audio_and_its_time_without_padding(speech: np.ndarray) -> None:
    for voiced in streamed(speech, VadParameters(), longest=10.0, block=5000):
        assert np.array_equal(voiced.audio, speech[voiced.start : voiced.end])
        assert voiced.start <= voiced.heard[0] < voiced.heard[1] <= voiced.end


def test_no_stretch_is_longer_than_allowed_and_none_overlap(speech: np.ndarray) -> None:
    found = streamed(speech, VadParameters(speech_pad_ms=200), longest=5.0)
    assert max(v.end - v.start for v in found) <= 5.0 * SAMPLE_RATE
    assert all(before.end <= after.start for before, after in pairwise(found))


def test_silence_and_music_hold_no_voice() -> None:
    chord = tone(261.6, 10) + tone(329.6, 10) + tone(392.0, 10)
    for sound in (silence(10), chord):
        assert streamed(sound, VadParameters(), longest=30.0) == []


def test_audio_that_was_handed_on_is_let_go() -> None:
    """Three minutes of silence leave no more behind than the padding of a stretch to come."""
    stream = VoiceStream(VadParameters(), longest=30.0)
    for _ in range(18):
        assert list(stream.feed(silence(10))) == []
    assert len(stream._audio) < SAMPLE_RATE
