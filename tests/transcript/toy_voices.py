"""Two tiny ONNX models with which the real sherpa-onnx tells a low hum from a high whistle.

The real models for telling voices apart are a download of 40 MB. These have the same inputs, outputs and
metadata, so that everything around the networks is the real thing: the child process, the windows, the
clustering and the answer. An ONNX file is a protocol buffer; what these need of it fits in ``_field``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

WINDOW, FIELD, SHIFT = 160_000, 991, 270
LOW_HZ, HIGH_HZ = 200.0, 2000.0


def hum(hertz: float, seconds: float) -> np.ndarray:
    """A voice that the toy models know, at 16 kHz."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(16_000 * seconds)) / 16_000)).astype(np.float32)


def write_toy_voices(folder: Path, *, metadata: bool = True) -> None:
    """Put segmentation.onnx and embedding.onnx into a folder, on request without the metadata they need."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "segmentation.onnx").write_bytes(_segmentation(metadata))
    (folder / "embedding.onnx").write_bytes(_embedding(metadata))


def _segmentation(metadata: bool) -> bytes:
    """Per frame: nobody (a constant), a low voice (level above its change) or a high voice (its change)."""
    weights = np.zeros((2, 7), np.float32)
    weights[:, 1] = 1.0, -2.4
    weights[:, 2] = 0.0, 1.0
    bias = np.array([0.02, 0, 0, -1, -1, -1, -1], np.float32)
    return _model(
        nodes=[
            _node("Conv", ["x", "kernel"], "change", kernel_shape=[2], pads=[1, 0]),
            _node("Concat", ["x", "change"], "both", axis=1),
            _node("Abs", ["both"], "size"),
            _node("AveragePool", ["size"], "mean", kernel_shape=[FIELD], strides=[SHIFT]),
            _node("Transpose", ["mean"], "frames", perm=[0, 2, 1]),
            _node("MatMul", ["frames", "weights"], "scores"),
            _node("Add", ["scores", "bias"], "y"),
        ],
        constants={"kernel": np.array([[[-1, 1]]], np.float32), "weights": weights, "bias": bias},
        metadata={
            "sample_rate": "16000",
            "window_size": str(WINDOW),
            "receptive_field_size": str(FIELD),
            "receptive_field_shift": str(SHIFT),
            "num_speakers": "3",
            "powerset_max_classes": "2",
            "num_classes": "7",
        }
        if metadata
        else {},
    )


def _embedding(metadata: bool) -> bytes:
    """The mean spectrum, without its mean."""
    return _model(
        nodes=[
            _node("ReduceMean", ["x"], "spectrum", axes=[1], keepdims=0),
            _node("ReduceMean", ["spectrum"], "level", axes=[1], keepdims=1),
            _node("Sub", ["spectrum", "level"], "y"),
        ],
        constants={},
        metadata={
            "framework": "3d-speaker",
            "language": "Chinese",
            "output_dim": "80",
            "sample_rate": "16000",
            "normalize_samples": "1",
            "feature_normalize_type": "",
        }
        if metadata
        else {},
    )


# ---------------------------------------------------------------- ONNX as a protocol buffer


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _node(op: str, inputs: list[str], output: str, **attributes: int | list[int]) -> bytes:
    body = b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, op)
    for name, value in attributes.items():
        if isinstance(value, int):
            body += _field(5, _field(1, name) + _field(3, value) + _field(20, 2))
        else:
            body += _field(5, _field(1, name) + b"".join(_field(8, v) for v in value) + _field(20, 7))
    return body


def _tensor(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(_field(1, size) for size in array.shape)
    return dims + _field(2, 1) + _field(8, name) + _field(9, array.tobytes())


def _value(name: str, rank: int) -> bytes:
    shape = b"".join(_field(1, _field(2, f"{name}{axis}")) for axis in range(rank))
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))


def _model(*, nodes: list[bytes], constants: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "toy")
    graph += b"".join(_field(5, _tensor(name, array)) for name, array in constants.items())
    graph += _field(11, _value("x", 3)) + _field(12, _value("y", 3 if constants else 2))
    properties = b"".join(_field(14, _field(1, key) + _field(2, text)) for key, text in metadata.items())
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 11)) + properties
