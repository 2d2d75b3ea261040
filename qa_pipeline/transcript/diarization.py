"""Tell voices apart with sherpa-onnx, as a process: ``python -m qa_pipeline.transcript.diarization``.

Reads one JSON object from standard input, which ``speakers._diarize`` writes. The last line of its output is
``{"turns": [[start, end, speaker], …]}``, in seconds of the meeting with speakers numbered from 0, or
``{"error": sentence}``. A fault of the library ends the process without such a line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from qa_pipeline.errors import RecordingError
from qa_pipeline.recording import SAMPLE_RATE, decode
from qa_pipeline.values.recording import RecordingPart
from qa_pipeline.values.vocabulary import Seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THRESHOLD: Final = 0.5
"""Cosine distance up to which two voices are one, where the number of speakers is not known."""


def main() -> None:
    request = json.loads(sys.stdin.read())
    parts = [RecordingPart(**part) for part in request["parts"]]
    try:
        audio = _audio(parts, request["duration"])
    except RecordingError as error:
        print(json.dumps({"error": str(error)}))
        return
    print(json.dumps({"turns": _turns(audio, request)}))


def _audio(parts: Sequence[RecordingPart], duration: Seconds) -> NDArray[np.float32]:
    """The whole meeting at 16 kHz, silent between its parts."""
    import numpy as np

    audio = np.zeros(int(duration * SAMPLE_RATE), np.float32)
    for part in parts:
        at = round(part.start * SAMPLE_RATE)
        for block in decode(part):
            room = audio[at : at + len(block)]
            room[:] = block[: len(room)]
            at += len(block)
    return audio


def _turns(audio: NDArray[np.float32], request: dict[str, Any]) -> list[tuple[Seconds, Seconds, int]]:
    """Who speaks when. No more speakers than took part: not all who take part speak, so their number is a
    bound and not a target (asked for more speakers than there are, the clustering splits one in two)."""
    import sherpa_onnx as sherpa

    segmentation = sherpa.OfflineSpeakerSegmentationModelConfig(
        pyannote=sherpa.OfflineSpeakerSegmentationPyannoteModelConfig(model=request["segmentation"]),
        num_threads=request["threads"],
    )
    embedding = sherpa.SpeakerEmbeddingExtractorConfig(
        model=request["embedding"], num_threads=request["threads"]
    )

    def process(count: int) -> Any:
        clustering = sherpa.FastClusteringConfig(num_clusters=count, threshold=THRESHOLD)
        config = sherpa.OfflineSpeakerDiarizationConfig(
            segmentation=segmentation, embedding=embedding, clustering=clustering
        )
        if not config.validate():
            raise SystemExit("sherpa-onnx refuses the models")
        return sherpa.OfflineSpeakerDiarization(config).process(audio)

    result = process(-1)
    most = request["speakers"]
    if most and result.num_speakers > most:
        result = process(most)
    return [(turn.start, turn.end, turn.speaker) for turn in result.sort_by_start_time()]


if __name__ == "__main__":
    main()
