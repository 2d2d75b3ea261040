"""Who is alive: names of workers, and how another learns that one has died."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from api.jobs.locks import AdvisoryLease, FileLease, Lease, lease_for
from qa_pipeline.errors import InputError


def seen_dead(lease: Lease, worker: str) -> bool:
    """The server gives up the locks of a closed connection when it gets round to it."""
    end = time.monotonic() + 60
    while not (dead := lease.is_dead(worker)) and time.monotonic() < end:
        time.sleep(0.02)
    return dead


@pytest.mark.parametrize("_original", ["sqlite"], indirect=True)
def test_there_is_one_worker_on_sqlite(service_engine: Engine, tmp_path: Path) -> None:
    first = lease_for(service_engine, tmp_path)
    assert isinstance(first, FileLease)
    assert (first.name, first.hold(), first.is_dead("embedded")) == ("embedded", True, False)
    with pytest.raises(InputError, match="SQLite 只能有一个"):
        lease_for(service_engine, tmp_path)
    first.end()
    assert not first.hold()
    lease_for(service_engine, tmp_path).end()


@pytest.mark.parametrize("_original", ["postgresql"], indirect=True)
def test_workers_on_postgresql_have_names_of_their_own_and_see_who_died(
    service_engine: Engine, tmp_path: Path
) -> None:
    first, second = (lease_for(service_engine, tmp_path) for _ in range(2))
    assert isinstance(first, AdvisoryLease)
    assert first.name.endswith("-1")
    assert second.name.endswith("-2")
    assert second.hold()
    assert not second.is_dead(first.name)
    first.end()
    assert seen_dead(second, first.name)
    meanwhile = lease_for(service_engine, tmp_path)
    assert meanwhile.name.endswith("-3")  # the dead one's name is held off while its jobs are taken over
    second.release(first.name)
    again = lease_for(service_engine, tmp_path)
    assert again.name == first.name
    for lease in (second, meanwhile, again):
        lease.end()


@pytest.mark.parametrize("_original", ["postgresql"], indirect=True)
def test_a_lost_connection_is_made_again_unless_somebody_took_the_name(
    service_engine: Engine, tmp_path: Path
) -> None:
    first, second = (lease_for(service_engine, tmp_path) for _ in range(2))
    cut = text("SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory'")

    def cut_off() -> None:
        with service_engine.connect() as connection:
            connection.execute(cut)

    cut_off()
    assert first.hold()
    assert second.hold()
    cut_off()
    assert second.hold()
    assert seen_dead(second, first.name)
    assert not first.hold()
    for lease in (first, second):
        lease.end()


@pytest.mark.parametrize("_original", ["postgresql"], indirect=True)
def test_a_lease_outlives_a_server_that_stays_away(
    service_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(lease: AdvisoryLease) -> None:
        raise OperationalError("connect", None, ConnectionError())

    lease = lease_for(service_engine, tmp_path)
    with service_engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory'")
        )
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(AdvisoryLease, "_connect", away)
        for _ in range(3):
            with pytest.raises(OperationalError):
                lease.hold()
    assert lease.hold()
    lease.end()
