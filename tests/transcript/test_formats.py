"""Transcript files: what is read, what is refused and why, and that our own JSON loses nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.errors import OutputError, TranscriptError
from qa_pipeline.transcript import word
from qa_pipeline.transcript.formats import (
    MAX_BYTES,
    from_json,
    read_transcript,
    to_json,
    to_text,
    write_transcript,
)
from qa_pipeline.values.transcript import Edit, SpokenNumber, Transcript, Utterance

Line = tuple[float, float, str | None, str]

MEETING = Transcript(
    utterances=(
        Utterance(
            start=0.0,
            end=2.5,
            text="本周达成五十三万七。",
            speaker="S1",
            confidence=0.91,
            numbers=(SpokenNumber(start=4, end=9, value=537_000.0, unit="元"),),
            edits=(Edit(step="script", before="本週達成五十三萬七"),),
        ),
        Utterance(start=3.0, end=4.25, text="谢谢观看", confidence=0.2, phantom=True),
        Utterance(start=3661.5, end=3663.0, text="好的。", speaker="S2"),
    ),
    duration=3700.0,
    engine="faster-whisper/1.2 small@abc cpu/int8",
    speech=((0.0, 2.4), (3661.4, 3663.1)),
    warnings=("语音识别的把握只有 40%。",),
)


def lines(transcript: Transcript) -> list[Line]:
    return [(u.start, u.end, u.speaker, u.text) for u in transcript.utterances]


def read(path: Path, content: str | bytes) -> Transcript:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_transcript(path)


def refused(path: Path, content: str | bytes | None) -> str:
    """The sentence with which a file is refused, its path written as FILE."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(TranscriptError) as refusal:
        read_transcript(path)
    return str(refusal.value).replace(str(path), "FILE")


# ---------------------------------------------------------------- our own JSON

times = st.floats(0, 10_000, allow_nan=False)
labels = st.none() | st.sampled_from(["S1", "S2", "张三"])
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


@st.composite
def meetings(draw: st.DrawFn) -> Transcript:
    edges = sorted(draw(st.lists(times, min_size=2, max_size=12, unique=True)))
    utterances = tuple(
        Utterance(
            start=start,
            end=end,
            text=draw(words),
            speaker=draw(labels),
            confidence=draw(st.none() | st.floats(0, 1)),
            phantom=draw(st.booleans()),
        )
        for start, end in zip(edges[::2], edges[1::2], strict=False)
    )
    return replace(MEETING, utterances=utterances, duration=edges[-1] + draw(st.floats(0, 100)))


@given(meetings())
def test_our_own_json_loses_nothing(transcript: Transcript) -> None:
    assert from_json(to_json(transcript)) == transcript


def test_our_own_json_is_read_back_equal_from_a_file_in_a_folder_with_a_chinese_name(tmp_path: Path) -> None:
    folder = tmp_path / "九月 文字稿"
    folder.mkdir()
    write_transcript(MEETING, folder / "周复盘 一部.json")
    assert read_transcript(folder / "周复盘 一部.json") == MEETING


def test_json_with_utterances_alone_is_read_and_its_length_is_that_of_the_last_word(tmp_path: Path) -> None:
    content = {"utterances": [{"start": 1, "end": 2.5, "speaker": "张三", "text": " 大家好 "}]}
    transcript = read(tmp_path / "a.json", json.dumps(content))
    assert lines(transcript) == [(1.0, 2.5, "张三", "大家好")]
    assert (transcript.duration, transcript.speech, transcript.engine) == (2.5, None, "import/json")


@pytest.mark.parametrize("duration", [-5.0, 0.0, float("nan"), 1e12])
def test_an_impossible_duration_gives_way_to_the_last_word(tmp_path: Path, duration: float) -> None:
    transcript = read(tmp_path / "a.json", to_json(replace(MEETING, duration=duration)))
    assert transcript.duration == 3663.0


# ---------------------------------------------------------------- other tools' JSON


def test_the_json_of_whisper_and_faster_whisper_is_read(tmp_path: Path) -> None:
    content = {
        "text": "大家好。好的。",
        "language": "zh",
        "segments": [
            {"id": 0, "seek": 0, "start": 0.0, "end": 1.5, "text": " 大家好。", "avg_logprob": -0.2},
            {"id": 1, "seek": 0, "start": 1.5, "end": 2.0, "text": "", "avg_logprob": -0.2},
            {"id": 2, "seek": 0, "start": 2.0, "end": 3.0, "text": "好的。", "avg_logprob": 0.1},
        ],
    }
    transcript = read(tmp_path / "a.json", json.dumps(content))
    assert lines(transcript) == [(0.0, 1.5, None, "大家好。"), (2.0, 3.0, None, "好的。")]
    assert [u.confidence for u in transcript.utterances] == [0.819, 1.0]
    assert transcript.engine == "import/whisper-json"


