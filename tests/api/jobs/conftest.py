"""Meetings with recordings, and workers as real processes that can be killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from api.settings import Settings
from api.store import open_store
from tests.api.jobs.works import Works, can


@pytest.fixture(scope="session")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fast child answers with."""
    folder = tmp_path_factory.mktemp("canned")
    can(folder)
    return folder


@pytest.fixture
def works(service_engine: Engine, tmp_path: Path, canned: Path) -> Iterator[Works]:
    folder = tmp_path / "engine"
    folder.mkdir()
    for name in ("transcript.json", "inspection.json"):
        (folder / name).write_bytes((canned / name).read_bytes())
    settings = Settings(
        data_folder=tmp_path,
        database_url=service_engine.url.render_as_string(hide_password=False),
        model="demo",
    )
    made = Works(service_engine, settings, folder, open_store(settings.store, data_folder=tmp_path))
    made.takes(0)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()
