"""What the sound itself says: an audio fingerprint, digital silence, loudness and where the room changes, in
one pass over a stream.

The fingerprint is the constellation of spectral peaks of A. Wang, "An Industrial-Strength Audio Search
Algorithm" (ISMIR 2003): what is loudest in its surroundings in time and pitch outlives re-encoding, trimming
and any level. It says where peaks are, nothing of how a voice sounds: it tells recordings apart, not people.
Memory grows by half a megabyte an hour, which the fingerprint takes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from qa_pipeline.recording import SAMPLE_RATE
from qa_pipeline.transcript.roomtone import RoomTone
from qa_pipeline.values.transcript import Sound
from qa_pipeline.values.vocabulary import Seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Whole = NDArray[np.int64]

MAKER: Final = "peaks-1"
"""Fingerprints of different makers are not comparable."""
FRAME: Final[Seconds] = 512 / SAMPLE_RATE
"""Seconds from one frame to the next: what peaks are counted in."""

_WINDOW: Final = 1024
_HOP: Final = 512
_BANDS: Final = (20, 218)
"""Bins of 15.6 Hz: 312 to 3406 Hz, which even a telephone codec keeps."""
_AROUND: Final = (10, 12)
"""A peak is the loudest within so many frames and bins on each side: about 7 peaks a second of speech."""
_ABOVE: Final = 1.4
"""How far (nepers of power) a peak stands above its band's mean, so that steady hum and hiss make none."""
_FLOOR: Final = -18.0
"""Log power under which there is nothing but rounding."""
_AT_ONCE: Final = 512
_SKIP: Final = 255
"""A pair (255, 255) only moves time on."""

_CELL: Final = SAMPLE_RATE // 10
_DIGITAL: Final = 2.5 / 32768
"""No microphone is this quiet (-82 dBFS): it is silence that a program wrote."""
LEAST_SILENCE: Final[Seconds] = 30.0
"""Meeting programs write silence too while nobody speaks, but not for this long."""
_SHORT_TERM: Final = 30
"""Cells of a short-term loudness: 3 s (EBU Tech 3341)."""


class Hearing:
    """Feed the blocks of each part of a recording, then ask for its :class:`Sound`."""

    def __init__(self) -> None:
        import numpy as np

        self._window = np.hanning(_WINDOW).astype(np.float32)
        self._peaks: list[tuple[Whole, Whole]] = []
        self._levels: list[Samples] = []
        self._silences: list[tuple[Seconds, Seconds]] = []
        self._tone = RoomTone(FRAME)
        self._begin(0.0)

    def _begin(self, start: Seconds) -> None:
        import numpy as np

        self._start = start
        self._tone.part(start)
        self._audio: Samples = np.zeros(0, np.float32)
        self._spectra: Samples = np.zeros((0, _BANDS[1] - _BANDS[0]), np.float32)
        self._first = 0  # frame of self._spectra[0]
        self._cells: Samples = np.zeros(0, np.float32)
        self._quiet: list[NDArray[np.bool_]] = []

    def part(self, start: Seconds) -> None:
        """What follows is the part that begins ``start`` seconds into the meeting."""
        self._end()
        self._begin(start)

    def feed(self, block: Samples) -> None:
        """Mono audio at 16 kHz, values in [-1, 1]."""
        import numpy as np

        self._audio = np.concatenate((self._audio, block))
        frames = (len(self._audio) - _WINDOW) // _HOP + 1
        if frames > 0:
            views = np.lib.stride_tricks.sliding_window_view(self._audio, _WINDOW)[::_HOP][:frames]
            spectrum = np.fft.rfft(views * self._window, axis=1)[:, slice(*_BANDS)]
            power = spectrum.real**2 + spectrum.imag**2
            spectra = np.log(power + np.float32(1e-9))
            self._tone.feed(spectra)
            self._spectra = np.concatenate((self._spectra, spectra))
            self._audio = self._audio[frames * _HOP :].copy()
        if len(self._spectra) > _AT_ONCE + 2 * _AROUND[0]:
            self._find_peaks(last=len(self._spectra) - _AROUND[0])
        self._cells = np.concatenate((self._cells, block))
        whole = len(self._cells) // _CELL * _CELL
        cells = self._cells[:whole].reshape(-1, _CELL)
        self._cells = self._cells[whole:].copy()
        self._levels.append(np.square(cells).mean(axis=1))
        self._quiet.append(np.abs(cells).max(axis=1) < _DIGITAL)

    def finish(self) -> Sound:
        """Everything that was heard. The object is of no further use."""
        self._end()
        return Sound(
            maker=MAKER,
            peaks=_packed(self._peaks),
            silences=tuple(self._silences),
            loudness_range=_loudness_range(self._levels),
            room_changes=self._tone.changes(),
        )

    def _end(self) -> None:
        import numpy as np

        if len(self._spectra):
            self._find_peaks(last=len(self._spectra))
        quiet = np.concatenate([np.zeros(1, np.bool_), *self._quiet, np.zeros(1, np.bool_)])
        edges = np.flatnonzero(np.diff(quiet)).reshape(-1, 2) * _CELL / SAMPLE_RATE
        for begin, end in edges.tolist():
            if end - begin >= LEAST_SILENCE:
                self._silences.append((round(self._start + begin, 1), round(self._start + end, 1)))

    def _find_peaks(self, *, last: int) -> None:
        """The peaks of all spectra but the last ones, whose surroundings are still to come."""
        import numpy as np

        spectra = self._spectra
        loudest = _surrounding(_surrounding(spectra, _AROUND[1], axis=1), _AROUND[0], axis=0)
        found = (spectra >= loudest) & (spectra > spectra.mean(axis=0) + _ABOVE) & (spectra > _FLOOR)
        found[: _AROUND[0] if self._first else 0] = False
        found[last:] = False
        frames, bands = np.nonzero(found)
        origin = round(self._start / FRAME)
        self._peaks.append((frames + origin + self._first, bands))
        drop = max(0, last - _AROUND[0])
        self._first += drop
        self._spectra = spectra[drop:].copy()


