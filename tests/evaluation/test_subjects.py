"""Reading the public data set, on two meetings made up in its format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chapters.test_cohesion import FISH, ROAD, TEAM
from tests.evaluation import subjects


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [
        {
            "meeting_id": str(number),
            "utterances": [{"speaker": 1, "text": text} for text in texts for _ in range(12)],
            "boundaries": [11, 23, 35][: len(texts)],
        }
        for number, texts in enumerate(((FISH, ROAD, TEAM), (ROAD, TEAM)))
    ]
    path = tmp_path / "meetings.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


def test_meetings_are_read_with_times_and_the_utterances_that_begin_a_subject(data: Path) -> None:
    first, second = subjects.read(data)
    assert (first.begins, second.begins) == ((12, 24), (12,))
    said = first.transcript.utterances
    assert said[0].end == pytest.approx(len(FISH) / subjects.SPEECH_RATE)
    assert said[1].start == said[0].end
    assert first.transcript.duration == said[-1].end


def test_the_figures_of_a_finder_that_finds_all_and_of_meetings_that_are_no_reviews(data: Path) -> None:
    figures = subjects.measure(data)
    assert (figures.window_diff, figures.f1_within_1) == (0.0, 1.0)
    assert (figures.meetings, figures.qualified, figures.quality_passed) == (2, 0, 0)
    assert figures.highest_score < 60
