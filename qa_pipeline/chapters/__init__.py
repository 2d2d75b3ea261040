"""Which part of the meeting is which: a decoder over utterances, trained on labelled meetings."""

from qa_pipeline.chapters.decoder import infer_kind, segment

__all__ = ["infer_kind", "segment"]
