"""A recording handed in a second time is found in the whole company, and nobody learns more than they may."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from api.accounts.tables import Role
from api.copies.service import compare
from api.copies.tables import MeetingCopy, MeetingPrint, MeetingSign
from models.database import transaction
from models.meetings.repository import MeetingRepository
from qa_pipeline.pipeline import compared, scored_again
from qa_pipeline.transcript.hearing import MAKER
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.transcript import Sound
from qa_pipeline.values.vocabulary import Likeness
from tests.api.conftest import SignedIn
from tests.api.results import good, hold, inspect, poor

BACKENDS = ("sqlite",)
V1 = "/api/v1"
QUEUE = f"{V1}/reviews/queue?first=2026-09-01&last=2026-09-30"


def sound(seed: int, *, cut: int = 0) -> Sound:
    """Half an hour of peaks; the first ``cut`` are cut off."""
    random = np.random.default_rng(seed)
    pairs = np.stack((random.integers(1, 9, 13_000), random.integers(0, 198, 13_000)), axis=1)
    return Sound(maker=MAKER, peaks=base64.b64encode(pairs[cut:].astype(np.uint8).tobytes()).decode())


def recorded(inspection: Inspection, made: Sound) -> Inspection:
    return replace(inspection, transcript=replace(inspection.transcript, sound=made))


def score(engine: Engine, code: str, read: Inspection) -> None:
    """What a job does of it."""
    copied = compare(engine, code, read.transcript)
    made = compared(read, copied)
    inspect(engine, code, scored_again(made) if copied else made)


@pytest.fixture
def copied(service_engine: Engine) -> Engine:
    """ORIGINAL is of the 8th; COPY, of another institution, has its sound and other words, a week later;
    OTHER has nothing of both. The copy is scored first."""
    for code, institution, day in (("ORIGINAL", "350102", 8), ("COPY", "350103", 15), ("OTHER", "350103", 8)):
        hold(service_engine, code, institution=institution, day=day)
    score(service_engine, "COPY", recorded(poor(), sound(1, cut=500)))
    score(service_engine, "ORIGINAL", recorded(good(), sound(1)))
    compare(service_engine, "OTHER", replace(recorded(good(), sound(2)).transcript, utterances=()))
    return service_engine


def scorecard(client: TestClient, code: str) -> dict[str, object]:
    answer = client.get(f"{V1}/meetings/{code}/scorecard")
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


def test_the_copy_waits_for_review_whichever_was_scored_first_and_the_original_does_not(
    copied: Engine, signed_in: SignedIn
) -> None:
    qa = signed_in(Role.QA)
    waiting = {row["meeting"]: row["why"] for row in qa.get(QUEUE).json()["items"]}
    assert "copied" in waiting["COPY"]
    assert "copied" not in [*waiting.get("ORIGINAL", []), *waiting.get("OTHER", [])]
    (passage,) = scorecard(qa, "COPY")["copies"]
    assert (passage["kind"], passage["meeting"]) == ("sound", "ORIGINAL")
    assert passage["end"] - passage["start"] > 1500
    assert passage["other_start"] == pytest.approx(passage["start"] + 500 * 4.5 * 0.032, abs=5)
    assert scorecard(qa, "ORIGINAL")["copies"] == []


def test_scored_after_its_original_it_fails_and_no_manager_learns_whose_recording_it_is(
    copied: Engine, signed_in: SignedIn
) -> None:
    score(copied, "COPY", recorded(poor(), sound(1, cut=500)))
    manager = signed_in(Role.MANAGER, institution="350103")
    card = scorecard(manager, "COPY")
    (gate,) = [gate for gate in card["criticals"] if gate["id"] == "K4"]
    assert "与另一家机构的会议的录音重复" in gate["reason"]
    assert card["verdict"] == "not_qualified"
    (passage,) = card["copies"]
    assert (passage["meeting"], passage["other_start"]) == (None, None)
    whole = manager.get(f"{V1}/meetings/COPY/scorecards/2/result").text
    report = manager.get(f"{V1}/meetings/COPY/scorecards/2/report.html").text
    for told in (str(card), whole, report):
        assert "ORIGINAL" not in told
        assert "350102" not in told
    assert manager.get(f"{V1}/meetings/ORIGINAL/scorecard").status_code == 404
    # Whoever was copied from learns nothing of the copy either.
    assert scorecard(signed_in(Role.MANAGER, institution="350102"), "ORIGINAL")["copies"] == []


def test_of_one_s_own_institution_the_day_is_named_and_the_same_words_are_found(copied: Engine) -> None:
    hold(copied, "AGAIN", institution="350102", day=22)
    found = compare(copied, "AGAIN", good().transcript)
    assert {one.kind for one in found} == {Likeness.WORDS}
    assert {one.other for one in found} == {"本机构 2026-09-08 的会议"}
    assert sum(one.end - one.start for one in found) > 0.8 * good().transcript.duration


def test_a_void_meeting_is_no_original_and_comparing_again_changes_nothing(copied: Engine) -> None:
    mine = recorded(poor(), sound(1, cut=500)).transcript

    def rows() -> list[int]:
        with Session(copied) as session:
            tables = (MeetingPrint, MeetingSign, MeetingCopy)
            return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]

    before = rows()
    assert before[0] == 6
    assert compare(copied, "COPY", mine) == compare(copied, "COPY", mine) != ()
    assert rows() == before
    with transaction(copied) as session:
        MeetingRepository(session).void("ORIGINAL")
    assert compare(copied, "COPY", mine) == ()