def peaks_of(sound: Sound) -> tuple[Whole, Whole]:
    """(frames, bands) of the fingerprint's peaks, in time order; frames are ``FRAME`` seconds long."""
    import numpy as np

    pairs = np.frombuffer(base64.b64decode(sound.peaks), np.uint8).reshape(-1, 2).astype(np.int64)
    real = pairs[:, 1] != _SKIP
    return np.cumsum(pairs[:, 0])[real], pairs[real, 1]


def _packed(peaks: Sequence[tuple[Whole, Whole]]) -> str:
    import numpy as np

    frames = np.concatenate([np.zeros(0, np.int64), *(frames for frames, _ in peaks)])
    bands = np.concatenate([np.zeros(0, np.int64), *(bands for _, bands in peaks)])
    steps = np.maximum(np.diff(frames, prepend=0), 0)
    skips = steps // _SKIP
    at = np.repeat(np.arange(len(steps)), skips)
    pairs = np.stack((steps - skips * _SKIP, bands), axis=1)
    pairs = np.insert(pairs, at, _SKIP, axis=0)
    return base64.b64encode(pairs.astype(np.uint8).tobytes()).decode("ascii")


def _surrounding(values: Samples, reach: int, *, axis: int) -> Samples:
    """The maximum within ``reach`` places on each side."""
    import numpy as np

    edge = [(0, 0), (0, 0)]
    edge[axis] = (reach, reach)
    most = np.pad(values, edge, constant_values=-99.0)
    width, wanted = 1, 2 * reach + 1
    while width < wanted:
        step = min(width, wanted - width)
        size = most.shape[axis] - step
        most = np.maximum(
            np.take(most, range(size), axis=axis), np.take(most, range(step, step + size), axis=axis)
        )
        width += step
    return most


def _loudness_range(levels: Sequence[Samples]) -> float | None:
    """LRA of EBU Tech 3342: the span from the 10th to the 95th percentile of short-term loudness, gated at
    -70 dB and at 20 dB under what passes that gate. Frequencies are not weighted: speech is speech."""
    import numpy as np

    cells = np.concatenate([np.zeros(0, np.float32), *levels]).astype(np.float64)
    if len(cells) < _SHORT_TERM:
        return None
    sums = np.cumsum(np.insert(cells, 0, 0.0))
    power = np.maximum(sums[_SHORT_TERM:] - sums[:-_SHORT_TERM], 0) / _SHORT_TERM
    heard = power[power > 10**-7.0]
    heard = heard[heard > heard.mean() / 100] if len(heard) else heard
    if len(heard) < _SHORT_TERM:
        return None
    low, high = np.percentile(10 * np.log10(heard), (10, 95)).tolist()
    return float(round(high - low, 2))
