"""From a recording to a transcript with the bundled demo model, and which decoding of a window stays."""

from __future__ import annotations

import json
import math
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from qa_pipeline.errors import ModelError, RecordingError
from qa_pipeline.recording import SAMPLE_RATE, decode, open_recording
from qa_pipeline.transcript import engine, machine
from qa_pipeline.transcript.engine import Decoding, Line, TranscribeOptions, Window, better, transcribe
from qa_pipeline.transcript.hearing import Hearing
from qa_pipeline.transcript.store import DEMO_MODEL, resolve
from qa_pipeline.values.recording import Recording
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Seconds
from tests.evaluation.speech import character_error_rate
from tests.sound import SPEECH, silence, tone, write_sound

CLIP: Seconds = 40.0


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """The first 40 s of a sample meeting."""
    blocks = []
    for block in decode(open_recording([SPEECH]).parts[0]):
        blocks.append(block)
        if len(blocks) * 10 >= CLIP:
            break
    return np.concatenate(blocks)[: int(CLIP * SAMPLE_RATE)]


def said_before(end: Seconds) -> list[dict[str, Any]]:
    """What the script says in the part of the sample meeting before ``end``."""
    reference = json.loads(SPEECH.with_suffix(".reference.json").read_text("utf-8"))
    return [u for u in reference["utterances"] if u["end"] <= end]


@pytest.fixture(scope="module")
def clip(sound: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("录音 一") / "周复盘.flac"
    soundfile.write(path, sound, SAMPLE_RATE)
    return open_recording([path])


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, float, float]]:
    """The progress that transcribing the clip reported."""
    return []


@pytest.fixture(scope="module")
def transcript(clip: Recording, steps: list[tuple[str, float, float]]) -> Transcript:
    return transcribe(clip, model="demo", progress=lambda *step: steps.append(step))


# ---------------------------------------------------------------- the whole way


def test_the_words_are_those_that_were_said(transcript: Transcript) -> None:
    said = said_before(CLIP)
    heard = "".join(u.text for u in transcript.utterances if u.start < said[-1]["end"])
    assert character_error_rate("".join(u["text"] for u in said), heard) < 0.10


def test_the_sound_is_heard_in_the_same_pass(transcript: Transcript, sound: np.ndarray) -> None:
    alone = Hearing()
    alone.part(0.0)
    for at in range(0, len(sound), 10 * SAMPLE_RATE):
        alone.feed(sound[at : at + 10 * SAMPLE_RATE])
    assert transcript.sound == alone.finish()
    assert len(transcript.sound.peaks) > 10 * CLIP


def test_every_utterance_of_the_script_is_heard_at_its_time(transcript: Transcript) -> None:
    for said in said_before(CLIP):
        assert min(abs(u.start - said["start"]) for u in transcript.utterances) < 0.8
        assert min(abs(u.end - said["end"]) for u in transcript.utterances) < 0.8


def test_utterances_are_in_order_inside_the_recording_and_each_has_a_confidence(
    transcript: Transcript,
) -> None:
    assert all(0 <= u.start < u.end <= CLIP for u in transcript.utterances)
    assert all(before.end <= after.start for before, after in pairwise(transcript.utterances))
    assert all(u.confidence is not None and 0 < u.confidence <= 1 for u in transcript.utterances)
    assert not transcript.speakers_known


def test_the_transcript_says_where_voices_were_heard(transcript: Transcript) -> None:
    assert transcript.speech is not None
    assert all(before[1] <= after[0] for before, after in pairwise(transcript.speech))
    assert 0.4 * CLIP < sum(end - start for start, end in transcript.speech) < CLIP
    for u in transcript.utterances:
        assert any(start < u.end and u.start < end for start, end in transcript.speech)


def test_the_transcript_names_its_engine_and_carries_the_model_s_warning(transcript: Transcript) -> None:
    demo = resolve("demo")
    assert transcript.engine.startswith("faster-whisper/")
    assert f"demo@{demo.revision} cpu/int8" in transcript.engine
    assert demo.warning in transcript.warnings
    assert transcript.duration == CLIP


