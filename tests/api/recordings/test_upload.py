"""Recordings handed in whole: checked by content, joined to their meeting, never taken twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.app import create_app
from api.recordings.placing import _start, _without, days_in
from api.recordings.service import forget_answers
from api.settings import Settings
from models.base import SHANGHAI
from models.database import transaction
from models.meetings.repository import MeetingRepository
from models.meetings.slots import SlotRepository
from models.meetings.tables import Meeting, MeetingSlot, MeetingState, SlotName
from qa_pipeline.values.vocabulary import MeetingKind
from tests.api.conftest import SignedIn
from tests.sound import hours_of_silence, tone, write_sound

BACKENDS = ("sqlite",)
START = "2026-09-08T09:00:00+08:00"
TOGETHER = 4


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    return wav(tmp_path, 440)


def wav(folder: Path, hertz: float, *, created: str | None = None) -> bytes:
    name = "m.m4a" if created else "m.wav"
    codec = "aac" if created else "pcm_s16le"
    return write_sound(folder / name, tone(hertz, 2.0), codec=codec, created=created).read_bytes()


@pytest.fixture
def manager(signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="350102")


def hand_in(client: TestClient, *files: tuple[str, bytes], **query: str | int | bool) -> httpx.Response:
    return client.post(
        "/api/v1/recordings",
        params=query,
        files=[("file", (name, content, "application/octet-stream")) for name, content in files],
    )


def hold(engine: Engine, code: str, *, institution: str = "350102", day: int = 8) -> None:
    with transaction(engine) as session:
        MeetingRepository(session).record(
            code, institution=institution, kind=MeetingKind.WEEKLY_REVIEW,
            started_at=datetime(2026, 9, day, 9, tzinfo=SHANGHAI),
        )  # fmt: skip


def test_a_recording_becomes_a_part_and_a_job(
    manager: TestClient, service_engine: Engine, sound: bytes
) -> None:
    hold(service_engine, "M")
    answer = hand_in(manager, ("周会.wav", sound), meeting="M")
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["meeting"], body["received"], body["missing"]) == ("M", [1], [])
    assert [(p["part"], p["file_name"], p["size"]) for p in body["parts"]] == [(1, "周会.wav", len(sound))]
    assert body["parts"][0]["duration"] == pytest.approx(2.0)
    job = manager.get(f"/api/v1/jobs/{body['job']['code']}").json()
    assert (job["meeting"], job["state"], job["requested_by"]) == ("M", "queued", "manager-350102")
    assert manager.get("/api/v1/meetings/M/recordings").json()["parts"] == body["parts"]


def test_the_same_file_again_is_the_same_part_and_the_same_job(
    manager: TestClient, service_engine: Engine, sound: bytes
) -> None:
    hold(service_engine, "M")
    first = hand_in(manager, ("a.wav", sound), meeting="M")
    again = hand_in(manager, ("b.wav", sound), meeting="M")
    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["new"], again.json()) == (True, first.json() | {"new": False})


def test_an_idempotency_key_gives_the_same_answer_and_is_refused_for_something_else(
    manager: TestClient, service_engine: Engine, sound: bytes, tmp_path: Path
) -> None:
    hold(service_engine, "M")
    manager.headers["Idempotency-Key"] = "upload-0001"
    first = hand_in(manager, ("a.wav", sound), meeting="M")
    assert hand_in(manager, ("a.wav", sound), meeting="M").json() == first.json()
    other = hand_in(manager, ("a.wav", wav(tmp_path, 500)), meeting="M")
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    with transaction(service_engine) as session:
        forget_answers(session, now=datetime.now(SHANGHAI) + timedelta(days=29))
    assert hand_in(manager, ("a.wav", wav(tmp_path, 500)), meeting="M").status_code == 409
    with transaction(service_engine) as session:
        forget_answers(session, now=datetime.now(SHANGHAI) + timedelta(days=31))
    assert hand_in(manager, ("a.wav", wav(tmp_path, 500)), meeting="M").status_code == 201


@pytest.mark.parametrize("_original", ["sqlite", "postgresql"], indirect=True, scope="session")
def test_an_upload_sent_again_before_it_was_answered_is_taken_once_and_answered_alike(
    manager: TestClient, service_engine: Engine, sound: bytes
) -> None:
    hold(service_engine, "M")
    manager.headers["Idempotency-Key"] = "upload-0001"
    with ThreadPoolExecutor(TOGETHER) as pool:
        sent = [pool.submit(hand_in, manager, ("a.wav", sound), meeting="M") for _ in range(TOGETHER)]
    answers = [one.result() for one in sent]
    assert sorted(answer.status_code for answer in answers) == [200] * (TOGETHER - 1) + [201]
    assert all(answer.json() == answers[0].json() for answer in answers)


def test_several_parts_keep_their_order_and_gaps_are_shown(
    manager: TestClient, service_engine: Engine, tmp_path: Path
) -> None:
    hold(service_engine, "M")
    parts = [(f"{n}.wav", wav(tmp_path, 300 + n)) for n in range(3)]
    body = hand_in(manager, *parts[:2], meeting="M", inspect=False).json()
    assert (body["received"], body["job"]) == ([1, 2], None)
    body = hand_in(manager, parts[2], meeting="M", part=4).json()
    assert (body["received"], body["missing"]) == ([4], [3])
    taken = hand_in(manager, ("x.wav", wav(tmp_path, 900)), meeting="M", part=4)
    assert taken.status_code == 409
    assert "已有第 4 段" in taken.json()["detail"]


def test_the_same_sound_in_another_meeting_is_taken_and_seen_k4(
    manager: TestClient, service_engine: Engine, sound: bytes
) -> None:
    hold(service_engine, "M")
    hold(service_engine, "N", day=15)
    hand_in(manager, ("a.wav", sound), meeting="M")
    body = hand_in(manager, ("a.wav", sound), meeting="N").json()
    assert body["parts"][0]["duplicates"] == [{"meeting": "M", "part": 1}]


def test_text_renamed_to_mp3_is_refused_in_words_and_nothing_stays(
    manager: TestClient, service_engine: Engine, settings: Settings
) -> None:
    hold(service_engine, "M")
    answer = hand_in(manager, ("会议.mp3", "今天开会".encode() * 100), meeting="M")
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_error")
    assert answer.json()["detail"].startswith("会议.mp3 的内容是文字，不是录音")
    assert list((settings.data_folder / "store" / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    "form", ["{:%Y-%m-%d}", "{:%Y%m%d}", "{:%Y_%m_%d}", "{:%Y.%m.%d}", "{:%Y年%-m月%-d日}", "{:%Y-%-m-%-d}"]
)
def test_every_day_of_the_year_is_told_by_a_file_name(form: str) -> None:
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [days_in(f"清河支公司_{form.format(day)}_0900.m4a") for day in year] == [{day} for day in year]


@pytest.mark.parametrize("name", ["清河_2026-11.m4a", "清河_2026年12月.m4a", "清河_2026.m4a"])
def test_a_month_alone_is_no_day(name: str) -> None:
    assert days_in(name) == set()


@pytest.mark.parametrize("query", [{"part": 999}, {}])
def test_a_part_beyond_the_last_that_can_be_asked_for_is_refused(
    manager: TestClient, service_engine: Engine, tmp_path: Path, query: dict[str, int]
) -> None:
    hold(service_engine, "M")
    if not query:
        assert hand_in(manager, ("a.wav", wav(tmp_path, 300)), meeting="M", part=999).status_code == 201
    files = [(f"{hertz}.wav", wav(tmp_path, hertz)) for hertz in (440, 550)]
    answer = hand_in(manager, *files, meeting="M", **query)
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith("是第 1000 段，段号最大为 999：请核对段号。")
    parts = manager.get("/api/v1/meetings/M/recordings").json()["parts"]
    assert [part["part"] for part in parts] == ([] if query else [999])
    assert manager.get("/api/v1/meetings/M/recordings/999/audio").status_code == (404 if query else 200)


def test_a_recording_longer_than_any_meeting_is_refused_in_words_and_nothing_stays(
    manager: TestClient, service_engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    hold(service_engine, "M")
    answer = hand_in(manager, ("周会.aac", hours_of_silence(tmp_path, 12.5)), meeting="M")
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_error")
    assert answer.json()["detail"].startswith("周会.aac 长 12.5 小时，超过一场会议的上限 12 小时：")
    assert list((settings.data_folder / "store" / "incoming").iterdir()) == []
    assert manager.get("/api/v1/meetings/M/recordings").json()["parts"] == []


def test_a_file_above_the_limit_is_refused_while_it_comes(
    service_engine: Engine, settings: Settings, signed_in: SignedIn, sound: bytes
) -> None:
    hold(service_engine, "M")
    manager = signed_in(Role.MANAGER, institution="350102")
    small = settings.model_copy(update={"upload_limit": 1000})
    asker = TestClient(create_app(small, engine=service_engine), headers=manager.headers)
    asker.cookies.update(manager.cookies)
    answer = hand_in(asker, ("a.wav", sound), meeting="M")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert list((settings.data_folder / "store" / "incoming").iterdir()) == []


def test_a_body_that_is_no_form_or_breaks_off_is_refused(manager: TestClient, service_engine: Engine) -> None:
    hold(service_engine, "M")
    for content, kind in (
        (b"abc", "audio/mpeg"),
        (b"--x\r\nContent-Disp", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data; boundary=x"),
    ):
        answer = manager.post("/api/v1/recordings?meeting=M", content=content, headers={"Content-Type": kind})
        assert answer.status_code == 400, answer.text


def test_only_who_may_upload_does_and_only_for_their_own_meetings(
    signed_in: SignedIn, anonymous: TestClient, service_engine: Engine, sound: bytes
) -> None:
    hold(service_engine, "OTHER", institution="350103")
    assert hand_in(anonymous, ("a.wav", sound), meeting="OTHER").status_code == 401
    manager = signed_in(Role.MANAGER, institution="350102")
    assert hand_in(manager, ("a.wav", sound), meeting="OTHER").status_code == 404
    assert hand_in(manager, ("a.wav", sound), institution="350103", started_at=START).status_code == 404
    assert manager.get("/api/v1/meetings/OTHER/recordings").status_code == 404
    assert manager.get("/api/v1/meetings/OTHER/recordings/1/audio").status_code == 404


# ---------------------------------------------------------------- which meeting


def test_without_a_meeting_the_slot_is_filled_from_institution_date_and_name(
    manager: TestClient, service_engine: Engine, sound: bytes
) -> None:
    body = hand_in(manager, ("周复盘会 2026-09-08 09:05.wav", sound)).json()
    assert body["meeting"] == "350102-20260908"
    with Session(service_engine) as session:
        meeting = session.scalars(select(Meeting)).one()
        assert (meeting.kind, meeting.state) == (MeetingKind.WEEKLY_REVIEW, MeetingState.HELD)
        assert meeting.started_at == datetime(2026, 9, 8, 9, 5, tzinfo=SHANGHAI)
        assert meeting.slot_id is not None
    again = hand_in(manager, ("20260908.wav", sound))
    assert (again.status_code, again.json()["meeting"]) == (200, "350102-20260908")


def test_r03_a_review_moved_before_its_month_fills_that_months_slot(
    manager: TestClient, service_engine: Engine, sound: bytes
) -> None:
    hand_in(manager, ("周复盘会 2025-09-30 09:05.wav", sound))
    hand_in(manager, ("月规划会 2025-10-01 09:05.wav", sound))
    with Session(service_engine) as session:
        query = select(Meeting.kind, MeetingSlot.month, MeetingSlot.name)
        filled = session.execute(query.join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)).all()
    assert sorted(map(tuple, filled)) == [
        (MeetingKind.MONTHLY_PLANNING, date(2025, 9, 1), SlotName.MP),
        (MeetingKind.WEEKLY_REVIEW, date(2025, 10, 1), SlotName.W1),
    ]


def test_the_recorders_clock_tells_date_and_time(
    manager: TestClient, service_engine: Engine, tmp_path: Path
) -> None:
    body = hand_in(manager, ("新录音 3.m4a", wav(tmp_path, 440, created="2026-09-08T01:30:00Z"))).json()
    assert body["meeting"] == "350102-20260908"
    with Session(service_engine) as session:
        assert session.scalars(select(Meeting.started_at)).one() == datetime(
            2026, 9, 8, 9, 30, tzinfo=SHANGHAI
        )


def test_a_planned_meeting_becomes_the_one_that_was_held(
    manager: TestClient, service_engine: Engine, sound: bytes
) -> None:
    with transaction(service_engine) as session:
        SlotRepository(session).fill_month(datetime(2026, 9, 1).date())
        meetings = MeetingRepository(session)
        meetings.plan("P", institution="350102", month=datetime(2026, 9, 1).date(), slot=SlotName.W1)
    assert hand_in(manager, ("a.wav", sound), meeting="P").status_code == 400
    assert hand_in(manager, ("a.wav", sound), meeting="P", started_at=START).json()["meeting"] == "P"


def test_what_has_not_come_yet_is_refused_and_a_plan_that_lies_ahead_is_not_when_it_was(
    manager: TestClient, service_engine: Engine, sound: bytes, tmp_path: Path
) -> None:
    with transaction(service_engine) as session:
        meetings = MeetingRepository(session)
        SlotRepository(session).fill_month(date(2026, 9, 1))
        meetings.plan("P", institution="350102", month=date(2026, 9, 1), slot=SlotName.W1)
        meetings.prepare("P", at=datetime.now(SHANGHAI), starts_at=datetime(2100, 1, 8, 9, tzinfo=SHANGHAI))
    tomorrow = datetime.now(SHANGHAI).date() + timedelta(days=1)
    for query, why in (
        ({"meeting": "P"}, "“P”看不出会议几点开始：请填写召开日期和开始时间。"),
        (
            {"started_at": "2100-01-08T01:00:00Z", "kind": "weekly_review"},
            "会议的开始时间 2100-01-08 09:00 还没有到：请核对日期和时间。",
        ),
        ({"day": f"{tomorrow}"}, f"会议日期 {tomorrow} 还没有到：请核对召开日期或文件名。"),
    ):
        refused = hand_in(manager, ("a.wav", sound), **query)
        assert (refused.status_code, refused.json()["code"]) == (400, "input_error")
        assert refused.json()["detail"] == why
    held = hand_in(manager, ("a.m4a", wav(tmp_path, 440, created="2026-09-08T01:00:00Z")), meeting="P")
    assert held.status_code == 201, held.text
    assert manager.get("/api/v1/meetings/P").json()["started_at"] == START


def test_what_is_not_unique_is_asked_for_by_name(signed_in: SignedIn, sound: bytes) -> None:
    office = signed_in(Role.HEAD_OFFICE)
    for name, query, wanted in (
        ("周会20260908.wav", {}, "请填写机构，"),
        ("机构350102.wav", {}, "请填写召开日期"),
        ("机构350102 20260908与20260915.wav", {}, "不止一个日期：请填写召开日期"),
        ("机构350102 20260918.wav", {"started_at": "2026-09-18T09:00:00+08:00"}, "请选择会议类别"),
        ("机构350102 周复盘 20260908.wav", {}, "请填写召开日期和开始时间"),
    ):
        answer = hand_in(office, (name, sound), **query)
        assert answer.status_code == 400, answer.text
        assert wanted in answer.json()["detail"]
    answer = hand_in(office, ("机构350102 周复盘 20260908 09点00.wav", sound))
    assert answer.json()["meeting"] == "350102-20260908"


def test_day_and_time_are_read_as_recorders_name_their_files() -> None:
    for name, begin in (
        ("清河_20260908_0930.m4a", time(9, 30)),
        ("清河_20260908_093005_2.m4a", time(9, 30)),
        ("Recording 2026-09-08 09.30.05.m4a", time(9, 30)),
        ("2026年9月8日 09时30分05.m4a", time(9, 30)),
        ("20260908_0930 10:15.m4a", None),
        ("20260908_2.m4a", None),
        ("20260908_9999.m4a", None),
        ("20260908.m4a", None),
        ("9-8周复盘会.m4a", None),
        ("清河 09-08 周复盘会.m4a", None),
        ("清河 09-08 周复盘会 14-30.m4a", time(14, 30)),
        ("2026-09-08 09-08 周复盘会.m4a", time(9, 8)),
        ("清河 09-30.m4a", time(9, 30)),
    ):
        start = _start(None, date(2026, 9, 8), name, None)
        assert (start.time() if start else None) == begin, name
    for name, day in (
        ("录音 2026-11-28 10-30.m4a", date(2026, 11, 28)),
        ("2026.12.08.m4a", date(2026, 12, 8)),
        ("2026年11月8日.m4a", date(2026, 11, 8)),
        ("2026_10_15.m4a", date(2026, 10, 15)),
        ("2026-1-28.m4a", date(2026, 1, 28)),
        ("20261222.m4a", date(2026, 12, 22)),
    ):
        assert days_in(name) == {day}, name
    assert days_in("2026-11-99.m4a") == set()
    late = _start(None, date(2026, 11, 28), "录音 2026-11-28 10-30.m4a", None)
    assert late == datetime(2026, 11, 28, 10, 30, tzinfo=SHANGHAI)
    assert "110102" not in _without("20260908_110102.m4a", "110102")  # an institution's code is no time


# ---------------------------------------------------------------- playing


def test_a_part_is_played_in_ranges_and_each_listener_is_noted_once(
    manager: TestClient, service_engine: Engine, sound: bytes
) -> None:
    hold(service_engine, "M")
    hand_in(manager, ("周会.wav", sound), meeting="M")
    address = "/api/v1/meetings/M/recordings/1/audio"
    whole = manager.get(address)
    assert (whole.status_code, whole.content) == (200, sound)
    assert whole.headers["content-type"] in ("audio/x-wav", "audio/wav")
    assert "filename*=UTF-8''%E5%91%A8" in whole.headers["content-disposition"]
    for wanted, content in (("bytes=4-9", sound[4:10]), ("bytes=-5", sound[-5:]), ("bytes=10-", sound[10:])):
        part = manager.get(address, headers={"Range": wanted})
        assert (part.status_code, part.content) == (206, content)
    assert part.headers["content-range"] == f"bytes 10-{len(sound) - 1}/{len(sound)}"
    assert manager.get(address, headers={"Range": f"bytes={len(sound)}-"}).status_code == 416
    assert manager.get(address, headers={"Range": f"bytes={'9' * 5000}-"}).content == sound
    assert manager.get("/api/v1/meetings/M/recordings/2/audio").status_code == 404
    with Session(service_engine) as session:
        plays = session.scalars(select(AuditEntry).where(AuditEntry.action == "recording.play")).all()
        assert [(entry.actor, entry.object_code) for entry in plays] == [("manager-350102", "M#1")]
