"""Files of batches as they come in, fetched by the service or sent by a client: one way for both."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.batches.tables import Batch, BatchFile, FileState
from api.jobs.service import start
from api.jobs.tables import ARCHIVE, Stage
from models.base import Subtree
from models.meetings.tables import Meeting

LONGEST_REASON: Final = 1000


def taken(session: Session, row: BatchFile, meeting: Meeting, *, within: Subtree) -> None:
    """The file is a part of the meeting's recording now."""
    row.state, row.error, row.meeting_id = FileState.TAKEN, None, meeting.id
    _start_when_whole(session, row, within)


def refuse(session: Session, row: BatchFile, why: str, *, within: Subtree) -> None:
    """The file cannot be taken; the meeting's other files are inspected without it."""
    row.state, row.error = FileState.REFUSED, why[:LONGEST_REASON]
    _start_when_whole(session, row, within)


def _start_when_whole(session: Session, row: BatchFile, within: Subtree) -> None:
    """Ask for the inspection once no file of the meeting waits any more."""
    session.flush()
    group = select(BatchFile.state, BatchFile.meeting_id).where(
        BatchFile.batch_id == row.batch_id, BatchFile.together == row.together
    )
    found = session.execute(group).all()
    meeting = next((meeting_id for _, meeting_id in found if meeting_id is not None), None)
    if meeting is None or any(state == FileState.WAITING for state, _ in found):
        return
    batch = session.get_one(Batch, row.batch_id)
    job = start(
        session,
        meeting=session.get_one(Meeting, meeting).code,
        requested_by=batch.created_by,
        within=within,
        priority=ARCHIVE,
        batch=batch.code,
        paused=batch.paused,
        again_from=Stage.SCORE if batch.again else None,
    )
    job.batch = job.batch or batch.code  # it waited already, asked for by an upload
    session.flush()
