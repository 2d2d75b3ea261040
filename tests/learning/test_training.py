"""Learning from labelled meetings: their format, the split, the comparison, and what may be installed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from qa_pipeline import installed
from qa_pipeline.chapters import model as chapter_model
from qa_pipeline.chapters import segment
from qa_pipeline.chapters.corpus import CORPUS, LabelledMeeting, meetings, read_meeting, write_meeting
from qa_pipeline.chapters.model import Model
from qa_pipeline.cli import app
from qa_pipeline.errors import InputError, ModelError
from qa_pipeline.findings import acts as act_model
from qa_pipeline.findings import find
from qa_pipeline.findings.acts import ActModel
from qa_pipeline.learning import training
from qa_pipeline.learning.figures import accuracy, chapter_figures
from qa_pipeline.learning.training import (
    Outcome,
    fingerprint,
    install,
    read_folder,
    split,
    train_acts,
    train_chapters,
)
from qa_pipeline.pipeline import inspect
from qa_pipeline.values.vocabulary import Act

IDS = ("A01", "A02", "B01", "B02", "C01", "C02", "E01", "E02")
PARTLY = "B02"
"""The one of which a person went through every third utterance's acts only."""
SHORT = 12
"""Utterances kept of each chapter."""
QUICK = {
    "qa_pipeline.chapters.train": {"FIELD_STEPS": 12, "STRIDE": 100, "QUIET_STARTS": 0.2, "INNER_FOLDS": 2},
    "qa_pipeline.findings.train": {"STEPS": 15},
    "qa_pipeline.findings.train_net": {"EPOCHS": 1},
}
"""A handful of rows and steps instead of minutes."""
COMMAND = f"""
import importlib, signal
from qa_pipeline.cli import app
signal.signal(signal.SIGINT, signal.default_int_handler)  # some who start tests have it ignored
for module, few in {QUICK}.items():
    vars(importlib.import_module(module)).update(few)
app()
"""


