"""How loud a recording is over its time, coarse enough to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from qa_pipeline.recording import SAMPLE_RATE, decode
from qa_pipeline.values.recording import RecordingPart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS: Final = 1200
"""More than a screen shows beside each other."""
FULL: Final = 100
_LOUD: Final = 0.995
"""Share of the columns that lie below the full height: one knock on the table does not flatten the talk."""


def columns(parts: Sequence[RecordingPart]) -> list[int]:
    """The loudest of each of `COLUMNS` equal stretches of the parts, one after another, 0 to `FULL`.

    Reads the sound as a stream. Raises RecordingError for what cannot be decoded.
    """
    import numpy as np

    whole = sum(part.duration for part in parts)
    found = np.zeros(COLUMNS, np.float32)
    before = 0.0
    for part in parts:
        sample = before * SAMPLE_RATE
        for block in decode(part):
            _raise(found, np.abs(block), first=int(sample), total=whole * SAMPLE_RATE)
            sample += len(block)
        before += part.duration
    top = float(np.quantile(found, _LOUD)) or 1.0
    return [int(value) for value in np.minimum(FULL, np.rint(found / top * FULL))]


def _raise(found: NDArray[np.float32], loud: NDArray[np.float32], *, first: int, total: float) -> None:
    """Let no column that the samples fall into be lower than they are."""
    import numpy as np

    places = np.minimum(COLUMNS - 1, (first + np.arange(len(loud))) * COLUMNS / total).astype(np.int64)
    np.maximum.at(found, places, loud)
