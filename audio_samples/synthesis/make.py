"""Make the sample recordings from their scripts: NAME.script.txt -> NAME.opus, its facts, reference and labels.

    python -m audio_samples.synthesis.make [NAME ...]

A script is in the format of the labelled meetings plus `names`, `voices`, `noise` (low, high) and `channels` (mono,
tracks: one track a person, as meeting apps record). Speech is spoken sentence by sentence; what is missing to the
script's duration is real silence between the turns. Deterministic: the same script gives the same recording.
"""

import argparse
import itertools
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from scipy.signal import lfilter

from audio_samples.synthesis.espeak import Espeak
from audio_samples.synthesis.speech import SAMPLE_RATE, synthesise
from audio_samples.synthesis.text import SCRIPTS
from qa_pipeline.chapters.corpus import LabelledMeeting, read_meeting

PACE = 0.95
NOISE_DBFS = {"low": -58.0, "high": -46.0}
BIT_RATE = {"mono": 16_000, "tracks": 14_000}
"""Bits a second, for each track."""
GATE = 0.3
"""A meeting app's track is silent further than this (seconds) from its person's speech."""
LEAD_IN = 2.5
_SENTENCE = re.compile(r"[^。？！]+[。？！]?")


@dataclass(frozen=True)
class Turn:
    """One utterance as it lies in the recording: seconds, speaker label, int16 samples at 16 kHz."""

    start: float
    end: float
    speaker: str
    text: str
    audio: np.ndarray


def pauses_before(path: Path) -> list[float]:
    """Written pauses (seconds) before each utterance; a line (pause 4)."""
    waits, wait = [], 0.0
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"\(pause (\d+(?:\.\d+)?)\)", line.strip()):
            wait += float(found[1])
        elif re.match(r"S\d+: ", line):
            waits.append(wait)
            wait = 0.0
    return waits


def spoken(espeak: Espeak, text: str, voice: str, rng: random.Random) -> np.ndarray:
    """One utterance, sentence by sentence with short breaths between."""
    parts: list[np.ndarray] = []
    for sentence in _SENTENCE.findall(text):
        made = synthesise(espeak, sentence.strip().replace("！", "。"), voice, PACE * rng.uniform(0.97, 1.03))
        if made is None:
            raise ValueError(f"espeak-ng cannot say: {sentence}")
        if parts:
            parts.append(np.zeros(int(rng.uniform(0.3, 0.55) * SAMPLE_RATE), np.int16))
        parts.append(made.audio)
    return np.concatenate(parts)


def turns(meeting: LabelledMeeting, waits: list[float], rng: random.Random) -> list[Turn]:
    """The utterances on the recording's time line."""
    voices = dict(pair.split("=") for pair in meeting.header["voices"].split())
    espeak = Espeak()
    said = [(u, spoken(espeak, u.text, voices[u.speaker or ""], rng)) for u in meeting.transcript.utterances]
    gaps = [wait + rng.uniform(0.35, 0.9) for wait in waits]
    talk = sum(len(audio) for _, audio in said) / SAMPLE_RATE
    missing = meeting.transcript.duration - talk - sum(gaps) - 2 * LEAD_IN
    shares = [rng.uniform(0.2, 1.0) ** 2 for _ in gaps]
    scale = max(0.0, missing) / sum(shares)
    clock, placed = LEAD_IN, []
    for (utterance, audio), gap, share in zip(said, gaps, shares, strict=True):
        clock += gap + scale * share
        end = clock + len(audio) / SAMPLE_RATE
        placed.append(Turn(clock, end, utterance.speaker or "", utterance.text, audio))
        clock = end
    return placed


def room(count: int, level: float, rng: np.random.RandomState) -> np.ndarray:
    """A quiet room, float32 (count,): soft low-pass noise at `level` dBFS."""
    noise = lfilter([0.18], [1.0, -0.82], rng.standard_normal(count)).astype(np.float32)
    return noise * np.float32(10 ** (level / 20) / np.sqrt(np.mean(noise**2)))


