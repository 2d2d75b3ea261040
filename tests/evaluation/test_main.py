"""What ``make eval`` prints and writes, from figures made up for the purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.evaluation import __main__ as evaluation
from tests.evaluation.__main__ import ROOT, Evaluation
from tests.evaluation.chapters import ChapterFigures
from tests.evaluation.subjects import SubjectFigures
from tests.evaluation.verdicts import Agreement

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
JUDGED = Agreement(meetings=4, wrong=("A01",), in_band=0.5, distance=2.5, half=4.0, straddling=1)
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
    verdicts={"clean": JUDGED},
    subjects=None,
    minutes=12.0,
)


def test_the_tables_show_every_condition_and_what_was_not_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "console", evaluation.Console(width=118))
    evaluation.show(RESULT)
    shown = capsys.readouterr().out
    for expected in ("0.910", "0.840", "20% noise", "A01", "0.750", "B 0.890", "95.0% of the time"):
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
    assert values["verdicts"]["clean"]["rate"] == 0.75
    assert values["subjects"]["highest_score"] == 48.5


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
