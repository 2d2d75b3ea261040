"""A recording or transcript used before is found out; another meeting of the same people is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import combinations, cycle, islice
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.chapters.corpus import CORPUS, read_meeting
from qa_pipeline.copies import (
    Print,
    Shelf,
    covered,
    from_bytes,
    loops,
    passages,
    prints,
    repeated,
    shared,
    sound_print,
    to_bytes,
    words_print,
    worth,
)
from qa_pipeline.recording import SAMPLE_RATE, decode, open_recording
from qa_pipeline.transcript.hearing import Hearing
from qa_pipeline.values.transcript import Sound, Transcript, Utterance
from qa_pipeline.values.vocabulary import Likeness
from tests.sound import SPEECH, write_sound

NOTHING = Transcript(utterances=(), duration=0.0, engine="")


def heard(blocks: Iterator[np.ndarray]) -> Sound:
    hearing = Hearing()
    for block in blocks:
        hearing.feed(block)
    return hearing.finish()


def cut(audio: np.ndarray) -> Iterator[np.ndarray]:
    for at in range(0, len(audio), 10 * SAMPLE_RATE):
        yield audio[at : at + 10 * SAMPLE_RATE]


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """Four minutes of several voices in one room."""
    part = open_recording([SPEECH]).parts[0]
    return np.concatenate(list(islice(decode(part), 24)))


@pytest.fixture(scope="module")
def first(speech: np.ndarray) -> Print:
    return sound_print(heard(cut(speech[: 120 * SAMPLE_RATE])))


@pytest.mark.parametrize(
    ("codec", "suffix", "rate", "level"),
    [
        ("libopus", ".opus", 16_000, 0.1),
        ("libopencore_amrnb", ".amr", 8_000, 0.6),
        ("pcm_alaw", ".wav", 8_000, 0.3),
    ],
)
def test_a_piece_cut_out_and_encoded_anew_at_another_level_is_the_same_recording(
    speech: np.ndarray, first: Print, tmp_path: Path, codec: str, suffix: str, rate: int, level: float
) -> None:
    begin, seconds = 41.37, 70
    audio = level * speech[int(begin * SAMPLE_RATE) :][: seconds * SAMPLE_RATE]
    audio = audio.reshape(-1, SAMPLE_RATE // rate).mean(axis=1)
    file = write_sound(tmp_path / f"again{suffix}", audio, codec=codec, rate=rate)
    again = sound_print(heard(decode(open_recording([file]).parts[0])))
    found = passages(again, first, shared(again, first), other="别的会")
    assert len(found) == 1
    assert found[0].end - found[0].start > 0.85 * seconds
    assert found[0].other_start is not None
    assert found[0].other_start - found[0].start == pytest.approx(begin, abs=0.15)


def test_three_minutes_by_telephone_are_found_in_the_index(speech: np.ndarray, tmp_path: Path) -> None:
    audio = 0.6 * speech[60 * SAMPLE_RATE :][: 180 * SAMPLE_RATE].reshape(-1, 2).mean(axis=1)
    file = write_sound(tmp_path / "again.amr", audio, codec="libopencore_amrnb", rate=8_000)
    shelf: Shelf[str] = Shelf()
    shelf.add("whole", sound_print(heard(cut(speech))))
    assert shelf.like(sound_print(heard(decode(open_recording([file]).parts[0])))) == ["whole"]


def test_other_talk_of_the_same_voices_in_the_same_room_is_another_recording(
    speech: np.ndarray, first: Print
) -> None:
    second = sound_print(heard(cut(speech[120 * SAMPLE_RATE :])))
    assert shared(second, first) == ()
    assert repeated(first) == ()
    shelf: Shelf[str] = Shelf()
    shelf.add("first", first)
    assert shelf.like(second) == []
    assert shelf.like(first) == ["first"]


@pytest.mark.parametrize("period", [3, 20])
def test_a_loop_inside_a_recording_is_found_with_its_times(speech: np.ndarray, period: int) -> None:
    piece = speech[100 * SAMPLE_RATE + 77 :][: period * SAMPLE_RATE]
    rest = 90 * SAMPLE_RATE
    looped = np.concatenate((speech[:rest], np.tile(piece, 60 // period), speech[-20 * SAMPLE_RATE :]))
    found = loops(heard(cut(looped)))
    inside = [one for one in found if one.start >= 90 and one.end <= 151]
    assert found == tuple(inside)
    assert covered([(one.start, one.end) for one in inside], [(90, 150)]) > 60 - period - 15


def test_words_handed_in_twice_are_found_though_names_and_half_of_them_changed() -> None:
    whole = read_meeting(CORPUS / "A" / "A01.txt").transcript
    half = len(whole.utterances) // 2
    copied = replace(
        whole,
        utterances=tuple(
            replace(u, start=u.start + 7, end=u.end + 7, text=u.text.replace("王", "汪").replace("，", ""))
            for u in whole.utterances[half:]
        ),
    )
    mine = words_print(copied)
    theirs = from_bytes(to_bytes(words_print(whole)))  # as it was kept
    found = passages(mine, theirs, shared(mine, theirs), other="别的会")
    spoken = copied.utterances[-1].end - copied.utterances[0].start
    assert covered([(p.start, p.end) for p in found], [(0, whole.duration)]) > 0.9 * spoken
    assert found[0].other_start == pytest.approx(found[0].start - 7, abs=2)
    shelf: Shelf[str] = Shelf()
    shelf.add("whole", words_print(whole))
    assert shelf.like(mine) == ["whole"]


def worked_over(transcript: Transcript, texts: Iterable[str], turn: int = 1) -> Transcript:
    """The same turns with other texts, every ``turn`` of them in reverse, at four characters a second."""
    said = list(zip(texts, (u.speaker for u in transcript.utterances), strict=True))
    clock, utterances = 0.0, []
    for at in range(0, len(said), turn):
        for text, speaker in reversed(said[at : at + turn]):
            utterances.append(Utterance(start=clock, end=clock + len(text) / 4, text=text, speaker=speaker))
            clock += len(text) / 4
    return replace(transcript, utterances=tuple(utterances), duration=clock)


def swapped(transcript: Transcript) -> Transcript:
    """Neighbouring turns have changed places."""
    return worked_over(transcript, (u.text for u in transcript.utterances), turn=2)


def filled(transcript: Transcript, fillers: str = "嗯 对吧 那个") -> Transcript:
    """A filler stands after every comma."""
    filler = cycle(fillers.split())
    return worked_over(
        transcript,
        (re.sub("[，,]", lambda m: f"{m[0]}{next(filler)}，", u.text) for u in transcript.utterances),
    )


def renamed(transcript: Transcript) -> Transcript:
    """Names and figures are others, and longer."""
    other = str.maketrans(
        {"王": "欧阳", "李": "汪", "张": "章小", "刘": "柳", "陈": "程", "老": "大", "姐": "总"}
        | {
            "一": "三十",
            "二": "四十",
            "三": "七",
            "四": "二",
            "五": "九十",
            "六": "八",
            "七": "六百",
            "八": "五",
        }
        | {"1": "30", "2": "40", "3": "7", "4": "2", "5": "90", "6": "8", "7": "600", "8": "5"}
    )
    return worked_over(transcript, (u.text.translate(other) for u in transcript.utterances))


@pytest.mark.parametrize(
    "disguise",
    [
        swapped,
        filled,
        lambda t: filled(t, "哎 你看啊 说白了"),
        renamed,
        lambda t: swapped(filled(renamed(t))),
    ],
    ids=["turns swapped", "fillers", "other fillers", "names and figures", "all at once"],
)
@pytest.mark.parametrize("name", ["A01", "C03", "H02", "N05"])
def test_words_that_were_worked_over_are_the_same_words(
    name: str, disguise: Callable[[Transcript], Transcript]
) -> None:
    whole = read_meeting(CORPUS / name[0] / f"{name}.txt").transcript
    copied = disguise(whole)
    mine, theirs = words_print(copied), words_print(whole)
    found = passages(mine, theirs, shared(mine, theirs), other="别的会")
    assert covered([(p.start, p.end) for p in found], [(0, copied.duration)]) > 0.7 * copied.duration
    shelf: Shelf[str] = Shelf()
    shelf.add("whole", theirs)
    assert shelf.like(mine) == ["whole"]


def test_no_two_meetings_of_the_corpus_share_their_words() -> None:
    """Not by one author either, nor two of one team in successive weeks."""
    found = [words_print(read_meeting(file).transcript) for file in sorted(CORPUS.rglob("[A-Z]*/[A-Z]*.txt"))]
    assert len(found) > 300
    assert [(a, b) for a, b in combinations(range(len(found)), 2) if shared(found[a], found[b])] == []


def test_the_meetings_that_share_most_are_looked_at_first() -> None:
    song = [("song", place, place) for place in (10, 20, 30)]
    strangers = [("strangers", place, 7 * place) for place in (100, 200, 300, 400)]
    whole = [("whole", place, place + 5) for place in range(10, 500, 10)]
    for kind in Likeness:
        assert worth(kind, [*song, *strangers, *whole]) == ["whole", "song"]


def test_signs_of_words_may_lie_at_distances_that_drift_and_those_of_sound_may_not() -> None:
    drifting = [("copy", place, place + place // 10) for place in (1000, 2000, 3000)]
    assert worth(Likeness.WORDS, drifting) == ["copy"]
    assert worth(Likeness.SOUND, drifting) == []


def test_a_transcript_has_no_sound_to_compare_and_an_empty_one_no_words() -> None:
    assert list(prints(NOTHING)) == ["words"]
    assert shared(words_print(NOTHING), words_print(NOTHING)) == ()
    silent = sound_print(Sound(maker="", peaks=""))
    assert shared(silent, silent) == repeated(silent) == ()
    stammer = Transcript(
        utterances=(Utterance(start=0, end=600, text="好的" * 2000),), duration=600, engine=""
    )
    assert shared(words_print(stammer), words_print(stammer)) == ()
