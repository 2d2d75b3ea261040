"""Contents of the store that no row refers to: left where a process was killed, or a recording refused, after
the file had moved in and before its row was written. They go once nobody can be at it any more."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.accounts.tables import AuditEntry
from api.jobs.tables import Artefact, InspectionJob
from api.recordings.tables import Upload
from api.retention.service import RETENTION
from api.store import Store
from models.database import transaction
from models.meetings.tables import Recording

log = logging.getLogger("huijian.retention")

STRAY: Final = timedelta(days=3)
"""So long after it was kept a content without a row is nobody's."""
FEW: Final = 20
MOST_SHARE: Final = 0.1
"""More strays than a few and this share of all contents are no accidents: a database that was put back to an
earlier day, or another one, knows nothing of recordings that are somebody's. Then nothing is removed."""

REFERRING: Final[Sequence[InstrumentedAttribute[str] | InstrumentedAttribute[str | None]]] = (
    Recording.content_hash,
    Artefact.content_hash,
    InspectionJob.transcript,
    InspectionJob.rubric,
    Upload.sha256,
)


def tidy(engine: Engine, store: Store, *, now: datetime) -> int:
    """Remove old contents of no row, each noted in the audit trail; returns how many. Raises StoreError."""
    with Session(engine) as session:
        known = {sha256 for column in REFERRING for sha256 in session.scalars(select(column).distinct())}
    everything = list(store.contents())
    strays = sorted(sha256 for sha256, at in everything if sha256 not in known and now - at > STRAY)
    if len(strays) > max(FEW, MOST_SHARE * len(everything)):
        log.error(
            "%d of %d contents of the store have no row: is this its database? Nothing was removed",
            len(strays),
            len(everything),
        )
        return 0
    gone = 0
    for sha256 in strays:
        with transaction(engine) as session:
            if _referred_to(session, sha256):
                continue
            session.add(
                AuditEntry(
                    at=now, actor=RETENTION, action="content.tidy", object_kind="content",
                    object_code=sha256, detail={"size": store.size(sha256)}, request_id=RETENTION,
                )
            )  # fmt: skip
            store.remove(sha256)
        gone += 1
    if gone:
        log.warning("removed %d contents of the store that no row referred to", gone)
    return gone


def _referred_to(session: Session, sha256: str) -> bool:
    return any(session.scalar(select(column).where(column == sha256).limit(1)) for column in REFERRING)
