"""One labelled meeting that fails and one that passes, inspected once for all tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from qa_pipeline.chapters.corpus import CORPUS, read_meeting
from qa_pipeline.pipeline import inspect
from qa_pipeline.values.facts import Figure
from qa_pipeline.values.findings import Action, Evidence, FollowUp, SpokenFigure
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.transcript import Sound
from qa_pipeline.values.vocabulary import Outcome


def inspected(name: str, *, institution: str, figures: tuple[Figure, ...] = ()) -> Inspection:
    meeting = read_meeting(CORPUS / name[0] / f"{name}.txt")
    facts = replace(
        meeting.facts, institution=institution, host="马建军", admin_manager="马建军", figures=figures
    )
    return inspect(meeting.transcript, facts=facts, transcript=meeting.transcript)


@pytest.fixture(scope="session")
def good() -> Inspection:
    """A weekly review that qualifies: eight of eight attend, and the score is far above the line."""
    return inspected("A01", institution="兰州城关营业部")


@pytest.fixture(scope="session")
def poor() -> Inspection:
    """A weekly review without a problem discussion, with seven of nine attending."""
    return inspected("A05", institution="石河子营业部")


@pytest.fixture(scope="session")
def monthly() -> Inspection:
    return inspected("C03", institution="福州营业部")


@pytest.fixture(scope="session")
def speakerless(good: Inspection) -> Inspection:
    """The good meeting when nobody can tell who speaks and nobody counted those present, from a recording
    whose background changes."""
    utterances = tuple(replace(u, speaker=None) for u in good.transcript.utterances)
    sound = Sound(maker="test", peaks="", room_changes=((605.0, 4.5),))
    transcript = replace(good.transcript, utterances=utterances, sound=sound)
    facts = replace(good.facts, expected_attendees=None, attendees=None)
    return inspect(transcript, facts=facts, transcript=transcript)


@pytest.fixture(scope="session")
def unscored(good: Inspection) -> Inspection:
    """A scorecard in which no item could be scored."""
    card = good.scorecard
    items = tuple(
        replace(i, level=None, score=0.0, status="unknown", reason="测不出来", evidence=())
        for i in card.items
    )
    empty = replace(
        card,
        energy_score=0.0,
        band=(0.0, 10.0),
        dimensions=dict.fromkeys(card.dimensions, (0.0, 0.0)),
        items=items,
    )
    return replace(good, scorecard=empty)


@pytest.fixture(scope="session")
def checked(good: Inspection) -> Inspection:
    """The good meeting with two figures compared: one agrees, the other does not."""
    rate = Figure(owner="兰州城关营业部", indicator="activity_rate", value=0.623, unit="%")
    premium = Figure(
        owner="王芳霞", indicator="regular_premium", value=3_000_000, unit="元", as_of=date(2026, 4, 7)
    )
    said = [
        SpokenFigure(
            given=rate,
            value=0.62,
            agrees=True,
            evidence=Evidence(start=65, end=70, quote="活动率百分之六十二。", utterance=3),
        ),
        SpokenFigure(
            given=premium,
            value=3_200_000,
            agrees=False,
            evidence=Evidence(start=125, end=130, quote="芳霞期缴三百二十万。", utterance=5),
        ),
    ]
    return replace(
        good,
        facts=replace(good.facts, figures=(rate, premium)),
        findings=replace(good.findings, figures=tuple(said)),
    )


@pytest.fixture(scope="session")
def followed(good: Inspection) -> Inspection:
    """The good meeting after one that promised four things: one of each outcome."""

    def one(what: str, outcome: Outcome, *heard: str, due: date | None = None) -> FollowUp:
        made = Evidence(start=900, end=905, quote=what, utterance=90)
        evidence = tuple(
            Evidence(start=65 + 5 * i, end=70 + 5 * i, quote=text, utterance=3 + i)
            for i, text in enumerate(heard)
        )
        action = Action(who="王芳霞", what=what, due="周五", due_date=due, evidence=made)
        return FollowUp(action=action, outcome=outcome, evidence=evidence)

    outcomes = (
        one(
            "陪访五户",
            Outcome.KEPT,
            "陪访做了没有？",
            "五户都访了，13812345678 那户也去了。",
            due=date(2026, 4, 3),
        ),
        one("交名单", Outcome.NOT_KEPT, "名单还没有交。"),
        one("约老客户", Outcome.UNCLEAR, "老客户约得怎么样？"),
        one("买幕布", Outcome.NOT_MENTIONED),
    )
    return replace(good, findings=replace(good.findings, followed=outcomes))