def shortened(meeting: LabelledMeeting) -> str:
    """The meeting's first words of each chapter, written down again."""
    kept = [
        i for span in meeting.chapters.spans for i in range(span.first, min(span.last, span.first + SHORT))
    ]
    spans, at = [], 0
    for span in meeting.chapters.spans:
        size = min(SHORT, span.last - span.first)
        spans.append(replace(span, first=at, last=at + size))
        at += size
    return write_meeting(
        id=meeting.id,
        title="短",
        facts=meeting.facts,
        transcript=replace(
            meeting.transcript, utterances=tuple(meeting.transcript.utterances[i] for i in kept)
        ),
        chapters=replace(meeting.chapters, spans=tuple(spans)),
        acts=[sorted(meeting.acts[i]) for i in kept],
        host=meeting.host,
        passes=meeting.passes,
        band=meeting.band,
        labels=frozenset({"chapters", "acts"}),
        by_machine=[i for i in range(len(kept)) if meeting.id == PARTLY and i % 3],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight short meetings by four authors, which no reader has learned from."""
    root = tmp_path_factory.mktemp("own")
    for id in IDS:
        path = root / id[0] / f"{id}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(shortened(read_meeting(CORPUS / id[0] / f"{id}.txt")), encoding="utf-8")
    return root


@pytest.fixture(scope="module", autouse=True)
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that the tests share takes long, or is kept where the person who runs them keeps models."""
    with pytest.MonkeyPatch.context() as patch:
        for module, few in QUICK.items():
            for name, value in few.items():
                patch.setattr(f"{module}.{name}", value)
        patch.setenv("HUIJIAN_MODELS", str(tmp_path_factory.mktemp("models")))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUIJIAN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models" / "readers"


def know_nothing() -> tuple[Model, ActModel]:
    """Readers that call everything an opening, and see no act."""
    chapters, acts = chapter_model.shipped(), act_model.act_model()
    label = np.zeros_like(chapters.field.label)
    label[0, 0] = 50.0
    nothing = np.zeros_like(acts.second_signal_weights)
    nothing[0] = -9.0
    return (
        replace(chapters, field=replace(chapters.field, label=label)),
        replace(acts, neighbour_weights=np.zeros_like(acts.neighbour_weights), second_signal_weights=nothing),
    )


# ---------------------------------------------------------------- the format


def test_a_meeting_that_is_written_down_reads_the_same(tmp_path: Path) -> None:
    meeting = read_meeting(CORPUS / "D" / "D03.txt")
    unknown = replace(meeting.transcript.utterances[3], speaker=None, text="第一行{x}\n第二行")
    utterances = (*meeting.transcript.utterances[:3], unknown, *meeting.transcript.utterances[4:])
    text = write_meeting(
        id="D03",
        title="再写一遍",
        facts=meeting.facts,
        transcript=replace(meeting.transcript, utterances=utterances),
        chapters=meeting.chapters,
        acts=[sorted(acts) for acts in meeting.acts],
        host=meeting.host,
        passes=meeting.passes,
        band=meeting.band,
        labels=frozenset({"chapters"}),
        by_machine=[1, 5],
    )
    (tmp_path / "D03.txt").write_text(text, encoding="utf-8")
    again = read_meeting(tmp_path / "D03.txt")
    assert [u.text for u in again.transcript.utterances[4:]] == [u.text for u in utterances[4:]]
    assert again.transcript.utterances[3].text == "第一行（x） 第二行"
    assert again.transcript.utterances[3].speaker is None
    assert (again.acts, again.facts, again.labels) == (meeting.acts, meeting.facts, frozenset({"chapters"}))
    assert [at for at, gone_through in enumerate(again.gone_through) if not gone_through] == [1, 5]
    assert [(s.chapter, s.first, s.last) for s in again.chapters.spans] == [
        (s.chapter, s.first, s.last) for s in meeting.chapters.spans
    ]
    starts = zip(again.transcript.utterances, utterances, strict=True)
    assert max(abs(a.start - b.start) for a, b in starts) < 30


# ---------------------------------------------------------------- the split


def test_authors_are_held_out_whole_and_nothing_is_on_both_sides(folder: Path) -> None:
    own = read_folder(folder, "chapters")
    parts = split(own, seen=frozenset())
    assert parts.by == "作者"
    assert {m.author for m in parts.held}.isdisjoint(m.author for m in parts.learn)
    assert len(parts.held) + len(parts.learn) == len(own) == len(IDS)
    assert 2 <= len(parts.held) <= 4
    again = split(list(reversed(own)), seen=frozenset())
    assert {m.id for m in again.held} == {m.id for m in parts.held}


def test_with_few_authors_whole_meetings_are_held_out(folder: Path) -> None:
    own = [replace(m, author="one") for m in read_folder(folder, "chapters")]
    parts = split(own, seen=frozenset())
    assert parts.by == "会议"
    assert {m.id for m in parts.held}.isdisjoint(m.id for m in parts.learn)
    assert len(parts.held) == 2


def test_of_three_authors_two_are_left_to_learn_from(folder: Path) -> None:
    """Small ones first in the draw would leave the largest alone, which no training can do with."""
    own = read_folder(folder, "chapters")
    for shift in range(3):
        names = [f"author {(n + shift) % 3}" for n in (0, 1, 2)]
        written = [names[0], names[1], *[names[2]] * (len(own) - 2)]
        parts = split([replace(m, author=a) for m, a in zip(own, written, strict=True)], seen=frozenset())
        assert len({m.author for m in parts.learn}) >= 2


def test_what_a_person_went_through_in_part_is_learned_from_and_not_compared_on(folder: Path) -> None:
    """Nor is it learned from where the others of its author are compared on."""
    own = read_folder(folder, "acts")
    whole, partly = own[:6], own[6:]
    parts = split(whole, seen=frozenset(), partly=[replace(m, author="new") for m in partly])
    assert {m.id for m in parts.held} < {m.id for m in whole}
    assert {m.id for m in parts.learn} == {m.id for m in own} - {m.id for m in parts.held}
    apart = split(whole, seen=frozenset(), partly=[replace(m, author=parts.held[0].author) for m in partly])
    assert apart.held == parts.held
    assert {m.id for m in apart.learn} == {m.id for m in whole} - {m.id for m in parts.held}
    with pytest.raises(InputError, match=r"只有 5 场（另有 3 场没有全部核对，只能用来学），至少要 6 场"):
        split(whole[:5], seen=frozenset(), partly=own[5:])


def test_where_no_utterance_was_gone_through_acts_are_no_label(folder: Path, tmp_path: Path) -> None:
    text = (folder / PARTLY[0] / f"{PARTLY}.txt").read_text("utf-8")
    (tmp_path / "x.txt").write_text(re.sub(r"(?m)^(\w+: .*)$", r"\1 {machine}", text), "utf-8")
    assert read_meeting(tmp_path / "x.txt").labels == {"chapters"}
    with pytest.raises(InputError, match="没有标注了 acts 的会议（共 1 场）"):
        read_folder(tmp_path, "acts")


def test_what_the_reader_in_use_has_learned_is_never_compared_on(folder: Path) -> None:
    own = read_folder(folder, "chapters")
    seen = frozenset(fingerprint(m) for m in own[:2])
    assert not seen.intersection(map(fingerprint, split(own, seen=seen).held))
    with pytest.raises(InputError, match="只有 2 场，至少要 6 场"):
        split(own, seen=frozenset(fingerprint(m) for m in own[2:]))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "# id: x\nhello\n",
            r"x\.txt 不合标注格式：第 2 行“hello”不是章节（== opening）、章节里的发言（S1: 早上好）"
            r"或停顿（\(pause 40\)）；请改正，写法可参照 huijian corrections 导出的文件。$",
        ),
        ("S1: 好\n", "第 1 行“S1: 好”不是章节（== opening）、章节里的发言"),
        ("== weekly\n甲: 好\n", "第 1 行的章节“weekly”不认识，可写 opening、stage_review"),
        ("== opening\n甲: 好{fate of=1 told=gone}\n", "第 2 行的 told“gone”不认识，可写 kept、"),
        ("# id: x\n# kind: weekly_review\n", "没有一句发言"),
        ("== opening\n甲: 好\n", "文件头缺少“# duration_min:”一行"),
        ("# duration_min: 很长\n== opening\n甲: 好\n", "文件头“# duration_min: 很长”写法不对"),
        (
            "# id: x\n# kind: weekly_review\n# duration_min: 1\n# verdict: pass\n# band: 60-70\n"
            "# labels: chapters\n== opening\n甲: 好\n",
            "没有标注了 acts 的会议（共 1 场）",
        ),
        (None, "里没有标注会议：要有每场一个 .txt"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path, content: str | None, sentence: str) -> None:
    if content:
        (tmp_path / "x.txt").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        read_folder(tmp_path, "acts")
    with pytest.raises(InputError, match="找不到文件夹"):
        read_folder(tmp_path / "none", "acts")


