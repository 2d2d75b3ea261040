"""``make eval``: how well meetings are read and judged whose authors no model has seen.

    python -m tests.evaluation [--models FOLDER] [--vcsum PATH] [--only CONDITION ...]

Five times the chapter and act models are learned anew without a fifth of the authors, whose meetings they
then read, as they are and under noise. Prints tables, writes ``build/eval.json`` and, with every failure
listed and discussed, ``docs/evaluation.md``. Nothing is kept from run to run unless ``--models`` names a
folder: then a run that broke off goes on with the models that are there, and says so when other code or
meetings made them. ``--vcsum`` (or the environment variable HUIJIAN_VCSUM) is the public data set described
in ``subjects``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from qa_pipeline.chapters import infer_kind, segment
from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.chapters.model import Model
from qa_pipeline.findings import train_following
from qa_pipeline.findings.acts import ActModel
from tests.evaluation import document, following, second, subjects
from tests.evaluation.acts import CONDITIONS, ActFigures, held_out_models
from tests.evaluation.acts import measure as measure_acts
from tests.evaluation.chapters import ChapterFigures, measure
from tests.evaluation.document import Failure, failures
from tests.evaluation.following import Followed
from tests.evaluation.kept import UNCALIBRATED
from tests.evaluation.second import Seconded
from tests.evaluation.subjects import SubjectFigures
from tests.evaluation.verdicts import Agreement, agreement, chapter_models, filed_as, judge

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "build" / "eval.json"
DOCUMENT = ROOT / "docs" / "evaluation.md"
CLEAN_TARGET, NOISY_TARGET, VERDICT_TARGET = 0.90, 0.85, 0.95
CLEAN = "clean"
CONDENSED, WHOLE = "condensed", "whole"
FULL = 7000
"""Characters from which a labelled meeting is a whole one."""
SUBJECT_TARGETS = (0.33, 0.55)
"""WindowDiff at most, F1 within one utterance at least."""

console = Console(width=118)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything measured, condition by condition. ``kinds`` is how often the kind of meeting is told right
    from its words; ``verdicts`` are of the meetings that the rubrics were calibrated on; ``failures`` are
    those of all meetings as they are; ``subjects`` is None where its data was not given."""

    chapters: Mapping[str, ChapterFigures]
    two_meetings: Mapping[str, ChapterFigures]
    """Only meetings that are a weekly review or a monthly planning meeting."""
    kinds: Mapping[str, float]
    acts: Mapping[str, ActFigures]
    verdicts: Mapping[str, Agreement]
    followed: Mapping[str, Followed]
    excerpted: Mapping[str, Followed]
    """The same in excerpts written for it, as they are told."""
    strangers: Mapping[str, Mapping[str, tuple[float, Agreement]]]
    """Length, condition -> chapter accuracy and verdicts on the meetings of ``UNCALIBRATED``."""
    seconded: Seconded
    failures: tuple[Failure, ...]
    subjects: SubjectFigures | None
    minutes: float


