"""The audio of one meeting: what is accepted, what is refused, how parts are joined, what decoding gives."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from qa_pipeline.errors import RecordingError
from qa_pipeline.recording import SAMPLE_RATE, decode, decode_channels, open_recording
from tests.sound import hours_of_silence, silence, tone, whole, write_sound

CONTAINERS = {
    "wav": ("a.wav", "pcm_s16le", 16_000, False),
    "wav of a telephone": ("a.wav", "pcm_alaw", 8_000, False),
    "flac": ("a.flac", "flac", 44_100, False),
    "mp3": ("a.mp3", "libmp3lame", 44_100, False),
    "m4a": ("a.m4a", "aac", 44_100, False),
    "aac": ("a.aac", "aac", 16_000, False),
    "opus": ("a.opus", "libopus", 48_000, False),
    "ogg": ("a.ogg", "libopus", 48_000, False),
    "amr": ("a.amr", "libopencore_amrnb", 8_000, False),
    "3gp": ("a.3gp", "libopencore_amrnb", 8_000, False),
    "wma": ("a.wma", "wmav2", 44_100, False),
    "webm with a picture": ("a.webm", "libopus", 48_000, True),
    "mp4 with a picture": ("a.mp4", "aac", 44_100, True),
    "mov with a picture": ("a.mov", "aac", 44_100, True),
}


def loudest(sound: np.ndarray) -> float:
    """The strongest frequency in Hz."""
    return float(np.abs(np.fft.rfft(sound)).argmax() * SAMPLE_RATE / len(sound))


@pytest.mark.parametrize("what", CONTAINERS)
def test_every_container_of_phones_and_meeting_apps_is_read(tmp_path: Path, what: str) -> None:
    name, codec, rate, picture = CONTAINERS[what]
    path = write_sound(tmp_path / name, tone(440, 3, rate=rate), codec=codec, rate=rate, picture=picture)
    recording = open_recording([path])
    sound = whole(decode(recording.parts[0]))
    assert recording.duration == pytest.approx(3.0, abs=0.1)
    assert len(sound) / SAMPLE_RATE == pytest.approx(3.0, abs=0.1)
    assert loudest(sound[8000:40000]) == pytest.approx(440, abs=2)
    assert recording.warnings == ()
    assert recording.parts[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_8_khz_mono_and_96_khz_stereo_become_16_khz(tmp_path: Path) -> None:
    for rate, channels in ((8_000, 1), (96_000, 2)):
        path = tmp_path / f"{rate}.wav"
        soundfile.write(path, np.tile(tone(300, 2, rate=rate)[:, None], channels), rate)
        part = open_recording([path]).parts[0]
        assert (part.sample_rate, part.channels) == (rate, channels)
        sound = whole(decode(part))
        assert len(sound) == pytest.approx(2 * SAMPLE_RATE, abs=200)
        assert loudest(sound[4000:28000]) == pytest.approx(300, abs=2)


def test_a_path_with_spaces_and_chinese_characters_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "九月 第二周"
    folder.mkdir()
    path = write_sound(folder / "周复盘 会议录音：一部.flac", tone(440, 2), codec="flac")
    assert open_recording([path]).duration == pytest.approx(2.0)


def test_all_eight_tracks_of_a_recording_are_heard_equally_loud_in_the_mix(tmp_path: Path) -> None:
    """FFmpeg's own mix takes eight tracks for a cinema's loudspeakers and drops the fourth as the bass."""
    pitches = [300, 500, 700, 900, 1100, 1300, 1500, 1700]
    tracks = np.stack([tone(pitch, 2, level=0.8) for pitch in pitches])
    part = open_recording([write_sound(tmp_path / "a.opus", tracks, codec="libopus")]).parts[0]
    assert part.channels == 8
    mixed = np.abs(np.fft.rfft(whole(decode(part))[8000:24000]))
    levels = [mixed[pitch] for pitch in pitches]
    assert max(levels) < 1.5 * min(levels)
    apart = whole(decode_channels(part))
    assert [round(loudest(track[8000:24000])) for track in apart] == pitches


def test_one_voice_among_eight_tracks_stays_as_loud_as_it_was(tmp_path: Path) -> None:
    tracks = np.stack([tone(440, 2)] + [silence(2)] * 7)
    part = open_recording([write_sound(tmp_path / "a.opus", tracks, codec="libopus")]).parts[0]
    assert np.abs(whole(decode(part))[8000:24000]).max() == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize("second", [1.0, 0.0, -1.0], ids=["the same sound", "silent", "wired the wrong way"])
def test_a_stereo_recording_is_heard_as_loud_as_it_is(tmp_path: Path, second: float) -> None:
    channels = np.stack([tone(440, 2), second * tone(440, 2)])
    part = open_recording([write_sound(tmp_path / "a.flac", channels, codec="flac")]).parts[0]
    assert np.abs(whole(decode(part))).max() == pytest.approx(0.3, rel=0.02)


def test_the_audio_tracks_of_a_video_lie_side_by_side_and_the_shorter_ends_in_silence(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp4", tone(400, 12), tone(900, 3), codec="aac")
    part = open_recording([path]).parts[0]
    assert part.channels == 2
    first, second = whole(decode_channels(part))
    assert loudest(first[16000:32000]) == pytest.approx(400, abs=2)
    assert loudest(second[16000:32000]) == pytest.approx(900, abs=2)
    assert np.abs(second[4 * SAMPLE_RATE :]).max() == 0
    assert np.abs(first[4 * SAMPLE_RATE : 11 * SAMPLE_RATE]).max() > 0.2


def test_decoding_yields_ten_seconds_at_a_time(tmp_path: Path) -> None:
    part = open_recording([write_sound(tmp_path / "a.flac", tone(440, 25), codec="flac")]).parts[0]
    assert [len(block) for block in decode(part)] == [160_000, 160_000, 80_000]


# ---------------------------------------------------------------- parts of one meeting


def test_parts_without_a_clock_are_joined_end_to_end_and_the_user_is_told(tmp_path: Path) -> None:
    paths = [write_sound(tmp_path / f"{n}.flac", tone(400 + n, 3 + n), codec="flac") for n in range(3)]
    recording = open_recording(paths)
    assert [part.start for part in recording.parts] == pytest.approx([0.0, 3.0, 7.0])
    assert recording.duration == pytest.approx(12.0)
    assert recording.warnings == ("3 段录音首尾相接：文件没有可用的录制时间，段与段之间的空白未知。",)


def test_parts_with_a_clock_keep_the_gap_between_them(tmp_path: Path) -> None:
    first = write_sound(tmp_path / "1.m4a", tone(400, 5), codec="aac", created="2026-09-08T01:00:00.000000Z")
    second = write_sound(tmp_path / "2.m4a", tone(500, 5), codec="aac", created="2026-09-08T01:01:05.000000Z")
    recording = open_recording([first, second])
    assert [part.start for part in recording.parts] == [0.0, 65.0]
    assert recording.duration == pytest.approx(70.0, abs=0.1)
    assert recording.warnings == ("2 段录音按文件的录制时间排列：第 1 段与第 2 段之间空 60 秒。",)


@pytest.mark.parametrize("second", ["2026-09-08T00:59:00.000000Z", "2026-09-09T01:00:00.000000Z"])
def test_a_clock_that_contradicts_the_order_or_spans_a_day_is_not_trusted(
    tmp_path: Path, second: str
) -> None:
    paths = [
        write_sound(tmp_path / f"{n}.m4a", tone(400 + n, 3), codec="aac", created=created)
        for n, created in enumerate(("2026-09-08T01:00:00.000000Z", second))
    ]
    assert [part.start for part in open_recording(paths).parts] == pytest.approx([0.0, 3.0], abs=0.1)


def test_the_hash_of_a_recording_depends_on_the_order_of_its_parts(tmp_path: Path) -> None:
    a = write_sound(tmp_path / "a.flac", tone(400, 2), codec="flac")
    b = write_sound(tmp_path / "b.flac", tone(500, 2), codec="flac")
    assert open_recording([a, b]).sha256 != open_recording([b, a]).sha256


def test_the_same_part_given_twice_is_refused(tmp_path: Path) -> None:
    a = write_sound(tmp_path / "a.flac", tone(400, 2), codec="flac")
    b = tmp_path / "b.flac"
    b.write_bytes(a.read_bytes())
    with pytest.raises(RecordingError, match=r"a\.flac 与 .*b\.flac 的内容完全相同：.*只能给一次。"):
        open_recording([a, b])


def test_progress_reaches_the_bytes_of_all_parts(tmp_path: Path) -> None:
    paths = [write_sound(tmp_path / f"{n}.flac", tone(400 + n, 1), codec="flac") for n in range(2)]
    seen: list[tuple[str, float, float]] = []
    open_recording(paths, progress=lambda *step: seen.append(step))
    total = sum(path.stat().st_size for path in paths)
    assert seen[-1] == ("probe", total, total)


# ---------------------------------------------------------------- bad input


def refused(path: Path) -> str:
    with pytest.raises(RecordingError) as refusal:
        open_recording([path])
    return str(refusal.value).replace(str(path), "FILE")


def test_no_file_at_all_is_refused() -> None:
    with pytest.raises(RecordingError, match="没有给出录音文件：请至少指定一个文件。"):
        open_recording([])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "没有.m4a") == "找不到录音文件 FILE：请检查路径和文件名。"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == "FILE 是文件夹，不是录音文件：请指定其中的录音文件。"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    path.touch()
    assert refused(path) == "录音文件 FILE 是空的（0 字节）：请重新导出或重新拷贝录音。"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_text_renamed_to_mp3_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(("会议纪要：今天复盘达成情况。\n" * 2000).encode(encoding))
    assert refused(path) == "FILE 的内容是文字，不是录音：请检查是否选错文件或只改了扩展名。"


@pytest.mark.parametrize(
    ("first", "what"),
    [
        (b"\x89PNG\r\n\x1a\n", "图片"),
        (b"\xff\xd8\xff\xe0", "图片"),
        (b"PK\x03\x04", "办公文档或压缩包"),
        (b"\xd0\xcf\x11\xe0", "办公文档"),
        (b"%PDF-1.7\n", "PDF 文件"),
    ],
)
def test_a_picture_or_a_document_renamed_to_mp3_is_refused(tmp_path: Path, first: bytes, what: str) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(first + bytes(5000))
    assert refused(path) == f"FILE 是{what}，不是录音：请检查是否选错文件或只改了扩展名。"


def test_noise_renamed_to_wav_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(np.random.default_rng(1).bytes(100_000))
    assert refused(path).startswith(("打不开录音文件 FILE：", "录音文件 FILE 解不出"))


def test_an_m4a_cut_off_before_its_index_is_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.m4a", tone(440, 30, rate=44_100), codec="aac", rate=44_100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert refused(path) == (
        "打不开录音文件 FILE：内容不是完整的录音（可能被截断、损坏或加密），请重新拷贝或重新导出。"
    )


def test_an_m4a_with_its_index_in_front_and_its_tail_missing_is_refused(tmp_path: Path) -> None:
    path = write_sound(
        tmp_path / "a.m4a",
        tone(440, 30, rate=44_100),
        codec="aac",
        rate=44_100,
        options={"movflags": "faststart"},
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    sentence = refused(path)
    assert sentence.startswith("录音文件 FILE 不完整（应有 30 秒，只剩 1")
    assert sentence.endswith("文件被截断，请重新拷贝或重新导出。")


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp4", codec="aac", picture=True)
    assert refused(path) == "FILE 里没有声音轨道：请改用带声音的录音或录像。"


@pytest.mark.parametrize(
    ("name", "content"),
    {
        "a list of parts": ("list.wav", b"ffconcat version 1.0\n# \xff\xfe\x81\nfile secret.wav\n"),
        "a playlist": (
            "list.m3u8",
            b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n# \xff\xfe\x81\n#EXTINF:9,\nsecret.ts\n#EXT-X-ENDLIST\n",
        ),
    }.values(),
)
def test_a_file_that_names_another_one_to_be_read_in_its_place_is_no_recording(
    tmp_path: Path, name: str, content: bytes
) -> None:
    write_sound(tmp_path / "secret.wav", tone(440, 9), codec="pcm_s16le")
    write_sound(tmp_path / "secret.ts", tone(440, 9), codec="aac")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError, match="打不开录音文件"):
        open_recording([tmp_path / name])


def test_a_recording_that_was_cut_off_but_needs_no_index_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", tone(440, 4), codec="pcm_s16le")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert open_recording([path]).duration == pytest.approx(2.0, abs=0.1)


def test_a_file_damaged_in_the_middle_is_refused_when_it_is_decoded(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 20 * SAMPLE_RATE).astype(np.float32)
    path = write_sound(tmp_path / "a.m4a", noise, codec="aac")
    data = path.read_bytes()
    first, last = len(data) // 4, len(data) * 3 // 4
    path.write_bytes(data[:first] + b"\xff" * (last - first) + data[last:])
    part = open_recording([path]).parts[0]
    with pytest.raises(RecordingError, match=r"a\.m4a 有 [45]\d% 的内容解不出来：文件已损坏，请重新拷贝"):
        whole(decode(part))


def test_a_file_that_goes_away_before_it_is_decoded_is_named(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", tone(440, 2), codec="flac")
    part = open_recording([path]).parts[0]
    path.unlink()
    with pytest.raises(
        RecordingError, match=r"打不开录音文件 .*a\.flac：文件在处理时被移走或改动，请放回原处。"
    ):
        next(decode(part))


def test_a_12_hour_file_is_accepted_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "long.aac"
    path.write_bytes(hours_of_silence(tmp_path, 12))
    recording = open_recording([path])
    assert recording.duration == pytest.approx(12 * 3600, rel=0.001)
    assert recording.warnings == ("录音长 12.0 小时，远超一场会议的长度：仍会处理，但请确认没有选错文件。",)


def test_a_long_pause_of_the_recorder_becomes_silence_piece_by_piece(tmp_path: Path) -> None:
    """An hour as one array would be 115 MB, and as much again for each copy."""
    path = tmp_path / "paused.mka"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        for start in (0, 3600):
            frame = av.AudioFrame.from_ndarray(np.full((1, SAMPLE_RATE), 9_000, np.int16), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start * 1000, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    part = open_recording([path]).parts[0]
    tracemalloc.start()
    loud = [float(np.abs(block).mean()) for block in decode(part)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
    assert len(loud) == 361
    assert [place for place, level in enumerate(loud) if level > 0] == [0, 360]


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """An hour decodes in the memory of a minute: 230 MB of samples would show."""
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from qa_pipeline.recording import decode, open_recording\n"
        "part = open_recording([Path(sys.argv[1])]).parts[0]\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for block in decode(part): pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    grown = []
    for minutes in (1, 60):
        path = tmp_path / f"{minutes}.flac"
        soundfile.write(path, np.tile(tone(440, 60, rate=8_000), minutes), 8_000)
        child = subprocess.run(
            [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
        )
        grown.append(int(child.stdout))
    assert grown[1] - grown[0] < 30_000
