"""The learned model as a file, learning it again, and the copies it learns from."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

from qa_pipeline.chapters import augment, cues, model, ngrams, segment, train
from qa_pipeline.chapters.augment import Example, Homophones
from qa_pipeline.chapters.corpus import meetings
from qa_pipeline.values.vocabulary import Chapter, MeetingKind
from tests.chapters.dialogue import DISCUSSION, NEXT_WEEK, OPENING, REVIEW, SHARING, said


@pytest.fixture(scope="module")
def source() -> Example:
    return augment.example(next(meetings()))


def test_the_model_survives_its_file_byte_by_byte(tmp_path: Path) -> None:
    model.save(model.shipped(), tmp_path / "once.npz")
    again = model.load(tmp_path / "once.npz")
    model.save(again, tmp_path / "twice.npz")
    assert (tmp_path / "once.npz").read_bytes() == (tmp_path / "twice.npz").read_bytes()
    meeting = said(OPENING, REVIEW, SHARING, DISCUSSION, NEXT_WEEK)
    assert segment(meeting, using=again) == segment(meeting)


def test_learning_twice_gives_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a handful of meetings, rows and steps; the shipped model takes minutes."""
    for name, value in (("FIELD_STEPS", 3), ("STRIDE", 400), ("QUIET_STARTS", 0.05), ("INNER_FOLDS", 2)):
        monkeypatch.setattr(train, name, value)
    few = [m for m in meetings() if m.id in {"A01", "C01", "E01"}]
    for name in ("one.npz", "two.npz"):
        model.save(train.learn(few), tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_n_grams_do_not_see_punctuation_case_width_or_cuts() -> None:
    one = ngrams.stream(["先看ＣＴ，", "再看达U率。"])
    other = ngrams.stream(["先看ct再看达u率"])
    assert (one.codes == other.codes).all()
    assert one.edges.tolist() == [0, 4, 9]
    assert ngrams.stream(["", "。"]).edges.tolist() == [0, 0, 0]


def test_n_grams_read_dialect_characters_as_the_standard_ones() -> None:
    assert (ngrams.stream(["佢冇喺度"]).codes == ngrams.stream(["他没在度"]).codes).all()


def test_homophones_share_the_pinyin_buckets() -> None:
    syllables = ngrams.syllable_table()
    right, wrong = (
        ngrams.buckets(ngrams.stream([text]).codes, syllables=syllables) for text in ("期缴保费", "七角宝飞")
    )
    assert (right[:, 3:] == wrong[:, 3:]).all()
    assert (right[:, :3] != wrong[:, :3]).any()


def test_cutting_anew_keeps_words_times_and_labels(source: Example) -> None:
    cut = augment.recut(source, shortest=6, longest=20, random=Random(1))
    text = "".join(u.text for u in source.transcript.utterances)
    assert "".join(u.text for u in cut.transcript.utterances) == text
    assert len(cut.transcript.utterances) > len(source.transcript.utterances)
    assert [c for c, s in zip(cut.chapters, cut.starts, strict=True) if s] == [
        c for c, s in zip(source.chapters, source.starts, strict=True) if s
    ]


def test_rearranging_drops_a_chapter_or_swaps_two_neighbours(source: Example) -> None:
    order = [c for c, s in zip(source.chapters, source.starts, strict=True) if s]
    seen = set()
    for seed in range(20):
        copy = augment.rearranged(source, random=Random(seed))
        found = [c for c, s in zip(copy.chapters, copy.starts, strict=True) if s]
        dropped = len(order) - len(found)
        seen.add(dropped)
        if dropped:
            assert found in [[*order[:i], *order[i + 1 :]] for i in range(len(order))]
        else:
            assert sorted(found) == sorted(order)
            assert sum(a != b for a, b in zip(found, order, strict=True)) == 2
        times = [t for u in copy.transcript.utterances for t in (u.start, u.end)]
        assert times == sorted(times)
    assert seen == {0, 1}


def test_mishearing_keeps_labels_and_changes_words(source: Example) -> None:
    homophones = Homophones([u.text for u in source.transcript.utterances])
    heard = augment.misheard(source, homophones=homophones, rate=0.2, random=Random(1))
    assert heard.chapters == source.chapters
    assert heard.transcript != source.transcript
    assert augment.misheard(source, homophones=homophones, rate=0.0, random=Random(1)) == source


def test_other_talk_holds_no_chapter() -> None:
    talks = augment.other_talk()
    assert len({t.author for t in talks}) == len(talks) > 10
    assert {c for t in talks for c in t.chapters} == {Chapter.OFF_TOPIC}
    assert all(t.kind is None and t.transcript.speakers_known for t in talks)


def test_the_matter_of_another_meeting_is_no_digression() -> None:
    """Both are off-topic to the field; the topic scorer learns them apart."""
    syllables = ngrams.syllable_table()
    off = train.TOPICS.index(Chapter.OFF_TOPIC)
    other = augment.example(next(m for m in meetings() if m.facts.kind is None))
    told = train._prepare(other, syllables=syllables, everyday=False)
    assert (told.subjects == np.where(told.topics == off, train.ELSEWHERE, told.topics)).all()
    assert off in told.topics
    chat = train._prepare(augment.other_talk()[0], syllables=syllables, everyday=True)
    assert set(chat.subjects) == set(chat.topics) == {off}


def test_only_the_frame_is_possible_in_another_language_or_another_meeting() -> None:
    frame = {Chapter.OPENING, Chapter.CLOSING, Chapter.OFF_TOPIC}
    ruled = model.ruled_out(MeetingKind.MONTHLY_PLANNING, np.array([False, True]))
    assert (ruled[0] == 0).all()
    assert {topic for topic, value in zip(train.TOPICS, ruled[1], strict=True) if value == 0} == frame
    (none,) = model.ruled_out(None)
    assert {topic for topic, value in zip(train.TOPICS, none, strict=True) if value == 0} == frame


def test_an_example_knows_where_chapters_start(source: Example) -> None:
    assert len(source.chapters) == len(source.starts) == len(source.transcript.utterances)
    assert source.starts[0]
    changes = [u for u in range(1, len(source.chapters)) if source.chapters[u] != source.chapters[u - 1]]
    assert [u for u, start in enumerate(source.starts) if start and u] == changes


def test_a_host_who_mentions_chapters_begins_none(source: Example) -> None:
    copies = [augment.mentioning(source, random=Random(seed)) for seed in range(5)]
    for copy in copies:
        assert copy.chapters == source.chapters
        assert copy.starts == source.starts
        assert copy.transcript != source.transcript
    spoken = {u.text for copy in copies for u in copy.transcript.utterances}
    for phrases in (cues.AGENDAS, cues.RECAPS, cues.PUT_OFF):
        assert any(phrase in text for phrase in phrases for text in spoken)
