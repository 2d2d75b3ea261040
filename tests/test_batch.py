"""A folder of meetings: what is found, what comes out, and what an interruption leaves behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from docx import Document

from qa_pipeline.batch import Tally, Task, _alone, _inspect_one, run
from qa_pipeline.chapters.corpus import CORPUS, read_meeting
from qa_pipeline.errors import InputError, OutputError, RubricError
from qa_pipeline.folder import meetings_in
from qa_pipeline.pipeline import compared, inspect
from qa_pipeline.recording import SAMPLE_RATE, decode, open_recording
from qa_pipeline.transcript.formats import to_json
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.transcript import Passage
from qa_pipeline.values.vocabulary import Likeness, MeetingKind
from tests.sound import SPEECH, write_sound

ROOT = Path(__file__).parents[1]
FACTS = "kind: weekly_review\nmeeting_date: 2026-09-08\nstart_time: '09:00'\ninstitution: 城东支公司\n"


def two_meetings(place: Path) -> Path:
    """A folder of two meetings as transcripts, with their facts."""
    folder = place / "九月 归档"
    folder.mkdir()
    for name in ("A01", "B01"):
        meeting = read_meeting(CORPUS / name[0] / f"{name}.txt")
        (folder / f"{name}.json").write_text(to_json(meeting.transcript), "utf-8")
        (folder / f"{name}.meeting.yaml").write_text(FACTS, "utf-8")
    return folder


@pytest.fixture
def month(tmp_path: Path) -> Path:
    return two_meetings(tmp_path)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tally, Path]:
    """How a batch of these two meetings ended, and what it wrote; only copied from."""
    place = tmp_path_factory.mktemp("first_run")
    out = place / "out"
    return run(two_meetings(place), out=out), out


@pytest.fixture
def out(first_run: tuple[Tally, Path], tmp_path: Path) -> Path:
    """What a batch of `month` wrote."""
    return Path(shutil.copytree(first_run[1], tmp_path / "out"))


def rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]


def test_parts_belong_together_and_companions_are_no_meetings(tmp_path: Path) -> None:
    for name in (
        "a.part2.mp3",
        "a.part1.mp3",
        "a.part10.mp3",
        "a.meeting.yaml",
        "a.reference.json",
        "b.srt",
        "notes.xlsx",
        "~$b.docx",
    ):
        (tmp_path / name).touch()
    (first, second), left_out = meetings_in(tmp_path)
    assert left_out == ()
    assert [Path(f).name for f in first.files] == ["a.part1.mp3", "a.part2.mp3", "a.part10.mp3"]
    assert first.facts == str(tmp_path / "a.meeting.yaml")
    assert (second.name, second.facts) == ("b", None)


def test_facts_that_belong_to_no_meeting_are_named(tmp_path: Path) -> None:
    (tmp_path / "东区").mkdir()
    for name in ("a.mp3", "a.meeting.yaml", "b.mp3", "b.meeting.yml", "东区/漏了.meeting.yaml"):
        (tmp_path / name).touch()
    assert [file for file, _ in meetings_in(tmp_path)[1]] == ["b.meeting.yml", "东区/漏了.meeting.yaml"]


def test_texts_that_are_plainly_no_meeting_are_left_out_with_the_reason_and_damaged_ones_fail(
    month: Path, out: Path
) -> None:
    (month / "说明.txt").write_text("九月的录音。\n联系人：王五\n电话：6666\n开会时间 9:00\n", "utf-8")
    notice = Document()
    notice.add_paragraph("会议通知：请各机构九月底前交录音。")
    notice.save(str(month / "通知.docx"))
    (month / "结果.json").write_text(json.dumps(rows(out)[0]["result"], ensure_ascii=False), "utf-8")
    whole = (month / "A01.json").read_bytes()
    damaged = {
        "残.json": whole[: len(whole) // 2],
        "深.json": b"[" * 100_000,
        "空.txt": b"",
        "乱.txt": b"\xff\xfe\x00",
        "没有时间.txt": "张三：早。\n李四：早。\n张三：开会。\n".encode(),
        "有信息.txt": "还没有转写\n".encode(),
    }
    for name, content in damaged.items():
        (month / name).write_bytes(content)
    (month / "有信息.meeting.yaml").write_text(FACTS, "utf-8")
    tally = run(month, out=out)
    assert (tally.done, tally.failed, tally.skipped) == (0, 6, 2)
    assert {name for name, _ in tally.problems} == {Path(name).stem for name in damaged}
    told = dict(tally.left_out)
    for note in ("说明.txt", "通知.docx"):
        assert "里面没有带时间的发言" in told.pop(note)
    assert told == {"结果.json": "这是质检结果，不是会议"}


def test_a_folder_with_nothing_but_a_note_is_refused_and_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "说明.txt").write_text("九月的录音。\n", "utf-8")
    with pytest.raises(InputError, match=r"里没有录音或文字稿（说明\.txt：里面没有带时间的发言；.*）；支持"):
        meetings_in(tmp_path)


@pytest.mark.parametrize("folder", ["missing", "."])
def test_a_folder_that_is_missing_or_holds_no_meeting_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(InputError, match=r"找不到文件夹|没有录音或文字稿"):
        meetings_in(tmp_path / folder)


def test_a_file_in_place_of_a_folder_is_refused_as_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("甲：好。", "utf-8")
    with pytest.raises(InputError, match=r"a\.txt 是文件，不是文件夹：质检一场会议请用 huijian inspect"):
        meetings_in(tmp_path / "a.txt")


def test_every_meeting_gets_a_row_a_stored_inspection_and_a_line_in_the_workbook(
    first_run: tuple[Tally, Path],
) -> None:
    import openpyxl

    tally, out = first_run
    assert (tally.done, tally.failed, tally.skipped) == (2, 0, 0)
    assert [row["name"] for row in rows(out)] == ["A01", "B01"]
    assert sorted(p.name for p in (out / "inspections").iterdir()) == ["A01.json", "B01.json"]
    sheet = openpyxl.load_workbook(out / "results.xlsx").worksheets[0]
    assert sheet.max_row == 3


def test_a_second_run_does_nothing_again_and_a_changed_meeting_is_done_again(month: Path, out: Path) -> None:
    assert run(month, out=out).skipped == 2
    (month / "A01.meeting.yaml").write_text(FACTS.replace("09:00", "18:30"), "utf-8")
    tally = run(month, out=out)
    assert (tally.done, tally.skipped) == (1, 1)
    assert len(rows(out)) == 3


def test_a_renamed_meeting_is_not_done_again_and_stands_in_the_workbook_by_its_new_name(
    month: Path, out: Path
) -> None:
    import openpyxl

    for old in month.glob("B01*"):
        old.rename(month / old.name.replace("B01", "城东"))
    assert run(month, out=out).skipped == 2
    names = [
        row[0]
        for row in openpyxl.load_workbook(out / "results.xlsx").worksheets[0].iter_rows(values_only=True)
    ]
    assert names[1:] == ["A01", "城东"]


def test_what_failed_is_told_in_the_order_of_the_folder(month: Path, tmp_path: Path) -> None:
    (month / "A01.meeting.yaml").write_text("kind: x\n", "utf-8")
    out = tmp_path / "out"
    run(month, out=out)
    (month / "B01.meeting.yaml").write_text("kind: x\n", "utf-8")
    (month / "A00.srt").touch()
    assert [name for name, _ in run(month, out=out, workers=2).problems] == ["A00", "A01", "B01"]


def test_another_practice_library_does_a_meeting_again_and_a_rubric_by_its_name_does_not(
    month: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in month.glob("B01*"):
        file.unlink()

    def tally() -> tuple[int, int]:
        ended = run(month, out=tmp_path / "out", rubric="weekly_review")
        return ended.done, ended.skipped

    assert (tally(), tally()) == ((1, 0), (0, 1))
    own = tmp_path / "实践库.yaml"
    own.write_text("version: 1\nextends: practices\nissues: [{id: off_theme, label: 跑偏}]\n", "utf-8")
    monkeypatch.setenv("HUIJIAN_PRACTICES", str(own))
    assert tally() == (1, 0)
    own.write_text("version: 1\nextends: practises\n", "utf-8")
    with pytest.raises(RubricError, match="键「extends」"):
        tally()


def test_what_a_transcript_does_not_depend_on_never_transcribes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    minute = np.concatenate(list(decode(open_recording([SPEECH]).parts[0])))[: 60 * SAMPLE_RATE]
    write_sound(folder / "m.wav", minute, codec="pcm_s16le")
    facts = folder / "m.meeting.yaml"

    def engine(said: str, **asked: Any) -> str:
        facts.write_text(FACTS + said, "utf-8")
        run(folder, out=out, model="demo", **asked)
        version: str = rows(out)[-1]["result"]["versions"]["engine"]
        return version

    heard = engine("host: 高志伟")
    [kept] = (out / "transcripts").iterdir()
    kept.write_text(kept.read_text("utf-8").replace(heard, "the kept one"), "utf-8")
    assert engine("host: 高志伟", rubric="weekly_review") == "the kept one"
    assert engine("host: 高志伟", again=True) == "the kept one"
    assert engine("host: 高志伟\non_site: 4\nattendees: 4") == "the kept one"
    monkeypatch.setenv("HUIJIAN_READER_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("HUIJIAN_READER_MODEL", "m")
    assert engine("host: 高志伟", reader="both") == "the kept one"
    kept.rename(kept.with_name(f"m.{rows(out)[-1]['key'][:12]}.json"))  # as earlier versions named it
    assert engine("host: 高志伟", reader="both") == "the kept one"
    assert engine("host: 高志强") == heard, "names are spelled as the roster has them"


def test_meetings_wanted_again_are_inspected_again_and_take_the_place_of_what_was(
    month: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(month, out=out)
    made = out / "inspections" / "A01.json"
    made.write_text("{}", "utf-8")  # as if another program had made it
    tally = run(month, out=out, again=True)
    assert (tally.done, tally.skipped) == (2, 0)
    assert made.read_text("utf-8") != "{}"
    assert run(month, out=out).skipped == 2


def test_a_stored_inspection_that_is_damaged_is_named_and_one_that_is_gone_is_done_again(
    month: Path, out: Path
) -> None:
    stored = out / "inspections" / "A01.json"
    whole = stored.read_bytes()
    stored.write_bytes(whole[: len(whole) // 2])  # as a full disk or a broken copy leaves it
    with pytest.raises(
        InputError, match=r"保存的质检结果 .*A01\.json 已损坏，.*请删去它再运行，这一场会重做"
    ):
        run(month, out=out)
    stored.unlink()
    tally = run(month, out=out)
    assert (tally.done, tally.failed, tally.skipped) == (1, 0, 1)
    assert stored.is_file()
    assert run(month, out=out).skipped == 2


def test_results_inside_the_folder_are_not_taken_for_meetings(
    month: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (month / "B01.json").unlink()
    monkeypatch.chdir(month)
    assert run(Path(), out=Path("huijian-results")).done == 1
    out = month / "huijian-results"
    tally = run(month, out=out)
    assert (tally.done, tally.failed, tally.skipped) == (0, 0, 1)


def test_results_of_runs_with_another_output_folder_are_not_taken_for_meetings(
    month: Path, tmp_path: Path
) -> None:
    (month / "B01.json").unlink()
    for out in (month / "huijian-results", month / "再来", tmp_path / "out"):
        tally = run(month, out=out)
        assert (tally.done, tally.failed) == (1, 0)
    (month / "再来" / "results.jsonl").write_text('{"id": 1}\n', "utf-8")  # that of another program
    found, left_out = meetings_in(month)
    assert [m.name.partition(".")[0] for m in found] == ["A01", "再来/transcripts/A01"]
    assert [file for file, _ in left_out] == ["B01.meeting.yaml", "再来/inspections/A01.json"]


def test_what_cannot_be_read_is_counted_with_its_reason_and_the_rest_is_done(
    month: Path, tmp_path: Path
) -> None:
    (month / "broken.mp3").write_text("这不是录音", "utf-8")
    (month / "B01.meeting.yaml").write_text("kind: 早会\n", "utf-8")
    tally = run(month, out=tmp_path / "out")
    assert (tally.done, tally.failed) == (1, 2)
    assert {name for name, _ in tally.problems} == {"broken", "B01"}
    assert all(reason for _, reason in tally.problems)


def test_files_that_are_not_the_parts_of_one_meeting_are_never_joined(month: Path, tmp_path: Path) -> None:
    """A copy in another format would seem to be a recording that somebody faked (K4)."""
    sound = SPEECH.read_bytes()
    for name in (
        "a.wav",
        "a.mp3",
        "b.part1.wav",
        "b.wav",
        "c.part2.wav",
        "d.Part1.wav",
        "d.part3.WAV",
        "d.part5.wav",
    ):
        (month / name).write_bytes(sound)
    shutil.copy(month / "A01.json", month / "e.json")
    (month / "e.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n早\n", "utf-8")
    told = dict(run(month, out=tmp_path / "out").problems)
    assert told["a"].startswith("a.mp3、a.wav 同名：")
    assert told["b"].startswith("b.wav、b.part1.wav 同名：")
    assert told["e"].startswith("e.json、e.srt 同名：")
    assert told["c"].startswith("有第 2 段而缺第 1 段：")
    assert told["d"].startswith("有第 5 段而缺第 2、4 段：")


def test_a_meeting_in_which_nobody_speaks_is_not_done_and_says_why(month: Path, tmp_path: Path) -> None:
    (month / "B01.json").write_text('{"utterances": [{"start": 0, "end": 2000, "text": "…"}]}', "utf-8")
    tally = run(month, out=tmp_path / "out")
    assert (tally.done, tally.failed) == (1, 1)
    assert [(name, why[:9]) for name, why in tally.problems] == [("B01", "从头到尾没有一句话")]


def test_a_file_the_disk_does_not_give_back_is_one_meeting_not_done(month: Path, tmp_path: Path) -> None:
    (month / "坏道.txt").symlink_to("/proc/self/mem")  # reading it fails as a damaged disk does
    tally = run(month, out=tmp_path / "out")
    assert (tally.done, tally.failed) == (2, 1)
    [(name, reason)] = tally.problems
    assert name == "坏道"
    assert "坏道" in reason


def test_a_fault_of_the_program_itself_is_one_meeting_not_done_and_can_be_reported(
    month: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("chapter")

    monkeypatch.setattr("qa_pipeline.pipeline.inspect", broken)
    task = Task(meeting=meetings_in(month)[0][0], out=str(tmp_path), key="k" * 64, model=None, rubric=None,
                reader="local", threads=1)  # fmt: skip
    row = _inspect_one(task)
    assert (row["name"], row["status"]) == ("A01", "failed")
    assert "KeyError: 'chapter'" in row["error"]
    assert "Traceback" in capsys.readouterr().err


def test_a_name_as_long_as_the_disk_allows_is_cut_and_done_once(month: Path, tmp_path: Path) -> None:
    for suffix in (".json", ".meeting.yaml"):
        for end in "上下":
            shutil.copy(month / f"A01{suffix}", month / f"{'福' * 76}{end}{suffix}")
        (month / f"A01{suffix}").unlink()
    found, _ = meetings_in(month)
    assert len({meeting.name for meeting in found}) == 3
    assert all(meeting.facts for meeting in found)
    tally = run(month, out=tmp_path / "out")
    assert (tally.done, tally.failed) == (3, 0)
    assert run(month, out=tmp_path / "out").skipped == 3


@pytest.mark.parametrize("left", [5, 400])
def test_a_last_line_cut_short_by_a_crash_is_dropped_and_done_again(
    month: Path, out: Path, left: int
) -> None:
    log = out / "results.jsonl"
    first, last = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(first + last[:left])
    tally = run(month, out=out)
    assert (tally.done, tally.skipped) == (1, 1)
    assert [row["name"] for row in rows(out)] == ["A01", "B01"]


def test_after_kill_9_the_next_run_goes_on_where_it_stopped(month: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for copy in range(6):
        shutil.copy(month / "A01.json", month / f"more{copy}.json")
    command = [
        sys.executable,
        "-m",
        "qa_pipeline.cli",
        "batch",
        str(month),
        "--out",
        str(out),
        "--workers",
        "2",
    ]
    log = out / "results.jsonl"

    def written() -> int:
        """Whole rows: one may just be being written, and the kill may cut it short."""
        return log.read_bytes().count(b"\n") if log.exists() else 0

    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 180
    while not written() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = written()
    assert before
    tally = run(month, out=out)
    assert tally.skipped >= before - 1
    assert tally.done + tally.skipped == 8
    names = [row["name"] for row in rows(out)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_kill_9_of_the_batch_alone_leaves_none_of_its_processes_running(month: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "audio_samples" / "weekly_short.opus", month)
    words = [sys.executable, "-m", "qa_pipeline.cli", "batch", str(month), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL)
    log = tmp_path / "out" / "results.jsonl"
    deadline = time.monotonic() + 180
    while not (log.exists() and log.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    process.kill()
    process.wait()
    assert psutil.wait_procs(workers, timeout=10)[1] == []


def test_a_second_batch_into_the_same_folder_is_refused_while_the_first_runs(
    month: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with _alone(out), pytest.raises(InputError, match="另一个批量质检正在写输出文件夹"):
        run(month, out=out)
    assert run(month, out=out).done == 2


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_or_a_shutdown_twice_ends_it_at_once_and_says_one_sentence(
    month: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """While one worker transcribes and the other has nothing to do."""
    log = tmp_path / "out" / "results.jsonl"
    shutil.copy(ROOT / "audio_samples" / "weekly_short.opus", month)
    command = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    command += "if __name__ == '__main__':\n from qa_pipeline.cli import app\n app()"
    words = [sys.executable, "-c", command, "batch", str(month), "--out", str(log.parent), "--workers", "3"]
    process = subprocess.Popen(
        words, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 180
    while not (log.exists() and log.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.02)
    for _ in range(2):
        os.killpg(process.pid, number)
        time.sleep(0.05)
    told = process.communicate(timeout=10)[1]
    _, *sentences = told.splitlines()  # the first line is the bar
    assert process.returncode == 130
    assert len(sentences) == 1, told
    assert "已中断" in sentences[0]
    assert (log.parent / "results.xlsx").is_file()


def test_a_read_only_output_folder_is_refused_before_any_work(month: Path) -> None:
    blocked = month / "blocked"
    blocked.write_text("a file where the folder should be", "utf-8")
    with pytest.raises(OutputError, match="不能写入输出文件夹"):
        run(month, out=blocked / "out")


@pytest.mark.parametrize("content", ["not ours\n", "not ours", '{"name": 1}\n', "[]\n", "3", '{"a": 1}'])
def test_a_foreign_results_file_is_never_touched(month: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "results.jsonl").write_text(content, "utf-8")
    with pytest.raises(InputError, match="不是本工具写的结果文件"):
        run(month, out=tmp_path)
    assert (tmp_path / "results.jsonl").read_text("utf-8") == content


def test_a_meeting_that_is_a_copy_of_an_earlier_one_fails_and_the_original_does_not(tmp_path: Path) -> None:
    """K4: most of another institution's transcript under another name, a week later, in a later batch."""
    whole = read_meeting(CORPUS / "A" / "A01.txt").transcript
    most = replace(whole, utterances=whole.utterances[: len(whole.utterances) * 2 // 3])
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, transcript, facts in (
        ("A01", whole, FACTS),
        ("抄", most, FACTS.replace("-08", "-15").replace("城东", "城西")),
    ):
        (folder / f"{name}.json").write_text(to_json(transcript), "utf-8")
        (folder / f"{name}.meeting.yaml").write_text(facts, "utf-8")
        run(folder, out=out)
    assert [row["name"] for row in rows(out)] == ["A01", "抄"]
    original, copy = (row["result"] for row in rows(out))
    reason = next(gate["reason"] for gate in copy["criticals"] if gate["id"] == "K4")
    assert "与「A01」的文字雷同" in reason
    assert copy["verdict"] == "not_qualified"
    assert copy["findings"]["copied_words_share"]["value"] > 0.9
    assert "K4" not in [gate["id"] for gate in original["criticals"]]
    assert original["findings"]["copied_words_share"]["value"] == 0
    assert original["findings"]["reused_share"]["value"] is None  # there is no sound to compare


def test_k4_names_the_longest_passage_first() -> None:
    """The reason is cut where there is little room."""
    whole = read_meeting(CORPUS / "A" / "A01.txt").transcript
    inspection = inspect(whole, facts=MeetingFacts(kind=MeetingKind.WEEKLY_REVIEW))
    copies = [
        Passage(kind=Likeness.WORDS, start=0, end=end, other=f"「{end}」") for end in (60, 1500, 900, 90)
    ]
    reason = compared(inspection, copies).findings.measures["copied_words_share"].reason
    assert re.findall("「(.+?)」", reason) == ["1500", "900", "90"]


def test_k3_says_by_what_a_meeting_is_none_of_ours() -> None:
    other = read_meeting(CORPUS / "AO" / "AO08.txt")
    told = inspect(other.transcript, facts=replace(other.facts, kind=MeetingKind.WEEKLY_REVIEW))
    reason = next(gate.reason for gate in told.scorecard.criticals if gate.id == "K3")
    assert re.search(r"不是二会内容的话占说话时间的 [\d.]+%；.*是别的会的可能有 [\d.]+%。$", reason)


def test_of_two_alike_on_one_day_neither_is_judged_by_the_hour_its_branch_wrote(tmp_path: Path) -> None:
    """K4: the copy says that it began first."""
    whole = read_meeting(CORPUS / "A" / "A01.txt").transcript
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, facts in (("A01", FACTS), ("抄", FACTS.replace("09:00", "08:30").replace("城东", "城西"))):
        (folder / f"{name}.json").write_text(to_json(whole), "utf-8")
        (folder / f"{name}.meeting.yaml").write_text(facts, "utf-8")
    run(folder, out=out)
    for row in rows(out):
        [gate] = [gate for gate in row["result"]["criticals"] if gate["id"] == "K4"]
        assert "分不清谁用了谁的" in gate["reason"]
        assert gate["review"]
        assert row["result"]["verdict"] == "needs_review"
