"""The recording itself: length, silence, repetition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.findings import find
from qa_pipeline.values.transcript import Sound, Transcript, Utterance
from tests.findings.dialogue import GOOD, WEEKLY, findings, meeting, value


def test_r06_length_is_from_first_to_last_speech() -> None:
    transcript, chapters = meeting("stage_review\n王建: 开始吧。\n王建: 散会。")
    late = tuple(replace(u, start=u.start + 600, end=u.end + 600) for u in transcript.utterances)
    moved = replace(
        transcript, utterances=(late[0], replace(late[1], start=2400.0, end=2405.0)), duration=4000.0
    )
    assert value(find(moved, chapters, WEEKLY), "speech_minutes") == pytest.approx((2405 - 600) / 60)


def test_effective_speech_bridges_short_gaps_only() -> None:
    said = tuple(Utterance(start=s, end=s + 10, text="我们说一件事") for s in (0, 11.5, 60))
    _, chapters = meeting("stage_review\n王建: 好")
    found = find(Transcript(utterances=said, duration=70, engine="t"), chapters, WEEKLY)
    assert value(found, "longest_pause") == pytest.approx(60 - 21.5)


def test_voice_activity_wins_over_utterance_times() -> None:
    transcript, chapters = meeting(GOOD)
    heard = replace(transcript, speech=((0.0, 100.0), (900.0, 1000.0)))
    found = find(heard, chapters, WEEKLY)
    assert value(found, "speech_share") == pytest.approx(0.2)
    assert value(found, "speech_minutes") == pytest.approx(1000 / 60)
    assert found.measures["speech_share"].confidence == 1.0
    assert "没有人说话" in found.measures["speech_share"].reason


def test_how_much_of_a_meeting_is_silent_is_unknown_without_its_recording() -> None:
    transcript, chapters = meeting(GOOD)
    slow = tuple(replace(u, start=u.start * 4, end=u.start * 4 + 1) for u in transcript.utterances)
    told = find(replace(transcript, utterances=slow, duration=transcript.duration * 4), chapters, WEEKLY)
    assert told.measures["speech_share"].value is None
    assert "没有录音" in told.measures["speech_share"].reason


def test_a_recording_spliced_with_itself_repeats() -> None:
    body = "\n".join(line for line in GOOD.strip().splitlines() if ": " in line)
    assert value(findings(GOOD), "repetition_share") == 0.0
    twice = findings(f"stage_review\n{body}\n{body}")
    assert value(twice, "repetition_share") > 0.4
    assert "起说过的整段相同" in twice.measures["repetition_share"].reason


def test_recognition_confidence_is_weighted_by_text_and_unknown_when_not_given() -> None:
    transcript, chapters = meeting("stage_review\n王建: 一二三四五六\n王建: 一二")
    assert find(transcript, chapters, WEEKLY).measures["recognition_confidence"].value is None
    rated = tuple(replace(u, confidence=c) for u, c in zip(transcript.utterances, (0.9, 0.5), strict=True))
    found = find(replace(transcript, utterances=rated), chapters, WEEKLY)
    assert value(found, "recognition_confidence") == pytest.approx((0.9 * 6 + 0.5 * 2) / 8)


def test_pauses_and_silences_are_told_apart_by_length() -> None:
    transcript, chapters = meeting("stage_review\n王建: 开始吧。\n王建: 散会。")
    heard = replace(transcript, speech=((0.0, 10.0), (10.2, 20.0), (21.0, 40.0), (60.0, 100.0)))
    found = find(heard, chapters, WEEKLY)
    assert value(found, "pause_share") == pytest.approx(1.0 / 100)
    assert value(found, "silence_share") == pytest.approx(20 / 100)
    assert find(transcript, chapters, WEEKLY).measures["pause_share"].value is None


def test_the_voice_is_a_weak_sign_and_unknown_without_sound() -> None:
    transcript, chapters = meeting(GOOD)
    measure = findings(GOOD).measures["loudness_range"]
    assert measure.value is None
    assert "没有录音" in measure.reason
    heard = replace(transcript, sound=Sound(maker="", peaks="", loudness_range=7.5))
    found = find(heard, chapters, WEEKLY).measures["loudness_range"]
    assert (found.value, found.confidence) == (7.5, 0.5)


def test_k4_a_room_that_changes_is_shown_with_the_words_around_it_and_stays_a_doubt() -> None:
    transcript, chapters = meeting("stage_review\n王建: 开始吧。\n王建: 散会。\n李梅: 好。")
    after = transcript.utterances[1].start
    sound = Sound(maker="", peaks="", room_changes=((after, 4.4),))
    found = find(replace(transcript, sound=sound), chapters, WEEKLY).measures["room_changes"]
    assert (found.value, found.confidence) == (1, 0.6)
    assert [e.utterance for e in found.evidence] == [1, 2]
    assert "可能是两段录音拼在一起，也可能是换了房间" in found.reason
    for unheard in (None, Sound(maker="", peaks="")):
        measure = find(replace(transcript, sound=unheard), chapters, WEEKLY).measures["room_changes"]
        assert (measure.value, bool(measure.reason)) == (None, True)


def test_written_silence_counts_between_the_first_and_the_last_word_only() -> None:
    transcript, chapters = meeting("stage_review\n王建: 开始吧。\n王建: 散会。")
    sound = Sound(maker="", peaks="", silences=((0.0, 50.0), (200.0, 320.0), (900.0, 990.0)))
    heard = replace(transcript, speech=((60.0, 190.0), (330.0, 660.0)), sound=sound)
    found = find(heard, chapters, WEEKLY).measures["digital_silence_share"]
    assert found.value == pytest.approx(120 / 600)
    assert found.reason == "03:20–05:20 是软件填的静音"
