"""Recordings that were sent while they were made: they end without saying how long they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from qa_pipeline.errors import RecordingError
from qa_pipeline.recording import open_container

FORMATS: Final = {"webm": "webm", "mp4": "mp4"}
"""Containers of the browsers' recorders that players cannot seek in while length and index are missing."""


def with_index(file: Path) -> Path:
    """The same sound with its length and an index, in a new file beside it; the file itself if it needs none.

    Packets are copied as they are; a last one that was cut off is left out. Raises RecordingError for what
    is no recording.
    """
    import av

    made = file.with_suffix(".whole")
    try:
        with open_container(file) as source:
            names = source.format.name.split(",")
            wanted = next((FORMATS[name] for name in FORMATS if name in names), None)
            if wanted is None or not source.streams.audio:
                return file
            with av.open(str(made), "w", format=wanted, options={"movflags": "faststart"}) as target:
                _copy(source, target)
    except (av.FFmpegError, OSError) as error:
        made.unlink(missing_ok=True)
        raise RecordingError("录音没有收完整，解不出声音：请重新录制或上传录音文件。") from error
    return made


def _copy(source: Any, target: Any) -> None:
    """All packets of the first voice up to where they break off."""
    import av

    voice = source.streams.audio[0]
    written = target.add_stream_from_template(voice)
    packets = source.demux(voice)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        if packet.dts is not None:
            packet.stream = written
            target.mux(packet)
