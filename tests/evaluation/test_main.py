"""What ``make eval`` prints and writes, from figures made up for the purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from qa_pipeline.chapters.corpus import meetings
from qa_pipeline.learning.figures import Told
from qa_pipeline.values.scorecard import Critical
from tests.evaluation import __main__ as evaluation
from tests.evaluation import document
from tests.evaluation.__main__ import ROOT, Evaluation
from tests.evaluation.acts import ActFigures
from tests.evaluation.chapters import ChapterFigures
from tests.evaluation.document import Failure, failures
from tests.evaluation.following import Followed
from tests.evaluation.kept import note_code
from tests.evaluation.metrics import Counts
from tests.evaluation.second import ItemPair, Pair, Seconded
from tests.evaluation.subjects import SubjectFigures
from tests.evaluation.test_verdicts import card
from tests.evaluation.verdicts import Agreement, Judged

FIGURES = ChapterFigures(
    accuracy=0.91,
    boundary_f1=0.8,
    presence_f1=0.97,
    pk=0.1,
    window_diff=0.12,
    calibration=0.04,
    sure=0.95,
    unsure=None,
    authors={"A": 0.93, "B": 0.89},
)
ACTS = ActFigures(
    by_act={"ask": Told(there=10, claimed=8, right=6)}, micro=0.667, calibration=0.021, sure=0.73, right=0.75
)
JUDGED = Agreement(
    meetings=4,
    wrong=("A01", "B02"),
    in_band=0.5,
    near=0.75,
    distance=2.5,
    half=4.0,
    straddling=1,
    sent=("B02",),
    covered=0.625,
    touched=0.875,
    commitments=Counts(7, 9, 10),
    practices=Counts(3, 4, 5),
    issues=Counts(0, 0, 2),
    quoted=Counts(3, 4, 6),
)
FAILURE = Failure(
    meeting="A01",
    kind="weekly_review",
    author_says="pass",
    author_band=(74, 90),
    score=52.5,
    band=(46.0, 59.0),
    gates=("K2",),
    sent=False,
    agreed=False,
    accuracy=0.91,
    lost=("C1 3.8/14",),
    cause="a gate closed that should not",
    notes="主持|严厉",
)
SUBJECTS = SubjectFigures(
    meetings=22,
    window_diff=0.3,
    pk=0.29,
    f1_within_1=0.6,
    window_diff_without_speakers=0.31,
    f1_within_1_without_speakers=0.59,
    qualified=0,
    quality_passed=0,
    highest_score=48.5,
)
RESULT = Evaluation(
    chapters={"clean": FIGURES, "20% noise": replace(FIGURES, accuracy=0.84)},
    two_meetings={"clean": FIGURES},
    kinds={"clean": 0.9, "20% noise": 0.8},
    acts={"clean": ACTS},
    verdicts={"clean": JUDGED},
    followed={
        "clean": Followed(
            promises=9, places=Counts(4, 5, 8), outcomes={"kept": Counts(1, 2, 4), "unclear": Counts(0, 0, 1)}
        )
    },
    excerpted={
        "as written": Followed(promises=7, places=Counts(3, 4, 6), outcomes={"kept": Counts(1, 2, 4)})
    },
    strangers={"whole": {"clean": (0.875, replace(JUDGED, wrong=("B02",)))}},
    seconded=Seconded(
        meetings=23,
        people=Pair(verdict=0.913, near=0.739, apart=6.5),
        with_author=Pair(verdict=0.826, near=0.652, apart=7.2),
        with_second=Pair(verdict=0.87, near=0.435, apart=10.0),
        items={"F1": ItemPair(weight=10, bias=-0.14, apart=0.7, correlation=None)},
    ),
    failures=(FAILURE,),
    subjects=None,
    minutes=12.0,
)


def test_the_tables_show_every_condition_and_what_was_not_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "console", evaluation.Console(width=118))
    evaluation.show(RESULT)
    shown = capsys.readouterr().out
    for expected in ("0.910", "0.840", "20% noise", "A01", "0.500", "B 0.890", "95.0% of the time", "0.625"):
        assert expected in shown
    assert "not measured" in shown
    evaluation.show(replace(RESULT, subjects=SUBJECTS))
    shown = capsys.readouterr().out
    assert "0 of 22 qualify" in shown
    assert "0.411" in shown
    assert "not measured" not in shown


def test_the_file_holds_every_figure() -> None:
    values = json.loads(evaluation.as_json(replace(RESULT, subjects=SUBJECTS)))
    assert values["chapters"]["20% noise"]["accuracy"] == 0.84
    assert (values["verdicts"]["clean"]["rate"], values["verdicts"]["clean"]["undoubted"]) == (0.5, ["A01"])
    assert values["failures"][0]["cause"] == "a gate closed that should not"
    assert values["subjects"]["highest_score"] == 48.5


def test_the_document_holds_the_tables_and_discusses_every_failure() -> None:
    text = document.written(replace(RESULT, subjects=SUBJECTS), list(islice(meetings(), 3)))
    for expected in (
        "3 meetings by 1 authors (A)",
        "| clean | 0.910 | 0.800 | 0.970 | 0.100 | 0.120 | 0.040 | 0.900 |",
        "| ask | 10 | 8 | 0.750 | 0.600 | 0.667 |",
        "| clean | 0.667 | 0.730 | 0.750 | 0.021 |",
        "| clean | 0.500 | 0.250 | 2 | A01 |",
        "| clean | 0.700 | 0.778 | 0.600 | 0.750 | 0.000 | – |",
        "| clean | 0.500 | 0.800 | 0.250 | 0.500 | 0.000 | – |",
        "9 commitments",
        "4 whole meetings",
        "| clean | 0.875 | 0.750 | B02 | none | 0.750 | 2.5 | 0.700 | 0.778 |",
        "23 of these meetings",
        "| author and second person | 0.913 | 0.739 | 6.5 |",
        "| F1 | 10 | -0.1 | 0.7 | – |",
        "| clean | 0.500 | 0.750 | 2.5 | 4.0 | 0.625 | 0.875 |",
        "### A gate closed that should not: 1",
        "argues its way through",
        "| A01 ! | pass 74–90 | 52.5 (46–59) | K2 | 91% | C1 3.8/14 | 主持/严厉 |",
        "VCSum",
    ):
        assert expected in text
    assert "by 1 authors" in document.written(RESULT, list(islice(meetings(), 1)))


def test_every_cause_is_discussed_and_given_to_what_it_fits() -> None:
    meeting = next(m for m in meetings() if m.id == "A01")
    passed = replace(meeting, passes=True, band=(70.0, 80.0))
    asked = Critical(id="K2", label="缺", reason="缺。", review=True)
    for cause, one in {
        "a gate closed that should not": Judged(meeting=passed, card=card(75, "K2")),
        "a doubtful gate, left to a person": Judged(
            meeting=replace(passed, passes=False), card=replace(card(75), criticals=(asked,))
        ),
        "another kind of meeting, scored as one of the two": Judged(
            meeting=replace(passed, passes=False, facts=replace(passed.facts, kind=None)), card=card(75)
        ),
        "chapters misread": Judged(meeting=passed, card=card(55), accuracy=0.6),
        "near the line": Judged(meeting=replace(passed, band=(60.0, 70.0)), card=card(58)),
        "levels too low": Judged(meeting=passed, card=card(50)),
        "levels too high": Judged(meeting=replace(passed, passes=False, band=(30.0, 50.0)), card=card(75)),
    }.items():
        (failure,) = failures([one])
        assert failure.cause == cause
    causes = set(document.WHAT_IT_MEANS)
    assert len(causes) == 7
    assert failures([Judged(meeting=passed, card=card(75))]) == ()


def test_models_learned_with_something_else_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert note_code(None, "acts")
    assert note_code(tmp_path, "acts")
    (tmp_path / "acts-A.npz").write_bytes(b"")
    assert note_code(tmp_path, "acts")
    (tmp_path / "acts.learned-with").write_text("something else")
    assert not note_code(tmp_path, "acts")
    assert "remove them to learn anew" in capsys.readouterr().err


def test_a_path_to_nothing_is_refused_before_anything_is_learned() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.evaluation"],
        cwd=ROOT,
        env={**os.environ, "HUIJIAN_VCSUM": "/nowhere/meetings.jsonl"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "/nowhere/meetings.jsonl: no such file" in done.stderr
