"""From a recording to a transcript: hear where speech is, decode it in batches, decode doubtful parts again.

faster-whisper's batched mode is fast but silently drops every safeguard of the sequential one (temperature
fallback, compression and log-probability limits). So the first pass is batched, each window is then looked at
for faults, and a window that has some is decoded a second time, sequentially, with the safeguards and cut at
its pauses. :func:`better` says which of the two stays. Audio is let go of window by window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from qa_pipeline.errors import ModelError, RecordingError
from qa_pipeline.recording import SAMPLE_RATE, decode
from qa_pipeline.transcript import suspects
from qa_pipeline.transcript.hearing import Hearing
from qa_pipeline.transcript.machine import load, usable_processors, windows_at_once
from qa_pipeline.transcript.split import cut_at_gaps, split_lines
from qa_pipeline.transcript.store import ModelFolder, resolve
from qa_pipeline.transcript.voice import VoiceStream
from qa_pipeline.values.recording import Recording
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Progress, Seconds, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

LEAST_SPEECH: Final[Seconds] = 1.0
"""Less voice than this in a whole recording is no meeting."""

FAULTS: Final = {"empty": 3, "loop": 3, "missing": 2, "phantom": 2, "compressed": 1, "unsure": 1}
"""What can be wrong with a decoded window, and how much it weighs in :func:`better`."""

_MISSING: Final[Seconds] = 2.0
_LONG_SILENCE: Final[Seconds] = 1.0
"""Speech before and after a silence of this length is two utterances."""
_SEED: Final = 20260915
_POOR: Final = 0.5
_MOST_THREADS: Final = 8
"""More threads than this slow a small model down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeOptions:
    """What a caller may insist on; None leaves it to the machine and the model's profile."""

    device: str | None = None
    """cpu or cuda."""
    compute_type: str | None = None
    cpu_threads: int | None = None
    batch_size: int | None = None
    beam_size: int | None = None
    second_pass: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One decoded segment; times are seconds inside its window."""

    start: Seconds
    end: Seconds
    text: str
    log_prob: float
    no_speech: float
    compression: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Stretches of speech put end to end for one decoding. ``pieces`` are (start in the window, start in the
    meeting, duration), in seconds."""

    audio: Samples
    pieces: tuple[tuple[Seconds, Seconds, Seconds], ...]

    @property
    def duration(self) -> Seconds:
        return len(self.audio) / SAMPLE_RATE

    def to_meeting(self, start: Seconds, end: Seconds) -> tuple[Seconds, Seconds]:
        """Window times to meeting times. A time within 0.25 s of a seam belongs to the side where the rest of
        its line lies: models stamp a line's edge somewhere in the pause."""
        slack = 0.25
        first = max((i for i, piece in enumerate(self.pieces) if piece[0] <= start), default=0)
        last = max((i for i, piece in enumerate(self.pieces) if piece[0] < end), default=0)
        if first < last and self.pieces[first + 1][0] - start < slack:
            first += 1
            start = self.pieces[first][0]
        if first < last and end - self.pieces[last][0] < slack:
            last -= 1
            end = self.pieces[last][0] + self.pieces[last][2]
        a, b = self.pieces[first], self.pieces[max(first, last)]
        return a[1] + min(start - a[0], a[2]), b[1] + min(max(end - b[0], 0.0), b[2])


@dataclass(frozen=True, slots=True)
class Decoding:
    """What one pass made of a window, and the faults found in it (keys of FAULTS)."""

    lines: tuple[Line, ...]
    faults: frozenset[str] = field(default_factory=frozenset)

    @property
    def log_prob(self) -> float:
        """Mean over characters; -inf when there are none."""
        weights = sum(len(line.text) for line in self.lines)
        if not weights:
            return -math.inf
        return sum(line.log_prob * len(line.text) for line in self.lines) / weights


def better(first: Decoding, second: Decoding) -> Decoding:
    """Which of two decodings of one window to keep.

    The one whose faults weigh less (FAULTS). With equal weight the one with the higher mean log-probability
    per character. With that equal too, the first.
    """
    weigh = [sum(FAULTS[fault] for fault in decoding.faults) for decoding in (first, second)]
    if weigh[0] != weigh[1]:
        return first if weigh[0] < weigh[1] else second
    return second if second.log_prob > first.log_prob else first


