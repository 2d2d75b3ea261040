"""What the shipped decoder makes of small meetings: missing, repeated, out-of-order chapters and worse."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from qa_pipeline.chapters import infer_kind, model, segment
from qa_pipeline.chapters.corpus import meetings
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Chapter, MeetingKind
from tests.chapters.dialogue import (
    AGENDA,
    CLOSING,
    DISCUSSION,
    ENGLISH,
    GIBBERISH,
    NEXT_WEEK,
    OPENING,
    RECAP,
    REVIEW,
    SHARING,
    said,
)

WEEKLY = MeetingKind.WEEKLY_REVIEW
BODY = {
    REVIEW: Chapter.STAGE_REVIEW,
    SHARING: Chapter.EXCELLENCE_SHARING,
    DISCUSSION: Chapter.PROBLEM_DISCUSSION,
    NEXT_WEEK: Chapter.NEXT_WEEK_PLAN,
}
FRAME = {Chapter.OPENING, Chapter.CLOSING, Chapter.OFF_TOPIC}


def lines(part: str) -> int:
    return sum(bool(line) for line in part.split("\n"))


def body(chapters: Chapters) -> list[Chapter]:
    """The mandated chapters in the order in which they came."""
    return [span.chapter for span in chapters.spans if span.chapter not in FRAME]


def share_right(parts: list[str], chapters: Chapters) -> float:
    """The share of a meeting's body utterances that lie in the chapter they were written for."""
    written = [BODY.get(part) for part in parts for _ in range(lines(part))]
    found = [span.chapter for span in chapters.spans for _ in range(span.first, span.last)]
    pairs = [(w, f) for w, f in zip(written, found, strict=True) if w is not None]
    return sum(w == f for w, f in pairs) / len(pairs)


MEETINGS = {
    "in order": [OPENING, REVIEW, SHARING, DISCUSSION, NEXT_WEEK, CLOSING],
    "out of order": [OPENING, SHARING, REVIEW, NEXT_WEEK, DISCUSSION, CLOSING],
    "sharing missing": [OPENING, REVIEW, DISCUSSION, NEXT_WEEK, CLOSING],
    "discussion missing": [OPENING, REVIEW, SHARING, NEXT_WEEK, CLOSING],
    "plan missing": [OPENING, REVIEW, SHARING, DISCUSSION, CLOSING],
    "no frame": [REVIEW, SHARING, DISCUSSION, NEXT_WEEK],
    "agenda read out": [OPENING, AGENDA, REVIEW, SHARING, DISCUSSION, NEXT_WEEK, CLOSING],
    "recap at the end": [OPENING, REVIEW, SHARING, DISCUSSION, NEXT_WEEK, RECAP],
}


@pytest.mark.parametrize("name", MEETINGS)
@pytest.mark.parametrize("punctuation", [True, False], ids=["punctuation", "no punctuation"])
def test_chapters_are_those_that_were_held_in_the_order_they_were_held(name: str, punctuation: bool) -> None:
    parts = MEETINGS[name]
    chapters = segment(said(*parts, punctuation=punctuation), kind=WEEKLY)
    assert body(chapters) == [BODY[part] for part in parts if part in BODY]
    assert share_right(parts, chapters) >= 0.85


@pytest.mark.parametrize("name", MEETINGS)
@pytest.mark.parametrize("punctuation", [True, False], ids=["punctuation", "no punctuation"])
def test_without_speakers_the_chapters_held_are_found_and_no_others(name: str, punctuation: bool) -> None:
    parts = MEETINGS[name]
    chapters = segment(said(*parts, speakers=False, punctuation=punctuation), kind=WEEKLY)
    assert set(body(chapters)) == {BODY[part] for part in parts if part in BODY}
    assert share_right(parts, chapters) >= 0.8


def test_a_chapter_that_comes_twice_is_two_spans() -> None:
    first, second = REVIEW.split("主持: 三室差得最多")
    parts = [OPENING, first, SHARING, "主持: 回过头来再看数据，三室差得最多" + second, NEXT_WEEK, CLOSING]
    chapters = segment(said(*parts), kind=WEEKLY)
    assert body(chapters) == [
        Chapter.STAGE_REVIEW,
        Chapter.EXCELLENCE_SHARING,
        Chapter.STAGE_REVIEW,
        Chapter.NEXT_WEEK_PLAN,
    ]