def test_meetings_are_taken_from_the_top_of_the_folder_and_from_all_below_it(
    folder: Path, tmp_path: Path
) -> None:
    first, second, third, fourth = sorted(folder.glob("*/*.txt"))[:4]
    for path, place in ((first, "a.txt"), (second, "北区/b.TXT"), (third, "2026/东区/c.txt")):
        (tmp_path / "标注" / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "标注" / place)
    shutil.copy(fourth, tmp_path / "标注" / "北区" / "._b.txt")  # as some systems write beside each file
    found = {(m.id, m.author) for m in read_folder(tmp_path / "标注", "chapters")}
    assert found == {(first.stem, "own 标注"), (second.stem, "own 北区"), (third.stem, "own 东区")}


def test_a_meeting_that_is_there_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    for export in ("九月", "十月"):
        shutil.copytree(folder, tmp_path / export)
    with pytest.raises(
        InputError, match=r"九月/.*\.txt 与 .*十月/.*\.txt 是同一场会议（发言完全相同）：请只留标注"
    ):
        read_folder(tmp_path, "acts")


@pytest.mark.parametrize("kind", ["chapters", "acts"])
def test_a_file_in_place_of_a_folder_is_refused_as_one(tmp_path: Path, kind: str) -> None:
    (tmp_path / "x.txt").write_text("== opening\n甲: 好\n", encoding="utf-8")
    ended = CliRunner().invoke(app, ["train", kind, "--from", str(tmp_path / "x.txt")])
    assert ended.exit_code == 2
    assert ended.stderr.strip().endswith(
        "x.txt 是文件，不是文件夹：--from 要写存有标注会议（每场一个 .txt）的文件夹。"
    )