def mixed(meeting: LabelledMeeting, placed: list[Turn], seed: int) -> np.ndarray:
    """int16 (channels, n) at 16 kHz: one microphone on the table, or one track a person."""
    count = int((placed[-1].end + LEAD_IN) * SAMPLE_RATE)
    people = sorted({turn.speaker for turn in placed}) if meeting.header["channels"] == "tracks" else [""]
    noise = np.random.RandomState(seed)
    loudness = random.Random(seed)
    gains = {speaker: loudness.uniform(0.45, 0.7) for speaker in sorted({turn.speaker for turn in placed})}
    level = NOISE_DBFS[meeting.header["noise"]]
    tracks = np.stack([room(count, level, noise) * 32767 for _ in people])
    open_for = np.full(tracks.shape, len(people) == 1)
    for turn in placed:
        track = people.index(turn.speaker) if len(people) > 1 else 0
        first = int(turn.start * SAMPLE_RATE)
        tracks[track, first : first + len(turn.audio)] += gains[turn.speaker] * turn.audio
        open_for[track, int((turn.start - GATE) * SAMPLE_RATE) : int((turn.end + GATE) * SAMPLE_RATE)] = True
    tracks[~open_for] = 0
    return np.clip(tracks, -32768, 32767).astype(np.int16)


def write_opus(path: Path, tracks: np.ndarray, bit_rate: int) -> None:
    """Write int16 (channels, n) as Ogg Opus; several tracks stay apart (channel mapping 255)."""
    channels, count = tracks.shape
    layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}c")
    with av.open(str(path), "w", format="ogg") as container:
        options = {"application": "voip", "frame_duration": "60", "compression_level": "5"}
        if channels > 2:
            options["mapping_family"] = "255"
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout=layout, options=options)
        stream.bit_rate = bit_rate * channels
        block = SAMPLE_RATE * 6 // 100
        for start in range(0, count, block):
            piece = np.ascontiguousarray(tracks[:, start : start + block].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def facts(meeting: LabelledMeeting) -> str:
    """The meeting's facts as a manager would write them down."""
    header = meeting.header
    host = dict(pair.split("=") for pair in header["names"].split())[header["host"]]
    return "\n".join(
        (
            f"# {header['title']}",
            f"kind: {header['kind']}",
            f"meeting_date: {header['date']}",
            f'start_time: "{header["start"]}"',
            f"institution: {header['institution']}",
            f"host: {host}",
            f"admin_manager: {host}",
            f"expected_attendees: [{header['expected_names'].replace('、', ', ')}]",
            f"attendees: [{header['present_names'].replace('、', ', ')}]",
            f"on_site: {header['on_site']}",
            f"meeting_minutes: {header['duration_min']}",
            "",
        )
    )


def reference(placed: list[Turn]) -> str:
    """What was said and when, in the product's own transcript JSON."""
    rows: Iterator[dict[str, object]] = (
        {"start": round(t.start, 2), "end": round(t.end, 2), "speaker": t.speaker, "text": t.text}
        for t in placed
    )
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f'{{"utterances":[\n{lines}\n]}}\n'


def labels(meeting: LabelledMeeting, placed: list[Turn], duration: float) -> str:
    """The script author's labels: chapters by seconds, acts by utterance, verdict and score band."""
    edges = [span.first for span in meeting.chapters.spans] + [len(placed)]
    spans = [
        {
            "chapter": span.chapter.value,
            "start": round(placed[first].start, 2),
            "end": round(placed[last].start if last < len(placed) else duration, 2),
        }
        for span, (first, last) in zip(meeting.chapters.spans, itertools.pairwise(edges), strict=True)
    ]
    labelled = {
        "verdict": meeting.header["verdict"],
        "band": list(meeting.band),
        "chapters": spans,
        "acts": [sorted(act.value for act in acts) for acts in meeting.acts],
    }
    return json.dumps(labelled, ensure_ascii=False) + "\n"


def make(script: Path) -> tuple[float, int]:
    """Write a script's recording and what belongs to it -> (seconds, bytes of the recording)."""
    meeting = read_meeting(script)
    name = script.name.removesuffix(".script.txt")
    seed = sum(map(ord, name))
    placed = turns(meeting, pauses_before(script), random.Random(seed))
    tracks = mixed(meeting, placed, seed)
    recording = script.with_name(name + ".opus")
    write_opus(recording, tracks, BIT_RATE[meeting.header["channels"]])
    duration = tracks.shape[1] / SAMPLE_RATE
    script.with_name(name + ".meeting.yaml").write_text(facts(meeting), encoding="utf-8")
    script.with_name(name + ".reference.json").write_text(reference(placed), encoding="utf-8")
    script.with_name(name + ".labels.json").write_text(labels(meeting, placed, duration), encoding="utf-8")
    return duration, recording.stat().st_size


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="samples to make; all by default")
    chosen = set(parser.parse_args().names)
    for script in sorted(SCRIPTS.glob("*.script.txt")):
        name = script.name.removesuffix(".script.txt")
        if chosen and name not in chosen:
            continue
        seconds, size = make(script)
        print(f"{name}: {seconds / 60:.1f} minutes, {size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
