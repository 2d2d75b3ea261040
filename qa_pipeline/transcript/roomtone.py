"""Where the room itself changes at once: the colour of its background sound, heard in the pauses of speech.

Every room, with its fan and its street, has a background of its own, and a recording that was put together
from two changes it from one moment to the next (R. Maher, "Audio forensic examination", IEEE Signal
Processing Magazine, 2009, on background sound as a trace of editing). Heard are the quietest fifth of each
ten seconds in eleven bands of 312 to 3406 Hz, without their common level: whoever turns a recording up, or
a microphone that does so by itself, changes no colour.

A change is a minute on each side that is steady in itself and differs from the other by 2 dB (root mean
square over the bands) and six times as much as either varies. Measured on five minutes each:

* 19 recordings in one piece (three samples as they are, with the level turned in the middle, through
  automatic gain, with four kinds of room added, through MP3, Opus, AMR-NB and telephone µ-law): no alarm;
  the greatest difference was 0.35 dB, 1.1 times as much as the sides vary;
* 18 joints of two recordings, with rooms of six kinds added at -50 to -40 dBFS, ten of them through MP3,
  Opus or AMR-NB: 13 heard, with 2.1 to 5.1 dB and 7 to 23 times; not heard were five whose rooms hardly
  differ beside the noise that both recordings have (0.3 to 0.9 dB);
* 2 joints of recordings from one kind of room: not heard.

People also open windows and switch on fans: what is heard is a place to listen to, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from qa_pipeline.values.vocabulary import Seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Table = NDArray[np.float64]

_FRAMES: Final = 312
"""Frames of a stretch: 10 s."""
_QUIET: Final = _FRAMES // 5
_BANDS: Final = 11
_SIDE: Final = 6
"""Stretches on each side of a change: a minute."""
_HEARD: Final = 4
"""So many of them must have a background at all."""
_SILENT: Final = -16.0
"""Log power of a pause under which a program wrote it, or a gate: there is no room in it."""
_LEAST: Final = 2.0
_TIMES: Final = 6.0
_STEADIEST: Final = 0.15
"""dB; nothing is steadier than the measurement."""
_DECIBEL: Final = 4.342944819
"""dB in a neper of power."""


class RoomTone:
    """Feed the log power spectra of a recording's parts, then ask where the room changed."""

    def __init__(self, frame: Seconds) -> None:
        self._frame = frame
        self._parts: list[tuple[Seconds, list[Table]]] = []
        self._held: list[Samples] = []
        self._count = 0

    def part(self, start: Seconds) -> None:
        """What follows begins ``start`` seconds into the meeting. Between parts the room may change."""
        self._parts.append((start, []))
        self._held, self._count = [], 0

    def feed(self, spectra: Samples) -> None:
        """(frames, bins), natural logarithm of the power; the bins are a multiple of eleven."""
        import numpy as np

        self._held.append(spectra.reshape(len(spectra), _BANDS, -1).mean(axis=2))
        self._count += len(spectra)
        if self._count < _FRAMES:
            return
        bands = np.concatenate(self._held)
        whole = self._count // _FRAMES * _FRAMES
        for stretch in bands[:whole].reshape(-1, _FRAMES, _BANDS):
            self._parts[-1][1].append(_pauses(stretch))
        self._held, self._count = [bands[whole:].copy()], self._count - whole

    def changes(self) -> tuple[tuple[Seconds, float], ...] | None:
        """(when, by how many dB) the room changed, to about ten seconds; None: no part of the recording has
        two minutes with a background to compare."""
        found: list[tuple[Seconds, float]] = []
        compared = False
        for start, stretches in self._parts:
            for place, difference in _differences(stretches):
                compared = True
                if difference:
                    found.append((round(start + place * _FRAMES * self._frame, 1), difference))
        return tuple(found) if compared else None


def _pauses(stretch: Samples) -> Table:
    """The colour of the quietest frames, in dB around their mean; not a number where there is no room."""
    import numpy as np

    loudness = stretch.mean(axis=1)
    quiet = stretch[np.argpartition(loudness, _QUIET)[:_QUIET]].astype(np.float64).mean(axis=0)
    if quiet.mean() < _SILENT:
        return np.full(_BANDS, np.nan)
    return np.asarray((quiet - quiet.mean()) * _DECIBEL)


def _differences(stretches: list[Table]) -> Iterator[tuple[int, float]]:
    """Every place that can be compared, with by how much the room changes there: zero but at a change."""
    import numpy as np

    colours = np.array(stretches).reshape(-1, _BANDS)
    places, differences = [], []
    for place in range(_SIDE, len(colours) - _SIDE + 1):
        sides = [
            s[~np.isnan(s[:, 0])] for s in (colours[place - _SIDE : place], colours[place : place + _SIDE])
        ]
        if min(map(len, sides)) < _HEARD:
            continue
        middles = [np.median(side, axis=0) for side in sides]
        spread = [
            np.square(np.median(np.abs(side - middle), axis=0)).mean()
            for side, middle in zip(sides, middles, strict=True)
        ]
        varies = max(_STEADIEST, 1.4826 * float(np.sqrt(np.mean(spread))))
        apart = float(np.sqrt(np.square(middles[0] - middles[1]).mean()))
        places.append(place)
        differences.append(apart if apart >= _LEAST and apart >= _TIMES * varies else 0.0)
    for place, difference in zip(places, differences, strict=True):
        near = [d for p, d in zip(places, differences, strict=True) if abs(p - place) < _SIDE]
        first = all(d < difference for p, d in zip(places, differences, strict=True) if 0 < place - p < _SIDE)
        yield place, round(difference, 1) if difference and difference == max(near) and first else 0.0
