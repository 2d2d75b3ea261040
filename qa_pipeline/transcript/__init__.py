"""What was said, when and by whom: speech engine, clean-up, speakers, and the transcript file formats."""

from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.transcript.engine import TranscribeOptions, transcribe
from qa_pipeline.transcript.formats import from_json, read_transcript, to_json, to_text, write_transcript
from qa_pipeline.transcript.speakers import assign_speakers

__all__ = [
    "TranscribeOptions",
    "assign_speakers",
    "clean",
    "from_json",
    "read_transcript",
    "to_json",
    "to_text",
    "transcribe",
    "write_transcript",
]
