"""Where the classifier of acts draws its lines, and what it learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from qa_pipeline.chapters.corpus import CORPUS, LabelledMeeting, read_meeting
from qa_pipeline.findings import train, train_net
from qa_pipeline.findings.acts import ACTS, ActModel, act_model
from qa_pipeline.findings.spelling import grams
from qa_pipeline.findings.train import CLAIMED, cut, examples, fit
from qa_pipeline.learning.figures import act_figures
from qa_pipeline.values.vocabulary import Act

LOGITS = np.array([3.0, -1.0, 2.0, 0.5, -2.0, 1.0])
LABELS = np.array([1, 0, 1, 0, 0, 0], dtype=np.float32)


@pytest.mark.parametrize(("times", "claimed"), [(0.5, 1), (1.0, 2), (1.5, 3), (2.0, 4), (9.0, 6), (0.1, 1)])
def test_an_act_is_claimed_as_often_as_the_rubrics_expect(times: float, claimed: int) -> None:
    """Their lines were drawn on such counts: a model that claims more would score all meetings higher."""
    assert (cut(LOGITS, LABELS, times) <= LOGITS).sum() == claimed


def test_what_nobody_labelled_is_hardly_ever_claimed() -> None:
    assert (cut(LOGITS, LABELS * 0, 1.0) <= LOGITS).sum() == 1


def test_every_act_has_its_measure() -> None:
    assert set(CLAIMED) == set(ACTS)


BEGIN = 12
"""Utterances kept of a meeting."""


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_net, "EPOCHS", 1)
        patch.setattr(train, "STEPS", 15)
        yield


@pytest.fixture(scope="module")
def whole() -> list[LabelledMeeting]:
    """The begins of meetings by two authors."""
    return [begin(read_meeting(CORPUS / id[0] / f"{id}.txt")) for id in ("A01", "A02", "B01", "B02")]


def begin(meeting: LabelledMeeting) -> LabelledMeeting:
    span = replace(meeting.chapters.spans[0], first=0, last=BEGIN)
    return replace(
        meeting,
        transcript=replace(meeting.transcript, utterances=meeting.transcript.utterances[:BEGIN]),
        chapters=replace(meeting.chapters, spans=(span,)),
        acts=meeting.acts[:BEGIN],
        gone_through=meeting.gone_through[:BEGIN],
    )


def in_part(meeting: LabelledMeeting, *, machine: frozenset[Act], said: str | None = None) -> LabelledMeeting:
    """As if a person had gone through every other utterance. Of the others the acts are these, and what is
    said in them may be something else."""
    heard = meeting.transcript.utterances
    others = range(1, BEGIN, 2)
    return replace(
        meeting,
        transcript=replace(
            meeting.transcript,
            utterances=tuple(
                replace(u, text=said) if said and at in others else u for at, u in enumerate(heard)
            ),
        ),
        acts=tuple(machine if at in others else acts for at, acts in enumerate(meeting.acts)),
        gone_through=tuple(at not in others for at in range(BEGIN)),
    )


def learned(meetings: list[LabelledMeeting]) -> ActModel:
    return fit([example for meeting in meetings for example in examples(meeting)], version="small")


def test_nothing_is_learned_from_acts_that_nobody_went_through(whole: list[LabelledMeeting]) -> None:
    """Whatever the machine took them for; but what was said there is seen around the others."""
    nothing, everything, elsewhere = (
        learned([in_part(meeting, machine=machine, said=said) for meeting in whole])
        for machine, said in ((frozenset(), None), (frozenset(Act), None), (frozenset(), "为什么没签？"))
    )
    arrays, same = nothing.arrays(), everything.arrays()
    assert [name for name in arrays if not np.array_equal(arrays[name], same[name])] == []
    assert all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f")
    assert not np.array_equal(arrays["net_near"], elsewhere.arrays()["net_near"])
    learned_from = {u.text for meeting in whole for u in meeting.transcript.utterances[::2]}
    assert nothing.vocabulary
    assert set(nothing.vocabulary) <= {gram for text in learned_from for gram in grams(text)}


def test_nothing_is_measured_on_acts_that_nobody_went_through(whole: list[LabelledMeeting]) -> None:
    nobody, everybody = (
        act_figures([in_part(whole[0], machine=machine)], act_model())
        for machine in (frozenset(), frozenset(Act))
    )
    assert nobody == everybody
    assert nobody.score > 0
    assert nobody != act_figures(whole[:1], act_model())
