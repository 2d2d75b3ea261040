"""Who speaks: by the channels of the recording where these tell people apart, else by their voices.

Voices are told apart in a process of its own (:mod:`qa_pipeline.transcript.diarization`): the library there
ends the whole process on some faults. Whatever goes wrong here costs the labels and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qa_pipeline.errors import RecordingError, reason
from qa_pipeline.recording import SAMPLE_RATE, decode_channels
from qa_pipeline.transcript import store
from qa_pipeline.values.recording import Recording
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_CHANNELS: Final = 8
CLEARLY: Final = 4.0
"""A channel owns an utterance when it holds this many times the energy of any other (6 dB)."""
ENOUGH: Final = 2 / 3
"""Channels are people when this share of the utterances has a clear owner."""

LONGEST: Final[Seconds] = 4 * 3600.0
"""Telling voices apart needs about 0.5 GB an hour: a longer recording is left alone."""
START_UP: Final[Seconds] = 120.0
PATIENCE: Final = 3.0
"""Telling voices apart may take this many times the length of the recording, after START_UP."""

_FRAME: Final = SAMPLE_RATE // 20
_CHILD: Final = "qa_pipeline.transcript.diarization"

_UNKNOWN: Final = "与发言人有关的各项按问答交替近似，把握较低"


def assign_speakers(transcript: Transcript, source: Recording, *, roster: int | None) -> Transcript:
    """The transcript with speakers S1, S2, … in order of first appearance, where they can be told apart.

    ``roster`` is how many people took part, if known: no more voices are told apart. A transcript that
    has speakers already comes back unchanged, and so does one whose recording has one voice track when the
    models for telling voices apart are not installed. A failure is a Chinese warning on the transcript.
    """
    if any(u.speaker is not None for u in transcript.utterances):
        return transcript
    try:
        labels = _by_channel(transcript.utterances, source)
        if labels is None:
            labels = _by_voice(transcript.utterances, source, roster)
    except (_DiarizationError, RecordingError) as error:
        return replace(transcript, warnings=(*transcript.warnings, f"没能区分发言人：{error}"))
    names: dict[int, str] = {}
    for label in labels:
        if label is not None and label not in names:
            names[label] = f"S{len(names) + 1}"
    utterances = tuple(
        u if label is None else replace(u, speaker=names[label])
        for u, label in zip(transcript.utterances, labels, strict=True)
    )
    return replace(transcript, utterances=utterances)


class _DiarizationError(Exception):
    """Telling voices apart did not work; the message is the rest of a Chinese sentence."""


# ---------------------------------------------------------------- by channel


def _by_channel(utterances: Sequence[Utterance], source: Recording) -> list[int | None] | None:
    """The channel that owns each utterance, or None when the channels are not people: a single one, one that
    is silent, the same sound twice, or one room heard from two sides."""
    channels = {part.channels for part in source.parts}
    if len(channels) != 1 or not 2 <= min(channels) <= MOST_CHANNELS:
        return None
    levels = _levels(source)
    if levels is None:
        return None
    owners = [_owner(levels, u) for u in utterances]
    clear = [owner for owner in owners if owner is not None]
    if len(clear) < ENOUGH * len(owners) or len(set(clear)) < 2:
        return None
    return owners


def _levels(source: Recording) -> NDArray[np.float32] | None:
    """Energy above each channel's own noise floor, shape (channels, frames of 50 ms of the meeting).

    None when the sound has other channels than the file says."""
    import numpy as np

    width = source.parts[0].channels
    frames = int(source.duration * SAMPLE_RATE / _FRAME) + 2
    levels = np.zeros((width, frames), np.float32)
    for part in source.parts:
        first = at = round(part.start * SAMPLE_RATE / _FRAME)
        rest = np.zeros((width, 0), np.float32)
        for block in decode_channels(part):
            if len(block) != width:
                return None
            joined = np.concatenate((rest, block), axis=1)
            whole = min(joined.shape[1] // _FRAME, frames - at)
            taken = joined[:, : whole * _FRAME].reshape(width, whole, _FRAME)
            levels[:, at : at + whole] = np.square(taken).mean(axis=2)
            rest = joined[:, whole * _FRAME :]
            at += whole
        heard = levels[:, first:at]
        if heard.size:
            heard -= np.percentile(heard, 10, axis=1, keepdims=True)
    return np.maximum(levels, 0.0)


def _owner(levels: NDArray[np.float32], utterance: Utterance) -> int | None:
    first = int(utterance.start * SAMPLE_RATE / _FRAME)
    last = max(first + 1, round(utterance.end * SAMPLE_RATE / _FRAME))
    sums = levels[:, first:last].sum(axis=1).tolist()
    second, best = sorted(sums)[-2:]
    return sums.index(best) if best > CLEARLY * second else None


# ---------------------------------------------------------------- by voice


def _by_voice(utterances: Sequence[Utterance], source: Recording, roster: int | None) -> list[int | None]:
    models = store.diarization_models()
    if models is None:
        return [None] * len(utterances)
    if source.duration > LONGEST:
        raise _DiarizationError(
            f"录音长 {source.duration / 3600:.1f} 小时，超过 {LONGEST / 3600:.0f} 小时；{_UNKNOWN}。"
        )
    turns = _diarize(source, models, roster)
    return [_loudest(u, turns) for u in utterances]


def _loudest(utterance: Utterance, turns: Sequence[tuple[Seconds, Seconds, int]]) -> int | None:
    """The speaker whose turns cover most of an utterance."""
    shares: dict[int, Seconds] = defaultdict(float)
    for start, end, speaker in turns:
        shares[speaker] += max(0.0, min(end, utterance.end) - max(start, utterance.start))
    best = max(shares, key=lambda speaker: shares[speaker], default=None)
    return best if best is not None and shares[best] > 0 else None


def _diarize(
    source: Recording, models: tuple[Path, Path], roster: int | None
) -> list[tuple[Seconds, Seconds, int]]:
    """(start, end, speaker) of every turn, from the child process.

    It reads one JSON object from its standard input and writes one as the last line of its output.
    """
    segmentation, embedding = models
    request = {
        "parts": [asdict(part) for part in source.parts],
        "duration": source.duration,
        "segmentation": str(segmentation.absolute()),
        "embedding": str(embedding.absolute()),
        "speakers": roster,
        "threads": min(4, os.cpu_count() or 1),
    }
    limit = START_UP + PATIENCE * source.duration
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and module
            # -P: a stray numpy.py in the user's current folder is not imported.
            [sys.executable, "-P", "-m", _CHILD],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _DiarizationError(f"超过 {limit / 60:.0f} 分钟仍未完成，已停止；{_UNKNOWN}。") from error
    except OSError as error:
        raise _DiarizationError(f"子进程无法启动（{reason(error)}）；{_UNKNOWN}。") from error
    if child.returncode == -9:  # SIGKILL, a name that Windows does not have
        raise _DiarizationError(f"子进程被系统终止（可能内存不足）；{_UNKNOWN}。")
    try:
        answer = json.loads(child.stdout.splitlines()[-1])
        if "error" in answer:
            raise _DiarizationError(f"{answer['error']}{_UNKNOWN}。")
        return [(float(start), float(end), int(speaker)) for start, end, speaker in answer["turns"]]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        complaint = (child.stderr.strip().splitlines() or [f"返回 {child.returncode}"])[-1][:200]
        raise _DiarizationError(
            f"发言人模型用不了（{complaint}），请用 huijian asr check diarization 检查；{_UNKNOWN}。"
        ) from error
