"""The command line as its users meet it: results where they were asked for, refusals in one sentence."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from qa_pipeline.chapters.corpus import CORPUS, read_meeting
from qa_pipeline.cli import app
from qa_pipeline.transcript.formats import write_transcript
from tests.sound import silence, tone, write_sound

FACTS = "kind: weekly_review\nmeeting_date: 2026-04-08\nstart_time: '09:00'\n"


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """A good weekly review as a transcript, in a path with spaces and Chinese characters, with its facts."""
    folder = tmp_path / "四月 归档"
    folder.mkdir()
    path = folder / "秦州 周会.json"
    write_transcript(read_meeting(CORPUS / "A" / "A01.txt").transcript, path)
    (folder / "秦州 周会.meeting.yaml").write_text(FACTS, "utf-8")
    return path


def refusal(*arguments: object) -> str:
    """What a command that ends with exit code 2 says: one sentence; of a rubric, a line for each fault."""
    ended = CliRunner().invoke(app, [str(a) for a in arguments])
    assert ended.exit_code == 2, ended.output
    assert ended.stdout == ""
    said = ended.stderr.strip()
    assert said.startswith("错误：")
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1 or "--rubric" in arguments
    return said


def test_inspect_shows_a_scorecard_and_writes_what_was_asked_for(meeting: Path, tmp_path: Path) -> None:
    page, data, words = tmp_path / "报告.html", tmp_path / "结果.json", tmp_path / "文字稿.srt"
    ended = CliRunner().invoke(
        app,
        ["inspect", str(meeting), "--html", str(page), "--json", str(data), "--transcript", str(words)],
    )
    assert ended.exit_code == 0, ended.output
    assert "能量值" in ended.stdout
    assert "合格" in ended.stdout
    result = json.loads(data.read_text("utf-8"))
    assert result["energy_score"] >= 60
    assert result["compliance"]["on_time"]["status"] == "pass"
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert " --> " in words.read_text("utf-8")


def test_k5_where_nobody_knows_who_speaks_the_report_says_that_one_voice_was_not_looked_for(
    meeting: Path,
) -> None:
    transcript = json.loads(meeting.read_text("utf-8"))
    assert "K5" not in CliRunner().invoke(app, ["inspect", str(meeting)]).stdout
    for utterance in transcript["utterances"]:
        utterance["speaker"] = None
    meeting.write_text(json.dumps(transcript), "utf-8")
    ended = CliRunner().invoke(app, ["inspect", str(meeting)])
    assert "是不是一个人从头念到尾（K5）没有查" in ended.stdout.replace("\n", "").replace(" ", "")


def test_i4_the_commitments_of_an_earlier_result_are_followed_up_one_by_one(
    meeting: Path, tmp_path: Path
) -> None:
    last, data = tmp_path / "上周.json", tmp_path / "本周.json"
    run = CliRunner().invoke
    assert run(app, ["inspect", str(meeting), "--json", str(last), "--date", "2026-04-01"]).exit_code == 0
    ended = run(app, ["inspect", str(meeting), "--json", str(data), "--before", str(last)])
    assert ended.exit_code == 0, ended.output
    promised = json.loads(last.read_text("utf-8"))["actions"]
    followed = json.loads(data.read_text("utf-8"))["followed"]
    due = [one for one in promised if one["due_date"] is None or one["due_date"] <= "2026-04-08"]
    assert 0 < len(due) < len(promised)
    assert [one["action"] for one in followed] == due
    assert f"上次承诺 共 {len(due)} 条" in ended.stdout
    assert f"有 {len(promised) - len(due)} 条承诺在本场之后才到期" in ended.stderr

    assert "提醒：上周.json 是" not in ended.stderr
    of = ["--institution", "清河支公司", "--before"]
    result = json.loads(last.read_text("utf-8"))
    result["facts"]["institution"] = "城东支公司"
    (tmp_path / "别家.json").write_text(json.dumps(result), "utf-8")
    told = run(app, ["inspect", str(meeting), *of, str(tmp_path / "别家.json")]).stderr
    assert "提醒：别家.json 是 城东支公司 的会，本场是 清河支公司 的" in told
    assert "城东支公司" not in run(app, ["inspect", str(meeting), *of, str(last)]).stderr

    out = ("--json", tmp_path / "never.json")
    assert "不早于本场" in refusal("inspect", meeting, "--before", data, *out)
    assert "不早于本场" in refusal("inspect", meeting, "--before", last, "--date", "2026-03-25", *out)
    assert "读不到结果文件" in refusal("inspect", meeting, "--before", tmp_path / "没有.json", *out)
    assert "不是质检结果" in refusal("inspect", meeting, "--before", meeting, *out)
    result = json.loads(last.read_text("utf-8"))
    last.write_text(json.dumps(result | {"actions": [{"who": 3}]}), "utf-8")
    assert "行动项" in refusal("inspect", meeting, "--before", last, *out)
    assert not out[1].exists()
    last.write_text(json.dumps(result | {"actions": []}), "utf-8")
    ended = run(app, ["inspect", str(meeting), "--before", str(last)])
    assert "没有行动项" in ended.stderr
    assert "上次承诺 共" not in ended.stdout


def test_flags_go_before_the_facts_beside_the_recording(meeting: Path, tmp_path: Path) -> None:
    data = tmp_path / "result.json"
    flags = ["--start", "18:30", "--expected", "8", "--attendees", "张三，李四、王五"]
    ended = CliRunner().invoke(app, ["inspect", str(meeting), "--json", str(data), *flags])
    assert ended.exit_code == 0, ended.output
    compliance = json.loads(data.read_text("utf-8"))["compliance"]
    assert compliance["on_time"]["status"] == "warn"
    assert "实到 3 人" in compliance["on_roster"]["reason"]


def _absent(folder: Path) -> Path:
    return folder / "没有 这个.mp3"


def _folder(folder: Path) -> Path:
    return folder


def _empty(folder: Path) -> Path:
    path = folder / "空.m4a"
    path.touch()
    return path


def _text(folder: Path) -> Path:
    path = folder / "text.mp3"
    path.write_text("这不是录音。" * 200, "utf-8")
    return path


def _cut_off(folder: Path) -> Path:
    path = write_sound(folder / "cut.m4a", tone(220, 20), codec="aac")
    path.write_bytes(path.read_bytes()[:-2000])
    return path


def _mute_video(folder: Path) -> Path:
    return write_sound(folder / "video.mp4", codec="aac", picture=True)


def _silent(folder: Path) -> Path:
    return write_sound(folder / "silence.wav", silence(20), codec="pcm_s16le")


def _music(folder: Path) -> Path:
    chord = np.sum([tone(hertz, 20, level=0.15) for hertz in (262, 330, 392)], axis=0)
    return write_sound(folder / "music.wav", chord, codec="pcm_s16le")


def _moment(folder: Path) -> Path:
    return write_sound(folder / "short.wav", tone(220, 0.5), codec="pcm_s16le")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_absent, "找不到录音文件"),
        (_folder, "文件夹"),
        (_empty, "空"),
        (_text, "text.mp3"),
        (_cut_off, "cut.m4a"),
        (_mute_video, "没有声音"),
        (_silent, "没有听到讲话"),
        (_music, "没有听到讲话"),
        (_moment, "只有 0.5 秒"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_what_is_no_recording_is_refused_and_nothing_is_written(
    tmp_path: Path, make: Callable[[Path], Path], why: str
) -> None:
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    out.mkdir()
    source = make(given)
    outputs = ("--json", out / "a.json", "--html", out / "a.html", "--transcript", out / "a.srt")
    assert why in refusal("inspect", source, *outputs)
    assert list(out.iterdir()) == []
    assert why in refusal("transcribe", source, "-o", out / "a.txt")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("said", ["……。", "[BLANK_AUDIO]", "（音乐）", "字幕由 Amara.org 社区提供"])
def test_a_transcript_in_which_nobody_says_a_word_is_refused_and_never_scores_zero(
    tmp_path: Path, said: str
) -> None:
    source = tmp_path / "静音.srt"
    source.write_text(f"1\n00:00:03,000 --> 00:31:00,000\n{said}\n", "utf-8")
    told = refusal("inspect", source, "--json", tmp_path / "结果.json")
    assert "从头到尾没有一句话（可能录的是静音、音乐或噪声，或导出时漏了文字）" in told
    assert [path.name for path in tmp_path.iterdir()] == ["静音.srt"]


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--date", "2026-02-30"), "2026-02-30"),
        (("--start", "25:00"), "25:00"),
        (("--kind", "weekly_revue"), "weekly_review"),
        (("--theme", "主管带跑周"), "主管领跑周"),
        (("--expected", "5", "--attendees", "-3"), "-3"),
    ],
)
def test_wrong_facts_are_refused_with_the_nearest_word(
    meeting: Path, flags: tuple[str, ...], why: str
) -> None:
    assert why in refusal("inspect", meeting, *flags)


def test_an_unknown_key_in_the_facts_is_named_with_line_column_and_nearest_word(meeting: Path) -> None:
    meeting.with_name("秦州 周会.meeting.yaml").write_text(FACTS + "atendees: 5\n", "utf-8")
    sentence = refusal("inspect", meeting)
    assert "第 4 行第 1 列" in sentence
    assert "attendees" in sentence


def test_wrong_rubrics_are_refused(meeting: Path, tmp_path: Path) -> None:
    shipped = Path(CORPUS).parents[2] / "rubrics" / "weekly_review.yaml"
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text(shipped.read_text("utf-8").replace("pass_line:", "pas_line:", 1), "utf-8")
    sentence = refusal("inspect", meeting, "--rubric", unknown)
    assert "pass_line" in sentence
    assert "unknown.yaml:18:1" in sentence
    heavy = tmp_path / "heavy.yaml"
    heavy.write_text(shipped.read_text("utf-8").replace("weight: 14", "weight: 24", 1), "utf-8")
    assert "100" in refusal("inspect", meeting, "--rubric", heavy)


@pytest.mark.parametrize(
    "lines",
    [
        ["00:00:10 张三：先看数据。", "00:00:05 李四：好的。"],
        ["1\n00:00:05,000 --> 00:00:02,000\n先看数据。\n"],
    ],
    ids=["backward", "ends before it starts"],
)
def test_a_transcript_with_impossible_times_is_refused(tmp_path: Path, lines: list[str]) -> None:
    source = tmp_path / ("a.srt" if "-->" in lines[0] else "a.txt")
    source.write_text("\n".join(lines), "utf-8")
    assert source.name in refusal("inspect", source)


def test_a_huge_json_is_refused_before_it_is_read(tmp_path: Path) -> None:
    source = tmp_path / "huge.json"
    with source.open("wb") as file:
        file.truncate(3_000_000_000)
    assert "huge.json" in refusal("inspect", source)


def test_an_output_that_cannot_be_written_is_refused_before_any_work(meeting: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("", "utf-8")
    assert "请检查路径" in refusal("inspect", meeting, "--json", blocked / "result.json")
    assert "文件夹" in refusal("inspect", meeting, "--html", tmp_path)


def test_no_result_takes_the_place_of_what_it_is_made_from(meeting: Path, tmp_path: Path) -> None:
    words = meeting.read_bytes()
    facts = meeting.with_name("秦州 周会.meeting.yaml")
    linked, same = tmp_path / "link.json", tmp_path / "same.json"
    linked.symlink_to(meeting)
    same.hardlink_to(meeting)
    spelled = meeting.parent / ".." / meeting.parent.name / meeting.name
    for output in (meeting, linked, same, spelled):
        for option in ("--json", "--html", "--transcript"):
            sentence = refusal("inspect", meeting, option, output)
            assert sentence == f"错误：无法写入 {output}：本次要读的 {meeting} 就是这个文件，请换一个文件名。"
        assert "就是这个文件" in refusal("transcribe", meeting, "-o", output)
    assert "就是这个文件" in refusal("inspect", meeting, "--html", facts)
    assert "就是这个文件" in refusal("transcribe", meeting, "-o", facts)
    given = tmp_path / "facts.yaml"
    given.write_text(FACTS, "utf-8")
    assert "就是这个文件" in refusal("inspect", meeting, "--facts", given, "--html", given)
    assert "就是这个文件" in refusal("inspect", meeting, "--before", given, "--json", given)
    assert "就是这个文件" in refusal("inspect", meeting, "--rubric", given, "--json", given)
    assert (meeting.read_bytes(), facts.read_text("utf-8")) == (words, FACTS)


def test_a_facts_file_that_is_not_there_yet_is_no_place_for_a_result(meeting: Path) -> None:
    facts = meeting.with_name("秦州 周会.meeting.yaml")
    facts.unlink()
    assert "就是这个文件" in refusal("inspect", meeting, "--html", facts)
    assert not facts.exists()


def test_two_results_never_go_to_one_file(meeting: Path, tmp_path: Path) -> None:
    page = tmp_path / "s.html"
    spelled = tmp_path / "." / ".." / tmp_path.name / "s.html"
    assert "另一项结果也要写到这个文件" in refusal("inspect", meeting, "--json", page, "--html", spelled)
    assert not page.exists()
    ended = CliRunner().invoke(app, ["inspect", str(meeting), "--json", os.devnull, "--html", os.devnull])
    assert ended.exit_code == 0, "nothing is lost in a device"


@pytest.mark.parametrize("name", ["x.docx", "x", "x.html"])
def test_a_transcript_is_never_written_under_the_name_of_another_format(
    meeting: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    for command in (("inspect", meeting, "--transcript", out), ("transcribe", meeting, "-o", out)):
        sentence = refusal(*command)
        assert sentence.endswith(f"{name}：只能写成 .json、.srt、.vtt、.txt，请换一个扩展名。")
    assert not out.exists()


def test_a_disk_that_fills_up_while_writing_leaves_nothing_half_written(
    meeting: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ended = subprocess.run(
        [sys.executable, "-m", "qa_pipeline.cli", "inspect", str(meeting), "--html", str(out / "a.html")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY)),
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.startswith("错误：无法写入")
    assert list(out.iterdir()) == []


def test_batch_ends_with_a_count_of_done_failed_and_skipped_and_says_why(meeting: Path) -> None:
    (meeting.parent / "坏的.mp3").write_text("这不是录音", "utf-8")
    first = CliRunner().invoke(app, ["batch", str(meeting.parent)])
    assert first.exit_code == 1
    assert "未完成 坏的：" in first.stdout
    assert "完成 1 场，失败 1 场，跳过 0 场" in first.stdout.splitlines()[-1]
    (meeting.parent / "坏的.mp3").unlink()
    (meeting.parent / "漏了.meeting.yaml").touch()
    again = CliRunner().invoke(app, ["batch", str(meeting.parent)])
    assert again.exit_code == 0
    assert "没有用上 漏了.meeting.yaml：" in again.stdout
    assert "完成 0 场，失败 0 场，跳过 1 场" in again.stdout.splitlines()[-1]


def test_batch_refuses_a_wrong_rubric_before_any_meeting(meeting: Path, tmp_path: Path) -> None:
    rubric = tmp_path / "r.yaml"
    rubric.write_text("id: x\n", "utf-8")
    assert "r.yaml" in refusal("batch", meeting.parent, "--rubric", rubric)
    assert not (meeting.parent / "huijian-results").exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("inspct", "没有「inspct」这个命令，最接近的是「inspect」"),
        ("rubric chek", "没有「chek」这个命令，最接近的是「check」"),
        ("--bogus", "没有「--bogus」这个选项"),
        ("calendar 2026-11 --josn", "没有「--josn」这个选项，最接近的是「--json」"),
        ("inspect", "缺少「files」（一场会议的录音"),
        ("inspect a.m4a --json", "选项「--json」后面要写上值"),
        ("batch month --workers 0", "「--workers」的值不对，要写不小于 1 的整数"),
        ("batch 九月 归档", "多出了「归档」（名字里有空格时要加引号）"),
        ("inspect a.m4a --on-site 七", "「--on-site」的值不对，要写整数"),
    ],
)
def test_a_command_typed_wrong_is_refused_in_one_chinese_sentence(typed: str, sentence: str) -> None:
    said = refusal(*typed.split())
    assert sentence in said
    assert said.endswith("--help 查看写法。")
