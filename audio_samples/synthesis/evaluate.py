"""Character error rates of a demo model, through faster_whisper.WhisperModel only.

    python -m audio_samples.synthesis.evaluate --model qa_pipeline/transcript/demo_model --work build/demo_model

Speaks held-out sentences (text.json) with all voices. Chunk lengths, VAD and decoding come from the model's
profile.json unless a mode says otherwise. The sample recordings are measured by tests.evaluation.speech.
"""

import argparse
import json
import random
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps

SAMPLE_RATE = 16_000
_NOT_TEXT = re.compile("[^\u4e00-\u9fffA-Za-z0-9]")


def normal(text: str) -> str:
    """Text as it is compared: no marks, capital letters."""
    return _NOT_TEXT.sub("", text).upper()


def edits(reference: str, heard: str) -> int:
    """Levenshtein distance."""
    row = np.arange(len(heard) + 1)
    codes = np.array([ord(c) for c in heard], np.int64)
    steps = np.arange(len(heard) + 1)
    for i, c in enumerate(reference, 1):
        new = np.empty_like(row)
        new[0] = i
        new[1:] = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(c)))
        row = np.minimum.accumulate(new - steps) + steps
    return int(row[-1])


@dataclass(frozen=True)
class Result:
    """Outcome of one recording and mode: wrong characters, reference length, seconds of audio, seconds needed, segments."""

    wrong: int
    length: int
    audio: float
    took: float
    segments: int
    start_error: float

    def __str__(self) -> str:
        return (f"CER {100 * self.wrong / max(1, self.length):.2f} % ({self.wrong}/{self.length}), {self.audio:.0f} s of audio, "
                f"real-time factor {self.took / self.audio:.3f}, {self.segments} segments, "
                f"median distance of a segment start to a true start {self.start_error:.2f} s")  # fmt: skip


def transcribe(model: WhisperModel, audio: np.ndarray, mode: str, profile: dict) -> list:
    """Segments of float32 audio (n,). mode: batched, sequential (VAD clips), long (library's own 30 s windows)."""
    vad = dict(profile["vad_parameters"])
    common = {"language": profile["language"], "beam_size": profile["beam_size"]}
    if mode == "batched":
        found, _ = BatchedInferencePipeline(model).transcribe(
            audio, batch_size=profile["batch_size"], chunk_length=profile["chunk_length"], vad_parameters=vad,
            without_timestamps=False, temperature=profile["temperature"], **common,
        )  # fmt: skip
    elif mode == "sequential":
        speech = get_speech_timestamps(audio, VadOptions(**vad))
        clips = [t for s in speech for t in (s["start"] / SAMPLE_RATE, s["end"] / SAMPLE_RATE)]
        found, _ = model.transcribe(
            audio, clip_timestamps=clips, chunk_length=profile["chunk_length"], condition_on_previous_text=False,
            temperature=profile["temperature"], **common,
        )  # fmt: skip
    elif mode.startswith("long"):
        seconds = int(mode[4:] or 30)
        options = {
            "max_speech_duration_s": seconds - 1,
            "min_silence_duration_ms": vad["min_silence_duration_ms"],
        }
        found, _ = BatchedInferencePipeline(model).transcribe(
            audio, batch_size=4, chunk_length=seconds, vad_parameters=options, without_timestamps=False,
            temperature=[0.0], **common,
        )  # fmt: skip
    elif mode == "default":
        found, _ = model.transcribe(
            audio, vad_filter=True, condition_on_previous_text=False, temperature=[0.0], **common
        )
    else:
        raise ValueError(mode)
    return list(found)


def score(
    model: WhisperModel,
    audio: np.ndarray,
    reference: list[tuple[float, float, str]],
    mode: str,
    profile: dict,
    show: int = 0,
) -> Result:
    """Transcribe and compare with (start s, end s, text) rows."""
    begun = time.time()
    segments = transcribe(model, audio, mode, profile)
    took = time.time() - begun
    truth = normal("".join(text for *_, text in reference))
    heard = normal("".join(s.text for s in segments))
    starts = np.array([row[0] for row in reference])
    near = [float(np.abs(starts - s.start).min()) for s in segments] or [9.0]
    for s in segments[:show]:
        print(f"    {s.start:7.2f} {s.end:7.2f} {s.text}")
    return Result(
        edits(truth, heard), len(truth), len(audio) / SAMPLE_RATE, took, len(segments), float(np.median(near))
    )


def spoken(
    sentences: Iterable[str], seed: int, noise_db: float
) -> tuple[np.ndarray, list[tuple[float, float, str]]]:
    """A recording of the sentences by changing voices with pauses and white noise -> (float32 (n,), rows)."""
    from audio_samples.synthesis.espeak import Espeak
    from audio_samples.synthesis.speech import synthesise
    from audio_samples.synthesis.voices import VOICES

    rng, espeak = random.Random(seed), Espeak()
    parts, rows, t = [np.zeros(SAMPLE_RATE // 2, np.float32)], [], 0.5
    name = rng.choice(list(VOICES))
    for text in sentences:
        if rng.random() < 0.6:
            name = rng.choice(list(VOICES))
        made = synthesise(espeak, text, name, rng.uniform(0.93, 1.05))
        if made is None:
            continue
        audio = made.audio.astype(np.float32) / 32768 * 0.6
        rows.append((t + made.starts[0] / 1000, t + made.ends[-1] / 1000, text))
        pause = int(rng.uniform(0.35, 1.1) * SAMPLE_RATE)
        parts += [audio, np.zeros(pause, np.float32)]
        t += (len(audio) + pause) / SAMPLE_RATE
    whole = np.concatenate(parts)
    noise = np.random.RandomState(seed).randn(len(whole)).astype(np.float32) * 10 ** (noise_db / 20)
    return whole + noise, rows


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder with text.json")
    parser.add_argument("--modes", default="batched,sequential,long20,long30")
    parser.add_argument("--sentences", type=int, default=60, help="held-out sentences of each kind")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--show", type=int, default=0)
    arguments = parser.parse_args()
    profile = json.loads((arguments.model / "profile.json").read_text(encoding="utf-8"))
    model = WhisperModel(
        str(arguments.model), device="cpu", compute_type="int8", cpu_threads=arguments.threads
    )
    jobs: list[tuple[str, np.ndarray, list[tuple[float, float, str]]]] = []
    held = json.loads((arguments.work / "text.json").read_text(encoding="utf-8"))["held_out"]
    for kind, sentences in (("held-out corpus", held[:150]), ("held-out grammar", held[150:])):
        for noise in (-60.0, -42.0):
            audio, rows = spoken(sentences[: arguments.sentences], 7, noise)
            jobs.append((f"{kind}, noise {noise:.0f} dBFS", audio, rows))
    for name, audio, rows in jobs:
        for mode in arguments.modes.split(","):
            print(f"{name} [{mode}]: {score(model, audio, rows, mode, profile, arguments.show)}", flush=True)


if __name__ == "__main__":
    main()
