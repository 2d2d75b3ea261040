"""The chapter figures on meetings whose answer is known, and the noise they are measured under."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.learning.figures import labels, seconds
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.vocabulary import Chapter
from tests.evaluation.chapters import measure
from tests.evaluation.noise import corrupt, without_punctuation, without_speakers
from tests.evaluation.speech import character_error_rate


@pytest.fixture(scope="module")
def meeting() -> LabelledMeeting:
    return next(meetings())


def test_the_gold_chapters_score_full_marks(meeting: LabelledMeeting) -> None:
    figures = measure([(meeting, meeting.chapters)])
    assert (figures.accuracy, figures.boundary_f1, figures.presence_f1) == (1.0, 1.0, 1.0)
    assert (figures.pk, figures.window_diff, figures.calibration) == (0.0, 0.0, 0.0)
    assert figures.authors == {meeting.author: 1.0}


def test_accuracy_is_the_share_of_time_not_of_utterances(meeting: LabelledMeeting) -> None:
    times = seconds(meeting)
    assert sum(times) == pytest.approx(meeting.transcript.duration)
    whole = ChapterSpan(
        chapter=Chapter.STAGE_REVIEW,
        start=0.0,
        end=meeting.transcript.duration,
        first=0,
        last=len(times),
        confidence=0.5,
    )
    figures = measure([(meeting, Chapters(spans=(whole,), segmenter="one"))])
    review = [t for t, c in zip(times, labels(meeting.chapters), strict=True) if c is whole.chapter]
    assert figures.accuracy == pytest.approx(sum(review) / sum(times))
    assert figures.boundary_f1 == 0.0
    assert figures.calibration == pytest.approx(abs(0.5 - figures.accuracy))
    assert (figures.sure, figures.unsure) == (None, pytest.approx(figures.accuracy))


def test_noise_changes_about_the_share_of_characters_it_is_told(meeting: LabelledMeeting) -> None:
    after = corrupt(meeting.transcript, 0.2, 1)
    assert after == corrupt(meeting.transcript, 0.2, 1) != corrupt(meeting.transcript, 0.2, 2)
    before, heard = ("".join(u.text for u in t.utterances) for t in (meeting.transcript, after))
    assert 0.15 < character_error_rate(before, heard) < 0.22


def test_noise_knows_characters_outside_the_everyday_ones(meeting: LabelledMeeting) -> None:
    hesitant = replace(
        meeting.transcript,
        utterances=tuple(replace(u, text="嗯嗯呣" * 20) for u in meeting.transcript.utterances[:3]),
    )
    assert corrupt(hesitant, 0.5, 1) != hesitant


def test_speakers_and_punctuation_can_be_taken_away(meeting: LabelledMeeting) -> None:
    assert not without_speakers(meeting.transcript).speakers_known
    bare = without_punctuation(meeting.transcript)
    assert not set("，。？！：；") & set("".join(u.text for u in bare.utterances))
    assert len(bare.utterances) == len(meeting.transcript.utterances)
