"""What the demo recogniser learns from: random windows of synthetic speech, in rooms and noise, with their time marks."""

import random
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from torch import Tensor

from audio_samples.synthesis.speech import SAMPLE_RATE, Utterance, load_shard
from audio_samples.synthesis.text import pieces, script_pieces
from audio_samples.synthesis.tokens import SPOKEN_MARKS, VOCABULARY

TEXT = VOCABULARY.text_size
TIME0 = VOCABULARY.first_time
FRAMES_PER_SECOND = 50
_FILTERS = torch.tensor(FeatureExtractor().mel_filters).float()
_WINDOW = torch.hann_window(400)


def log_mel(audio: np.ndarray) -> Tensor:
    """float32 (n,) at 16 kHz -> (80, n / 160), as faster-whisper computes it."""
    spectrum = torch.stft(
        torch.from_numpy(audio),
        400,
        160,
        window=_WINDOW,
        return_complex=True,
        center=True,
        pad_mode="reflect",
    )[..., :-1]
    level = torch.log10((_FILTERS @ spectrum.abs().square()).clamp_min(1e-10))
    return (torch.maximum(level, level.max() - 8.0) + 4) / 4


@dataclass
class Example:
    """One training window: mel (80, 2 t), tokens in and out, per output token the frames it is read from, frame labels (t,)."""

    mel: Tensor
    tokens: list[int]
    targets: list[int]
    guides: list[tuple[float, float] | None]
    phones: np.ndarray
    characters: np.ndarray
    previous: np.ndarray


