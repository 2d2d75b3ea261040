"""Files of batches as they come in, fetched by the service or sent by a client: one way for both."""

from __future__ import annotations

from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.batches.tables import Batch, BatchFile, FileState
from api.jobs.service import start
from api.jobs.tables import ARCHIVE, Stage
from api.recordings.receiving import safe_name
from models.base import Subtree
from models.meetings.tables import Meeting

LONGEST_REASON: Final = 1000
NAME_ERASED: Final = "文件名中的个人信息已应请求删除，不会再取：要质检请改名后另建批次。"


def taken(session: Session, row: BatchFile, meeting: Meeting, *, size: int, within: Subtree) -> None:
    """The file, of so many bytes in the end, is a part of the meeting's recording now."""
    row.state, row.error, row.meeting_id, row.size = FileState.TAKEN, None, meeting.id, size
    if row.shown is not None:
        rename(session, row, row.shown)
    _start_when_whole(session, row, within)


def refuse(session: Session, row: BatchFile, why: str, *, within: Subtree) -> None:
    """The file cannot be taken; the meeting's other files are inspected without it."""
    session.refresh(row, ["shown"])  # a name may have been erased since the file was asked for
    if row.shown is not None:
        for own, covered in ((row.file, row.shown), (safe_name(row.file), safe_name(row.shown))):
            why = why.replace(own, covered)
        why = f"{why}{NAME_ERASED}"
        rename(session, row, row.shown)
    row.state, row.error = FileState.REFUSED, why[:LONGEST_REASON]
    _start_when_whole(session, row, within)


def rename(session: Session, row: BatchFile, file: str) -> None:
    """Paths are unique within a batch: of two that differed only in a name one gets its key."""
    other = exists().where(BatchFile.batch_id == row.batch_id, BatchFile.file == file, BatchFile.id != row.id)
    row.file = f"{file}~{row.id}" if session.scalar(select(other)) else file


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
