"""K4: a recording put together from two rooms changes its background at once; handling it does not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.recording import SAMPLE_RATE, decode, open_recording
from qa_pipeline.transcript.hearing import Hearing
from tests.sound import silence, write_sound

Changes = tuple[tuple[float, float], ...] | None
HALF = 75
"""Seconds of each room."""
TRIP = {"mp3": ("libmp3lame", 16_000), "opus": ("libopus", 16_000), "amr": ("libopencore_amrnb", 8_000)}


def room(colour: tuple[float, ...], seconds: int, level: float, seed: int) -> np.ndarray:
    """Noise whose bands rise and fall as ``colour`` (dB, evenly from 0 to 4 kHz) says; float32 (samples,)."""
    noise = np.fft.rfft(np.random.default_rng(seed).standard_normal(seconds * SAMPLE_RATE))
    bins = np.linspace(0, SAMPLE_RATE / 2, len(noise))
    shaped = np.fft.irfft(noise * 10 ** (np.interp(bins, np.linspace(0, 4000, len(colour)), colour) / 20))
    return (shaped * level / np.std(shaped)).astype(np.float32)


@cache
def talk(seconds: int) -> np.ndarray:
    """Something like speech: syllables of a buzz with pauses between and within."""
    clock = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 140 * n * clock) / n for n in range(1, 20))
    speaks = (np.sin(2 * np.pi * 3 * clock) > 0) & (clock % 5 < 3.5)
    return (0.05 * buzz * speaks).astype(np.float32)


OFFICE, STREET = (0.0, 0.0, -6.0, -12.0, -18.0), (0.0, -10.0, 0.0, 0.0, -4.0)


@cache
def of_one_room() -> np.ndarray:
    return talk(2 * HALF) + room(OFFICE, 2 * HALF, 0.003, 1)


@cache
def of_two_rooms() -> np.ndarray:
    return talk(2 * HALF) + np.concatenate((room(OFFICE, HALF, 0.003, 1), room(STREET, HALF, 0.006, 2)))


def heard(*parts: np.ndarray) -> Changes:
    hearing = Hearing()
    start = 0.0
    for part in parts:
        hearing.part(start)
        for at in range(0, len(part), 10 * SAMPLE_RATE):
            hearing.feed(part[at : at + 10 * SAMPLE_RATE])
        start += len(part) / SAMPLE_RATE
    return hearing.finish().room_changes


def through(audio: np.ndarray, kind: str, folder: Path) -> np.ndarray:
    codec, rate = TRIP[kind]
    sent = audio[:: SAMPLE_RATE // rate] if rate < SAMPLE_RATE else audio
    path = write_sound(folder / f"x.{kind}", sent, codec=codec, rate=rate)
    return np.concatenate(list(decode(open_recording([path]).parts[0])))


def test_two_rooms_in_one_recording_are_heard_where_they_meet() -> None:
    ((when, apart),) = heard(of_two_rooms()) or ()
    assert when == pytest.approx(HALF, abs=10)
    assert apart > 3


@pytest.mark.parametrize("kind", ["opus", "amr"])
def test_encoding_does_not_hide_a_change(kind: str, tmp_path: Path) -> None:
    ((when, _),) = heard(through(of_two_rooms(), kind, tmp_path)) or ()
    assert when == pytest.approx(HALF, abs=10)


def test_encoding_makes_no_change(tmp_path: Path) -> None:
    assert heard(through(of_one_room(), "mp3", tmp_path)) == ()


def test_a_level_that_is_turned_is_no_other_room() -> None:
    half = HALF * SAMPLE_RATE
    assert heard(np.concatenate((of_one_room()[:half], 0.3 * of_one_room()[half:]))) == ()
    gains = np.random.default_rng(3).uniform(0.4, 1.6, 2 * HALF)
    one = of_one_room()
    slow = np.interp(np.arange(len(one)), np.arange(2 * HALF) * SAMPLE_RATE, gains).astype(np.float32)
    assert heard(one * slow) == ()


def test_parts_may_be_of_different_rooms() -> None:
    half = HALF * SAMPLE_RATE
    assert heard(of_one_room(), np.concatenate((of_two_rooms()[half:], of_two_rooms()[half:]))) == ()


def test_without_a_minute_of_background_on_each_side_nothing_is_known() -> None:
    assert heard(of_one_room()[: 100 * SAMPLE_RATE]) is None
    gated = np.where(talk(2 * HALF) == 0, 0, of_one_room()).astype(np.float32)
    assert heard(gated) is None
    assert heard(silence(150)) is None
