"""Requests that read and then write, side by side, on both databases: each waits for its turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry
from api.sessions import begin_writing
from models.database import transaction

TOGETHER = 4


def _entry(number: int) -> AuditEntry:
    return AuditEntry(at=datetime.now(UTC), actor="a", action="b", object_kind="c", object_code=str(number),
                      detail={}, request_id="r")  # fmt: skip


def test_transactions_that_read_before_they_write_wait_for_each_other(service_engine: Engine) -> None:
    ready = Barrier(TOGETHER)

    def read_then_write(number: int) -> None:
        ready.wait()
        for _ in range(5):
            with transaction(service_engine) as session:
                session.scalar(select(func.count()).select_from(AuditEntry))
                session.add(_entry(number))

    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(read_then_write, range(TOGETHER)))
    with Session(service_engine) as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 5 * TOGETHER


def test_a_reading_session_can_record_something_though_another_wrote_meanwhile(
    service_engine: Engine,
) -> None:
    with Session(service_engine, expire_on_commit=False) as reader:
        reader.scalar(select(func.count()).select_from(AuditEntry))
        with transaction(service_engine) as other:
            other.add(_entry(1))
        begin_writing(reader)
        reader.add(_entry(2))
        reader.flush()
        begin_writing(reader)  # goes on in the same transaction
        reader.add(_entry(3))
        reader.flush()
        reader.rollback()
        begin_writing(reader)
        reader.add(_entry(4))
        reader.commit()
    with Session(service_engine) as session:
        assert session.scalars(select(AuditEntry.object_code)).all() == ["1", "4"]
