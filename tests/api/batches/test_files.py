"""Batches of files that are not here yet: fetched from the service's archive, or sent by a client."""

from __future__ import annotations

import base64
import io
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.batches.archive import open_archive
from api.batches.intake import Intake
from api.batches.naming import compiled
from api.jobs.tables import ARCHIVE, InspectionJob, JobState
from api.settings import Settings
from api.store import StoreError, open_store
from models.database import transaction
from models.meetings.tables import Meeting, Recording, Scorecard
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status, Verdict
from tests.api.batches.test_batches import run
from tests.api.conftest import SignedIn
from tests.api.recordings.test_upload import wav
from tests.api.results import good, hold, inspect
from tests.sound import tone, write_sound

BACKENDS = ("sqlite",)
BATCHES = "/api/v1/batches"
TUS = {"Tus-Resumable": "1.0.0"}
NAMES = "{institution}_{date}_{time}*"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_folder=tmp_path / "data", archive_root=str(tmp_path / "archive"))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two parts of a meeting, one of another institution, one broken file, and what is no recording."""
    folder = tmp_path / "archive" / "2026-09"
    (folder / "福州").mkdir(parents=True)
    for number, name in enumerate(
        ("福州/350102_20260908_0900.a.wav", "福州/350102_20260908_0900.b.wav", "350103_20260915_1400.wav")
    ):
        (folder / name).write_bytes(wav(tmp_path, 300 + 100 * number))
    (folder / "350103_20260922_0900.mp3").write_bytes(b"no sound")
    (folder / "说明.txt").write_text("x")
    return folder


@pytest.fixture
def office(signed_in: SignedIn, archive: Path) -> TestClient:
    return signed_in(Role.HEAD_OFFICE)


@pytest.fixture
def intake(service_engine: Engine, settings: Settings) -> Intake:
    return Intake(service_engine, open_store(settings.store, data_folder=settings.data_folder), settings)


def take_all(intake: Intake) -> int:
    taken = 0
    while intake.step():
        taken += 1
    return taken


def files(client: TestClient, code: str) -> dict[str, dict[str, Any]]:
    return {row["file"]: row for row in client.get(f"{BATCHES}/{code}/files").json()["items"]}


def jobs(engine: Engine) -> list[tuple[str, int, str | None, bool]]:
    with Session(engine) as session:
        query = select(Meeting.code, InspectionJob.priority, InspectionJob.batch, InspectionJob.paused)
        rows = session.execute(query.join(Meeting, Meeting.id == InspectionJob.meeting_id))
        return sorted(tuple(row) for row in rows)


def test_a_dry_run_over_the_archive_says_what_belongs_where_and_why_the_rest_does_not(
    office: TestClient, archive: Path, service_engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "secret.wav").write_bytes(b"x")
    (archive / "link.wav").symlink_to(tmp_path / "secret.wav")
    (archive / "out").symlink_to(tmp_path)
    (archive / "无日期.wav").write_bytes(b"x")
    (archive / "350102_20260231_0900.wav").write_bytes(b"x")
    (archive / "999999_20260908_0900.wav").write_bytes(b"x")
    found = run(office, folder="2026-09", pattern=NAMES, month="2026-09", dry_run=True)
    matched = [(row["file"], row["meeting"], row["institution"], row["day"]) for row in found["matched"]]
    assert matched == [
        ("350103_20260915_1400.wav", None, "350103", "2026-09-15"),
        ("350103_20260922_0900.mp3", None, "350103", "2026-09-22"),
        ("福州/350102_20260908_0900.a.wav", None, "350102", "2026-09-08"),
        ("福州/350102_20260908_0900.b.wav", None, "350102", "2026-09-08"),
    ]
    reasons = {row["file"]: row["reason"] for row in found["unmatched"]}
    assert set(reasons) == {
        *("link.wav", "out", "无日期.wav"),
        *("350102_20260231_0900.wav", "999999_20260908_0900.wav"),
    }
    assert "符号链接" in reasons["link.wav"]
    assert "符号链接" in reasons["out"]
    assert "格式" in reasons["无日期.wav"]
    assert "日期不存在" in reasons["350102_20260231_0900.wav"]
    assert "999999" in reasons["999999_20260908_0900.wav"]
    assert run(office, folder="2026-09", pattern=NAMES, month="2026-08", dry_run=True)["matched"] == []
    assert jobs(service_engine) == []
    assert office.get(BATCHES).json()["items"] == []


def test_the_archive_is_taken_in_and_each_meeting_inspected_once_it_is_whole(
    office: TestClient, intake: Intake, service_engine: Engine
) -> None:
    batch = run(office, folder="2026-09", pattern=NAMES)["batch"]
    code = batch["code"]
    assert (batch["files"], batch["progress"]) == ({"waiting": 4, "taken": 0, "refused": 0}, 0.0)
    assert office.post(f"{BATCHES}/{code}/pause").json()["paused"]
    assert not intake.step()
    office.post(f"{BATCHES}/{code}/resume")
    assert [intake.step() for _ in range(3)] == [True] * 3
    assert jobs(service_engine) == [("350103-20260915", ARCHIVE, code, False)]  # the other has parts to come
    office.post(f"{BATCHES}/{code}/pause")
    office.post(f"{BATCHES}/{code}/resume")  # tries the broken file again
    assert take_all(intake) == 2
    assert [job[0] for job in jobs(service_engine)] == ["350102-20260908", "350103-20260915"]
    shown = office.get(f"{BATCHES}/{code}").json()
    assert shown["files"] == {"waiting": 0, "taken": 3, "refused": 1}
    assert (shown["jobs"]["queued"], shown["finished"]) == (2, False)
    told = files(office, code)
    assert told["福州/350102_20260908_0900.b.wav"]["meeting"] == "350102-20260908"
    assert "录音" in told["350103_20260922_0900.mp3"]["error"]
    with Session(service_engine) as session:
        parts = session.scalars(select(Recording.file_name).order_by(Recording.meeting_id, Recording.part))
        assert sorted(parts)[1:] == ["350102_20260908_0900.b.wav", "350103_20260915_1400.wav"]
        uploads = session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "recording.upload"))
        assert uploads.all() == ["head_office-None"] * 3
    book = load_workbook(io.BytesIO(office.get(f"{BATCHES}/{code}/results.xlsx").content))
    missing = [[cell.value for cell in row] for row in book["未完成"].iter_rows(min_row=2)]
    assert any("350103_20260922_0900.mp3" in row for row in missing)
    again = run(office, folder="2026-09", pattern=NAMES)  # the same archive once more makes nothing twice
    assert [row["meeting"] for row in again["matched"]] == [
        "350103-20260915", None, "350102-20260908", "350102-20260908",
    ]  # fmt: skip
    take_all(intake)
    with Session(service_engine) as session:
        assert len(session.scalars(select(Recording)).all()) == 3


def test_a_part_that_was_refused_and_is_mended_is_taken_though_its_meeting_has_a_result(
    office: TestClient, intake: Intake, archive: Path, service_engine: Engine, tmp_path: Path
) -> None:
    mended, sound = archive / "福州" / "350102_20260908_0900.b.wav", wav(tmp_path, 450)
    first = archive / "福州" / "350102_20260908_0900.a.wav"
    mended.write_bytes(b"no sound")
    wanted = {"folder": "2026-09", "pattern": "350102_{date}_{time}*", "institution": "350102"}
    run(office, **wanted)
    assert take_all(intake) == 2
    inspect(service_engine, "350102-20260908", good())

    def taken() -> tuple[list[str], list[str]]:
        """What a new batch takes, and which meetings it passes over."""
        found = run(office, **wanted)
        if found["batch"] is None:
            return [], found["inspected"]
        take_all(intake)
        told = files(office, found["batch"]["code"])
        return [file for file, row in told.items() if row["state"] == "taken"], found["inspected"]

    assert taken() == ([], [])  # tried, and refused again
    mended.write_bytes(sound)
    assert taken() == (["福州/350102_20260908_0900.b.wav"], [])
    with Session(service_engine) as session:
        job = session.scalars(select(InspectionJob).order_by(InspectionJob.id.desc())).first()
        assert job is not None
        assert job.state == JobState.QUEUED  # all of it is inspected again, by itself
    assert taken() == ([], ["350102-20260908"])
    (first.with_name("350102_20260908_0900.c.wav")).write_bytes(wav(tmp_path, 500))  # one that came late
    assert taken()[0] == ["福州/350102_20260908_0900.c.wav"]
    write_sound(first, tone(550, 1.5), codec="pcm_s16le")
    for again in (False, True):  # one more part it must not become
        found = run(office, **wanted, again=again)
        reasons = {row["file"]: row["reason"] for row in found["unmatched"]}
        assert "之后它又改过，服务里仍是原来的" in reasons["福州/350102_20260908_0900.a.wav"]
        take_all(intake)
    with Session(service_engine) as session:
        assert len(session.scalars(select(Recording)).all()) == 3


def test_a_file_in_two_formats_is_taken_once(office: TestClient, archive: Path) -> None:
    (archive / "350103_20260915_1400.flac").write_bytes(b"the same in another format")
    found = run(office, folder="2026-09", pattern=NAMES, dry_run=True)
    reasons = {row["file"]: row["reason"] for row in found["unmatched"]}
    assert "与 350103_20260915_1400.flac 同名而格式不同" in reasons["350103_20260915_1400.wav"]
    manifest = "文件名,机构代码,日期,段号\n350103_20260915_1400.flac,,,1\n350103_20260915_1400.wav,,,2\n"
    found = run(
        office, folder="2026-09", pattern="{institution}_{date}_{time}*", manifest=manifest, dry_run=True
    )
    assert len(found["matched"]) == 2


def test_files_of_a_meeting_that_was_handed_in_otherwise_and_inspected_are_passed_over(
    office: TestClient, archive: Path, service_engine: Engine
) -> None:
    hold(service_engine, "350103-x", institution="350103", day=15)
    inspect(service_engine, "350103-x", good())
    found = run(
        office, folder="2026-09", pattern="350103_{date}_{time}*", institution="350103", month="2026-09"
    )
    assert found["inspected"] == ["350103-x"]


def test_a_file_that_breaks_the_service_does_not_keep_the_others_waiting(
    office: TestClient, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = run(office, folder="2026-09", pattern=NAMES)["batch"]["code"]
    with monkeypatch.context() as broken:
        broken.setattr("api.batches.intake.sounds", lambda _: 1 / 0)
        assert intake.step()
    assert take_all(intake) == 3
    (refused,) = [row for row in files(office, code).values() if "服务出错" in (row["error"] or "")]
    office.post(f"{BATCHES}/{code}/pause")
    office.post(f"{BATCHES}/{code}/resume")
    take_all(intake)
    assert files(office, code)[refused["file"]]["state"] == "taken"


def test_who_sent_nothing_of_an_archives_month_is_seen_to_miss(office: TestClient, archive: Path) -> None:
    (archive / "350103_20260915_1400.wav").unlink()
    (archive / "350103_20260922_0900.mp3").unlink()
    for dry_run, seen in ((True, []), (False, ["350102", "350103"])):
        run(office, folder="2026-09", pattern=NAMES, dry_run=dry_run)
        table = office.get("/api/v1/compliance/2026-09").json()["items"]
        assert [row["institution"] for row in table] == seen
    assert {cell["state"] for cell in table[1]["slots"]} == {"missing"}


def test_a_manifest_says_what_names_do_not_and_inspected_meetings_are_left_out(
    office: TestClient, archive: Path, service_engine: Engine, tmp_path: Path
) -> None:
    (archive / "台江.wav").write_bytes(wav(tmp_path, 700))
    (archive / "鼓楼.wav").write_bytes(wav(tmp_path, 800))
    hold(service_engine, "M1", institution="350102", day=8)
    with transaction(service_engine) as session:
        meeting = session.scalars(select(Meeting)).one()
        session.add(
            Scorecard(
                meeting_id=meeting.id, version=1, is_current=True, made_at=datetime.now(UTC), rubric="r",
                result={}, verdict=Verdict.QUALIFIED, on_time=Status.PASS, on_roster=Status.PASS,
                on_quality=Status.PASS,
            )
        )  # fmt: skip
    manifest = (
        "文件名,机构代码,日期,开始时间,类别\n台江.wav,机构350103,2026/9/15,9:30,周复盘会\n"
        "鼓楼.wav,350102,2026-09-08,,周复盘会\n没有.wav,,,,\n鼓楼.wav,,,,\n"
    )
    found = run(office, folder="2026-09", manifest=manifest, dry_run=True)
    assert [(row["file"], row["meeting"]) for row in found["matched"]] == [
        ("台江.wav", None),
        ("鼓楼.wav", "M1"),
    ]
    assert found["inspected"] == ["M1"]
    reasons = {(row["line"], row["file"]): row["reason"] for row in found["unmatched"]}
    assert "没有这个文件" in reasons[4, "没有.wav"]
    assert "第 3 行" in reasons[5, "鼓楼.wav"]
    assert "清单没有列出" in reasons[None, "350103_20260915_1400.wav"]
    started = run(office, folder="2026-09", manifest=manifest)["batch"]
    assert started["files"]["waiting"] == 1
    wrong = office.post(BATCHES, json={"name": "x", "manifest": "文件名,类别\na.wav,晨会\n", "folder": ""})
    assert (wrong.status_code, "类别“晨会”" in wrong.json()["detail"]) == (400, True)


@pytest.mark.parametrize("folder", ["..", "2026-09/../..", "/etc", "没有", "2026-09/out", "out"])
def test_nothing_outside_the_archive_is_reached(
    office: TestClient, archive: Path, tmp_path: Path, folder: str
) -> None:
    for place in (archive, archive.parent):
        (place / "out").symlink_to(tmp_path)
    answer = office.post(BATCHES, json={"name": "x", "folder": folder, "dry_run": True})
    assert (answer.status_code, answer.json()["code"]) == (400, "input_error")


def test_a_file_that_goes_while_the_archive_is_looked_through_is_none(archive: Path) -> None:
    found = open_archive(str(archive.parent), archive.name).files()
    first = next(found)
    (archive / "350103_20260922_0900.mp3").unlink()
    assert [one.file for one in (first, *found)] == [
        "350103_20260915_1400.wav",
        "福州/350102_20260908_0900.a.wav",
        "福州/350102_20260908_0900.b.wav",
    ]


def test_a_file_that_became_a_link_after_the_dry_run_is_refused(
    office: TestClient, archive: Path, intake: Intake, tmp_path: Path
) -> None:
    batch = run(office, folder="2026-09", pattern="{institution}_{date}_{time}.wav")["batch"]
    (tmp_path / "elsewhere.wav").write_bytes(wav(tmp_path, 999))
    (archive / "350103_20260915_1400.wav").unlink()
    (archive / "350103_20260915_1400.wav").symlink_to(tmp_path / "elsewhere.wav")
    assert take_all(intake) == 1
    (row,) = files(office, batch["code"]).values()
    assert (row["state"], "符号链接" in row["error"]) == ("refused", True)


def test_while_the_archive_is_gone_files_wait(
    office: TestClient, archive: Path, intake: Intake, tmp_path: Path
) -> None:
    code = run(office, folder="2026-09", pattern=NAMES)["batch"]["code"]
    (tmp_path / "archive").rename(tmp_path / "away")
    with pytest.raises(StoreError, match="归档根目录"):
        intake.step()
    stop = threading.Event()
    keeper = threading.Thread(target=intake.run, args=(stop,))
    keeper.start()
    stop.set()
    keeper.join(30)
    assert not keeper.is_alive()
    assert office.get(f"{BATCHES}/{code}").json()["files"]["waiting"] == 4


def test_a_client_offers_files_and_sends_them_in_pieces(
    office: TestClient, service_engine: Engine, tmp_path: Path
) -> None:
    sound = wav(tmp_path, 500)
    offered = [
        {"file": "福州/周复盘会.wav", "size": len(sound), "created": "2026-09-08T01:00:00Z"},
        {"file": "坏.wav", "size": 5, "created": "2026-09-15T01:00:00Z"},
        {"file": "不知何时.wav", "size": 5},
    ]
    lines = (
        "文件名,机构代码,日期,类别",
        "福州/周复盘会.wav,350102,,",
        "坏.wav,350102,,周复盘会",
        "不知何时.wav,350102,,",
    )
    manifest = "\n".join(lines)
    found = run(office, files=offered, manifest=manifest)
    assert [row["day"] for row in found["matched"]] == ["2026-09-15", "2026-09-08"]
    assert "看不出会议日期" in found["unmatched"][0]["reason"]
    code = found["batch"]["code"]

    def send(file: str, content: bytes) -> int:
        words = {"filename": file.rpartition("/")[2], "batch": code, "file": file}
        coded = ",".join(f"{key} {base64.b64encode(word.encode()).decode()}" for key, word in words.items())
        head = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": coded}
        created = office.post("/api/v1/uploads", headers=head)
        if created.status_code != 201:
            return created.status_code
        head = {
            "Tus-Resumable": "1.0.0",
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": "0",
        }
        return office.patch(created.headers["Location"], headers=head, content=content).status_code

    assert send("没有.wav", b"12345") == 404
    assert send("福州/周复盘会.wav", sound) == 204
    assert send("坏.wav", b"12345") == 422
    assert jobs(service_engine) == [("350102-20260908", ARCHIVE, code, False)]
    shown = office.get(f"{BATCHES}/{code}").json()
    assert (shown["files"], shown["jobs"]["queued"]) == ({"waiting": 0, "taken": 1, "refused": 1}, 1)


def test_the_archive_is_for_those_who_see_the_whole_company(
    signed_in: SignedIn, office: TestClient, service_engine: Engine
) -> None:
    below = signed_in(Role.HEAD_OFFICE, institution="3501")
    answer = below.post(BATCHES, json={"name": "x", "folder": "2026-09", "dry_run": True})
    assert answer.status_code == 403
    both = office.post(BATCHES, json={"name": "x", "folder": "", "files": [{"file": "a.wav", "size": 1}]})
    assert both.status_code == 400
    code = run(office, folder="2026-09", pattern=NAMES)["batch"]["code"]
    assert below.get(f"{BATCHES}/{code}/files").status_code == 404
    other = [{"file": "a.wav", "size": 1}]
    manifest = "文件名,机构代码,日期,开始时间\na.wav,350103,2026-09-08,9:00\n"
    seen = run(
        signed_in(Role.HEAD_OFFICE, institution="350102"), files=other, manifest=manifest, dry_run=True
    )
    assert (seen["matched"], seen["batch"]) == ([], None)
    assert "350103" in seen["unmatched"][0]["reason"]


def test_patterns_name_their_fields_once_and_take_no_time_to_refuse() -> None:
    told = compiled("*{institution}-{date}-*段{part}.m4a").read("a/350102-2026年9月8日-周会段2.m4a")
    assert told is not None
    assert (told.institution, str(told.day), told.part) == ("350102", "2026-09-08", 2)
    assert compiled("a/*.m4a").read("b/x.m4a") is None
    assert compiled("*a" * 90 + "b").read("a" * 250) is None
    for wrong in ("{date}{date}", "{month}", "{}"):
        with pytest.raises(InputError):
            compiled(wrong)
