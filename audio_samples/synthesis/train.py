"""Train the demo recogniser: a small Whisper, from scratch, on synthetic speech, within a given wall time.

    python -m audio_samples.synthesis.train --work build/demo_model --minutes 80

Two processes with one thread each share every step (gloo). The architecture is Whisper's; what makes it learn within an
hour is the initialisation (`build_model`) and the auxiliary losses (`losses`): encoder heads begin as local attention
shifted by fixed numbers of frames; decoder layer 0 begins as a search for the last two written characters in the audio and
hands on the place it found; layer 1 begins as "that place plus one character" and copies the content there. Time marks of
the synthesiser guide both, and frame-wise character and phoneme losses shape the encoder. Decoder positions begin in
dimensions of their own, so nothing ties the n-th character to a point in time and long windows work the same way.
"""

import argparse
import copy
import gc
import json
import math
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing
import torch.nn.functional as functional
from faster_whisper.feature_extractor import FeatureExtractor
from torch import Tensor, nn
from transformers import WhisperConfig, WhisperForConditionalGeneration

from audio_samples.synthesis.speech import SAMPLE_RATE, Utterance, load_shard
from audio_samples.synthesis.text import pieces, script_pieces
from audio_samples.synthesis.tokens import SPOKEN_MARKS, Vocabulary

VOCABULARY = Vocabulary()
TEXT = VOCABULARY.text_size
TIME0 = VOCABULARY.first_time
FRAMES_PER_SECOND = 50
FAST_BFLOAT16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
"""Processors without it only emulate bfloat16, many times slower than float32."""


@dataclass(frozen=True)
class Shape:
    """Size of the network (head size is 32)."""

    width: int = 256
    encoder_layers: int = 4
    decoder_layers: int = 3
    head: int = 32

    @property
    def heads(self) -> int:
        """Number of attention heads."""
        return self.width // self.head


# ------------------------------------------------------------------------------------------------ model
def _frequencies(width: int) -> Tensor:
    """Whisper's sinusoid frequencies, (width / 2,), radians per frame."""
    return torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2).float())


def _sinusoid(times: Tensor, width: int) -> Tensor:
    """Whisper's position vectors at `times` (n,) -> (n, width)."""
    angle = times.float()[:, None] * _frequencies(width)[None]
    return torch.cat([angle.sin(), angle.cos()], 1)


