"""Parts of a recording: order, gaps, and the same sound handed in twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.meetings.recordings import Duplicate, RecordingCheck, missing_parts
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.meetings.room import SEPTEMBER, Room, at

HOUR = 3600.0


@pytest.fixture
def held(room: Room) -> Room:
    room.slots.fill_month(SEPTEMBER)
    for code, institution, day in (("M", "E4a", 8), ("N", "E4a", 15), ("W", "W4a", 8)):
        room.held(code, institution=institution, start=at(day))
    return room


def add(room: Room, meeting: str, part: int, sound: str, *, start: float | None = None) -> None:
    room.recordings.add(
        meeting,
        part=part,
        content_hash=sound * 64,
        file_name=f"第{part}段.m4a",
        size=10**10,
        duration=HOUR,
        started_at=None if start is None else at(8) + timedelta(seconds=start),
    )


def test_parts_come_in_order_whatever_order_they_were_handed_in(held: Room) -> None:
    for part, sound in ((3, "c"), (1, "a")):
        add(held, "M", part, sound)
    with counting_queries(held.house.session) as statements:
        check = held.recordings.check("M")
    assert [part.part for part in check.parts] == [1, 3]
    assert check.missing == (2,)
    assert (check.gaps, check.duplicates) == ((), ())
    assert check.duration == 2 * HOUR
    assert len(statements) == 3
    assert held.recordings.check("N") == RecordingCheck(parts=(), missing=(), gaps=(), duplicates=())


def test_gaps_and_overlaps_between_parts_are_told_in_seconds(held: Room) -> None:
    add(held, "M", 1, "a", start=0)
    add(held, "M", 2, "b", start=HOUR + 1)
    add(held, "M", 3, "c", start=2 * HOUR + 121)
    add(held, "M", 4, "d", start=3 * HOUR + 61)
    add(held, "M", 5, "e")
    found = held.recordings.check("M").gaps
    assert [(gap.after_part, gap.seconds) for gap in found] == [(2, 120.0), (3, -60.0)]


def test_the_same_sound_in_another_meeting_is_seen_k4(held: Room) -> None:
    add(held, "M", 1, "a")
    add(held, "N", 1, "b")
    add(held, "N", 2, "a")
    assert held.recordings.check("M").duplicates == (Duplicate(1, "N", 2),)
    (seen,) = held.recordings.check("N").duplicates
    assert (seen.part, seen.meeting, seen.other_part) == (2, "M", 1)
    held.meetings.void("N")
    assert held.recordings.check("M").duplicates == ()


def test_the_same_part_twice_in_one_meeting_is_seen_and_counted_once(held: Room) -> None:
    add(held, "M", 1, "a")
    add(held, "M", 2, "a")
    check = held.recordings.check("M")
    assert check.duplicates == (Duplicate(1, "M", 2), Duplicate(2, "M", 1))
    assert check.duration == HOUR


def test_a_sound_from_outside_the_subtree_is_found_out_but_not_named(held: Room) -> None:
    add(held, "M", 1, "a")
    add(held, "W", 1, "a")
    assert held.seen_from("EAST").recordings.check("M").duplicates == (Duplicate(1, None, None),)
    with pytest.raises(InputError, match="会议 W 不存在或不在您的管辖范围内"):
        held.seen_from("EAST").recordings.check("W")
    with pytest.raises(InputError, match="会议 W 不存在或不在您的管辖范围内"):
        add(held.seen_from("EAST"), "W", 2, "b")


def test_handing_in_a_part_again_changes_nothing_and_another_sound_is_refused(held: Room) -> None:
    add(held, "M", 1, "a")
    add(held, "M", 1, "a")
    assert len(held.recordings.check("M").parts) == 1
    with pytest.raises(InputError, match="会议 M 已有第 1 段录音 第1段"):
        add(held, "M", 1, "b")
    with pytest.raises(InputError, match="段号须从 1 开始"):
        add(held, "M", 0, "b")


@given(st.sets(st.integers(1, 30)))
def test_parts_and_missing_parts_make_an_unbroken_row(numbers: set[int]) -> None:
    missing = missing_parts(sorted(numbers))
    assert numbers.isdisjoint(missing)
    assert numbers | set(missing) == set(range(1, max(numbers, default=0) + 1))
