"""The agreement with the authors is counted as it is said to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.findings.acts import act_model
from qa_pipeline.values.scorecard import Critical, Scorecard
from qa_pipeline.values.vocabulary import Dimension, MeetingKind
from tests.evaluation.verdicts import Judged, agreement, filed_as, verdict_agreement


@pytest.fixture(scope="module")
def meeting() -> LabelledMeeting:
    return next(m for m in meetings() if m.id == "A03")


def card(score: float, *gates: str) -> Scorecard:
    return Scorecard(
        energy_score=score,
        band=(score - 3, score + 3),
        pass_line=60,
        dimensions={Dimension.CONTENT: (score, 100)},
        items=(),
        criticals=tuple(Critical(id=gate, label=gate, reason="试") for gate in gates),
        rubric_id="weekly_review",
        rubric_version="1",
        rubric_hash="0",
    )


def test_a_verdict_agrees_when_score_and_gates_say_what_the_author_said(meeting: LabelledMeeting) -> None:
    passed, failed = replace(meeting, passes=True), replace(meeting, passes=False)
    assert Judged(meeting=passed, card=card(60)).agreed
    assert not Judged(meeting=passed, card=card(59.99)).agreed
    assert not Judged(meeting=passed, card=card(90, "K2")).agreed
    assert Judged(meeting=failed, card=card(90, "K2")).agreed


def test_figures_are_means_over_the_meetings(meeting: LabelledMeeting) -> None:
    mine = replace(meeting, passes=True, band=(60.0, 70.0))
    found = agreement([Judged(meeting=mine, card=card(s)) for s in (58, 62, 65, 75)])
    assert (found.meetings, found.wrong, found.rate) == (4, ("A03",), 0.75)
    assert (found.in_band, found.distance) == (0.5, pytest.approx((2 + 5) / 4))
    assert found.near == 1
    assert (found.half, found.straddling) == (3, 2)


def test_a_meeting_of_no_kind_is_inspected_as_what_it_was_filed_as() -> None:
    others = [m for m in meetings() if m.facts.kind is None]
    assert len(others) >= 5
    assert {filed_as(m).kind for m in others} <= set(MeetingKind)


def test_meetings_are_read_by_the_models_of_their_author(meeting: LabelledMeeting) -> None:
    found = verdict_agreement([meeting], acts={"A": act_model()}, chapters=None)
    assert found.meetings == 1
    with pytest.raises(KeyError):
        verdict_agreement([meeting], acts={"B": act_model()}, chapters=None)
