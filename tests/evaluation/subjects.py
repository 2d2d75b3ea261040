"""The boundary finder on meetings of quite another world, and that none of them passes for a weekly review.

Reads the development meetings of VCSum (a public data set of Chinese round tables; it is not part of the
project): one JSON object a line with ``meeting_id``, ``utterances`` of ``speaker`` and ``text``, and
``boundaries``, the indices of each subject's last utterance. Nothing is learned from them, but the few
constants of the finder were set while looking at these same meetings: its figures are those of development.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from qa_pipeline.chapters import cohesion, ngrams
from qa_pipeline.pipeline import inspect
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import MeetingKind, Status, Verdict
from tests.evaluation.metrics import Counts, matched, pk_and_windowdiff
from tests.evaluation.noise import without_speakers

SPEECH_RATE = 4.5
"""Characters a second: the meetings carry no times."""
TEXT_TILING = {"window_diff": 0.411, "f1_within_1": 0.327}
"""What TextTiling reaches on the same meetings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFigures:
    """``window_diff`` and ``pk`` are means over meetings; ``f1_within_1`` counts a boundary as found when it
    is at most one utterance off. ``qualified`` counts meetings that pass, ``quality_passed`` those whose
    quality passes, among all ``meetings`` inspected as weekly reviews held on the right day by everyone."""

    meetings: int
    window_diff: float
    pk: float
    f1_within_1: float
    window_diff_without_speakers: float
    f1_within_1_without_speakers: float
    qualified: int
    quality_passed: int
    highest_score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    transcript: Transcript
    begins: tuple[int, ...]
    """The utterances with which a new subject begins."""


def read(path: Path) -> list[Meeting]:
    meetings = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        clock, utterances = 0.0, []
        for said in row["utterances"]:
            end = clock + max(1, len(said["text"])) / SPEECH_RATE
            utterances.append(
                Utterance(start=clock, end=end, text=said["text"], speaker=str(said["speaker"]))
            )
            clock = end
        begins = tuple(b + 1 for b in sorted(row["boundaries"]) if b + 1 < len(utterances))
        transcript = Transcript(utterances=tuple(utterances), duration=clock, engine="vcsum")
        meetings.append(Meeting(transcript=transcript, begins=begins))
    return meetings


def found_in(transcript: Transcript) -> list[int]:
    """The utterances with which a new subject begins, as the shipped finder tells."""
    text = ngrams.stream([u.text for u in transcript.utterances])
    return [int(u) for u in cohesion.find(transcript, text).begins]


def finder(meetings: list[Meeting]) -> tuple[float, float, float]:
    """Mean WindowDiff and Pk, and F1 within one utterance."""
    distances, counts = [], Counts()
    for meeting in meetings:
        found = found_in(meeting.transcript)
        units = len(meeting.transcript.utterances)
        distances.append(pk_and_windowdiff(found, meeting.begins, units=units))
        counts += matched(found, meeting.begins, within=1)
    return statistics.mean(w for _, w in distances), statistics.mean(p for p, _ in distances), counts.f1


def measure(path: Path) -> SubjectFigures:
    meetings = read(path)
    silent = [Meeting(transcript=without_speakers(m.transcript), begins=m.begins) for m in meetings]
    window_diff, pk, f1 = finder(meetings)
    window_diff_silent, _, f1_silent = finder(silent)
    everyone = Roster(count=9)
    facts = MeetingFacts(
        kind=MeetingKind.WEEKLY_REVIEW,
        meeting_date=date(2025, 9, 8),
        start_time=time(9, 0),
        expected_attendees=everyone,
        attendees=everyone,
        on_site=9,
    )
    results = [inspect(m.transcript, facts=facts, transcript=m.transcript) for m in meetings]
    return SubjectFigures(
        meetings=len(meetings),
        window_diff=window_diff,
        pk=pk,
        f1_within_1=f1,
        window_diff_without_speakers=window_diff_silent,
        f1_within_1_without_speakers=f1_silent,
        qualified=sum(r.compliance.verdict is Verdict.QUALIFIED for r in results),
        quality_passed=sum(r.compliance.on_quality.status is Status.PASS for r in results),
        highest_score=max(r.scorecard.energy_score for r in results),
    )
