"""The sound of one practice, cut out of its recording."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from api.problems import NotFound
from qa_pipeline.errors import RecordingError
from qa_pipeline.recording import open_container
from qa_pipeline.values.findings import Remark
from qa_pipeline.values.recording import Recording, RecordingPart
from qa_pipeline.values.vocabulary import Seconds

AROUND: Final[Seconds] = 1.0
"""Before and after the words, so that none is cut off."""
LONGEST: Final[Seconds] = 180.0
RATE: Final = 24_000
BIT_RATE: Final = 48_000


def place(
    recording: Recording | None, practices: Sequence[Remark], number: int
) -> tuple[RecordingPart, Seconds, Seconds]:
    """The part that holds a practice (counted from 1), and from where to where in it. Raises NotFound."""
    if recording is None:
        raise NotFound("这场会议只有文字稿，没有录音可截取。")
    if number > len(practices) or not practices[number - 1].evidence:
        raise NotFound(f"本次会议没有第 {number} 条优秀做法，或没有对应的原话。")
    proofs = practices[number - 1].evidence
    first, last = min(p.start for p in proofs), max(p.end for p in proofs)
    if last - first > LONGEST:
        last = max(p.end for p in proofs if p.end - first <= LONGEST or p.start == first)
    for part in recording.parts:
        if part.start <= first < part.start + part.duration:
            begin = max(0.0, first - part.start - AROUND)
            end = min(part.duration, last - part.start + AROUND, begin + LONGEST)
            return part, begin, end
    raise NotFound("这条做法的原话不在任何一段录音里，可能落在两段之间。")


def cut(file: Path, begin: Seconds, end: Seconds) -> bytes:
    """The stretch as mono AAC in M4A; raises RecordingError for a file that cannot be decoded there."""
    import av

    target = io.BytesIO()
    try:
        with open_container(file) as source, av.open(target, "w", format="ipod") as made:
            voice = source.streams.audio[0]
            out = made.add_stream("aac", rate=RATE, layout="mono")
            out.bit_rate = BIT_RATE
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
            for frame in _between(source, voice, begin, end):
                frame.pts = None
                for piece in resampler.resample(frame):
                    made.mux(out.encode(piece))
            for piece in resampler.resample(None):
                made.mux(out.encode(piece))
            made.mux(out.encode(None))
    except (av.FFmpegError, IndexError) as error:
        raise RecordingError("录音在这个位置无法解码，截取失败：请直接播放原录音。") from error
    return target.getvalue()


def _between(source: Any, voice: Any, begin: Seconds, end: Seconds) -> Any:
    """The frames of the stretch, found by seeking: the rest of the file is not decoded."""
    origin = float((voice.start_time or 0) * voice.time_base)
    if begin > 0:
        source.seek(int((begin + origin) / voice.time_base), stream=voice)
    for frame in source.decode(voice):
        at = float(frame.pts * frame.time_base) - origin if frame.pts is not None else begin
        if at >= end:
            return
        if at + frame.samples / frame.sample_rate > begin:
            yield frame
