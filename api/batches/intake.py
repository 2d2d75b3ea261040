"""Fetches the files of batches from the archive, one after the other, beside the worker's other duties.

It may be killed at any point: a file counts as taken in the transaction that makes it a part of its meeting's
recording, and content that is in the store already is not kept twice.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from sqlalchemy import Engine, exists, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session, aliased

from api.access import Caller
from api.accounts.repository import reach
from api.accounts.tables import Role
from api.batches.archive import open_archive
from api.batches.arriving import refuse
from api.batches.tables import Batch, BatchFile, FileState
from api.problems import Unavailable
from api.recordings.placing import Placing
from api.recordings.receiving import Arrived, Sound, sounds
from api.recordings.service import accept, keep
from api.sessions import begin_writing
from api.settings import Settings
from api.store import Store
from models.database import writing
from qa_pipeline.errors import HuijianError, OutputError

log = logging.getLogger("huijian.intake")

PAUSE: Final = 2.0
"""Seconds before the next look when nothing waits."""
HEALING: Final = 30.0
"""Seconds before the next attempt when archive, store or database do not answer."""

BROKEN: Final = "处理该文件时服务出错，原因在日志中：请联系管理员，排除后继续该批次，会再取一次。"


class Intake:
    """Of one worker; several workers share the files of a batch."""

    def __init__(self, engine: Engine, store: Store, settings: Settings) -> None:
        self._engine, self._store, self._settings = engine, store, settings
        # SQLite lets one write at a time, so its transaction must not stay open while bytes come; it has one
        # worker only. Elsewhere the row stays locked meanwhile: whoever dies lets go of it.
        self._holds = engine.dialect.name != "sqlite"

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                pause = 0.0 if self.step() else PAUSE
            except (OperationalError, InterfaceError, Unavailable, OutputError) as error:
                log.warning("files of batches wait: %s", type(error).__name__)
                pause = HEALING
            except Exception:
                log.exception("a file of a batch failed")
                pause = HEALING
            stop.wait(pause)

    def step(self) -> bool:
        """Take or refuse one file; False: none waits. Raises what may heal, and then the file waits on."""
        engine = writing(self._engine) if self._holds else self._engine
        with Session(engine, expire_on_commit=False) as session:
            found = self._next(session)
            if found is None:
                return False
            row, batch = found
            within = reach(session, batch.institution_id)
            if not self._holds:
                session.commit()
            try:
                sound = self._fetched(row, batch)
                begin_writing(session)
                with session.begin_nested():
                    said = Placing(batch=batch.code, file=row.file)
                    asker = Caller(
                        actor=batch.created_by, role=Role.HEAD_OFFICE, permissions=frozenset(), within=within
                    )
                    accept(session, None, asker, [sound], said)
            except (OperationalError, InterfaceError, OSError, Unavailable, OutputError):
                raise
            except Exception as error:
                why = str(error) if isinstance(error, HuijianError) else BROKEN
                if why is BROKEN:  # it must not be tried again and again before all others
                    log.exception("file %d of batch %s", row.id, batch.code)
                begin_writing(session)
                refuse(session, row, why, within=within)
            session.commit()
            return True

    def _next(self, session: Session) -> tuple[BatchFile, Batch] | None:
        """The first file that waits; of one meeting's files only the first, so that its parts keep order."""
        earlier = aliased(BatchFile)
        before = exists().where(
            earlier.batch_id == BatchFile.batch_id,
            earlier.together == BatchFile.together,
            earlier.state == FileState.WAITING,
            earlier.id < BatchFile.id,
        )
        query = (
            select(BatchFile, Batch)
            .join(Batch, Batch.id == BatchFile.batch_id)
            .where(BatchFile.state == FileState.WAITING, Batch.folder.is_not(None), ~Batch.paused, ~before)
            .order_by(BatchFile.id)
            .limit(1)
            .with_for_update(of=BatchFile, skip_locked=True)
        )
        found = session.execute(query).one_or_none()
        return None if found is None else (found[0], found[1])

    def _fetched(self, row: BatchFile, batch: Batch) -> Sound:
        archive = open_archive(self._settings.archive_root, batch.folder or "")
        arrived: Arrived = archive.fetch(row.file, self._store, limit=self._settings.upload_limit)
        try:
            (sound,) = sounds([arrived])
            keep(self._store, [arrived])
        finally:
            arrived.file.unlink(missing_ok=True)
        return sound