def test_the_review_of_a_monthly_meeting_is_the_monthly_review() -> None:
    chapters = segment(said(*MEETINGS["in order"]), kind=MeetingKind.MONTHLY_PLANNING)
    assert chapters.of(Chapter.MONTHLY_REVIEW)
    assert not chapters.of(Chapter.STAGE_REVIEW)


@pytest.mark.parametrize("kind", [WEEKLY, MeetingKind.MONTHLY_PLANNING, None])
@pytest.mark.parametrize("part", [ENGLISH, GIBBERISH], ids=["English", "gibberish"])
def test_what_is_no_sales_meeting_holds_no_chapter(part: str, kind: MeetingKind | None) -> None:
    assert body(segment(said(*[part] * 6), kind=kind)) == []


def test_another_meeting_filed_as_a_sales_meeting_holds_no_chapter() -> None:
    talks = [each.transcript for each in meetings() if each.facts.kind is None]
    learned = model.shipped()
    credulous = replace(learned, misfiled=np.array([0.0, -50.0]))
    assert any(body(segment(talk, kind=WEEKLY, using=credulous)) for talk in talks)
    for kind in (WEEKLY, MeetingKind.MONTHLY_PLANNING):
        assert not any(body(segment(talk, kind=kind)) for talk in talks)


def test_words_that_leave_a_doubt_are_weighed_with_the_chapters() -> None:
    talks = [each.transcript for each in meetings() if each.facts.kind is None]
    doubting = replace(model.shipped(), misfiled=np.array([0.0, 1.0]))  # 0.73 for any meeting
    assert not any(body(segment(talk, kind=WEEKLY, using=doubting)) for talk in talks)
    assert body(segment(said(*MEETINGS["in order"]), kind=WEEKLY, using=doubting))


def test_what_would_be_a_chapter_of_ours_is_off_topic_in_another_meeting() -> None:
    sure_of_neither = replace(model.shipped(), misfiled=np.array([0.0, 50.0]))
    spans = segment(said(*MEETINGS["in order"]), kind=WEEKLY, using=sure_of_neither).spans
    off_topic = sum(s.end - s.start for s in spans if s.chapter == Chapter.OFF_TOPIC)
    assert off_topic > 0.7 * spans[-1].end


def test_a_sales_meeting_is_told_from_other_talk() -> None:
    kind, sure = infer_kind(said(*MEETINGS["in order"]))
    assert kind is not None
    assert 0.5 < sure <= 1.0
    assert infer_kind(said(*[ENGLISH] * 6)) == (None, 1.0)


def test_how_probable_another_kind_is_goes_with_the_chapters() -> None:
    ours, other = (segment(said(*parts), kind=WEEKLY) for parts in (MEETINGS["in order"], [ENGLISH] * 6))
    assert ours.neither is not None
    assert other.neither is not None
    assert 0 <= ours.neither < 0.5 < other.neither <= 1


def test_an_empty_transcript_has_no_chapters_and_no_kind() -> None:
    nothing = Transcript(utterances=(), duration=0.0, engine="none")
    assert segment(nothing, kind=WEEKLY).spans == ()
    assert segment(nothing, kind=WEEKLY).neither is None
    assert infer_kind(nothing) == (None, 1.0)


@pytest.mark.parametrize("text", ["好。", "", "。。。", "a", "大家好，今天开周复盘会，先看数据。"])
def test_one_utterance_is_one_span(text: str) -> None:
    alone = Transcript(utterances=(Utterance(start=1.0, end=2.0, text=text),), duration=5.0, engine="none")
    (span,) = segment(alone, kind=WEEKLY).spans
    assert (span.first, span.last, span.start, span.end) == (0, 1, 1.0, 5.0)
    assert 0.0 <= span.confidence <= 1.0


@pytest.mark.parametrize("name", MEETINGS)
def test_spans_tile_the_utterances_and_neighbours_differ(name: str) -> None:
    transcript = said(*MEETINGS[name])
    spans = segment(transcript, kind=WEEKLY).spans
    assert (spans[0].first, spans[-1].last) == (0, len(transcript.utterances))
    assert spans[-1].end == transcript.duration
    for before, after in itertools.pairwise(spans):
        assert before.last == after.first
        assert before.end == after.start
        assert before.chapter != after.chapter
    assert all(0.0 <= span.confidence <= 1.0 for span in spans)


def test_the_same_words_give_the_same_chapters() -> None:
    assert segment(said(*MEETINGS["in order"])) == segment(said(*MEETINGS["in order"]))