def test_progress_runs_forward_to_the_end(
    transcript: Transcript, steps: list[tuple[str, float, float]]
) -> None:
    assert transcript.utterances
    done = [step[1] for step in steps]
    assert {step[0] for step in steps} == {"transcribe"}
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0.0, CLIP)


def test_the_second_part_of_a_meeting_keeps_its_place_after_the_gap(
    sound: np.ndarray, tmp_path: Path
) -> None:
    first, second = said_before(CLIP)[:2]
    cut = int((first["end"] + second["start"]) / 2 * SAMPLE_RATE)
    end = int((second["end"] + 0.5) * SAMPLE_RATE)
    files = [
        write_sound(tmp_path / "1.m4a", sound[:cut], codec="aac", created="2026-09-08T01:00:00Z"),
        write_sound(tmp_path / "2.m4a", sound[cut:end], codec="aac", created="2026-09-08T01:10:00Z"),
    ]
    heard = transcribe(open_recording(files), model="demo").utterances
    shift = 600.0 - cut / SAMPLE_RATE
    assert min(abs(u.start - (second["start"] + shift)) for u in heard) < 0.8
    assert not any(cut / SAMPLE_RATE + 1 < u.start < 600.0 for u in heard)


def test_what_the_first_pass_leaves_out_the_second_brings_back(
    clip: Recording, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine._Listener, "_first", lambda self, batch: [()] * len(batch))
    short = replace(clip, parts=(replace(clip.parts[0]),))
    again = "".join(u.text for u in transcribe(short, model="demo").utterances)
    assert character_error_rate("".join(u.text for u in transcript.utterances), again) < 0.15
    with pytest.raises(RecordingError, match="录音里没有听到讲话"):
        transcribe(short, model="demo", options=TranscribeOptions(second_pass=False))


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "sound_without_words",
    [silence(20), tone(262, 20, level=0.2) + tone(330, 20, level=0.2) + tone(392, 20, level=0.2)],
    ids=["silence", "music"],
)
def test_a_recording_without_speech_is_refused(tmp_path: Path, sound_without_words: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.wav", sound_without_words, SAMPLE_RATE)
    with pytest.raises(RecordingError) as refusal:
        transcribe(open_recording([tmp_path / "a.wav"]), model="demo")
    assert str(refusal.value) == (
        "录音里没有听到讲话（可能是静音、只有音乐或噪声）：请检查录音设备和选择的文件。"
    )


def test_half_a_second_is_refused_before_a_model_is_looked_for(sound: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound[: SAMPLE_RATE // 2], SAMPLE_RATE)
    with pytest.raises(RecordingError) as refusal:
        transcribe(open_recording([tmp_path / "a.wav"]), model="no such model")
    assert str(refusal.value) == "录音只有 0.5 秒，听不出会议内容：请检查是否选错文件。"


def test_a_damaged_model_is_refused(clip: Recording, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(DEMO_MODEL, folder)
    weights = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(
        ModelError, match=r"语音模型 .*model 打不开（.*）：文件可能已损坏，请重新获取该模型。"
    ):
        transcribe(clip, model=str(folder))


class _BrokenCard:
    """faster_whisper.WhisperModel on a machine whose graphics card cannot be used."""

    def __init__(self, *args: Any, **options: Any) -> None:
        raise RuntimeError("Library libcublas.so.12 is not found")


def test_a_model_encodes_its_own_window_and_not_the_half_minute_it_is_filled_up_to() -> None:
    model, *_ = machine.load(str(DEMO_MODEL), "cpu", None, 1)
    seconds = json.loads((DEMO_MODEL / "preprocessor_config.json").read_text())["chunk_length"]
    encoded = model.encode(np.zeros((model.model.n_mels, 3000), np.float32))
    assert encoded.shape[1] == seconds * 50  # two frames of 10 ms make one


def test_a_graphics_card_that_cannot_be_used_is_refused_when_asked_for(
    clip: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faster_whisper.WhisperModel", _BrokenCard)
    with pytest.raises(
        ModelError, match=r"显卡用不了（Library libcublas.*）：请检查驱动与 CUDA 库，或改用 CPU。"
    ):
        transcribe(clip, model="demo", options=TranscribeOptions(device="cuda"))


def test_a_graphics_card_that_cannot_be_used_is_left_aside_when_not_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine = machine._whisper_model

    def model(path: str, *, device: str, **options: Any) -> Any:
        return _BrokenCard() if device == "cuda" else genuine(path, device=device, **options)

    monkeypatch.setattr(machine, "_whisper_model", model)
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    machine.load.cache_clear()
    _, device, compute, warning = machine.load(str(DEMO_MODEL), "auto", None, 1)
    machine.load.cache_clear()
    assert (device, compute) == ("cpu", "int8")
    assert warning == "显卡用不了，已改用 CPU，速度较慢：请检查驱动与 CUDA 库。"


# ---------------------------------------------------------------- which decoding stays


def line(text: str = "本周达成率百分之八十", *, log_prob: float = -0.1, **given: float) -> Line:
    values = {"start": 0.0, "end": 8.0, "no_speech": 0.0, "compression": 1.2, **given}
    return Line(text=text, log_prob=log_prob, **values)


def window(*pieces: tuple[Seconds, Seconds, Seconds], duration: Seconds = 8.0) -> Window:
    return Window(np.zeros(int(duration * SAMPLE_RATE), np.float32), pieces or ((0.0, 0.0, duration),))


def test_the_decoding_with_lighter_faults_stays() -> None:
    good = Decoding((line(log_prob=-0.9),), frozenset({"unsure"}))
    looped = Decoding((line(log_prob=-0.1),), frozenset({"loop"}))
    assert better(looped, good) is good
    assert better(good, looped) is good


def test_with_equal_faults_the_surer_decoding_stays_and_with_that_equal_the_first() -> None:
    first = Decoding((line(log_prob=-0.5), line("好", log_prob=-3.0)))
    second = Decoding((line(log_prob=-0.4),))
    assert better(first, second) is second
    assert better(second, Decoding((line(log_prob=-0.4),))) is second


def test_any_words_are_better_than_none() -> None:
    empty = Decoding((), frozenset({"empty"}))
    assert empty.log_prob == -math.inf
    words = Decoding((line(log_prob=-0.9),), frozenset({"unsure", "compressed"}))
    assert better(empty, words) is words


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([line()], set()),
        ([], {"empty"}),
        ([line("")], {"empty"}),
        ([line("我们要我们要我们要我们要我们要我们要")], {"loop"}),
        ([line("请不吝点赞订阅转发", log_prob=-0.9)], {"phantom"}),
        ([line(log_prob=-1.5)], {"unsure"}),
        ([line(compression=3.0)], {"compressed"}),
        ([line(end=3.0)], {"missing"}),
        ([line(log_prob=-1.5, end=3.0, compression=3.0)], {"unsure", "missing", "compressed"}),
    ],
)
def test_the_faults_of_a_decoding_are_found(lines: list[Line], faults: set[str]) -> None:
    listener = engine._Listener(resolve("demo"), TranscribeOptions(cpu_threads=1))
    assert listener.faults(window(), lines) == faults


def test_a_window_is_found_wherever_the_one_before_it_ends() -> None:
    """129760 / 16000 * 16000 is a little less: the library cuts it off, and begins a frame earlier."""
    listener = engine._Listener(resolve("demo"), TranscribeOptions(cpu_threads=1, second_pass=False))
    (part,) = open_recording([SPEECH]).parts
    heard = np.concatenate(list(decode(part)))[60 * SAMPLE_RATE : 76 * SAMPLE_RATE]
    first, second = heard[:129_760], heard[129_760:]
    batch = [Window(audio, ((0.0, 0.0, len(audio) / SAMPLE_RATE),)) for audio in (first, second)]
    assert all(decoding.lines for _, decoding in listener.decode(batch))


# ---------------------------------------------------------------- times

JOINED = window((0.0, 10.0, 3.0), (3.0, 20.0, 5.0))
"""Three seconds heard at 0:10 and five heard at 0:20, decoded as one."""


@pytest.mark.parametrize(
    ("inside", "meeting"),
    [
        ((0.5, 2.5), (10.5, 12.5)),
        ((3.5, 8.0), (20.5, 25.0)),
        ((2.9, 8.0), (20.0, 25.0)),
        ((0.0, 3.1), (10.0, 13.0)),
        ((0.0, 8.0), (10.0, 25.0)),
        ((1.0, 99.0), (11.0, 25.0)),
    ],
)
def test_times_in_a_window_become_times_of_the_meeting(
    inside: tuple[Seconds, Seconds], meeting: tuple[Seconds, Seconds]
) -> None:
    assert JOINED.to_meeting(*inside) == pytest.approx(meeting)


def test_the_second_pass_cuts_between_stretches_of_speech_and_not_inside_them() -> None:
    stretches = window((0.0, 0.0, 3.0), (3.0, 9.0, 1.5), (4.5, 12.0, 4.0), (8.5, 20.0, 9.0), duration=17.5)
    assert engine._cuts(stretches, 5.0) == [0.0, 4.5, 4.5, 8.5, 8.5, 17.5]


def test_one_line_over_a_long_silence_is_two_utterances_at_a_clause_end_near_it() -> None:
    said = Decoding((line("流程还是四项，先做阶段复盘。", end=8.0),))
    apart = window((0.0, 10.0, 4.2), (4.2, 20.0, 3.8))
    assert [(u.start, u.end, u.text) for u in engine._utterances(apart, said)] == [
        (10.0, 14.2, "流程还是四项，"),
        (20.0, 23.8, "先做阶段复盘。"),
    ]
    together = window((0.0, 10.0, 4.2), (4.2, 14.9, 3.8))
    assert len(list(engine._utterances(together, said))) == 1
    elsewhere = window((0.0, 10.0, 1.5), (1.5, 20.0, 6.5))
    assert len(list(engine._utterances(elsewhere, said))) == 1


def test_the_next_windows_are_made_while_the_model_hears_the_ones_before() -> None:
    window = Window(np.zeros(SAMPLE_RATE, np.float32), ((0.0, 0.0, 1.0),))
    second = threading.Event()

    def batches() -> Iterator[list[Window]]:
        yield [window]
        second.set()
        yield [window, window]

    heard = []
    for batch in engine._ahead(batches()):
        assert second.wait(10), "the second batch waits for the first to be heard"
        heard.append(len(batch))
    assert heard == [1, 2]


def test_what_goes_wrong_in_reading_ahead_is_told_where_the_batch_is_asked_for() -> None:
    def batches() -> Iterator[list[Window]]:
        yield [Window(np.zeros(1, np.float32), ())]
        raise RecordingError("文件坏了")

    ahead = engine._ahead(batches())
    assert next(ahead)
    with pytest.raises(RecordingError, match="文件坏了"):
        next(ahead)


@pytest.mark.parametrize(("free", "windows"), [(24_000, 16), (9_000, 10), (2_000, 2), (200, 1), (None, 16)])
def test_a_card_hears_as_many_windows_at_once_as_it_has_room_for(
    free: int | None, windows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "card_memory", lambda kind: free and free * 2**20)
    assert machine.windows_at_once(2_960_000_000, "cuda") == windows


def test_a_card_that_runs_out_of_memory_is_said_in_words(
    clip: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(self: Any, batch: Any) -> Any:
        raise RuntimeError("CUDA failed with error out of memory")

    monkeypatch.setattr(engine._Listener, "_first", no_room)
    with pytest.raises(ModelError, match="显卡内存不够"):
        transcribe(clip)
