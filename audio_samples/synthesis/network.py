"""The network of the demo recogniser: Whisper's, with an initialisation that lets it learn within an hour.

Encoder heads begin as local attention shifted by fixed numbers of frames; decoder layer 0 begins as a search for the last
two written characters in the audio and hands on the place it found; layer 1 begins as "that place plus one character" and
copies the content there. Decoder positions begin in dimensions of their own, so nothing ties the n-th character to a point
in time and long windows work the same way.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from transformers import WhisperConfig, WhisperForConditionalGeneration

from audio_samples.synthesis.tokens import VOCABULARY

TEXT = VOCABULARY.text_size
TIME0 = VOCABULARY.first_time


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
