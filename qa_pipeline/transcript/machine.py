"""The machine a model hears on: its processors, its graphics card, and the model loaded there."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from qa_pipeline.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MALLOC: Final = {
    "M_TRIM_THRESHOLD": (-1, 1 << 30),
    "M_TOP_PAD": (-2, 256 << 20),
    "M_MMAP_THRESHOLD": (-3, 32 << 20),
    "M_ARENA_MAX": (-8, 1),
}
"""Parameters of ``mallopt(3)`` with their numbers and values (bytes, count)."""
_SMALL_MODEL: Final = 150_000_000
"""Below this many bytes a model is so light that a CPU can hold eight windows at once."""
_MOST_WINDOWS: Final = 16
"""Windows that a graphics card hears at once."""
_WINDOW_MEMORY: Final = 0.3
"""What each of them takes of the card, as a multiple of the model's size: 0.16 was seen with the shape
of large-v3-turbo, 0.26 with that of large-v3 (float16, five beams, on an H200)."""
_LEAST_MEMORY: Final = 1500 * 2**20
"""Bytes that the smallest model takes there: 1,309 MiB were seen."""


def usable_processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


def card_memory(kind: Literal["total", "free"]) -> int | None:
    """Bytes on the graphics card that this process would use, None where there is none."""
    card = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    try:
        asked = subprocess.run(  # noqa: S603 (no shell)
            ["nvidia-smi", f"--id={card}", f"--query-gpu=memory.{kind}", "--format=csv,noheader,nounits"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        return int(asked.stdout) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def memory_on_card(size: int) -> float:
    """Bytes that a model of ``size`` bytes takes on a graphics card while it hears."""
    return max(_LEAST_MEMORY, size * (1 + _MOST_WINDOWS * _WINDOW_MEMORY))


def windows_at_once(size: int, device: str) -> int:
    """For a loaded model of ``size`` bytes. On a card no more than there is room for: what runs out of memory
    there breaks the model, and trying again with less is too late."""
    if device == "cpu":
        return 8 if size < _SMALL_MODEL else 4
    free = card_memory("free")
    return _MOST_WINDOWS if free is None else max(1, min(_MOST_WINDOWS, int(free / (size * _WINDOW_MEMORY))))


@lru_cache(maxsize=1)
def load(path: str, device: str, compute: str | None, threads: int) -> tuple[Any, str, str, str]:
    """(model, device, compute type, a Chinese sentence when the graphics card turned out unusable)."""
    import ctranslate2
    import numpy as np

    fallback = ""
    if device == "cuda" or (device == "auto" and ctranslate2.get_cuda_device_count() > 0):
        try:
            chosen = compute or "float16"
            model = _whisper_model(path, device="cuda", compute_type=chosen)
            model.encode(np.zeros((model.model.n_mels, 3000), np.float32))  # missing libraries show only here
        except (RuntimeError, ValueError) as error:
            if device == "cuda":
                raise ModelError(f"显卡用不了（{error}）：请检查驱动与 CUDA 库，或改用 CPU。") from error
            fallback = "显卡用不了，已改用 CPU，速度较慢：请检查驱动与 CUDA 库。"
        else:
            return model, "cuda", chosen, ""
    chosen = compute or "int8"
    _keep_freed_memory()
    try:
        model = _whisper_model(path, device="cpu", compute_type=chosen, cpu_threads=threads)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"语音模型 {path} 打不开（{error}）：文件可能已损坏，请重新获取该模型。") from error
    return model, "cpu", chosen, fallback


def _whisper_model(path: str, **options: Any) -> Any:
    """The model, which encodes no more than its own window (``preprocessor_config.json``).

    faster-whisper fills every window up to half a minute with silence; to a model that hears a few seconds at
    a time that is four fifths of the work, for nothing.
    """
    from faster_whisper import WhisperModel

    class OwnWindow(WhisperModel):  # type: ignore[misc]
        def encode(self, features: NDArray[np.float32]) -> Any:
            return super().encode(features[..., : self.feature_extractor.nb_max_frames])

    return OwnWindow(path, **options)


def _keep_freed_memory() -> None:
    """Let the C library keep what each decoding frees for the next one.

    By default glibc hands large buffers back to the kernel, which clears every page again for the next
    window: a third of the processor time of a small model. Other C libraries have no such switch.
    """
    import ctypes

    adjust = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if adjust is not None:
        for parameter, value in _MALLOC.values():
            adjust(parameter, value)