def transcribe(
    recording: Recording,
    *,
    model: str | None = None,
    options: TranscribeOptions | None = None,
    progress: Progress = silent,
) -> Transcript:
    """What is said in a recording: utterances with times and confidence (0-1), and where voices are heard.

    ``model``: see :func:`qa_pipeline.transcript.store.resolve`. ``progress`` receives ("transcribe", seconds
    done, seconds in all).
    Raises ModelError when the model is not here or damaged, RecordingError when the file cannot be decoded or
    holds no speech.
    """
    if recording.duration < LEAST_SPEECH:
        raise RecordingError(f"录音只有 {recording.duration:.1f} 秒，听不出会议内容：请检查是否选错文件。")
    folder = resolve(model)
    listener = _Listener(folder, options or TranscribeOptions())
    utterances: list[Utterance] = []
    speech: list[tuple[Seconds, Seconds]] = []
    hearing = Hearing()
    progress("transcribe", 0.0, recording.duration)
    try:
        for batch in _ahead(_batched(_windows(recording, folder, speech, hearing), listener.batch_size)):
            for window, decoding in listener.decode(batch):
                utterances.extend(_utterances(window, decoding))
            piece = batch[-1].pieces[-1]
            progress("transcribe", min(piece[1] + piece[2], recording.duration), recording.duration)
    except RuntimeError as error:
        if "out of memory" not in str(error):
            raise
        raise ModelError(
            "显卡内存不够：请关掉占用显卡的程序后重试，或换 large-v3-turbo，或改用 CPU。"
        ) from error
    voiced = sum(end - start for start, end in speech)
    if voiced < LEAST_SPEECH or not utterances:
        raise RecordingError("录音里没有听到讲话（可能是静音、只有音乐或噪声）：请检查录音设备和选择的文件。")
    progress("transcribe", recording.duration, recording.duration)
    return Transcript(
        utterances=tuple(_in_order(utterances)),
        duration=recording.duration,
        engine=listener.version,
        speech=tuple((round(start, 3), round(end, 3)) for start, end in speech),
        sound=hearing.finish(),
        warnings=tuple(_warnings(folder, listener, utterances)),
    )


def _warnings(folder: ModelFolder, listener: _Listener, utterances: Sequence[Utterance]) -> Iterator[str]:
    if folder.warning:
        yield folder.warning
    if listener.fallback:
        yield listener.fallback
    chars = sum(len(u.text) for u in utterances)
    sure = sum(len(u.text) * (u.confidence or 0.0) for u in utterances) / max(1, chars)
    if sure < _POOR:
        yield f"语音识别的把握只有 {sure:.0%}：录音可能不清楚或语音模型不合适，结果仅供参考。"


# ---------------------------------------------------------------- windows


def _windows(
    recording: Recording, folder: ModelFolder, speech: list[tuple[Seconds, Seconds]], hearing: Hearing
) -> Iterator[Window]:
    """Speech in windows of at most the profile's chunk length; ``speech`` is filled along the way, and
    ``hearing`` hears everything."""
    import numpy as np

    profile = folder.profile
    room = int(profile.chunk_length * SAMPLE_RATE)
    longest = min(profile.vad_parameters.max_speech_duration_s or 30.0, profile.chunk_length)
    for part in recording.parts:
        stream = VoiceStream(profile.vad_parameters, longest=longest)
        held: list[Any] = []
        size = 0

        def close(held: list[Any], origin: Seconds = part.start) -> Window:
            pieces = []
            at = 0
            for voiced in held:
                length = len(voiced.audio)
                pieces.append((at / SAMPLE_RATE, origin + voiced.start / SAMPLE_RATE, length / SAMPLE_RATE))
                at += length
            return Window(np.concatenate([voiced.audio for voiced in held]), tuple(pieces))

        hearing.part(part.start)
        for voiced in _voiced(stream, part, hearing):
            start, end = voiced.heard
            speech.append((part.start + start / SAMPLE_RATE, part.start + end / SAMPLE_RATE))
            length = len(voiced.audio)
            if held and size + length > room:
                yield close(held)
                held, size = [], 0
            held.append(voiced)
            size += length
        if held:
            yield close(held)


