"""Where a voice is heard: faster-whisper's Silero detector, run over a stream instead of a whole file.

:class:`VoiceStream` gives the same intervals as ``faster_whisper.vad.get_speech_timestamps`` on the whole
audio (a test holds it to that), but takes blocks, carries the detector's state from one to the next and lets
go of audio as soon as it has been handed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qa_pipeline.recording import SAMPLE_RATE
from qa_pipeline.transcript.profile import VadParameters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_WINDOW: Final = 512
_CONTEXT: Final = 64
_SHORT_SILENCE: Final = SAMPLE_RATE * 98 / 1000
"""A silence long enough to cut at when speech runs past its longest allowed length (Silero's own value)."""


@dataclass(frozen=True, slots=True, eq=False)
class Voiced:
    """A stretch of speech. Positions are samples from the start of the part: ``start:end`` is padded for the
    recogniser and matches ``audio``; ``heard`` is the stretch without padding."""

    start: int
    end: int
    heard: tuple[int, int]
    audio: Samples


class VoiceStream:
    """Feed blocks of 16 kHz audio, receive the finished stretches of speech.

    ``longest`` is the most seconds that one stretch may last, padding included.
    """

    def __init__(self, parameters: VadParameters, *, longest: float) -> None:
        import numpy as np
        from faster_whisper.vad import get_vad_model

        self._session = get_vad_model().session
        self._state = {name: np.zeros((1, 1, 128), np.float32) for name in ("h", "c")}
        self._context = np.zeros(_CONTEXT, np.float32)
        self._threshold = parameters.threshold
        self._release = parameters.neg_threshold or max(parameters.threshold - 0.15, 0.01)
        self._pad = SAMPLE_RATE * parameters.speech_pad_ms // 1000
        self._min_speech = SAMPLE_RATE * parameters.min_speech_duration_ms / 1000
        self._min_silence = SAMPLE_RATE * parameters.min_silence_duration_ms / 1000
        self._max_speech = SAMPLE_RATE * longest - _WINDOW - 2 * self._pad
        self._audio: Samples = np.zeros(0, np.float32)
        self._base = 0  # position of self._audio[0]
        self._seen = 0  # samples that the detector has judged
        self._open: int | None = None  # start of the stretch that is being heard
        self._silence = 0  # where the silence inside it began, 0 for none
        self._last_cut = 0  # end of the last silence long enough to cut at
        self._resume = 0  # where speech went on after that silence
        self._held: tuple[int, int, int] | None = None  # padded start, start, end: waits for its neighbour

    def feed(self, block: Samples) -> Iterator[Voiced]:
        import numpy as np

        self._audio = np.concatenate((self._audio, block))
        whole = (self._base + len(self._audio) - self._seen) // _WINDOW * _WINDOW
        yield from self._judge(self._audio[self._seen - self._base :][:whole])

    def finish(self) -> Iterator[Voiced]:
        """The stretches that were still open when the audio ended."""
        import numpy as np

        length = self._base + len(self._audio)
        rest = self._audio[self._seen - self._base :]
        yield from self._judge(np.pad(rest, (0, _WINDOW - len(rest))))
        if self._open is not None and length - self._open > self._min_speech:
            yield from self._close(self._open, length)
        if self._held is not None:
            padded, start, end = self._held
            self._held = None
            yield self._cut(padded, start, end, min(length, end + self._pad))

    def _judge(self, audio: Samples) -> Iterator[Voiced]:
        import numpy as np

        if len(audio) == 0:
            return
        windows = audio.reshape(-1, _WINDOW)
        before = np.vstack((self._context, windows[:-1, -_CONTEXT:]))
        self._context = windows[-1, -_CONTEXT:].copy()
        probabilities, self._state["h"], self._state["c"] = self._session.run(
            None, {"input": np.concatenate((before, windows), axis=1), **self._state}
        )
        for probability in probabilities.ravel().tolist():
            yield from self._step(probability, self._seen)
            self._seen += _WINDOW
        if self._held is not None and self._open is None and self._seen - self._held[2] > 2 * self._pad:
            padded, start, end = self._held
            self._held = None
            yield self._cut(padded, start, end, end + self._pad)
        needed = [self._seen - self._pad]
        if self._open is not None:
            needed.append(self._open - self._pad)
        if self._held is not None:
            needed.append(self._held[0])
        drop = max(0, min(needed) - self._base)
        self._audio = self._audio[drop:].copy()
        self._base += drop

    def _step(self, probability: float, position: int) -> Iterator[Voiced]:
        """Silero's hysteresis for the window at ``position``, as in get_speech_timestamps."""
        if probability >= self._threshold and self._silence:
            self._silence = 0
            if self._resume < self._last_cut:
                self._resume = position
        if self._open is None:
            if probability >= self._threshold:
                self._open = position
            return
        if position - self._open > self._max_speech:
            start, cut, resume = self._open, self._last_cut, self._resume
            self._silence = self._last_cut = self._resume = 0
            self._open = resume if cut and resume >= cut else None
            yield from self._close(start, cut or position)
            if not cut or self._open is None:
                return
        if probability < self._release:
            self._silence = self._silence or position
            if position - self._silence > _SHORT_SILENCE:
                self._last_cut = self._silence
            if position - self._silence >= self._min_silence:
                start, end = self._open, self._silence
                self._open = None
                self._silence = self._last_cut = self._resume = 0
                if end - start > self._min_speech:
                    yield from self._close(start, end)

    def _close(self, start: int, end: int) -> Iterator[Voiced]:
        """A stretch is known: pad it, sharing a short silence with the stretch before it."""
        padded = max(0, start - self._pad)
        if self._held is not None:
            held_padded, held_start, held_end = self._held
            silence = start - held_end
            if silence < 2 * self._pad:
                held_stop, padded = held_end + silence // 2, max(0, start - silence // 2)
            else:
                held_stop = held_end + self._pad
            yield self._cut(held_padded, held_start, held_end, held_stop)
        self._held = (padded, start, end)

    def _cut(self, padded: int, start: int, end: int, stop: int) -> Voiced:
        stop = min(stop, self._base + len(self._audio))
        audio = self._audio[padded - self._base : stop - self._base].copy()
        return Voiced(padded, stop, (start, min(end, stop)), audio)
