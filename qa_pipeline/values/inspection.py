"""The result of one inspection: every stage's value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.compliance import Compliance
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Findings
from qa_pipeline.values.reader import ReaderReport, SecondReading
from qa_pipeline.values.recording import Recording
from qa_pipeline.values.scorecard import Scorecard
from qa_pipeline.values.transcript import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of one inspection: every stage's value, and the warnings of all of them."""

    facts: MeetingFacts
    recording: Recording | None
    transcript: Transcript
    chapters: Chapters
    findings: Findings
    scorecard: Scorecard
    compliance: Compliance
    versions: Mapping[str, str]
    warnings: tuple[str, ...] = field(default=())
    reader: ReaderReport = field(default_factory=ReaderReport)
    second: SecondReading | None = None