def test_the_json_of_whisperx_brings_its_speakers(tmp_path: Path) -> None:
    content = {"segments": [{"start": 0, "end": 1, "text": "大家好", "speaker": "SPEAKER_00", "words": []}]}
    assert lines(read(tmp_path / "a.json", json.dumps(content))) == [(0.0, 1.0, "SPEAKER_00", "大家好")]


def test_the_json_of_whisper_cpp_is_read_in_milliseconds(tmp_path: Path) -> None:
    content = {"transcription": [{"offsets": {"from": 1500, "to": 2750}, "text": " 大家好"}]}
    assert lines(read(tmp_path / "a.json", json.dumps(content))) == [(1.5, 2.75, None, "大家好")]


# ---------------------------------------------------------------- subtitles


def test_srt_is_read_with_its_labels_and_lines_of_chinese_are_joined_without_a_space(tmp_path: Path) -> None:
    content = (
        "1\r\n00:00:01,500 --> 00:00:04,000\r\n张三：大家\r\n早上好\r\n\r\n"
        "2\r\n01:01:01,500 --> 01:01:03,000 X1:0\r\n李四：<i>好的</i>\r\n"
    )
    assert lines(read(tmp_path / "a.srt", content)) == [
        (1.5, 4.0, "张三", "大家早上好"),
        (3661.5, 3663.0, "李四", "好的"),
    ]


def test_vtt_is_read_with_its_voices_and_without_its_notes(tmp_path: Path) -> None:
    content = (
        "WEBVTT - 会议\n\nNOTE 说明\n不是发言\n\nSTYLE\n::cue { color: red }\n\n"
        "cue-1\n00:01.500 --> 00:04.000 align:start\n<v 张三>大家好</v>\n\n"
        "01:01:01.500 --> 01:01:03.000\n<v.loud 李 四>好的\n"
    )
    assert lines(read(tmp_path / "a.vtt", content)) == [
        (1.5, 4.0, "张三", "大家好"),
        (3661.5, 3663.0, "李 四", "好的"),
    ]


def test_a_colon_in_one_line_among_many_is_no_label(tmp_path: Path) -> None:
    texts = ("今天三件事：复盘、研讨、计划", "大家先看数据", "达成率怎么样", "都说说")
    content = "\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n" for n, text in enumerate(texts))
    assert lines(read(tmp_path / "a.srt", content))[0][2:] == (None, texts[0])


# ---------------------------------------------------------------- text lines


@pytest.mark.parametrize(
    "content",
    [
        "00:00:05 张三：大家好\n00:00:12 李四：好的\n",
        "[00:00:05] 张三: 大家好\n[00:00:12] 李四: 好的\n",
        "00:05 张三：大家好\n00:12 李四：好的\n",
        "张三 00:00:05\n大家好\n\n李四 00:00:12\n好的\n",
        "张三(00:05)：大家好\n李四(00:12)：好的\n",
        "00:00:05 张三\n大家好\n00:00:12 李四\n好的\n",
        "会议纪要\n\n00:00:05 张三：大家\n好\n00:00:12 李四：好的\n",
        "\ufeff00:00:05 张三：大家好\r\n00:00:12 李四：好的",
        "00:00:05-00:00:12 张三：大家好\n00:00:12-00:00:14 李四：好的\n",
        "[00:00:05 - 00:00:12] 张三：大家好\n[00:00:12 - 00:00:14] 李四：好的\n",
        "00:05 - 00:12\n张三：大家好\n\n00:12 - 00:14\n李四：好的\n",
        "1. 00:00:05 张三：大家好\n2. 00:00:12 李四：好的\n",
        "张三 00:05 - 00:12\n大家好\n李四 00:12 - 00:14\n好的\n",
        "00:00:05 张三：\n大家好\n00:00:12 李四：\n好的\n",
    ],
)
def test_text_lines_are_read_as_meeting_apps_write_them(tmp_path: Path, content: str) -> None:
    transcript = read(tmp_path / "a.txt", content)
    assert [(u.start, u.speaker, u.text) for u in transcript.utterances] == [
        (5.0, "张三", "大家好"),
        (12.0, "李四", "好的"),
    ]
    assert transcript.utterances[0].end <= 12.0