def models(folder: Path | None) -> tuple[dict[str, Model], dict[str, ActModel]]:
    """Author -> chapter model and act model that have not seen that author; learned side by side."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        chapters, acts = pool.submit(chapter_models, folder), pool.submit(held_out_models, folder)
        return chapters.result(), acts.result()


def evaluate(folder: Path | None, vcsum: Path | None, *, only: Sequence[str] = ()) -> Evaluation:
    """``only``: these conditions; all of them when empty. The meetings as they are are always measured."""
    began = time.monotonic()
    chapters, acts = models(folder)
    everything = list(meetings())
    of_kind = [m for m in everything if m.facts.kind is not None]
    tagged = [m for m in everything if any(m.acts)]
    tellings = list(train_following.tellings())
    follow_models = following.held_out_models(tellings)
    figures, two_meetings, kinds, acts_told, verdicts, followed = {}, {}, {}, {}, {}, {}
    strangers: dict[str, dict[str, tuple[float, Agreement]]] = {CONDENSED: {}, WHOLE: {}}
    failed: tuple[Failure, ...] = ()
    for name, change in CONDITIONS.items():
        if only and name not in (CLEAN, *only):
            continue
        changed = {m.id: change(m.transcript) for m in everything}
        found = {
            m.id: segment(changed[m.id], kind=filed_as(m).kind, using=chapters[m.author]) for m in everything
        }
        figures[name] = measure((m, found[m.id]) for m in everything)
        two_meetings[name] = measure((m, found[m.id]) for m in of_kind)
        kinds[name] = statistics.mean(
            infer_kind(changed[m.id], using=chapters[m.author])[0] == m.facts.kind for m in everything
        )
        acts_told[name] = measure_acts(tagged, models=acts, change=change)
        judged = judge(everything, acts=acts, chapters=chapters, change=change)
        strange = [one for one in judged if one.meeting.author in UNCALIBRATED]
        verdicts[name] = agreement([one for one in judged if one.meeting.author not in UNCALIBRATED])
        followed[name] = following.measure(
            everything, acts=acts, chapters=chapters, models=follow_models, change=change
        )
        for length, measured in strangers.items():
            those = [one for one in strange if _length(one.meeting) == length]
            measured[name] = statistics.mean(one.accuracy for one in those), agreement(those)
        if name == CLEAN:
            failed = failures(judged)
            seconded = second.measure(strange, second.second_readings())
        console.print(f"measured: {name}", style="dim")
    return Evaluation(
        chapters=figures,
        two_meetings=two_meetings,
        kinds=kinds,
        acts=acts_told,
        verdicts=verdicts,
        followed=followed,
        excerpted=following.measure_excerpts(tellings, models=follow_models),
        strangers=strangers,
        seconded=seconded,
        failures=failed,
        subjects=subjects.measure(vcsum) if vcsum else None,
        minutes=(time.monotonic() - began) / 60,
    )


def _length(meeting: LabelledMeeting) -> str:
    return WHOLE if sum(len(u.text) for u in meeting.transcript.utterances) >= FULL else CONDENSED


def as_json(result: Evaluation) -> str:
    """The figures as they are named here, with the rate of agreement beside the meetings judged otherwise."""
    values = asdict(result)
    for name, found in result.verdicts.items():
        values["verdicts"][name]["rate"] = found.rate
        values["verdicts"][name]["undoubted"] = found.undoubted
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def show(result: Evaluation) -> None:
    columns = (
        "",
        "accuracy",
        "goal",
        "boundary F1",
        "presence F1",
        "Pk",
        "WindowDiff",
        "calibration",
        "kind",
    )
    for title, chapters in (
        ("Chapters, all meetings, filed as a weekly review where they are none", result.chapters),
        ("Chapters, weekly reviews and monthly planning meetings", result.two_meetings),
    ):
        table = _table(title, columns)
        for name, f in chapters.items():
            goal = CLEAN_TARGET if name == "clean" else NOISY_TARGET
            numbers = (f.boundary_f1, f.presence_f1, f.pk, f.window_diff, f.calibration, result.kinds[name])
            table.add_row(name, _met(f.accuracy, f.accuracy >= goal), f"{goal:.2f}", *map(_three, numbers))
        console.print(table)
    clean = result.chapters["clean"]
    console.print(
        "Accuracy by author: " + "  ".join(f"{author} {value:.3f}" for author, value in clean.authors.items())
    )
    console.print(f"Spans surer than 0.8 are right {_share(clean.sure)}, others {_share(clean.unsure)}.\n")
    table = _table(
        "Verdicts",
        ("", "agreement", "goal", "wrong", "in the author's band", "within 10", "points outside", "±"),
    )
    for name, a in result.verdicts.items():
        rate = _met(a.rate, a.rate >= VERDICT_TARGET)
        numbers = (_three(a.in_band), _three(a.near), f"{a.distance:.1f}", f"{a.half:.1f}")
        table.add_row(name, rate, f"{VERDICT_TARGET:.2f}", " ".join(a.wrong), *numbers)
    console.print(table)
    bands = _table(
        "Bands, and meetings sent to a person",
        ("", "holds the author's middle", "meets the author's band", "sent", "wrong and not sent"),
    )
    for name, a in result.verdicts.items():
        shares = (_three(a.covered), _three(a.touched), _three(len(a.sent) / a.meetings))
        bands.add_row(name, *shares, " ".join(a.undoubted))
    console.print(bands)
    told = _table("Acts", ("", "F1 of all", "said to be so sure", "right", "calibration"))
    for name, found in result.acts.items():
        told.add_row(name, *map(_three, (found.micro, found.sure, found.right, found.calibration)))
    console.print(told)
    _show_subjects(result.subjects)
    console.print(
        f"{result.minutes:.1f} minutes; all figures: {RESULT.relative_to(ROOT)}, {DOCUMENT.relative_to(ROOT)}"
    )


def _show_subjects(found: SubjectFigures | None) -> None:
    if found is None:
        console.print("Boundary finder on VCSum: not measured (give its path with --vcsum or HUIJIAN_VCSUM).")
        return
    columns = ("", "WindowDiff", "F1 within 1")
    table = _table(f"Boundary finder on {found.meetings} VCSum meetings, nothing learned", columns)
    most, least = SUBJECT_TARGETS
    for name, window_diff, f1 in (
        ("huijian", found.window_diff, found.f1_within_1),
        ("without speakers", found.window_diff_without_speakers, found.f1_within_1_without_speakers),
    ):
        table.add_row(name, _met(window_diff, window_diff <= most), _met(f1, f1 >= least))
    table.add_row("TextTiling", *map(_three, subjects.TEXT_TILING.values()))
    console.print(table)
    console.print(
        f"Inspected as weekly reviews: {found.qualified} of {found.meetings} qualify, {found.quality_passed} "
        f"pass on quality, highest score {found.highest_score:.1f}.\n"
    )


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column else "left", overflow="fold")
    return table


def _met(value: float, met: bool) -> str:
    return f"[green]{value:.3f}[/]" if met else f"[red]{value:.3f}[/]"


def _three(value: float) -> str:
    return f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%} of the time"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--models", type=Path, help="folder that keeps the models of this run")
    parser.add_argument(
        "--vcsum", type=Path, default=os.environ.get("HUIJIAN_VCSUM") or None, help="the data set"
    )
    parser.add_argument(
        "--only", nargs="+", default=(), choices=tuple(CONDITIONS), help="these conditions, beside clean"
    )
    chosen = parser.parse_args()
    if chosen.vcsum is not None and not chosen.vcsum.is_file():
        parser.error(f"{chosen.vcsum}: no such file")
    result = evaluate(chosen.models, chosen.vcsum, only=chosen.only)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(as_json(result), "utf-8")
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document.written(result, list(meetings())), "utf-8")
    show(result)


if __name__ == "__main__":
    main()
