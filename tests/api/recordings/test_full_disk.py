"""A disk that fills up while a recording comes: said in words, nothing half-written, and it goes on later."""

from __future__ import annotations

import base64
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from api.accounts.tables import Role
from api.settings import Settings
from tests.api.conftest import SignedIn
from tests.api.recordings.test_upload import hand_in, hold
from tests.sound import tone, write_sound

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = {**TUS, "Content-Type": "application/offset+octet-stream"}
ROOM = 2 * 1024**2
"""More than the database needs here, less than the recording."""


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    return write_sound(tmp_path / "m.wav", tone(440, 90.0), codec="pcm_s16le").read_bytes()


@pytest.fixture
def manager(signed_in: SignedIn, service_engine: Engine) -> TestClient:
    hold(service_engine, "M")
    return signed_in(Role.MANAGER, institution="350102")


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows beyond `ROOM`: the system takes what fits and refuses the rest."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def spool(settings: Settings) -> list[Path]:
    return sorted((settings.data_folder / "store" / "incoming").iterdir())


def test_an_upload_that_does_not_fit_is_refused_in_words_and_leaves_nothing(
    manager: TestClient, settings: Settings, sound: bytes
) -> None:
    with full_disk():
        answer = hand_in(manager, ("周会.wav", sound), meeting="M")
    assert (answer.status_code, answer.json()["code"]) == (507, "output_error")
    assert answer.json()["detail"].startswith("存储空间已满，文件没有收下")
    assert spool(settings) == []
    assert manager.get("/api/v1/meetings/M/recordings").json()["parts"] == []
    assert hand_in(manager, ("周会.wav", sound), meeting="M").status_code == 201


def test_a_resumable_upload_keeps_what_fitted_and_goes_on_from_there(
    manager: TestClient, sound: bytes
) -> None:
    meeting = base64.b64encode(b"M").decode()
    started = {**TUS, "Upload-Length": str(len(sound)), "Upload-Metadata": f"meeting {meeting}"}
    place = manager.post("/api/v1/uploads", headers=started).headers["Location"]
    with full_disk():
        answer = manager.patch(place, content=sound, headers={**CHUNK, "Upload-Offset": "0"})
    assert (answer.status_code, answer.json()["code"]) == (507, "output_error")
    reached = int(manager.head(place, headers=TUS).headers["Upload-Offset"])
    assert 0 < reached <= ROOM
    rest = {**CHUNK, "Upload-Offset": str(reached)}
    assert manager.patch(place, content=sound[reached:], headers=rest).status_code == 204
    (part,) = manager.get("/api/v1/meetings/M/recordings").json()["parts"]
    assert part["size"] == len(sound)


@pytest.mark.parametrize("_original", ["sqlite"], indirect=True)
def test_a_database_without_room_is_said_and_saves_nothing(
    manager: TestClient, service_engine: Engine
) -> None:
    def no_room(connection: Any, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    manager.post("/api/v1/slots/2026-10")
    slot = {"institution": "350102", "month": "2026-10", "slot": "W1"}
    place = f"/api/v1/meetings/{manager.post('/api/v1/meetings', json=slot).json()['code']}"
    begins = {"starts_at": "2099-09-08T09:00:00+08:00"}
    long = {**begins, "topic": "主" * 8000, "goal": "目" * 8000, "flow": "流" * 8000}
    tag = {"If-Match": manager.get(place).headers["ETag"]}
    event.listen(service_engine, "connect", no_room)
    service_engine.dispose()
    answer = manager.put(f"{place}/preparation", json=long, headers=tag)
    assert (answer.status_code, answer.json()["code"]) == (507, "output_error")
    assert answer.json()["detail"].startswith("数据库所在的磁盘已满")
    event.remove(service_engine, "connect", no_room)
    service_engine.dispose()
    assert manager.get(place).json()["topic"] is None
    assert manager.put(f"{place}/preparation", json=long, headers=tag).status_code == 200
