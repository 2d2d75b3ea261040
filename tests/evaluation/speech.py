"""Recognition on the sample recordings at the defaults of ``huijian transcribe``, against their scripts."""

from __future__ import annotations

import json
import re
from pathlib import Path

_THEY = str.maketrans("她它", "他他")
SAMPLES = Path(__file__).parents[2] / "audio_samples"


def spoken(text: str) -> str:
    """What counts for the error rate: Chinese characters, letters and digits, letters in capitals.

    他, 她 and 它 are one sound and mostly one grammar: no recogniser can hear which was meant.
    """
    return re.sub(r"[^\u4e00-\u9fffA-Za-z0-9]", "", text).upper().translate(_THEY)


def reference_text(audio: Path) -> str:
    """The words that were put into a sample recording."""
    reference = json.loads(audio.with_suffix(".reference.json").read_text("utf-8"))
    return "".join(u["text"] for u in reference["utterances"])


def character_error_rate(reference: str, heard: str) -> float:
    """Insertions, deletions and substitutions per reference character."""
    from jiwer import cer

    return float(cer(spoken(reference), spoken(heard)))


def evaluate_speech() -> dict[str, float]:
    """Sample name -> character error rate through the pipeline's own transcription and clean-up."""
    from qa_pipeline.pipeline import read
    from qa_pipeline.recording import open_recording
    from qa_pipeline.values.facts import MeetingFacts

    rates = {}
    for audio in sorted(SAMPLES.glob("*.opus")):
        transcript = read(open_recording([audio]), facts=MeetingFacts())
        heard = "".join(u.text for u in transcript.utterances)
        rates[audio.stem] = character_error_rate(reference_text(audio), heard)
    return rates


def main() -> None:
    """Print the character error rate of every sample (gate: 5 %)."""
    for name, rate in evaluate_speech().items():
        print(f"speech  {name:18} CER {100 * rate:5.2f} %")


if __name__ == "__main__":
    main()