def test_a_label_may_be_two_words(tmp_path: Path) -> None:
    for content in (
        "发言人 1   00:05\n大家好\n发言人 2   00:12\n好的",
        "00:05 发言人 1：大家好\n00:12 发言人 2：好的",
    ):
        transcript = read(tmp_path / "a.txt", content)
        assert [u.speaker for u in transcript.utterances] == ["发言人 1", "发言人 2"]


def test_times_of_day_count_from_the_first(tmp_path: Path) -> None:
    content = "2026-09-08 09:00:05 张三：大家好\n2026-09-08 09:00:12 李四：好的\n"
    transcript = read(tmp_path / "a.txt", content)
    assert [(u.start, u.speaker, u.text) for u in transcript.utterances] == [
        (0.0, "张三", "大家好"),
        (7.0, "李四", "好的"),
    ]


def test_where_nobody_is_named_a_colon_makes_no_speaker(tmp_path: Path) -> None:
    said = (
        "今天的会议议程：第一阶段复盘",
        "先看数据",
        "我说两点：第一要抓拜访",
        "达成率多少",
        "四成",
        "差在哪",
    )
    content = "\n".join(f"00:00:{5 * n:02} {words}" for n, words in enumerate(said))
    assert [(u.speaker, u.text) for u in read(tmp_path / "a.txt", content).utterances] == [
        (None, words) for words in said
    ]


def test_a_line_that_runs_over_makes_no_speaker_of_its_beginning(tmp_path: Path) -> None:
    content = (
        "00:00:08 大家好\n嗯我们开始开会\n00:00:15 上周我们做得怎么样，先看数，\n再看人\n00:00:20 好的\n"
    )
    assert [(u.speaker, u.text) for u in read(tmp_path / "a.txt", content).utterances] == [
        (None, "大家好嗯我们开始开会"),
        (None, "上周我们做得怎么样，先看数，再看人"),
        (None, "好的"),
    ]


def test_lines_without_a_time_lie_between_the_times_around_them(tmp_path: Path) -> None:
    content = (
        "00:00:00\n张三：今天复盘。\n李四：好的，我先报。\n十二万。\n\n"
        "00:00:10 张三：差在哪？\n李四：没去见客户。\n00:01:00\n张三：散会。\n王五：好。\n王五：走。"
    )
    transcript = read(tmp_path / "a.txt", content)
    assert transcript.warnings == ("有 4 段发言没有写时间，按前后的时间和字数估计。",)
    found = lines(transcript)
    assert [(round(start, 1), round(end, 1), who, words) for start, end, who, words in found] == [
        (0.0, 2.5, "张三", "今天复盘。"),
        (2.5, 8.0, "李四", "好的，我先报。十二万。"),
        (10.0, 12.0, "张三", "差在哪？"),
        (12.0, 15.0, "李四", "没去见客户。"),
        (60.0, 60.7, "张三", "散会。"),
        (60.7, 61.1, "王五", "好。"),
        (61.1, 62.1, "王五", "走。"),
    ]


def test_figures_under_a_speaker_are_his_words_and_no_speakers(tmp_path: Path) -> None:
    content = "00:00:01 张三：我报。\n目标：二十万\n实际：十万\n00:00:20 李四：我报。\n目标：五万\n实际：四万"
    first = lines(read(tmp_path / "a.txt", content))[0]
    assert first == (1.0, 9.5, "张三", "我报。目标：二十万实际：十万")


def test_a_long_closing_speech_under_the_last_time_is_read(tmp_path: Path) -> None:
    turns = "".join(f"00:0{at}:00\n{name}：好的。\n" for at, name in enumerate(("张三", "李四") * 4))
    speech = "今天定下来的事，回去一件一件对。" * 50
    last = lines(read(tmp_path / "a.txt", f"{turns}00:09:00\n张三：{speech}\n"))[-1]
    assert last == (540.0, pytest.approx(540 + len(speech) / 4.5), "张三", speech)


def test_talk_whose_end_nobody_knows_is_refused(tmp_path: Path) -> None:
    talk = "\n".join(f"{name}：{'我们上周定的事一件一件来对。' * 4}" for name in ("张三", "李四") * 10)
    assert refused(tmp_path / "a.txt", f"会议时间 09:00\n{talk}") == (
        "文字稿 FILE 第 1 行以后的 20 段发言没有时间：每段发言应以时间开头，例如“00:12:31 张三：……”。"
    )