# ---------------------------------------------------------------- training, comparing, installing


@pytest.fixture(scope="module")
def learned_chapters(folder: Path) -> Outcome:
    """A chapter model from eight short meetings, against one that sees openings only."""
    shown: list[float] = []
    outcome = train_chapters(
        folder, against=know_nothing()[0], alone=True,
        progress=lambda _, done, total: shown.append(done / total),
    )  # fmt: skip
    assert shown == [0, 1 / 3, 2 / 3, 1]
    return outcome


def test_a_better_chapter_model_is_installed_and_named_in_results(
    home: Path, learned_chapters: Outcome
) -> None:
    outcome = learned_chapters
    assert outcome.candidate.score > outcome.current.score
    assert install(outcome) == home / "chapters.npz"
    meeting = outcome.split.held[0]
    found = segment(meeting.transcript, kind=meeting.facts.kind)
    assert found.segmenter == outcome.about.version != chapter_model.VERSION
    assert chapter_figures([(m, segment(m.transcript, kind=m.facts.kind)) for m in outcome.split.held]) == (
        outcome.candidate
    )
    told = installed.about("chapters")
    assert told == outcome.about
    assert set(told.learned) == {fingerprint(m) for m in outcome.split.learn}
    listed = CliRunner().invoke(app, ["train", "status"]).output
    assert outcome.about.version in listed
    assert "语句模型：随附的" in listed
    assert installed.remove("chapters")
    assert segment(meeting.transcript, kind=meeting.facts.kind).segmenter == chapter_model.VERSION
    assert not installed.remove("chapters")


@pytest.fixture(scope="module")
def learned(folder: Path) -> Outcome:
    """An act model from eight short meetings, against one that sees nothing."""
    return train_acts(folder, against=know_nothing()[1], alone=True)


