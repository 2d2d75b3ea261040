"""What the sound itself says: a fingerprint that survives handling, written silence, and loudness."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from qa_pipeline.recording import SAMPLE_RATE
from qa_pipeline.transcript.hearing import FRAME, Hearing, peaks_of
from qa_pipeline.values.transcript import Sound
from tests.sound import silence, tone

NOISE = np.random.default_rng(5).normal(0, 0.05, 60 * SAMPLE_RATE).astype(np.float32)


def heard(audio: np.ndarray, *, block: int = 10 * SAMPLE_RATE) -> Sound:
    hearing = Hearing()
    for at in range(0, len(audio), block):
        hearing.feed(audio[at : at + block])
    return hearing.finish()


def test_the_fingerprint_does_not_depend_on_how_the_stream_is_cut_or_how_loud_it_is() -> None:
    peaks = set(zip(*(row.tolist() for row in peaks_of(heard(NOISE))), strict=True))
    for other in (heard(NOISE, block=7001), heard(NOISE * 0.02)):
        again = set(zip(*(row.tolist() for row in peaks_of(other)), strict=True))
        assert len(peaks & again) > 0.97 * len(peaks)


def test_parts_lie_where_they_were_recorded_and_a_long_gap_is_kept() -> None:
    hearing = Hearing()
    for start in (0.0, 3600.0):
        hearing.part(start)
        hearing.feed(NOISE[: 20 * SAMPLE_RATE])
    frames, bands = peaks_of(hearing.finish())
    early = frames < 60 / FRAME
    assert early.sum() == (~early).sum() > 50
    assert (frames[~early] - frames[early] == round(3600 / FRAME)).all()
    assert (bands[~early] == bands[early]).all()


@pytest.mark.parametrize("audio", [silence(30), tone(1000, 30), silence(0.01)])
def test_silence_and_a_steady_tone_have_next_to_no_peaks(audio: np.ndarray) -> None:
    assert len(peaks_of(heard(audio))[0]) < 10


def test_only_long_digital_silence_counts_a_quiet_room_never_does() -> None:
    room = np.random.default_rng(6).normal(0, 2e-4, 40 * SAMPLE_RATE).astype(np.float32)
    audio = np.concatenate((NOISE, silence(45), NOISE, silence(20), NOISE, room, NOISE))
    assert heard(audio).silences == ((60.0, 105.0),)


def test_loudness_range_is_that_of_ebu_tech_3342() -> None:
    """Its first test signal: 20 s of a tone at -20 dB, then 20 s at -30 dB: 10 dB, give or take 1."""
    steps = np.concatenate([tone(1000, 20, level=10 ** (level / 20)) for level in (-20, -30)])
    assert heard(steps).loudness_range == pytest.approx(10, abs=1)
    assert heard(silence(60)).loudness_range is None
    assert heard(NOISE).loudness_range == pytest.approx(0, abs=0.5)


def test_memory_does_not_grow_with_the_recording() -> None:
    hearing = Hearing()
    hearing.feed(NOISE[: 10 * SAMPLE_RATE])
    tracemalloc.start()
    for _ in range(24):
        hearing.feed(NOISE[: 10 * SAMPLE_RATE])
    grown, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 600_000  # four minutes: an hour of meeting stays under 10 MB
    assert most < 60_000_000