def test_gb18030_text_is_read(tmp_path: Path) -> None:
    content = "00:00:05 张三：大家好\n".encode("gb18030")
    assert read(tmp_path / "a.txt", content).utterances[0].text == "大家好"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_what_notepad_calls_unicode_is_read(tmp_path: Path, encoding: str) -> None:
    content = "\ufeff00:00:05 张三：大家好\n".lstrip("\ufeff" if encoding == "utf-16" else "").encode(
        encoding
    )
    assert read(tmp_path / "a.txt", content).utterances[0].text == "大家好"


def test_a_word_file_is_read_by_its_paragraphs(tmp_path: Path) -> None:
    made = Document()
    for line in (
        "清河支公司周复盘会",
        "2026年9月8日 上午9:00",
        "",
        "张三 00:00:05",
        "大家好",
        "李四 00:00:12",
        "好的",
    ):
        made.add_paragraph(line)
    made.save(str(tmp_path / "飞书妙记.docx"))
    transcript = read_transcript(tmp_path / "飞书妙记.docx")
    assert [(u.start, u.speaker, u.text) for u in transcript.utterances] == [
        (5.0, "张三", "大家好"),
        (12.0, "李四", "好的"),
    ]
    assert transcript.engine == "import/docx"


def test_a_word_file_is_read_by_the_rows_of_its_table(tmp_path: Path) -> None:
    made = Document()
    table = made.add_table(rows=0, cols=3)
    for row in (("时间", "发言人", "内容"), ("00:00:05", "张三：", "大家好"), ("00:00:12", "李四：", "好的")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    made.save(str(tmp_path / "a.docx"))
    assert [(u.speaker, u.text) for u in read_transcript(tmp_path / "a.docx").utterances] == [
        ("张三", "大家好"),
        ("李四", "好的"),
    ]


def test_what_is_no_word_file_for_all_its_name_is_refused(tmp_path: Path) -> None:
    made = Document()
    made.add_paragraph("00:00:05 张三：大家好" * 1000)
    made.save(str(tmp_path / "a.docx"))
    whole = (tmp_path / "a.docx").read_bytes()
    with ZipFile(tmp_path / "b.docx", "w") as other:
        other.writestr("hello.txt", "no document")
    sentence = "文字稿 FILE 不是 Word（.docx）文件，或已损坏：请重新导出，或另存为 TXT 后重试。"
    for content in (
        whole[: len(whole) // 2],
        b"\xd0\xcf\x11\xe0 an old .doc",
        (tmp_path / "b.docx").read_bytes(),
    ):
        assert refused(tmp_path / "c.docx", content) == sentence


def test_a_word_file_that_unpacks_to_any_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word, "MAX_UNPACKED", 10_000)
    with ZipFile(tmp_path / "a.docx", "w", ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", " " * 1_000_000)
    content = (tmp_path / "a.docx").read_bytes()
    assert refused(tmp_path / "b.docx", content) == (
        "文字稿 FILE 解开后有 1 MB：这不像一场会议的文字稿，请检查文件。"
    )


@pytest.mark.parametrize(
    "words",
    [
        *(
            "我说，明天早上8:30准时到",
            "我说，明天 8:30准时到职场",
            "我说，9:30，10:30各一场",
            "我说，达成比1:20要好",
        ),
        *("8:30准时到职场", "14:30 开始", "我们约到 8:30"),
    ],
)
def test_a_time_of_day_inside_what_is_said_is_no_new_utterance(tmp_path: Path, words: str) -> None:
    transcript = read(tmp_path / "a.txt", f"01:00:05 张三：大家听好\n{words}\n01:00:15 李四：好的\n")
    assert [(u.start, u.text) for u in transcript.utterances] == [
        (3605.0, f"大家听好{words}"),
        (3615.0, "好的"),
    ]


def test_a_line_ends_where_the_next_begins_or_sooner_when_its_words_are_few(tmp_path: Path) -> None:
    content = "00:00:00 张三：好\n00:10:00 李四：" + "说" * 45 + "\n00:10:05 张三：行\n"
    assert [u.end for u in read(tmp_path / "a.txt", content).utterances] == [2.0, 605.0, 606.0]


def test_a_long_text_is_read_in_time_linear_in_its_length(tmp_path: Path) -> None:
    """20,000 lines whose label stands alone: a scan of the whole text for each would take minutes."""
    content = "".join(f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02} 张三\n好的\n" for n in range(20_000))
    assert len(read(tmp_path / "a.txt", content).utterances) == 20_000


# ---------------------------------------------------------------- bad input


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "a.srt", None) == "找不到文字稿 FILE：请检查路径和文件名。"
    assert refused(tmp_path, None) == "FILE 是文件夹，不是文字稿：请指定其中的文件。"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "a.srt", " \n") == "文字稿 FILE 是空的：请重新导出。"


