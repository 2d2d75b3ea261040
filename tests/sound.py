"""Sound for the tests: tones, and files of every container a phone or a meeting app makes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ROOT = Path(__file__).parents[1]
SPEECH = ROOT / "audio_samples" / "weekly_short.opus"
"""The shortest sample recording; its words are in weekly_short.reference.json."""


def tone(hertz: float, seconds: float, *, rate: int = 16_000, level: float = 0.3) -> np.ndarray:
    """float32 (samples,)"""
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def silence(seconds: float, *, rate: int = 16_000) -> np.ndarray:
    return np.zeros(round(rate * seconds), np.float32)


def write_sound(
    path: Path,
    *tracks: np.ndarray,
    codec: str,
    rate: int = 16_000,
    created: str | None = None,
    picture: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode audio tracks, each float32 (samples,) or (channels, samples), and if asked a moving picture."""
    with av.open(str(path), "w", options=options or {}) as container:
        if created:
            container.metadata["creation_time"] = created
        video = None
        if picture:
            video = container.add_stream("libvpx" if path.suffix == ".webm" else "mpeg4", rate=5)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        voices = [_add_track(container, track, codec, rate) for track in tracks]
        if video is not None:
            for number in range(max(5, *(5 * track.shape[-1] // rate for track in tracks), 0)):
                image = av.VideoFrame(64, 48, "yuv420p")
                image.pts, image.time_base = number, Fraction(1, 5)
                container.mux(video.encode(image))
            container.mux(video.encode(None))
        for stream, fifo in voices:
            size = stream.codec_context.frame_size or 1024
            while (piece := fifo.read(size, partial=True)) is not None:
                container.mux(stream.encode(piece))
            container.mux(stream.encode(None))
    return path


def hours_of_silence(folder: Path, hours: float) -> bytes:
    """An AAC file, made by repeating one frame of silence: 128 ms in 20 bytes or less."""
    data = write_sound(folder / "a.aac", silence(4, rate=8_000), codec="aac", rate=8_000).read_bytes()
    starts = [at for at in range(len(data) - 1) if data[at] == 0xFF and data[at + 1] & 0xF6 == 0xF0]
    return data[starts[10] : starts[11]] * round(hours * 3600 / 0.128)


def _add_track(
    container: av.container.OutputContainer, track: np.ndarray, codec: str, rate: int
) -> tuple[av.AudioStream, av.AudioFifo]:
    rows = np.atleast_2d(track)
    layout = {1: "mono", 2: "stereo"}.get(len(rows), f"{len(rows)}c")
    mapping = {"mapping_family": "255"} if len(rows) > 2 and codec == "libopus" else {}
    stream = container.add_stream(codec, rate=rate, layout=layout, options=mapping)
    if codec == "wmav2":
        stream.bit_rate = 64_000
    packed = np.ascontiguousarray((rows.T * 32767).astype(np.int16)).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    fifo = av.AudioFifo()
    fifo.write(frame)
    return stream, fifo


def whole(blocks: object) -> np.ndarray:
    """The blocks of a decoded recording end to end."""
    return np.concatenate(list(blocks), axis=-1)  # type: ignore[call-overload]