def _voiced(stream: VoiceStream, part: Any, hearing: Hearing) -> Iterator[Any]:
    for block in decode(part):
        hearing.feed(block)
        yield from stream.feed(block)
    yield from stream.finish()


def _batched(windows: Iterator[Window], size: int) -> Iterator[list[Window]]:
    batch: list[Window] = []
    for window in windows:
        batch.append(window)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _ahead(batches: Iterator[list[Window]]) -> Iterator[list[Window]]:
    """The same batches, of which the next is made while the model hears the one before.

    Reading the file and finding the voices take a processor as long as a graphics card takes to hear them.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="windows") as beside:
        coming = beside.submit(next, batches, None)
        while batch := coming.result():
            coming = beside.submit(next, batches, None)
            yield batch


# ---------------------------------------------------------------- decoding


class _Listener:
    """A loaded model with its profile: decodes windows, twice where the first time was doubtful."""

    def __init__(self, folder: ModelFolder, options: TranscribeOptions) -> None:
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline, __version__

        self._profile = folder.profile
        self._beam = options.beam_size or folder.profile.beam_size
        self._second_pass = options.second_pass
        self._prompt = _prompt() if folder.profile.prompts else None
        threads = options.cpu_threads or min(_MOST_THREADS, usable_processors())
        threads = min(threads, folder.profile.cpu_threads or threads)
        self._model, device, compute, self.fallback = load(
            str(folder.path), options.device or "auto", options.compute_type, threads
        )
        self._pipeline = BatchedInferencePipeline(self._model)
        self.batch_size = (
            options.batch_size or folder.profile.batch_size or windows_at_once(folder.size, device)
        )
        self.version = f"faster-whisper/{__version__} {folder.name}@{folder.revision} {device}/{compute}"
        ctranslate2.set_random_seed(_SEED)

    def decode(self, batch: Sequence[Window]) -> Iterator[tuple[Window, Decoding]]:
        """Every window with what it says."""
        for window, lines in zip(batch, self._first(batch), strict=True):
            decoding = Decoding(lines, self.faults(window, lines))
            if decoding.faults and self._second_pass:
                lines = self._second(window, decoding.faults)
                decoding = better(decoding, Decoding(lines, self.faults(window, lines)))
            yield window, decoding

    def faults(self, window: Window, lines: Sequence[Line]) -> frozenset[str]:
        """What is suspicious about a decoding; keys of FAULTS."""
        profile = self._profile
        if not any(line.text for line in lines):
            return frozenset(("empty",))
        found = set()
        if suspects.has_loop("".join(line.text for line in lines)):
            found.add("loop")
        if any(
            suspects.is_phantom(line.text, confidence=_confidence(line), voiced=None) for line in lines
        ) or self._is_prompt(lines):
            found.add("phantom")
        if any(line.compression > profile.compression_ratio_threshold for line in lines):
            found.add("compressed")
        if any(line.log_prob < profile.log_prob_threshold for line in lines):
            found.add("unsure")
        heard = sum(line.end - line.start for line in lines)
        if window.duration - heard > max(_MISSING, window.duration / 4):
            found.add("missing")
        return frozenset(found)

    def _is_prompt(self, lines: Sequence[Line]) -> bool:
        """Whether the model read the prompt aloud instead of the sound."""
        prompt = self._prompt or ""
        return any(len(line.text) >= 10 and line.text.rstrip("。，、") in prompt for line in lines)

    def _first(self, batch: Sequence[Window]) -> list[tuple[Line, ...]]:
        import numpy as np

        ends = np.cumsum([len(window.audio) for window in batch]).tolist()
        starts = [0, *ends[:-1]]
        segments, _ = self._pipeline.transcribe(
            np.concatenate([window.audio for window in batch]),
            language=self._profile.language,
            beam_size=self._beam,
            temperature=self._profile.temperature[0],
            initial_prompt=self._prompt,
            without_timestamps=False,
            clip_timestamps=[
                {"start": start / SAMPLE_RATE, "end": end / SAMPLE_RATE}
                for start, end in zip(starts, ends, strict=True)
            ],
            batch_size=len(batch),
        )
        lines: list[list[Line]] = [[] for _ in batch]
        for segment in segments:
            # Times are cut off to samples and frames on the way: its window is the one that begins nearest.
            began = segment.seek / self._model.frames_per_second * SAMPLE_RATE
            index = min(range(len(starts)), key=lambda one: abs(starts[one] - began))
            lines[index].append(_line(segment, starts[index] / SAMPLE_RATE, batch[index].duration))
        return [tuple(line for line in group if line.text) for group in lines]

    def _second(self, window: Window, faults: frozenset[str]) -> tuple[Line, ...]:
        """Decode again one half-window at a time, cut at pauses: other surroundings break a loop, and the
        sequential mode goes back for what the batched one skipped."""
        profile = self._profile
        ladder = profile.temperature
        if faults & {"loop", "compressed"} and len(ladder) > 1 and len(window.pieces) == 1:
            ladder = ladder[1:]  # the same window at the same temperature would loop again
        segments, _ = self._model.transcribe(
            window.audio,
            language=profile.language,
            beam_size=max(self._beam, 5),
            temperature=list(ladder),
            compression_ratio_threshold=profile.compression_ratio_threshold,
            log_prob_threshold=profile.log_prob_threshold,
            no_speech_threshold=profile.no_speech_threshold,
            condition_on_previous_text=False,
            clip_timestamps=_cuts(window, profile.chunk_length / 2),
        )
        lines = (_line(segment, 0.0, window.duration) for segment in segments)
        return tuple(line for line in lines if line.text)


def _cuts(window: Window, longest: Seconds) -> list[Seconds]:
    """Start, end, start, end … of clips that keep whole pieces together up to ``longest`` seconds."""
    clips: list[list[Seconds]] = []
    for start, _, duration in window.pieces:
        if clips and start + duration - clips[-1][0] <= longest:
            clips[-1][1] = start + duration
        else:
            clips.append([start, start + duration])
    return [time for clip in clips for time in clip]


def _line(segment: Any, offset: Seconds, longest: Seconds) -> Line:
    start = min(max(segment.start - offset, 0.0), longest)
    return Line(
        start=start,
        end=min(max(segment.end - offset, start), longest),
        text=segment.text.strip(),
        log_prob=float(segment.avg_logprob),
        no_speech=float(segment.no_speech_prob),
        compression=float(segment.compression_ratio),
    )


def _confidence(line: Line) -> float:
    """Mean probability of a token, held down where the model itself believes in silence."""
    sure = math.exp(min(0.0, line.log_prob))
    return min(sure, 1.0 - line.no_speech) if line.no_speech > 0.6 else sure


def _prompt() -> str:
    from qa_pipeline.lexicon import lexicon

    return lexicon().whisper_prompt


# ---------------------------------------------------------------- utterances


def _utterances(window: Window, decoding: Decoding) -> Iterator[Utterance]:
    pauses = [piece[0] for piece in window.pieces[1:]]
    gaps = [
        piece[0]
        for before, piece in pairwise(window.pieces)
        if piece[1] - before[1] - before[2] >= _LONG_SILENCE
    ]
    for line in decoding.lines:
        for piece in cut_at_gaps(line.start, line.end, line.text, gaps):
            for start, end, text in split_lines(*piece, pauses):
                begin, finish = window.to_meeting(start, end)
                yield Utterance(
                    start=round(begin, 2),
                    end=round(max(finish, begin + 0.05), 2),
                    text=text,
                    confidence=round(_confidence(line), 3),
                )


def _in_order(utterances: list[Utterance]) -> Iterator[Utterance]:
    """In time order and without overlap: a line ends at the latest where the next one starts."""
    from dataclasses import replace

    utterances.sort(key=lambda u: (u.start, u.end))
    for current, following in zip(utterances, [*utterances[1:], None], strict=True):
        if following is None or current.end <= following.start:
            yield current
        elif following.start > current.start:
            yield replace(current, end=following.start)
        else:
            yield replace(current, end=current.start)