def test_a_recording_renamed_to_txt_is_refused(tmp_path: Path) -> None:
    sentence = refused(tmp_path / "a.txt", b"ID3\x04\x00" + bytes(range(256)) * 20)
    assert sentence == "文字稿 FILE 不是 UTF-8 或 GB18030 编码的文字：请另存为 UTF-8 后重试。"


def test_a_huge_json_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert refused(path, None) == ("文字稿 FILE 有 50 MB，超过 50 MB：这不像一场会议的文字稿，请检查文件。")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_nested_without_end_is_refused(tmp_path: Path, opening: str) -> None:
    assert "不是合法的 JSON）：请重新导出。" in refused(tmp_path / "a.json", opening * 100_000)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"utterances": [', "的 JSON 有误（第 1 行第 16 列不是合法的 JSON）：请重新导出。"),
        ("[1, 2]", "的 JSON 有误（开头不是对象）：请重新导出。"),
        ('{"meeting": 1}', "里没有 utterances 或 segments：请使用本工具或 Whisper 工具导出的 JSON。"),
        ('{"utterances": []}', "里没有任何发言：请检查导出是否成功。"),
        ('{"segments": {"start": 0}}', "的 JSON 有误（segments不是列表）：请重新导出。"),
        (
            '{"utterances": [{"start": 0, "text": "好"}]}',
            "的 JSON 有误（utterances.0.end没有给出）：请重新导出。",
        ),
        (
            '{"utterances": [{"start": "早上", "end": 1, "text": "好"}]}',
            "的 JSON 有误（utterances.0.start不是数字）：请重新导出。",
        ),
        (
            '{"utterances": [{"start": 0, "end": 1, "text": 5}]}',
            "的 JSON 有误（utterances.0.text不是文字）：请重新导出。",
        ),
        (
            '{"utterances": [{"start": 0, "end": 1, "text": "好", "confidence": 7}]}',
            "的 JSON 有误（utterances.0.confidence太大）：请重新导出。",
        ),
        (
            '{"utterances": [{"start": 0, "end": Infinity, "text": "好"}]}',
            "的 JSON 有误（utterances.0.end不是有限的数字）：请重新导出。",
        ),
        (
            '{"utterances": [{"start": 1e9, "end": 1e9, "text": "好"}]}',
            " 第 1 条的时间不可能（1000000000.0 秒）：请改正后重试。",
        ),
        (
            '{"utterances": [{"start": -1, "end": 1, "text": "好"}]}',
            " 第 1 条的时间不可能（-1.0 秒）：请改正后重试。",
        ),
    ],
)
def test_a_wrong_json_is_refused_with_the_place_of_its_first_fault(
    tmp_path: Path, content: str, sentence: str
) -> None:
    assert refused(tmp_path / "a.json", content).replace(" 里没", "里没").replace(" 的", "的") == (
        f"文字稿 FILE{sentence}"
    )


def test_text_without_times_is_refused(tmp_path: Path) -> None:
    few = refused(tmp_path / "a.txt", "大家好，今天开会。\n")
    assert few.startswith("FILE 里没有可读的发言：文字稿每段应以时间开头，例如“00:12:31 张三：……”")
    many = refused(tmp_path / "a.txt", "大家好，今天开会。\n" * 60)
    assert many == "文字稿 FILE 的前 50 行没有时间：每段发言应以时间开头，例如“00:12:31 张三：……”。"


def test_an_srt_time_that_cannot_be_read_is_named_by_its_line(tmp_path: Path) -> None:
    content = "1\n00:00:01,000 --> 半小时后\n大家好\n"
    assert refused(tmp_path / "a.srt", content) == (
        "文字稿 FILE 第 2 行的时间看不懂：应形如 00:12:31,000 --> 00:12:35,000。"
    )