class Data:
    """Utterances in memory and random training windows made of them."""

    def __init__(self, work: Path) -> None:
        self.utterances: list[Utterance] = []
        for path in sorted(work.glob("speech.*.npz")):
            self.utterances += load_shard(path)
        forbidden = script_pieces()  # scripts may have changed since the text was built
        self.utterances = [u for u in self.utterances if not pieces(u.text) & forbidden]
        self.utterances.sort(key=lambda u: len(u.audio))
        self.hours = sum(len(u.audio) for u in self.utterances) / SAMPLE_RATE / 3600
        labels = sorted({label for u in self.utterances for _, label in u.phones} - {"|", "_"})
        self.phone_index = {"|": 0, "_": 0} | {label: i + 1 for i, label in enumerate(labels)}
        self.phone_count = len(labels) + 1
        self.ids = [[VOCABULARY.id[c] for c in u.characters] for u in self.utterances]
        self.random = random.Random(1)

    def noise(self, count: int) -> np.ndarray:
        """Room noise, float32 (count,): white, soft or a murmur of voices, -75 to -38 dBFS."""
        r = self.random
        kind, level = r.random(), 10 ** (r.uniform(-75, -38) / 20)
        noise = np.random.randn(count).astype(np.float32)
        if kind < 0.35:
            pass
        elif kind < 0.8:
            spectrum = np.fft.rfft(noise)
            bins = np.arange(len(spectrum)) * (SAMPLE_RATE / count)
            noise = np.fft.irfft(spectrum / np.maximum(bins, 60) ** r.uniform(0.3, 1.0), count).astype(
                np.float32
            )
        else:
            murmur = np.zeros(count, np.float32)
            for _ in range(4):
                voice = r.choice(self.utterances).audio
                repeated = np.resize(voice[len(voice) // 5 :] if len(voice) > 5 else voice, count)
                murmur += np.roll(repeated, r.randrange(count)).astype(np.float32)
            spectrum = np.fft.rfft(murmur)
            spectrum[int(1200 * count / SAMPLE_RATE) :] *= 0.1
            noise = np.fft.irfft(spectrum, count).astype(np.float32)
            level *= 0.6
        return noise * (level / (float(np.std(noise)) + 1e-9))

    def reverberate(self, audio: np.ndarray) -> np.ndarray:
        """Add a light room to float32 (n,)."""
        r = self.random
        length = int(r.uniform(0.12, 0.4) * SAMPLE_RATE)
        tail = np.random.randn(length).astype(np.float32) * np.exp(
            -np.arange(length) / (length / r.uniform(4, 7))
        )
        tail[: r.randint(40, 160)] = 0
        tail *= 10 ** (r.uniform(-20, -8) / 20) / np.sqrt((tail**2).sum() + 1e-9)
        tail[0] = 1
        size = 1 << (len(audio) + length).bit_length()
        return np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(tail, size), size)[: len(audio)].astype(
            np.float32
        )

    def window(
        self, chosen: list[int], frames: int, cut: bool, timestamps: bool, silent: bool = False
    ) -> Example:
        """A window of `frames` encoder frames (20 ms) holding the utterances with the given indices."""
        r = self.random
        t = r.choice([0.0, r.uniform(0, 0.4), r.uniform(0.1, 0.8)])
        count = frames * 320
        audio = np.zeros(count, np.float32)
        phones = np.zeros(frames, np.int64)
        characters = np.full(frames, TEXT, np.int64)
        previous = np.full(frames, TEXT, np.int64)
        loudness = r.uniform(-16, 1)
        placed: list[tuple[float, int]] = []
        for index in [] if silent else chosen:
            u = self.utterances[index]
            start = int(t * SAMPLE_RATE)
            if start + len(u.audio) > count - 480:
                break
            gain = 10 ** ((loudness + r.uniform(-3, 3)) / 20) / 32768
            audio[start : start + len(u.audio)] += u.audio.astype(np.float32) * gain

            def at(ms: int, t: float = t) -> int:
                return round(t * FRAMES_PER_SECOND + ms / 20)

            for i, (ms, label) in enumerate(u.phones):
                until = u.phones[i + 1][0] if i + 1 < len(u.phones) else int(u.ends[-1])
                phones[at(ms) : at(until)] = self.phone_index[label]
            before = TEXT
            for token, first, last in zip(self.ids[index], u.starts, u.ends, strict=True):
                characters[at(int(first)) : at(int(last))] = token
                previous[at(int(first)) : at(int(last))] = before
                before = token
            placed.append((t, index))
            t += len(u.audio) / SAMPLE_RATE
            pause = r.random()
            t += (
                r.uniform(0.1, 0.5)
                if pause < 0.5
                else r.uniform(0.3, 1.0)
                if pause < 0.88
                else r.uniform(1.0, 2.5)
            )
        if r.random() < 0.4 and frames <= 1000:
            audio = self.reverberate(audio)
        if r.random() < 0.8 or silent:
            audio += self.noise(count)
        peak = float(np.abs(audio).max())
        if peak > 0.99:
            audio *= 0.99 / peak
        mel = log_mel(audio)
        useful = min(frames, int(t * FRAMES_PER_SECOND) + r.randint(-8, 30)) if placed else frames
        if cut and useful < frames:
            mel[:, 2 * useful :] = 0.0  # faster-whisper fills up with zero features
        if r.random() < 0.3:
            band = r.randint(0, 8)
            first_bin = r.randint(0, 80 - band)
            mel[first_bin : first_bin + band] = mel.mean()
        if not placed:
            return Example(mel, [VOCABULARY.start, VOCABULARY.no_speech], [VOCABULARY.no_speech, VOCABULARY.end],
                           [None, None], phones, characters, previous)  # fmt: skip
        sequence = [VOCABULARY.start, VOCABULARY.chinese, VOCABULARY.transcribe]
        guides: list[tuple[float, float] | None] = [None, None]
        if not timestamps:
            sequence.append(VOCABULARY.no_timestamps)
            guides.append(None)
        from_zero = r.random() < 0.3

        def stamp(seconds: float) -> int:
            return TIME0 + min(1500, max(0, round(seconds * 50)))

        for j, (t, index) in enumerate(placed):
            u = self.utterances[index]
            begin, end = t + u.starts[0] / 1000, t + u.ends[-1] / 1000
            if timestamps:
                sequence.append(stamp(0.0 if from_zero and j == 0 and begin < 1 else begin))
                guides.append((begin * 50 - 4, begin * 50 + 6))
            k = 0
            for c in u.text:
                if c in SPOKEN_MARKS:
                    x = (t + u.ends[k - 1] / 1000) * 50
                    sequence.append(VOCABULARY.id[c])
                    guides.append((x - 6, x + 8))
                    continue
                sequence.append(self.ids[index][k])
                guides.append(((t + u.starts[k] / 1000) * 50 - 1, (t + u.ends[k] / 1000) * 50 + 1))
                k += 1
            if timestamps:
                sequence.append(stamp(end))
                guides.append((end * 50 - 6, end * 50 + 4))
        sequence.append(VOCABULARY.end)
        guides.append(None)
        return Example(mel, sequence[:-1], sequence[1:], guides, phones, characters, previous)

    def examples(self, kind: str, budget: float) -> list[Example]:
        """A batch of about `budget` seconds of audio. kind: one (single sentences), multi, long (20 s), full (30 s)."""
        r, total = self.random, len(self.utterances)
        if kind == "one":
            centre = r.randrange(total)
            if r.random() < 0.5:  # longer sentences more often than their share
                centre = max(centre, r.randrange(total))
            low, high = max(0, centre - 300), min(total - 1, centre + 300)
            seconds = len(self.utterances[high].audio) / SAMPLE_RATE + 0.9
            frames = min(int(seconds * 50) + r.randint(5, 25), 700)
            size = max(2, min(16, int(budget / (frames / 50))))
            chosen = [[r.randint(low, high)] for _ in range(size)]
        else:
            frames = {
                "multi": r.choice([300, 400, 500, 500]),
                "long": r.choice([600, 750, 1000]),
                "full": 1500,
            }[kind]
            size = max(1, int(budget / (frames / 50) / {"multi": 1.0, "long": 1.2, "full": 1.0}[kind] + 0.5))
            chosen = []
            for _ in range(size):
                room, picked = frames / 50 * (1.0 if r.random() < 0.7 else r.uniform(0.2, 1.0)), []
                while room > 0 and len(picked) < 24:
                    picked.append(r.randrange(total))
                    room -= len(self.utterances[picked[-1]].audio) / SAMPLE_RATE + 0.4
                chosen.append(picked)
        return [
            self.window(
                c,
                frames,
                kind == "full" or r.random() < 0.8,
                r.random() < 0.55,
                kind != "one" and r.random() < 0.02,
            )
            for c in chosen
        ]


@dataclass
class Batch:
    """Padded tensors: mel (b, 80, 2 t), tokens and targets (b, l), rows of guides (n, 6), frame labels (b, t)."""

    mel: Tensor
    tokens: Tensor
    targets: Tensor
    guides: Tensor
    phones: Tensor
    characters: Tensor
    previous: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same batch on `device`."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


def collate(examples: list[Example]) -> Batch:
    """Stack the examples of a batch."""
    length, frames = max(len(e.tokens) for e in examples), len(examples[0].phones)
    tokens = torch.full((len(examples), length), VOCABULARY.end)
    targets = torch.full((len(examples), length), -100)
    guides: list[tuple[int, ...]] = []
    for b, e in enumerate(examples):
        tokens[b, : len(e.tokens)] = torch.tensor(e.tokens)
        targets[b, : len(e.targets)] = torch.tensor(e.targets)
        for i, guide in enumerate(e.guides):
            if guide is None:
                continue
            before = e.guides[i - 1] if i > 0 else None
            here, there = guide, before or guide
            guides.append(
                (
                    b,
                    i,
                    max(0, int(here[0])),
                    min(frames, int(here[1]) + 1),
                    max(0, int(there[0])),
                    min(frames, int(there[1]) + 1),
                )
            )

    def stacked(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(e, name) for e in examples]))

    return Batch(torch.stack([e.mel for e in examples]), tokens, targets,
                 torch.tensor(guides, dtype=torch.long).reshape(-1, 6), stacked("phones"), stacked("characters"),
                 stacked("previous"))  # fmt: skip