def _shift_heads(
    indices: list[int], shift: float, width: int, head: int, rate: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """(query, key) selectors, each (head, width): query.key is largest where key position = query position + shift."""
    query, key = torch.zeros(head, width), torch.zeros(head, width)
    half, frequency = head // 2, _frequencies(width) if rate is None else rate
    for j, f in enumerate(indices):
        c, s = torch.cos(frequency[f] * shift), torch.sin(frequency[f] * shift)
        query[j, f], query[j, width // 2 + f] = c, s
        query[half + j, width // 2 + f], query[half + j, f] = c, -s
        key[j, f], key[half + j, width // 2 + f] = 1, 1
    return query, key


def build_model(shape: Shape) -> WhisperForConditionalGeneration:
    """A Whisper whose weights start near a working alignment."""
    torch.manual_seed(0)
    width, head, heads = shape.width, shape.head, shape.heads
    config = WhisperConfig(
        vocab_size=len(VOCABULARY), d_model=width, encoder_layers=shape.encoder_layers, decoder_layers=shape.decoder_layers,
        encoder_attention_heads=heads, decoder_attention_heads=heads, encoder_ffn_dim=4 * width, decoder_ffn_dim=4 * width,
        num_mel_bins=80, max_source_positions=1500, max_target_positions=448, pad_token_id=VOCABULARY.end,
        bos_token_id=VOCABULARY.end, eos_token_id=VOCABULARY.end, decoder_start_token_id=VOCABULARY.start,
        suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    encoder, decoder = model.model.encoder, model.model.decoder
    scale = width / 192
    dense = [round(2 * j * scale) for j in range(head // 2)]
    wide = [round(3 * j * scale) for j in range(head // 2)]
    free = [f for f in range(width // 2) if f not in set(dense) | set(wide)]
    near = free[: head // 2]
    coarse = [f for f in free if f > max(wide)]
    with torch.no_grad():
        for layer in [*encoder.layers, *decoder.layers]:
            for parameter in layer.parameters():
                if parameter.dim() == 2:
                    parameter.normal_(0, 0.6 * parameter.shape[1] ** -0.5)
        for convolution in (encoder.conv1, encoder.conv2):
            convolution.weight.normal_(0, (convolution.weight.shape[1] * 3) ** -0.5)
        place = encoder.embed_positions.weight
        mean, deviation = place[:500].mean(), place[:500].std()
        reach = (6, 12, 20, 28)
        for layer, far in zip(encoder.layers, reach, strict=False):
            attention = layer.self_attn
            attention.q_proj.weight.mul_(0.4)
            attention.k_proj.weight.mul_(0.4)
            for h in range(heads):
                shift = far * (2 * h / (heads - 1) - 1)
                query, key = _shift_heads(dense, shift, width, head)
                rows = slice(h * head, (h + 1) * head)
                attention.q_proj.weight[rows] += 1.25 * query
                attention.k_proj.weight[rows] += 1.25 * key
                attention.q_proj.bias[rows] = 1.25 * query.sum(1) * mean / deviation
        tokens = decoder.embed_tokens.weight
        tokens.normal_(0, 0.07)
        tokens[TIME0 : TIME0 + 1501] = 0.07 * _sinusoid(torch.arange(1501), width)
        # decoder positions: token count in dimensions the encoder heads do not read, plus a weak coarse hint of time
        rate = torch.zeros(width // 2)
        rate[near] = torch.exp(torch.linspace(math.log(1.5), math.log(0.03), len(near)))
        count = torch.arange(448).float()[:, None] * rate[None]
        mask = torch.zeros(width // 2)
        mask[near] = 1.0
        position = 0.08 * torch.cat([count.sin() * mask, count.cos() * mask], 1)
        hint = _sinusoid(10 * torch.arange(448), width)
        for f in coarse:
            if f not in near:
                position[:, [f, width // 2 + f]] = 0.03 * hint[:, [f, width // 2 + f]]
        decoder.embed_positions.weight.copy_(position)
        back = [-1.0, -1.0, -1.0, -1.0, -2.0, -2.0, -3.0, 0.0]
        for layer in decoder.layers:
            attention = layer.self_attn
            for h in range(heads):
                query, key = _shift_heads(near, back[h % 8], width, head, rate)
                rows = slice(h * head, (h + 1) * head)
                attention.q_proj.weight[rows] = 0.4 * attention.q_proj.weight[rows] + 1.4 * query
                attention.k_proj.weight[rows] = 0.4 * attention.k_proj.weight[rows] + 1.4 * key
        attention = decoder.layers[0].self_attn
        attention.v_proj.weight[: 4 * head] = torch.randn(4 * head, width) * width**-0.5
        attention.out_proj.weight[:, : 4 * head] = 0.12 * torch.randn(width, 4 * head) * (4 * head) ** -0.5
        # layer 0: search for the last characters by content, hand on the place
        cross = decoder.layers[0].encoder_attn
        for h in range(heads):
            rows = slice(h * head, (h + 1) * head)
            shared = torch.randn(head, width) * width**-0.5 * 1.5
            cross.q_proj.weight[rows] = shared
            cross.k_proj.weight[rows] = shared
        for h, indices in ((0, wide), (1, dense), (2, wide), (3, dense)):
            _, key = _shift_heads(indices, 0.0, width, head)
            rows = slice(h * head, (h + 1) * head)
            cross.v_proj.weight[rows] = key
            cross.out_proj.weight[:, rows] = 0.1 * key.T
        # layer 1: that place plus one character, copy the content
        cross = decoder.layers[1].encoder_attn
        ahead = [10.0, 10.0, 8.0, 12.0, 12.0, 8.0, 10.0, 10.0]
        for h in range(heads):
            query, key = _shift_heads(wide if h % 2 == 0 else dense, ahead[h % 8], width, head)
            rows = slice(h * head, (h + 1) * head)
            cross.q_proj.weight[rows] = 0.4 * cross.q_proj.weight[rows] + 1.2 * query
            cross.k_proj.weight[rows] = 0.4 * cross.k_proj.weight[rows] + 1.0 * key
        cross.v_proj.weight.mul_(0.3)
        cross.v_proj.weight += torch.eye(width)
        cross.out_proj.weight.mul_(0.3)
        cross.out_proj.weight += 0.5 * torch.eye(width)
    return model


class Auxiliary(nn.Module):
    """Frame-wise heads used during training only."""

    def __init__(self, phones: int, width: int) -> None:
        super().__init__()
        self.phone = nn.Linear(width, phones)
        self.silence = nn.Parameter(torch.randn(width) * 0.07)
        self.bias = nn.Parameter(torch.zeros(TEXT + 1))
        self.previous_silence = nn.Parameter(torch.randn(width) * 0.07)
        self.previous_bias = nn.Parameter(torch.zeros(TEXT + 1))


class Network(nn.Module):
    """Forward passes over the Whisper weights: windows of any length, with the cross-attention maps."""

    def __init__(self, model: WhisperForConditionalGeneration, shape: Shape) -> None:
        super().__init__()
        self.whisper, self.shape = model, shape

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], -1, self.shape.heads, self.shape.head).transpose(1, 2)

    def _self_attention(self, layer: nn.Module, x: Tensor, causal: bool) -> Tensor:
        y, attention = layer.self_attn_layer_norm(x), layer.self_attn
        query, key, value = (
            self._heads(f(y)) for f in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        if causal or x.shape[1] > 800:
            out = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
        else:  # faster than the fused kernel for short windows
            out = (query * self.shape.head**-0.5 @ key.transpose(-1, -2)).softmax(-1) @ value
        return x + attention.out_proj(out.transpose(1, 2).reshape(x.shape))

    @staticmethod
    def _feed_forward(layer: nn.Module, x: Tensor) -> Tensor:
        return x + layer.fc2(functional.gelu(layer.fc1(layer.final_layer_norm(x))))

    def encode(self, mel: Tensor) -> Tensor:
        """Log-mel (b, 80, 2 t) -> (b, t, width), 50 frames a second."""
        encoder = self.whisper.model.encoder
        x = functional.gelu(encoder.conv1(mel))
        x = functional.gelu(encoder.conv2(x)).transpose(1, 2).float()
        x = x + encoder.embed_positions.weight[: x.shape[1]]
        for layer in encoder.layers:
            x = self._feed_forward(layer, self._self_attention(layer, x, False))
        return encoder.layer_norm(x)

    def decode(self, tokens: Tensor, encoded: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Tokens (b, l) -> (decoder output (b, l, width), cross-attention of each layer (b, heads, l, t))."""
        decoder = self.whisper.model.decoder
        maps = []
        x = decoder.embed_tokens(tokens) + decoder.embed_positions.weight[: tokens.shape[1]]
        for layer in decoder.layers:
            x = self._self_attention(layer, x, True)
            y, cross = layer.encoder_attn_layer_norm(x), layer.encoder_attn
            scores = self._heads(cross.q_proj(y)) @ self._heads(cross.k_proj(encoded)).transpose(-1, -2)
            weights = (scores.float() * self.shape.head**-0.5).softmax(-1)
            maps.append(weights)
            mixed = weights @ self._heads(cross.v_proj(encoded)).float()
            x = x + cross.out_proj(mixed.transpose(1, 2).reshape(x.shape))
            x = self._feed_forward(layer, x)
        return decoder.layer_norm(x), maps

    def previous_embedding(self) -> Tensor:
        """What layer 0 writes for the character before the last one, (TEXT, width)."""
        decoder, size = self.whisper.model.decoder, 4 * self.shape.head
        attention = decoder.layers[0].self_attn
        text = functional.layer_norm(decoder.embed_tokens.weight[:TEXT], (self.shape.width,))
        return text @ attention.v_proj.weight[:size].T @ attention.out_proj.weight[:, :size].T


# ------------------------------------------------------------------------------------------------ data
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


# ------------------------------------------------------------------------------------------------ losses
_SPREAD = torch.tensor([math.exp(-(k * k) / (2 * 1.5**2)) for k in range(-4, 5)])
_SPREAD = _SPREAD / _SPREAD.sum()


def losses(
    network: Network, auxiliary: Auxiliary, batch: Batch, guide_weight: float, frame_weight: float
) -> tuple[Tensor, dict[str, float]]:
    """The training loss and readable parts of it."""
    embedding = network.whisper.model.decoder.embed_tokens.weight
    tokens = batch.tokens.clone()
    wrong = (torch.rand(tokens.shape) < 0.06) & (tokens < TEXT)
    tokens[wrong] = torch.randint(VOCABULARY.first_character, TEXT - 1, (int(wrong.sum()),))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=FAST_BFLOAT16):
        encoded = network.encode(batch.mel)
        phone = auxiliary.phone(encoded)
        by_frame = encoded @ torch.cat([embedding[:TEXT], auxiliary.silence[None]]).T + auxiliary.bias
        before = encoded @ torch.cat([network.previous_embedding(), auxiliary.previous_silence[None]]).T
        before = before + auxiliary.previous_bias
        decoded, maps = network.decode(tokens, encoded)
        used = batch.targets >= 0
        logits = decoded[used] @ embedding.T
    by_frame = by_frame.float()
    phone_loss = functional.cross_entropy(phone.float().transpose(1, 2), batch.phones)
    frame_loss = functional.cross_entropy(by_frame.transpose(1, 2), batch.characters)
    previous_loss = functional.cross_entropy(before.float().transpose(1, 2), batch.previous)
    likelihood, target = logits.float().log_softmax(-1), batch.targets[used]
    is_time = target >= TIME0
    text_loss = -likelihood[~is_time].gather(1, target[~is_time, None]).sum()
    if is_time.any():
        around = (target[is_time, None] + torch.arange(-4, 5)).clamp(TIME0, TIME0 + 1500)
        text_loss = text_loss - 0.5 * (likelihood[is_time].gather(1, around) * _SPREAD).sum()
    text_loss = text_loss / used.sum()
    here = there = torch.zeros(())
    if len(batch.guides):
        b, i, start, stop, start0, stop0 = batch.guides.T
        frames = torch.arange(encoded.shape[1])[None]
        inside = ((frames >= start[:, None]) & (frames < stop[:, None])).float()
        inside0 = ((frames >= start0[:, None]) & (frames < stop0[:, None])).float()
        here = -((maps[1][b, :, i] * inside[:, None]).sum(-1).clamp_min(1e-4).log()).mean()
        there = -((maps[0][b, :, i][:, :4] * inside0[:, None]).sum(-1).clamp_min(1e-4).log()).mean()
    with torch.no_grad():
        correct = (likelihood[~is_time].argmax(-1) == target[~is_time]).float().mean().item()
        spoken = batch.characters < TEXT
        by_frame_correct = (
            (by_frame.argmax(-1) == batch.characters)[spoken].float().mean().item() if spoken.any() else 1.0
        )
    total = text_loss + frame_weight * (0.3 * phone_loss + 0.6 * frame_loss + 0.15 * previous_loss)
    total = total + guide_weight * (here + 0.6 * there)
    report = {
        "loss": text_loss.item(), "phone": phone_loss.item(), "frame": frame_loss.item(), "prev": previous_loss.item(),
        "here": here.item(), "there": there.item(), "right": correct, "frame_right": by_frame_correct,
    }  # fmt: skip
    return total, report


# ------------------------------------------------------------------------------------------------ training
def kind_of_step(draw: float, progress: float) -> str:
    """Curriculum: single sentences first, then more and more long windows."""
    if progress < 0.06:
        shares = (1.0, 0.0, 0.0, 0.0)
    elif progress < 0.16:
        shares = (0.65, 0.3, 0.05, 0.0)
    elif progress < 0.32:
        shares = (0.45, 0.35, 0.2, 0.0)
    else:
        shares = (0.34, 0.32, 0.19, 0.15)
    for kind, share in zip(("one", "multi", "long"), shares, strict=False):
        if draw < share:
            return kind
        draw -= share
    return "full"


def learning_rate(peak: float, step: int, progress: float) -> float:
    """Short warm-up, then a cosine over the whole run."""
    return (
        peak * min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
    )


def _rank(rank: int, data: Data, shape: Shape, arguments: argparse.Namespace) -> None:
    import torch.distributed as distributed

    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{arguments.port}", rank=rank, world_size=2
    )
    network = Network(build_model(shape), shape)
    torch.manual_seed(5)
    auxiliary = Auxiliary(data.phone_count, shape.width)
    done, step, hours = 0.0, 0, 0.0
    checkpoint_path = arguments.work / "checkpoint.pt"
    if arguments.warm_start:
        network.whisper.load_state_dict(torch.load(arguments.warm_start)["model"])
    if arguments.resume and checkpoint_path.exists():
        saved = torch.load(checkpoint_path)
        network.whisper.load_state_dict(saved["model"])
        auxiliary.load_state_dict(saved["auxiliary"])
        step, hours, done = saved["step"], saved["hours"], saved["seconds"]
    torch.manual_seed(rank + step)
    np.random.seed(rank + step)
    data.random.seed(100 + rank + 7 * step)
    shared = random.Random(3 + step)
    network.whisper.model.encoder.embed_positions.requires_grad_(False)
    parameters = [p for p in [*network.parameters(), *auxiliary.parameters()] if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.01},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=1e-3,
        betas=(0.9, 0.98),
        foreach=True,
    )
    if arguments.resume and checkpoint_path.exists():
        optimiser.load_state_dict(saved["optimiser"])
        del saved
    flat = torch.zeros(sum(p.numel() for p in parameters) + 1)
    total = arguments.minutes * 60
    if rank == 0:
        size = sum(p.numel() for p in network.parameters())
        print(f"{size} parameters, vocabulary {len(VOCABULARY)}, {len(data.utterances)} sentences, {data.hours:.1f} h, "
              f"{data.phone_count} phones", flush=True)  # fmt: skip
    begun = last_saved = last_logged = time.time()
    making, progress = 0.0, done / total
    reports: dict[str, dict[str, float]] = {}
    while True:
        flat[-1] = done + time.time() - begun
        kind = kind_of_step(shared.random(), 1.0 if arguments.warm_start else progress)
        clock = time.time()
        batch = collate(data.examples(kind, arguments.batch_seconds))
        making += time.time() - clock
        loss, report = losses(
            network, auxiliary, batch, 0.6 if progress < 0.5 else 0.3, 1.0 if progress < 0.6 else 0.6
        )
        for p in parameters:
            p.grad = None
        loss.backward()
        place = 0
        for p in parameters:
            flat[place : place + p.numel()] = p.grad.reshape(-1) if p.grad is not None else 0
            place += p.numel()
        distributed.all_reduce(flat)
        flat /= 2
        elapsed = float(flat[-1])
        progress = elapsed / total
        norm = float(flat[:-1].norm())
        usable = math.isfinite(norm)
        flat[:-1] *= min(1.0, 1.0 / (norm + 1e-6)) if usable else 0.0
        place = 0
        for p in parameters:
            p.grad = flat[place : place + p.numel()].view_as(p)
            place += p.numel()
        rate = learning_rate(arguments.rate, step, progress)
        for group in optimiser.param_groups:
            group["lr"] = rate
        if usable:
            optimiser.step()
        step += 1
        hours += 2 * batch.mel.shape[0] * batch.mel.shape[2] / 360_000
        smooth = reports.setdefault(kind, report)
        for key, value in report.items():
            smooth[key] = 0.95 * smooth[key] + 0.05 * value
        if rank == 0 and step % 20 == 0:
            now = time.time()
            parts = " | ".join(
                k + " " + " ".join(f"{n} {v:.3f}" for n, v in copy.copy(r).items())
                for k, r in reports.items()
            )
            print(f"{elapsed:.0f} s step {step} {(now - last_logged) / 20:.2f} s/step (data {making / 20:.2f}) {hours:.2f} h "
                  f"rate {rate:.1e} norm {norm:.2f} | {parts}", flush=True)  # fmt: skip
            last_logged, making = now, 0.0
        if rank == 0 and (time.time() - last_saved > 110 or progress >= 1):
            state = {
                "model": network.whisper.state_dict(), "auxiliary": auxiliary.state_dict(), "optimiser": optimiser.state_dict(),
                "step": step, "hours": hours, "seconds": elapsed, "vocabulary": VOCABULARY.all, "shape": asdict(shape),
            }  # fmt: skip
            torch.save(state, arguments.work / "checkpoint.tmp")
            (arguments.work / "checkpoint.tmp").replace(checkpoint_path)
            last_saved = time.time()
        if progress >= 1:
            break
    if rank == 0:
        summary = {"steps": step, "hours_seen": round(hours, 1), "hours_of_speech": round(data.hours, 1),
                   "sentences": len(data.utterances), "minutes": round(elapsed / 60, 1)}  # fmt: skip
        (arguments.work / "training.json").write_text(json.dumps(summary), encoding="utf-8")
        print("done", summary, flush=True)
    distributed.destroy_process_group()


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder with the shards; checkpoint.pt goes there"
    )
    parser.add_argument("--minutes", type=float, default=80, help="wall time of the run")
    parser.add_argument("--batch-seconds", type=float, default=32, help="audio per process and step")
    parser.add_argument("--rate", type=float, default=1.6e-3, help="peak learning rate")
    parser.add_argument("--port", type=int, default=29511)
    parser.add_argument("--encoder-layers", type=int, default=4)
    parser.add_argument("--decoder-layers", type=int, default=3)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--resume", action="store_true", help="go on from checkpoint.pt")
    parser.add_argument(
        "--warm-start", type=Path, help="begin with the weights of this checkpoint, without its curriculum"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Command line."""
    arguments = arguments_of(argv)
    torch.set_num_threads(1)
    data = Data(arguments.work)
    (arguments.work / "trained_text.txt").write_text(
        "\n".join(sorted({u.text for u in data.utterances})), encoding="utf-8"
    )
    shape = Shape(arguments.width, arguments.encoder_layers, arguments.decoder_layers)
    gc.freeze()  # the second process shares the audio
    other = torch.multiprocessing.get_context("fork").Process(target=_rank, args=(1, data, shape, arguments))
    other.start()
    _rank(0, data, shape, arguments)
    other.join()


if __name__ == "__main__":
    main()