BACKWARDS = {
    "a.srt": "1\n00:01:00,000 --> 00:01:05,000\n一\n\n2\n00:00:10,000 --> 00:00:15,000\n二\n",
    "a.vtt": "WEBVTT\n\n01:00.000 --> 01:05.000\n一\n\n00:10.000 --> 00:15.000\n二\n",
    "a.txt": "00:01:00 张三：一\n00:00:10 李四：二\n",
    "a.json": json.dumps(
        {"utterances": [{"start": 60, "end": 65, "text": "一"}, {"start": 10, "end": 15, "text": "二"}]}
    ),
}


@pytest.mark.parametrize("name", BACKWARDS)
def test_times_that_run_backwards_are_refused_in_every_format(tmp_path: Path, name: str) -> None:
    sentence = refused(tmp_path / name, BACKWARDS[name])
    assert sentence.endswith("的时间 00:00:10 早于上一段的 00:01:00：各段应按时间先后排列，请改正后重试。")


def test_an_end_before_its_start_is_refused(tmp_path: Path) -> None:
    content = "1\n00:01:00,000 --> 00:00:05,000\n一\n"
    assert refused(tmp_path / "a.srt", content) == (
        "文字稿 FILE 第 2 行的结束时间 00:00:05 早于开始时间 00:01:00：请改正后重试。"
    )


@pytest.mark.parametrize("own", [False, True], ids=["imported", "our own"])
def test_one_speaker_talking_over_himself_is_refused_and_two_are_not(tmp_path: Path, own: bool) -> None:
    def content(second: str) -> str:
        utterances = [
            {"start": 0, "end": 10, "speaker": "张三", "text": "一"},
            {"start": 5, "end": 15, "speaker": second, "text": "二"},
        ]
        return json.dumps({"utterances": utterances, **({"duration": 20, "engine": "x"} if own else {})})

    assert refused(tmp_path / "a.json", content("张三")) == (
        "文字稿 FILE 第 2 条的时间 00:00:05 与同一发言人的上一段（到 00:00:10 止）重叠：请改正后重试。"
    )
    assert [u.end for u in read(tmp_path / "a.json", content("李四")).utterances] == [10.0, 15.0]


def test_an_overlap_that_comes_from_rounding_is_trimmed(tmp_path: Path) -> None:
    content = "1\n00:00:00,000 --> 00:00:05,300\n一\n\n2\n00:00:05,000 --> 00:00:09,000\n二\n"
    assert [u.end for u in read(tmp_path / "a.srt", content).utterances] == [5.0, 9.0]


# ---------------------------------------------------------------- writing

PLAIN = replace(
    MEETING,
    utterances=(
        Utterance(start=0.0, end=2.5, text="本周达成五十三万七。", speaker="S1", confidence=0.5),
        Utterance(start=3661.5, end=3663.0, text="好的。", speaker="S2", confidence=0.9),
    ),
)


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "a.json", "a.whisper.json"])
def test_what_is_written_is_read_back_with_its_times_speakers_and_words(tmp_path: Path, name: str) -> None:
    write_transcript(PLAIN, tmp_path / name)
    assert lines(read_transcript(tmp_path / name)) == lines(PLAIN)


def test_text_is_written_to_the_second(tmp_path: Path) -> None:
    write_transcript(PLAIN, tmp_path / "a.txt")
    text = (tmp_path / "a.txt").read_text("utf-8")
    assert text == to_text(PLAIN) == "00:00:00 S1：本周达成五十三万七。\n01:01:01 S2：好的。\n"


def test_the_json_for_whisper_tools_has_their_fields(tmp_path: Path) -> None:
    write_transcript(PLAIN, tmp_path / "a.whisper.json")
    content = json.loads((tmp_path / "a.whisper.json").read_text("utf-8"))
    assert content["language"] == "zh"
    assert content["segments"][0] == {
        "id": 0,
        "start": 0.0,
        "end": 2.5,
        "text": "本周达成五十三万七。",
        "speaker": "S1",
        "avg_logprob": -0.6931,
    }


def test_writing_where_it_is_not_possible_leaves_nothing_behind(tmp_path: Path) -> None:
    occupied = tmp_path / "a.json"
    occupied.mkdir()
    with pytest.raises(OutputError):
        write_transcript(MEETING, occupied)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_from_json_refuses_what_we_did_not_write() -> None:
    with pytest.raises(TranscriptError, match=r"文字稿 JSON 有误（engine没有给出）：请用本工具导出的文件。"):
        from_json('{"utterances": [], "duration": 1}')