def test_a_worse_one_is_refused_with_both_tables(
    folder: Path, home: Path, learned: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = replace(learned, current=learned.candidate, candidate=learned.current)
    monkeypatch.setattr(training, "train_acts", lambda *_, **__: swapped)
    done = CliRunner().invoke(app, ["train", "acts", "--from", str(folder)])
    assert done.exit_code == 2
    for shown in ("现用 acts-", "新训 acts-", "按作者分开", "更差", "不安装"):
        assert shown in done.output
    assert not home.exists()
    tried = CliRunner().invoke(app, ["train", "acts", "--from", str(folder), "--try"])
    assert tried.exit_code == 0
    assert "只比较，没有安装" in tried.output


def test_a_better_act_model_reads_from_then_on(home: Path, learned: Outcome) -> None:
    assert learned.current.score == 0
    assert (learned.candidate.by_label[Act.ASK.value].f1 or 0) > 0.3
    assert PARTLY in {m.id for m in learned.split.learn}
    assert all(all(m.gone_through) for m in learned.split.held)
    install(learned)
    meeting = learned.split.held[0]
    inspection = inspect(meeting.transcript, facts=meeting.facts)
    assert inspection.versions["reader"].endswith(learned.about.version)
    assert not [w for w in inspection.warnings if "自训" in w]


def interrupted(kind: str, folder: Path, home: Path, by: signal.Signals) -> subprocess.Popen[str]:
    """A real ``huijian train`` that gets the signal as soon as its first step is kept."""
    words = [sys.executable, "-c", COMMAND, "train", kind, "--from", str(folder), "--alone"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 180
    while not list(home.glob("*.steps/*.step")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(by)
    return process


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize(
    ("kind", "by"), [("chapters", signal.SIGINT), ("acts", signal.SIGKILL)], ids=["Ctrl-C", "killed"]
)
def test_a_training_that_was_interrupted_goes_on_to_the_same_bytes(
    folder: Path, home: Path, learned: Outcome, learned_chapters: Outcome, kind: str, by: signal.Signals
) -> None:
    process = interrupted(kind, folder, home, by)
    told = process.communicate()[1]
    assert process.returncode == (130 if by == signal.SIGINT else -by)
    assert ("训练再运行一次即从断点继续" in told) == (by == signal.SIGINT)
    kept = home / f"{kind}.steps"
    finished = len(list(kept.glob("*.step")))
    said: list[str] = []
    outcome = (train_chapters if kind == "chapters" else train_acts)(folder, alone=True, say=said.append)
    assert any(f"已完成的 {finished} 步不再重做" in line for line in said)
    assert outcome.arrays == (learned_chapters if kind == "chapters" else learned).arrays
    assert not kept.exists()


def test_steps_of_other_meetings_are_not_gone_on_with(folder: Path, learned: Outcome) -> None:
    """Nor where the same ones come in another order, or one of their labels was put right."""
    first, second, *others = learned.split.learn
    labels = (frozenset({Act.ASK}), *first.acts[1:])
    keys = [
        training.key([first, second, *others]),
        training.key([second, first, *others]),
        training.key([first, *others]),
        training.key([replace(first, acts=labels), second, *others]),
    ]
    assert len(set(keys)) == len(keys)
    assert training.key([first, second, *others]) == keys[0]


def test_one_that_an_older_program_trained_is_left_aside_and_said(folder: Path, home: Path) -> None:
    meeting = read_folder(folder, "acts")[0]
    old = installed.About(version="acts-1+abc", base="acts-1", trained_at="2026-01-01")
    arrays = (Path(act_model.__file__).parent / "model.npz").read_bytes()
    installed.install("acts", arrays, old)
    inspection = inspect(meeting.transcript, facts=meeting.facts)
    assert inspection.versions["reader"].endswith(act_model.VERSION)
    assert any("自训的语句模型（acts-1+abc）与本版程序" in warning for warning in inspection.warnings)


def test_a_damaged_one_is_named(folder: Path, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "acts.npz").write_bytes(b"PK no zip")
    meeting = read_folder(folder, "acts")[0]
    with pytest.raises(ModelError, match=r"自训的语句模型 .*已损坏：请重新运行 huijian train acts"):
        find(meeting.transcript, meeting.chapters, meeting.facts)


def test_the_shipped_meetings_cannot_be_compared_on() -> None:
    """The shipped reader has learned from all of them."""
    with pytest.raises(InputError, match="没有学过的标注会议只有 0 场"):
        train_chapters(CORPUS / "A")


def test_wrong_words_are_refused() -> None:
    runner = CliRunner()
    for words in (["train", "chapters", "--from", ".", "--against", "best"], ["train", "remove", "x"]):
        assert runner.invoke(app, words).exit_code == 2


def test_accuracy_is_by_time() -> None:
    meeting = next(meetings())
    assert accuracy(meeting, meeting.chapters) == 1
    figures = chapter_figures([(meeting, meeting.chapters)])
    assert all(told.precision == told.recall == 1 for told in figures.by_label.values())
    assert training.LEAST >= 2 * training.AUTHORS
