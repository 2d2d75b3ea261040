"""The waveform is computed from the sound as it streams, kept by a job, and served to draw."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, select

from api.accounts.tables import Role
from api.jobs.repository import JobRepository
from api.jobs.stages import key_of
from api.jobs.tables import ArtefactKind, InspectionJob
from api.recordings.waveform import COLUMNS, FULL, columns
from api.settings import Settings
from api.store import open_store, put
from models.database import transaction
from qa_pipeline.recording import open_recording
from tests.api.conftest import SignedIn
from tests.api.recordings.test_upload import hand_in, hold
from tests.sound import silence, tone, write_sound


def pcm(file: Path, samples: np.ndarray) -> Path:
    return write_sound(file, samples, codec="pcm_s16le")


def test_columns_follow_the_loudness_across_parts(tmp_path: Path) -> None:
    files = [
        pcm(tmp_path / "a.wav", np.concatenate([silence(15), tone(300, 15, level=0.1)])),
        pcm(tmp_path / "b.wav", tone(300, 30, level=0.2)),
    ]
    found = np.array(columns(open_recording(files).parts))
    quiet, half, loud = found[: COLUMNS // 4 - 5], found[COLUMNS // 4 + 5 : COLUMNS // 2 - 5], found[-500:]
    assert (quiet.max(), len(found)) == (0, COLUMNS)
    assert half.mean() == pytest.approx(FULL / 2, abs=3)
    assert loud.min() > FULL * 0.9


def test_a_waveform_is_served_once_a_job_kept_it(
    signed_in: SignedIn, service_engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    hold(service_engine, "M")
    client = signed_in(Role.MANAGER, institution="350102")
    answer = hand_in(client, ("a.wav", pcm(tmp_path / "a.wav", tone(440, 2)).read_bytes()), meeting="M")
    assert client.get("/api/v1/meetings/M/waveform").status_code == 404

    drawn = put(open_store(settings.store, data_folder=settings.data_folder), json.dumps([0, 100]).encode())
    with transaction(service_engine) as session:
        job = session.scalars(select(InspectionJob.id)).one()
        JobRepository(session).keep_artefact(
            ArtefactKind.WAVEFORM, key_of(answer.json()["parts"][0]["sha256"]), content_hash=drawn,
            version="1", job_id=job, at=datetime.now(UTC),
        )  # fmt: skip
    assert client.get("/api/v1/meetings/M/waveform").json() == {"duration": 2.0, "columns": [0, 100]}
    assert signed_in(Role.MANAGER, institution="350103").get("/api/v1/meetings/M/waveform").status_code == 404
