"""Uploads in pieces (tus 1.0): resumed where they broke off, checked for their real length."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import av
import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from api.accounts.tables import Role
from api.recordings.resumable import forget_expired
from api.recordings.tables import Upload
from api.settings import Settings
from api.store import open_store
from models.base import SHANGHAI
from models.database import transaction
from models.meetings.repository import MeetingRepository
from models.meetings.slots import SlotRepository
from models.meetings.tables import Recording, SlotName
from qa_pipeline.values.vocabulary import MeetingKind
from tests.api.conftest import SignedIn
from tests.api.recordings.test_upload import hold, wav
from tests.sound import hours_of_silence, tone, write_sound

BACKENDS = ("sqlite",)
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def manager(signed_in: SignedIn, service_engine: Engine) -> TestClient:
    hold(service_engine, "M")
    client = signed_in(Role.MANAGER, institution="350102")
    client.headers.update(TUS)
    return client


def said(**words: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in words.items())


def begin(client: TestClient, length: int, **words: str) -> httpx.Response:
    metadata = said(filename="周会.wav", meeting="M", **words)
    return client.post("/api/v1/uploads", headers={"Upload-Length": str(length), "Upload-Metadata": metadata})


def send(client: TestClient, address: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
    return client.patch(address, content=data, headers={**kind, **headers})


def test_an_upload_in_pieces_becomes_a_recording(
    manager: TestClient, tmp_path: Path, settings: Settings
) -> None:
    sound = wav(tmp_path, 440)
    created = begin(manager, len(sound))
    assert created.status_code == 201, created.text
    address = created.headers["Location"]
    assert send(manager, address, 0, sound[:1000]).headers["Upload-Offset"] == "1000"
    head = manager.head(address)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("1000", str(len(sound)))
    again = send(manager, address, 0, sound[:500])
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert "已收到 1000 字节" in again.json()["detail"]
    assert send(manager, address, 1000, sound[1000:]).status_code == 204
    body = manager.get(address).json()
    assert (body["offset"], body["answer"]["meeting"], body["answer"]["received"]) == (len(sound), "M", [1])
    assert body["answer"]["parts"][0]["sha256"] == hashlib.sha256(sound).hexdigest()
    assert body["answer"]["job"]["state"] == "queued"
    assert manager.get("/api/v1/uploads").json() == []
    assert list((settings.data_folder / "store" / "incoming").iterdir()) == []
    assert manager.head(address).headers["Upload-Offset"] == str(len(sound))
    answer_was_lost = send(manager, address, 1000, sound[1000:])
    assert (answer_was_lost.status_code, answer_was_lost.json()["code"]) == (409, "conflict")
    assert f"已收到 {len(sound)} 字节" in answer_was_lost.json()["detail"]


def test_an_upload_whose_service_died_after_the_last_byte_is_finished_when_asked(
    manager: TestClient, tmp_path: Path, settings: Settings, service_engine: Engine
) -> None:
    sound = wav(tmp_path, 441)
    address = begin(manager, len(sound)).headers["Location"]
    code = address.rsplit("/", 1)[1]
    (settings.data_folder / "store" / "incoming" / f"{code}.part").write_bytes(sound)
    assert manager.head(address).headers["Upload-Offset"] == str(len(sound))
    with Session(service_engine) as session:
        assert session.scalars(select(Recording.size)).all() == [len(sound)]
    # The same once more, from where the file had already moved into the store.
    with transaction(service_engine) as session:
        session.execute(update(Upload).values(answer=None))
    assert manager.get(address).json()["answer"]["received"] == [1]


def test_who_asks_while_an_upload_is_being_finished_waits_for_its_answer(
    manager: TestClient, service_engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    sound = wav(tmp_path, 450)
    address = begin(manager, len(sound)).headers["Location"]
    part = settings.data_folder / "store" / "incoming" / f"{address.rpartition('/')[2]}.part"
    part.write_bytes(sound)  # as if the last byte's own request were just finishing it
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: manager.get(address), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["answer"]["received"] == [1] for answer in answers)
    with Session(service_engine) as session:
        assert len(session.scalars(select(Recording)).all()) == 1


def test_more_bytes_than_announced_and_a_wrong_checksum_are_not_taken(
    manager: TestClient, tmp_path: Path
) -> None:
    address = begin(manager, 1000).headers["Location"]
    more = send(manager, address, 0, b"x" * 1001)
    assert (more.status_code, "声明的 1000 字节" in more.json()["detail"]) == (413, True)
    right = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    wrong = send(manager, address, 0, b"abd", **{"Upload-Checksum": f"sha256 {right}"})
    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum_mismatch")
    assert manager.head(address).headers["Upload-Offset"] == "0"
    assert send(manager, address, 0, b"abc", **{"Upload-Checksum": f"sha256 {right}"}).status_code == 204
    assert send(manager, address, 3, b"d", **{"Upload-Checksum": "crc32 AAAA"}).status_code == 400


def test_text_is_refused_once_it_is_whole_and_forgotten(manager: TestClient) -> None:
    text = "今天开会".encode() * 50
    address = begin(manager, len(text)).headers["Location"]
    answer = send(manager, address, 0, text)
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_error")
    assert "周会.wav 的内容是文字" in answer.json()["detail"]
    assert manager.head(address).status_code == 404


def test_a_recording_longer_than_any_meeting_is_refused_once_it_is_whole_and_forgotten(
    manager: TestClient, tmp_path: Path
) -> None:
    sound = hours_of_silence(tmp_path, 12.5)
    address = begin(manager, len(sound)).headers["Location"]
    answer = send(manager, address, 0, sound)
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_error")
    assert "超过一场会议的上限 12 小时" in answer.json()["detail"]
    assert manager.head(address).status_code == 404


def test_a_part_beyond_the_last_is_refused_once_it_is_whole(manager: TestClient, tmp_path: Path) -> None:
    sound = wav(tmp_path, 440)
    address = begin(manager, len(sound), part="1000").headers["Location"]
    answer = send(manager, address, 0, sound)
    assert (answer.status_code, "段号最大为 999" in answer.json()["detail"]) == (400, True)


def test_a_document_is_refused_after_its_first_piece_and_forgotten(
    manager: TestClient, settings: Settings
) -> None:
    address = begin(manager, 100_000_000).headers["Location"]
    answer = send(manager, address, 0, b"PK\x03\x04" + bytes(10_000))
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_error")
    assert answer.json()["detail"].startswith("周会.wav 是办公文档或压缩包，不是录音：")
    assert manager.head(address).status_code == 404
    assert list((settings.data_folder / "store" / "incoming").iterdir()) == []


def test_what_nobody_went_on_with_for_a_week_is_forgotten(
    manager: TestClient, tmp_path: Path, settings: Settings, service_engine: Engine
) -> None:
    address = begin(manager, 5000).headers["Location"]
    send(manager, address, 0, wav(tmp_path, 440)[:1000])
    store = open_store(settings.store, data_folder=settings.data_folder)
    for days, status in ((6, 200), (8, 404)):
        with transaction(service_engine) as session:
            forget_expired(session, store, now=datetime.now(SHANGHAI) + timedelta(days=days))
        assert manager.head(address).status_code == status
        assert len(list(store.spool.iterdir())) == (status == 200)


def create(client: TestClient, name: str, length: int, **words: str) -> httpx.Response:
    """Without saying of which meeting it is, unless ``words`` do."""
    headers = {"Upload-Length": str(length), "Upload-Metadata": said(filename=name, **words)}
    return client.post("/api/v1/uploads", headers=headers)


def test_what_cannot_be_placed_is_refused_before_a_byte_is_sent_and_leaves_nothing(
    manager: TestClient, settings: Settings
) -> None:
    tomorrow = datetime.now(SHANGHAI) + timedelta(days=1)
    for name, words, why in (
        ("录音001.wav", {}, "“录音001.wav”看不出会议日期：请填写召开日期，例如 2026-09-08。"),
        ("录音001.wav", {"meeting": "N"}, "会议 N 不存在或不在您的管辖范围内：请核对会议编号。"),
        (
            "录音001.m4a",
            {"day": f"{tomorrow:%Y-%m-%d}"},
            f"会议日期 {tomorrow:%Y-%m-%d} 还没有到：请核对召开日期或文件名。",
        ),
        (
            "录音001.m4a",
            {"started_at": tomorrow.isoformat(), "kind": "weekly_review"},
            f"会议的开始时间 {tomorrow:%Y-%m-%d %H:%M} 还没有到：请核对日期和时间。",
        ),
        ("周复盘 20260915.wav", {}, "“周复盘 20260915.wav”看不出会议几点开始：请填写召开日期和开始时间。"),
    ):
        refused = create(manager, name, 10, **words)
        assert (refused.status_code // 100, refused.json()["detail"]) == (4, why)
    assert create(manager, "空.wav", 0, meeting="M").json()["detail"] == (
        "“空.wav”是空的：请核对后重新选择文件。"
    )
    assert manager.get("/api/v1/uploads").json() == []
    assert not list((settings.data_folder / "store").glob("incoming/*"))


def test_a_second_meeting_of_a_slot_is_refused_before_a_byte_is_sent(
    manager: TestClient, service_engine: Engine
) -> None:
    with transaction(service_engine) as session:
        SlotRepository(session).fill_month(date(2026, 6, 1))
        held = datetime(2026, 6, 8, 9, tzinfo=SHANGHAI)
        weekly = MeetingKind.WEEKLY_REVIEW
        MeetingRepository(session).record("W", institution="350102", kind=weekly, started_at=held)
    words = {"started_at": "2026-06-09T09:00:00+08:00", "kind": "weekly_review"}
    refused = create(manager, "录音001.m4a", 10, **words)
    assert (refused.status_code, "已有有效会议 W：一场只计一次" in refused.json()["detail"]) == (409, True)
    assert manager.get("/api/v1/uploads").json() == []


def test_a_file_that_may_say_its_date_itself_keeps_its_bytes_until_somebody_says_it(
    manager: TestClient, tmp_path: Path
) -> None:
    dated = wav(tmp_path, 440, created="2026-09-08T01:00:00Z")
    address = create(manager, "录音1.m4a", len(dated)).headers["Location"]
    assert send(manager, address, 0, dated).status_code == 204
    assert manager.get(address).json()["answer"]["meeting"] == "M"

    silent = write_sound(tmp_path / "s.m4a", tone(445, 2.0), codec="aac").read_bytes()
    address = create(manager, "录音2.m4a", len(silent)).headers["Location"]
    refused = send(manager, address, 0, silent)
    assert refused.json()["detail"] == "“录音2.m4a”看不出会议日期：请填写召开日期，例如 2026-09-08。"
    assert manager.head(address).headers["Upload-Offset"] == str(len(silent))
    whole = len(silent)
    again = send(manager, address, whole, b"", **{"Upload-Metadata": said(day="2099-01-01")})
    assert again.status_code == 400
    assert (
        send(manager, address, whole, b"", **{"Upload-Metadata": said(day="2026-09-08")}).status_code == 204
    )
    answer = manager.get(address).json()["answer"]
    assert (answer["meeting"], answer["received"], answer["new"]) == ("M", [2], True)
    assert manager.get("/api/v1/uploads").json() == []


def test_who_goes_on_and_says_nothing_of_the_meeting_need_not_say_it_again(
    manager: TestClient, service_engine: Engine, tmp_path: Path
) -> None:
    sound = write_sound(tmp_path / "s.m4a", tone(445, 2.0), codec="aac").read_bytes()
    address = create(manager, "录音.m4a", len(sound), meeting="M", inspect="false").headers["Location"]
    assert send(manager, address, 0, sound[:1000]).status_code == 204
    silent = {"Upload-Metadata": said(filename="录音.m4a", inspect="true")}
    assert send(manager, address, 1000, sound[1000:], **silent).status_code == 204
    answer = manager.get(address).json()["answer"]
    assert (answer["meeting"], answer["job"] is None) == ("M", False)

    hold(service_engine, "N", day=15)
    other = write_sound(tmp_path / "t.m4a", tone(455, 2.0), codec="aac").read_bytes()
    address = create(manager, "录音.m4a", len(other), meeting="M").headers["Location"]
    assert send(manager, address, 0, other, **{"Upload-Metadata": said(meeting="N")}).status_code == 204
    assert manager.get(address).json()["answer"]["meeting"] == "N"


def test_the_same_file_sent_again_is_told_from_a_new_one_and_ends_the_tries_before(
    manager: TestClient, tmp_path: Path
) -> None:
    sound = write_sound(tmp_path / "s.m4a", tone(445, 2.0), codec="aac").read_bytes()
    first = create(manager, "录音.m4a", len(sound)).headers["Location"]
    assert send(manager, first, 0, sound).status_code == 400
    assert [one["offset"] for one in manager.get("/api/v1/uploads").json()] == [len(sound)]
    for new in (True, False):
        address = begin(manager, len(sound)).headers["Location"]
        assert send(manager, address, 0, sound).status_code == 204
        assert manager.get(address).json()["answer"]["new"] is new
        assert manager.get("/api/v1/uploads").json() == []


def test_a_recording_being_made_on_a_device_whose_clock_is_fast_begins_now(
    manager: TestClient, service_engine: Engine
) -> None:
    with transaction(service_engine) as session:
        SlotRepository(session).fill_month(date(2026, 10, 1))
        MeetingRepository(session).plan("P", institution="350102", month=date(2026, 10, 1), slot=SlotName.W1)
    fast = datetime.now(SHANGHAI) + timedelta(hours=2)
    words = said(filename="现场.webm", meeting="P", started_at=fast.isoformat())
    headers = {"Upload-Defer-Length": "1", "Upload-Metadata": words}
    assert manager.post("/api/v1/uploads", headers=headers).status_code == 201


def test_wrong_requests_are_refused(manager: TestClient, settings: Settings) -> None:
    assert begin(manager, 0).status_code == 400
    assert begin(manager, settings.upload_limit + 1).status_code == 413
    assert begin(manager, 10, kind="party").status_code == 400
    bad = manager.post("/api/v1/uploads", headers={"Upload-Length": "5", "Upload-Metadata": "filename ?!"})
    assert bad.status_code == 400
    address = begin(manager, 10).headers["Location"]
    assert manager.patch(address, content=b"x", headers={"Upload-Offset": "0"}).status_code == 415
    old = manager.head(address, headers={"Tus-Resumable": "0.2"})
    assert (old.status_code, old.headers["Tus-Version"]) == (412, "1.0.0")


def test_an_upload_is_given_up_and_seen_by_nobody_else(
    manager: TestClient, signed_in: SignedIn, anonymous: TestClient, settings: Settings
) -> None:
    address = begin(manager, 10).headers["Location"]
    assert send(manager, address, 0, b"12345").status_code == 204
    other = signed_in(Role.HEAD_OFFICE)
    assert other.head(address, headers=TUS).status_code == 404
    assert other.get("/api/v1/uploads").json() == []
    mine = manager.get("/api/v1/uploads").json()
    told = [(one["file_name"], one["meeting"], one["live"], one["offset"], one["length"]) for one in mine]
    assert told == [("周会.wav", "M", False, 5, 10)]
    assert anonymous.head(address, headers=TUS).status_code == 401
    assert manager.delete(address).status_code == 204
    assert manager.get("/api/v1/uploads").json() == []
    assert manager.head(address).status_code == 404
    assert list((settings.data_folder / "store" / "incoming").iterdir()) == []


def test_what_the_server_supports_is_told_to_anybody(anonymous: TestClient, settings: Settings) -> None:
    answer = anonymous.options("/api/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Extension"] == "creation,creation-defer-length,expiration,checksum,termination"
    assert answer.headers["Tus-Max-Size"] == str(settings.upload_limit)


def test_a_recording_is_sent_while_it_is_made_and_says_its_length_at_the_end(
    manager: TestClient, tmp_path: Path, service_engine: Engine
) -> None:
    sound = webm(tmp_path, seconds=3)
    headers = {"Upload-Defer-Length": "1", "Upload-Metadata": said(filename="现场.webm", meeting="M")}
    assert manager.post("/api/v1/uploads", headers={**headers, "Upload-Length": "9"}).status_code == 400
    assert manager.post("/api/v1/uploads").status_code == 400
    address = manager.post("/api/v1/uploads", headers=headers).headers["Location"]
    half = len(sound) // 2
    assert send(manager, address, 0, sound[:half]).status_code == 204
    head = manager.head(address).headers
    assert (head["Upload-Offset"], head["Upload-Defer-Length"], "Upload-Length" in head) == (
        str(half), "1", False,
    )  # fmt: skip
    assert send(manager, address, half, b"", **{"Upload-Length": str(half - 1)}).status_code == 409
    last = send(manager, address, half, sound[half:], **{"Upload-Length": str(len(sound))})
    assert last.status_code == 204, last.text

    answer = manager.get(address).json()["answer"]
    assert answer["parts"][0]["duration"] == pytest.approx(3, abs=0.1)
    played = manager.get("/api/v1/meetings/M/recordings/1/audio")
    (tmp_path / "kept.webm").write_bytes(played.content)
    with av.open(str(tmp_path / "kept.webm")) as kept:
        assert kept.duration == pytest.approx(
            3_000_000, abs=100_000
        )  # the header says it: it can be sought in
    with Session(service_engine) as session:
        assert session.scalars(select(Recording.size)).all() == [len(played.content)]


def webm(folder: Path, *, seconds: int) -> bytes:
    """As a browser records it: neither length nor index."""
    file = folder / "live.webm"
    options = {"live": "1", "cluster_time_limit": "1000"}
    with av.open(str(file), "w", format="webm", options=options) as target:
        voice = target.add_stream("libopus", rate=48_000, layout="mono")
        for number in range(seconds * 50):
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            frame.planes[0].update(bytes(1920))
            frame.sample_rate, frame.pts = 48_000, number * 960
            target.mux(voice.encode(frame))
        target.mux(voice.encode(None))
    with av.open(str(file)) as made:
        assert not made.duration
    return file.read_bytes()
