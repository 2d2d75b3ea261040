"""Two people and ourselves are compared as it is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.values.scorecard import ItemScore
from qa_pipeline.values.vocabulary import Dimension
from tests.evaluation.kept import UNCALIBRATED
from tests.evaluation.second import SecondReading, measure, second_readings
from tests.evaluation.test_verdicts import card
from tests.evaluation.verdicts import Judged


@pytest.fixture(scope="module")
def meeting() -> LabelledMeeting:
    return next(m for m in meetings() if m.id == "A03")


def _judged(meeting: LabelledMeeting, id: str, score: float, level: float | None) -> Judged:
    item = ItemScore(
        id="I1",
        label="追问",
        dimension=Dimension.INTERACTION,
        level=level,
        score=10 * (level or 0),
        max=10,
        status="partial",
    )
    mine = replace(meeting, id=id, band=(60.0, 70.0), passes=True)
    return Judged(meeting=mine, card=replace(card(score), items=(item,)))


def test_each_pair_and_item_is_compared_on_the_meetings_that_were_read_twice(
    meeting: LabelledMeeting,
) -> None:
    judged = [_judged(meeting, "X1", 72, 0.5), _judged(meeting, "X2", 55, 0.9), _judged(meeting, "X3", 99, 1)]
    readings = [
        SecondReading(meeting="X1", score=80, passes=True, items={"I1": 0.6}),
        SecondReading(meeting="X2", score=58, passes=False, items={"I1": 0.8}),
    ]
    found = measure(judged, readings)
    assert found.meetings == 2
    assert (found.people.verdict, found.people.near, found.people.apart) == (0.5, 0.5, 11.0)
    assert (found.with_author.verdict, found.with_author.near) == (0.5, 1.0)
    assert (found.with_second.verdict, found.with_second.apart) == (1.0, 5.5)
    assert found.items["I1"].bias == pytest.approx(0)
    assert found.items["I1"].apart == pytest.approx(1)
    assert found.items["I1"].correlation == pytest.approx(1)


def test_an_item_that_could_not_be_measured_is_not_compared(meeting: LabelledMeeting) -> None:
    judged = [_judged(meeting, "X1", 72, 0.5), _judged(meeting, "X2", 55, None)]
    readings = [SecondReading(meeting=id, score=60, passes=True, items={"I1": 0.7}) for id in ("X1", "X2")]
    assert measure(judged, readings).items["I1"].apart == pytest.approx(2)
    with pytest.raises(ValueError, match="second time"):
        measure(judged, [replace(readings[0], meeting="Y1")])


def test_second_readings_are_of_meetings_of_strangers_and_rate_every_item() -> None:
    there = {m.id: m for m in meetings() if m.author in UNCALIBRATED}
    readings = second_readings()
    assert len(readings) >= 20
    assert len({one.meeting for one in readings}) == len(readings)
    for one in readings:
        assert there[one.meeting].facts.kind is not None
        assert len(one.items) == 15
        assert all(0 <= level <= 1 for level in one.items.values())
        assert 0 <= one.score <= 100
