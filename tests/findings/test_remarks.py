"""Good practices and common problems, with advice (R34)."""

from __future__ import annotations

from importlib.resources import files

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.findings import remarks
from tests.findings.dialogue import EMPTY, GOOD, findings


def test_r34_a_good_meeting_shows_practices_with_proof_and_advice() -> None:
    found = findings(GOOD)
    ids = {r.id for r in found.practices}
    assert {"probe_to_customer", "distilled_steps"} <= ids
    for remark in found.practices:
        assert remark.evidence
        assert remark.suggestion


def test_r34_an_empty_meeting_shows_its_problems() -> None:
    ids = {r.id for r in findings(EMPTY, pace=1.5).issues}
    assert {"sentiment_sharing", "promises_forgotten", "no_promises", "off_theme"} <= ids
    assert "off_theme" not in {r.id for r in findings(GOOD).issues}


def test_one_voice_is_seen_only_when_voices_are_known() -> None:
    assert "one_voice" in {r.id for r in findings(EMPTY).issues}
    assert "one_voice" not in {r.id for r in findings(EMPTY, speakers=False).issues}


def test_the_library_is_data_with_a_schema() -> None:
    shelf = remarks.library()
    assert {e.id for e in (*shelf.practices, *shelf.issues)} == set(remarks.SIGHTS)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("id: one_voice", "id: one_vioce", "one_vioce"),
        ("thresholds: {host: 0.8}", "thresholds: {hosts: 0.8}", "host"),
        ("version: 1", "versoin: 1", "写法有误"),
    ],
)
def test_a_wrong_library_is_refused(
    monkeypatch: pytest.MonkeyPatch, before: str, after: str, says: str
) -> None:
    text = (files("rubrics") / "practices.yaml").read_text("utf-8")
    assert before in text

    class Shelf:
        def __truediv__(self, name: str) -> Shelf:
            return self

        def read_text(self, encoding: str) -> str:
            return text.replace(before, after)

    monkeypatch.setattr(remarks, "files", lambda package: Shelf())
    remarks.library.cache_clear()
    with pytest.raises(RubricError, match=says):
        remarks.library()
    remarks.library.cache_clear()
